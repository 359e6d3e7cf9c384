"""Patterns: what shows only when stories are laid beside each other."""

from __future__ import annotations

import itertools

import pytest

from monitor.core.patterns import patterns
from monitor.core.record import Json
from monitor.core.recorded import RecordedChange
from monitor.core.stories import Story
from monitor.core.watching import TrialState
from tests.support.digests import change, finding, trial


def stories(*news: tuple[TrialState, RecordedChange]) -> tuple[Story, ...]:
    """One story for each change."""
    return tuple(Story(state, finding(state, one.summary, one), (one,)) for state, one in news)


def steps(field: str, category: str, *values: Json) -> tuple[Story, ...]:
    """One trial whose field took these values, one after the other."""
    state = trial(1)
    return stories(
        *(
            (
                state,
                change(
                    state,
                    f"{old} → {new}",
                    level="major",
                    field_name=field,
                    category=category,
                    old=old,
                    new=new,
                    snapshots=(n, n + 1),
                ),
            )
            for n, (old, new) in enumerate(itertools.pairwise(values), start=1)
        )
    )


@pytest.mark.parametrize(
    ("field", "category", "values", "sentence", "net"),
    [
        (
            "status.overallStatus",
            "status",
            ("RECRUITING", "SUSPENDED", "RECRUITING"),
            "NCT09000001: Status went Recruiting → Suspended → Recruiting within this digest.",
            "reverted",
        ),
        (
            "status.primaryCompletionDate",
            "dates",
            ({"date": "2026-12"}, {"date": "2027-03"}, {"date": "2027-10"}),
            "NCT09000001: Primary completion moved twice: Dec 2026 → Mar 2027 → Oct 2027 within this digest.",
            "changed",
        ),
        (
            "identification.briefTitle",
            "identification",
            ("A long title", "Another", "A long title"),
            "NCT09000001: Title changed and changed back within this digest.",
            "reverted",
        ),
    ],
)
def test_several_steps_are_told_as_one(
    field: str, category: str, values: tuple[Json, ...], sentence: str, net: str
) -> None:
    """A field that moved more than once is told from its first value to its last."""
    (pattern,) = patterns(steps(field, category, *values))
    assert (pattern.headline, pattern.net, pattern.kind) == (sentence, net, "net")
    assert len(pattern.changes) == len(values) - 1


def test_the_order_of_stories_does_not_matter() -> None:
    """Steps are put in the order of the versions, however the stories are sorted."""
    told = steps("status.overallStatus", "status", "RECRUITING", "SUSPENDED", "TERMINATED")
    assert patterns(told) == patterns(tuple(reversed(told)))


@pytest.mark.parametrize(
    "told",
    [
        steps("status.overallStatus", "status", "RECRUITING", "SUSPENDED"),
        steps("identification.briefTitle", "identification", "One", "Two", "Three"),
        (),
    ],
)
def test_one_step_is_no_pattern(told: tuple[Story, ...]) -> None:
    """A single change, or texts that went nowhere back, are told by their stories alone."""
    assert patterns(told) == ()


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
