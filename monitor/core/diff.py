"""Two records → deltas, and back: `diff`, `apply`, `invert` (contract section 3, "Equality").

    diff(a, a) == ()
    apply(a.fields, diff(a, b)) == b.fields
    apply(b.fields, invert(diff(a, b))) == a.fields

What is raw-equal is never normalized; what normalizes to the same is no change. The diff says what differs,
never what it means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from monitor.core.catalogue import collection, field, position
from monitor.core.change import Delta, Op
from monitor.core.diff_other import json_differences, json_with
from monitor.core.pairing import Pairing, Place, pair, pair_inside
from monitor.core.record import Fields, Items, Opaque, Section, Tree, TrialRecord, Value, as_tree, is_same


def diff(before: TrialRecord | None, after: TrialRecord | None) -> tuple[Delta, ...]:
    """Every difference, in the catalogue's order; None is a record without fields.

    One delta for each field that came, went or changed; one for each item of a collection that came, went or
    moved to another list; one for each part that differs inside an item or a tree.
    """
    if before is None or after is None:
        found = diff_fields(before.fields if before else {}, after.fields if after else {})
        return tuple(map(_as_whole, found))
    return diff_fields(*_apart(before.sections, after.sections))


def diff_fields(before: Fields, after: Fields) -> tuple[Delta, ...]:
    """The same over fields already read."""
    found: dict[str, list[Delta]] = {}
    families: dict[str, tuple[dict[str, Items], dict[str, Items]]] = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if type(old) is Items or type(new) is Items:
            olds, news = families.setdefault(field(name).family or name, ({}, {}))
            if type(old) is Items:
                olds[name] = old
            if type(new) is Items:
                news[name] = new
        else:
            found[name] = [_delta(name, difference) for difference in _differences(old, new)]
    for olds, news in families.values():
        for delta in _item_deltas(olds, news, pair(olds, news)):
            found.setdefault(delta.field, []).append(delta)
    return tuple(delta for name in sorted(found, key=position) for delta in found[name])


def _as_whole(delta: Delta) -> Delta:
    """Against nothing, a flag that is set comes or goes like any other field."""
    if delta.old is False and delta.new is True:
        return replace(delta, op="added", old=None)
    if delta.old is True and delta.new is False:
        return replace(delta, op="removed", new=None)
    return delta


def _apart(before: Mapping[str, Section], after: Mapping[str, Section]) -> tuple[Fields, Fields]:
    """The fields of both that may differ: sections, fields and items that are raw-equal are left out."""
    olds: dict[str, Value] = {}
    news: dict[str, Value] = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old is None or new is None or old.read is not new.read:
            olds.update(old.fields if old else {})
            news.update(new.fields if new else {})
        elif is_same(old.raw, new.raw):
            continue
        elif old.read_apart is None:
            olds.update(old.fields)
            news.update(new.fields)
        else:
            was, now = old.read_apart(old.raw, new.raw)
            olds.update(was)
            news.update(now)
    return olds, news


def _item_deltas(olds: Mapping[str, Items], news: Mapping[str, Items], pairing: Pairing) -> Iterator[Delta]:
    """By key within each list, so that the order of the registry's list does not show."""
    for name in sorted({*olds, *news}, key=position):
        told: list[Delta] = []
        for old, new in pairing.pairs:
            if new.field == name:
                told += _pair_deltas(old, new, olds[old.field][old.key], news[name][new.key])
        told += [
            Delta(name, "added", None, news[name][place.key], place.key)
            for place in pairing.added
            if place.field == name
        ]
        told += [
            Delta(name, "removed", olds[name][place.key], None, place.key)
            for place in pairing.removed
            if place.field == name
        ]
        yield from sorted(told, key=lambda delta: delta.key or "")


def _pair_deltas(old: Place, new: Place, was: Tree, now: Tree) -> Iterator[Delta]:
    from_key = old.key if old.key != new.key else None
    if old.field != new.field:
        yield Delta(new.field, "moved", was, now, new.key, (), from_key, old.field)
    for difference in _differences(was, now):
        yield _delta(new.field, difference, new.key, from_key, now)


def _delta(
    name: str,
    difference: _Difference,
    key: str | None = None,
    from_key: str | None = None,
    item: Tree | None = None,
) -> Delta:
    """Of a flag, false is absent: it changes, it is not added."""
    at, was_at, old, new = difference
    if old is None and new is True:
        old = False
    elif old is True and new is None:
        new = False
    op: Op = "added" if old is None else "removed" if new is None else "changed"
    return Delta(name, op, old, new, key, at, from_key, None, None if was_at == at else was_at, item)


_WITH_PARTS: frozenset[type] = frozenset({dict, Items, Opaque})
"""Looked up by type, here and below: of an abstract class, as `Items` is by descent, `isinstance` is slow."""
_NAMED_PARTS = (dict, Items)

_Path: TypeAlias = "tuple[str, ...]"
_Difference: TypeAlias = "tuple[_Path, _Path, Value | None, Value | None]"
"""The path now and before, the value before and now."""


def _differences(
    old: Value | None, new: Value | None, at: _Path = (), was_at: _Path = ()
) -> Iterator[_Difference]:
    """The innermost named parts that differ."""
    if type(old) is type(new) and type(old) not in _WITH_PARTS:
        if old != new:
            yield at, was_at, old, new
    elif type(old) is Items and type(new) is Items:
        yield from _nested_differences(old, new, at, was_at)
    elif isinstance(old, _NAMED_PARTS) and isinstance(new, _NAMED_PARTS):
        for name in sorted({*old, *new}):
            before, after = old.get(name), new.get(name)
            if before is after:
                continue
            path = (*at, name)
            was_path = path if was_at is at else (*was_at, name)
            if type(before) in _WITH_PARTS and type(after) in _WITH_PARTS:
                yield from _differences(before, after, path, was_path)
            elif before != after or type(before) is not type(after):
                yield path, was_path, before, after
    elif isinstance(old, Opaque) and isinstance(new, Opaque):
        for inside, was, now in json_differences(old.json, new.json) if old != new else ():
            path = (*at, *inside)
            yield path, path, None if was is None else Opaque(was), None if now is None else Opaque(now)
    elif old != new or type(old) is not type(new):
        yield at, was_at, old, new


def _nested_differences(old: Items, new: Items, at: _Path, was_at: _Path) -> Iterator[_Difference]:
    """Of lists inside an item or a tree, the last name on the way is the list's."""
    pairing = pair_inside(old, new, at[-1] if at else "")
    for was, now in pairing.pairs:
        yield from _differences(old[was.key], new[now.key], (*at, now.key), (*was_at, was.key))
    for place in pairing.added:
        yield (*at, place.key), (*was_at, place.key), None, new[place.key]
    for place in pairing.removed:
        yield (*at, place.key), (*was_at, place.key), old[place.key], None


# ------------------------------------------------------------------------------- apply, invert


def apply(fields: Fields, deltas: Iterable[Delta]) -> Fields:
    """The fields after the deltas; those they name must be as they were before them."""
    result = dict(fields)
    keyed: list[Delta] = []
    unkeyed: dict[str, list[Delta]] = {}
    for delta in deltas:
        if delta.key is None:
            unkeyed.setdefault(delta.field, []).append(delta)
        else:
            keyed.append(delta)
    for name, edits in unkeyed.items():
        value = _edited(result.pop(name, None), [_edit(delta) for delta in edits])
        if value is False and not field(name).always:
            value = None
        if value is not None:
            result[name] = value
    _apply_items(result, keyed)
    return result


def _apply_items(result: dict[str, Value], deltas: Sequence[Delta]) -> None:
    """Take out what goes, moves or changes, edit it, put it back, and key every list it touched anew."""
    left: dict[str, dict[str, Tree]] = {}
    for name in {name for delta in deltas for name in (delta.field, delta.from_field) if name}:
        items = result.get(name)
        left[name] = dict(items) if isinstance(items, Items) else {}
    placed: dict[Place, Tree] = {}
    edits: dict[Place, list[_Edit]] = {}
    for delta in deltas:
        place, before = Place(delta.field, delta.key or ""), _key_before(delta)
        if delta.at:
            if place not in placed:
                placed[place] = left[delta.field].pop(before)
            edits.setdefault(place, []).append(_edit(delta))
            continue
        if delta.op in ("removed", "moved"):
            del left[delta.from_field or delta.field][before]
        was = delta.old if delta.op == "moved" else delta.new
        if isinstance(was, Mapping):
            placed[place] = was
    for name, items in left.items():
        now = list(items.values())
        for place, item in placed.items():
            edited = _edited(item, edits.get(place, [])) if place.field == name else None
            if isinstance(edited, Mapping):
                now.append(edited)
        was_items = result.pop(name, None)
        if now:
            result[name] = was_items.rebuilt(now) if isinstance(was_items, Items) else collection(name, now)


_Edit: TypeAlias = "tuple[_Path, Value | None, Value | None]"
"""The path before, the value before, the value now."""


def _edit(delta: Delta) -> _Edit:
    return delta.at if delta.from_at is None else delta.from_at, delta.old, delta.new


def _edited(value: Value | None, edits: Sequence[_Edit]) -> Value | None:
    """A copy with all edits made at once; None where nothing is left. A part set to false goes."""
    if not edits:
        return value
    if not edits[0][0]:
        return edits[0][2]
    if isinstance(value, Opaque):
        for path, _, new in edits:
            value = Opaque(json_with(value.json, path, new.json if isinstance(new, Opaque) else None))
        return value
    parts: dict[str, Value] = dict(value) if isinstance(value, Mapping) else {}
    added: list[Tree] = []
    inside: dict[str, list[_Edit]] = {}
    for path, old, new in edits:
        if isinstance(value, Items) and len(path) == 1 and old is None and isinstance(new, Mapping):
            added.append(new)
        else:
            inside.setdefault(path[0], []).append((path[1:], old, new))
    for name, further in inside.items():
        part = _edited(parts.pop(name, None), further)
        if part is not None and part is not False:
            parts[name] = part
    if isinstance(value, Items):
        items = [*(part for part in parts.values() if isinstance(part, Mapping)), *added]
        return value.rebuilt(items) if items else None
    return as_tree(parts)


def invert(deltas: Iterable[Delta]) -> tuple[Delta, ...]:
    """The deltas that lead back."""
    forward = tuple(deltas)
    moved = {(delta.field, delta.key): delta for delta in forward if delta.op == "moved"}
    return tuple(_inverted(delta, moved.get((delta.field, delta.key))) for delta in forward)


_OPPOSITE: Mapping[Op, Op] = {"added": "removed", "removed": "added", "changed": "changed", "moved": "moved"}


def _inverted(delta: Delta, move: Delta | None) -> Delta:
    went = move.from_field if move and move.from_field else delta.field
    return Delta(
        field=went,
        op=_OPPOSITE[delta.op],
        old=delta.new,
        new=delta.old,
        key=None if delta.key is None else _key_before(delta),
        at=delta.at if delta.from_at is None else delta.from_at,
        from_key=None if delta.from_key is None else delta.key,
        from_field=delta.field if delta.op == "moved" else None,
        from_at=None if delta.from_at is None else delta.at,
    )


def _key_before(delta: Delta) -> str:
    return (delta.key or "") if delta.from_key is None else delta.from_key
