"""What an edit comes to, apart from the trial it was made in: when two trials have had the same edit.

Equal sentences are neither needed nor enough: a shift by as many months is the same from another date, and
the same words replaced are so in another text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import orjson

from monitor.core.catalogue import field, fold
from monitor.core.recorded import RecordedChange, RecordedFinding
from monitor.core.sentences.words import STOPS, in_country, moved, percent, quoted, status

_TELLING = 8
"""Characters that replaced words must have to say something by themselves."""


@dataclass(frozen=True, slots=True)
class Effect:
    """An edit without its trial: equal keys are the same edit."""

    key: tuple[str, ...]
    field: str
    said: str
    """What happened, to be followed by `in 4 trials of …`."""
    lead: str = ""
    """How a sentence about it begins; what follows is the trial's own."""
    of_finding: bool = False

    def own(self, sentence: str) -> str:
        """What a sentence says of its trial alone."""
        return sentence.removeprefix(self.lead).strip() if self.lead else sentence


def effect_of(change: RecordedChange) -> Effect | None:
    """The effect of a change, recorded or net; None where it has none that could be shared."""
    for names, effect in _BY_FIELD:
        if change.field in names:
            return effect(change)
    return _text(change) if _is_text(change) else _value(change)


def effects_of_finding(finding: RecordedFinding) -> Iterator[Effect]:
    """Countries gained or lost, of which only all sites together tell (M10)."""
    for name, said in (("countries_lost", "Last site in {} gone"), ("countries_gained", "First site in {}")):
        countries = finding.facts.get(name)
        for country in countries if isinstance(countries, list) else ():
            yield Effect(
                ("locations", name, str(country)),
                "locations",
                said.format(in_country(str(country))),
                of_finding=True,
            )


def _status(change: RecordedChange) -> Effect | None:
    old, new = change.body["old"], change.body["new"]
    if not (isinstance(old, str) and isinstance(new, str)):
        return None
    step = f"{status(old)} → {status(new)}"
    return Effect((change.field, old, new), change.field, STOPS.get(new) or step, lead=f"{step}.")


def _shift(change: RecordedChange) -> Effect | None:
    """A shift of a plan, in months once it passes 45 days, else in days."""
    slip = change.facts.get("slip_days")
    new = change.body["new"]
    if not isinstance(slip, int) or slip == 0 or not isinstance(new, dict) or new.get("type") == "ACTUAL":
        return None
    by = moved(slip)
    said = f"{field(change.field).label} {by}"
    return Effect((change.field, by), change.field, said, lead=f"{said}:")


def _enrollment(change: RecordedChange) -> Effect | None:
    """A target changed by as many percent."""
    old, new = change.body["old"], change.body["new"]
    if not (isinstance(old, int) and isinstance(new, int)) or change.facts.get("percent") is None:
        return None
    by = percent(old, new)
    return Effect((change.field, by), change.field, f"Enrollment {by}") if by else None


def _none(_: RecordedChange) -> Effect | None:
    """Told with another change, which has the effect."""
    return None


_BY_FIELD: tuple[tuple[frozenset[str], Callable[[RecordedChange], Effect | None]], ...] = (
    (frozenset({"status.overallStatus"}), _status),
    (
        frozenset({"status.startDate", "status.primaryCompletionDate", "status.completionDate"}),
        _shift,
    ),
    (frozenset({"design.enrollmentCount"}), _enrollment),
    (frozenset({"design.enrollmentType", "status.whyStopped", "status.lastKnownStatus"}), _none),
)


def _is_text(change: RecordedChange) -> bool:
    old, new = change.body["old"], change.body["new"]
    return isinstance(old, str) and isinstance(new, str) and " " in f"{old}{new}"


def _text(change: RecordedChange) -> Effect:
    """The same words replaced, whatever the rest of the text is."""
    old, new = str(change.body["old"]), str(change.body["new"])
    removed, added = _replaced(change) or (old, new)
    label = field(change.field).label
    said = f"{label}: {quoted(removed, 80)} → {quoted(added, 80)}"
    if not removed:
        said = f"{label}: added {quoted(added, 120)}"
    elif not added:
        said = f"{label}: removed {quoted(removed, 120)}"
    return Effect((change.field, change.part, "words", fold(removed), fold(added)), change.field, said)


def _replaced(change: RecordedChange) -> tuple[str, str] | None:
    """(words removed, words added) of a long text; None where they say too little by themselves."""
    operations = change.facts.get("text_diff")
    if not isinstance(operations, list):
        return None
    runs: dict[str, list[str]] = {"-": [], "+": []}
    for operation in operations:
        match operation:
            case ["-" | "+" as sign, str(text)] if text.strip():
                runs[sign].append(" ".join(text.split()))
    removed, added = (" … ".join(runs[sign]) for sign in "-+")
    return (removed, added) if len(removed) + len(added) >= _TELLING else None


def _value(change: RecordedChange) -> Effect | None:
    """The same value given, dropped or replaced."""
    body = change.body
    values = [fold(orjson.dumps(body[name], option=orjson.OPT_SORT_KEYS).decode()) for name in ("old", "new")]
    key = (change.field, change.part, str(body["op"]), *values)
    return Effect(key, change.field, change.summary.rstrip("."))
