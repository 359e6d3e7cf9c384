"""Two records → deltas, and back: `diff`, `apply`, `invert` (contract section 3, "Equality").

    diff(a, a) == ()
    apply(a.fields, diff(a, b)) == b.fields
    apply(b.fields, invert(diff(a, b))) == a.fields

What is raw-equal is never normalized; what normalizes to the same is no change. The diff says what differs,
never what it means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from monitor.core.catalogue import collection, field, position
from monitor.core.change import Delta, Op
from monitor.core.diff_other import json_differences, json_with
from monitor.core.pairing import Pairing, Place, pair
from monitor.core.record import Fields, Items, Opaque, Section, Tree, TrialRecord, Value


def diff(before: TrialRecord | None, after: TrialRecord | None) -> tuple[Delta, ...]:
    """Every difference, in the catalogue's order; None is a record without fields.

    One delta for each field that came, went or changed; one for each item of a collection that came, went or
    moved to another list; one for each part that differs inside an item or a tree.
    """
    old, new = _apart(before.sections if before else {}, after.sections if after else {})
    return diff_fields(old, new)


def diff_fields(before: Fields, after: Fields) -> tuple[Delta, ...]:
    """The same over fields already read."""
    found: dict[str, list[Delta]] = {}
    families: dict[str, tuple[dict[str, Items], dict[str, Items]]] = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if isinstance(old, Items) or isinstance(new, Items):
            olds, news = families.setdefault(field(name).family or name, ({}, {}))
            if isinstance(old, Items):
                olds[name] = old
            if isinstance(new, Items):
                news[name] = new
        else:
            found[name] = [_delta(name, at, was, now) for at, was, now in _differences(old, new, ())]
    for olds, news in families.values():
        for delta in _item_deltas(olds, news, pair(olds, news)):
            found.setdefault(delta.field, []).append(delta)
    return tuple(delta for name in sorted(found, key=position) for delta in found[name])


def _apart(before: Mapping[str, Section], after: Mapping[str, Section]) -> tuple[Fields, Fields]:
    """The fields of both that may differ: sections, fields and items that are raw-equal are left out."""
    olds: dict[str, Value] = {}
    news: dict[str, Value] = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old is None or new is None or old.read is not new.read:
            olds.update(old.fields if old else {})
            news.update(new.fields if new else {})
        elif old.raw == new.raw:
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
        told: list[tuple[str, Delta]] = []
        for old, new in pairing.pairs:
            if new.field == name:
                deltas = _pair_deltas(old, new, olds[old.field][old.key], news[name][new.key])
                told.extend((new.key, delta) for delta in deltas)
        told.extend(
            (place.key, Delta(name, "added", None, news[name][place.key], place.key))
            for place in pairing.added
            if place.field == name
        )
        told.extend(
            (place.key, Delta(name, "removed", olds[name][place.key], None, place.key))
            for place in pairing.removed
            if place.field == name
        )
        yield from (delta for _, delta in sorted(told, key=lambda keyed: keyed[0]))


def _pair_deltas(old: Place, new: Place, was: Tree, now: Tree) -> Iterator[Delta]:
    from_key = old.key if old.key != new.key else None
    if old.field != new.field:
        yield Delta(new.field, "moved", was, now, new.key, (), from_key, old.field)
    for at, part_was, part_now in _differences(was, now, ()):
        yield _delta(new.field, at, part_was, part_now, new.key, from_key)


def _delta(
    name: str,
    at: tuple[str, ...],
    old: Value | None,
    new: Value | None,
    key: str | None = None,
    from_key: str | None = None,
) -> Delta:
    """Of a flag, false is absent: it changes, it is not added."""
    if old is None and new is True:
        old = False
    elif old is True and new is None:
        new = False
    op: Op = "added" if old is None else "removed" if new is None else "changed"
    return Delta(name, op, old, new, key, at, from_key)


_Difference: TypeAlias = "tuple[tuple[str, ...], Value | None, Value | None]"


def _differences(old: Value | None, new: Value | None, at: tuple[str, ...]) -> Iterator[_Difference]:
    """The innermost named parts that differ."""
    if old == new and type(old) is type(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _differences(old.get(name), new.get(name), (*at, name))
    elif isinstance(old, Opaque) and isinstance(new, Opaque):
        for inside, was, now in json_differences(old.json, new.json):
            yield (
                (*at, *inside),
                None if was is None else Opaque(was),
                None if now is None else Opaque(now),
            )
    else:
        yield at, old, new


# ------------------------------------------------------------------------------- apply, invert


def apply(fields: Fields, deltas: Iterable[Delta]) -> Fields:
    """The fields after the deltas; those they name must be as they were before them."""
    result = dict(fields)
    keyed: list[Delta] = []
    for delta in deltas:
        if delta.key is not None:
            keyed.append(delta)
            continue
        value = _with(result.get(delta.field), delta.at, delta.new, keep_false=field(delta.field).always)
        if value is None:
            result.pop(delta.field, None)
        else:
            result[delta.field] = value
    _apply_items(result, keyed)
    return result


def _apply_items(result: dict[str, Value], deltas: Sequence[Delta]) -> None:
    left: dict[str, dict[str, Tree]] = {}
    placed: dict[Place, Tree] = {}
    for delta in deltas:
        for name in filter(None, (delta.field, delta.from_field)):
            if name not in left:
                items = result.get(name)
                left[name] = dict(items) if isinstance(items, Items) else {}
    for delta in deltas:
        place, before = Place(delta.field, delta.key or ""), _key_before(delta) or ""
        if delta.at:
            item = placed[place] if place in placed else left[delta.field].pop(before)
            changed = _with(item, delta.at, delta.new)
            placed[place] = changed if isinstance(changed, Mapping) else {}
            continue
        if delta.op in ("removed", "moved"):
            del left[delta.from_field or delta.field][before]
        if isinstance(delta.new, Mapping):
            placed[place] = delta.new
    for name, items in left.items():
        now = [*items.values(), *(item for place, item in placed.items() if place.field == name)]
        was = result.pop(name, None)
        if now:
            result[name] = was.rebuilt(now) if isinstance(was, Items) else collection(name, now)


def _with(
    value: Value | None, at: tuple[str, ...], new: Value | None, *, keep_false: bool = False
) -> Value | None:
    """A copy of `value` with the part at `at` replaced; None where nothing is left."""
    if not at:
        return None if new is False and not keep_false else new
    if isinstance(value, Opaque):
        return Opaque(json_with(value.json, at, new.json if isinstance(new, Opaque) else None))
    parts = dict(value) if isinstance(value, Mapping) else {}
    name, *rest = at
    part = _with(parts.get(name), tuple(rest), new)
    if part is None:
        parts.pop(name, None)
    else:
        parts[name] = part
    return parts or None


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
        key=_key_before(delta),
        at=delta.at,
        from_key=None if delta.from_key is None else delta.key,
        from_field=delta.field if delta.op == "moved" else None,
    )


def _key_before(delta: Delta) -> str | None:
    return delta.key if delta.from_key is None else delta.from_key
