"""What a subscription may be told, and that it is told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from monitor.core.watching import SourceHealth
from monitor.errors import StoreError
from monitor.store import ChangeQuery, NoticeDraft, Pending, Store
from tests.store.making import (
    DATA_VERSION,
    DAY,
    NOW,
    amended,
    delivery,
    digest,
    first,
    history,
    snapshot,
    subscription,
    trial,
)

LATER = NOW + 30 * DAY


def fields(pending: Pending) -> list[tuple[str, int | None]]:
    """Which changes are pending: trial and version."""
    return [(change.trial.id[-1], change.stamp.snapshot_to) for change in pending.changes]


@pytest.fixture
def watched(store: Store) -> Store:
    """Two watched trials, read once; the subscription has begun."""
    store.add_watches([trial(1)], tags=["akeso"], now=NOW)
    store.add_watches([trial(2)], now=NOW)
    store.record([first(trial(1)), first(trial(2))])
    store.begin_subscription("morning", NOW)
    return store


def amend(store: Store, number: int, letter: str, seq: int, at: datetime = NOW + DAY) -> None:
    """Amend a trial once."""
    store.record([amended(snapshot(who=trial(number), seq=seq - 1), letter, seq=seq, at=at)])


def test_a_subscription_begins_once(store: Store) -> None:
    """The first sight of a subscription is when it began, however often it is seen."""
    assert store.subscription("morning") is None
    assert store.begin_subscription("morning", NOW).begun_at == NOW
    assert store.begin_subscription("morning", NOW + DAY).begun_at == NOW


def test_earlier_changes_belong_to_no_digest(store: Store) -> None:
    """What was recorded before a subscription began is not pending for it, whatever the clock says."""
    store.add_watches([trial()], now=NOW)
    history(store, "AB", start=LATER)
    store.begin_subscription("morning", NOW)
    assert fields(store.pending(subscription(), LATER + 9 * DAY)) == []
    amend(store, 1, "C", 3)
    assert fields(store.pending(subscription(), LATER)) == [("1", 3)]


def test_nothing_is_pending_before_it_began(store: Store) -> None:
    """A subscription nobody has begun is told nothing, and looking does not begin it."""
    store.add_watches([trial()], now=NOW)
    history(store, "AB")
    assert fields(store.pending(subscription(), LATER)) == []
    assert store.subscription("morning") is None


def test_only_polls_are_news(watched: Store) -> None:
    """Imported and back-filled changes are never pending."""
    made = amended(snapshot(), "B", seq=2, at=NOW + DAY, origin="import")
    watched.record([made])
    assert fields(watched.pending(subscription(), LATER)) == []


def test_pending_tells_everything_a_digest_needs(watched: Store) -> None:
    """Changes come with their findings, the trials they are about, and what could not be read."""
    health = SourceHealth("ctgov", "OK", NOW, "", "2026-11-21T09:00:05", None, NOW, NOW)
    watched.put_source(health)
    amend(watched, 1, "B", 2)
    pending = watched.pending(subscription(), LATER)
    assert fields(pending) == [("1", 2)]
    assert [finding.changes for finding in pending.findings] == [(pending.changes[0].id,)]
    assert set(pending.trials) == {trial(1)}
    assert pending.trials[trial(1)].overall_status == "B"
    assert [state.trial for state in pending.unread] == [trial(2)]
    assert pending.watched == 2


def test_changes_seen_later_wait(watched: Store) -> None:
    """What was observed after the period closed belongs to the next digest."""
    amend(watched, 1, "B", 2, at=NOW + DAY)
    assert fields(watched.pending(subscription(), NOW)) == []
    assert fields(watched.pending(subscription(), NOW + DAY)) == [("1", 2)]


def test_tags_and_trials_narrow(watched: Store) -> None:
    """A subscription by tag or by number is told of those trials only."""
    amend(watched, 1, "B", 2)
    amend(watched, 2, "B", 2)
    by_tag = watched.pending(subscription(tags=("akeso",)), LATER)
    assert (fields(by_tag), by_tag.watched) == ([("1", 2)], 1)
    assert fields(watched.pending(subscription(trials=("NCT09000002",)), LATER)) == [("2", 2)]
    assert fields(watched.pending(subscription(tags=("none",)), LATER)) == []


def test_a_tag_brings_no_old_news(watched: Store) -> None:
    """A trial that gets a subscription's tag today is told of from today on."""
    amend(watched, 2, "B", 2)
    watched.add_watches([trial(2)], tags=["akeso"], now=NOW + DAY)
    assert fields(watched.pending(subscription(tags=("akeso",)), LATER)) == []
    amend(watched, 2, "C", 3)
    assert fields(watched.pending(subscription(tags=("akeso",)), LATER)) == [("2", 3)]


def test_watching_brings_no_old_news(watched: Store) -> None:
    """A trial taken off the list and put on again brings nothing from before."""
    amend(watched, 1, "B", 2)
    watched.remove_watches([trial(1)])
    assert fields(watched.pending(subscription(), LATER)) == []
    watched.add_watches([trial(1)], now=NOW + DAY)
    assert fields(watched.pending(subscription(), LATER)) == []


def test_a_preview_looks_back(watched: Store) -> None:
    """With a date, everything observed since is shown, told or not, and to whom it has not begun."""
    amend(watched, 1, "B", 2)
    told = [change.id for change in watched.changes(ChangeQuery())]
    assert watched.enqueue(digest(told), [], told=told)
    assert fields(watched.pending(subscription(), LATER, since=NOW)) == [("1", 2)]
    assert fields(watched.pending(subscription("new"), LATER, since=NOW)) == [("1", 2)]
    assert fields(watched.pending(subscription("new"), LATER, since=NOW + 2 * DAY)) == []


def test_a_change_is_told_once_for_each_subscription(watched: Store) -> None:
    """A digest settles its changes for its own subscription only."""
    watched.begin_subscription("evening", NOW)
    amend(watched, 1, "B", 2)
    told = [change.id for change in watched.pending(subscription(), LATER).changes]
    assert watched.enqueue(digest(told), [delivery()], told=told)
    assert watched.pending(subscription(), LATER).changes == ()
    assert [change.id for change in watched.pending(subscription("evening"), LATER).changes] == told
    assert [change.id for change in watched.digest_changes(digest().id)] == told


def test_a_digest_is_enqueued_once(watched: Store) -> None:
    """The same digest a second time is refused and leaves nothing, whoever composed it."""
    amend(watched, 1, "B", 2)
    told = [change.id for change in watched.changes(ChangeQuery())]
    assert watched.enqueue(digest(told), [delivery(1, of=digest().id)], told=told)
    assert not watched.enqueue(digest(told), [delivery(2, of=digest().id)], told=told)
    assert [item.id for item in watched.deliveries()] == ["dlv_1"]


def test_no_change_is_in_two_digests(watched: Store) -> None:
    """Another digest of the subscription with one of the same changes is refused whole."""
    amend(watched, 1, "B", 2)
    amend(watched, 2, "B", 2)
    one, two = [change.id for change in watched.changes(ChangeQuery())]
    assert watched.enqueue(digest([one]), [], told=[one])
    other = digest([one, two], kind="immediate", sequence=2)
    assert not watched.enqueue(other, [delivery(of=other.id)], told=[one, two])
    assert watched.deliveries() == ()
    assert [change.id for change in watched.pending(subscription(), LATER).changes] == [two]


def test_t2_is_all_or_nothing(watched: Store) -> None:
    """A delivery the database refuses takes the digest and its changes back."""
    amend(watched, 1, "B", 2)
    told = [change.id for change in watched.changes(ChangeQuery())]
    twins = [delivery(1, of=digest().id), delivery(1, of=digest().id)]
    with pytest.raises(StoreError):
        watched.enqueue(digest(told), twins, told=told)
    assert watched.digests() == ()
    assert len(watched.pending(subscription(), LATER).changes) == 1


def test_what_commits_late_is_told_all_the_same(watched: Store) -> None:
    """A change with a lower number than one already told is still pending: there is no cursor."""
    amend(watched, 1, "B", 2)
    amend(watched, 2, "B", 2)
    first_, second = watched.pending(subscription(), LATER).changes
    assert watched.enqueue(digest([second.id]), [], told=[second.id])
    assert watched.pending(subscription(), LATER).changes == (first_,)


def test_notices_are_told_once(watched: Store) -> None:
    """Trouble passes every filter, once for each subscription; the same notice twice is one."""
    trouble = NoticeDraft("source", "ctgov", "ClinicalTrials.gov is down", NOW + DAY)
    watched.add_notices([trouble, trouble])
    watched.add_notices([trouble])
    by_tag = subscription(tags=("akeso",))
    (notice,) = watched.pending(by_tag, LATER).notices
    assert (notice.kind, notice.message, notice.at) == ("source", "ClinicalTrials.gov is down", NOW + DAY)
    assert watched.enqueue(digest(), [], told=[], told_notices=[notice.id])
    assert watched.pending(by_tag, LATER).notices == ()
    assert not watched.enqueue(digest(sequence=2, ordinal=2), [], told=[], told_notices=[notice.id])


def test_baselines_go_by_tag(watched: Store) -> None:
    """A first sight is told to the subscriptions that cover the trial."""
    notes = [
        NoticeDraft("baseline", str(trial(number)), "now watching", NOW + DAY, trial(number))
        for number in (1, 2)
    ]
    watched.add_notices(notes)
    pending = watched.pending(subscription(tags=("akeso",)), LATER)
    assert [notice.trial for notice in pending.baselines] == [trial(1)]
    assert (pending.notices, set(pending.trials)) == ((), {trial(1)})


def test_notices_before_it_began_are_not_told(store: Store) -> None:
    """Trouble from before a subscription began is none of its business."""
    store.add_notices([NoticeDraft("source", "ctgov", "down", NOW)])
    store.begin_subscription("morning", NOW)
    assert store.pending(subscription(), LATER).notices == ()
    assert [notice.message for notice in store.notices()] == ["down"]


def test_digests_are_counted(store: Store) -> None:
    """Sequence and ordinals run on from what is stored, and the latest digest is found by kind."""
    assert (store.next_sequence("morning"), store.last_digest("morning")) == (1, None)
    assert store.next_ordinal("morning", "immediate", "2026-11-21") == 1
    assert store.enqueue(digest(), [delivery(of=digest().id)], told=())
    immediate = digest(kind="immediate", sequence=2)
    assert store.enqueue(immediate, [], told=())
    assert store.next_sequence("morning") == 3
    assert store.next_ordinal("morning", "immediate", "2026-11-21") == 2
    assert store.next_sequence("evening") == 1
    latest, scheduled = store.digests(subscription="morning")
    assert store.last_digest("morning") == latest
    assert store.last_digest("morning", "scheduled") == scheduled == store.digest(digest().id)
    assert (scheduled.deliveries, scheduled.changes, scheduled.until) == (1, 0, NOW + DAY)
    assert store.digests(limit=1) == (latest,)
    assert store.digest("dig_none") is None


def test_two_digests_cannot_share_a_number(store: Store) -> None:
    """A digest composed beside another with the same sequence is refused."""
    assert store.enqueue(digest(), [], told=())
    assert not store.enqueue(digest(period="2026-11-22"), [], told=())


def test_unread_needs_a_source(watched: Store) -> None:
    """Before a registry was ever probed nothing counts as unread; what was read at its version does not."""
    assert watched.pending(subscription(), LATER).unread == ()
    watched.put_source(SourceHealth("ctgov", "OK", NOW, "", DATA_VERSION, None, NOW, NOW))
    assert watched.pending(subscription(), LATER).unread == ()
    watched.record([replace(first(trial(1)), checked_data_version="other", snapshot=None, body=None)])
    assert [state.trial for state in watched.pending(subscription(), LATER).unread] == [trial(1)]
