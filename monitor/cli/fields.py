"""A record's fields as people read them: by group, with labels for names and one line for each item."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import orjson

from monitor.cli.words import status
from monitor.core import catalogue
from monitor.core.phrases import day_words
from monitor.core.record import Age, Dated, Items, Named, Text, TrialRecord, Value, to_json

_GROUPS = {
    "armsInterventions": "Arms and interventions",
    "ipdSharing": "IPD sharing",
}
_ENUM = re.compile(r"^(?:[A-Z]{4,}|[A-Z]+(?:_[A-Z0-9]+)+)$")
_PHASE = re.compile(r"^PHASE(\d)$")
_LONGEST = 12
"""Items of a collection shown one by one; the rest is counted."""


def grouped(record: TrialRecord) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The groups of the catalogue with the label and words of each field present."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(record.fields, key=catalogue.position):
        title = name.partition(".")[0]
        groups.setdefault(title, []).extend(_lines(name, record.fields[name]))
    for title, rows in groups.items():
        yield _GROUPS.get(title, title.capitalize()), rows


def _lines(name: str, value: Value) -> Iterator[tuple[str, str]]:
    label = catalogue.field(name).label
    if not isinstance(value, Items):
        yield label, words(value)
        return
    items = list(value.values())
    for number, item in enumerate(items[:_LONGEST]):
        yield (label if number == 0 else ""), "· " + words(item)
    if len(items) > _LONGEST:
        yield "", f"· and {len(items) - _LONGEST} more (--format json has all)"


def words(value: Value) -> str:
    """A value in words: enum values readable, dates as precise as they are, parts joined."""
    match value:
        case Text(shown=shown) | Named(shown=shown) | Age(shown=shown):
            return shown
        case Dated(date=when, type=kind):
            return day_words(when) + (f" ({kind.lower()})" if kind else "")
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case str():
            return _word(value)
        case frozenset():
            return ", ".join(_word(str(part)) for part in sorted(value))
        case Mapping():
            return " · ".join(part for part in map(words, value.values()) if part)
        case _:
            other = to_json(value)
            return other if isinstance(other, str) else orjson.dumps(other).decode()


def _word(text: str) -> str:
    """An enum value as people say it; anything else as it is."""
    if phase := _PHASE.match(text):
        return f"Phase {phase[1]}"
    return status(text).replace(" dna", " DNA") if _ENUM.match(text) else text
