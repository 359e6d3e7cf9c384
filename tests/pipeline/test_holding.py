"""Brakes on digests: what looks like a reformatting waits for a person, and nothing slips out before."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

import orjson
import pytest

from monitor import daemon
from monitor.bootstrap import App
from monitor.core.record import JsonObject, TrialId
from monitor.demo.standin import DataVersion, Fault
from monitor.errors import LockedError, StoreError
from monitor.pipeline import compose, deliver, poll
from tests.support.world import IMMEDIATE, World, sample, trial, version

TITLE = "protocolSection__identificationModule__briefTitle"
VERIFIED = "protocolSection__statusModule__statusVerifiedDate"
SUMMARY = "protocolSection__descriptionModule__briefSummary"
POSTED = "protocolSection__statusModule__lastUpdatePostDateStruct"
MANY = 24
FEW = "\n[brakes]\nmin_trials = 3\n"


def retitled(numbers: Iterable[int], title: str = "Anders", **more: object) -> list[JsonObject]:
    """All trials, these with another title."""
    changed = set(numbers)
    return [sample(n, **({TITLE: f"{title} {n}", **more} if n in changed else {})) for n in trials()]


def trials() -> range:
    return range(1, MANY + 1)


def world_of(folder: Path, *versions: Sequence[JsonObject], batch_size: int = 200) -> World:
    """A world whose data versions, from the second of the month on, hold these."""
    days: list[DataVersion] = [version(day, *studies) for day, studies in enumerate(versions, start=2)]
    return World(folder, days, batch_size=batch_size)


def cycle(app: App, scope: poll.Scope = "unread") -> poll.CycleReport:
    return poll.cycle(app, app.registries["ctgov"], scope=scope)


def told(app: App, world: World) -> list[tuple[str, str]]:
    """Compose and deliver; the trials and fields that went out since the start."""
    compose.run(app)
    deliver.run(app)
    found = cast("list[dict[str, dict[str, str]]]", world.told())
    return sorted((change["trial"]["id"][-2:], str(change["field"])) for change in found)


def read_twice(app: App, world: World) -> poll.CycleReport:
    """The first data version as the baseline, then the next."""
    compose.run(app)
    cycle(app)
    world.registry.advance()
    world.clock.forward(days=1)
    return cycle(app)


def notices(world: World) -> list[str]:
    """The notices that went out."""
    bodies = [orjson.loads(hook.body) for hook in world.hook.received]
    return [str(notice["message"]) for body in bodies for notice in body["data"].get("notices", [])]


def test_a_reformatting_is_held_told_once_and_released(tmp_path: Path) -> None:
    """Half the trials change: one notice goes out and no change, until a person lets them go."""
    plain, odd = retitled(()), retitled(range(1, 13))
    later = [*odd[:-1], sample(MANY, **{TITLE: "News"})]
    with world_of(tmp_path, plain, odd, later) as world:
        world.watch(*trials())
        with world.app() as app:
            report = read_twice(app, world)
            assert report.held == "12 of 24 watched trials changed outside administrative fields (over 20 %)"
            assert not report.ok
            assert told(app, world) == []
            (said,) = notices(world)
            assert said.startswith(
                "Registry reformatting suspected, so the changes in ClinicalTrials.gov's data of 2026-11-03 "
                "are held: 12 of 24 watched trials"
            )
            cycle(app)
            world.registry.advance()
            world.clock.forward(days=1)
            assert cycle(app).held == ""
            assert told(app, world) == [("24", "identification.briefTitle")]
            (hold,) = app.store.holds()
            assert app.store.decide_hold(hold.id, "released", world.clock()) == (
                app.store.holds("released")[0],
                True,
            )
            assert app.store.decide_hold(hold.id, "released", world.clock())[1] is False
            assert len(told(app, world)) == 13
            assert len(notices(world)) == 1
            with pytest.raises(StoreError, match="was released already"):
                app.store.decide_hold(hold.id, "dismissed", world.clock())


def test_what_is_dismissed_is_never_told_and_stays_in_the_history(tmp_path: Path) -> None:
    """Dismissed: in no digest, by whatever way, and every change is still recorded."""
    with world_of(tmp_path, retitled(()), retitled(range(1, 13))) as world:
        world.watch(*trials())
        with world.app() as app:
            read_twice(app, world)
            (hold,) = app.store.holds()
            app.store.decide_hold(hold.id, "dismissed", world.clock())
            assert app.store.decide_hold(hold.id, "dismissed", world.clock())[1] is False
            assert told(app, world) == []
            assert compose.send(app, "all") is None
            assert cycle(app, "all").held == ""
            assert app.store.holds() == ()
        assert len(world.changes()) == 12


@pytest.mark.parametrize(
    ("odd", "held"),
    [
        (retitled(range(1, 5)), ""),
        (retitled((), "x"), ""),
        ([sample(n, **{VERIFIED: "2026-11"}) for n in trials()], "status.statusVerifiedDate changed in 24"),
        ([sample(n, **({VERIFIED: "2026-11"} if n < 12 else {})) for n in trials()], ""),
    ],
    ids=["a few", "nothing", "an administrative path", "administrative, under half"],
)
def test_what_is_held_and_what_is_not(tmp_path: Path, odd: Sequence[JsonObject], held: str) -> None:
    """A fifth outside administrative fields, or one path in over half; nothing less."""
    with world_of(tmp_path, retitled(()), odd) as world:
        world.configure(IMMEDIATE + FEW)
        world.watch(*trials())
        with world.app() as app:
            assert read_twice(app, world).held.startswith(held)
            assert bool(app.store.holds()) == bool(held)


def test_first_sights_are_no_changes(tmp_path: Path) -> None:
    """A hundred new trials dilute nothing and count for nothing: three of the four seen before are held."""
    first = [sample(n) for n in range(1, 5)]
    second = [*[sample(n, **{TITLE: "x"}) for n in range(1, 4)], *[sample(n) for n in range(4, 60)]]
    with world_of(tmp_path, first, second) as world:
        world.configure(IMMEDIATE + FEW)
        world.watch(1, 2, 3, 4)
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.registry.advance()
            app.store.add_watches([trial(n) for n in range(5, 60)], now=world.clock())
            assert cycle(app).held.startswith("3 of 4 watched trials changed")


def test_nothing_slips_out_in_the_middle_of_a_cycle(tmp_path: Path) -> None:
    """Composed after every batch, an immediate digest has nothing until the data version is judged."""
    with world_of(tmp_path, retitled(()), retitled(range(1, 13)), batch_size=4) as world:
        world.watch(*trials())
        with world.app() as app:
            registry, seen = app.registries["ctgov"], list[int]()

            class Meanwhile:
                def __getattr__(self, name: str) -> object:
                    return getattr(registry, name)

                def fetch(self, wanted: Sequence[TrialId]) -> object:
                    seen.append(len(compose.run(app).digests))
                    return registry.fetch(wanted)

            poll.cycle(app, Meanwhile())  # type: ignore[arg-type]
            world.registry.advance()
            seen.clear()
            assert poll.cycle(app, Meanwhile()).held  # type: ignore[arg-type]
            assert seen == [0] * 6
            assert told(app, world) == []


def test_a_decision_waits_for_the_count(tmp_path: Path) -> None:
    """While its data version is read, nobody can release what is not judged yet."""
    with world_of(tmp_path, retitled(())) as world, world.app() as app:
        app.store.open_hold("ctgov", "2026-11-03T09:00:05", world.clock())
        counting = app.store.counting_hold("ctgov")
        assert counting is not None
        with pytest.raises(LockedError, match="still being read"):
            app.store.decide_hold(counting.id, "released", world.clock())
        with pytest.raises(StoreError, match="nothing is held"):
            app.store.decide_hold(counting.id + 1, "released", world.clock())


def test_a_cycle_that_fails_midway_is_judged_by_what_it_saw_and_again_by_the_rest(tmp_path: Path) -> None:
    """Few of those read changed: told. Then the other batch comes, and what is not told yet is held."""
    odd = retitled([1, *range(13, MANY + 1)])
    with world_of(tmp_path, retitled(()), odd, batch_size=12) as world:
        world.watch(*trials())
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.registry.advance()
            world.registry.inject(Fault.failing(500, path="NCT00000013"))
            report = cycle(app)
            assert (report.counts["unread"], report.held) == (12, "")
            assert told(app, world) == [("01", "identification.briefTitle")]
            assert cycle(app).held.startswith("13 of 24 watched trials")
            assert len(told(app, world)) == 1


def test_what_was_held_too_soon_is_let_go_by_the_rest(tmp_path: Path) -> None:
    """All of the first batch changed, none of the others: held, then no longer, and that is told."""
    with world_of(tmp_path, retitled(()), retitled(range(1, 4)), batch_size=3) as world:
        world.configure(IMMEDIATE + FEW)
        world.watch(*trials())
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.registry.advance()
            world.registry.inject(Fault.failing(500, path="NCT0000000(4|7)|NCT0000001", times=3))
            assert cycle(app).held.startswith("3 of 24 watched trials")
            assert told(app, world) == []
            assert cycle(app).held == ""
            assert len(told(app, world)) == 3
            assert any("no longer held" in notice for notice in notices(world))


def test_after_a_long_gap_the_share_is_by_the_day(tmp_path: Path) -> None:
    """Two weeks unread: half the trials, posted on as many days, are told; all posted on one are held."""

    def posted(days: Sequence[int]) -> list[JsonObject]:
        return [
            sample(
                n, **{TITLE: "x", POSTED: {"date": f"2026-11-{days[n % len(days)]:02d}", "type": "ACTUAL"}}
            )
            for n in range(1, 13)
        ] + [sample(n) for n in range(13, MANY + 1)]

    for name, days, held in (("a", range(4, 16), False), ("b", [12], True)):
        folder = tmp_path / name
        folder.mkdir()
        versions = [version(2, *retitled(())), version(16, *posted(days))]
        with World(folder, versions) as world:
            world.configure(IMMEDIATE + FEW)
            world.watch(*trials())
            with world.app() as app:
                read_twice(app, world)
                assert bool(app.store.holds()) == held


def test_reading_all_again_counts_nothing_twice(tmp_path: Path) -> None:
    """`poll --force` at the same data version leaves a verdict, and a person's decision, as they are."""
    with world_of(tmp_path, retitled(()), retitled(range(1, 13))) as world:
        world.watch(*trials())
        with world.app() as app:
            first = read_twice(app, world).held
            assert cycle(app, "all").held == first
            assert told(app, world) == []
            (hold,) = app.store.holds()
            app.store.decide_hold(hold.id, "released", world.clock())
            assert cycle(app, "all").held == ""
            assert len(told(app, world)) == 12
            assert len(notices(world)) == 1


@pytest.mark.parametrize("failpoint", ["after_t1", "before_settle"])
def test_a_killed_cycle_lets_nothing_out_and_holds_nothing_for_ever(tmp_path: Path, failpoint: str) -> None:
    """`kill -9` anywhere: nothing is told before the next cycle, which judges the same data version."""
    with world_of(tmp_path, retitled(()), retitled(range(1, 13)), batch_size=12) as world:
        world.watch(*trials())
        with world.app() as app:
            assert daemon.run_once(app).ok
        world.registry.advance()
        killed = world.start("run_once", TRIALWIRE_FAILPOINT=failpoint)
        _, errors = killed.communicate(timeout=60)
        assert killed.returncode == -signal.SIGKILL, errors
        with world.app() as app:
            assert told(app, world) == []
            daemon.run_once(app)
            (hold,) = app.store.holds()
            assert hold.reason.startswith("12 of 24")
            assert told(app, world) == []
            assert app.store.counting_hold("ctgov") is None


@pytest.mark.parametrize("moved", [True, False], ids=["a later data version", "a registry that is down"])
def test_a_dead_cycle_is_judged_by_the_next_whatever_that_finds(tmp_path: Path, moved: bool) -> None:
    """What was recorded before the kill is held or told, and not kept back until somebody reads again."""
    with world_of(tmp_path, retitled(()), retitled([1]), retitled([1, 2])) as world:
        world.watch(*trials())
        with world.app() as app:
            assert daemon.run_once(app).ok
        world.registry.advance()
        world.start("run_once", TRIALWIRE_FAILPOINT="before_settle").communicate(timeout=60)
        with world.app() as app:
            assert told(app, world) == []
            if moved:
                world.registry.advance()
            else:
                world.registry.inject(Fault.failing(502, times=None))
            daemon.run_once(app)
            expected = [("01", "identification.briefTitle"), ("02", "identification.briefTitle")]
            assert told(app, world) == expected[: 1 + moved]


def test_a_held_version_stays_out_of_the_net_of_what_follows(tmp_path: Path) -> None:
    """A trial held yesterday and changed today is told of today's change alone."""
    odd = [sample(n, **({SUMMARY: "Anders."} if n < 13 else {})) for n in trials()]
    later = [sample(1, **{SUMMARY: "Anders.", TITLE: "Shorter"}), *odd[1:]]
    with world_of(tmp_path, retitled(()), odd, later) as world:
        world.configure(IMMEDIATE.replace("immediate", "daily 07:30 UTC"))
        world.watch(*trials())
        with world.app() as app:
            assert read_twice(app, world).held
            world.registry.advance()
            world.clock.now = datetime.fromisoformat("2026-11-04T06:00:00Z")
            cycle(app)
            world.clock.now = datetime.fromisoformat("2026-11-04T08:00:00Z")
            assert told(app, world) == [("01", "identification.briefTitle")]
            assert "Anders" not in "".join(str(hook.body) for hook in world.hook.received)


def test_where_something_is_held_nothing_is_quiet(tmp_path: Path) -> None:
    """A digest of the days after says what is held still, and never that all is quiet."""
    with world_of(tmp_path, retitled(()), retitled(range(1, 13))) as world:
        world.configure(IMMEDIATE.replace('"immediate"', '"daily 07:30 UTC"\nheartbeat = true'))
        world.watch(*trials())
        with world.app() as app:
            assert read_twice(app, world).held
            said = []
            for _ in range(2):
                world.clock.forward(days=1)
                (made,) = compose.run(app).digests
                said.append(app.renderer.digest(made))
            assert "12 changes held, nothing else at or above minor in 24 trials" in said[1].text
            assert "12 changes still held as a suspected reformatting" in " ".join(said[1].text.split())
            assert said[1].subject.startswith("Trialwire: 12 changes held")
            assert "still held" not in said[0].text
            assert not any("ll quiet" in one.text + one.html + one.markdown for one in said)
