"""Spreads: which members of an object are catalogue fields, and what becomes of members nobody knows.

A spread is the outer part of a registry's mapping (shapes are the inner one): it reads an object into
catalogue fields, in full or for two versions side by side. It never drops a member: what is not in the
mapping becomes a field `other.<registry path>`, in a comparison form of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from monitor.core.leaves import Reading, ShapeError, Stranger
from monitor.core.record import Fields, Json, Opaque, Value, is_same, json_form
from monitor.core.shape import Shape, apart_below, below, put_apart, strangers_below


@dataclass(frozen=True, slots=True)
class Bound:
    """A member that is a catalogue field; with `under`, one named part of a field that several feed."""

    field: str
    shape: Shape
    under: str | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """An object whose members are fields, or objects of fields; None marks a member read by nobody."""

    members: Mapping[str, Bound | Spread | None]
    shares: bool = field(init=False)
    """Does it feed a field that other members feed, too? Such a field is never left out of a part."""

    def __post_init__(self) -> None:
        shares = any(
            where.shares if isinstance(where, Spread) else where is not None and where.under is not None
            for where in self.members.values()
        )
        object.__setattr__(self, "shares", shares)

    def read(self, raw: Json, notes: Reading) -> dict[str, Value]:
        """The catalogue fields in it."""
        found: dict[str, Value] = {}
        if raw is None:
            return found
        if not isinstance(raw, dict):
            raise ShapeError("an object", raw)
        for name, member in raw.items():
            if name not in self.members:
                notes.strange = True
            elif member is not None:
                self._read_member(name, member, notes, found)
        return found

    def read_apart(self, old: Json, new: Json, notes: Reading) -> tuple[dict[str, Value], dict[str, Value]]:
        """The fields of both, without those that are raw-equal."""
        if not isinstance(old, dict) or not isinstance(new, dict):
            return self.read(old, notes), self.read(new, notes)
        before: dict[str, Value] = {}
        after: dict[str, Value] = {}
        for name in {**old, **new}:
            was, now = old.get(name), new.get(name)
            where = self.members.get(name)
            if isinstance(where, Spread):
                if where.shares or not is_same(was, now):
                    inner = _spread_below(where, name, was, now, notes)
                    _merge(before, inner[0])
                    _merge(after, inner[1])
            elif where is not None and where.under is not None:
                self._read_member(name, was, notes, before)
                self._read_member(name, now, notes, after)
            elif where is not None and not is_same(was, now):
                pair = apart_below(where.shape, name, was, now, notes)
                put_apart(where.field, pair, before, after)
            elif name not in self.members and not is_same(was, now):
                notes.strange = True
        return before, after

    def strangers(self, raw: Json) -> Iterator[Stranger]:
        """The members nobody knows, however deep."""
        if not isinstance(raw, dict):
            return
        for name, member in raw.items():
            where = self.members.get(name)
            if name not in self.members:
                yield (name,), (), member
            elif isinstance(where, Spread):
                for path, items, stranger in where.strangers(member):
                    yield (name, *path), items, stranger
            elif where is not None and member is not None:
                yield from strangers_below(where.shape, name, member)

    def bounds(self) -> Iterator[tuple[tuple[str, ...], Bound]]:
        """Every member that is a field, with its path."""
        for name, where in self.members.items():
            if isinstance(where, Bound):
                yield (name,), where
            elif where is not None:
                for path, bound in where.bounds():
                    yield (name, *path), bound

    def _read_member(self, name: str, member: Json, notes: Reading, found: dict[str, Value]) -> None:
        where = self.members[name]
        if where is None or member is None:
            return
        if isinstance(where, Spread):
            try:
                _merge(found, where.read(member, notes))
            except ShapeError as error:
                raise error.under(name) from None
            return
        value = below(where.shape, name, member, notes)
        if value is None:
            return
        if where.under is None:
            found[where.field] = value
        elif isinstance(value, Mapping):
            _merge(found, {where.field: {where.under: value}})


def others(strangers: Iterator[Stranger], prefix: str) -> dict[str, Value]:
    """Members nobody knows as fields `other.<registry path>`; those inside list items by item key."""
    found: dict[str, Json] = {}
    for path, items, stranger in strangers:
        value = _settled(stranger)
        if value is None:
            continue
        name = ".".join(("other", *filter(None, (prefix,)), *path))
        if not items:
            found[name] = value
            continue
        node = found.setdefault(name, {})
        for item in items[:-1]:
            assert isinstance(node, dict)
            node = node.setdefault(item, {})
        assert isinstance(node, dict)
        node[items[-1]] = value
    return {name: Opaque(value) for name, value in found.items()}


def _settled(raw: Json) -> Json:
    """JSON of unknown meaning in comparison form: null, false and empty are absent, lists have no order."""
    match raw:
        case None | False:
            return None
        case dict():
            members: Json = {
                name: value for name, item in raw.items() if (value := _settled(item)) is not None
            }
            return members or None
        case list():
            items = [value for item in raw if (value := _settled(item)) is not None]
            return sorted(items, key=json_form) or None
        case str():
            return " ".join(raw.split()) or None
        case _:
            return raw


def _merge(into: dict[str, Value], fields: Fields) -> None:
    for name, value in fields.items():
        present = into.get(name)
        if isinstance(present, Mapping) and isinstance(value, Mapping):
            into[name] = {**present, **value}
        else:
            into[name] = value


def _spread_below(
    spread: Spread, name: str, old: Json, new: Json, notes: Reading
) -> tuple[dict[str, Value], dict[str, Value]]:
    try:
        return spread.read_apart(old, new, notes)
    except ShapeError as error:
        raise error.under(name) from None
