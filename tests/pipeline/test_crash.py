"""Killed between any two steps: nothing is lost, and nothing comes twice except under the same id."""

from __future__ import annotations

import signal
from collections import defaultdict
from pathlib import Path

import pytest

from monitor import daemon
from tests.support.world import World, sample, version

STATUS = "protocolSection__statusModule__overallStatus"
COUNT = "protocolSection__designModule__enrollmentInfo"

FAILPOINTS = (
    "before_t1",
    "after_t1",
    pytest.param("before_source", marks=pytest.mark.slow),
    "before_t2",
    "after_t2",
    "after_claim",
    "after_send",
    pytest.param("after_t3", marks=pytest.mark.slow),
)
EXPECTED = {
    ("NCT00000001", "status.overallStatus"),
    ("NCT00000002", "design.enrollmentCount"),
}


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_kill_loses_and_repeats_nothing(tmp_path: Path, failpoint: str) -> None:
    """`kill -9` at a step, then `run --once`: each change is recorded once and told, repeats have one id."""
    before = version(2, sample(1), sample(2))
    after = version(
        3,
        sample(1, **{STATUS: "SUSPENDED"}),
        sample(2, **{COUNT: {"count": 300, "type": "ESTIMATED"}}),
    )
    with World(tmp_path, [before, after], batch_size=1) as world:
        world.watch(1, 2)
        with world.app() as app:
            assert daemon.run_once(app).ok
        assert world.hook.received == []
        world.registry.advance()

        killed = world.start("run_once", TRIALWIRE_FAILPOINT=failpoint)
        _, errors = killed.communicate(timeout=60)
        assert killed.returncode == -signal.SIGKILL, errors

        world.clock.forward(days=20)
        with world.app() as app:
            daemon.run_once(app)
            assert {delivery.state for delivery in app.store.deliveries()} == {"sent"}
        recorded = world.changes()
        assert {(change.trial.id, change.field) for change in recorded} == EXPECTED
        assert len(recorded) == len({change.id for change in recorded})
        assert {change.id for change in recorded} <= {str(change["id"]) for change in world.told()}
        bodies = defaultdict(set)
        for hook in world.hook.received:
            assert hook.verified
            bodies[hook.headers["webhook-id"]].add(hook.body)
        assert all(len(same) == 1 for same in bodies.values())
        repeats = len(world.hook.received) - len(bodies)
        assert repeats == (1 if failpoint == "after_send" else 0)
