"""Who has left a channel, and that they get nothing more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.delivery import DeliveryState
from monitor.store import OptOut, Store
from tests.store.making import DAY, NOW, delivery, outbox

ADDRESS = "Bea@Example.com"


def test_who_leaves_is_kept_until_they_come_back(store: Store) -> None:
    """An address is known in whatever case it is written, on its own channel only."""
    assert store.opted_out("ci-team") == frozenset()
    assert store.opt_out("ci-team", ADDRESS, NOW)
    assert store.opted_out("ci-team") == {"bea@example.com"}
    assert store.opted_out("ops") == frozenset()
    assert not store.opt_in("ops", ADDRESS)
    assert store.opt_in("ci-team", ADDRESS.upper())
    assert store.opted_out("ci-team") == frozenset()
    assert not store.opt_in("ci-team", ADDRESS)


def test_leaving_twice_is_leaving_once(store: Store) -> None:
    """Mail programs may send the one click again; the first time stands."""
    assert store.opt_out("ci-team", ADDRESS, NOW)
    assert not store.opt_out("ci-team", ADDRESS.lower(), NOW + DAY)
    assert store.opt_outs("ci-team") == (OptOut("ci-team", "bea@example.com", NOW),)


def test_the_latest_stand_first(store: Store) -> None:
    """The list reads from today backwards."""
    for days, name in enumerate(("a", "b", "c")):
        store.opt_out("ci-team", f"{name}@example.com", NOW + days * DAY)
    assert [one.recipient[0] for one in store.opt_outs("ci-team")] == ["c", "b", "a"]


def test_what_was_waiting_is_given_up(store: Store) -> None:
    """A message that waits for its next attempt does not follow somebody who has left."""
    theirs = replace(delivery(1, at=NOW + timedelta(minutes=5)), recipient=ADDRESS)
    elsewhere = replace(delivery(3, channel="ops"), recipient=ADDRESS)
    outbox(store, theirs, delivery(2), elsewhere)
    store.opt_out("ci-team", ADDRESS, NOW)
    states: dict[str, DeliveryState] = {one.id: one.state for one in store.deliveries()}
    assert states == {"dlv_1": "dropped", "dlv_2": "pending", "dlv_3": "pending"}
    assert {one.id for one in store.claim(NOW + DAY, lease_s=60, limit=9)} == {"dlv_2", "dlv_3"}


def test_what_was_sent_stays_sent(store: Store) -> None:
    """Leaving changes nothing of what the log says was done."""
    outbox(store, replace(delivery(), recipient=ADDRESS, state="sent", next_at=None))
    store.opt_out("ci-team", ADDRESS, NOW)
    assert [one.state for one in store.deliveries()] == ["sent"]


@given(
    steps=st.lists(
        st.tuples(st.sampled_from("+-"), st.sampled_from(["a@x.example", "A@x.example", "b@x.example"]))
    )
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_the_last_word_counts(sqlite_store: Store, steps: list[tuple[str, str]]) -> None:
    """Whatever was done before, an address is out if and only if leaving was its last word."""
    for address in sqlite_store.opted_out("law"):
        sqlite_store.opt_in("law", address)
    last: dict[str, str] = {}
    for sign, address in steps:
        if sign == "+":
            sqlite_store.opt_in("law", address)
        else:
            sqlite_store.opt_out("law", address, NOW)
        last[address.lower()] = sign
    assert sqlite_store.opted_out("law") == {address for address, sign in last.items() if sign == "-"}
