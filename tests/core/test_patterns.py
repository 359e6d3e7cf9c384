"""Patterns: what shows only when stories are laid beside each other."""

from __future__ import annotations

from monitor.core.patterns import patterns
from monitor.core.recorded import RecordedChange
from monitor.core.stories import Story
from monitor.core.watching import TrialState
from tests.support.digests import change, finding, trial


def stories(*news: tuple[TrialState, RecordedChange]) -> tuple[Story, ...]:
    """One story for each change."""
    return tuple(Story(state, finding(state, one.summary, one), (one,)) for state, one in news)


def suspended(
    number: int, sponsor: str = "Alpha Bio", category: str = "status"
) -> tuple[TrialState, RecordedChange]:
    """The same edit in another trial."""
    state = trial(number, sponsor=sponsor)
    return state, change(
        state,
        "Recruiting → Suspended.",
        level="critical",
        rule="C1",
        category=category,
        field_name="status.overallStatus",
        old="RECRUITING",
        new="SUSPENDED",
    )


def test_the_same_edit_in_several_trials_is_a_programme() -> None:
    """Three trials of one sponsor with the same edit are named together."""
    (pattern,) = patterns(stories(*(suspended(n) for n in (3, 1, 2)), suspended(4, "Beta Pharma")))
    assert pattern.headline == (
        "The same in 3 trials of Alpha Bio: Recruiting → Suspended. (NCT09000001, NCT09000002, NCT09000003)"
    )
    assert pattern.significance == "critical"
    assert [str(t) for t in pattern.trials] == ["NCT09000001", "NCT09000002", "NCT09000003"]
    assert len(pattern.changes) == 3


def test_a_large_programme_names_a_few() -> None:
    """Past six trials the rest is counted."""
    (pattern,) = patterns(stories(*(suspended(n) for n in range(40))))
    assert pattern.headline.endswith("NCT09000005 and 34 more)")
    assert pattern.headline.startswith("The same in 40 trials")


def test_chance_is_no_programme() -> None:
    """Two trials are no pattern, nor are sites that were added alike, nor trials of different sponsors."""
    assert patterns(stories(suspended(1), suspended(2))) == ()
    assert patterns(stories(*(suspended(n, category="sites") for n in range(5)))) == ()
    assert patterns(stories(*(suspended(n, sponsor=f"Sponsor {n}") for n in range(5)))) == ()
