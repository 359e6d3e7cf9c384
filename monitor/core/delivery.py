"""Messages, deliveries and what follows an attempt, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never

from monitor.core.recorded import derived_id, isoformat

DeliveryState: TypeAlias = Literal["pending", "leased", "sent", "dead", "dropped"]
ErrorClass: TypeAlias = Literal[
    "", "timeout", "connection", "tls", "name", "answer", "guard", "settings", "bug"
]
"""Why an attempt failed: no answer in time; nobody there, or the line broke; the certificate; the name could
not be resolved; an answer that is no success; an address that may not be sent to; a setting or secret that
is missing; an error of our own."""


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
    round_from: int = 0
    """Attempts that count no more: those before it was last sent again by hand, and those of processes that
    died. Each round has the whole schedule before it."""

    @property
    def tries(self) -> int:
        """Attempts of this round."""
        return self.attempts - self.round_from


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
    """First bytes of the answer."""
    error: str = ""
    """Why it failed, in words."""
    error_class: ErrorClass = ""


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
    excerpt: str = ""
    error_class: ErrorClass = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Never; with `disable` the target wants nothing more at all."""

    reason: str
    status: int | None = None
    disable: bool = False
    excerpt: str = ""
    error_class: ErrorClass = ""


Outcome: TypeAlias = Sent | Later | Rejected


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is written of an attempt: the delivery's new state and when it is due again."""

    state: DeliveryState
    next_at: datetime | None
    error: str
    disable_channel: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that has ended, with all that is written of it."""

    delivery: str
    attempt: int
    at: datetime
    settlement: Settlement
    status: int | None = None
    excerpt: str = ""
    error_class: ErrorClass = ""
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Want:
    """How many of a channel's due deliveries are to be claimed."""

    channel: str
    number: int
    serial: bool = False
    """One at a time and in order for each recipient: the next waits until the one before is sent or dead."""


RETRY_SCHEDULE_S: tuple[float, ...] = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds to wait after each failed attempt (Standard Webhooks 1.0): ten attempts over some three days."""
MAX_ATTEMPTS = len(RETRY_SCHEDULE_S) + 1
JITTER_SHARE = 0.1
"""Waits grow by up to this share, so that a thousand messages refused together do not come back together."""
MAX_RETRY_AFTER_S = 7 * 86400.0
"""A target may name its own time, but not one so far away that nobody would look any more."""


def settle(delivery: Delivery, outcome: Outcome, *, now: datetime, jitter: float) -> Settlement:
    """What follows an attempt at `delivery`; its `tries` count this one, `jitter` is drawn from 0 to 1.

    A target's Retry-After is honored where it is later than the schedule; after the last attempt, or where
    the target refuses for good, the delivery is dead; 410 also disables the channel (contract section 7).
    """
    match outcome:
        case Sent():
            return Settlement("sent", None, "")
        case Rejected(reason=reason, disable=disable):
            return Settlement("dead", None, reason, disable_channel=disable)
        case Later(reason=reason) if delivery.tries >= MAX_ATTEMPTS:
            return Settlement("dead", None, f"{reason} (given up after {delivery.tries} attempts)")
        case Later(reason=reason, retry_after_s=asked):
            wait = retry_wait_s(delivery.tries, jitter=jitter, retry_after_s=asked)
            return Settlement("pending", now + timedelta(seconds=wait), reason)
    assert_never(outcome)


def ended(delivery: Delivery, outcome: Outcome, *, now: datetime, jitter: float, duration_s: float) -> Ended:
    """What is written of an attempt at `delivery` that ended `now`; see `settle`."""
    return Ended(
        delivery=delivery.id,
        attempt=delivery.attempts,
        at=now,
        settlement=settle(delivery, outcome, now=now, jitter=jitter),
        status=outcome.status,
        excerpt=outcome.excerpt,
        error_class="" if isinstance(outcome, Sent) else outcome.error_class,
        duration_s=duration_s,
    )


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
