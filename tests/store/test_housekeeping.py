"""Sources, requests, quarantine, notices and statistics."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.watching import SourceHealth
from monitor.store import Doubt, NoticeDraft, Recording, Store
from tests.store.conftest import Place
from tests.store.making import DAY, NOW, delivery, first, history, outbox, trial

HEALTH = SourceHealth("ctgov", "DOWN", NOW, "no answer", "2026-11-20T09:00:05", '"tag"', NOW, None, NOW + DAY)


def test_a_source_is_kept_as_it_is(store: Store) -> None:
    """How a registry is doing comes back as it was put, and is replaced by the next."""
    assert store.source("ctgov") is None
    store.put_source(HEALTH)
    assert store.source("ctgov") == HEALTH
    better = replace(HEALTH, state="OK", not_before=None, last_success_at=NOW)
    store.put_source(better)
    store.put_source(replace(HEALTH, registry="ansm"))
    assert [source.registry for source in store.sources()] == ["ansm", "ctgov"]
    assert store.source("ctgov") == better


def test_trouble_is_noted_with_the_state(store: Store) -> None:
    """A source's new state and the notice of it are one transaction."""
    store.put_source(HEALTH, notices=[NoticeDraft("source", "ctgov", "down", NOW)])
    assert [(notice.kind, notice.message) for notice in store.notices()] == [("source", "down")]


def test_notices_newest_first(store: Store) -> None:
    """Notices are listed newest first, with the trial they are about."""
    store.add_notices([NoticeDraft("source", "ctgov", "down", NOW)])
    store.add_notices([NoticeDraft("unknown_trial", "NCT09000001", "no such trial", NOW, trial())])
    assert [notice.trial for notice in store.notices()] == [trial(), None]


def test_a_request_is_answered_once(store: Store) -> None:
    """A request is open until it is answered, and keeps its first answer."""
    number = store.ask("deliveries.retry", ["dlv_1", "--all"], NOW)
    other = store.ask("poll", [], NOW)
    assert [request.id for request in store.open_requests()] == [number, other]
    assert store.answer(number, "done", "1 sent", NOW + DAY)
    assert not store.answer(number, "failed", "late", NOW + DAY)
    answered = store.request(number)
    assert answered is not None
    assert (answered.kind, answered.args) == ("deliveries.retry", ("dlv_1", "--all"))
    assert (answered.state, answered.result, answered.created_at) == ("done", "1 sent", NOW)
    assert [request.id for request in store.open_requests()] == [other]
    assert store.request(99) is None


def test_a_quarantined_answer_is_settled_once(store: Store) -> None:
    """An operator accepts or drops what is held; what is settled stays so."""
    store.record([Recording(trial=trial(), checked_at=NOW, doubt=Doubt("odd", "f" * 64, b"x"))])
    (held,) = store.quarantined()
    assert store.settle_quarantine(held.id, "dropped")
    assert not store.settle_quarantine(held.id, "accepted")
    assert store.quarantined() == ()
    assert [item.id for item in store.quarantined(state="dropped")] == [held.id]
    assert store.quarantine_item(99) is None


def test_statistics_count(store: Store) -> None:
    """The statistics say how much is held of what, and on which engine."""
    store.add_watches([trial(1), trial(2)], now=NOW)
    history(store, "AB")
    store.record([Recording(trial=trial(2), checked_at=NOW, doubt=Doubt("odd", "f" * 64, b"x"))])
    store.ask("poll", [], NOW)
    outbox(store, delivery())
    stats = store.stats()
    assert (stats.rows["snapshot"], stats.rows["change"], stats.rows["trial"]) == (2, 1, 2)
    assert stats.presences == {"present": 1, "unseen": 1}
    assert (stats.deliveries, stats.quarantined, stats.open_requests) == ({"pending": 1}, 1, 1)
    assert stats.body_bytes > 0
    assert stats.engine.split()[0] in ("sqlite", "postgresql")
    assert (stats.file_bytes is None) == stats.engine.startswith("postgresql")


def test_a_sound_database_has_nothing_to_tell(store: Store) -> None:
    """Nothing is wrong with a database that was only ever written by its verbs."""
    history(store, "AB")
    assert store.integrity_check() == ()


def test_a_broken_reference_is_told(sqlite_place: Place) -> None:
    """A row that refers to a missing one is named with its table."""
    import sqlite3

    with sqlite_place.open() as store:
        store.record([first()])
    connection = sqlite3.connect(sqlite_place.state_dir / "trialwire.db")
    connection.execute("DELETE FROM body")
    connection.commit()
    connection.close()
    with sqlite_place.open(read_only=True) as store:
        assert store.integrity_check() == ("snapshot row 1 refers to a missing row of body",)
