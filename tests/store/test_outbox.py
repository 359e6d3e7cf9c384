"""Claims before sends, T3 after them, and what is done with what is stuck."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.delivery import MAX_ATTEMPTS, Ended, Later, Settlement, Want, settle
from monitor.errors import StoreError
from monitor.store import NoticeDraft, Store
from tests.store.making import DAY, NOW, delivery, digest, outbox

SENT = Settlement("sent", None, "")
LATER = Settlement("pending", NOW + timedelta(minutes=5), "503 busy")
DEAD = Settlement("dead", None, "550 no such user")
MINUTE = timedelta(minutes=1)


def claim_ids(store: Store, at: timedelta = timedelta(), **more: int) -> list[str]:
    """Which deliveries a claim takes."""
    return [one.id for one in store.claim(NOW + at, lease_s=60, limit=more.get("limit", 10))]


def outcomes(store: Store, delivery_id: str = "dlv_1") -> list[str]:
    """How the attempts of a delivery ended."""
    return [attempt.outcome for attempt in store.attempts(delivery_id)]


def test_a_claim_is_on_record_before_anything_is_sent(store: Store) -> None:
    """A claimed delivery is leased with its attempt open, and not claimed again."""
    outbox(store, delivery(1, content=b"frozen \x00 bytes"))
    (claimed,) = store.claim(NOW, lease_s=60, limit=10)
    assert (claimed.state, claimed.attempts, claimed.content) == ("leased", 1, b"frozen \x00 bytes")
    assert claimed.digest == digest().id
    (attempt,) = store.attempts("dlv_1")
    assert (attempt.number, attempt.outcome, attempt.started_at) == (1, "open", NOW)
    assert claim_ids(store) == []


def test_success_is_settled(store: Store) -> None:
    """A sent delivery keeps how it went and is never claimed again."""
    outbox(store, delivery())
    claim_ids(store)
    assert store.settle("dlv_1", 1, SENT, now=NOW + timedelta(seconds=2), status=202, excerpt="thanks")
    assert store.delivery("dlv_1") is not None
    (attempt,) = store.attempts("dlv_1")
    assert (attempt.outcome, attempt.duration_s, attempt.status, attempt.excerpt) == (
        "sent",
        2.0,
        202,
        "thanks",
    )
    assert claim_ids(store, 100 * DAY) == []
    assert store.stats().deliveries == {"sent": 1}


def test_a_failure_waits_for_its_time(store: Store) -> None:
    """A deferred delivery is due at the time it was given, with a new attempt."""
    outbox(store, delivery())
    claim_ids(store)
    assert store.settle("dlv_1", 1, LATER, now=NOW)
    assert claim_ids(store, 4 * MINUTE) == []
    (again,) = store.claim(NOW + 5 * MINUTE, lease_s=60, limit=10)
    assert (again.attempts, again.last_error) == (2, "503 busy")
    assert outcomes(store) == ["later", "open"]


def test_death_is_told_in_the_same_breath(store: Store) -> None:
    """A dead delivery and the notice of it are one transaction."""
    outbox(store, delivery())
    claim_ids(store)
    notice = NoticeDraft("dead_letter", "dlv_1", "not delivered", NOW)
    assert store.settle("dlv_1", 1, DEAD, now=NOW, notices=[notice])
    assert [one.state for one in store.deliveries(states=["dead"])] == ["dead"]
    assert [one.kind for one in store.notices()] == ["dead_letter"]
    assert claim_ids(store, DAY) == []


def test_leases_of_the_dead_are_void(store: Store) -> None:
    """Whoever holds the daemon lock gives what a dead process had taken out again, at once."""
    outbox(store, delivery(1), delivery(2))
    claim_ids(store, limit=1)
    assert store.void_leases(NOW) == 1
    assert outcomes(store) == ["lost"]
    assert claim_ids(store) == ["dlv_1", "dlv_2"]
    assert outcomes(store) == ["lost", "open"]
    assert store.void_leases(NOW) == 2


def test_what_died_with_its_process_is_no_try(store: Store) -> None:
    """However often the process dies while it sends, a message has its ten attempts before it."""
    outbox(store, delivery())
    for _ in range(MAX_ATTEMPTS + 2):
        claim_ids(store)
        store.void_leases(NOW)
    (again,) = store.claim(NOW, lease_s=60, limit=1)
    assert (again.attempts, again.tries) == (MAX_ATTEMPTS + 3, 1)
    assert settle(again, Later("no answer"), now=NOW, jitter=0.0).state == "pending"


def test_what_a_clock_ahead_has_made_goes_out_once_it_is_right(store: Store) -> None:
    """A message made by a clock a day ahead is due now, not tomorrow; tried in vain, it waits its time."""
    outbox(store, delivery(at=NOW + DAY))
    assert store.due_channels(NOW) == ("ci-team",)
    assert claim_ids(store) == ["dlv_1"]
    store.settle("dlv_1", 1, LATER, now=NOW)
    assert claim_ids(store) == []
    assert claim_ids(store, 5 * MINUTE) == ["dlv_1"]


def test_a_lease_that_ran_out_is_taken_over(store: Store) -> None:
    """A sender that hangs keeps nothing for longer than its lease."""
    outbox(store, delivery())
    claim_ids(store)
    assert claim_ids(store, timedelta(seconds=59)) == []
    assert claim_ids(store, timedelta(seconds=60)) == ["dlv_1"]
    assert outcomes(store) == ["lost", "open"]


def test_a_late_failure_changes_nothing(store: Store) -> None:
    """A failure reported after the lease was taken over is noted on its attempt only."""
    outbox(store, delivery())
    claim_ids(store)
    claim_ids(store, MINUTE)
    assert not store.settle("dlv_1", 1, DEAD, now=NOW + MINUTE)
    found = store.delivery("dlv_1")
    assert found is not None
    assert found.state == "leased"
    assert outcomes(store) == ["dead", "open"]


def test_a_late_success_counts(store: Store) -> None:
    """A message that did arrive is sent, and the later attempt cannot undo that."""
    outbox(store, delivery())
    claim_ids(store)
    claim_ids(store, MINUTE)
    assert not store.settle("dlv_1", 1, SENT, now=NOW + MINUTE)
    assert not store.settle("dlv_1", 2, DEAD, now=NOW + MINUTE)
    found = store.delivery("dlv_1")
    assert found is not None
    assert found.state == "sent"


def test_a_disabled_channel_is_left_alone(store: Store) -> None:
    """After a 410 nothing more is claimed for a channel until it is enabled; others go on."""
    outbox(store, delivery(1, channel="gone"), delivery(2, channel="gone"), delivery(3))
    assert store.due_channels(NOW) == ("ci-team", "gone")
    claim_ids(store, limit=1)
    gone = Settlement("dead", None, "410 gone", disable_channel=True)
    assert store.settle("dlv_1", 1, gone, now=NOW)
    assert [(off.name, off.reason) for off in store.disabled_channels()] == [("gone", "410 gone")]
    assert store.due_channels(NOW) == ("ci-team",)
    assert claim_ids(store) == ["dlv_3"]
    assert store.enable_channel("gone")
    assert not store.enable_channel("gone")
    assert claim_ids(store) == ["dlv_2"]


def test_a_channel_can_be_disabled_by_hand(store: Store) -> None:
    """The first reason stays."""
    store.disable_channel("ci-team", "moved", NOW)
    store.disable_channel("ci-team", "again", NOW + DAY)
    (off,) = store.disabled_channels()
    assert (off.reason, off.disabled_at) == ("moved", NOW)


def test_claims_by_channel(store: Store) -> None:
    """A slow channel's claims take nothing from another."""
    outbox(store, delivery(1, channel="slow"), delivery(2, channel="quick"))
    claimed = store.claim(NOW, lease_s=60, limit=10, channels=["quick"])
    assert [one.id for one in claimed] == ["dlv_2"]
    assert store.claim(NOW, lease_s=60, limit=10, channels=[]) == ()


def test_retry_and_drop(store: Store) -> None:
    """Dead, dropped and waiting deliveries can be sent again; sent ones neither again nor dropped."""
    outbox(store, delivery(1), delivery(2), delivery(3))
    claim_ids(store)
    store.settle("dlv_1", 1, SENT, now=NOW)
    store.settle("dlv_2", 1, DEAD, now=NOW)
    store.settle("dlv_3", 1, LATER, now=NOW)
    assert store.drop(["dlv_1", "dlv_3", "dlv_9"]) == ("dlv_3",)
    assert claim_ids(store, DAY) == []
    assert store.retry(["dlv_1", "dlv_2", "dlv_3"], NOW) == ("dlv_2", "dlv_3")
    assert claim_ids(store) == ["dlv_2", "dlv_3"]
    assert store.drop(["dlv_2"]) == ()


def test_the_outbox_by_its_filters(store: Store) -> None:
    """Deliveries are listed newest first, by state, channel and digest."""
    of = outbox(store, delivery(1), delivery(2, channel="hook"))
    assert [one.id for one in store.deliveries()] == ["dlv_2", "dlv_1"]
    assert [one.id for one in store.deliveries(limit=1)] == ["dlv_2"]
    assert [one.id for one in store.deliveries(channel="hook")] == ["dlv_2"]
    assert [one.id for one in store.deliveries(digest=of)] == ["dlv_2", "dlv_1"]
    assert store.deliveries(states=["sent", "dead"]) == ()
    assert store.delivery("dlv_9") is None
    assert store.attempts("dlv_9") == ()


def test_settling_what_was_never_claimed_is_refused(store: Store) -> None:
    """An attempt that does not exist cannot be closed."""
    outbox(store, delivery())
    with pytest.raises(StoreError):
        store.settle("dlv_1", 1, SENT, now=NOW)
    with pytest.raises(StoreError):
        store.settle("dlv_9", 1, SENT, now=NOW)


def test_no_delivery_is_claimed_twice(store: Store) -> None:
    """Four threads that claim at once take every delivery exactly once."""
    outbox(store, *(delivery(number) for number in range(40)))
    taken: list[str] = []

    def work() -> None:
        while claimed := store.claim(NOW, lease_s=60, limit=3):
            taken.extend(one.id for one in claimed)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(f"dlv_{number}" for number in range(40))


def test_whatever_a_target_answers_is_kept(store: Store) -> None:
    """An answer with characters that a database does not take is kept with a mark in their place."""
    outbox(store, delivery())
    claim_ids(store)
    failed = Settlement("dead", None, "said \x00 nothing", disable_channel=True)
    notice = NoticeDraft("dead_letter", "dlv_1", "it said \x00", NOW)
    assert store.settle("dlv_1", 1, failed, now=NOW, excerpt="\x00\x01 binary", notices=[notice])
    (attempt,) = store.attempts("dlv_1")
    assert attempt.excerpt == "\ufffd\x01 binary"
    assert store.notices()[0].message == "it said \ufffd"


def test_sending_again_is_a_new_round(store: Store) -> None:
    """What is retried has the whole schedule before it; the attempts before stay in the log."""
    outbox(store, delivery())
    claim_ids(store)
    store.settle("dlv_1", 1, DEAD, now=NOW)
    assert store.retry(["dlv_1"], NOW) == ("dlv_1",)
    (again,) = store.claim(NOW, lease_s=60, limit=1)
    assert (again.attempts, again.round_from, again.tries) == (2, 1, 1)
    assert outcomes(store) == ["dead", "open"]


def test_many_are_settled_and_claimed_in_one_turn(store: Store) -> None:
    """What ended is written with all that is known of it, and the next ones are claimed with it."""
    outbox(store, *(delivery(number, channel="a" if number % 2 else "b") for number in range(1, 7)))
    first = store.turn([], [Want("a", 2), Want("b", 1)], now=NOW, lease_s=60)
    assert [one.id for one in first] == ["dlv_1", "dlv_2", "dlv_3"]
    ended = [
        Ended("dlv_1", 1, NOW, SENT, 200, "thanks", duration_s=0.25),
        Ended("dlv_2", 1, NOW, LATER, 503, "busy", "answer", 1.5),
        Ended("dlv_9", 1, NOW, SENT),
    ]
    second = store.turn(ended, [Want("b", 5)], now=NOW, lease_s=60, under_way=["dlv_3"])
    assert [one.id for one in second] == ["dlv_4", "dlv_6"]
    (failed,) = store.attempts("dlv_2")
    assert (failed.outcome, failed.status, failed.duration_s) == ("later", 503, 1.5)
    assert (failed.error, failed.error_class, failed.excerpt) == ("503 busy", "answer", "busy")
    states = {one.id: one.state for one in store.deliveries()}
    assert [states[f"dlv_{n}"] for n in range(1, 7)] == [
        "sent",
        "pending",
        "leased",
        "leased",
        "pending",
        "leased",
    ]


def test_our_own_leases_do_not_run_out(store: Store) -> None:
    """A lease that ran out is taken over, unless the process that asks still holds it itself."""
    outbox(store, delivery(1), delivery(2))
    claim_ids(store)
    later = NOW + 2 * MINUTE
    (taken,) = store.turn([], [Want("ci-team", 5)], now=later, lease_s=60, under_way=["dlv_1"])
    assert taken.id == "dlv_2"
    assert outcomes(store, "dlv_2") == ["lost", "open"]
    assert outcomes(store) == ["open"]


def test_serial_takes_one_for_each_recipient(store: Store) -> None:
    """The oldest open message of a recipient goes first, whether it waits for its time or is under way."""
    to_one = [replace(delivery(number), recipient="one@example.org") for number in (1, 2)]
    to_two = [replace(delivery(number), recipient="two@example.org") for number in (3, 4)]
    outbox(store, *to_one, *to_two)
    want = [Want("ci-team", 9, serial=True)]
    assert [one.id for one in store.turn([], want, now=NOW, lease_s=60)] == ["dlv_1", "dlv_3"]
    assert store.turn([], want, now=NOW, lease_s=60) == ()
    ended = [Ended("dlv_1", 1, NOW, LATER), Ended("dlv_3", 1, NOW, DEAD)]
    assert [one.id for one in store.turn(ended, want, now=NOW, lease_s=60)] == ["dlv_4"]


def test_ids_may_be_abbreviated(store: Store) -> None:
    """Two are enough to know that a beginning names more than one."""
    outbox(store, *(delivery(number) for number in (1, 10, 11, 2)))
    assert store.ids_like("dlv_2") == ("dlv_2",)
    assert len(store.ids_like("dlv_1")) == 2
    assert store.ids_like("dlv%") == ()


def test_the_load_of_each_channel(store: Store) -> None:
    """What waits and since when, what was tried in vain, what was said last, what was given up."""
    outbox(store, *(delivery(number, channel="a") for number in (1, 2, 3)), delivery(4, channel="b"))
    assert store.waiting_for("a") == 3
    for item in (
        [Ended("dlv_1", 1, NOW, LATER), Ended("dlv_2", 1, NOW, DEAD)],
        [Ended("dlv_4", 1, NOW, SENT)],
    ):
        store.turn([], [Want("a" if len(item) == 2 else "b", len(item))], now=NOW, lease_s=60)
        store.turn(item, [], now=NOW, lease_s=60)
    (load,) = store.channel_loads()
    assert (load.channel, load.waiting, load.failing, load.stuck, load.dead) == ("a", 2, 1, 0, 1)
    assert (load.oldest_at, load.next_at, load.last_error) == (NOW, NOW, "503 busy")
    assert store.delivery_ids(states=["dead"], channel="a") == ("dlv_2",)
    assert store.delivery_ids(since=NOW + MINUTE) == ()
    assert len(store.deliveries(until=NOW + MINUTE)) == 4
