"""Which trials a subscription chooses; pauses; and what moves where there may be news."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.search import Search
from monitor.core.searches import SavedSearch
from monitor.core.subscription import Subscription
from monitor.store import NoticeDraft, Store, TrialFacts
from monitor.store.values import MemberMove
from tests.store.making import DAY, NOW, amended, digest, first, snapshot, subscription, trial

HELD = {
    1: "watched, tagged onc",
    2: "watched, tagged onc, and in the search akeso",
    3: "in the search akeso and the asset veltomab",
    4: "in the asset veltomab, whose watch is tagged asset",
}


def fill(store: Store) -> None:
    """Four trials, held in different ways, each with one change that is news to everybody."""
    store.add_watches([trial(1), trial(2)], tags=["onc"], now=NOW)
    store.put_search(SavedSearch("akeso", "search", "ctgov", search=Search(term="a")), NOW)
    store.put_search(SavedSearch("veltomab", "asset", "ctgov", names=("veltomab",), tags=("asset",)), NOW)
    store.record([first(trial(number)) for number in HELD])
    store.move_members("akeso", [MemberMove(trial(number), "entered") for number in (2, 3)], NOW)
    store.move_members("veltomab", [MemberMove(trial(number), "entered") for number in (3, 4)], NOW)
    store.begin_subscription("morning", NOW)
    store.record(
        [amended(snapshot(who=trial(number)), "B", seq=2, at=NOW + DAY) for number in HELD],
    )


CHOICES = [
    ({}, {1, 2, 3, 4}),
    ({"tags": ("onc",)}, {1, 2}),
    ({"tags": ("onc", "asset")}, {1, 2, 3, 4}),
    ({"tags": ("nosuch",)}, set()),
    ({"searches": ("akeso",)}, {2, 3}),
    ({"searches": ("AKESO", "Veltomab")}, {2, 3, 4}),
    ({"assets": ("veltomab",)}, {3, 4}),
    ({"assets": ("akeso",)}, set()),
    ({"assets": ("VELTOMAB",), "searches": ("akeso",)}, {2, 3, 4}),
    ({"tags": ("onc",), "searches": ("akeso",)}, {2}),
    ({"tags": ("onc",), "assets": ("veltomab",)}, set()),
    ({"tags": ("asset",), "searches": ("akeso",)}, {3}),
    ({"trials": (trial(3).id, trial(4).id)}, {3, 4}),
    ({"trials": (trial(3).id,), "searches": ("akeso",)}, {3}),
    ({"only_notices": True}, set()),
]


def test_each_filter_chooses_its_trials_and_all_must_fit(store: Store) -> None:
    """By tag, search, asset and number; one name of a filter is enough, whichever entry holds the trial."""
    fill(store)
    for filters, expected in CHOICES:
        chosen = replace(subscription(), **filters)  # type: ignore[arg-type]
        pending = store.pending(chosen, NOW + 2 * DAY)
        assert {int(change.trial.id[-1]) for change in pending.changes} == expected, filters
        assert chosen.only_notices or pending.watched == len(expected), filters


def test_who_is_of_another_sponsor_is_neither_watched_nor_unread(store: Store) -> None:
    """Counts and the list of the unread hold only trials that the subscription is about."""
    fill(store)
    facts = TrialFacts("A trial", "Beta Pharma", conditions=("Gastric Cancer",))
    recording = amended(snapshot("B", who=trial(4), seq=2), "C", seq=3, at=NOW + 2 * DAY)
    store.record([replace(recording, facts=facts)])
    for filters, expected in (
        ({"sponsors": ("beta",)}, 1),
        ({"sponsors": ("alpha",)}, 3),
        ({"conditions": ("gastric",)}, 4),
        ({"conditions": ("breast",)}, 3),
        ({"conditions": ("breast",), "sponsors": ("beta",)}, 0),
    ):
        narrow: Subscription = replace(subscription(), **filters)  # type: ignore[arg-type]
        assert store.pending(narrow, NOW + 3 * DAY).watched == expected, filters


def test_a_pause_keeps_its_time_and_takes_a_better_reason(store: Store) -> None:
    """It begins the subscription where nobody has; a second one says why, a resume ends it, each once."""
    assert store.pause_subscription("morning", "", NOW)
    assert not store.pause_subscription("morning", "on leave", NOW + DAY)
    state = store.begin_subscription("morning", NOW + 2 * DAY)
    assert (state.begun_at, state.paused_at, state.paused_why) == (NOW, NOW, "on leave")
    assert store.resume_subscription("morning")
    assert not store.resume_subscription("morning")
    state = store.begin_subscription("morning", NOW + 2 * DAY)
    assert (state.paused_at, state.paused_why) == (None, "")
    assert not store.resume_subscription("nobody")


@pytest.mark.parametrize("what", ["change", "notice", "digest", "hold", "nothing"])
def test_a_mark_moves_with_everything_that_may_be_news(store: Store, what: str) -> None:
    """A change, a notice, a digest or a hold that is let go moves it; looking does not."""
    fill(store)
    store.open_hold("ctgov", "2026-11-21T09:00:05", NOW + DAY)
    hold = store.counting_hold("ctgov")
    assert hold is not None
    assert store.settle_hold(hold.id, "too many", NOW + DAY)
    before = store.news_mark()
    match what:
        case "change":
            store.record([amended(snapshot("B", who=trial(1), seq=2), "C", seq=3, at=NOW + 2 * DAY)])
        case "notice":
            store.add_notices([NoticeDraft("source", "ctgov", "It is down.", NOW)])
        case "digest":
            assert store.enqueue(digest(), [], told=())
        case "hold":
            store.decide_hold(hold.id, "released", NOW + 2 * DAY)
        case "nothing":
            store.pending(subscription(), NOW + 3 * DAY)
    assert (store.news_mark() == before) is (what == "nothing")
