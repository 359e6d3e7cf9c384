"""Back-fill: the past comes into the history whole and in order, is no news, and stops no poll."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from monitor import daemon
from monitor.bootstrap import App
from monitor.core.backfill import Backfill
from monitor.core.recorded import RecordedChange
from monitor.core.watching import in_order
from monitor.demo.standin import Fault, StandIn
from monitor.pipeline import backfill, importing, poll, rederiving
from monitor.store import ChangeQuery
from tests.support.pasts import past_version, slipped, story
from tests.support.world import World, sample, trial, version

PCD = "status.primaryCompletionDate"
HISTORY = "/api/int/"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One trial in its fourth version, watched and not read yet; back-filling is on."""
    with World(tmp_path, [past_version(2, story(1))]) as made:
        made.env["TRIALWIRE_POLL__BACKFILL"] = "auto"
        made.watch(1)
        yield made


def polled(app: App) -> None:
    """One cycle."""
    for registry in app.registries.values():
        poll.cycle(app, registry)


def filled(app: App, most: int = 1000) -> int:
    """Back-fill until nothing is due or so many requests were made."""
    backfill.enlist(app)
    left = iter(range(most))
    return backfill.run(app, may_ask=lambda: next(left, None) is not None)


def row(app: App, number: int = 1) -> Backfill:
    """How far a trial's past is read."""
    return app.store.backfills()[trial(number)]


def moves(app: App, number: int = 1) -> list[RecordedChange]:
    """Moves of primary completion, oldest first."""
    found = app.store.changes(ChangeQuery(trials=(trial(number),), field=PCD))
    return list(reversed(found))


def asked(world: World) -> list[str]:
    """Requests of the history API."""
    return [seen.target for seen in world.registry.requests if seen.target.startswith(HISTORY)]


def test_the_past_comes_into_the_history(world: World) -> None:
    """Versions before our first look with both clocks and their numbers, and what changed between them."""
    with world.app() as app:
        polled(app)
        assert filled(app) == 1
        held = in_order(app.store.snapshots(trial(1)))
        assert [(one.version, one.origin, one.submitted_on, one.posted_on) for one in held] == [
            (1, "backfill", "2024-01-03", "2024-01-05"),
            (2, "backfill", "2024-02-03", "2024-02-05"),
            (3, "backfill", "2024-03-03", "2024-03-05"),
            (4, "poll", "2024-04-03", "2024-04-05"),
        ]
        assert {one.observed_at for one in held} == {world.clock()}
        changes = moves(app)
        assert [(c.stamp.version_from, c.stamp.version_to, c.stamp.origin) for c in changes] == [
            (1, 2, "backfill"),
            (2, 3, "backfill"),
            (3, 4, "backfill"),
        ]
        assert [c.stamp.posted_on for c in changes] == ["2024-02-05", "2024-03-05", "2024-04-05"]
        assert [c.body["facts"]["slips"] for c in changes] == [1, 2, 3]  # type: ignore[index, call-overload]
        assert (row(app).state, row(app).total, row(app).held) == ("done", 3, 3)
        assert app.store.integrity_check() == ()


def test_the_past_is_never_news(world: World) -> None:
    """Nothing of it is sent, and no digest is made for it."""
    with world.app() as app:
        daemon.run_once(app)
        filled(app)
        before = len(world.hook.received)
        world.clock.forward(hours=2)
        daemon.run_once(app)
        assert len(world.hook.received) == before
        assert not [change for change in world.told() if change["origin"] != "poll"]


def test_a_poll_tells_with_the_past_in_mind(world: World) -> None:
    """The first change we see ourselves is the fourth move since registration, with its version's number."""
    with world.app() as app:
        polled(app)
        filled(app)
        world.registry.add_version(past_version(3, story(1, 5)))
        world.registry.advance()
        world.clock.forward(days=1)
        polled(app)
        news = moves(app)[-1]
        assert (news.stamp.origin, news.stamp.version_from, news.stamp.version_to) == ("poll", 4, 5)
        assert news.summary.endswith("Fourth move since registration, 14 months in all.")
        assert news.body["facts"]["slips"] == 4  # type: ignore[index, call-overload]
        held = app.store.snapshots(trial(1))
        assert next(one.version for one in held if one.seq == max(s.seq for s in held)) == 5


def test_what_posts_nothing_has_no_number(world: World) -> None:
    """A silent change is of the version that stands, and says no version."""
    with world.app() as app:
        polled(app)
        filled(app)
        versions = (*story(1)[:-1], slipped(1, 3, protocolSection__statusModule__overallStatus="UNKNOWN"))
        world.registry.add_version(past_version(3, versions))
        world.registry.advance()
        world.clock.forward(days=1)
        seen = len(asked(world))
        polled(app)
        (change,) = app.store.changes(ChangeQuery(trials=(trial(1),), origins=("poll",)))
        assert (change.stamp.version_from, change.stamp.version_to) == (None, None)
        assert len(asked(world)) == seen


def test_twice_is_nothing(world: World) -> None:
    """A second back-fill asks for the index alone and writes nothing new."""
    with world.app() as app:
        polled(app)
        filled(app)
        rows, seen = app.store.stats().rows, len(asked(world))
        assert filled(app) == 0
        app.store.ask_backfills([trial(1)], most=None)
        assert backfill.run(app, may_ask=lambda: True, asked=True) == 1
        assert app.store.stats().rows == rows
        assert len(asked(world)) == seen + 1


def test_a_cap_takes_the_newest(world: World) -> None:
    """So many versions and no more, told as capped; what it adds up over is the versions seen."""
    with world.app() as app:
        polled(app)
        app.store.ask_backfills([trial(1)], most=2)
        backfill.run(app, may_ask=lambda: True)
        assert [one.version for one in in_order(app.store.snapshots(trial(1)))] == [2, 3, 4]
        assert (row(app).is_capped, row(app).total) == (True, 3)
        assert moves(app)[-1].summary.endswith("Second move in the 3 versions seen, 7 months in all.")
        app.store.ask_backfills([trial(1)], most=None)
        backfill.run(app, may_ask=lambda: True)
        assert [(c.stamp.version_from, c.stamp.version_to) for c in moves(app)] == [(1, 2), (2, 3), (3, 4)]


@pytest.mark.parametrize("requests", [1, 3])
def test_it_goes_on_where_it_was_left(world: World, requests: int) -> None:
    """Broken off after any request, no version is asked for twice."""
    with world.app() as app:
        polled(app)
        filled(app, requests)
    with world.app() as app:
        filled(app)
        versions = [target for target in asked(world) if "/history/" in target]
        assert sorted(versions) == sorted(set(versions))
        assert [(c.stamp.version_from, c.stamp.version_to) for c in moves(app)] == [(1, 2), (2, 3), (3, 4)]


@pytest.mark.parametrize(
    "failpoint", ["after_backfill_version", "after_backfill_pair", "before_backfill_done"]
)
def test_a_kill_loses_and_repeats_nothing(world: World, failpoint: str) -> None:
    """`kill -9` between versions, between pairs and before the end: the same history, once."""
    with world.app() as app:
        polled(app)
    killed = world.start("run_once", TRIALWIRE_FAILPOINT=failpoint)
    _, errors = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, errors
    with world.app() as app:
        filled(app)
        assert row(app).state == "done"
        assert [(c.stamp.version_from, c.stamp.version_to) for c in moves(app)] == [(1, 2), (2, 3), (3, 4)]
        assert [c.body["facts"]["slips"] for c in moves(app)] == [1, 2, 3]  # type: ignore[index, call-overload]
        assert len(app.store.snapshots(trial(1))) == 4
        versions = [target for target in asked(world) if "/history/" in target]
        assert len(versions) == len(set(versions)) == 3


FAULTS = {
    "blocked": (Fault.forbidden(path=HISTORY), "BLOCKED"),
    "failing": (Fault.failing(path=HISTORY, times=None), "DOWN"),
    "throttled": (Fault.throttled(path=HISTORY, times=None), "THROTTLED"),
    "html": (Fault("html", path=HISTORY, times=None), "BROKEN"),
    "truncated": (Fault("truncated", path=HISTORY, times=None), "DOWN"),
    "another shape": (Fault("garbled", path=HISTORY, times=None), "BROKEN"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_its_trouble_stops_no_poll(world: World, name: str) -> None:
    """The API's state is kept and told once, polls stay whole, and it goes on by itself later."""
    fault, state = FAULTS[name]
    world.registry.inject(fault)
    with world.app() as app:
        polled(app)
        filled(app)
        ((health, failures),) = app.store.history_sources()
        assert (health.state, failures) == (state, 1)
        assert health.not_before is not None
        assert health.not_before > world.clock()
        seen = len(asked(world))
        filled(app)
        assert len(asked(world)) == seen
        assert [source.state for source in app.store.sources()] == ["OK"]
        assert not [notice for notice in app.store.notices() if notice.kind == "source"]
        for _ in range(4):
            world.clock.forward(hours=7)
            filled(app)
        told = [notice for notice in app.store.notices() if notice.kind == "source"]
        assert [notice.message.endswith("Polls go on without it.") for notice in told] == [True]

        world.registry.add_version(past_version(3, story(1, 5)))
        world.registry.advance()
        world.clock.forward(minutes=5)
        polled(app)
        assert moves(app)[-1].stamp.version_to is None
        assert poll.cycle(app, app.registries["ctgov"]).ok
        world.registry.clear_faults()
        world.clock.forward(days=2)
        filled(app)
        assert row(app).state == "done"
        assert [c.stamp.version_to for c in moves(app)] == [2, 3, 4, 5]
        ((health, failures),) = app.store.history_sources()
        assert (health.state, failures) == ("OK", 0)
        assert " is read again" in app.store.notices()[0].message


def test_one_version_of_another_shape_is_its_trials_trouble(tmp_path: Path) -> None:
    """Others are read on; it is tried again later and later, and given up in the end."""
    with World(tmp_path, [past_version(2, story(1), story(2))]) as world:
        world.env["TRIALWIRE_POLL__BACKFILL"] = "auto"
        world.watch(1, 2)
        world.registry.inject(Fault("garbled", path=r"NCT00000001/history/1", times=None))
        with world.app() as app:
            polled(app)
            for _ in range(backfill.MOST_ATTEMPTS + 2):
                filled(app)
                world.clock.forward(days=2)
            assert (row(app, 2).state, row(app, 1).state) == ("done", "failed")
            assert "makes no sense" in row(app, 1).error
            world.registry.clear_faults()
            app.store.ask_backfills([trial(1)], most=None)
            filled(app)
            assert (row(app, 1).state, row(app, 1).error) == ("done", "")


def test_a_source_that_stays_away_is_asked_ever_more_slowly(world: World) -> None:
    """Ten minutes, twenty, … a day at the longest; a version's own failures are not counted for it."""
    world.registry.inject(Fault.failing(path=HISTORY, times=None))
    waits = []
    with world.app() as app:
        polled(app)
        for _ in range(10):
            filled(app)
            ((health, _),) = app.store.history_sources()
            assert health.not_before is not None
            waits.append((health.not_before - world.clock()).total_seconds() / 60)
            world.clock.now = health.not_before
        assert row(app).state == "waiting"
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]


def test_only_new_watches_are_wanted_unasked(tmp_path: Path) -> None:
    """`auto` takes so many trials and versions; what is not read yet, or not watched, waits."""
    versions = [past_version(2, *(story(number, 2) for number in range(1, 5)))]
    with World(tmp_path, versions) as world:
        world.env["TRIALWIRE_POLL__BACKFILL"] = "auto"
        world.watch(1, 2, 3)
        with world.app() as app:
            assert backfill.enlist(app) == 0
            polled(app)
            assert app.store.enlist_backfills("ctgov", trials=2, most=50) == 2
            assert app.store.enlist_backfills("ctgov", trials=2, most=50) == 0
            assert {one.most for one in app.store.backfills().values()} == {50}
        world.env["TRIALWIRE_POLL__BACKFILL"] = "off"
        with world.app() as app:
            assert backfill.enlist(app) == 0
        world.env["TRIALWIRE_POLL__BACKFILL"] = "all"
        with world.app() as app:
            assert backfill.enlist(app) == 1
            assert app.store.backfills()[trial(3)].most is None


def test_off_asks_nothing_of_the_history(world: World) -> None:
    """Neither for the past nor for the number of a changed version."""
    world.env["TRIALWIRE_POLL__BACKFILL"] = "off"
    with world.app() as app:
        daemon.run_once(app)
        world.registry.add_version(past_version(3, story(1, 5)))
        world.registry.advance()
        world.clock.forward(days=1)
        daemon.run_once(app)
        assert moves(app)[-1].stamp.version_to is None
    assert asked(world) == []


def test_what_the_reviewers_said_is_kept(tmp_path: Path) -> None:
    """Beside the versions, by their numbers."""
    module = {"primaryOutcomes": [{"measure": "Survival", "reviewUnit": {"resetReasons": ["Too short."]}}]}
    versions = (slipped(1, 0), slipped(1, 1, protocolSection__outcomesModule=module), slipped(1, 2))
    with World(tmp_path, [past_version(2, versions)]) as world:
        world.watch(1)
        with world.app() as app:
            polled(app)
            app.store.ask_backfills([trial(1)], most=None)
            filled(app)
            filled(app)
            (note,) = app.store.version_notes(trial(1))[2]
            assert note.path == "protocolSection.outcomesModule.primaryOutcomes[0]"
            assert note.reasons == ("Too short.",)


def test_a_trial_without_a_past_is_done_at_once(tmp_path: Path) -> None:
    """Registered as it stands: nothing is earlier, and its first change is the first since registration."""
    status = "protocolSection__statusModule__"
    new = sample(1, **{f"{status}lastUpdateSubmitDate": "2025-09-08"})
    with World(tmp_path, [version(2, new)]) as world:
        world.env["TRIALWIRE_POLL__BACKFILL"] = "auto"
        world.watch(1)
        with world.app() as app:
            polled(app)
            filled(app)
            assert (row(app).state, row(app).total, row(app).changes) == ("done", 0, 0)
            assert len(app.store.snapshots(trial(1))) == 1


def test_a_first_look_is_found_by_its_record(tmp_path: Path) -> None:
    """Where the index gives another day than the record, the version with the same dates is ours."""
    with World(tmp_path, [version(2, sample(1))]) as world:
        world.env["TRIALWIRE_POLL__BACKFILL"] = "auto"
        world.watch(1)
        with world.app() as app:
            polled(app)
            filled(app)
            (only,) = app.store.snapshots(trial(1))
            assert (only.version, only.origin) == (1, "poll")
            assert (row(app).state, row(app).total) == ("done", 0)


def test_deriving_anew_finds_the_same(world: World) -> None:
    """What was back-filled is derived with the same ids, words and facts as it was recorded."""
    with world.app() as app:
        polled(app)
        filled(app)
        report = rederiving.run(app.store, [trial(1)], readers=app.registries, rules=app.rules)
        assert report.counts["differing"] == 0
        assert app.clock() == datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def test_imported_versions_keep_their_place(tmp_path: Path) -> None:
    """What was imported before stands between what is back-filled, and its changes are not cut anew."""
    stamped = [
        slipped(1, place, derivedSection__miscInfoModule__versionHolder=f"2024-0{place + 1}-06")
        for place in (1, 3)
    ]
    (tmp_path / "old.json").write_bytes(orjson.dumps({"studies": stamped}))
    with World(tmp_path, [past_version(2, story(1, 5))]) as world:
        with world.app() as app:
            readers = [*app.registries.values()]
            importing.run(
                app.store, [tmp_path / "old.json"], readers=readers, rules=app.rules, now=app.clock()
            )
            imported = {change.id for change in app.store.changes(ChangeQuery())}
        world.watch(1)
        with world.app() as app:
            polled(app)
            app.store.ask_backfills([trial(1)], most=None)
            filled(app)
            held = in_order(app.store.snapshots(trial(1)))
            origins = ["backfill", "import", "backfill", "import", "poll"]
            assert [(one.version, one.origin) for one in held] == list(enumerate(origins, start=1))
            assert imported <= {change.id for change in app.store.changes(ChangeQuery())}
            told = [(c.stamp.version_from, c.stamp.version_to, c.stamp.origin) for c in moves(app)]
            assert told == [(1, 2, "backfill"), (2, 4, "import"), (4, 5, "import")]


def test_two_versions_of_one_day_keep_their_order(tmp_path: Path) -> None:
    """Submitted and posted on the same day they are two versions, told in the order of their numbers."""
    same: dict[str, Any] = {
        "protocolSection__statusModule__lastUpdateSubmitDate": "2024-02-03",
        "protocolSection__statusModule__lastUpdatePostDateStruct": {"date": "2024-02-05", "type": "ACTUAL"},
    }
    versions = (slipped(1, 0), slipped(1, 1, **same), slipped(1, 2, **same), slipped(1, 3))
    with World(tmp_path, [past_version(2, versions)]) as world:
        world.env["TRIALWIRE_POLL__BACKFILL"] = "auto"
        world.watch(1)
        with world.app() as app:
            polled(app)
            filled(app)
            assert [(c.stamp.version_from, c.stamp.posted_on) for c in moves(app)] == [
                (1, "2024-02-05"),
                (2, "2024-02-05"),
                (3, "2024-04-05"),
            ]
            assert [c.body["facts"]["slips"] for c in moves(app)] == [1, 2, 3]  # type: ignore[index, call-overload]


def test_a_stand_in_has_a_history_for_every_trial() -> None:
    """The stories these tests tell are served as submissions, the last as it stands."""
    data = past_version(2, story(1))
    with StandIn([data]) as server:
        assert server.version.past("NCT00000001")[-1].study == data.studies["NCT00000001"]


def test_one_trials_odd_history_does_not_close_it_to_others(tmp_path: Path) -> None:
    """Others are read in the same run, no trouble is told, and only that trial is tried again."""
    with World(tmp_path, [past_version(2, story(1), story(2), story(3))]) as world:
        world.env["TRIALWIRE_POLL__BACKFILL"] = "auto"
        world.watch(1, 2, 3)
        world.registry.inject(Fault("garbled", path=r"NCT00000002\?history", times=None))
        with world.app() as app:
            polled(app)
            filled(app)
            assert [row(app, n).state for n in (1, 2, 3)] == ["done", "waiting", "done"]
            assert row(app, 2).attempts == 1
            ((health, failures),) = app.store.history_sources()
            assert (health.state, failures, health.not_before) == ("OK", 0, None)
            assert not [notice for notice in app.store.notices() if notice.kind == "source"]


def test_odd_answers_in_a_row_are_the_sources_trouble(tmp_path: Path) -> None:
    """Three that make no sense close it, however many trials still wait."""
    with World(tmp_path, [past_version(2, *(story(number) for number in range(1, 7)))]) as world:
        world.env["TRIALWIRE_POLL__BACKFILL"] = "auto"
        world.watch(*range(1, 7))
        world.registry.inject(Fault("garbled", path=HISTORY, times=None))
        with world.app() as app:
            polled(app)
            filled(app)
            ((health, failures),) = app.store.history_sources()
            assert (health.state, failures) == ("BROKEN", 1)
            assert {path.partition("?")[0][-1] for path in asked(world)} == {"1", "2", "3"}
