"""Quiet hours: what is understood, and until when to wait, also in nights the clocks move."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.core import cadence, quiet

LONDON = "daily 07:30 Europe/London"


def hours(text: str, every: str = LONDON) -> quiet.Quiet:
    """Quiet hours that are there."""
    found = quiet.parse(text, cadence.parse(every))
    assert found is not None
    return found


def utc(text: str) -> datetime:
    """A moment in UTC, of 2026."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "every", "complaint"),
    [
        ("22:00", LONDON, "is no stretch of the day"),
        ("22-07", LONDON, "is no stretch of the day"),
        ("22:00-24:00", LONDON, "is no stretch of the day"),
        ("22:00 - 07:00 Europe/London", LONDON, "is no stretch of the day"),
        ("22:00-07:00 Europe/Lundon", LONDON, "is no time zone"),
        ("22:00-22:00", LONDON, "ends where it begins; to be told nothing, pause the subscription"),
        ("22:00-07:00", "immediate", "names no time zone, nor does the cadence"),
        ("22:00-07:00", "hourly", "names no time zone, nor does the cadence"),
    ],
)
def test_what_are_no_quiet_hours_is_refused_with_the_reason(text: str, every: str, complaint: str) -> None:
    """Hours that cannot be read say what is wrong with them; UTC is never guessed."""
    with pytest.raises(ValueError, match=re.escape(complaint)):
        quiet.parse(text, cadence.parse(every))


def test_there_need_be_none() -> None:
    """Nothing written is no quiet hours; a zone of their own goes before the cadence's."""
    assert quiet.parse("", cadence.parse("immediate")) is None
    assert hours("22:00-07:00").zone == ZoneInfo("Europe/London")
    assert hours("22:00-07:00 Asia/Tokyo").zone == ZoneInfo("Asia/Tokyo")


# In London clocks go forward on 29 March at 01:00 UTC (01:00 to 02:00 is skipped) and back on 25 October at
# 01:00 UTC (01:00 to 02:00 comes twice).
MOMENTS = [
    ("22:00-07:00", "11-20T21:59", None),
    ("22:00-07:00", "11-20T22:00", "11-21T07:00"),
    ("22:00-07:00", "11-21T06:59", "11-21T07:00"),
    ("22:00-07:00", "11-21T07:00", None),
    ("12:00-13:00", "11-20T12:30", "11-20T13:00"),
    ("12:00-13:00", "11-20T13:00", None),
    ("22:00-07:00", "06-20T21:00", "06-21T06:00"),
    ("22:00-07:00", "03-28T22:00", "03-29T06:00"),
    ("22:00-07:00", "10-24T21:00", "10-25T07:00"),
    ("22:00-01:30", "03-29T01:10", "03-29T01:30"),
    ("22:00-01:30", "10-25T00:10", "10-25T00:30"),
    ("22:00-01:30", "10-25T01:10", None),
    ("01:15-01:45", "03-29T01:20", "03-29T01:45"),
    ("01:15-01:45", "10-25T00:20", "10-25T00:45"),
    ("01:15-01:45", "10-25T01:20", None),
]


@pytest.mark.parametrize(("text", "at", "until"), MOMENTS)
def test_quiet_hours_end_when_the_readers_clock_says_so(text: str, at: str, until: str | None) -> None:
    """A time that is skipped ends them when the clocks have moved on, one that comes twice the first time."""
    assert hours(text).until(utc(at)) == (utc(until) if until else None)


CLOCKS = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 15, 30]))
ZONES = st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
DAYS = st.integers(0, 365 * 24 * 4).map(
    lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * n)
)


@given(start=CLOCKS, end=CLOCKS, zone=ZONES, at=DAYS)
def test_quiet_hours_always_end(start: str, end: str, zone: str, at: datetime) -> None:
    """They end within a day and a clock's move, at the hour they name, and at their end it is not quiet."""
    assume(start != end)
    found = hours(f"{start}-{end} {zone}")
    ends = found.until(at)
    if ends is not None:
        assert at < ends <= at + timedelta(hours=25)
        assert found.until(ends) is None
