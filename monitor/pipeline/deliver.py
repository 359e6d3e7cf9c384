"""Deliver: claim what is due, send it, settle it (T3); as many at once as `core.lanes` gives room.

An attempt is committed before the network is touched and settled after; whoever dies in between leaves an
open attempt, and the delivery goes out again under the same id. One thread writes for all: what ended since
is settled in the same transaction in which the next ones are claimed. It waits for nobody who hangs.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from monitor.channels import Channel
from monitor.core.delivery import Delivery, Ended, Outcome, Want, ended
from monitor.core.lanes import SLOW_AFTER_S, Lane, Standing, after, room
from monitor.pipeline.attempts import attempt
from monitor.pipeline.outages import notices
from monitor.pipeline.works import Works, failpoint

log = logging.getLogger(__name__)

LEASE_S = 600.0
"""A lease that ran out belongs to a process that died; our own are known, however long they take."""
_THREADS = 1024
"""More than there is ever room for: the bound is `room`'s."""


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What became of the attempts made, and how many turns broke off."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """Attempts by the state they left: `sent`, `pending` (again later), `dead`; and turns `failed`."""

    @property
    def ok(self) -> bool:
        """Did every attempt succeed, and every turn come to its end?"""
        return not (self.counts.keys() - {"sent"})


@dataclass(frozen=True, slots=True)
class _Done:
    """An attempt that came to its end; `ended` is None where that could not be told."""

    delivery: Delivery
    outcome: Outcome | None = None
    ended: Ended | None = None


class Deliverer:
    """Sends what is due, each channel in its own time."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="deliver")
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()
        self._counts: Counter[str] = Counter()
        self._due: dict[str, None] = {}
        """Channels with something due, the one served longest ago first."""
        self._done: queue.SimpleQueue[_Done | None] = queue.SimpleQueue()
        """What ended; None says that there is more to do."""
        self._standings: dict[str, Standing] = {}
        self._under_way: dict[str, tuple[str, float]] = {}
        """Channel and beginning of every attempt, by delivery."""
        self._unsettled: list[tuple[Delivery, Ended]] = []

    def tick(self, at_once: Collection[str] = ()) -> None:
        """Begin to send what is due, and wait for none; channels named `at_once` do not rest any longer."""
        due = self._works.store.due_channels(self._works.clock())
        for name in at_once:
            self._standings.pop(name, None)
        with self._lock:
            self._due.update(dict.fromkeys(name for name in due if name in self._works.channels))
            if not (self._due or self._unsettled):
                return
            if self._idle.is_set():
                self._idle.clear()
                self._pool.submit(self._run)
            else:
                self._done.put(None)

    def drain(self, timeout_s: float | None = None) -> DeliverReport:
        """Wait for what is under way, at most so long, and tell what became of the attempts so far."""
        self._idle.wait(timeout_s)
        with self._lock:
            report, self._counts = DeliverReport(dict(self._counts)), Counter()
        return report

    def close(self) -> None:
        """Begin nothing further."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def resting(self) -> frozenset[str]:
        """Channels whose targets are left alone for now."""
        now = self._works.clock()
        return frozenset(name for name, standing in dict(self._standings).items() if standing.rests(now))

    def _run(self) -> None:
        """Settle and claim in turn until nothing is under way and there is room for nothing more."""
        is_broken = False
        while True:
            asked = False
            try:
                # After a failure nothing more is begun; what is under way is still settled.
                asked = self._turn(may_claim=not is_broken and not self._works.stop.is_set())
            except Exception:
                log.exception("deliveries could not be written")
                is_broken = True
                with self._lock:
                    self._counts["failed"] += 1
            if self._under_way:
                self._gather(self._patience_s())
                continue
            if asked:  # a channel had no more, and its room is another's
                continue
            with self._lock:
                if self._done.empty() or is_broken:
                    self._idle.set()
                    return
            self._gather(None)

    def _turn(self, *, may_claim: bool) -> bool:
        """One transaction: what ended is settled, what there is room for is claimed, and then begun.

        False where nothing was to be claimed.
        """
        works, settling = self._works, list(self._unsettled)
        wants = self._wants() if may_claim else ()
        if not (settling or wants):
            return False
        now = works.clock()
        claimed = works.store.turn(
            [item for _, item in settling],
            wants,
            now=now,
            lease_s=LEASE_S,
            notices=notices(works, settling, now),
            under_way=self._under_way.keys(),
        )
        self._unsettled.clear()
        if settling:
            failpoint("after_t3")
        self._count(settling)
        self._begin(wants, claimed)
        return bool(wants)

    def _wants(self) -> tuple[Want, ...]:
        """What there is room for."""
        works, now, slow_before = self._works, self._works.clock(), self._works.monotonic() - SLOW_AFTER_S
        with self._lock:
            due = dict(self._due)
        busy = Counter(channel for channel, _ in self._under_way.values())
        slow = Counter(channel for channel, since in self._under_way.values() if since <= slow_before)
        lanes = [
            Lane(name, self._standings.get(name, Standing()), busy[name], slow[name], is_due=name in due)
            for name in dict.fromkeys((*due, *busy))
        ]
        given = room(lanes, now=now, parallel=works.parallel, per_channel=works.per_channel)
        return tuple(Want(name, number, name in works.serial) for name, number in given.items())

    def _begin(self, wants: Sequence[Want], claimed: Sequence[Delivery]) -> None:
        works = self._works
        got = Counter(delivery.channel for delivery in claimed)
        with self._lock:
            for want in wants:
                del self._due[want.channel]
                if got[want.channel] == want.number:
                    self._due[want.channel] = None
        for delivery in claimed:
            self._under_way[delivery.id] = (delivery.channel, works.monotonic())
            self._pool.submit(self._attempt, works.channels[delivery.channel], delivery)

    def _attempt(self, channel: Channel, delivery: Delivery) -> None:
        """In a thread of its own: send, and say what came of it."""
        done, works = _Done(delivery), self._works
        try:
            failpoint("after_claim")
            began = works.clock()
            outcome = attempt(channel, delivery, began)
            failpoint("after_send")
            now = works.clock()
            took_s = max(0.0, (now - began).total_seconds())
            item = ended(delivery, outcome, now=now, jitter=works.random(), duration_s=took_s)
            done = _Done(delivery, outcome, item)
        except Exception:
            log.exception("attempt could not be judged", extra={"delivery": delivery.id})
        finally:
            self._done.put(done)

    def _gather(self, timeout_s: float | None) -> None:
        """Take what has ended, waiting for the first of it, at most so long."""
        found: list[_Done | None] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._done.get(timeout=timeout_s))
            while True:
                found.append(self._done.get_nowait())
        for done in found:
            if done is None:
                continue
            name = done.delivery.channel
            del self._under_way[done.delivery.id]
            if done.outcome is None or done.ended is None:
                with self._lock:
                    self._counts["failed"] += 1
                continue
            now, standing = self._works.clock(), self._standings.get(name, Standing())
            self._standings[name] = after(standing, done.outcome, now=now)
            self._unsettled.append((done.delivery, done.ended))
            if name in self._works.serial:  # what waited for this one
                with self._lock:
                    self._due.setdefault(name)

    def _patience_s(self) -> float | None:
        """How long to wait for an end before there may be room without one: until the next one is slow."""
        now = self._works.monotonic()
        waits = [since + SLOW_AFTER_S - now for _, since in self._under_way.values()]
        return min((wait for wait in waits if wait > 0), default=None)

    def _count(self, settled: Sequence[tuple[Delivery, Ended]]) -> None:
        with self._lock:
            self._counts.update(item.settlement.state for _, item in settled)
        for delivery, item in settled:
            said = {"delivery": delivery.id, "channel": delivery.channel, "state": item.settlement.state}
            log.info("delivery attempted", extra=said)


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
