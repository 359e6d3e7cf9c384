"""Order for receivers: deliveries come in none, and `sequence` puts the changes of a trial in theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from monitor.demo.sinks import Reaction
from monitor.pipeline import compose, deliver, poll
from tests.support.world import World, sample, trial, version

STATUS_FIELD = "status.overallStatus"
STATUS = "protocolSection__statusModule__overallStatus"
STATES = ("RECRUITING", "ACTIVE_NOT_RECRUITING", "SUSPENDED", "TERMINATED")


def test_a_receiver_can_order_what_came_out_of_order(tmp_path: Path) -> None:
    """A first digest that arrives last has the smaller numbers, so that the newest state is not undone."""
    versions = [version(day, sample(1, **{STATUS: state})) for day, state in enumerate(STATES, start=2)]
    with World(tmp_path, versions) as world, world.app() as app:
        app.store.add_watches([trial(1)], now=world.clock())
        poll.cycle(app, app.registries["ctgov"])
        compose.run(app)
        deliver.run(app)
        world.hook.received.clear()
        world.hook.reactions.append(Reaction(500))
        for _ in STATES[1:]:
            world.registry.advance()
            world.clock.forward(seconds=1)
            poll.cycle(app, app.registries["ctgov"])
            compose.run(app)
            deliver.run(app)
        world.clock.forward(hours=1)
        deliver.run(app)
        arrived = [orjson.loads(hook.body)["data"] for hook in world.hook.received[1:]]
    statuses = [change for data in arrived for change in data["changes"] if change["field"] == STATUS_FIELD]
    first, *rest = STATES[1:]
    assert [change["new"] for change in statuses] == [*rest, first]
    assert [change["new"] for change in sorted(statuses, key=_sequence)] == list(STATES[1:])
    assert sorted(data["digest"]["sequence"] for data in arrived) == [1, 2, 3]
    everything = sorted((change for data in arrived for change in data["changes"]), key=_sequence)
    snapshots = [change["snapshot"]["to"] for change in everything]
    assert snapshots == sorted(snapshots)
    assert len({_sequence(change) for change in everything}) == len(everything)


def _sequence(change: Any) -> int:
    return int(change["sequence"])
