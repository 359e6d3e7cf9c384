"""Killed while searches run: who came in and who left is written once, and told once."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from monitor import daemon
from tests.pipeline.test_discover import STATUS, asset, inside, moves, of_drug, save
from tests.support.world import World, sample, trial, version

FAILPOINTS = (
    pytest.param("after_t1", marks=pytest.mark.slow),
    "before_members",
    "after_members",
)
TELLING = """
[[subscriptions]]
name = "all"
channels = ["hook"]
cadence = "immediate"
"""


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_kill_loses_and_invents_no_move(tmp_path: Path, failpoint: str) -> None:
    """`kill -9` at a step, then `run --once`: each move stands once, and is told, with what led to it."""
    before = version(2, of_drug(1, "AK104"), of_drug(2, "AK104"), sample(9))
    after = version(3, of_drug(1, "AK104", **{STATUS: "SUSPENDED"}), of_drug(2, "Other"), of_drug(3, "AK104"))
    with World(tmp_path, [before, after], batch_size=1) as world:
        world.configure(TELLING)
        asset(world, "AK104")
        with world.app() as app:
            assert daemon.run_once(app).ok
        assert world.told() == []
        world.registry.advance()

        killed = world.start("run_once", TRIALWIRE_FAILPOINT=failpoint)
        _, errors = killed.communicate(timeout=60)
        assert killed.returncode == -signal.SIGKILL, errors

        world.clock.forward(days=20)
        with world.app() as app:
            daemon.run_once(app)
            assert inside(app) == {trial(1), trial(3)}
        assert sorted(moves(world)) == [("NCT00000002", "left"), ("NCT00000003", "entered")]
        recorded = {change.id for change in world.changes()}
        assert recorded == {str(change["id"]) for change in world.told() if change["significance"] != "noise"}
        assert {change.rule for change in world.changes() if change.trial == trial(1)} == {"C1"}


def test_a_beginning_broken_off_stays_a_beginning(tmp_path: Path) -> None:
    """Killed in the middle of its first run, a search tells nobody of those it finds after."""
    served = version(2, *(of_drug(number, "AK104") for number in range(1, 5)))
    with World(tmp_path, [served], batch_size=1) as world:
        save(world)
        killed = world.start("run_once", TRIALWIRE_FAILPOINT="before_members")
        killed.communicate(timeout=60)
        assert killed.returncode == -signal.SIGKILL
        world.clock.forward(days=20)
        with world.app() as app:
            daemon.run_once(app)
            assert len(inside(app)) == 4
        assert moves(world) == []
