"""Sentences about steps: the way a value went, and what was changed and changed back within one digest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.core.catalogue import field
from monitor.core.change import LEVELS
from monitor.core.partial_date import PartialDate
from monitor.core.phrases import day_words
from monitor.core.record import Json
from monitor.core.recorded import RecordedChange
from monitor.core.sentences.words import capital, quoted, word

_SHORT = frozenset({"status", "dates", "enrollment"})
"""Categories whose values are short enough to be told step by step."""
_LABELS = {"status.overallStatus": "Overall status"}
_NAMES = (
    "measure",
    "label",
    "name",
    "facility",
    "title",
    "text",
    "id",
    "citation",
    "url",
    "filename",
    "term",
)
"""Parts by which an item is called, the first that it has."""
_BACK = {
    "added": "added and removed again",
    "removed": "removed and added back",
    "changed": "changed and changed back",
}
_NAMED_LAST = frozenset({"eligibility.criteria", "armsInterventions.interventions"})
"""Lists whose keys begin with a kind and end with the name."""
_NAMED = 3
"""Items called by name in one sentence."""


@dataclass(frozen=True, slots=True)
class Undone:
    """Steps that led back, oldest first."""

    steps: tuple[RecordedChange, ...]

    @property
    def first(self) -> RecordedChange:
        """The first of them."""
        return self.steps[0]

    @property
    def how(self) -> str:
        """`added and removed again`."""
        whole = [step for step in self.steps if not step.part]
        first = (whole or self.steps)[0]
        op = str(first.body["op"])
        if self.first.key is None and op == "added":
            return "given and withdrawn again"
        if op == "moved":
            return f"moved to {field(first.field).label.lower()} and back"
        return _BACK[op]


def way(steps: Sequence[RecordedChange]) -> str:
    """`Primary completion went Dec 2026 → Mar 2027 → Oct 2027 within this digest.`

    Empty for one step, and for what is too long to be told so.
    """
    if len(steps) < 2 or any(step.category not in _SHORT or step.key is not None for step in steps):
        return ""
    first = steps[0]
    if any(step.field != first.field or step.part for step in steps):
        return ""
    values = [first.body["old"], *(step.body["new"] for step in steps)]
    kinds = [value.get("type") if isinstance(value, dict) else None for value in values]
    typed = len(set(kinds)) > 1
    said = [
        f"{told} ({kind.lower()})" if told and typed and isinstance(kind, str) else told
        for told, kind in zip(map(_say, values), kinds, strict=True)
    ]
    if not all(said):
        return ""
    return f"{_label(first)} went {' → '.join(said)} within this digest."


def undone(groups: Iterable[Undone]) -> list[str]:
    """One sentence for each field and way back, the worst first."""
    by_place: dict[tuple[str, str], list[Undone]] = {}
    for group in sorted(groups, key=_worst_first):
        by_place.setdefault((group.first.field, group.how), []).append(group)
    return [_sentence(alike) for alike in by_place.values()]


def _worst_first(group: Undone) -> tuple[int, int]:
    return min(LEVELS.index(step.significance) for step in group.steps), group.first.number or 0


def _sentence(alike: Sequence[Undone]) -> str:
    one = alike[0]
    if one.first.field == "registry.presence" and one.first.body["new"] == "gone":
        return "Gone from the registry and back within this digest."
    if one.first.key is None:
        if told := way(one.steps):
            return told
        said = f"{_label(one.first)} {one.how} within this digest."
        reason = next((value for step in one.steps if isinstance(value := step.body["new"], str)), "")
        if one.first.field == "status.whyStopped" and one.how.startswith("given"):
            return f"Reason given in between: {quoted(reason)}."
        return said
    names = [_name(group) for group in alike]
    if len(names) <= _NAMED and all(names):
        told = ", ".join(quoted(name, 80) for name in names)
    else:
        told = "1 entry" if len(names) == 1 else f"{len(names):,}"
    return f"{_label(one.first)}: {told} {one.how} within this digest."


def _name(group: Undone) -> str:
    """What the item is called in the registry's words; its key where only a part of it is known."""
    for step in group.steps:
        for value in (step.body["old"], step.body["new"]):
            if isinstance(value, dict) and not step.part:
                found = next((text for part in _NAMES if isinstance(text := value.get(part), str)), "")
                if found:
                    return found
    parts = [part for part in (group.first.key or "").split("|") if part]
    return parts[-1 if group.first.field in _NAMED_LAST else 0] if parts else ""


def _label(change: RecordedChange) -> str:
    return _LABELS.get(change.field) or field(change.field).label


def _say(value: Json) -> str:
    """A short value in words; empty for anything longer."""
    match value:
        case {"date": str(text)}:
            return day_words(PartialDate.parse(text))
        case bool():
            return ""
        case int():
            return f"{value:,}"
        case str():
            return capital(word(value))
    return ""
