"""Findings and changes packed into parts of a bounded size, for programs (contract section 7).

Each part holds whole changes, with the findings they belong to, and no change is in two of them. What is
larger than a part by itself goes without its largest members, which `omitted` names, and in the last resort
with its texts shortened, which `clipped` says. Nothing is left out unsaid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from monitor.core.digest import Story
from monitor.core.phrases import clip
from monitor.core.programmes import Programme
from monitor.core.record import Json, JsonObject
from monitor.core.recorded import RecordedChange

MAX_TEXT = 400
"""Characters that a text keeps in what would otherwise fit into no part."""
_FINDING_LISTS = ("changes", "details", "facts", "steps")
_PROGRAMME_LISTS = ("trials", "changes", "findings", "details")
_CHANGE_VALUES: Mapping[str, Json] = {"old": None, "new": None, "facts": {}}
_EMPTY: Mapping[str, Json] = {"facts": {}}
_SHARE = 4
"""A finding may take this part of the room, so that its changes have the rest."""


@dataclass(slots=True)
class Part:
    """What goes into one message; `size` is that of its findings and changes in bytes."""

    findings: dict[str, JsonObject] = field(default_factory=dict)
    changes: dict[str, JsonObject] = field(default_factory=dict)
    size: int = 0


def packed(programmes: Iterable[Programme], stories: Iterable[Story], *, room: int) -> list[Part]:
    """Findings and changes in as many parts as they need, each of at most `room` bytes; always one.

    Programmes come first. A story over many changes may span parts: each repeats its finding.
    """
    parts = [Part()]
    for one in programmes:
        _put(parts, one.id, fitting(one.to_dict(), room // _SHARE, _PROGRAMME_LISTS), None, room)
    told: set[str] = set()
    for story in stories:
        finding = fitting(story.finding.to_dict(), room // _SHARE, _FINDING_LISTS)
        rest = room - size(finding)
        news = [change for change in story.changes if change.id not in told]
        if not news:
            _put(parts, story.finding.id, finding, None, room)
        for change in news:
            told.add(change.id)
            _put(parts, story.finding.id, finding, fitting_change(change, rest), room)
    return parts


def told_change(change: RecordedChange) -> JsonObject:
    """The change as recorded, with its place in the order of all changes (`sequence`)."""
    return {**change.to_dict(), "sequence": change.number}


def fitting_change(change: RecordedChange, limit: int) -> JsonObject:
    """The change in at most `limit` bytes: as it is, or without its values, or with its texts shortened."""
    told = told_change(change)
    if size(told) <= limit:
        return told
    told = {**told, **_CHANGE_VALUES, "omitted": list(_CHANGE_VALUES)}
    return told if size(told) <= limit else _clipped(told)


def fitting(finding: JsonObject, limit: int, lists: Sequence[str]) -> JsonObject:
    """The finding; one over thousands of changes goes without naming them all, as `changes` still do."""
    if size(finding) <= limit:
        return finding
    told = {**finding, **{name: _EMPTY.get(name, []) for name in lists}, "omitted": list[Json](lists)}
    return told if size(told) <= limit else _clipped(told)


def listed(entries: Iterable[JsonObject], *, most: int, room: int) -> list[Json]:
    """The first entries, at most `most` of them and `room` bytes."""
    return list(_first(entries, most, room))


def size(told: JsonObject | None) -> int:
    """Bytes of a member of a list, with its comma."""
    return 0 if told is None else len(orjson.dumps(told)) + 1


def _first(entries: Iterable[JsonObject], most: int, room: int) -> Iterator[JsonObject]:
    for number, entry in enumerate(entries):
        room -= size(entry)
        if number == most or room < 0:
            return
        yield entry


def _put(parts: list[Part], name: str, finding: JsonObject, change: JsonObject | None, room: int) -> None:
    """Into the last part where it fits, else into a new one."""
    needed = size(change) + (0 if name in parts[-1].findings else size(finding))
    if parts[-1].size and parts[-1].size + needed > room:
        parts.append(Part())
        needed = size(change) + size(finding)
    part = parts[-1]
    part.size += needed
    part.findings[name] = finding
    if change is not None:
        part.changes[str(change["id"])] = change


def _clipped(told: JsonObject) -> JsonObject:
    return {**{name: _shortened(value) for name, value in told.items()}, "clipped": True}


def _shortened(value: Json) -> Json:
    match value:
        case str():
            return value if len(value) <= MAX_TEXT else clip(value, MAX_TEXT)
        case list():
            return [_shortened(item) for item in value]
        case dict():
            return {name: _shortened(item) for name, item in value.items()}
        case _:
            return value
