"""When a subscription's digest is due, and which period it then closes.

A cadence is one line of the config: `immediate`, `hourly`, `daily HH:MM ZONE`, `weekly mon HH:MM ZONE` or
`cron EXPR ZONE`. A period is named by its key, and a digest is unique by subscription and key, so that a
restart, a clock that jumps or a night with two half past twos cannot tell anything twice: a daily cadence has
exactly one period for each local day. A time the clocks skip is due when they have moved on; a time they
repeat is due the first time. After downtime the latest period covers all that was missed.

This module reads no clock: `after` and `at` are given, aware, and answers are in UTC.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FORMS = '"immediate", "hourly", "daily HH:MM ZONE", "weekly mon HH:MM ZONE" or "cron EXPR ZONE"'

_CLOCK = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")
_NIGHT = timedelta(hours=3)
"""Further than any daylight-saving change moves the clocks."""


@dataclass(frozen=True, slots=True)
class Immediate:
    """As soon as something is found; its period is the UTC day."""


@dataclass(frozen=True, slots=True)
class Hourly:
    """On every full hour, UTC."""


@dataclass(frozen=True, slots=True)
class Daily:
    """Once each local day."""

    at: time
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Weekly:
    """Once a week; `weekday` counts from Monday = 0."""

    weekday: int
    at: time
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Cron:
    """Five cron fields, read in a zone as Debian's cron reads them."""

    expression: str
    zone: ZoneInfo


Cadence: TypeAlias = Immediate | Hourly | Daily | Weekly | Cron


def parse(text: str) -> Cadence:
    """Read a cadence; raise ValueError saying what is wrong and what is understood."""
    words = text.split()
    match words:
        case ["immediate"]:
            return Immediate()
        case ["hourly"]:
            return Hourly()
        case ["daily", at, zone]:
            return Daily(_clock(at), zone_named(zone))
        case ["weekly", day, at, zone]:
            return Weekly(_weekday(day), _clock(at), zone_named(zone))
        case ["cron", *fields, zone] if len(fields) == 5:
            return Cron(_expression(" ".join(fields)), zone_named(zone))
        case ["daily", _] | ["weekly", _, _]:
            raise ValueError(f"{text!r} names no time zone; write e.g. {text!r} + ' Europe/London'")
        case ["cron", *fields]:
            raise ValueError(f"{text!r} needs five cron fields and a time zone after them; see {FORMS}")
    raise ValueError(f"{text!r} is no cadence; write {FORMS}")


def zone_of(cadence: Cadence) -> ZoneInfo:
    """The reader's zone: dates in a digest are written in it. UTC where the cadence names none."""
    return own_zone(cadence) or ZoneInfo("UTC")


def own_zone(cadence: Cadence) -> ZoneInfo | None:
    """The zone that a cadence names."""
    match cadence:
        case Immediate() | Hourly():
            return None
        case Daily(zone=zone) | Weekly(zone=zone) | Cron(zone=zone):
            return zone
    assert_never(cadence)


def zone_named(text: str) -> ZoneInfo:
    """An IANA zone by name; raise ValueError where there is none."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{text!r} is no time zone; use an IANA name, e.g. Europe/London") from error


def next_due(cadence: Cadence, after: datetime) -> datetime:
    """The first moment later than `after` at which a period closes; for `immediate`, `after` itself."""
    after = after.astimezone(UTC)
    match cadence:
        case Immediate():
            return after
        case Hourly():
            return after.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        case Daily() | Weekly():
            first = after.astimezone(cadence.zone).date() - timedelta(days=1)
            days = (first + timedelta(days=n) for n in range(10))
            return next(due for day in days if (due := _due(cadence, day)) is not None and due > after)
        case Cron():
            return next(due for due in _ticks(cadence, after) if due > after)
    assert_never(cadence)


def last_due(cadence: Cadence, at: datetime) -> datetime:
    """The latest moment not later than `at` at which a period closed."""
    return _last(cadence, at.astimezone(UTC))[0]


def period_key(cadence: Cadence, at: datetime) -> str:
    """The key of the period that closed last, seen from `at`: the same for every moment until the next one.

    The local date for daily and weekly, the UTC hour (`2026-11-20T09Z`) for hourly, the UTC minute for cron,
    the UTC date for immediate ones.
    """
    return _last(cadence, at.astimezone(UTC))[1]


def _last(cadence: Cadence, at: datetime) -> tuple[datetime, str]:
    match cadence:
        case Immediate():
            return at, at.date().isoformat()
        case Hourly():
            hour = at.replace(minute=0, second=0, microsecond=0)
            return hour, f"{hour:%Y-%m-%dT%H}Z"
        case Daily() | Weekly():
            last = at.astimezone(cadence.zone).date() + timedelta(days=1)
            days = (last - timedelta(days=n) for n in range(10))
            return next(
                (due, day.isoformat())
                for day in days
                if (due := _due(cadence, day)) is not None and due <= at
            )
        case Cron():
            due = _last_tick(cadence, at)
            return due, f"{due:%Y-%m-%dT%H:%M}Z"
    assert_never(cadence)


def _due(cadence: Daily | Weekly, day: date) -> datetime | None:
    """When the period of a local day closes; PEP 495's fold 0 takes the first of two and skips gaps."""
    if isinstance(cadence, Weekly) and day.weekday() != cadence.weekday:
        return None
    return datetime.combine(day, cadence.at, tzinfo=cadence.zone).astimezone(UTC)


def _ticks(cadence: Cron, after: datetime) -> Iterator[datetime]:
    # cronsim drops the fold of the moment it starts from, so it may first give one that has passed.
    for tick in CronSim(cadence.expression, after.astimezone(cadence.zone)):
        yield tick.astimezone(UTC)


def _last_tick(cadence: Cron, at: datetime) -> datetime:
    # Going backwards, cronsim may pass over a moment of a daylight-saving night: the last hours are read
    # again forwards, from well before the moment it gave.
    local = (at + timedelta(seconds=1)).astimezone(cadence.zone)
    rough = next(CronSim(cadence.expression, local, reverse=True)).astimezone(UTC)
    ticks = itertools.takewhile(lambda tick: tick <= at, _ticks(cadence, rough - _NIGHT))
    return max(ticks, default=rough)


def _clock(text: str) -> time:
    found = _CLOCK.match(text)
    if not found:
        raise ValueError(f"{text!r} is no time of day; write HH:MM, e.g. 07:30")
    return time(int(found[1]), int(found[2]))


def _weekday(text: str) -> int:
    if text.lower() not in WEEKDAYS:
        raise ValueError(f"{text!r} is no weekday; write one of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(text.lower())


def _expression(text: str) -> str:
    probe = datetime(2024, 1, 1, tzinfo=UTC)  # a leap year, so that 29 February is found soon
    try:
        next(CronSim(text, probe))
    except (CronSimError, StopIteration) as error:
        why = str(error) or "no such day comes"
        raise ValueError(f"cron expression {text!r}: {why.lower()}") from error
    return text
