"""Dates as precise as a registry gives them, and the distance between two of them.

A missing day is never made up: what a date can mean is asked by name. This module knows no clock.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date exactly as precise as the registry gave it: a year, a month or a day.

    Ordering and distance are questions about two dates of perhaps different precision, so they are asked
    by name (`days_between`, `ends_before`) and never by `<`.
    """

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read `2026`, `2026-03` or `2026-03-14`; raise ValueError on anything else or no such day."""
        found = _PARTIAL.fullmatch(text)
        if not found:
            raise ValueError(f"not a date: {text!r}")
        year, month, day = (int(part) if part else None for part in found.groups())
        assert year is not None
        date(year, month or 1, day or 1)
        return cls(year, month, day)

    @property
    def precision(self) -> str:
        """`year`, `month` or `day`."""
        return "year" if self.month is None else "month" if self.day is None else "day"

    @property
    def first(self) -> date:
        """The first day it can mean."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> date:
        """The last day it can mean."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    @property
    def midpoint(self) -> date:
        """The middle of what it can mean; slips are measured between midpoints (rules, "Dates")."""
        return self.first + (self.last - self.first) / 2

    def coarsened(self, precision: str) -> PartialDate:
        """This date at `precision`, if that is coarser; else itself."""
        if precision == "year":
            return PartialDate(self.year)
        if precision == "month":
            return PartialDate(self.year, self.month)
        return self

    def ends_before(self, day: date) -> bool:
        """Has it certainly passed on `day`?"""
        return self.last < day

    def __str__(self) -> str:
        if self.month is None:
            return f"{self.year:04d}"
        if self.day is None:
            return f"{self.year:04d}-{self.month:02d}"
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}"


def days_between(before: PartialDate, after: PartialDate) -> int:
    """Slip in days, positive for later: midpoints at the coarser precision of the two (rules, "Dates")."""
    coarser = min(before.precision, after.precision, key=("year", "month", "day").index)
    return (after.coarsened(coarser).midpoint - before.coarsened(coarser).midpoint) // timedelta(days=1)
