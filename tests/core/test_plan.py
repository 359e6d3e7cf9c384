"""Which trials are read where not all are: what must be is, and nobody waits for longer than a week."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.plan import AT_LEAST_EVERY, Plan, Standing, choose, must_be_read, plan

TODAY = date(2026, 11, 20)
_AGES = st.integers(min_value=0, max_value=40)
_STANDINGS = st.lists(
    st.builds(
        Standing,
        st.none() | _AGES.map(lambda age: (TODAY - timedelta(days=age)).isoformat() + "T09:00:05"),
        st.booleans(),
    ),
    max_size=60,
)


def in_order(standings: list[Standing]) -> list[tuple[int, Standing]]:
    """As they are to be given: never read, due, then the longest unseen."""

    def rank(pair: tuple[int, Standing]) -> tuple[int, str]:
        standing = pair[1]
        first = 0 if standing.read_on is None else 1 if standing.due else 2
        return first, standing.read_on or ""

    return sorted(enumerate(standings), key=rank)


@given(_STANDINGS, st.integers(min_value=1, max_value=80))
def test_what_must_be_read_is(standings: list[Standing], budget: int) -> None:
    """Never-read, updated and overdue trials are chosen whatever the budget; beside them the sweep."""
    chosen = plan(len(standings), budget, TODAY)
    picked = set(choose(in_order(standings), chosen))
    due = {index for index, standing in enumerate(standings) if must_be_read(standing, chosen)}
    assert due <= picked
    if chosen.sweep is None:
        assert picked == set(range(len(standings)))
    else:
        assert len(picked - due) == min(chosen.sweep, len(standings) - len(due))
        left = [standings[i].read_on or "" for i in range(len(standings)) if i not in picked]
        swept = [standings[i].read_on or "" for i in picked - due]
        assert not left or not swept or max(swept) <= min(left)


@given(st.integers(min_value=0, max_value=100_000), st.integers(min_value=1, max_value=100_000))
def test_within_the_budget_all_are_read(watched: int, budget: int) -> None:
    """A list that fits is read whole at each data version; above it the sweep is at least the budget."""
    chosen = plan(watched, budget, TODAY)
    if watched <= budget:
        assert (chosen.sweep, chosen.fresh_from) == (None, None)
    else:
        assert chosen.sweep is not None
        assert chosen.sweep >= budget
        assert chosen.fresh_from == (TODAY - AT_LEAST_EVERY).isoformat()


@given(
    st.integers(min_value=2, max_value=120),
    st.integers(min_value=1, max_value=20),
    st.lists(st.sampled_from([1, 1, 1, 1, 2, 3]), min_size=10, max_size=25),
)
def test_everybody_is_read_at_least_weekly(watched: int, budget: int, gaps: list[int]) -> None:
    """However large the list, and over weekends, no record goes unread for more than seven days."""
    day = TODAY
    read_on = dict.fromkeys(range(watched), day)
    for gap in gaps:
        day += timedelta(days=gap)
        chosen = plan(watched, budget, day)
        standings = sorted(
            ((trial, Standing(on.isoformat(), due=False)) for trial, on in read_on.items()),
            key=lambda pair: pair[1].read_on or "",
        )
        assert all(day - on <= AT_LEAST_EVERY for on in read_on.values())
        for trial in choose(standings, chosen):
            read_on[trial] = day


def test_a_trial_that_was_updated_is_never_left_to_the_sweep() -> None:
    """With nothing left of the budget, those due are still read."""
    standings = [("new", Standing(None, due=False)), ("due", Standing("2026-11-19", due=True))]
    standings.append(("rest", Standing("2026-11-19", due=False)))
    assert list(choose(standings, Plan(0, "2026-11-16", "2026-11-13"))) == ["new", "due"]
