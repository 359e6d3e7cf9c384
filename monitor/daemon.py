"""The daemon: timers that ask the tables what is due, signals, and what systemd wants to hear.

The one door to APScheduler, which is a timer here and nothing more: its jobs live in memory, their due-ness
in the tables, and losing it costs nothing. Each step is safe to repeat; SIGTERM finishes the one in hand.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from monitor.bootstrap import App
from monitor.errors import ConfigError, LockedError, MonitorError, StoppedError
from monitor.pipeline import backfill, compose, deliver, facts, housekeeping, poll, requests

log = logging.getLogger(__name__)

POLL_TICK_S, COMPOSE_TICK_S, DELIVER_TICK_S, REQUEST_TICK_S, BACKFILL_TICK_S = 15, 10, 5, 1, 5
ASKED_AT_A_TICK, ASKED_ONCE = 10, 60
"""Requests for earlier versions at a tick, and in `run --once`: the rest of the past is read at the next."""
THREADS = 6
"""One for each step that may take long, and one for the heartbeat."""
HOUSEKEEPING_TICK_S = 24 * 3600
DRAIN_S = 60.0
"""How long messages under way may take after SIGTERM; systemd is asked for as much."""
STALL_S = 60.0
"""A scheduler that has not ticked for so long is dead, and systemd shall know."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What `run --once` did."""

    cycles: tuple[poll.CycleReport, ...]
    composed: compose.ComposeReport
    delivered: deliver.DeliverReport
    requests: int

    @property
    def ok(self) -> bool:
        """False where something needs attention (exit 3)."""
        return all(cycle.ok for cycle in self.cycles) and self.composed.ok and self.delivered.ok


class Notifier:
    """Speaks to systemd over its notify socket; silent where there is none."""

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address.startswith("@") else address

    def __call__(self, *lines: str) -> None:
        """Send assignments such as `READY=1`; a socket that is gone, or that nobody reads, stops nobody."""
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
            speaker.settimeout(1.0)
            speaker.connect(self._address)
            speaker.sendall("\n".join(lines).encode())


class Daemon:
    """The steps of one app, run by timers, never the same step twice at once."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._notify = Notifier(app.env.get("NOTIFY_SOCKET"))
        self._composer = compose.Composer(app)
        self._deliverer = deliver.Deliverer(app)
        self._polling = threading.Lock()
        self._composing = threading.Lock()
        self._ticked_at = app.monotonic()
        self._status = ""

    def run(self) -> None:
        """Hold the daemon lock and work until told to leave. Raises LockedError for a second daemon."""
        app = self._app
        watchdog_s = _watchdog_s(app.env)
        with app.store.daemon_lock() as lock, _signals(app):
            app.store.void_leases(app.clock())
            self._warn_of_channels()
            self._describe()
            scheduler = self._scheduler()
            scheduler.start()
            self._notify("READY=1", "STATUS=started")
            log.info("started", extra={"pid": os.getpid(), "watched": app.store.watch_count()})
            try:
                while not app.stop.wait(min(watchdog_s / 2, 10.0)):
                    if not lock.still_held():
                        raise LockedError(
                            "the daemon lock is lost", remedy="another daemon may run; look there"
                        )
                    if self.is_alive():
                        self._notify("WATCHDOG=1", f"STATUS={self._status or 'waiting'}")
            finally:
                self._leave(scheduler)

    def run_once(self) -> RunReport:
        """Each step once, the way the timers would, and leave. The daemon lock is held meanwhile."""
        app = self._app
        with app.store.daemon_lock(), _signals(app):
            app.store.void_leases(app.clock())
            self._warn_of_channels()
            self._describe()
            cycles = tuple(poll.cycle(app, registry) for registry in app.registries.values())
            answered = requests.run(app, self._steps())
            composed = self._composer.run()
            self._deliverer.tick()
            delivered = self._deliverer.drain()
            self._deliverer.close()
            self._read_past(ASKED_ONCE)
        return RunReport(cycles, composed, delivered, answered)

    def _describe(self) -> None:
        """Read anew, as far as that is quick, what an earlier version kept of trials; digests come after."""
        with contextlib.suppress(LockedError):  # somebody writes: housekeeping does it
            facts.run(self._app, most=facts.AT_START)

    def _warn_of_channels(self) -> None:
        """A missing secret stops nothing that does not need it, but is told where the work begins."""
        for channel in self._app.channels.values():
            try:
                channel.check()
            except ConfigError as error:
                log.warning("a channel cannot send", extra={"channel": channel.name, "why": str(error)})

    def is_alive(self) -> bool:
        """Has the scheduler ticked, and does the database answer? Only then does the watchdog hear of us."""
        stalled_s = self._app.monotonic() - self._ticked_at
        if stalled_s > STALL_S:
            log.error("the scheduler stands still", extra={"stalled_s": round(stalled_s)})
            return False
        try:
            self._app.store.sources()
        except MonitorError as error:
            log.error("the database does not answer", extra={"why": str(error)})
            return False
        return True

    def _scheduler(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        for step, seconds in (
            (self._heartbeat, REQUEST_TICK_S),
            (self._requests, REQUEST_TICK_S),
            (self._poll, POLL_TICK_S),
            (self._compose, COMPOSE_TICK_S),
            (self._deliver, DELIVER_TICK_S),
            (self.housekeeping, HOUSEKEEPING_TICK_S),
            (self._backfill, BACKFILL_TICK_S),
        ):
            scheduler.add_job(
                self._step(step),
                "interval",
                seconds=seconds,
                id=step.__name__,
                next_run_time=self._app.clock(),
            )
        scheduler.add_listener(_told, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        return scheduler

    def _step(self, step: Callable[[], None]) -> Callable[[], None]:
        """The step, not begun once we leave; its failure is logged and tried again at the next tick."""

        def ticked() -> None:
            if self._app.stop.is_set():
                return
            try:
                step()
            except StoppedError:
                log.info("stopped in hand", extra={"step": step.__name__})
            except MonitorError as error:
                log.error("step failed", extra={"step": step.__name__, "why": str(error)})
            except Exception:
                log.exception("step failed", extra={"step": step.__name__})

        return ticked

    def _heartbeat(self) -> None:
        self._ticked_at = self._app.monotonic()

    def _requests(self) -> None:
        requests.run(self._app, self._steps())

    def _poll(self) -> None:
        app = self._app
        with self._polling:
            due = [r for r in app.registries.values() if poll.due(app, r.name, app.settings.poll.every_s)]
            cycles = tuple(poll.cycle(app, registry) for registry in due)
        if cycles:
            self._polled(cycles)

    def _compose(self) -> None:
        with self._composing:
            self._composer.run()

    def _deliver(self) -> None:
        self._deliverer.tick()

    def _backfill(self) -> None:
        self._read_past(ASKED_AT_A_TICK)

    def _read_past(self, most: int) -> None:
        """Some of the earlier versions that are wanted; whenever a poll is under way, the past waits."""
        left = iter(range(most))
        backfill.enlist(self._app)
        backfill.run(self._app, may_ask=lambda: not self._polling.locked() and next(left, None) is not None)

    def housekeeping(self) -> None:
        """Drop what retention does not keep, read anew what an earlier version kept, and tidy up."""
        facts.run(self._app)
        kept = self._app.settings.retention
        housekeeping.run(self._app, payload_days=kept.payload_days, outbox_days=kept.outbox_days)

    def _steps(self) -> requests.Steps:
        return requests.Steps(self._cycles, self._deliverer.tick, self._deliverer.resting)

    def _cycles(self, scope: poll.Scope) -> tuple[poll.CycleReport, ...]:
        with self._polling:
            cycles = tuple(poll.cycle(self._app, r, scope=scope) for r in self._app.registries.values())
        self._polled(cycles)
        return cycles

    def _polled(self, cycles: tuple[poll.CycleReport, ...]) -> None:
        """Say what came of it, and tell the readers without waiting for the next tick."""
        told = "; ".join(requests.told(cycle) for cycle in cycles)
        self._status = f"polled at {self._app.clock():%H:%M} UTC: {told}"
        if not self._app.stop.is_set():
            self._compose()
            self._deliver()

    def _leave(self, scheduler: BackgroundScheduler) -> None:
        """Begin nothing more, finish what is in hand."""
        self._app.stop.set()
        self._notify("STOPPING=1", "STATUS=leaving", f"EXTEND_TIMEOUT_USEC={int(DRAIN_S * 1e6)}")
        scheduler.pause()
        scheduler.shutdown(wait=True)
        self._deliverer.drain(DRAIN_S)
        self._deliverer.close()
        log.info("left")


def run(app: App) -> None:
    """Be the daemon until told to leave. Raises LockedError (exit 75) where there is one already."""
    Daemon(app).run()


def run_once(app: App) -> RunReport:
    """Do each due step once. Raises LockedError (exit 75) where a daemon runs."""
    return Daemon(app).run_once()


@contextlib.contextmanager
def _signals(app: App) -> Iterator[None]:
    """The first SIGTERM or SIGINT asks to leave, and waits for no registry; a second one does not ask."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: FrameType | None) -> None:
        if app.stop.is_set():
            os._exit(128 + number)
        app.stop.set()
        app.hang_up()

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watchdog_s(env: Mapping[str, str]) -> float:
    """How often systemd wants to hear of us; ten seconds where it does not say."""
    try:
        return int(env.get("WATCHDOG_USEC", "")) / 1e6 or 20.0
    except ValueError:
        return 20.0


def _told(event: JobEvent) -> None:
    log.debug("timer", extra={"job": event.job_id, "code": event.code})
