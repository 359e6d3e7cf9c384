"""Searches run at every data version: who comes in, who leaves, and what no failure can do to them."""

from __future__ import annotations

from pathlib import Path

from monitor.bootstrap import App
from monitor.core.record import JsonObject, TrialId
from monitor.core.search import Search
from monitor.core.searches import SavedSearch
from monitor.pipeline import poll
from tests.support.world import World, sample, trial, version

NAME = "protocolSection__armsInterventionsModule__interventions"
STATUS = "protocolSection__statusModule__overallStatus"


def of_drug(number: int, drug: str, **members: object) -> JsonObject:
    """An invented trial of one drug."""
    return sample(number, **{NAME: [{"type": "DRUG", "name": drug}]}, **members)


def cycle(app: App) -> poll.CycleReport:
    return poll.cycle(app, app.registries["ctgov"])


def save(world: World, name: str = "AK104", **members: object) -> None:
    given: dict[str, object] = {"search": Search(intervention="AK104"), **members}
    with world.app() as app:
        app.store.put_search(SavedSearch(name, "search", "ctgov", **given), world.clock())  # type: ignore[arg-type]


def asset(world: World, *names: str, **members: object) -> None:
    with world.app() as app:
        saved = SavedSearch(names[0], "asset", "ctgov", names=names, **members)  # type: ignore[arg-type]
        app.store.put_search(saved, world.clock())


def inside(app: App, name: str = "AK104") -> set[TrialId]:
    return {member.state.trial for member in app.store.members(name) if member.left_at is None}


def moves(world: World) -> list[tuple[str, str]]:
    """(trial, what happened) of every change about a search, oldest first."""
    found = [change for change in world.changes() if change.field == "registry.search"]
    return [(change.trial.id, str(change.body["facts"]["event"])) for change in found]  # type: ignore[index,call-overload]


def test_the_first_run_is_a_beginning_and_no_news(tmp_path: Path) -> None:
    """Who is there when a search begins is counted in one line, read, and followed."""
    with World(
        tmp_path, [version(2, of_drug(1, "AK104"), of_drug(2, "AK104"), of_drug(3, "Other"))]
    ) as world:
        save(world)
        with world.app() as app:
            report = cycle(app)
            assert inside(app) == {trial(1), trial(2)}
            told = [notice.message for notice in app.store.notices()]
            saved = app.store.search("ak104")
        assert told == ["Now watching the search AK104: 2 trials. What comes in from now on is told."]
        assert saved is not None
        assert (saved.begun_at, saved.members, saved.problem) == (world.clock(), 2, "")
        assert report.ok
        assert moves(world) == []


def test_coming_in_leaving_and_coming_back_are_told(tmp_path: Path) -> None:
    """One change each, keyed by the search's name; what made it leave is told before it is let go."""
    one, stopped = of_drug(1, "AK104"), of_drug(2, "AK104", **{STATUS: "SUSPENDED"})
    two = of_drug(2, "AK104")
    with World(
        tmp_path,
        [version(2, one), version(3, one, two), version(4, one, stopped), version(5, one, two)],
    ) as world:
        save(world, search=Search(intervention="AK104", statuses=("RECRUITING",)))
        with world.app() as app:
            cycle(app)
            for expected in ({trial(1), trial(2)}, {trial(1)}, {trial(1), trial(2)}):
                world.registry.advance()
                world.clock.forward(days=1)
                assert cycle(app).ok
                assert inside(app) == expected
        assert moves(world) == [
            ("NCT00000002", "entered"),
            ("NCT00000002", "left"),
            ("NCT00000002", "back"),
        ]
        about = [change for change in world.changes() if change.trial == trial(2)]
        assert [(change.field, change.rule) for change in about] == [
            ("registry.search", "M22"),
            ("status.overallStatus", "C1"),
            ("registry.search", "m17"),
            ("status.overallStatus", "C2"),
            ("registry.search", "M22"),
        ]
