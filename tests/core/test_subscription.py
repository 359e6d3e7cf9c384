"""What a subscription is about: sponsor and condition, and what is not known yet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.digest import compose
from monitor.core.watching import NoticeKind
from tests.support.digests import (
    FakePending,
    change,
    composed,
    finding,
    gathered,
    notice,
    occasion,
    subscription,
    trial,
)


@pytest.mark.parametrize(
    ("sponsors", "conditions", "about"),
    [
        ((), (), True),
        (("alpha",), (), True),
        (("ALPHA", "Beta"), (), True),
        (("Beta",), (), False),
        ((), ("gastric",), True),
        ((), ("HER2",), True),
        ((), ("breast", "Gastric Cancer"), True),
        ((), ("breast",), False),
        (("alpha",), ("breast",), False),
        (("Beta",), ("gastric",), False),
        (("alpha",), ("gastric",), True),
    ],
)
def test_sponsor_and_condition_must_fit(
    sponsors: tuple[str, ...], conditions: tuple[str, ...], about: bool
) -> None:
    """Part of one name is enough, whatever the case; both filters must fit where both are set."""
    state = replace(trial(1, sponsor="Alpha Bio"), conditions=("Gastric Cancer", "her2-positive"))
    to = replace(subscription(), sponsors=sponsors, conditions=conditions)
    assert to.is_about(state) is about
    news = change(state, "2 sites added.")
    pending = gathered((state, finding(state, "Sites", news), (news,)))
    assert (compose(to, pending, occasion(), sources=()) is not None) is about


def test_a_trial_whose_conditions_are_not_known_passes() -> None:
    """Better told for nothing than missed; who has no sponsor is nobody's."""
    unknown = replace(trial(1), conditions=(), sponsor=None)
    assert replace(subscription(), conditions=("breast",)).is_about(unknown)
    assert not replace(subscription(), sponsors=("Alpha",)).is_about(unknown)


def test_what_is_of_others_is_settled_and_not_counted() -> None:
    """Changes and first sights of trials it is not about are neither told nor said to be left out."""
    mine, other = trial(1, sponsor="Alpha Bio"), trial(2, sponsor="Beta Pharma")
    news = change(mine, "2 sites added.", number=1)
    noise = change(mine, "Contacts changed.", level="noise", rule="n2", number=2)
    others = change(other, "Stopped.", level="critical", rule="C1", number=3)
    sights = tuple(
        notice("baseline", "Now watching", number=number, about=about)
        for number, about in enumerate((mine, other), start=1)
    )
    pending = gathered(
        (mine, finding(mine, "Sites", news, noise), (news, noise)),
        (other, finding(other, "Stopped", others), (others,)),
        baselines=sights,
    )
    made = composed(pending, replace(subscription(), sponsors=("Alpha",)))
    assert [story.trial.trial for story in made.stories] == [mine.trial]
    assert (made.folded, made.baselines) == (1, sights[:1])
    assert set(made.told) == {news.id, noise.id, others.id}
    assert made.told_notices == (1, 2)


def test_trouble_passes_every_filter_also_where_nothing_else_is_wanted() -> None:
    """Alerts are told of any notice, and of nothing else that is pending."""
    alerts = replace(subscription("alerts", cadence="immediate"), tags=(), only_notices=True)
    kinds: tuple[NoticeKind, ...] = (
        "dead_letter",
        "channel_disabled",
        "source",
        "quarantine",
        "database",
        "hold",
        "schema",
    )
    trouble = tuple(notice(kind, f"{kind} happened", number=n) for n, kind in enumerate(kinds, start=1))
    made = compose(alerts, FakePending(notices=trouble), occasion("immediate"), sources=())
    assert made is not None
    assert made.notices == trouble
    assert compose(alerts, FakePending(), occasion("immediate"), sources=()) is None
