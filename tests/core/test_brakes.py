"""Brakes: when what changed at one data version is too much to be sponsors' doing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.brakes import Brakes, Changed, Tally, judge, share, versions_since

BRAKES = Brakes()
NONE = Changed()


def tally(
    watched: int, outside: Changed = NONE, *, read: int | None = None, moved: int = 0, versions: int = 1
) -> Tally:
    """Counts of a data version in which `outside` changed in one field."""
    fields = {"description.briefSummary": outside} if outside.trials else {}
    return Tally(watched, watched if read is None else read, moved, versions, outside, fields)


def silent(number: int) -> Changed:
    return Changed(silent=number)


@pytest.mark.parametrize(
    ("seen", "held"),
    [
        (tally(100, silent(20)), False),
        (tally(100, silent(21)), True),
        (tally(3, silent(3)), False),
        (tally(30, silent(9)), False),
        (tally(10, silent(10)), True),
        (tally(0), False),
        # A sweep has read 60 of 1,000, and 15 changed though their dates stand: a quarter, then, of all.
        (tally(1_000, silent(15), read=60), True),
        # The updated ones are read first: 40 of the 40 read changed, and that is all there is to expect.
        (tally(1_000, Changed({"2026-11-03": 40}), read=40, moved=40), False),
        # Back after a week: 30 of 100, posted on five days.
        (tally(100, Changed(dict.fromkeys("abcde", 6)), moved=30, versions=5), False),
        # Back after a week, and nearly all were posted on one day.
        (tally(100, Changed({"a": 25, "b": 1}), moved=26, versions=5), True),
        # A month away: one in four changed and moved no date.
        (tally(100, silent(25), versions=22), False),
        # A month away, and every record has another form.
        (tally(100, silent(100), versions=22), True),
    ],
)
def test_over_the_share_is_held(seen: Tally, held: bool) -> None:
    """More than a fifth of the watched trials in one data version is no day's work of sponsors."""
    assert (judge(seen, BRAKES) is not None) == held


def test_the_reason_says_how_many_of_how_many() -> None:
    """A verdict counts, and says where not all was read."""
    verdict = judge(tally(1_200, silent(300)), BRAKES)
    assert verdict is not None
    assert verdict.reason == "300 of 1,200 watched trials changed outside administrative fields (over 20 %)"
    partly = judge(tally(1_200, silent(300), read=400), BRAKES)
    assert partly is not None
    assert partly.reason.endswith("(over 20 %; 400 are read so far)")


@pytest.mark.parametrize(
    ("field", "number", "held"),
    [
        ("status.lastUpdatePostDate", 51, True),
        ("status.lastUpdatePostDate", 50, False),
        ("derived.conditionAncestors", 100, False),
        ("registry.search", 100, False),
    ],
)
def test_one_path_in_over_half_is_held(field: str, number: int, held: bool) -> None:
    """An administrative field of most trials brakes too; the registry's index terms and searches never."""
    seen = replace(tally(100), fields={field: silent(number)})
    verdict = judge(seen, BRAKES)
    assert (verdict is not None) == held
    if verdict is not None:
        assert verdict.reason == "status.lastUpdatePostDate changed in 51 of 100 watched trials (over half)"


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, "2026-11-20T09:00:05", 1),
        ("2026-11-19T09:00:05", "2026-11-20T09:00:05", 1),
        ("2026-11-20T09:00:05", "2026-11-20T17:00:05", 1),
        ("2026-11-20T09:00:05", "2026-11-23T09:00:05", 1),
        ("2026-11-20T09:00:05", "2026-11-24T09:00:05", 2),
        ("2026-11-13T09:00:05", "2026-11-20T09:00:05", 5),
        ("2026-08-28T09:00:05", "2026-11-20T09:00:05", 60),
        ("2026-11-20T09:00:05", "2026-11-19T09:00:05", 1),
        ("monday", "tuesday", 1),
    ],
)
def test_data_versions_are_one_a_working_day(before: str | None, now: str, expected: int) -> None:
    """A gap is measured in what the registry published meanwhile, weekends left out."""
    assert versions_since(before, now) == expected


counts = st.integers(0, 400)
changed = st.builds(
    Changed, st.dictionaries(st.sampled_from("abcde"), st.integers(0, 80)), st.integers(0, 200)
)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    """Counts that can be: what changed was read, what was read is watched."""
    what = draw(changed)
    moved = sum(what.dated.values()) + draw(st.integers(0, 50))
    read = moved + what.silent + draw(counts)
    return tally(read + draw(counts), what, read=read, moved=moved, versions=draw(st.integers(1, 60)))


@given(tallies())
def test_where_all_is_read_the_share_is_that_of_those_changed(seen: Tally) -> None:
    """No estimate, no allowance: all read and no version missed is simply changed by watched."""
    whole = replace(seen, watched=seen.read, versions=1)
    expected = whole.outside.trials / whole.watched if whole.watched else 0
    assert share(whole.outside, whole) == pytest.approx(expected)


@given(tallies())
def test_a_gap_never_makes_the_brake_stricter(seen: Tally) -> None:
    """What is held after missed versions would be held without them."""
    assert share(seen.outside, seen) <= share(seen.outside, replace(seen, versions=1)) + 1e-12


@given(tallies(), st.integers(1, 20))
def test_more_changes_never_release(seen: Tally, more: int) -> None:
    """Another trial that changed, of those read, never lets go what was held."""
    louder = replace(seen.outside, silent=seen.outside.silent + more)
    after = replace(seen, outside=louder, read=seen.read + more, watched=seen.watched + more)
    before = replace(seen, read=seen.read + more, watched=seen.watched + more)
    assert share(louder, after) >= share(seen.outside, before) - 1e-12


@given(tallies())
def test_a_share_is_a_share(seen: Tally) -> None:
    """Between none and all, and too few trials are never held."""
    assert 0 <= share(seen.outside, seen) <= 1
    assert judge(seen, Brakes(changed_share=0.01, min_trials=seen.outside.trials + 1)) is None
