"""The past of trials in the store, on both engines: whose is wanted, how far it is, whose number is which."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.backfill import Backfill
from monitor.core.past import ReviewComment
from monitor.core.watching import SourceHealth
from monitor.store import ChangeQuery, NoticeDraft, Store
from tests.store.making import DAY, NOW, history, trial


def watched(store: Store, *numbers: int) -> None:
    """Watch trials and read them once."""
    store.add_watches([trial(number) for number in numbers], now=NOW)
    for number in numbers:
        history(store, "A", trial(number))


def test_new_watches_are_wanted_up_to_a_number(store: Store) -> None:
    """Those that were read, in their order, each once; what is asked for counts for nobody else."""
    watched(store, 1, 2, 3)
    store.add_watches([trial(4)], now=NOW)
    history(store, "A", trial(5))
    store.ask_backfills([trial(3)], most=None)
    assert store.enlist_backfills("ctgov", trials=1, most=50) == 1
    assert store.enlist_backfills("ctgov", trials=1, most=50) == 0
    assert store.enlist_backfills("elsewhere", trials=None, most=None) == 0
    assert store.enlist_backfills("ctgov", trials=None, most=None) == 1
    found = store.backfills()
    assert {one.id: (item.asked, item.most) for one, item in found.items()} == {
        trial(1).id: (False, 50),
        trial(2).id: (False, None),
        trial(3).id: (True, None),
    }
    assert store.backfill_counts() == {"waiting": 3}
    assert set(store.backfills([trial(1), trial(4)])) == {trial(1)}


def test_what_was_asked_for_goes_first_and_what_failed_waits(store: Store) -> None:
    """Due are those without a time or past it; those that failed less come before the others."""
    watched(store, 1, 2, 3)
    store.enlist_backfills("ctgov", trials=None, most=50)
    store.ask_backfills([trial(3)], most=2)
    first = store.next_backfill("ctgov", NOW)
    assert first == Backfill(trial=trial(3), state="waiting", asked=True, most=2)
    done = replace(first, state="done", held=2, total=5, changes=7, done_at=NOW)
    store.put_backfill(done)
    assert store.backfills()[trial(3)] == done
    assert done.is_capped
    assert store.next_backfill("ctgov", NOW, asked=True) is None
    late = Backfill(
        trial=trial(1), state="waiting", attempts=2, next_at=NOW + DAY, error="no\0 sense", next_version=4
    )
    store.put_backfill(late)
    assert store.backfills()[trial(1)].error == "no\ufffd sense"
    second = store.next_backfill("ctgov", NOW)
    assert second is not None
    assert second.trial == trial(2)
    store.put_backfill(replace(second, state="done"))
    assert store.next_backfill("ctgov", NOW) is None
    assert store.next_backfill("ctgov", NOW + DAY) is not None
    store.ask_backfills([trial(1)], most=None)
    again = store.backfills()[trial(1)]
    assert (again.attempts, again.next_at, again.asked) == (0, None, True)


def test_numbers_are_given_to_versions_and_their_changes(store: Store) -> None:
    """Snapshots and the changes between them get the registry's numbers; what has one keeps it."""
    store.add_watches([trial()], now=NOW)
    history(store, "ABC")
    store.number_versions(trial(), {1: 4, 2: 5})
    store.number_versions(trial(), {2: 9, 3: 6})
    assert [one.version for one in store.snapshots(trial())] == [4, 5, 6]
    places = [(c.stamp.version_from, c.stamp.version_to) for c in store.changes(ChangeQuery())]
    assert places == [(5, 6), (4, 5)]
    store.number_versions(trial(9), {1: 1})
    assert store.integrity_check() == ()


def test_what_reviewers_said_is_kept_once(store: Store) -> None:
    """By version, in its order, each reason with its place."""
    watched(store, 1)
    said = (ReviewComment("protocolSection.outcomesModule", ("Too short.", "See\0 above.")),)
    store.add_version_notes(trial(1), 2, said)
    store.add_version_notes(trial(1), 2, said)
    store.add_version_notes(trial(1), 3, ())
    assert store.version_notes(trial(1)) == {
        2: (
            ReviewComment("protocolSection.outcomesModule", ("Too short.",)),
            ReviewComment("protocolSection.outcomesModule", ("See\ufffd above.",)),
        )
    }
    assert store.version_notes(trial(2)) == {}


def test_how_the_history_fares_is_kept_with_its_notice(store: Store) -> None:
    """One row a registry, apart from how the registry itself is doing."""
    assert store.history_sources() == ()
    ill = SourceHealth("ctgov", "BLOCKED", NOW, "status 403", None, None, NOW, None, NOW + DAY)
    store.put_history_source(ill, 3, notices=[NoticeDraft("source", "ctgov history", "It refuses us.", NOW)])
    assert store.history_sources() == ((ill, 3),)
    assert [notice.message for notice in store.notices()] == ["It refuses us."]
    assert store.sources() == ()
    well = replace(ill, state="OK", reason="", last_success_at=NOW, not_before=None)
    store.put_history_source(well, 0)
    assert store.history_sources() == ((well, 0),)
