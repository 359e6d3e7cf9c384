"""How long a time frame lasts, in the many ways sponsors write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.durations import duration_days

MONTH, YEAR = 30.4375, 365.25


@pytest.mark.parametrize(
    ("time_frame", "days"),
    [
        ("24 months", 24 * MONTH),
        ("up to 2 years", 2 * YEAR),
        ("two years", 2 * YEAR),
        ("thirty-six months", 36 * MONTH),
        ("twenty four months", 24 * MONTH),
        ("1,5 years", 1.5 * YEAR),
        ("2 ½ years", 2.5 * YEAR),
        ("half a year", YEAR / 2),
        ("one and a half hours on average", 1.5 / 24),
        ("5 (five) years", 5 * YEAR),
        ("up to 1,000 days", 1000),
        ("up to12 months", YEAR),
        ("12-month follow-up", YEAR),
        ("Week 24", 168),
        ("Month1", MONTH),
        ("Day 1 through Day 28", 28),
        ("Day 1 to Day 29", 29),
        ("from randomization to 52 weeks", 364),
        ("30 Days; One Year", YEAR),
        ("through study completion, an average of 1 year", YEAR),
        ("baseline, 12 and 24 weeks", 168),
        ("12 and 6 months", YEAR),
        ("1,3,6,12 month", YEAR),
        ("Weeks 4, 8 and 12", 84),
        ("Month 3, 28 days after surgery", 3 * MONTH),
        ("on Day 1, 24 and 36 hours after dosing", 1.5),
        ("at the end of the 5th week", 35),
        ("First month after surgery", MONTH),
        ("0-96 h after intake", 4),
        ("12 ± 2 weeks", 84),
        ("Day 28 (± 3 days)", 28),
        ("Within 24 (± 4) hours after injection", 1),
        ("Cycle 6 (each cycle is 21 days)", 126),
        ("up to 8 cycles of 28 days", 224),
        ("21-day cycles, up to cycle 17", 357),
        ("until progression or death", None),
        ("December 31, 2024", None),
        ("During the procedure", None),
    ],
)
def test_the_longest_duration_of_a_time_frame(time_frame: str, days: float | None) -> None:
    """A time frame lasts as long as its longest duration; words without one last nothing known."""
    found = duration_days(time_frame)
    assert found is None if days is None else found == pytest.approx(days)


@given(st.integers(1, 400), st.sampled_from(["days", "weeks", "months", "years"]))
def test_a_span_lasts_what_its_point_does(number: int, unit: str) -> None:
    """`up to 12 weeks` and `week 12` end on the same day."""
    assert duration_days(f"up to {number} {unit}") == duration_days(f"{unit.removesuffix('s')} {number}")


@given(st.text(max_size=60))
def test_any_text_has_a_duration_or_none(text: str) -> None:
    """Whatever sponsors write is read without an error, and nothing lasts less than no time."""
    assert (duration_days(text) or 0.0) >= 0.0
