"""A ClinicalTrials.gov v2 payload as a `TrialRecord`: pure, total over legal records, lazy, never mutating.

A record may lack any module but the one that names it (withheld records and expanded access do). What is
not a record at all is refused here and now; a member of the wrong type where its section is read, with a
`RecordFormatError` that points at it. Whether a record is to be believed is not asked here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from monitor.core.leaves import Reading, ShapeError, json_type
from monitor.core.record import Fields, Json, JsonObject, Section, TrialId, TrialRecord, Value
from monitor.core.shape import Group, Listed, Shape
from monitor.core.spread import Bound, Spread, others
from monitor.core.unread import UnreadItems
from monitor.errors import RecordFormatError
from monitor.registries.ctgov.fields import SECTIONS

REGISTRY = "ctgov"
_NUMBER = re.compile(r"NCT\d{8}", re.ASCII)


def normalize(payload: Json) -> TrialRecord:
    """The record in a payload; RecordFormatError where there is none."""
    if not isinstance(payload, dict):
        raise _not("an object", payload, "", None)
    number = _number(payload)
    sections = {}
    for path, (name, read, read_apart, read_one) in _READERS.items():
        raw = _at(payload, path, number)
        if raw is not None:
            sections[name] = Section(raw, read, read_apart, read_one)
    unknown = _unknown_members(payload)
    if unknown:
        sections[_OTHER] = Section(unknown, _read_unknown)
    return TrialRecord(TrialId(REGISTRY, number), sections, _FIELD_SECTIONS.get)


def _number(payload: JsonObject) -> str:
    node = payload
    pointer = ""
    for name in ("protocolSection", "identificationModule"):
        inner = node.get(name)
        pointer += f"/{name}"
        if not isinstance(inner, dict):
            raise _not("an object", inner, pointer, None)
        node = inner
    number = node.get("nctId")
    pointer += "/nctId"
    if not isinstance(number, str):
        raise _not("a string", number, pointer, None)
    if not _NUMBER.fullmatch(number):
        message = f"not a trial record: {number!r} is no NCT number"
        raise RecordFormatError(message, pointer=pointer, registry=REGISTRY)
    return number


def _at(payload: JsonObject, path: tuple[str, ...], trial: str) -> Json:
    """The part of the payload at a section's path; None where the record has none."""
    if path == ("hasResults",):
        told = payload.get("hasResults")
        return False if told is None else told
    node = payload
    pointer = ""
    for name in path:
        inner = node.get(name)
        pointer += f"/{name}"
        if inner is None:
            return None
        if not isinstance(inner, dict):
            raise _not("an object", inner, pointer, trial)
        node = inner
    return node


def _not(expected: str, found: Json, pointer: str, trial: str | None) -> RecordFormatError:
    message = f"not a trial record: expected {expected} at {pointer or 'the top'}, found {json_type(found)}"
    return RecordFormatError(message, pointer=pointer, registry=REGISTRY, trial=trial)


# ------------------------------------------------------------------------------------- sections

_OTHER = "other"
_KNOWN_TOP = {path[0] for path in SECTIONS}
_KNOWN_MODULES = {
    top: {path[1] for path in SECTIONS if len(path) == 2 and path[0] == top}
    for top in {path[0] for path in SECTIONS if len(path) == 2}
}


def _unknown_members(payload: JsonObject) -> JsonObject:
    """Members beside the sections, by their path: of the record and of its divided sections."""
    found: JsonObject = {name: payload[name] for name in payload.keys() - _KNOWN_TOP}
    for top, known in _KNOWN_MODULES.items():
        section = payload.get(top)
        if isinstance(section, dict):
            found.update({f"{top}.{name}": section[name] for name in section.keys() - known})
    return found


def _read_unknown(raw: Json) -> Fields:
    assert isinstance(raw, dict)
    return others((((name,), (), member) for name, member in sorted(raw.items())), "")


def _read(spread: Spread, path: tuple[str, ...], raw: Json) -> Fields:
    notes = Reading()
    wrapped: Json = {path[-1]: raw}
    with _Pointing(path[:-1]):
        fields = spread.read(wrapped, notes)
    if notes.strange:
        fields.update(_others(spread, path, raw))
    return fields


def _read_apart(spread: Spread, path: tuple[str, ...], old: Json, new: Json) -> tuple[Fields, Fields]:
    notes = Reading()
    with _Pointing(path[:-1]):
        before, after = spread.read_apart({path[-1]: old}, {path[-1]: new}, notes)
    if notes.strange:
        before.update(_others(spread, path, old))
        after.update(_others(spread, path, new))
    return before, after


def _read_one(
    spread: Spread,
    bounds: Mapping[str, tuple[tuple[str, ...], Shape]],
    path: tuple[str, ...],
    raw: Json,
    field: str,
) -> Value | None:
    if field not in bounds:
        return _read(spread, path, raw).get(field)
    steps, shape = bounds[field]
    member = raw
    for step in steps:
        member = member.get(step) if isinstance(member, dict) else None
    if member is None:
        return None
    if isinstance(shape, Listed) and isinstance(shape.item, Group) and isinstance(member, list):
        return UnreadItems(shape, shape.item, member, partial(_refused, (*path, *steps))) or None
    try:
        return shape.read(member, Reading())
    except ShapeError as error:
        raise _refused((*path, *steps), error) from error


def _others(spread: Spread, path: tuple[str, ...], raw: Json) -> dict[str, Value]:
    return others(spread.strangers({path[-1]: raw}), ".".join(path[:-1]))


class _Pointing:
    """Turns a shape's complaint into the error that names the place in the payload."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ShapeError):
            raise _refused(self._path, error) from error


def _refused(path: tuple[str, ...], error: ShapeError) -> RecordFormatError:
    for name in reversed(path):
        error.under(name)
    message = f"not a trial record: {error} at {error.pointer}"
    return RecordFormatError(message, pointer=error.pointer, registry=REGISTRY)


_Reader = tuple[
    str,
    Callable[[Json], Fields],
    Callable[[Json, Json], tuple[Fields, Fields]],
    Callable[[Json, str], "Value | None"],
]


def _reader(path: tuple[str, ...], where: Bound | Spread) -> _Reader:
    spread = Spread({path[-1]: where})
    bounds = {
        bound.field: (steps[1:], bound.shape) for steps, bound in spread.bounds() if bound.under is None
    }
    return (
        ".".join(path),
        partial(_read, spread, path),
        partial(_read_apart, spread, path),
        partial(_read_one, spread, bounds, path),
    )


_READERS: dict[tuple[str, ...], _Reader] = {path: _reader(path, where) for path, where in SECTIONS.items()}

_FIELD_SECTIONS: dict[str, str] = {
    bound.field: ".".join(path)
    for path, where in SECTIONS.items()
    for _, bound in Spread({path[-1]: where}).bounds()
}
