"""The watch list and what is known of trials."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.core.watching import SourceHealth
from monitor.store import Recording, Store
from monitor.store.engine import CHUNK
from tests.store.making import DATA_VERSION, DAY, NOW, first, history, subscription, trial


def test_what_is_added_is_watched(store: Store) -> None:
    """Adding trials tells which are new, and lists them in the order they were added."""
    assert store.add_watches([trial(2), trial(1), trial(2)], tags=["b", "a"], note="why", now=NOW) == (
        trial(2),
        trial(1),
    )
    watches = tuple(store.watches())
    assert len(watches) == store.watch_count()
    assert [watch.trial for watch in watches] == [trial(2), trial(1)]
    assert watches[0].tags == ("a", "b")
    assert (watches[0].note, watches[0].added_at, watches[0].state.presence) == ("why", NOW, "unseen")


def test_adding_again_merges(store: Store) -> None:
    """A watch that exists gains tags and a new note, and keeps what it had."""
    store.add_watches([trial()], tags=["a"], note="why", now=NOW)
    assert store.add_watches([trial()], tags=["b"], now=NOW + DAY) == ()
    watch = store.watch(trial())
    assert watch is not None
    assert (watch.tags, watch.note, watch.added_at) == (("a", "b"), "why", NOW)


def test_removing_keeps_history(store: Store) -> None:
    """A trial watched no longer is off the list; its snapshots stay."""
    store.add_watches([trial()], tags=["a"], now=NOW)
    history(store, "AB")
    assert store.remove_watches([trial(), trial(2)]) == (trial(),)
    assert tuple(store.watches()) == ()
    assert store.watch(trial()) is None
    assert len(store.snapshots(trial())) == 2


def test_the_list_by_tag(store: Store) -> None:
    """Only watches with the tag are listed, each with all its tags."""
    store.add_watches([trial(1)], tags=["a", "b"], now=NOW)
    store.add_watches([trial(2)], tags=["b"], now=NOW)
    store.add_watches([trial(3)], now=NOW)
    assert [watch.trial for watch in store.watches(tags=["b"])] == [trial(1), trial(2)]
    assert [watch.tags for watch in store.watches(tags=["a"])] == [("a", "b")]
    assert tuple(store.watches(tags=["c"])) == ()
    assert [watch.trial for watch in store.watches(tags=["a", "b"])] == [trial(1), trial(2)]
    assert (store.watch_count(), store.watch_count(tag="b"), store.watch_count(tag="c")) == (3, 2, 0)


def test_a_long_list_comes_in_pages(store: Store) -> None:
    """A list longer than a page is listed whole, in its order, each entry once with its tags."""
    everyone = [trial(number) for number in range(2 * CHUNK + 1, 0, -1)]
    store.add_watches(everyone, tags=["a"], now=NOW)
    assert [(watch.trial, watch.tags) for watch in store.watches()] == [(one, ("a",)) for one in everyone]


def test_the_overview_counts(store: Store) -> None:
    """Watched trials are counted by how they stand; some of the unread and of the unknown are named."""
    store.add_watches([trial(1), trial(2), trial(3)], now=NOW)
    store.record([first(trial(1)), first(trial(4))])
    store.record([Recording(trial=trial(3), checked_at=NOW, presence="unknown")])
    found = store.overview()
    assert found.presences == {"present": 1, "unseen": 1, "unknown": 1}
    assert (found.watched, found.unread) == (3, 1)
    assert (found.some_unread, found.some_unknown) == ((trial(2),), (trial(3),))
    store.put_source(SourceHealth("ctgov", "OK", NOW, "", "2026-12-01T09:00:05", None, NOW, NOW))
    assert store.overview().unread == 2
    store.remove_watches([trial(1), trial(2), trial(3)])
    assert (store.overview().watched, store.overview().unread) == (0, 0)


def test_unread_is_kept_per_trial(store: Store) -> None:
    """A trial is unread until it was read at the data version, and again at the next one."""
    store.add_watches([trial(1), trial(2)], now=NOW)
    assert store.unread("ctgov", DATA_VERSION) == (trial(1), trial(2))
    store.record([first(trial(1))])
    assert store.unread("ctgov", DATA_VERSION) == (trial(2),)
    assert set(store.unread("ctgov", "2026-11-21T09:00:05")) == {trial(1), trial(2)}
    assert store.unread("isrctn", DATA_VERSION) == ()


def test_a_trial_added_later_is_known_without_the_list(store: Store) -> None:
    """Only what was added after the time, for that registry, and was not read yet, wants a poll."""
    assert not store.has_unseen("ctgov", added_after=NOW - timedelta(hours=1))
    store.add_watches([trial(1)], now=NOW)
    assert store.has_unseen("ctgov", added_after=NOW - timedelta(seconds=1))
    assert not store.has_unseen("ctgov", added_after=NOW)
    assert not store.has_unseen("isrctn", added_after=NOW - timedelta(seconds=1))
    store.record([first(trial(1))])
    assert not store.has_unseen("ctgov", added_after=NOW - timedelta(seconds=1))
    store.add_watches([trial(2)], now=NOW)
    store.remove_watches([trial(2)])
    assert not store.has_unseen("ctgov", added_after=NOW - timedelta(seconds=1))


def test_what_was_not_read_stays_unread(store: Store) -> None:
    """A recording without a data version keeps the old one: the trial is asked for again."""
    store.add_watches([trial()], now=NOW)
    store.record([Recording(trial=trial(), checked_at=NOW)])
    assert store.unread("ctgov", DATA_VERSION) == (trial(),)


def test_gone_is_asked_again_and_renamed_is_not(store: Store) -> None:
    """Gone trials may come back; renamed ones and those that never existed are asked for no more."""
    trials = [trial(number) for number in range(1, 4)]
    store.add_watches(trials, now=NOW)
    store.record(
        [
            replace(first(trials[0]), presence="gone", absent_since="2026-11-19"),
            replace(first(trials[1]), presence="renamed"),
            Recording(trial=trials[2], checked_at=NOW, presence="unknown"),
        ]
    )
    assert store.unread("ctgov", "later") == (trials[0],)


def test_an_unknown_number_added_again_is_asked_again(store: Store) -> None:
    """Adding a number that never existed makes it unseen: perhaps it exists by now."""
    store.add_watches([trial()], now=NOW)
    store.record([Recording(trial=trial(), checked_at=NOW, presence="unknown", checked_data_version="v")])
    assert store.unread("ctgov", "v2") == ()
    store.add_watches([trial()], now=NOW + DAY)
    assert store.unread("ctgov", "v") == (trial(),)


def test_a_watch_follows_its_trial(store: Store) -> None:
    """The number a trial was merged into is watched from then on, with the same tags."""
    store.add_watches([trial(1)], tags=["a", "b"], now=NOW)
    store.record([replace(first(trial(1)), presence="renamed", renamed_to=trial(2))])
    old, new = store.watches()
    assert old.state.renamed_to == trial(2)
    assert (new.trial, new.tags, new.state.presence) == (trial(2), ("a", "b"), "unseen")
    assert store.unread("ctgov", "v") == (trial(2),)


def test_an_unwatched_trial_renamed_is_not_watched(store: Store) -> None:
    """A rename adds nothing to the watch list where nobody watched."""
    store.record([replace(first(trial(1)), presence="renamed", renamed_to=trial(2))])
    assert tuple(store.watches()) == ()


def test_known_trials_are_read_in_pages(store: Store) -> None:
    """More trials than one page holds all come, once each, in order of first sight."""
    many = [trial(number) for number in range(1203)]
    store.add_watches(many, now=NOW)
    assert [state.trial for state in store.trials()] == many


def test_an_unknown_trial_is_none(store: Store) -> None:
    """Nothing is known of a trial nobody named."""
    assert store.trial(trial()) is None
    assert store.latest([trial()]) == {}


def test_everything_held_is_watched_at_once(store: Store) -> None:
    """All trials of a registry are in one watch, the list keeps its entries, what came before is no news."""
    store.begin_subscription("all", NOW)
    store.add_watches([trial(2)], tags=["akeso"], note="mine", now=NOW)
    history(store, "AB", trial(1))
    store.record([first(trial(2)), first(trial(3))])
    store.record([Recording(trial=trial(4), checked_at=NOW, presence="unknown")])
    assert store.watch_everything("ctgov", tags=["all"], now=NOW + DAY) == 3
    assert [(str(one.trial), one.tags) for one in store.watches()] == [("NCT09000002", ("akeso",))]
    (whole,) = store.searches()
    assert (whole.name, whole.kind, whole.tags, whole.members) == ("all of ctgov", "all", ("all",), 3)
    assert store.followed_count("ctgov") == 3
    assert store.pending(subscription("all"), NOW + 9 * DAY).changes == ()
    assert store.watch_everything("ctgov", tags=["all"], now=NOW + DAY) == 0
    assert store.watch_everything("other", now=NOW) == 0
    assert list(store.damage()) == []
