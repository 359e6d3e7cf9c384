"""Everything: take in all trials of a registry that is watched as a whole, a stretch of days at a time.

Trials are found by the day they were first posted, so that a run broken off goes on where it was. Each gets a
baseline; nobody's past is asked for, and that a trial is new to the registry is no news of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from monitor.compare import judged_on
from monitor.core.record import TrialId
from monitor.core.search import Search
from monitor.core.searches import SavedSearch
from monitor.errors import RegistryError
from monitor.pipeline.discover import AT_ONCE, Read, was_answered
from monitor.pipeline.works import Works, failpoint
from monitor.registries import Registry, Searchable
from monitor.store.engine import chunks
from monitor.store.values import MemberMove, SearchRun

log = logging.getLogger(__name__)

BEGIN = date(2000, 1, 1)
"""Whatever was first posted before is one stretch."""
STRETCH = timedelta(days=30)
SHORTEST, LONGEST = timedelta(days=7), timedelta(days=3650)
FEW, MANY = 500, 5000


@dataclass(slots=True)
class Everything:
    """The registry watched as a whole, at one data version."""

    works: Works
    registry: Registry
    version: str
    read: Read
    trouble: RegistryError | None = None
    taken: int = 0

    def run(self, searches: Sequence[SavedSearch]) -> None:
        """Take in what is missing, at most the sweep's number of trials in one cycle."""
        for saved in searches:
            if saved.kind != "all" or not isinstance(self.registry, Searchable):
                continue
            try:
                self._one(saved, self.registry)
            except RegistryError as error:
                log.warning("not all taken in", extra={"registry": self.registry.name, "why": error.message})
                self.trouble = error
                self.works.store.end_run(
                    saved.name, SearchRun(saved, self.works.clock(), problem=error.message)
                )

    def _one(self, saved: SavedSearch, asked: Searchable) -> None:
        """Stretch after stretch, up to today; the first has no beginning, the last no end."""
        today = judged_on(self.version) or self.works.clock().date()
        through, length = saved.through, STRETCH
        last: date | None = today
        while last is not None and not self.works.stop.is_set() and self.taken < self.works.sweep:
            first, last = stretch(through, today, length)
            found = asked.found(
                Search(
                    first_posted_from=first.isoformat() if first else None,
                    first_posted_to=last.isoformat() if last else None,
                )
            )
            missing = self._take_in(saved, found)
            length = next_length(length, len(found))
            through = (last or today).isoformat()
            run = SearchRun(
                saved,
                self.works.clock(),
                data_version=None if last or missing else self.version,
                problem=f"{missing} trials could not be read" if missing else "",
                through=None if missing else through,
            )
            self.works.store.end_run(saved.name, run)
            if missing:
                return

    def _take_in(self, saved: SavedSearch, found: Sequence[TrialId]) -> int:
        """Read those found that are not in it; return how many could not be read."""
        store, missing = self.works.store, 0
        for part in chunks(store.not_in(saved.name, found), AT_ONCE):
            states = store.latest(part)
            unheld = [trial for trial in part if trial not in states or states[trial].snapshot is None]
            if unheld:
                quiet = frozenset(unheld) - store.watched_elsewhere(unheld, saved.name)
                if (error := self.read(unheld, quiet)) is not None:
                    raise error
                states = store.latest(part)
            # One whose answer was not believed is asked for again as one of the watch.
            held = [trial for trial in part if was_answered(states.get(trial))]
            failpoint("before_members")
            store.move_members(
                saved.name, [MemberMove(trial, "entered") for trial in held], self.works.clock()
            )
            self.taken += len(unheld)
            missing += len(part) - len(held)
        return missing


def stretch(through: str | None, today: date, length: timedelta) -> tuple[date | None, date | None]:
    """The next days first posted, from where it was through, with a day of overlap.

    The first stretch has no beginning; one that reaches yesterday has no end.
    """
    if through is None:
        return None, BEGIN - timedelta(days=1)
    begin = date.fromisoformat(through) - timedelta(days=1)
    end = begin + length
    return begin, end if end < today - timedelta(days=1) else None


def next_length(length: timedelta, found: int) -> timedelta:
    """Longer where few trials were first posted, shorter where many were: a list is read as a whole."""
    if found < FEW:
        return min(length * 2, LONGEST)
    return max(length / 2, SHORTEST) if found > MANY else length
