"""Drawings: every stroke inside its frame, names apart, and the same told in words."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.course import Stage, chart
from monitor.core.partial_date import PartialDate
from monitor.core.record import Dated
from monitor.core.scene import COMPLETION, PRIMARY_COMPLETION, START, Enrollment
from monitor.web import charts
from monitor.web.days import strip as strip_of

DAYS = st.dates(date(1950, 1, 1), date(2090, 12, 31))
DATED = st.none() | st.builds(
    lambda day, kind: Dated(PartialDate(day.year, day.month, day.day), kind),
    DAYS,
    st.sampled_from(["ESTIMATED", "ACTUAL", None]),
)
STATUSES = st.sampled_from(["RECRUITING", "SUSPENDED", "COMPLETED", None])
ENROLLED = st.none() | st.builds(Enrollment, st.integers(0, 10**7), st.sampled_from(["ESTIMATED", "ACTUAL"]))
STAGES = st.lists(
    st.builds(
        lambda status, start, primary, completion, enrolled: Stage(
            "v1",
            "Jan 2024",
            status,
            {START: start, PRIMARY_COMPLETION: primary, COMPLETION: completion},
            enrolled,
        ),
        STATUSES,
        DATED,
        DATED,
        DATED,
        ENROLLED,
    ),
    min_size=1,
    max_size=40,
)


def percent(text: str) -> float:
    """The number of `12.50%`."""
    assert text.endswith("%")
    return float(text[:-1])


@given(STAGES, DAYS)
def test_whatever_a_trial_did_it_can_be_drawn(stages: list[Stage], today: date) -> None:
    """Strokes stay inside the frame, names at the right do not cover each other, words name every line."""
    course = chart(stages)
    for picture in (charts.slips(course, today), charts.enrollment(course)):
        if picture is None:
            continue
        high = float(picture.height)
        for line in picture.lines:
            assert line.strokes
            assert line.title in picture.words
            for stroke in line.strokes:
                assert charts.LEFT - 0.01 <= percent(stroke.x1) <= percent(stroke.x2) <= 100.01
                assert 0 <= float(stroke.y1) <= high
                assert 0 <= float(stroke.y2) <= high
        places = sorted(float(line.y) for line in picture.lines)
        assert all(later - earlier >= 14.9 for earlier, later in pairwise(places))
        assert all(0 <= float(tick.y) <= high for tick in picture.ticks)
        assert (
            abs(sum(percent(part.width) for part in picture.band) - (100 - charts.LEFT)) < 1
            or not picture.band
        )


@given(
    st.dictionaries(
        st.integers(0, 29),
        st.dictionaries(st.sampled_from(["critical", "major", "minor"]), st.integers(0, 10**6), max_size=3),
        max_size=30,
    )
)
def test_every_day_has_its_bars(counts: dict[int, dict[str, int]]) -> None:
    """One for each level that has changes, inside the strip, and the same days in words."""
    until = date(2026, 11, 20)
    days = {until - timedelta(days=back): found for back, found in counts.items()}
    strip = strip_of(days, until, 30)  # type: ignore[arg-type]
    assert len(strip.bars) == sum(1 for found in counts.values() for number in found.values() if number)
    assert len(strip.days) == sum(1 for found in counts.values() if any(found.values()))
    for bar in strip.bars:
        assert 0 <= percent(bar.x) <= percent(bar.x) + percent(bar.width) <= 100
        assert float(bar.height) >= 2
        assert 0 <= float(bar.y) <= float(strip.height)


def test_a_trial_without_dates_has_no_drawing() -> None:
    """Nothing is made up."""
    empty = Stage("v1", "Jan 2024", None, {START: None, PRIMARY_COMPLETION: None, COMPLETION: None}, None)
    assert charts.slips(chart([empty]), date(2026, 1, 1)) is None
    assert charts.enrollment(chart([empty])) is None
