"""Which watched trials are read at a data version, where there are too many to read all of them each time.

Never left to chance: what was never read, what the registry says it has updated, and what was not looked at
for nearly a week. The rest is swept, the longest unseen first, because one change in eight moves no date of
the registry's. Nothing here counts requests or asks anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

AT_LEAST_EVERY = timedelta(days=7)
"""Every record is looked at this often, whatever the budget."""
_DAYS_AHEAD = 5
"""Data versions that can be counted on in a week: the registry publishes on working days."""
_MARGIN = timedelta(days=3)
"""The longest usual gap between two data versions, over a weekend with a holiday."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is read at one data version beside what must be."""

    sweep: int | None
    """Trials read beside those that must be; None: all are read."""
    overdue: str
    """A trial last read at the data of this day or of one before must be read."""
    fresh_from: str | None
    """A trial read at this day's data or later is not behind; None: only this data version's count."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one trial stands: when it was last read, and whether newer data of it are known to exist."""

    read_on: str | None
    """The data version it was last read at; None: never."""
    due: bool


def plan(watched: int, budget: int, day: date) -> Plan:
    """The plan for so many watched trials, at a data version of this day; all within the budget are read.

    Above it the sweep grows where the budget would not reach everybody within a week.
    """
    overdue = (day - (AT_LEAST_EVERY - _MARGIN)).isoformat()
    if watched <= budget:
        return Plan(None, overdue, None)
    share = -(-watched // _DAYS_AHEAD)
    return Plan(max(budget, share), overdue, (day - AT_LEAST_EVERY).isoformat())


def must_be_read(standing: Standing, chosen: Plan) -> bool:
    """Is it read at this data version whatever the budget?"""
    if chosen.sweep is None or standing.due or standing.read_on is None:
        return True
    return standing.read_on[:10] <= chosen.overdue


def choose(standings: Iterable[tuple[T, Standing]], chosen: Plan) -> Iterator[T]:
    """Who is read, given trials not read at this data version: who must be, and the sweep's share.

    They must come in the order of reading: those never read, those due, then the longest unseen first.
    """
    swept = 0
    for trial, standing in standings:
        if must_be_read(standing, chosen):
            yield trial
        elif chosen.sweep is not None and swept < chosen.sweep:
            swept += 1
            yield trial
        else:
            return
