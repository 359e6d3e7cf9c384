"""Which of a trial's earlier versions are fetched, where they stand, and which pairs of them are compared.

Pure planning: the registry's index of versions beside what is held. Nothing recorded once is compared anew,
and nothing after our own first look at a trial is taken from its past.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from typing import Literal, TypeAlias

from monitor.core.past import Past
from monitor.core.record import TrialId
from monitor.core.watching import Snapshot, in_order

BackfillMode: TypeAlias = Literal["auto", "all", "off"]
BackfillState: TypeAlias = Literal["waiting", "done", "failed", "left"]
"""`failed`: given up after many attempts. `left`: held before back-filling was known, and not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """How far one trial's past is read."""

    trial: TrialId
    state: BackfillState
    asked: bool = False
    """By a command, not by itself: it goes first."""
    most: int | None = None
    """So many versions, the newest; None: all."""
    total: int = 0
    """Versions before our first look, as the registry's index says."""
    held: int = 0
    """Of these, how many are held."""
    next_version: int | None = None
    """The registry's number of the version to be fetched next; None before the index was read, and after."""
    changes: int = 0
    """Changes recorded between them."""
    error: str = ""
    attempts: int = 0
    """Failures in a row."""
    next_at: datetime | None = None
    """Not before then."""
    done_at: datetime | None = None

    @property
    def is_capped(self) -> bool:
        """Are there more versions than were wanted?"""
        return self.most is not None and self.total > self.most


def first_look(snapshots: Iterable[Snapshot]) -> Snapshot | None:
    """Our own first observation: the first version polled, else the newest that was imported."""
    own = [one for one in in_order(snapshots) if one.origin != "backfill"]
    return next((one for one in own if one.origin == "poll"), own[-1] if own else None)


def numbers(past: Past, snapshots: Iterable[Snapshot]) -> Mapping[int, int]:
    """The registry's numbers of our own snapshots, by our number, as far as the index tells them.

    Both tell when a version was submitted. Where several were on one day, the last we saw are the last of
    them; a version without dates of its own (a silent change) still is the one before.
    """
    by_day: dict[str, list[int]] = {}
    for version in past.versions:
        by_day.setdefault(version.submitted_on, []).append(version.number)
    own = [one for one in in_order(snapshots) if one.origin != "backfill"]
    found: dict[int, int] = {}
    above = 0
    for day, group in groupby(own, key=lambda one: one.submitted_on):
        postings = [list(same) for _, same in groupby(group, key=lambda one: one.posted_on)]
        rest = [number for number in by_day.get(day or "", ()) if number > above]
        for posting in reversed(postings):
            known = next((one.version for one in posting if one.version is not None), None)
            number = known if known is not None else rest[-1] if rest else None
            if number is None:
                continue
            rest = [each for each in rest if each < number]
            found.update((one.seq, number) for one in posting)
        above = max([above, *(found[one.seq] for posting in postings for one in posting if one.seq in found)])
    return found


def earlier(past: Past, snapshots: Sequence[Snapshot]) -> tuple[int, ...]:
    """The registry's numbers of all versions before our first look, the newest first."""
    first = first_look(snapshots)
    if first is None:
        return ()
    limit = numbers(past, snapshots).get(first.seq)
    day = (first.submitted_on or first.place)[:10]
    return tuple(
        version.number
        for version in reversed(past.versions)
        if (version.number < limit if limit is not None else version.submitted_on < day)
    )


def missing(wanted: Iterable[int], snapshots: Iterable[Snapshot]) -> tuple[int, ...]:
    """Those that are not held, in the order given."""
    held = {one.version for one in snapshots}
    return tuple(number for number in wanted if number not in held)


def pairs(
    snapshots: Iterable[Snapshot], compared: Collection[tuple[int, int]]
) -> list[tuple[Snapshot, Snapshot]]:
    """Neighbors in time to be compared, oldest first: those of the past, and its newest with our first look.

    `compared` are pairs that changes are recorded between, by our numbers: within them nothing is cut anew.
    """
    ordered = in_order(snapshots)
    first = first_look(ordered)
    if first is None:
        return []
    until = ordered.index(first)
    places = {one.seq: place for place, one in enumerate(ordered)}
    spans = [(places[one], places[other]) for one, other in compared if one in places and other in places]
    return [
        (before, after)
        for place, (before, after) in enumerate(pairwise(ordered[: until + 1]))
        if "backfill" in (before.origin, after.origin)
        and not any(one <= place < other for one, other in spans)
    ]
