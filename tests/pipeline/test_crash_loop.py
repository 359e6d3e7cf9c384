"""Killed again and again at moments nobody chose: what was recorded and told is whole at the end."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.forked import Forked
from tests.support.world import World, sample, version

COUNT = "protocolSection__designModule__enrollmentInfo__count"
ROUNDS = 25
LONGEST_S = 0.9
"""A pass takes about so long here; shorter waits hit its start, its steps and its end alike."""


@pytest.mark.slow
@pytest.mark.parametrize("step", ["run_once", "run"])
def test_kills_at_random_lose_and_repeat_nothing(tmp_path: Path, step: str) -> None:
    """25 versions, a kill in each: every change is recorded once and told, repeats keep id and bytes."""
    chance = random.Random(20261120)
    versions = [version(1 + day, sample(1, **{COUNT: 100 + day})) for day in range(ROUNDS + 1)]
    with World(tmp_path, versions) as world:
        world.watch(1)
        _finish(world)
        for _ in range(ROUNDS):
            world.registry.advance()
            _kill_after(world.start(step), chance.uniform(0.0, LONGEST_S))
            _finish(world)
        recorded = [change for change in world.changes() if change.field == "design.enrollmentCount"]
        told = {str(change["id"]) for change in world.told()}
        with world.app() as app:
            assert app.store.integrity_check() == ()
            assert {delivery.state for delivery in app.store.deliveries()} == {"sent"}
        assert [change.body["new"] for change in recorded] == [101 + day for day in range(ROUNDS)]
        assert all(one.body["new"] == two.body["old"] for one, two in pairwise(recorded))
        assert {change.id for change in recorded} <= told
        bodies = defaultdict(set)
        for hook in world.hook.received:
            bodies[hook.headers["webhook-id"]].add(hook.body)
        assert all(len(same) == 1 for same in bodies.values())


def _kill_after(process: Forked, seconds: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=seconds)
        return
    process.send_signal(signal.SIGKILL)
    process.communicate()


def _finish(world: World) -> None:
    """The pass that puts right what the killed one left."""
    process = world.start("run_once")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
