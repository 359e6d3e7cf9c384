"""The clock and the pictures on their way into digests, and facts of an earlier version read anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from monitor import daemon
from monitor.bootstrap import App
from monitor.core.record import TrialId
from monitor.pipeline import compose, facts, poll
from monitor.store import Store
from monitor.store.tables import TABLES
from tests.support.pasts import slipped
from tests.support.world import World, sample, version

COMPLETION = "protocolSection__statusModule__primaryCompletionDateStruct"
STATUS = "protocolSection__statusModule__overallStatus"
DAILY = """
[[subscriptions]]
name = "morning"
channels = ["hook"]
cadence = "daily 07:30 Europe/London"
"""
HEARTBEAT = DAILY + "heartbeat = true\n"
SOON = {COMPLETION: {"date": "2027-01", "type": "ESTIMATED"}}


def cycle(app: App) -> None:
    poll.cycle(app, app.registries["ctgov"])


def at(day: int, hour: int = 8) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_readouts_alone_make_no_digest_and_ride_along_on_a_heartbeat(tmp_path: Path) -> None:
    """A trial that reads out soon wakes nobody; a heartbeat tells it, in the reader's own day."""
    with World(tmp_path, [version(2, sample(1, **SOON))]) as world:
        world.watch(1)
        world.configure(DAILY)
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.clock.now = at(3)
            assert compose.run(app).digests == ()
        world.configure(HEARTBEAT)
        with world.app() as app:
            world.clock.now = at(4)
            (made,) = compose.run(app).digests
            assert made.readouts is not None
            assert made.readouts.as_of.isoformat() == "2026-11-04"
            (one,) = made.readouts.lists
            (item,) = one.items
            assert (one.kind, item.trial.id, item.text) == (
                "expected",
                "NCT00000001",
                "Primary completion in Jan 2027 (estimated).",
            )
            assert item.url.endswith("NCT00000001")
            assert made.pictures == {}
        world.configure(HEARTBEAT + "readout_days = 0\n")
        with world.app() as app:
            world.clock.now = at(5)
            (made,) = compose.run(app).digests
            assert made.readouts is None


def test_a_digest_out_of_turn_has_no_clock(tmp_path: Path) -> None:
    """What cannot wait is told by itself; a preview has the clock."""
    versions = [version(2, sample(1, **SOON)), version(3, sample(1, **SOON, **{STATUS: "SUSPENDED"}))]
    with World(tmp_path, versions) as world:
        world.watch(1)
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.registry.advance()
            cycle(app)
            seen = compose.preview(app, "all")
            assert seen is not None
            assert seen.readouts is not None
            (made,) = compose.run(app).digests
            assert (made.kind, made.readouts, made.pictures) == ("immediate", None, {})


def test_a_slipping_trial_is_drawn_and_its_slips_are_counted(tmp_path: Path) -> None:
    """Three versions, two moves: bars in the digest, and the history in the clock's words."""
    versions = [version(2 + place, slipped(1, place)) for place in range(3)]
    with World(tmp_path, versions) as world:
        world.watch(1)
        world.configure(DAILY + 'readout_days = 365\nmin_significance = "minor"\n')
        with world.app() as app:
            compose.run(app)
            cycle(app)
            for _ in versions[1:]:
                world.registry.advance()
                world.clock.forward(days=1)
                cycle(app)
            world.clock.now = at(6)
            (made,) = compose.run(app).digests
            assert made.readouts is not None
            (item,) = made.readouts.lists[0].items
            assert item.slips == "Moved twice in the 3 versions seen, 8 months later in all."
            (drawn,) = made.pictures[TrialId("ctgov", "NCT00000001")]
            assert [row.text for row in drawn.rows] == [
                "Mar 2027",
                "Jun 2027",
                "Nov 2027",
            ]


class Failing:
    """A store whose clock cannot be read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def readouts(self, *_: object, **__: object) -> Mapping[str, object]:
        raise RuntimeError("the clock stands still")

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_a_clock_that_fails_stops_no_digest(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is left out and logged."""
    with World(tmp_path, [version(2, sample(1, **SOON))]) as world:
        world.watch(1)
        world.configure(HEARTBEAT)
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.clock.now = at(4)
            app.store = Failing(app.store)  # type: ignore[assignment]
            (made,) = compose.run(app).digests
            assert made.readouts is None
    assert "digest goes without its clock" in caplog.text


def test_facts_of_an_earlier_version_are_read_anew(tmp_path: Path) -> None:
    """Before the first digest, so many at a turn; begun again it goes on, and done it only looks."""
    trials = [sample(number, **SOON) for number in (1, 2, 3)]
    with World(tmp_path, [version(2, *trials)]) as world:
        world.watch(1, 2, 3)
        with world.app() as app:
            cycle(app)
            with app.store._db.write() as connection:
                old = {"facts_form": 0, "primary_completion": None, "conditions": ""}
                connection.execute(update(TABLES["trial"]).values(old))
            assert facts.run(app, most=2) == 2
            state = app.store.trial(TrialId("ctgov", "NCT00000003"))
            assert state is not None
            assert state.conditions is None
            daemon.run_once(app)
            assert facts.run(app) == 0
            state = app.store.trial(TrialId("ctgov", "NCT00000003"))
            assert state is not None
            assert state.conditions
