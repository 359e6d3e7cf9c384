"""Shapes: how JSON is read into values, in full or, for two versions side by side, only where it differs.

A registry's mapping is made of shapes: leaves, groups of named parts, keyed lists, and `Spread`, which says
which member feeds which catalogue field. A shape is total over what a record may hold: null and empty are
absent, and members nobody knows are kept (`strangers`). It raises `ShapeError` on a member of the wrong type.

Reading apart obeys one law: what it leaves in, it leaves in with the keys and parts that a full reading
gives, so that the diff of what is left equals the diff of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Protocol, TypeVar

import orjson

from monitor.core.catalogue import Identity, identity_key
from monitor.core.leaves import Reading, ShapeError, Single, Stranger
from monitor.core.record import Items, Json, Tree, Value, as_tree, is_same, is_written_alike, numbered

T = TypeVar("T")


class Shape(Protocol):
    """What every shape can do. `raw` is never None; a result of None means absent."""

    def read(self, raw: Json, notes: Reading) -> Value | None:
        """The value."""

    def read_apart(self, old: Json, new: Json, notes: Reading) -> tuple[Value | None, Value | None]:
        """Both values, where what is raw-equal in both may be left out."""

    def strangers(self, raw: Json) -> Iterator[Stranger]:
        """The members nobody knows, however deep."""


@dataclass(frozen=True, slots=True)
class Group:
    """An object of named parts, read into a tree under the registry's own names."""

    parts: Mapping[str, Shape]
    keep: tuple[str, ...] = ()
    """Parts that reading apart never leaves out: those a key is made of."""
    _bare: Mapping[str, Callable[[Json], Value | None]] = field(init=False)
    """How the parts are read that leave nothing to note: most of them, so that they go the short way."""

    def __post_init__(self) -> None:
        singles = {name: part for name, part in self.parts.items() if isinstance(part, Single)}
        bare = {name: single.convert for name, single in singles.items() if not single.members}
        object.__setattr__(self, "_bare", bare)

    def read(self, raw: Json, notes: Reading) -> Tree | None:
        if not isinstance(raw, dict):
            raise ShapeError("an object", raw)
        tree: dict[str, Value] = {}
        name, bare = "", self._bare
        try:
            for name, member in raw.items():
                if member is None and name in self.parts:
                    continue
                convert = bare.get(name)
                if convert is not None:
                    value = convert(member)
                elif name in self.parts:
                    value = self.parts[name].read(member, notes)
                else:
                    notes.strange = True
                    continue
                if value is not None:
                    tree[name] = value
        except ShapeError as error:
            raise error.under(name) from None
        return as_tree(tree)

    def read_apart(self, old: Json, new: Json, notes: Reading) -> tuple[Tree | None, Tree | None]:
        if not isinstance(old, dict) or not isinstance(new, dict):
            return self.read(old, notes), self.read(new, notes)
        before: dict[str, Value] = {}
        after: dict[str, Value] = {}
        keep, bare = self.keep, self._bare
        for name in {**old, **new}:
            was, now = old.get(name), new.get(name)
            if is_same(was, now):
                if name not in keep:
                    continue
                if name in bare:  # leaves are values: one reading serves both sides
                    self._put_kept(name, was, before, after)
                    continue
            part = self.parts.get(name)
            if part is None:
                notes.strange = True
                continue
            put_apart(name, apart_below(part, name, was, now, notes), before, after)
        if before and after:
            return before, after
        whole = self.read(old, notes), self.read(new, notes)
        return whole if None in whole else (before, after)

    def _put_kept(self, name: str, raw: Json, before: dict[str, Value], after: dict[str, Value]) -> None:
        if raw is None:
            return
        try:
            value = self._bare[name](raw)
        except ShapeError as error:
            raise error.under(name) from None
        if value is not None:
            before[name] = after[name] = value

    def strangers(self, raw: Json) -> Iterator[Stranger]:
        assert isinstance(raw, dict)
        for name, member in raw.items():
            part = self.parts.get(name)
            if part is None:
                yield (name,), (), member
            elif member is not None:
                yield from strangers_below(part, name, member)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A bare value as an item: `"Asthma"` reads as the tree `{"name": Asthma}`."""

    name: str
    leaf: Single

    def read(self, raw: Json, notes: Reading) -> Tree | None:
        value = self.leaf.read(raw, notes)
        return None if value is None else as_tree({self.name: value})

    def read_apart(self, old: Json, new: Json, notes: Reading) -> tuple[Tree | None, Tree | None]:
        return self.read(old, notes), self.read(new, notes)

    def strangers(self, raw: Json) -> Iterator[Stranger]:
        return self.leaf.strangers(raw)


@dataclass(frozen=True, eq=False)
class Listed:
    """A list whose items are found by identity, read into a mapping by key; order never matters."""

    item: Group | Wrapped
    identity: Identity
    whole: bool = False
    """Is the list a field of its own? Such a field is absent when it has no items left."""
    parting: tuple[str, ...] = ()
    """Parts of an item in which a difference may part two items of one key: those are read in full."""

    @cached_property
    def key_parts(self) -> tuple[str, ...]:
        """The parts of an item that its key is made of."""
        return tuple(name for alternatives in self.identity for name in alternatives)

    @cached_property
    def key_forms(self) -> tuple[tuple[Callable[[str], str], ...], ...]:
        """How each of them enters the key, short of reading it; alternatives together."""
        assert isinstance(self.item, Group)
        parts = self.item.parts
        return tuple(
            tuple(part.form for name in alternatives if isinstance(part := parts[name], Single))
            for alternatives in self.identity
        )

    def natural_key(self, item: Tree) -> str:
        """The identity of an item once read."""
        return identity_key(self.identity, item)

    def read(self, raw: Json, notes: Reading) -> Items | None:
        trees = [
            tree
            for index, member in enumerate(_list(raw))
            if (tree := self._read_item(index, member, notes)) is not None
        ]
        return Items.of(trees, self.natural_key) if trees else None

    def read_apart(self, old: Json, new: Json, notes: Reading) -> tuple[Value | None, Value | None]:
        olds, news = self.keyed(old), self.keyed(new)
        before: dict[str, Tree] = {}
        after: dict[str, Tree] = {}
        equal: list[tuple[str, tuple[int, Json], tuple[int, Json]]] = []
        for key in {**olds, **news}:
            was, now = olds.get(key, ()), news.get(key, ())
            if key and len(was) == len(now) == 1:
                if was[0][1] == now[0][1]:
                    equal.append((key, was[0], now[0]))
                else:
                    put_apart(key, self._pair_apart(was[0], now[0], notes), before, after)
            elif not (was and now) or _bag(was) != _bag(now):
                before.update(self.numbered(was, olds, key, notes))
                after.update(self.numbered(now, news, key, notes))
        for key, one, other in _written_otherwise(equal):
            put_apart(key, self._pair_apart(one, other, notes), before, after)
        if not self.whole and not (before and after):
            full = self.read(old, notes), self.read(new, notes)
            if None in full:
                return full
        return self._items(before), self._items(after)

    def strangers(self, raw: Json) -> Iterator[Stranger]:
        strange: dict[str, list[list[Stranger]]] = {}
        for member, key in zip(_list(raw), self._raw_keys(_list(raw)), strict=True):
            found = list(self.item.strangers(member))
            if found:
                strange.setdefault(key, []).append(found)
        for key, groups in strange.items():
            for number, found in enumerate(sorted(groups, key=_sorted_bytes), start=1):
                place = f"{key}#{number}" if number > 1 or not key else key
                yield from ((path, (place, *items), stranger) for path, items, stranger in found)

    def _read_item(self, index: int, member: Json, notes: Reading) -> Tree | None:
        try:
            return self.item.read(member, notes)
        except ShapeError as error:
            raise error.under(index) from None

    def _pair_apart(
        self, was: tuple[int, Json], now: tuple[int, Json], notes: Reading
    ) -> tuple[Tree | None, Tree | None]:
        if not self._may_part(was[1], now[1]):
            try:
                return self.item.read_apart(was[1], now[1], notes)
            except ShapeError:
                pass  # raised again in full, with the place in the list
        return self._read_item(*was, notes), self._read_item(*now, notes)

    def _may_part(self, was: Json, now: Json) -> bool:
        if not isinstance(was, dict) or not isinstance(now, dict):
            return False
        return any(was.get(name) != now.get(name) for name in self.parting)

    def keyed(self, raw: Json) -> Mapping[str, Sequence[tuple[int, Json]]]:
        """The items by natural key, unread, each with its place in the list."""
        members = _list(raw)
        keys = self._raw_keys(members)
        singles = dict(zip(keys, zip(enumerate(members)), strict=True))
        if len(singles) == len(keys):
            return singles
        found: dict[str, list[tuple[int, Json]]] = {}
        for key, place in zip(keys, enumerate(members), strict=True):
            found.setdefault(key, []).append(place)
        return found

    def numbered(
        self,
        members: Sequence[tuple[int, Json]],
        everything: Container[str],
        key: str,
        notes: Reading,
    ) -> dict[str, Tree]:
        """Those of one natural key, read in full and numbered as they are among `everything`."""
        if key and len(members) == 1:
            only = self._read_item(*members[0], notes)
            return {} if only is None else {key: only}
        trees = [tree for place in members if (tree := self._read_item(*place, notes)) is not None]
        return numbered({key: trees}, taken=everything) if trees else {}

    def _items(self, keyed: Mapping[str, Tree]) -> Items:
        return Items(keyed, self.natural_key)

    def _raw_keys(self, members: Sequence[Json]) -> list[str]:
        """The natural keys without reading the items: most of them will not be read."""
        if isinstance(self.item, Wrapped):
            leaf = self.item.leaf
            return [leaf.form(member) if isinstance(member, str) else "" for member in members]
        parts = self.key_parts
        keys: list[str] = []
        for member in members:
            try:
                keys.append(_raw_key(self, tuple(map(member.get, parts))) if isinstance(member, dict) else "")
            except TypeError:  # a part is a list or an object: wrong, and not ours to say
                keys.append("")
        return keys


@lru_cache(maxsize=16384)
def _raw_key(listed: Listed, raws: tuple[Json, ...]) -> str:
    """The key made of these parts, for both versions of a list and every one that asks later."""
    told = iter(raws)
    parts = []
    for forms in listed.key_forms:
        texts = [form(raw) if isinstance(raw, str) else "" for form, raw in zip(forms, told, strict=False)]
        parts.append(texts[0] if len(texts) == 1 else next(filter(None, texts), ""))
    return "|".join(parts)


def below(shape: Shape, name: str, raw: Json, notes: Reading) -> Value | None:
    """The value of a member; what is wrong below it is pointed at through its name."""
    try:
        return shape.read(raw, notes)
    except ShapeError as error:
        raise error.under(name) from None


def apart_below(
    shape: Shape, name: str, old: Json, new: Json, notes: Reading
) -> tuple[Value | None, Value | None]:
    """Both values of a member, read apart where it is there on both sides."""
    try:
        if old is not None and new is not None:
            return shape.read_apart(old, new, notes)
        return (
            None if old is None else shape.read(old, notes),
            None if new is None else shape.read(new, notes),
        )
    except ShapeError as error:
        raise error.under(name) from None


def strangers_below(shape: Shape, name: str, raw: Json) -> Iterator[Stranger]:
    """The strangers in a member, by their path from here."""
    for path, items, stranger in shape.strangers(raw):
        yield (name, *path), items, stranger


def put_apart(name: str, pair: tuple[T | None, T | None], before: dict[str, T], after: dict[str, T]) -> None:
    """Put each side of a pair where it belongs, if it is there at all."""
    old, new = pair
    if old is not None:
        before[name] = old
    if new is not None:
        after[name] = new


def _list(raw: Json) -> Sequence[Json]:
    if not isinstance(raw, list):
        raise ShapeError("an array", raw)
    return raw


def _written_otherwise(
    equal: Sequence[tuple[str, tuple[int, Json], tuple[int, Json]]],
) -> Iterator[tuple[str, tuple[int, Json], tuple[int, Json]]]:
    """Of items that Python takes for equal those that are not the same JSON: all at once, as most are."""
    if not is_written_alike([was[1] for _, was, _ in equal], [now[1] for _, _, now in equal]):
        yield from (pair for pair in equal if not is_written_alike(pair[1][1], pair[2][1]))


def _bag(members: Sequence[tuple[int, Json]]) -> list[bytes]:
    return sorted(_sorted_bytes(member) for _, member in members)


def _sorted_bytes(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
