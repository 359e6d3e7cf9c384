"""What every page is made of: the application's parts, the pages' templates, and what is kept for a moment.

Kept are only values that cannot change (what one version says) or that may be seconds old (the status).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property

from monitor import registries
from monitor.bootstrap import App
from monitor.core.course import Stage
from monitor.core.links import Links
from monitor.core.record import JsonObject, TrialId
from monitor.core.watching import Snapshot
from monitor.errors import UnknownTrialError
from monitor.pipeline import lookups
from monitor.store import Store

Status = Callable[[Store], JsonObject]
"""Gives what `trialwire status --format json` says."""

_STAGES = 20_000
"""Versions whose course is remembered: some ten megabytes."""
_FRESH = timedelta(seconds=5)


class Site:
    """One installation, served."""

    def __init__(self, works: App, status: Status) -> None:
        self.works = works
        self._status = status
        self._stages: dict[tuple[str, str], Stage] = {}
        self._said: tuple[datetime, JsonObject] | None = None

    @property
    def store(self) -> Store:
        """The database, open for reading only."""
        return self.works.lookup

    @property
    def links(self) -> Links | None:
        """Our own addresses, where `[pages] url` names them."""
        return self.works.links

    @property
    def now(self) -> datetime:
        """The time."""
        return self.works.clock()

    def page(self, name: str, values: dict[str, object]) -> str:
        """A page by the name of its template."""
        return self.works.renderer.page(f"{name}.html", values)

    @cached_property
    def style(self) -> str:
        """The style that stands in every page, as it stands there."""
        return self.works.renderer.page("style.css", {})

    def status(self) -> JsonObject:
        """How all stands, at most some seconds old."""
        now = self.now
        if self._said is None or not timedelta() <= now - self._said[0] < _FRESH:
            self._said = now, self._status(self.store)
        return self._said[1]

    def course(self, held: tuple[Snapshot, ...]) -> tuple[list[tuple[Snapshot, Stage]], int]:
        """What each version says, oldest first, and how many cannot be read any more."""
        return lookups.stages(self.store, held, read=self._stage)

    def trial(self, registry: str, number: str) -> TrialId:
        """The trial an address names; UnknownTrialError where no registry of ours has such a number."""
        if registry in self.works.settings.registries and len(number) <= 64:
            found = registries.identify(number)
            if found.registry == registry:
                return found
        raise UnknownTrialError(
            "No registry we know has trial numbers of this form.",
            remedy="Check the number; an address here ends in e.g. /trials/ctgov/NCT07263919.",
        )

    def _stage(self, store: Store, snapshot: Snapshot) -> Stage:
        key = (snapshot.trial.registry, snapshot.digest)
        found = self._stages.get(key)
        if found is None:
            found = lookups.stage_of(store, snapshot)
            if len(self._stages) >= _STAGES:
                self._stages.clear()
            self._stages[key] = found
        return found
