"""Bad days: servers that lag behind their neighbors, clocks that are set back, states that must not stick."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from monitor.bootstrap import App
from monitor.demo.standin import Fault
from monitor.pipeline import poll
from tests.support.world import World, sample, version

STATUS = "protocolSection__statusModule__overallStatus"
SUSPENDED = {STATUS: "SUSPENDED"}


def cycle(app: App) -> poll.CycleReport:
    return poll.cycle(app, app.registries["ctgov"])


def test_a_server_that_lags_is_not_followed_back(tmp_path: Path) -> None:
    """The second probe of a cycle shows the older data again: nothing is read at it, nothing goes back."""
    old, new = version(2, sample(1)), version(3, sample(1, **SUSPENDED))
    with World(tmp_path, [old, new, old, new]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            world.registry.advance_after(2)
            report = cycle(app)
            assert world.registry.version is old
            assert report.counts["changed"] == 1
            world.registry.advance()
            assert cycle(app).counts.get("changed") is None
        assert [change.body["new"] for change in world.changes()] == ["SUSPENDED"]


def test_data_that_went_back_are_asked_for_at_the_usual_pace(tmp_path: Path) -> None:
    """An old "not before" is forgotten once the source answers, be it with older data."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1))]) as world:
        world.watch(1)
        world.registry.advance()
        with world.app() as app:
            cycle(app)
            world.registry.inject(Fault.forbidden(times=1))
            cycle(app)
            world.registry.rollback()
            world.clock.forward(hours=7)
            cycle(app)
            health = app.store.source("ctgov")
            assert health is not None
            assert (health.state, health.not_before) == ("STALE", None)
            assert not poll.due(app, "ctgov", every_s=3600)
            world.clock.forward(hours=2)
            assert poll.due(app, "ctgov", every_s=3600)


def test_a_clock_set_back_stops_no_polls(tmp_path: Path) -> None:
    """Times that lie in the future are a wrong clock's: they hold nobody off."""
    with World(tmp_path, [version(2, sample(1))]) as world:
        world.watch(1)
        with world.app() as app:
            world.clock.forward(days=3650)
            cycle(app)
            world.clock.forward(days=-3650)
            assert poll.due(app, "ctgov", every_s=3600)
            health = app.store.source("ctgov")
            assert health is not None
            assert health.last_attempt_at is not None
            app.store.put_source(replace(health, not_before=health.last_attempt_at))
            assert poll.due(app, "ctgov", every_s=3600)
            assert cycle(app).waiting_until is None
            assert not poll.due(app, "ctgov", every_s=3600)
