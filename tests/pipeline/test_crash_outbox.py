"""Killed while many messages are under way: none is lost, and repeats carry the same id and bytes."""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from pathlib import Path

import pytest

from monitor.demo.sinks import WebhookSink
from monitor.pipeline import deliver
from tests.support import forked
from tests.support.outboxes import fill, installation, webhook
from tests.support.world import SECRET, Clock

SEND = (
    "from monitor.bootstrap import App, load_settings\n"
    "from monitor.pipeline import deliver\n"
    "with App(load_settings()) as app: deliver.run(app)"
)
CHANNELS, EACH = 3, 6


@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("after_claim", marks=pytest.mark.slow),
        "after_send",
        pytest.param("after_t3", marks=pytest.mark.slow),
    ],
)
def test_a_kill_among_many_loses_none(tmp_path: Path, failpoint: str) -> None:
    """Eighteen messages on three channels, a kill among them: all arrive, and repeats are the same."""
    clock = Clock()
    with WebhookSink(SECRET) as sink:
        tables = [webhook(f"t{number}", sink.url) for number in range(CHANNELS)]
        with installation(tmp_path, *tables, clock=clock) as app:
            ids = fill(app, *(f"t{number}" for number in range(CHANNELS)), each=EACH)
        env = {
            **os.environ,
            "TRIALWIRE_CONFIG": str(tmp_path / "trialwire.toml"),
            "HOOK_SECRET": SECRET,
            "TRIALWIRE_FAILPOINT": failpoint,
        }
        killed = forked.code(SEND, env=env)
        _, errors = killed.communicate(timeout=60)
        assert killed.returncode == -signal.SIGKILL, errors
        clock.forward(days=30)
        with installation(tmp_path, *tables, clock=clock) as app:
            lost = app.store.void_leases(clock())
            deliver.run(app)
            assert {one.state for one in app.store.deliveries()} == {"sent"}
            outcomes = [one.outcome for each in ids for one in app.store.attempts(each)]
        assert outcomes.count("sent") == len(ids)
        assert outcomes.count("lost") == lost
        assert "open" not in outcomes
    bodies = defaultdict(set)
    for hook in sink.received:
        assert hook.verified
        bodies[hook.headers["webhook-id"]].add(hook.body)
    assert set(bodies) == set(ids)
    assert all(len(same) == 1 for same in bodies.values())
    assert len(sink.received) - len(ids) <= lost
