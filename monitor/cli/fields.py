"""A record's fields as people read them: by group, with labels for names and one line for each item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from monitor.core import catalogue
from monitor.core.phrases import day_words
from monitor.core.record import Dated, Items, Json, TrialRecord, Value, to_json

_GROUPS = {
    "armsInterventions": "Arms and interventions",
    "ipdSharing": "IPD sharing",
}
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
        case Dated(date=when, type=kind):
            return day_words(when) + (f" ({kind.lower()})" if kind else "")
        case frozenset():
            return ", ".join(_word(str(part)) for part in sorted(value))
        case Mapping():
            return " · ".join(part for part in map(words, value.values()) if part)
        case _:
            return _plain(to_json(value))


def _plain(value: Json) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return _word(value)
        case list():
            return ", ".join(_plain(part) for part in value)
        case dict():
            return " · ".join(part for part in map(_plain, value.values()) if part)
        case _:
            return f"{value:,}" if isinstance(value, int) else str(value)


def _word(text: str) -> str:
    enum = "_" in text and text.isupper()
    return text.replace("_", " ").capitalize() if enum else text
