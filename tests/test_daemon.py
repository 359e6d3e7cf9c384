"""The daemon as a process: what systemd hears of it, how it leaves, and that there is only one."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor import daemon
from monitor.demo.sinks import Reaction
from monitor.errors import LockedError, StoreError
from tests.support.forked import Forked
from tests.support.world import World, sample, trial, version

STATUS = "protocolSection__statusModule__overallStatus"


class Systemd:
    """The other end of a notify socket."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.heard: list[str] = []

    def hears(self, wanted: str, timeout_s: float = 20.0) -> bool:
        """Has it been told `wanted`, or is it within the time?"""
        until = time.monotonic() + timeout_s
        while not any(line.startswith(wanted) for line in self.heard):
            self.socket.settimeout(max(until - time.monotonic(), 0.01))
            try:
                self.heard += self.socket.recv(4096).decode().splitlines()
            except TimeoutError:
                return False
        return True

    def close(self) -> None:
        self.socket.close()


@contextlib.contextmanager
def running(world: World, *, address: str | None = None) -> Iterator[tuple[Forked, Systemd]]:
    address = address or str(world.folder / "notify")
    systemd = Systemd(address)
    process = world.start("run", NOTIFY_SOCKET=address, WATCHDOG_USEC="1000000")
    try:
        assert systemd.hears("READY=1")
        yield process, systemd
    finally:
        process.kill()
        process.communicate()
        systemd.close()


def leave(process: Forked) -> tuple[int, float]:
    """Ask it to leave; return its exit code and how long that took."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code = process.wait(timeout=30)
    return code, time.monotonic() - began


def eventually(holds: Callable[[], object], timeout_s: float = 20.0) -> bool:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_what_it_wants_to(tmp_path: Path, abstract: bool) -> None:
    """READY when it works, STATUS and WATCHDOG while it does, STOPPING when told to leave, and exit 0."""
    with World(tmp_path, [version(20, sample(1))]) as world:
        world.watch(1)
        address = f"@trialwire-{os.getpid()}-{time.monotonic_ns()}" if abstract else None
        with running(world, address=address) as (process, systemd):
            assert systemd.hears("WATCHDOG=1")
            assert systemd.hears("STATUS=polled at")
            code, took_s = leave(process)
            assert systemd.hears("STOPPING=1")
            assert systemd.hears("EXTEND_TIMEOUT_USEC=")
        assert (code, took_s < 5) == (0, True)


def test_there_is_one_daemon(tmp_path: Path) -> None:
    """A second daemon, or `run --once` beside it, is refused with exit 75; whoever only watches is not."""
    with World(tmp_path, [version(20, sample(1))]) as world:
        world.watch(1)
        with running(world) as (process, _):
            second = world.start("run")
            _, errors = second.communicate(timeout=30)
            assert (second.returncode != 0, "LockedError" in errors) == (True, True)
            with world.app() as app, pytest.raises(LockedError) as caught:
                daemon.run_once(app)
            assert caught.value.exit_code == 75
            assert str(process.pid) in str(caught.value)
            world.watch(2)


def test_it_polls_tells_and_answers_requests(tmp_path: Path) -> None:
    """A command's request is answered within seconds, and what changed reaches the target by itself."""
    versions = [version(19, sample(1)), version(20, sample(1, **{STATUS: "SUSPENDED"}))]
    with World(tmp_path, versions) as world:
        world.watch(1)
        with running(world), world.app() as app:
            assert eventually(lambda: app.store.source("ctgov"))
            world.registry.advance()
            number = app.store.ask("poll", [], world.clock())
            assert eventually(lambda: app.store.request(number).state == "done")  # type: ignore[union-attr]
            answered = app.store.request(number)
            assert answered is not None
            assert "1 changed" in answered.result
            assert eventually(lambda: world.hook.received)
            assert world.hook.received[0].verified
            wrong = app.store.ask("digest.send", ["nobody"], world.clock())
            assert eventually(lambda: app.store.request(wrong).state == "failed")  # type: ignore[union-attr]


def test_a_message_under_way_is_finished(tmp_path: Path) -> None:
    """SIGTERM while a target is slow: the attempt is settled, then the daemon leaves."""
    versions = [version(19, sample(1)), version(20, sample(1, **{STATUS: "SUSPENDED"}))]
    with World(tmp_path, versions) as world:
        world.watch(1)
        with world.app() as app:
            daemon.run_once(app)
        world.registry.advance()
        world.hook.reactions.append(Reaction(204, hang_s=0.8))
        with running(world) as (process, _):
            assert eventually(lambda: world.hook.received)
            code, took_s = leave(process)
        assert (code, took_s > 0.3) == (0, True)
        with world.app() as app:
            (delivery,) = app.store.deliveries()
            assert delivery.state == "sent"


def test_a_second_signal_does_not_ask(tmp_path: Path) -> None:
    """Whoever sends SIGTERM twice does not wait for a target that hangs."""
    versions = [version(19, sample(1)), version(20, sample(1, **{STATUS: "SUSPENDED"}))]
    with World(tmp_path, versions) as world:
        world.watch(1)
        with world.app() as app:
            daemon.run_once(app)
        world.registry.advance()
        world.hook.reactions.append(Reaction(204, hang_s=30))
        with running(world) as (process, systemd):
            assert eventually(lambda: world.hook.received)
            process.send_signal(signal.SIGTERM)
            assert systemd.hears("STOPPING=1")
            code, took_s = leave(process)
        assert (code, took_s < 2) == (128 + signal.SIGTERM, True)


def test_a_back_off_is_cut_short(tmp_path: Path) -> None:
    """SIGTERM while the registry is waited for ends the wait and asks nothing more."""
    from monitor.demo.standin import Fault

    with World(tmp_path, [version(20, sample(1))]) as world:
        world.configure("")
        world.config.write_text(world.config.read_text().replace("retries = 0", "retries = 5"))
        world.watch(1)
        world.registry.inject(Fault.throttled(retry_after="60", times=None))
        with running(world) as (process, _):
            assert eventually(lambda: world.registry.requests)
            time.sleep(0.2)
            code, took_s = leave(process)
        assert (code, took_s < 3, len(world.registry.requests)) == (0, True, 1)


@pytest.mark.parametrize("step", ["run", "run_once"])
def test_a_request_that_hangs_is_not_waited_for(tmp_path: Path, step: str) -> None:
    """SIGTERM while the registry keeps us waiting ends the request; it is no failure of the registry's."""
    from monitor.demo.standin import Fault

    with World(tmp_path, [version(2, sample(1))]) as world:
        world.watch(1)
        world.registry.inject(Fault.slow(20, path="filter.ids"))
        process = world.start(step)
        assert eventually(lambda: any("filter.ids" in seen.target for seen in world.registry.requests))
        code, took_s = leave(process)
        assert took_s < 5
        assert code in (0, 1)
        with world.app() as app:
            assert app.store.source("ctgov") is None


def test_the_watchdog_hears_only_of_a_living_daemon(tmp_path: Path) -> None:
    """Where the scheduler stands still or the database does not answer, systemd hears nothing."""
    with World(tmp_path, [version(20, sample(1))]) as world, world.app() as app:
        here = daemon.Daemon(app)
        assert here.is_alive()
        world.clock.forward(seconds=daemon.STALL_S + 1)
        assert not here.is_alive()
        again = daemon.Daemon(app)
        assert again.is_alive()

        class Dead:
            def sources(self) -> object:
                raise StoreError("disk I/O error")

        app.__dict__["store"] = Dead()
        assert not again.is_alive()


def test_a_missing_secret_is_told_and_stops_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A channel without its secret is named at the start; the registry is read all the same."""
    with World(tmp_path, [version(2, sample(1))]) as world:
        del world.env["HOOK_SECRET"]
        world.watch(1)
        with world.app() as app, caplog.at_level("WARNING"):
            report = daemon.run_once(app)
            assert app.store.snapshots(trial(1))
        assert [cycle.ok for cycle in report.cycles] == [True]
        (warning,) = [record for record in caplog.records if record.message == "a channel cannot send"]
        assert "HOOK_SECRET" in str(vars(warning)["why"])
