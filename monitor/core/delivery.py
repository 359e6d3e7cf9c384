"""Messages, deliveries and what follows an attempt, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

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
    """`digest.created`, `change.detected`, `source.unhealthy`, `test.ping`."""


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
