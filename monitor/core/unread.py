"""Collections whose items are read one by one and part by part, only when asked for.

The rules ask a long list for a few of its items, and of those for a name and a place: to read the rest would
take longer than the diff did. Keys and parts are those of a full reading (`shape.Listed.read`); nothing that
is not asked for is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TypeAlias, TypeVar, overload

from monitor.core.lazy import lazy
from monitor.core.leaves import Reading, ShapeError
from monitor.core.record import Collection, Items, Json, JsonObject, Tree, Value
from monitor.core.shape import Group, Listed, below

T = TypeVar("T")

Refusal: TypeAlias = Callable[[ShapeError], Exception]
"""What is raised for a member of the wrong type, given the complaint as seen from the list."""


class UnreadItem(Mapping[str, "Value"]):
    """One item of a list; a part is read when it is asked for, and kept where it is a list itself."""

    __slots__ = ("_group", "_index", "_lists", "_raw", "_refusal")

    def __init__(self, group: Group, index: int, raw: JsonObject, refusal: Refusal) -> None:
        self._group, self._index, self._raw, self._refusal = group, index, raw, refusal
        self._lists: dict[str, Value] | None = None

    @overload
    def get(self, key: str, /) -> Value | None: ...
    @overload
    def get(self, key: str, default: Value, /) -> Value: ...
    @overload
    def get(self, key: str, default: T, /) -> Value | T: ...
    def get(self, key: str, default: Value | T | None = None, /) -> Value | T | None:
        """The part, or the default where the item has none."""
        if self._lists is not None and key in self._lists:
            return self._lists[key]
        member, part = self._raw.get(key), self._group.parts.get(key)
        if member is None or part is None:
            return default
        try:
            value = below(part, key, member, Reading())
        except ShapeError as error:
            raise self._refusal(error.under(self._index)) from error
        if type(value) is Items:  # an outcome measure's results are asked for by every number in them
            self._lists = {**(self._lists or {}), key: value}
        return default if value is None else value

    def __getitem__(self, key: str) -> Value:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._raw if self.get(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class UnreadItems(Collection):
    """A list by its keys. Only items that share a key, or have none, are read to tell them apart."""

    def __init__(self, listed: Listed, group: Group, raw: list[Json], refusal: Refusal) -> None:
        self._listed, self._group, self._raw, self._refusal = listed, group, raw, refusal

    @lazy
    def _items(self) -> dict[str, Tree | tuple[int, JsonObject]]:
        """By key; as it stands in the list where it need not be read to be keyed."""
        found: dict[str, Tree | tuple[int, JsonObject]] = {}
        try:
            keyed = self._listed.keyed(self._raw)
            for key, members in keyed.items():
                index, member = members[0]
                if len(members) == 1 and key.strip("|") and isinstance(member, dict):
                    found[key] = index, member
                else:
                    found.update(self._listed.numbered(members, keyed, key, Reading()))
        except ShapeError as error:
            raise self._refusal(error) from error
        return found

    def __getitem__(self, key: str) -> Tree:
        found = self._items[key]
        if isinstance(found, tuple):
            found = self._items[key] = self._item(*found)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __bool__(self) -> bool:
        return any(self._told()) or bool(self._items)

    def __len__(self) -> int:
        """Counted without keys, unless some may be empty and none at all."""
        if all(self._told()):
            return len(self._raw)
        return len(self._items)

    def combinations(self, *parts: str) -> Iterable[tuple[Value | None, ...]]:
        """See `Collection`; what is the same in many items is read once."""
        found: dict[tuple[Json, ...], tuple[int, JsonObject]] = {}
        with suppress(TypeError):  # raised for a part that is a list or an object
            for index, member in enumerate(self._raw):
                if isinstance(member, dict) and (told := tuple(map(member.get, parts))) not in found:
                    found[told] = index, member
            return (tuple(map(self._item(*place).get, parts)) for place in found.values())
        return super().combinations(*parts)

    def _item(self, index: int, member: JsonObject) -> Tree:
        return UnreadItem(self._group, index, member, self._refusal)

    def _told(self) -> Iterator[bool]:
        """Of each item: is something said for certain in the first part of its key?"""
        part = self._listed.key_parts[0]
        for member in self._raw:
            first = member.get(part) if isinstance(member, dict) else None
            yield isinstance(first, str) and first[:1].isalnum()
