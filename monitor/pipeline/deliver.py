"""Deliver: claim what is due, send it, settle it (T3). Each channel has its own turn and waits for no other.

An attempt is committed before the network is touched and settled after; whoever dies in between leaves an
open attempt, and the delivery goes out again under the same id.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime

from monitor.channels import Channel
from monitor.core.delivery import Delivery, Later, Outcome, Rejected, Sent, Settlement, settle
from monitor.errors import DeliveryDeferredError, DeliveryRejectedError
from monitor.pipeline.works import Works, failpoint
from monitor.store.values import NoticeDraft

log = logging.getLogger(__name__)

LEASE_S = 600.0
"""Far longer than any channel's time-out: a lease that ran out belongs to a process that died."""


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What became of the attempts made, and how many turns broke off."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """Attempts by the state they left: `sent`, `pending` (again later), `dead`; and turns `failed`."""

    @property
    def ok(self) -> bool:
        """Did every attempt succeed, and every turn come to its end?"""
        return not (self.counts.keys() - {"sent"})


class Deliverer:
    """Sends what is due, one channel beside the other; a channel under way is left alone."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self._pool = ThreadPoolExecutor(works.parallel, thread_name_prefix="deliver")
        self._turns: dict[str, Future[None]] = {}
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def tick(self) -> None:
        """Start a turn for every channel with something due; waits for none."""
        for name in self._works.store.due_channels(self._works.clock()):
            turn, channel = self._turns.get(name), self._works.channels.get(name)
            if channel is not None and (turn is None or turn.done()):
                self._turns[name] = self._pool.submit(self._turn, channel)

    def drain(self, timeout_s: float | None = None) -> DeliverReport:
        """Wait for the turns under way, at most so long, and tell what became of their attempts so far."""
        wait(self._turns.values(), timeout_s)
        with self._lock:
            report, self._counts = DeliverReport(dict(self._counts)), Counter()
        return report

    def close(self) -> None:
        """Start no further turn."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _turn(self, channel: Channel) -> None:
        """One channel's deliveries one after the other, until none is due."""
        try:
            while not self._works.stop.is_set():
                claimed = self._works.store.claim(
                    self._works.clock(), lease_s=LEASE_S, limit=1, channels=[channel.name]
                )
                if not claimed:
                    return
                for delivery in claimed:
                    self._attempt(channel, delivery)
        except Exception:
            log.exception("channel's turn failed", extra={"channel": channel.name})
            with self._lock:
                self._counts["failed"] += 1

    def _attempt(self, channel: Channel, delivery: Delivery) -> None:
        failpoint("after_claim")
        now = self._works.clock()
        outcome = _sent(channel, delivery, now)
        failpoint("after_send")
        settlement = settle(delivery, outcome, now=self._works.clock(), jitter=self._works.random())
        self._works.store.settle(
            delivery.id,
            delivery.attempts,
            settlement,
            now=self._works.clock(),
            status=outcome.status,
            excerpt=outcome.excerpt if isinstance(outcome, Sent) else outcome.reason,
            notices=_notices(self._works, delivery, settlement),
        )
        failpoint("after_t3")
        with self._lock:
            self._counts[settlement.state] += 1
        log.info(
            "delivery attempted",
            extra={"delivery": delivery.id, "channel": channel.name, "state": settlement.state},
        )


def run(works: Works) -> DeliverReport:
    """Send everything that is due now, and wait for it."""
    deliverer = Deliverer(works)
    try:
        deliverer.tick()
        return deliverer.drain()
    finally:
        deliverer.close()


def in_words(counts: Mapping[str, int]) -> str:
    """`1 pending, 2 sent`; empty where there was nothing to send."""
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))


def _sent(channel: Channel, delivery: Delivery, now: datetime) -> Outcome:
    try:
        status, excerpt = channel.send(delivery, now)
    except DeliveryDeferredError as error:
        return Later(error.message, error.status, error.retry_after_s)
    except DeliveryRejectedError as error:
        return Rejected(error.message, error.status, disable=error.disable)
    except Exception as error:
        log.exception("channel failed", extra={"channel": channel.name, "delivery": delivery.id})
        return Later(f"{type(error).__name__}: {error}")
    return Sent(status, excerpt)


def _notices(works: Works, delivery: Delivery, settlement: Settlement) -> tuple[NoticeDraft, ...]:
    """A dead letter and a channel that wants nothing more are told, once each."""
    found, now = [], works.clock()
    if settlement.disable_channel:
        message = f"Channel {delivery.channel} is disabled: {settlement.error}."
        found.append(NoticeDraft("channel_disabled", delivery.channel, message, now))
    if settlement.state == "dead" and not _tells_of_the_dead(works, delivery.digest):
        message = f"Delivery {delivery.id} to {delivery.channel} was given up: {settlement.error}."
        found.append(NoticeDraft("dead_letter", delivery.id, message, now))
    return tuple(found)


def _tells_of_the_dead(works: Works, digest_id: str) -> bool:
    """Does a digest tell of dead letters and of nothing else? Its own death would breed the next one."""
    found = works.store.digest(digest_id)
    if found is None or found.changes > found.folded:
        return False
    kinds = {notice.kind for notice in works.store.digest_notices(digest_id)}
    return "dead_letter" in kinds and kinds <= {"dead_letter", "baseline"}
