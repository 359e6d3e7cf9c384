"""Everything: take in all trials of a registry that is watched as a whole, a stretch of days at a time.

Trials are found by the day they were first posted, so that a run broken off goes on where it was. Each gets a
baseline; nobody's past is asked for, and that a trial is new to the registry is no news of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from monitor.compare import judged_on
from monitor.core.search import Search
from monitor.core.searches import SavedSearch
from monitor.errors import RegistryError
from monitor.pipeline.discover import Read
from monitor.pipeline.works import Works, failpoint
from monitor.registries import Registry, Searchable
from monitor.store.engine import chunks
from monitor.store.values import MemberMove, SearchRun

log = logging.getLogger(__name__)

BEGIN = date(2000, 1, 1)
"""Whatever was first posted before is one stretch."""
STRETCH = timedelta(days=30)
AT_ONCE = 1000


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
        today = judged_on(self.version) or self.works.clock().date()
        for first, last in stretches(saved.through, today):
            if self.works.stop.is_set() or self.taken >= self.works.sweep:
                return
            search = Search(
                first_posted_from=first.isoformat() if first else None,
                first_posted_to=last.isoformat() if last else None,
            )
            missing = self._take_in(saved, asked, search)
            run = SearchRun(
                saved,
                self.works.clock(),
                data_version=None if last or missing else self.version,
                problem=f"{missing} trials could not be read" if missing else "",
                through=None if missing else (last or today).isoformat(),
            )
            self.works.store.end_run(saved.name, run)
            if missing:
                return

    def _take_in(self, saved: SavedSearch, asked: Searchable, search: Search) -> int:
        """Read those first posted in a stretch that are not in it; return how many could not be read."""
        store, missing = self.works.store, 0
        for part in chunks(store.not_in(saved.name, asked.found(search)), AT_ONCE):
            states = store.latest(part)
            unheld = [trial for trial in part if trial not in states or states[trial].snapshot is None]
            if unheld:
                quiet = frozenset(unheld) - store.watched_elsewhere(unheld, saved.name)
                if (error := self.read(unheld, quiet)) is not None:
                    raise error
                states = store.latest(part)
            held = [trial for trial in part if trial in states and states[trial].snapshot is not None]
            failpoint("before_members")
            store.move_members(
                saved.name, [MemberMove(trial, "entered") for trial in held], self.works.clock()
            )
            self.taken += len(unheld)
            missing += len(part) - len(held)
        return missing


def stretches(through: str | None, today: date) -> Iterator[tuple[date | None, date | None]]:
    """Days first posted, from where it was through up to today and beyond, with a day of overlap.

    The first has no beginning, the last no end.
    """
    begin: date | None = None
    if through is None:
        yield None, BEGIN - timedelta(days=1)
        begin = BEGIN
    else:
        begin = date.fromisoformat(through) - timedelta(days=1)
    while begin + STRETCH < today - timedelta(days=1):
        yield begin, begin + STRETCH
        begin += STRETCH + timedelta(days=1)
    yield begin, None
