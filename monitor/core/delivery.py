"""Messages, deliveries and what follows an attempt, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never

from monitor.core.recorded import derived_id, isoformat

DeliveryState: TypeAlias = Literal["pending", "leased", "sent", "dead", "dropped"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message for one recipient, rendered once: the bytes never change again."""

    recipient: str
    """An address, or the channel's name where the channel has one target."""
    part: int
    """1-based number of this message among those of the same digest, channel and recipient."""
    content: bytes
    event: str
    """`digest.created`, `change.detected`, `trial.discovered`, `source.unhealthy`, `test.ping`."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of the outbox."""

    id: str
    """`dlv_…`, derived from digest, channel, recipient, part: the consumer's idempotency key."""
    digest: str
    channel: str
    recipient: str
    part: int
    event: str
    content: bytes
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    created_at: datetime
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a delivery, as logged."""

    delivery: str
    number: int
    started_at: datetime
    duration_s: float | None
    outcome: Literal["open", "sent", "later", "dead", "lost"]
    """`open` while under way; `lost` where its process died."""
    status: int | None
    excerpt: str
    """First bytes of the answer, or the error."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The target took it."""

    status: int | None = None
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now; perhaps not before `retry_after_s`."""

    reason: str
    status: int | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Never; with `disable` the target wants nothing more at all."""

    reason: str
    status: int | None = None
    disable: bool = False


Outcome: TypeAlias = Sent | Later | Rejected


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is written of an attempt: the delivery's new state and when it is due again."""

    state: DeliveryState
    next_at: datetime | None
    error: str
    disable_channel: bool = False


RETRY_SCHEDULE_S: tuple[float, ...] = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds to wait after each failed attempt (Standard Webhooks 1.0): ten attempts over some three days."""
MAX_ATTEMPTS = len(RETRY_SCHEDULE_S) + 1
JITTER_SHARE = 0.1
"""Waits grow by up to this share, so that a thousand messages refused together do not come back together."""
MAX_RETRY_AFTER_S = 7 * 86400.0
"""A target may name its own time, but not one so far away that nobody would look any more."""


def settle(delivery: Delivery, outcome: Outcome, *, now: datetime, jitter: float) -> Settlement:
    """What follows an attempt at `delivery`; its `attempts` counts this one, `jitter` is drawn from 0 to 1.

    A target's Retry-After is honored where it is later than the schedule; after the last attempt, or where
    the target refuses for good, the delivery is dead; 410 also disables the channel (contract section 7).
    """
    match outcome:
        case Sent():
            return Settlement("sent", None, "")
        case Rejected(reason=reason, disable=disable):
            return Settlement("dead", None, reason, disable_channel=disable)
        case Later(reason=reason) if delivery.attempts >= MAX_ATTEMPTS:
            return Settlement("dead", None, f"{reason} (given up after {delivery.attempts} attempts)")
        case Later(reason=reason, retry_after_s=asked):
            wait = retry_wait_s(delivery.attempts, jitter=jitter, retry_after_s=asked)
            return Settlement("pending", now + timedelta(seconds=wait), reason)
    assert_never(outcome)


def retry_wait_s(attempts: int, *, jitter: float, retry_after_s: float | None = None) -> float:
    """Seconds to wait after the `attempts`-th attempt failed."""
    planned = RETRY_SCHEDULE_S[min(max(attempts, 1), len(RETRY_SCHEDULE_S)) - 1]
    wait = planned * (1 + JITTER_SHARE * jitter)
    return max(wait, min(retry_after_s or 0.0, MAX_RETRY_AFTER_S))


def delivery_id(digest: str, channel: str, recipient: str, part: int) -> str:
    """`dlv_…`, derived: the same message of the same digest has the same id for ever."""
    return "dlv_" + derived_id(digest, channel, recipient, str(part))


def outbox(digest: str, channel: str, messages: Sequence[Message], *, now: datetime) -> tuple[Delivery, ...]:
    """The messages of a digest as rows of the outbox, due at once."""
    return tuple(
        Delivery(
            id=delivery_id(digest, channel, message.recipient, message.part),
            digest=digest,
            channel=channel,
            recipient=message.recipient,
            part=message.part,
            event=message.event,
            content=message.content,
            state="pending",
            attempts=0,
            next_at=now,
            created_at=now,
        )
        for message in messages
    )


def ping_id(now: datetime) -> str:
    """What stands for the digest of a test message: `Channel.test_message` and `outbox` agree on it."""
    return "test_" + derived_id(isoformat(now))
