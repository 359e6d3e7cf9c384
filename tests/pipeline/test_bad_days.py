"""Bad days: servers that lag behind their neighbors, clocks that are set back, states that must not stick."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import orjson

from monitor.bootstrap import App
from monitor.demo.sinks import Reaction
from monitor.demo.standin import DataVersion, Fault
from monitor.pipeline import compose, deliver, poll
from tests.support.scripted import Scripted, response
from tests.support.world import IMMEDIATE, World, sample, trial, version

STATUS = "protocolSection__statusModule__overallStatus"
HOLDER = "derivedSection__miscInfoModule__versionHolder"
WORDS = ("RECRUITING", "SUSPENDED", "COMPLETED")
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


def test_a_record_of_the_wrong_shape_is_told_once(tmp_path: Path) -> None:
    """The same content under the next data version's stamp is held already, and the others are read."""
    count = "protocolSection__designModule__enrollmentInfo__count"
    odd = sample(1, **{count: "many"})
    versions = [version(2, sample(1), sample(2)), version(3, odd, sample(2, **SUSPENDED)), version(4, odd)]
    with World(tmp_path, versions) as world:
        world.watch(1, 2)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            assert cycle(app).counts["quarantined"] == 1
            cycle(app)
            world.registry.advance()
            assert cycle(app).counts["quarantined"] == 1
            (held,) = app.store.quarantined()
            assert held.reason.startswith("it could not be read: not a trial record: expected a whole number")
            assert held.reason.endswith("/protocolSection/designModule/enrollmentInfo/count")
            assert len([n for n in app.store.notices() if n.kind == "quarantine"]) == 1
        assert [change.trial for change in world.changes()] == [trial(2)]


def test_the_record_of_another_trial_is_told_once(tmp_path: Path) -> None:
    """A look at one number gives another's record, data version after data version: one row, one notice."""
    astray = [DataVersion(f"2026-11-0{day}T09:00:05", {"NCT00000001": sample(9)}) for day in (3, 4)]
    with World(tmp_path, [version(2, sample(1)), *astray]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            for _ in astray:
                world.registry.advance()
                assert cycle(app).counts["quarantined"] == 1
                cycle(app)
            assert len(app.store.quarantined()) == 1
            assert len([n for n in app.store.notices() if n.kind == "quarantine"]) == 1


def test_a_payload_nested_too_deep_spoils_no_other(tmp_path: Path) -> None:
    """It has no digest; it is held, and the other trials of its batch are read."""
    first, second = (orjson.dumps(sample(n, **{HOLDER: "2026-11-02"})) for n in (1, 2))
    deep = b'{"odd":' + b"[" * 300 + b"]" * 300 + b"," + first[1:]
    stamp = response(200, b'{"apiVersion":"2.0.5","dataTimestamp":"2026-11-02T09:00:05"}')
    rows = response(200, b'{"studies":[%s,%s]}' % (deep, second))
    with World(tmp_path, [version(2)]) as world, Scripted(stamp, rows, stamp) as server:
        world.env["TRIALWIRE_REGISTRIES__CTGOV__BASE_URL"] = server.base_url
        world.watch(1, 2)
        with world.app() as app:
            counts = cycle(app).counts
            assert (counts["quarantined"], counts["new"]) == (1, 1)


def test_a_clock_set_back_stops_no_digests_and_no_messages(tmp_path: Path) -> None:
    """What a clock a year ahead saw is told by the next digest; what it put off goes out."""
    versions = [version(day, sample(1, **{STATUS: word})) for day, word in zip((2, 3, 4), WORDS, strict=True)]
    with World(tmp_path, versions) as world:
        world.configure(IMMEDIATE.replace('"immediate"', '"daily 07:30 UTC"'))
        world.watch(1)
        world.hook.reactions.append(Reaction(503))
        with world.app() as app:
            app.monotonic = time.monotonic
            cycle(app)
            world.registry.advance()
            world.clock.forward(days=365)
            cycle(app)
            assert len(compose.run(app).digests) == 0
            world.clock.forward(days=1)
            (ahead,) = compose.run(app).digests
            assert deliver.run(app).counts["pending"] == 1
            world.registry.advance()
            cycle(app)
            world.clock.forward(days=-365)
            (back,) = compose.run(app).digests
            assert (ahead.period, back.period) == ("2027-11-03", "2026-11-03")
            assert compose.run(app).digests == ()
            deliver.run(app)
            assert {delivery.state for delivery in app.store.deliveries()} == {"sent"}
        told = [change["new"] for change in world.told() if change["field"] == "status.overallStatus"]
        assert set(map(str, told)) == {"SUSPENDED", "COMPLETED"}


def test_a_stamp_that_is_no_date_holds_off_no_later_one(tmp_path: Path) -> None:
    """It is a data version like any other, and neither newer nor older than those of before and after."""
    stamps = [
        response(200, b'{"apiVersion":"2.0.5","dataTimestamp":"%s"}' % stamp)
        for stamp in (b"unknown", b"unknown", b"2026-11-02T09:00:05", b"2026-11-02T09:00:05")
    ]
    first, second = (orjson.dumps(sample(1, **{STATUS: word, HOLDER: "2026-11-02"})) for word in WORDS[:2])
    rows = [response(200, b'{"studies":[%s]}' % row) for row in (first, first, second)]
    script = (stamps[0], *rows[:2], stamps[1], stamps[2], rows[2], stamps[3])
    with World(tmp_path, [version(2)]) as world, Scripted(*script) as server:
        world.env["TRIALWIRE_REGISTRIES__CTGOV__BASE_URL"] = server.base_url
        world.watch(1)
        with world.app() as app:
            assert cycle(app).counts["new"] == 1
            assert cycle(app).counts["changed"] == 1


def test_older_data_are_read_where_the_operator_says_so(tmp_path: Path) -> None:
    """A stamp out of the future need not hold off all others until then: a forced poll believes it."""
    versions = [version(2, sample(1)), version(3, sample(1, **SUSPENDED)), version(2, sample(1))]
    with World(tmp_path, versions) as world:
        world.watch(1)
        world.registry.advance()
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            assert cycle(app).counts == {}
            assert poll.cycle(app, app.registries["ctgov"], scope="all").counts["changed"] == 1
            health = app.store.source("ctgov")
            assert health is not None
            assert (health.state, health.data_version) == ("OK", "2026-11-02T09:00:05")
