"""Digests: who is told what, in which order, and what is only counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.change import Significance
from monitor.core.digest import compose, counts, digest_id, subject
from tests.support.digests import (
    NOW,
    SINCE,
    FakePending,
    change,
    composed,
    finding,
    gathered,
    notice,
    occasion,
    source,
    subscription,
    trial,
)
from tests.support.sample import sample_digest


def one_story(
    level: Significance = "minor", *, rule: str = "m7", posted_on: str | None = "2026-11-19"
) -> FakePending:
    """One finding of one change."""
    state = trial(1)
    news = change(state, "2 sites added.", level=level, rule=rule, posted_on=posted_on)
    return gathered((state, finding(state, "Sites", news), (news,)))


def test_stories_are_told_worst_first() -> None:
    """Levels come in order, and within a level the rules in theirs."""
    first, second = trial(1), trial(2)
    news = [
        (first, change(first, "a", level="minor", rule="m7")),
        (second, change(second, "b", level="critical", rule="C10")),
        (first, change(first, "c", level="critical", rule="C2")),
        (second, change(second, "d", level="major", rule="M2")),
    ]
    digest = composed(gathered(*((s, finding(s, c.summary, c), (c,)) for s, c in news)))
    assert [story.finding.headline for story in digest.stories] == ["c", "b", "d", "a"]
    assert counts(digest) == {"critical": 2, "major": 1, "minor": 1}


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        (subscription(), True),
        (subscription(min_significance="major"), False),
        (subscription(categories=("sites",)), True),
        (subscription(categories=("dates",)), False),
        (subscription(rules=("m7", "C1")), True),
        (subscription(rules=("C1",)), False),
        (subscription(sponsors=("alpha",)), True),
        (subscription(sponsors=("Beta",)), False),
    ],
)
def test_filters_go_by_findings(wanted: object, passes: bool) -> None:
    """A story is told where every filter that is set fits it, and else there is no digest."""
    digest = compose(wanted, one_story(), occasion(), sources=())  # type: ignore[arg-type]
    assert (digest is not None) == passes


def test_a_story_that_passed_is_told_whole() -> None:
    """A critical finding brings its minor changes along; only noise is left to the count."""
    state = trial(1)
    members = (
        change(state, "Stopped.", level="critical", rule="C1"),
        change(state, "2 sites added."),
        change(state, "Contacts changed.", level="noise", rule="n2"),
    )
    digest = composed(
        gathered((state, finding(state, "Stopped", *members), members)),
        subscription(min_significance="critical"),
    )
    assert [c.summary for c in digest.stories[0].changes] == ["Stopped.", "2 sites added."]
    assert digest.folded == 1
    assert len(digest.told) == 3


def test_what_no_finding_holds_is_still_told() -> None:
    """A change that no rule made a story of becomes one of its own; noise alone wakes nobody."""
    state = trial(1)
    loose = change(state, "Acronym changed.", rule="m9", category="identification")
    noise = change(state, "Contacts changed.", level="noise", rule="n2")
    digest = composed(FakePending(changes=(loose, noise), trials={state.trial: state}))
    (story,) = digest.stories
    assert story.finding.headline == "Acronym changed."
    assert digest.folded == 1
    assert (
        compose(
            subscription(), FakePending(changes=(noise,), trials={state.trial: state}), occasion(), sources=()
        )
        is None
    )


@pytest.mark.parametrize("origin", ["backfill", "import"])
def test_only_what_a_poll_saw_is_news(origin: str) -> None:
    """Back-filled and imported versions never enter a digest."""
    state = trial(1)
    old = change(state, "Old.", level="critical", rule="C1", origin=origin)  # type: ignore[arg-type]
    pending = gathered((state, finding(state, "Old", old, origin=origin), (old,)))  # type: ignore[arg-type]
    assert compose(subscription(), pending, occasion(), sources=()) is None


@pytest.mark.parametrize(
    ("level", "threshold", "posted_on", "at_once"),
    [
        ("critical", "critical", "2026-11-19", True),
        ("critical", "major", "2026-11-19", True),
        ("major", "critical", "2026-11-19", False),
        ("critical", None, "2026-11-19", False),
        ("critical", "critical", None, True),
        ("critical", "critical", "2026-11-06", True),
        ("critical", "critical", "2026-11-05", False),
        ("critical", "critical", "2026-11", True),
        ("critical", "critical", "2026-10", False),
    ],
)
def test_what_must_not_wait(
    level: Significance, threshold: Significance | None, posted_on: str | None, at_once: bool
) -> None:
    """Findings at the threshold go at once, unless posted over 14 days before first sight (rules, "Gaps")."""
    wanted = subscription(immediate_at=threshold)
    pending = one_story(level, rule="C1", posted_on=posted_on)
    digest = compose(wanted, pending, occasion("immediate"), sources=())
    assert (digest is not None) == at_once


def test_an_immediate_digest_leaves_the_rest_pending() -> None:
    """It settles its own changes only, and tells neither first sights nor quarantines."""
    urgent, calm = trial(1), trial(2)
    stop = change(urgent, "Stopped.", level="critical", rule="C1")
    sites = change(calm, "2 sites added.")
    pending = gathered(
        (urgent, finding(urgent, "Stopped", stop), (stop,)),
        (calm, finding(calm, "Sites", sites), (sites,)),
        baselines=(notice("baseline", "Now watching", number=1, about=calm),),
        notices=(notice("quarantine", "Not believed", number=2), notice("source", "Down", number=3)),
    )
    digest = compose(subscription(immediate_at="critical"), pending, occasion("immediate"), sources=())
    assert digest is not None
    assert digest.told == (stop.id,)
    assert digest.told_notices == (3,)
    assert not digest.baselines


def test_trouble_with_a_source_does_not_wait_where_findings_need_not() -> None:
    """Silence means quiet: a subscription with immediate findings hears at once that nothing can be heard."""
    pending = FakePending(notices=(notice("source", "ClinicalTrials.gov cannot be reached"),))
    assert (
        compose(subscription(immediate_at="critical"), pending, occasion("immediate"), sources=()) is not None
    )
    assert compose(subscription(), pending, occasion("immediate"), sources=()) is None


def test_a_dead_letter_waits_for_the_cadence() -> None:
    """It is no reason for a digest out of turn; an immediate cadence has no other turn."""
    dead = FakePending(notices=(notice("dead_letter", "Delivery dlv_x was given up"),))
    daily = subscription(immediate_at="critical")
    assert compose(daily, dead, occasion("immediate"), sources=()) is None
    assert compose(daily, dead, occasion("scheduled"), sources=()) is not None
    assert compose(subscription(cadence="immediate"), dead, occasion("immediate"), sources=()) is not None


def test_an_immediate_cadence_tells_everything_at_once() -> None:
    """There is no later for it: minor and late findings go out too."""
    digest = compose(
        subscription(cadence="immediate"),
        one_story(posted_on="2026-01-05"),
        occasion("immediate"),
        sources=(),
    )
    assert digest is not None
    assert len(digest.stories) == 1


@pytest.mark.parametrize("kind", ["source", "quarantine", "dead_letter", "channel_disabled", "unknown_trial"])
def test_notices_pass_every_filter(kind: str) -> None:
    """Trouble makes a digest of its own, whatever the subscription leaves out."""
    pending = FakePending(notices=(notice(kind, "Look at this"),))  # type: ignore[arg-type]
    digest = composed(pending, subscription(min_significance="critical", categories=("dates",)))
    assert digest.told_notices == (1,)


def test_a_first_sight_wakes_nobody() -> None:
    """Baselines wait for a digest that has something else to say, and then take one line."""
    first_sight = notice("baseline", "Now watching NCT09000009: 17 fields", number=5)
    assert compose(subscription(), FakePending(baselines=(first_sight,)), occasion(), sources=()) is None
    digest = composed(replace(one_story(), baselines=(first_sight,)))
    assert digest.baselines == (first_sight,)
    assert 5 in digest.told_notices


def test_a_baseline_in_full_is_a_story() -> None:
    """A subscription that asks for it gets every field of a first sight; others only the line."""
    state = trial(1)
    fields = tuple(
        change(state, f"{name} added.", field_name=name, op="added", level="noise", baseline=True)
        for name in ("design.phases", "eligibility.sex")
    )
    pending = FakePending(changes=fields, trials={state.trial: state})
    digest = composed(pending, replace(subscription(), baseline="full"))
    assert [len(story.changes) for story in digest.stories] == [2]
    assert compose(subscription(), pending, occasion(), sources=()) is None


def test_a_heartbeat_says_that_all_is_quiet() -> None:
    """Where asked for, a scheduled digest comes without news; an immediate one never does."""
    quiet = subscription(heartbeat=True)
    digest = composed(FakePending(), quiet)
    assert subject(digest) == "Trialwire: all quiet in 43 trials · akeso · 20 Nov"
    assert compose(quiet, FakePending(), occasion("immediate"), sources=()) is None
    assert compose(quiet, FakePending(), occasion("manual"), sources=()) is None


def test_a_period_that_closed_before_the_subscription_began_has_no_digest() -> None:
    """Not even a heartbeat is sent for a time nobody had subscribed to."""
    early = replace(occasion(), until=SINCE - timedelta(hours=1))
    assert compose(subscription(heartbeat=True), FakePending(), early, sources=()) is None


def test_a_digest_ends_where_its_period_closed() -> None:
    """What is recorded after the period closed belongs to the next one."""
    closed = NOW - timedelta(minutes=5)
    digest = compose(subscription(), one_story(), replace(occasion(), until=closed), sources=(source(),))
    assert digest is not None
    assert (digest.since, digest.until, digest.created_at) == (SINCE, closed, NOW)


def test_ids_are_derived() -> None:
    """Composing again gives the same id; subscription, period, kind and ordinal each give another."""
    assert (
        composed(one_story()).id
        == composed(one_story()).id
        == digest_id("akeso", "2026-11-20", "scheduled", 1)
    )
    ids = {
        digest_id("akeso", "2026-11-20", "scheduled", 1),
        digest_id("other", "2026-11-20", "scheduled", 1),
        digest_id("akeso", "2026-11-21", "scheduled", 1),
        digest_id("akeso", "2026-11-20", "manual", 1),
        digest_id("akeso", "2026-11-20", "scheduled", 2),
    }
    assert len(ids) == 5


def test_the_subject_says_how_many_and_how_bad() -> None:
    """Critical and major findings are counted; minor ones only where nothing is worse."""
    assert subject(sample_digest()) == "Trialwire: 2 critical, 2 major · akeso · 20 Nov"
    assert subject(composed(one_story())) == "Trialwire: 1 minor · akeso · 20 Nov"
    trouble = FakePending(notices=(notice("source", "Down"), notice("quarantine", "No", number=2)))
    assert subject(composed(trouble)) == "Trialwire: 1 source notice, 1 answer in quarantine · akeso · 20 Nov"


def test_the_subjects_day_is_the_readers() -> None:
    """Half past seven in Auckland on the 21st is still the 20th in UTC."""
    digest = composed(one_story(), subscription(cadence="daily 20:30 Pacific/Auckland"))
    assert subject(digest).endswith("20 Nov")
    late = compose(
        subscription(cadence="daily 07:30 Pacific/Auckland"),
        one_story(),
        replace(occasion(), now=NOW + timedelta(hours=11)),
        sources=(),
    )
    assert late is not None
    assert subject(late).endswith("21 Nov")


def test_covered_numbers_span_told_and_folded() -> None:
    """A digest says which running numbers it covers."""
    digest = sample_digest()
    assert digest.covers == (4812, 4821)
    assert digest.folded == 1
