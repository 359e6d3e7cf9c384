"""Searches run at every data version: who comes in, who leaves, and what no failure can do to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.bootstrap import App
from monitor.core.record import JsonObject, TrialId
from monitor.core.search import Search
from monitor.core.searches import SavedSearch
from monitor.demo.standin import Fault
from monitor.pipeline import compose, poll
from tests.support.records import ABSENT
from tests.support.world import World, sample, trial, version

NAME = "protocolSection__armsInterventionsModule__interventions"
CRITERIA = "protocolSection__eligibilityModule__eligibilityCriteria"
TITLE = "protocolSection__identificationModule__officialTitle"
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


def test_an_asset_is_found_under_any_name_and_judged_by_its_record(tmp_path: Path) -> None:
    """Names in any spelling; a trial that only excludes it is found by the engine and left out."""
    excluded = of_drug(3, "Other", **{CRITERIA: "Exclusion Criteria:\n* prior AK104"})
    titled = of_drug(4, "Study drug", **{TITLE: "A Trial of Cadonilimab (AK-104)"})
    served = version(2, of_drug(1, "AK-104 Injection"), of_drug(2, "CADONILIMAB"), excluded, titled)
    with World(tmp_path, [served]) as world:
        asset(world, "cadonilimab", "AK104")
        with world.app() as app:
            assert cycle(app).ok
            why = {str(one.state.trial): str(one.matched) for one in app.store.members("cadonilimab")}
        assert why == {
            "NCT00000001": 'matched "AK104" in interventions',
            "NCT00000002": 'matched "cadonilimab" in interventions',
            "NCT00000004": 'matched "cadonilimab" in title',
        }


def test_an_alias_added_later_is_looked_for(tmp_path: Path) -> None:
    """At the next poll, without a new data version; who is found by it was there before and is no news."""
    with World(tmp_path, [version(2, of_drug(1, "AK104"), of_drug(2, "candonilimab"))]) as world:
        asset(world, "AK104")
        with world.app() as app:
            cycle(app)
            assert inside(app) == {trial(1)}
        world.clock.forward(hours=1)
        asset(world, "AK104", "candonilimab")
        with world.app() as app:
            assert poll.due(app, "ctgov", 3600.0)
            cycle(app)
            assert inside(app) == {trial(1), trial(2)}
        assert moves(world) == []


def test_an_asset_that_is_named_no_longer_leaves(tmp_path: Path) -> None:
    """The record decides, though the search still finds the name elsewhere in it; and it may come back."""
    named = of_drug(1, "AK104")
    unnamed = of_drug(
        1, "Other", protocolSection__descriptionModule__briefSummary="It was once to be given with AK104."
    )
    with World(tmp_path, [version(2, named), version(3, unnamed), version(4, named)]) as world:
        asset(world, "AK104")
        with world.app() as app:
            cycle(app)
            for expected in (set(), {trial(1)}):
                world.registry.advance()
                world.clock.forward(days=1)
                cycle(app)
                assert inside(app) == expected
        assert moves(world) == [("NCT00000001", "left"), ("NCT00000001", "back")]


FAULTS = {
    "throttled": Fault.throttled(path=r"fields=NCTId", times=None),
    "failing": Fault.failing(path=r"fields=NCTId", times=None),
    "html": Fault.html(path=r"fields=NCTId", times=None),
    "garbled": Fault.garbled(path=r"fields=NCTId", times=None),
    "reset": Fault.reset(path=r"fields=NCTId", times=None),
    "forbidden": Fault.forbidden(path=r"fields=NCTId"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_search_that_fails_moves_nobody(tmp_path: Path, fault: str) -> None:
    """Nobody leaves, nobody is invented, the state is told; the next poll makes up for it."""
    before = version(2, of_drug(1, "AK104"), sample(9))
    after = version(3, of_drug(1, "Other"), of_drug(2, "AK104"), sample(9, **{STATUS: "SUSPENDED"}))
    with World(tmp_path, [before, after]) as world:
        save(world)
        world.watch(9)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            world.registry.inject(FAULTS[fault])
            world.clock.forward(days=1)
            report = cycle(app)
            assert inside(app) == {trial(1)}
            assert moves(world) == []
            assert report.health is not None
            assert report.health.state in {"THROTTLED", "DOWN", "BROKEN", "BLOCKED"}
            saved = app.store.search("AK104")
            assert saved is not None
            assert saved.problem
            world.registry.clear_faults()
            world.clock.forward(days=1)
            assert cycle(app).ok
            assert inside(app) == {trial(2)}
        assert sorted(moves(world)) == [("NCT00000001", "left"), ("NCT00000002", "entered")]
        assert [c.rule for c in world.changes() if c.trial == trial(9)] == ["C1"]


def test_other_trials_are_read_though_a_search_fails(tmp_path: Path) -> None:
    """An error of the search alone delays no trial on the list."""
    before = version(2, of_drug(1, "AK104"), sample(9))
    after = version(3, of_drug(1, "AK104"), sample(9, **{STATUS: "SUSPENDED"}))
    with World(tmp_path, [before, after]) as world:
        save(world)
        world.watch(9)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            world.registry.inject(Fault.failing(path=r"fields=NCTId", times=None))
            world.clock.forward(days=1)
            assert not cycle(app).ok
        assert [c.rule for c in world.changes() if c.trial == trial(9)] == ["C1"]


def test_a_data_version_that_moves_between_pages_moves_nobody(tmp_path: Path) -> None:
    """The list is begun again; what is told in the end is of one data version."""
    many = [of_drug(number, "AK104") for number in range(1, 1003)]
    with World(tmp_path, [version(2, *many), version(3, *many[:-1])]) as world:
        save(world, follow=False)
        with world.app() as app:
            world.registry.advance_after(3)
            cycle(app)
            assert len(inside(app)) == 1001
        assert moves(world) == []


def test_a_refused_search_says_so_once(tmp_path: Path) -> None:
    """It stops nothing else, counts as no trouble of the source's, and is told in one notice."""
    with World(tmp_path, [version(2, sample(9))]) as world:
        save(world, search=Search(advanced="AREA[Nonsense]x"))
        world.watch(9)
        with world.app() as app:
            assert cycle(app).ok
            world.clock.forward(hours=1)
            assert cycle(app).ok
            told = [notice.message for notice in app.store.notices() if notice.kind == "search_refused"]
        assert len(told) == 1
        assert told[0].startswith("The search AK104 cannot be run: ")


def test_one_that_is_only_told_of_is_read_once(tmp_path: Path) -> None:
    """With --no-follow newcomers have a baseline and an event; later versions are not asked for."""
    one, two = of_drug(1, "AK104"), of_drug(2, "AK104")
    moved = of_drug(2, "AK104", **{STATUS: "SUSPENDED"})
    with World(tmp_path, [version(2, one), version(3, one, two), version(4, one, moved)]) as world:
        save(world, follow=False)
        with world.app() as app:
            for _ in range(3):
                cycle(app)
                if world.registry.version.stamp[:10] < "2026-11-04":
                    world.registry.advance()
                world.clock.forward(days=1)
            assert [len(app.store.snapshots(trial(number))) for number in (1, 2)] == [1, 1]
        assert moves(world) == [("NCT00000002", "entered")]


DIGEST = """
[[subscriptions]]
name = "akeso"
channels = ["hook"]
cadence = "immediate"
searches = ["AK104"]

[[subscriptions]]
name = "loud"
channels = ["hook"]
cadence = "daily 07:30 UTC"
min_significance = "critical"
"""


def test_a_digest_tells_who_came_in_and_why(tmp_path: Path) -> None:
    """A section of their own, chosen by the search's name; too quiet for a subscription of critical news."""
    one, two, other = of_drug(1, "AK104"), of_drug(2, "AK-104 Injection"), sample(9)
    stopped = sample(9, **{STATUS: "SUSPENDED"})
    with World(tmp_path, [version(2, one, other), version(3, one, two, stopped)]) as world:
        world.configure(DIGEST)
        asset(world, "AK104", "cadonilimab")
        world.watch(9)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            world.clock.forward(days=1)
            cycle(app)
            world.clock.forward(days=1)
            told = {made.subscription.name: made for made in compose.run(app).digests}
            assert {name: [str(s.trial.trial) for s in made.stories] for name, made in told.items()} == {
                "akeso": ["NCT00000002"],
                "loud": ["NCT00000009"],
            }
            said = app.renderer.digest(told["akeso"])
        line = (
            "AK104: NCT00000002 Veltomab Plus Chemotherapy in Gastric Cancer "
            "· Phase 2, recruiting, Alpha Bio "
            '(matched "AK104" in interventions)'
        )
        assert "NEW IN YOUR SEARCHES" in said.text
        assert line in " ".join(said.text.split())
        assert "1 new in your searches" in said.subject
        assert "AK104" in said.html
        assert "**AK104**: [NCT00000002]" in said.markdown
        assert "MAJOR" not in said.text
        assert told["akeso"].baselines[0].message.startswith("Now watching the asset AK104: 1 trial.")


def test_who_left_is_told_that_and_nothing_after(tmp_path: Path) -> None:
    """The story that led out of the search is told with the leaving; what comes later is not."""
    recruiting, stopped = of_drug(1, "AK104"), of_drug(1, "AK104", **{STATUS: "SUSPENDED"})
    resumed = of_drug(1, "AK104", **{STATUS: "TERMINATED"})
    with World(tmp_path, [version(2, recruiting), version(3, stopped), version(4, resumed)]) as world:
        world.configure(DIGEST)
        save(world, search=Search(intervention="AK104", statuses=("RECRUITING",)))
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            world.clock.forward(days=1)
            cycle(app)
            (made,) = (one for one in compose.run(app).digests if one.subscription.name == "akeso")
            assert sorted(story.finding.rule for story in made.stories) == ["C1", "m17"]
            world.registry.advance()
            world.clock.forward(days=1)
            cycle(app)
            assert app.store.snapshots(trial(1))[-1].seq == 2
            assert [one.subscription.name for one in compose.run(app).digests] == ["loud"]


def test_a_number_merged_into_another_stays_in_the_search(tmp_path: Path) -> None:
    """The new number takes the place of the old one: nobody comes in, nobody leaves."""
    merged = of_drug(2, "AK104", protocolSection__identificationModule__nctIdAliases=["NCT00000001"])
    with World(tmp_path, [version(2, of_drug(1, "AK104")), version(3, merged)]) as world:
        save(world)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            world.clock.forward(days=1)
            cycle(app)
            assert inside(app) == {trial(2)}
        assert moves(world) == []
        assert "registry.alias" in {change.field for change in world.changes()}


def test_who_is_gone_from_the_registry_has_not_left_a_search(tmp_path: Path) -> None:
    """That it is gone is the story, told after two data versions; it is looked for once in each."""
    one, other = of_drug(1, "AK104"), of_drug(2, "AK104")
    with World(tmp_path, [version(2, one, other), version(3, other), version(4, other)]) as world:
        save(world)
        with world.app() as app:
            for _ in range(3):
                cycle(app)
                assert inside(app) == {trial(1), trial(2)}
                if world.registry.version.stamp < "2026-11-04":
                    world.registry.advance()
                world.clock.forward(days=1)
        looked = [seen for seen in world.registry.requests if seen.target.endswith("/studies/NCT00000001")]
        assert len(looked) == 2
        assert [(change.field, change.rule) for change in world.changes()] == [("registry.presence", "C10")]


def test_one_rotten_record_holds_up_no_search(tmp_path: Path) -> None:
    """An answer that cannot be believed keeps a search neither from beginning nor from telling of others."""
    rotten = of_drug(2, "AK104", protocolSection__statusModule=ABSENT)
    before, after = of_drug(1, "AK104"), of_drug(3, "AK104")
    with World(tmp_path, [version(2, before, rotten), version(3, before, rotten, after)]) as world:
        save(world)
        with world.app() as app:
            cycle(app)
            saved = app.store.search("AK104")
            assert saved is not None
            assert saved.begun_at is not None
            world.registry.advance()
            world.clock.forward(days=1)
            cycle(app)
            assert trial(3) in inside(app)
        assert moves(world) == [("NCT00000003", "entered")]
