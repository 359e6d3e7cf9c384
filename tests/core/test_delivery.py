"""What follows an attempt: sent, later, dead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.delivery import (
    MAX_ATTEMPTS,
    RETRY_SCHEDULE_S,
    Delivery,
    Later,
    Message,
    Outcome,
    Rejected,
    Sent,
    delivery_id,
    outbox,
    ping_id,
    settle,
)
from tests.support.digests import NOW


def leased(attempts: int) -> Delivery:
    """A delivery whose `attempts`-th attempt is under way."""
    return Delivery(
        id="dlv_x",
        digest="dig_x",
        channel="ci",
        recipient="ci@example.com",
        part=1,
        event="digest.created",
        content=b"",
        state="leased",
        attempts=attempts,
        next_at=None,
        created_at=NOW,
    )


@pytest.mark.parametrize(
    ("attempts", "wait_s"), [*enumerate(RETRY_SCHEDULE_S, start=1)], ids=lambda value: str(value)
)
def test_failures_are_tried_again_by_the_schedule(attempts: int, wait_s: float) -> None:
    """The waits are those of Standard Webhooks 1.0."""
    settlement = settle(leased(attempts), Later("down"), now=NOW, jitter=0.0)
    assert settlement.state == "pending"
    assert settlement.next_at == NOW + timedelta(seconds=wait_s)
    assert settlement.error == "down"


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    """Ten attempts, the last one 75 hours, 35 minutes and 5 seconds after the first."""
    assert MAX_ATTEMPTS == 10
    assert timedelta(seconds=sum(RETRY_SCHEDULE_S)) == timedelta(hours=75, minutes=35, seconds=5)


def test_after_the_last_attempt_a_delivery_is_dead() -> None:
    """Nothing is tried for ever, and the error says how often it was."""
    settlement = settle(leased(MAX_ATTEMPTS), Later("still down"), now=NOW, jitter=0.5)
    assert (settlement.state, settlement.next_at) == ("dead", None)
    assert settlement.error == "still down (given up after 10 attempts)"
    assert not settlement.disable_channel


@pytest.mark.parametrize(
    ("outcome", "state", "disables"),
    [
        (Sent(204), "sent", False),
        (Rejected("no such user", 550), "dead", False),
        (Rejected("gone", 410, disable=True), "dead", True),
    ],
)
def test_the_targets_word_is_final(outcome: Outcome, state: str, disables: bool) -> None:
    """What was taken is sent, what was refused for good is dead, and 410 disables the channel."""
    settlement = settle(leased(1), outcome, now=NOW, jitter=0.0)
    assert (settlement.state, settlement.next_at, settlement.disable_channel) == (state, None, disables)


@pytest.mark.parametrize(
    ("asked", "wait_s"), [(120.0, 120), (1.0, 5), (None, 5), (-3.0, 5), (1e12, 7 * 86400)]
)
def test_a_wait_the_target_asks_for_is_honored(asked: float | None, wait_s: float) -> None:
    """Retry-After counts where it is later than the schedule, up to a week."""
    settlement = settle(leased(1), Later("busy", 429, asked), now=NOW, jitter=0.0)
    assert settlement.next_at == NOW + timedelta(seconds=wait_s)


@given(attempts=st.integers(1, MAX_ATTEMPTS - 1), jitter=st.floats(0, 1))
def test_jitter_only_delays_and_only_a_little(attempts: int, jitter: float) -> None:
    """A wait is never shorter than planned and at most a tenth longer."""
    settlement = settle(leased(attempts), Later("down"), now=NOW, jitter=jitter)
    assert settlement.next_at is not None
    waited = (settlement.next_at - NOW).total_seconds()
    planned = RETRY_SCHEDULE_S[attempts - 1]
    assert planned - 1e-6 <= waited <= planned * 1.1 + 1e-6


def test_ids_are_derived() -> None:
    """The same message of the same digest has the same id for ever; any difference gives another."""
    first = delivery_id("dig_x", "ci", "a@example.com", 1)
    assert first == delivery_id("dig_x", "ci", "a@example.com", 1)
    assert first.startswith("dlv_")
    assert "." not in first  # Standard Webhooks signs `id.timestamp.body`
    others = {
        delivery_id("dig_y", "ci", "a@example.com", 1),
        delivery_id("dig_x", "cj", "a@example.com", 1),
        delivery_id("dig_x", "ci", "b@example.com", 1),
        delivery_id("dig_x", "ci", "a@example.com", 2),
    }
    assert len(others | {first}) == 5
    assert ping_id(NOW) != ping_id(NOW + timedelta(seconds=1))


def test_an_outbox_is_due_at_once() -> None:
    """Messages become pending deliveries with their bytes untouched."""
    (row,) = outbox("dig_x", "ci", [Message("a@example.com", 1, b"bytes", "digest.created")], now=NOW)
    assert row.id == delivery_id("dig_x", "ci", "a@example.com", 1)
    assert (row.state, row.next_at, row.attempts, row.content) == ("pending", NOW, 0, b"bytes")
