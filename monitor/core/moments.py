"""Points in time as people give them: dates as precise as they are, times, and "30d" back from now.

What cannot be read raises ValueError in words for people. The time is handed in.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from monitor.core.partial_date import PartialDate

_AGO = re.compile(r"^(\d{1,5})([hdwmy])$", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 24 * 7, "m": 24 * 30, "y": 24 * 365}
FORMS = "Give a date (2026, 2026-03 or 2026-03-14) or a span back from now (36h, 30d, 6w, 3m, 1y)."


def first_day(text: str, now: datetime) -> date:
    """The first day meant by `2026-03`, `30d`, `today`: where a span begins."""
    return _day(text, now, end=False)


def last_day(text: str, now: datetime) -> date:
    """The last day meant: of the whole month or year it names."""
    return _day(text, now, end=True)


def moment(text: str, now: datetime) -> datetime:
    """A point in time, aware, in UTC: a full ISO 8601 time, or the start of the day."""
    if "T" in text:
        try:
            found = datetime.fromisoformat(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{text!r} is no time. Give one like 2026-03-14T07:30:00Z.") from error
    if ago := _AGO.match(text):
        return _before(now, ago)
    return datetime.combine(_day(text, now, end=False), datetime.min.time(), tzinfo=UTC)


def _day(text: str, now: datetime, *, end: bool) -> date:
    if ago := _AGO.match(text):
        return _before(now, ago).date()
    if text in ("today", "yesterday"):
        return now.date() - timedelta(days=text == "yesterday")
    try:
        partial = PartialDate.parse(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no date. {FORMS}") from error
    return partial.last if end else partial.first


def _before(now: datetime, ago: re.Match[str]) -> datetime:
    try:
        return now - timedelta(hours=int(ago[1]) * _HOURS[ago[2]])
    except OverflowError as error:
        raise ValueError(f"{ago[0]!r} is longer ago than there are dates. {FORMS}") from error
