"""How the part of a registry that tells the past is doing, and when it may be asked.

It has a state of its own, because no poll depends on it: where it fails, the monitor goes on without it, says
so once where that lasts, and asks again later and later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from monitor.core.watching import SourceHealth
from monitor.errors import RecordFormatError, RegistryError, RegistryUnavailableError
from monitor.pipeline import health
from monitor.pipeline.works import Works
from monitor.registries import Registry
from monitor.store.values import NoticeDraft

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=10), timedelta(days=1)
"""After a failure, and doubled with each further one up to a day."""
TOLD_AFTER = 3
"""Failures in a row: trouble that passes is nobody's business, for nothing is missed meanwhile."""
MOST_ODD = 3
"""So many answers in a row that make no sense, with none between that does, are the source's trouble."""
_FRESH = timedelta(minutes=10)
"""A success is not written down more often."""
_T = TypeVar("_T")


class Pasts:
    """One registry's history, asked through here so that its state is kept."""

    def __init__(self, works: Works, registry: Registry) -> None:
        self._works, self._registry = works, registry
        self._odd: list[RegistryError] = []

    def is_open(self) -> bool:
        """May it be asked now? Not where the registry as a whole wants to be left alone."""
        own, _ = self._known()
        now, whole = self._works.clock(), self._works.store.source(self._registry.name)
        return not any(one and one.not_before and now < one.not_before for one in (own, whole))

    def ask(self, question: Callable[[], _T]) -> _T:
        """Its answer; a RegistryError is noted before it is raised, one of odd shape when it is not alone."""
        try:
            answer = question()
        except RegistryError as error:
            if is_odd(error) and len(self._odd) < MOST_ODD - 1:
                self._odd.append(error)
            else:
                self._odd.clear()
                self._failed(error)
            raise
        self._odd.clear()
        self._succeeded()
        return answer

    def settle(self) -> None:
        """Note what was odd and had no sense after it, unless the source made sense within the last day."""
        if not self._odd:
            return
        known, now = self._known()[0], self._works.clock()
        last = known.last_success_at
        if known.state != "OK" or last is None or now - last > LONGEST_WAIT:
            self._failed(self._odd[-1])
        self._odd.clear()

    def _known(self) -> tuple[SourceHealth, int]:
        for known, failures in self._works.store.history_sources():
            if known.registry == self._registry.name:
                return known, failures
        return health.unborn(self._registry.name, self._works.clock()), 0

    def _failed(self, error: RegistryError) -> None:
        now = self._works.clock()
        old, failures = self._known()
        new = health.after_failure(old, error, now)
        wait = wait_after(failures + 1, now)
        new = replace(new, not_before=max(new.not_before or wait, wait))
        log.warning("the past cannot be read", extra={"registry": self._registry.name, "why": error.message})
        lasts = failures + 1 == TOLD_AFTER
        self._put(new, failures + 1, health.notices(None, new, label=self._label) if lasts else ())

    def _succeeded(self) -> None:
        now = self._works.clock()
        old, failures = self._known()
        if not failures and old.last_success_at is not None and now - old.last_success_at < _FRESH:
            return
        since = now if old.state != "OK" else old.since
        new = replace(
            old, state="OK", since=since, reason="", last_attempt_at=now, last_success_at=now, not_before=None
        )
        was_told = failures >= TOLD_AFTER
        self._put(new, 0, health.notices(old, new, label=self._label) if was_told else ())

    @property
    def _label(self) -> str:
        return f"{self._registry.label}'s history of versions"

    def _put(self, new: SourceHealth, failures: int, told: Sequence[NoticeDraft]) -> None:
        self._works.store.put_history_source(new, failures, notices=[_beside(each) for each in told])


def _beside(notice: NoticeDraft) -> NoticeDraft:
    """That polls do not depend on it belongs to what is told of its trouble."""
    more = "" if " again" in notice.message else " Polls go on without it."
    return replace(notice, subject=f"{notice.subject} history", message=notice.message + more)


def is_odd(error: RegistryError) -> bool:
    """Is it an answer of another shape? That may be one trial's alone; all else is the source's."""
    return isinstance(error, RecordFormatError) or (
        isinstance(error, RegistryUnavailableError) and error.broken
    )


def wait_after(attempts: int, now: datetime) -> datetime:
    """When to try again what failed so often in a row, once or more."""
    return now + min(FIRST_WAIT * int(2 ** min(attempts - 1, 10)), LONGEST_WAIT)
