"""Retention by the daemon: what it drops, when it leaves, and that nothing else is touched."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from monitor.bootstrap import App
from monitor.daemon import Daemon
from monitor.pipeline import housekeeping, poll
from monitor.store import DroppedError
from tests.support.world import World, sample, trial, version

DAYS = 30


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Four versions of a trial, a week apart, on the disk."""
    names = ("One", "Two", "Three", "Four")
    key = "protocolSection__identificationModule__briefTitle"
    versions = [version(2 + 7 * n, sample(1, **{key: name})) for n, name in enumerate(names)]
    world = World(tmp_path, versions)
    with world:
        world.configure(f"[retention]\npayload_days = {DAYS}\n")
        world.watch(1)
        for turn in range(len(names)):
            if turn:
                world.registry.advance()
            with world.app() as app:
                assert poll.cycle(app, app.registries["ctgov"]).ok
            world.clock.forward(days=7)
    return world


def kept(app: App) -> str:
    """Which versions can still be read."""
    found = ""
    for one in app.store.snapshots(trial(1)):
        try:
            app.store.body(trial(1), one.seq)
        except DroppedError:
            continue
        found += str(one.seq)
    return found


def test_old_payloads_are_dropped_by_the_clock(world: World) -> None:
    """A payload goes once it is older than it is to be kept; first, latest and every change stay."""
    with world.app() as app:
        before = world.changes()
        assert housekeeping.run(app, payload_days=DAYS).dropped == 0
        world.clock.forward(days=10)
        assert housekeeping.run(app, payload_days=0).dropped == 0
        assert kept(app) == "1234"
        assert housekeeping.run(app, payload_days=DAYS).dropped == 1
        assert kept(app) == "134"
        world.clock.forward(days=DAYS)
        assert housekeeping.run(app, payload_days=DAYS).dropped == 1
        assert housekeeping.run(app, payload_days=DAYS).dropped == 0
        assert kept(app) == "14"
        assert world.changes() == before
        assert list(app.store.damage()) == []


def test_told_to_leave_it_drops_nothing(world: World) -> None:
    """A daemon that is leaving begins no page."""
    stop = threading.Event()
    stop.set()
    world.clock.forward(days=99)
    with world.app(stop=stop) as app:
        assert housekeeping.run(app, payload_days=DAYS).dropped == 0
        assert kept(app) == "1234"


def test_the_daemon_does_it_by_its_config(world: World) -> None:
    """The daemon's own step drops what the config says is old."""
    world.clock.forward(days=99)
    with world.app() as app:
        Daemon(app).housekeeping()
        assert kept(app) == "14"
