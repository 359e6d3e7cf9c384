"""Quiet hours: the part of a reader's day in which nothing new is told.

Written `22:00-07:00`, in the zone of the cadence, or `22:00-07:00 Europe/London`. Each local day has one such
stretch, from one moment to another, so that a night with two half past ones has no second beginning: a time
the clocks repeat is the first of the two, a time they skip comes when they have moved on, as for cadences.

This module reads no clock and decides nothing about what is told: it says until when to wait.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.core import cadence

FORM = '"22:00-07:00" or "22:00-07:00 Europe/London"'

_HOURS = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$")


@dataclass(frozen=True, slots=True)
class Quiet:
    """From one time of the day to another, which may be on the next."""

    start: time
    end: time
    zone: ZoneInfo

    def until(self, at: datetime) -> datetime | None:
        """When the quiet hours end that `at` lies in, in UTC; None where it lies in none."""
        local = at.astimezone(self.zone).date()
        for day in (local - timedelta(days=1), local, local + timedelta(days=1)):
            later = day if self.start < self.end else day + timedelta(days=1)
            begins = datetime.combine(day, self.start, tzinfo=self.zone).astimezone(UTC)
            ends = datetime.combine(later, self.end, tzinfo=self.zone).astimezone(UTC)
            if begins <= at < ends:
                return ends
        return None


def parse(text: str, every: cadence.Cadence) -> Quiet | None:
    """Read quiet hours, None where there are none; raise ValueError saying what is wrong with them."""
    if not text.strip():
        return None
    hours, *names = text.split()
    found = _HOURS.match(hours)
    if not found or len(names) > 1:
        raise ValueError(f"{text!r} is no stretch of the day; write {FORM}")
    start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if start == end:
        raise ValueError(f"{text!r} ends where it begins; to be told nothing, pause the subscription")
    zone = cadence.zone_named(names[0]) if names else cadence.own_zone(every)
    if zone is None:
        raise ValueError(f"{text!r} names no time zone, nor does the cadence; write {FORM}")
    return Quiet(start, end, zone)
