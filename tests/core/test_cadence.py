"""Cadences: what is understood, when a period closes, and what it is called."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.cadence import last_due, next_due, parse, period_key, zone_of


def utc(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is no cadence"),
        ("sometimes", "is no cadence"),
        ("Daily 07:30 UTC", "is no cadence"),
        ("daily 7:30 UTC", "'7:30' is no time of day"),
        ("daily 24:00 UTC", "is no time of day"),
        ("daily 07:30", "names no time zone"),
        ("weekly mon 07:30", "names no time zone"),
        ("weekly someday 07:30 UTC", "'someday' is no weekday"),
        ("daily 07:30 Mars/Olympus", "'Mars/Olympus' is no time zone"),
        ("daily 07:30 Europe", "'Europe' is no time zone"),
        ("daily 07:30 ../UTC", "is no time zone"),
        ("cron 0 7 * * 1-5", "five cron fields and a time zone"),
        ("cron 61 7 * * * UTC", "bad minute"),
        ("cron 0 0 31 2 * UTC", "bad day-of-month"),
        ("cron 0 0 0 7 * * UTC", "five cron fields"),
    ],
)
def test_what_is_no_cadence_is_refused_with_the_reason(text: str, complaint: str) -> None:
    """A cadence that cannot be read says what is wrong with it."""
    with pytest.raises(ValueError, match=re.escape(complaint)):
        parse(text)


# Clocks in London went forward on 29 March 2026 at 01:00 UTC and back on 25 October 2026 at 01:00 UTC;
# in New York forward on 8 March 2026 at 07:00 UTC and back on 1 November 2026 at 06:00 UTC.
NIGHTS = [
    ("daily 01:30 Europe/London", "2026-03-28T12:00", ["2026-03-29T01:30", "2026-03-30T00:30"]),
    ("daily 02:30 Europe/London", "2026-03-28T12:00", ["2026-03-29T01:30", "2026-03-30T01:30"]),
    ("daily 07:30 Europe/London", "2026-03-28T12:00", ["2026-03-29T06:30", "2026-03-30T06:30"]),
    ("daily 01:30 Europe/London", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
    ("daily 07:30 Europe/London", "2026-10-24T12:00", ["2026-10-25T07:30", "2026-10-26T07:30"]),
    ("daily 02:30 America/New_York", "2026-03-07T12:00", ["2026-03-08T07:30", "2026-03-09T06:30"]),
    ("daily 03:00 America/New_York", "2026-03-07T12:00", ["2026-03-08T07:00", "2026-03-09T07:00"]),
    ("daily 01:30 America/New_York", "2026-10-31T12:00", ["2026-11-01T05:30", "2026-11-02T06:30"]),
    ("cron 30 1 * * * Europe/London", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
    ("cron 30 1 * * * Europe/London", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
    ("cron 30 1 * * * America/New_York", "2026-10-31T12:00", ["2026-11-01T05:30", "2026-11-02T06:30"]),
    ("weekly sun 01:30 Europe/London", "2026-10-20T12:00", ["2026-10-25T00:30", "2026-11-01T01:30"]),
    ("weekly mon 07:30 UTC", "2026-11-16T07:30", ["2026-11-23T07:30", "2026-11-30T07:30"]),
    ("hourly", "2026-11-20T07:59:59", ["2026-11-20T08:00", "2026-11-20T09:00"]),
    ("cron 0 7 * * 1-5 Europe/London", "2026-11-20T08:00", ["2026-11-23T07:00", "2026-11-24T07:00"]),
]


@pytest.mark.parametrize(("text", "after", "expected"), NIGHTS)
def test_periods_close_at_the_readers_time_also_when_clocks_move(
    text: str, after: str, expected: list[str]
) -> None:
    """A skipped time is due when the clocks have moved on, a repeated one the first time only."""
    cadence, moment, found = parse(text), utc(after), []
    for _ in expected:
        moment = next_due(cadence, moment)
        found.append(moment)
    assert found == [utc(due) for due in expected]


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "America/Nuuk", "Australia/Lord_Howe"])
@pytest.mark.parametrize("clock", ["00:00", "00:30", "01:00", "01:30", "02:00", "02:30", "07:30", "23:30"])
def test_a_local_day_has_exactly_one_period(zone: str, clock: str) -> None:
    """Over a whole year, a daily cadence closes once for every local date, in order."""
    cadence = parse(f"daily {clock} {zone}")
    moment, end, keys = utc("2026-01-01T12:00"), utc("2027-01-03T12:00"), []
    while (moment := next_due(cadence, moment)) < end:
        keys.append(period_key(cadence, moment))
    first = utc("2026-01-01T12:00").astimezone(ZoneInfo(zone)).date()
    days = [(first + timedelta(days=n)).isoformat() for n in range(-1, 370)]
    start = days.index(keys[0])
    assert keys == days[start : start + len(keys)]
    assert len(keys) >= 366


def test_a_day_that_a_zone_skipped_has_no_period_of_its_own() -> None:
    """Samoa had no 30 December 2011: the digest of the day after is the only one."""
    cadence = parse("daily 07:30 Pacific/Apia")
    moment, keys = utc("2011-12-28T00:00"), []
    while (moment := next_due(cadence, moment)) < utc("2012-01-02T00:00"):
        keys.append(period_key(cadence, moment))
    assert keys == ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01", "2012-01-02"]


def test_downtime_leaves_one_period() -> None:
    """After three days off, the period is the latest one, whatever was missed."""
    cadence = parse("daily 07:30 Europe/London")
    asked = utc("2026-11-20T07:30")
    assert period_key(cadence, asked + timedelta(days=3, hours=2)) == "2026-11-23"
    assert last_due(cadence, asked + timedelta(days=3, hours=2)) == utc("2026-11-23T07:30")


@pytest.mark.parametrize(
    ("text", "at", "key"),
    [
        ("daily 07:30 Europe/London", "2026-11-20T07:29:59", "2026-11-19"),
        ("daily 07:30 Europe/London", "2026-11-20T07:30:00", "2026-11-20"),
        ("daily 23:30 America/New_York", "2026-11-21T04:30:00", "2026-11-20"),
        ("weekly mon 07:30 UTC", "2026-11-20T12:00", "2026-11-16"),
        ("hourly", "2026-11-20T09:59", "2026-11-20T09Z"),
        ("immediate", "2026-11-20T09:59", "2026-11-20"),
        ("cron 30 7 1 * * UTC", "2026-11-20T12:00", "2026-11-01T07:30Z"),
        ("cron 0 0 29 2 * UTC", "2026-11-20T12:00", "2024-02-29T00:00Z"),
    ],
)
def test_a_period_is_named_by_when_it_closed(text: str, at: str, key: str) -> None:
    """The key names the period that closed last, in the reader's zone where there is one."""
    assert period_key(parse(text), utc(at)) == key


def test_an_immediate_cadence_is_always_due() -> None:
    """It is due at the moment asked about, and tells dates in UTC."""
    cadence = parse("immediate")
    assert next_due(cadence, utc("2026-11-20T09:59")) == utc("2026-11-20T09:59")
    assert last_due(cadence, utc("2026-11-20T09:59")) == utc("2026-11-20T09:59")
    assert zone_of(cadence) == ZoneInfo("UTC")


CADENCES = st.sampled_from(
    [
        "hourly",
        "daily 01:30 Europe/London",
        "daily 02:30 America/New_York",
        "weekly sun 02:30 America/New_York",
        "cron 30 1 * * * Europe/London",
        "cron */20 * * * * America/New_York",
        "cron 15 1,2 * * 0 Europe/London",
    ]
)
MOMENTS = st.integers(0, 365 * 86400).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))


@given(text=CADENCES, at=MOMENTS)
def test_due_moments_and_keys_agree(text: str, at: datetime) -> None:
    """The next moment is later, the last one is not, nothing lies between, and each has a key of its own."""
    cadence = parse(text)
    before, after = last_due(cadence, at), next_due(cadence, at)
    assert before <= at < after
    assert next_due(cadence, before) == after
    assert last_due(cadence, after) == after
    assert period_key(cadence, before) == period_key(cadence, at) != period_key(cadence, after)
