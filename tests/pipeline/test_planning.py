"""A watch list longer than its budget: what the registry updated is read at once, the rest in turn."""

from __future__ import annotations

from pathlib import Path

from monitor.bootstrap import App
from monitor.core.record import JsonObject
from monitor.core.subscription import Subscription
from monitor.demo.standin import Fault
from monitor.pipeline import poll
from tests.support.world import IMMEDIATE, World, sample, trial, version

UPDATED = "protocolSection__statusModule__lastUpdatePostDateStruct"
STATUS = "protocolSection__statusModule__overallStatus"
BUDGET = f"\n[poll]\nsweep = 2\n{IMMEDIATE}"
EVERYBODY = Subscription("all", ("hook",), "immediate")


def at(number: int, posted: str = "2026-09-10", **members: object) -> JsonObject:
    """An invented trial last posted on a day."""
    return sample(number, **{UPDATED: {"date": posted, "type": "ACTUAL"}}, **members)


def cycle(app: App) -> poll.CycleReport:
    return poll.cycle(app, app.registries["ctgov"])


def read_at(app: App, day: int) -> set[int]:
    """The trials read at a day's data version."""
    stamp = f"2026-11-{day:02d}"
    states = [state for state in app.store.trials() if (state.checked_data_version or "").startswith(stamp)]
    return {int(state.trial.id[3:]) for state in states}


def old(*numbers: int) -> list[JsonObject]:
    return [at(number) for number in numbers]


def test_an_updated_trial_is_never_left_to_the_sweep(tmp_path: Path) -> None:
    """Beside the sweep's share, the longest unseen first; nothing counts as missed that was read lately."""
    moved = at(6, "2026-11-03", **{STATUS: "SUSPENDED"})
    versions = [version(2, *old(1, 2, 3, 4, 5, 6)), version(3, *old(1, 2, 3, 4, 5), moved)]
    versions.append(version(4, *old(1, 2, 3, 4, 5), moved))
    with World(tmp_path, versions) as world:
        world.configure(BUDGET)
        world.watch(1, 2, 3, 4, 5, 6)
        with world.app() as app:
            assert cycle(app).ok
            assert read_at(app, 2) == {1, 2, 3, 4, 5, 6}
            world.registry.advance()
            world.clock.forward(days=1)
            assert cycle(app).ok
            assert read_at(app, 3) == {1, 2, 6}
            assert app.store.pending(EVERYBODY, app.clock()).unread == ()
            assert app.store.overview().unread == 0
            world.clock.forward(hours=1)
            cycle(app)
            assert read_at(app, 3) == {1, 2, 6}
            world.registry.advance()
            world.clock.forward(days=1)
            cycle(app)
            assert read_at(app, 4) >= {3, 4}
        assert [(change.trial, change.rule) for change in world.changes()] == [(trial(6), "C1")]


def test_a_silent_change_is_found_within_a_week(tmp_path: Path) -> None:
    """One that moves no date of the registry's is found when its trial's turn comes."""
    silent = at(6, **{STATUS: "SUSPENDED"})
    days = [version(day, *old(1, 2, 3, 4, 5), silent) for day in range(3, 8)]
    with World(tmp_path, [version(2, *old(1, 2, 3, 4, 5, 6)), *days]) as world:
        world.configure(BUDGET)
        world.watch(1, 2, 3, 4, 5, 6)
        with world.app() as app:
            cycle(app)
            for _ in days:
                world.registry.advance()
                world.clock.forward(days=1)
                cycle(app)
        assert [(change.trial, change.rule) for change in world.changes()] == [(trial(6), "C1")]


def test_updates_that_cannot_be_asked_for_are_asked_for_again(tmp_path: Path) -> None:
    """The state is told, the sweep goes on, and the next poll knows what was updated."""
    moved = at(6, "2026-11-03", **{STATUS: "SUSPENDED"})
    versions = [version(2, *old(1, 2, 3, 4, 5, 6)), version(3, *old(1, 2, 3, 4, 5), moved)]
    with World(tmp_path, versions) as world:
        world.configure(BUDGET)
        world.watch(1, 2, 3, 4, 5, 6)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            world.clock.forward(days=1)
            world.registry.inject(Fault.failing(path="LastUpdatePostDate", times=None))
            assert not cycle(app).ok
            assert read_at(app, 3) == {1, 2}
            world.registry.clear_faults()
            world.clock.forward(hours=1)
            assert cycle(app).ok
            assert read_at(app, 3) >= {6}
        assert [change.rule for change in world.changes()] == ["C1"]


def test_what_is_due_stays_so_until_it_is_read(tmp_path: Path) -> None:
    """A trial that was updated and could not be read is told as unread, and read at the next poll."""
    moved = at(6, "2026-11-03", **{STATUS: "SUSPENDED"})
    versions = [version(2, *old(1, 2, 3, 4, 5, 6)), version(3, *old(1, 2, 3, 4, 5), moved)]
    with World(tmp_path, versions, batch_size=1) as world:
        world.configure(BUDGET)
        world.watch(1, 2, 3, 4, 5, 6)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            world.clock.forward(days=1)
            world.registry.inject(Fault.failing(path="filter.ids=NCT00000006", times=None))
            cycle(app)
            unread = app.store.pending(EVERYBODY, app.clock()).unread
            assert [state.trial for state in unread] == [trial(6)]
            assert (app.store.overview().unread, app.store.overview().some_unread) == (1, (trial(6),))
            world.registry.clear_faults()
            world.clock.forward(hours=1)
            cycle(app)
            assert app.store.pending(EVERYBODY, app.clock()).unread == ()
        assert [change.rule for change in world.changes()] == ["C1"]
