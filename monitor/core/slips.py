"""How often and how far a date moved in what is recorded of a trial, and how much of its past that is.

History is changes as contract objects (contract section 2), oldest first. A date given more precisely has not
moved. Nothing is claimed of versions that were not seen: "since registration" needs every one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from monitor.core.partial_date import PartialDate, days_between
from monitor.core.record import Dated, Json

Change = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Slips:
    """What became of one date over the versions that are known."""

    moves: int
    days: int
    """From the first date known to the last, positive for later; 0 where it came back, or never moved."""
    versions: int
    """How many versions are known; 1 where nothing is recorded."""
    since_registration: bool
    """Are these all that there were?"""


def slips(history: Iterable[Change], field: str) -> Slips:
    """The moves of one date in all that is recorded of a trial."""
    known = tuple(history)
    of_it = [change for change in known if change.get("field") == field]
    given = [found for change in of_it for found in _ends(change) if found is not None]
    return Slips(
        moves=moves(known, field),
        days=days_between(given[0].date, given[-1].date) if given else 0,
        versions=versions(known) or 1,
        since_registration=is_whole(known),
    )


def moves(history: Iterable[Change], field: str) -> int:
    """How many times the date moved."""
    found = 0
    for change in history:
        if change.get("field") == field:
            old, new = _ends(change)
            found += bool(old and new and days_between(old.date, new.date))
    return found


def versions(history: Iterable[Change]) -> int | None:
    """How many versions it is made of, the first among them; None where it does not say."""
    seen = {place.get("to") for place in _places(history) if place.get("to") is not None}
    return len(seen) + 1 if seen else None


def is_whole(history: Iterable[Change]) -> bool:
    """Does it know every version from the registry's first on? What posted nothing has no number."""
    steps: set[tuple[object, object]] = set()
    for change in history:
        if change.get("posted_on") is not None or change.get("submitted_on") is not None:
            place = change.get("version")
            steps.add((place.get("from"), place.get("to")) if isinstance(place, dict) else (None, None))
    return bool(steps) and steps == {(number, number + 1) for number in range(1, len(steps) + 1)}


def dated(value: object) -> Dated | None:
    """A date as changes hold it; None for anything else."""
    match value:
        case {"date": str(when), "type": str(kind)}:
            return Dated(PartialDate.parse(when), kind)
        case {"date": str(when)}:
            return Dated(PartialDate.parse(when))
    return None


def _ends(change: Change) -> tuple[Dated | None, Dated | None]:
    return dated(change.get("old")), dated(change.get("new"))


def _places(history: Iterable[Change]) -> Iterator[Mapping[str, Json]]:
    for change in history:
        place = change.get("snapshot")
        if isinstance(place, dict):
            yield place
