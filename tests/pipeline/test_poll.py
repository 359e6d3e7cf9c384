"""Polling against a stand-in registry: what is asked, what is recorded, what is believed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from monitor.bootstrap import App
from monitor.core.watching import NoticeKind
from monitor.demo.standin import Fault
from monitor.errors import LockedError
from monitor.pipeline import poll
from tests.support.records import ABSENT
from tests.support.world import World, sample, trial, version

STATUS = "protocolSection__statusModule__overallStatus"
HOLDER = "derivedSection__miscInfoModule__versionHolder"


def cycle(app: App, scope: poll.Scope = "unread") -> poll.CycleReport:
    return poll.cycle(app, app.registries["ctgov"], scope=scope)


def counts(report: poll.CycleReport) -> dict[str, int]:
    return {word: number for word, number in report.counts.items() if number}


def notices(app: App, kind: NoticeKind) -> list[str]:
    return [notice.message for notice in reversed(app.store.notices()) if notice.kind == kind]


def asked(world: World) -> int:
    return len(world.registry.requests)


def state(app: App) -> str:
    health = app.store.source("ctgov")
    assert health is not None
    return health.state


def test_first_sight_is_a_baseline_and_no_change(tmp_path: Path) -> None:
    """A trial seen for the first time gives a snapshot and one line, and no recorded change."""
    with World(tmp_path, [version(2, sample(1), sample(2))]) as world:
        world.watch(1, 2)
        with world.app() as app:
            assert counts(cycle(app)) == {"new": 2}
            told = notices(app, "baseline")
        assert len(told) == 2
        assert told[0].startswith("Now watching NCT00000001: Phase 2, recruiting, 120 planned")
        assert world.changes() == ()


def test_an_unmoved_data_version_costs_one_request(tmp_path: Path) -> None:
    """Where all was read at the data version, a cycle is one conditional request."""
    with World(tmp_path, [version(2, sample(1))]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            before = len(world.registry.requests)
            report = cycle(app)
        asked = world.registry.requests[before:]
        assert [(seen.target, seen.status) for seen in asked] == [("/api/v2/version", 304)]
        assert counts(report) == {}
        assert report.ok


def test_a_moved_version_without_a_changed_record_is_quiet(tmp_path: Path) -> None:
    """New data version, same records: all are read, nothing is recorded, nobody is told."""
    with World(tmp_path, [version(2, sample(1), sample(2)), version(3, sample(1), sample(2))]) as world:
        world.watch(1, 2)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            assert counts(cycle(app)) == {"unchanged": 2}
            assert len(notices(app, "baseline")) == 2
        assert world.changes() == ()


def test_moves_add_up_over_polls(tmp_path: Path) -> None:
    """A date's second move is told among all versions polled, quiet ones too."""
    steps = (("2027-03", "first"), ("2027-06", "first"), ("2027-06", "second"), ("2027-09", "second"))
    completion, keywords = (
        "protocolSection__statusModule__primaryCompletionDateStruct",
        "protocolSection__conditionsModule__keywords",
    )
    versions = [
        version(day, sample(1, **{completion: {"date": month, "type": "ESTIMATED"}, keywords: [word]}))
        for day, (month, word) in enumerate(steps, start=2)
    ]
    with World(tmp_path, versions) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            for _ in steps[1:]:
                world.registry.advance()
                cycle(app)
        told = world.changes()[-1].summary
    assert told.endswith("(estimated). Second move in the 4 versions seen, 6 months in all.")


def test_a_rarely_amended_trial_has_no_gap(tmp_path: Path) -> None:
    """Two versions a year apart are no gap where a poll saw the first one stand the day before."""
    posted, count = (
        "protocolSection__statusModule__lastUpdatePostDateStruct",
        "protocolSection__designModule__enrollmentInfo__count",
    )
    before = sample(1, **{posted: {"date": "2025-06-07", "type": "ACTUAL"}})
    after = sample(1, **{posted: {"date": "2026-11-03", "type": "ACTUAL"}, count: 200})
    with World(tmp_path, [version(2, before), version(3, after)]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            cycle(app)
            told = [
                sentence for finding in app.store.findings(trials=[trial(1)]) for sentence in finding.details
            ]
        assert told == ["Primary completion not moved: still Mar 2027 (estimated)."]


def test_a_change_is_recorded_with_its_place(tmp_path: Path) -> None:
    """A changed record becomes changes between two numbered snapshots, with both clocks."""
    after = sample(
        1,
        **{
            STATUS: "SUSPENDED",
            "protocolSection__statusModule__lastUpdateSubmitDate": "2026-10-30",
            "protocolSection__statusModule__lastUpdatePostDateStruct": {
                "date": "2026-11-03",
                "type": "ACTUAL",
            },
        },
    )
    with World(tmp_path, [version(2, sample(1)), version(3, after)]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            world.clock.forward(days=1)
            assert cycle(app).counts["changed"] == 1
        (change,) = world.changes()
        told = change.to_dict()
        assert (told["field"], told["old"], told["new"]) == (
            "status.overallStatus",
            "RECRUITING",
            "SUSPENDED",
        )
        assert (told["snapshot"], told["version"]) == ({"from": 1, "to": 2}, {"from": None, "to": None})
        assert (told["submitted_on"], told["posted_on"]) == ("2026-10-30", "2026-11-03")
        assert (told["data_version"], told["observed_at"]) == ("2026-11-03", "2026-11-03T09:30:00Z")
        assert told["origin"] == "poll"


def test_a_silent_change_has_no_registry_dates(tmp_path: Path) -> None:
    """Where the record's own dates did not move, the registry posted nothing and the change says so."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1, **{STATUS: "UNKNOWN"}))]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            cycle(app)
        (change,) = world.changes()
        assert (change.stamp.submitted_on, change.stamp.posted_on) == (None, None)


def test_a_trial_added_in_the_afternoon_is_read_alone(tmp_path: Path) -> None:
    """Only what was not read at this data version is asked for."""
    with World(tmp_path, [version(2, sample(1), sample(2))]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            before = len(world.registry.requests)
            world.clock.forward(minutes=5)
            world.watch(2)
            assert poll.due(app, "ctgov", every_s=3600)
            assert counts(cycle(app)) == {"new": 1}
        targets = [seen.target for seen in world.registry.requests[before:]]
        fetches = [target for target in targets if "filter.ids" in target]
        assert len(fetches) == 1
        assert "NCT00000002" in fetches[0]
        assert "NCT00000001" not in fetches[0]


def test_a_failed_batch_is_read_at_the_next_tick_and_nothing_else(tmp_path: Path) -> None:
    """Of three batches the second fails: the third is read all the same, then only the second is."""
    studies = [sample(number) for number in (1, 2, 3)]
    with World(tmp_path, [version(2, *studies)], batch_size=1) as world:
        world.watch(1, 2, 3)
        world.registry.inject(Fault.failing(500, path="NCT00000002"))
        with world.app() as app:
            report = cycle(app)
            assert counts(report) == {"new": 2, "unread": 1}
            assert (state(app), report.ok) == ("DOWN", False)
            before = len(world.registry.requests)
            assert counts(cycle(app)) == {"new": 1}
            assert state(app) == "OK"
        fetches = [s.target for s in world.registry.requests[before:] if "filter.ids" in s.target]
        assert len(fetches) == 1
        assert "NCT00000002" in fetches[0]


def test_what_moved_under_a_cycle_is_read_again(tmp_path: Path) -> None:
    """The registry publishes while it is read: the cycle ends at the new data version, nothing is missed."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1, **{STATUS: "COMPLETED"}))]) as world:
        world.watch(1)
        world.registry.advance_after(2)  # the probe and the first fetch
        with world.app() as app:
            report = cycle(app)
            assert counts(report)["new"] == 1
            assert report.counts["changed"] == 1
            health = app.store.source("ctgov")
        assert health is not None
        assert health.data_version == "2026-11-03T09:00:05"


def test_back_and_forth_is_three_changes(tmp_path: Path) -> None:
    """A to B to A to B is three changes with three ids."""
    a, b = sample(1), sample(1, **{STATUS: "SUSPENDED"})
    with World(tmp_path, [version(2, a), version(3, b), version(4, a), version(4, b, hour=18)]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            for _ in range(3):
                world.registry.advance()
                cycle(app)
        found = world.changes()
        assert [change.body["new"] for change in found] == ["SUSPENDED", "RECRUITING", "SUSPENDED"]
        assert len({change.id for change in found}) == 3
        assert [change.stamp.snapshot_to for change in found] == [2, 3, 4]


def test_what_is_not_believed_is_quarantined_then_accepted(tmp_path: Path) -> None:
    """A record without an always-present module is held and told once; served again, it is believed."""
    odd = sample(1, protocolSection__eligibilityModule=ABSENT)
    with World(tmp_path, [version(2, sample(1)), version(3, odd)]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            assert counts(cycle(app)) == {"quarantined": 1}
            (held,) = app.store.quarantined()
            assert "eligibilityModule" in held.reason
            assert world.changes() == ()
            assert len(notices(app, "quarantine")) == 1
            assert cycle(app).counts["changed"] == 1
            assert app.store.quarantined() == ()
            assert len(app.store.quarantined(state="accepted")) == 1
            assert len(notices(app, "quarantine")) == 1
        assert world.changes()


def test_an_unknown_number_is_told_once(tmp_path: Path) -> None:
    """A number the registry never had is told, and not asked for again."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1))]) as world:
        world.watch(1, 77)
        with world.app() as app:
            assert counts(cycle(app)) == {"new": 1, "unknown": 1}
            (told,) = notices(app, "unknown_trial")
            assert "NCT00000077" in told
            world.registry.advance()
            assert counts(cycle(app)) == {"unchanged": 1}
            assert len(notices(app, "unknown_trial")) == 1


def test_gone_takes_two_data_versions(tmp_path: Path) -> None:
    """Missing once is no news; missing in the next data version is a removal; and it may come back."""
    there, without = sample(1), sample(2)
    versions = [
        version(2, there, without),
        version(3, without),
        version(4, without),
        version(5, there, without),
    ]
    with World(tmp_path, versions) as world:
        world.watch(1, 2)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            assert counts(cycle(app)) == {"absent": 1, "unchanged": 1}
            assert counts(cycle(app)) == {}
            assert world.changes() == ()
            world.registry.advance()
            assert counts(cycle(app))["gone"] == 1
            (removed,) = world.changes()
            assert (removed.field, removed.rule, removed.body["new"]) == ("registry.presence", "C10", "gone")
            world.registry.advance()
            cycle(app)
            assert app.store.trial(trial(1)).presence == "present"  # type: ignore[union-attr]
        assert [(change.body["new"], change.stamp.data_version) for change in world.changes()] == [
            ("gone", versions[2].stamp[:10]),
            ("present", versions[3].stamp[:10]),
        ]


def test_a_renamed_trial_goes_on_under_its_new_number(tmp_path: Path) -> None:
    """A merged number says where it went, and what changed on the way is a change, not a first sight."""
    merged = sample(
        2, protocolSection__identificationModule__nctIdAliases=["NCT00000001"], **{STATUS: "COMPLETED"}
    )
    with World(tmp_path, [version(2, sample(1)), version(3, merged)]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            cycle(app)
            old, new = app.store.trial(trial(1)), app.store.trial(trial(2))
            assert old is not None
            assert new is not None
            assert (old.presence, old.renamed_to, new.presence) == ("renamed", trial(2), "present")
            assert {watch.trial for watch in app.store.watches()} >= {trial(2)}
            before = len(world.registry.requests)
            cycle(app)
            assert len(world.registry.requests) == before + 1
        found = {(change.trial.id, change.field): change.body["new"] for change in world.changes()}
        assert found[("NCT00000001", "registry.alias")] == "NCT00000002"
        assert found[("NCT00000002", "status.overallStatus")] == "COMPLETED"


def test_a_refusal_blocks_and_is_not_stormed(tmp_path: Path) -> None:
    """403 is one request, one notice and hours of silence; `all` asks nevertheless."""
    with World(tmp_path, [version(2, sample(1))]) as world:
        world.watch(1)
        world.registry.inject(Fault.forbidden())
        with world.app() as app:
            report = cycle(app)
            assert (state(app), report.ok) == ("BLOCKED", False)
            assert asked(world) == 1
            assert cycle(app).waiting_until is not None
            assert asked(world) == 1
            assert not poll.due(app, "ctgov", every_s=60)
            cycle(app, "all")
            assert asked(world) == 2
            assert len(notices(app, "source")) == 1
            world.registry.clear_faults()
            world.clock.forward(hours=7)
            assert poll.due(app, "ctgov", every_s=3600)
            assert counts(cycle(app)) == {"new": 1}
            assert state(app) == "OK"
            assert len(notices(app, "source")) == 2


def test_a_throttle_is_waited_out(tmp_path: Path) -> None:
    """429 with Retry-After is THROTTLED, and nothing is asked before that time."""
    with World(tmp_path, [version(2, sample(1))]) as world:
        world.watch(1)
        world.registry.inject(Fault.throttled(retry_after="3600"))
        with world.app() as app:
            cycle(app)
            assert state(app) == "THROTTLED"
            world.clock.forward(minutes=59)
            assert not poll.due(app, "ctgov", every_s=60)
            world.clock.forward(minutes=2)
            assert counts(cycle(app)) == {"new": 1}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(Fault.failing(502), "DOWN"), (Fault.html(path="version"), "BROKEN"), (Fault.garbled(), "BROKEN")],
)
def test_a_bad_day_is_told_once(tmp_path: Path, fault: Fault, expected: str) -> None:
    """What cannot be read leaves all as it was, sets the source's state, and is told at each change of it."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1))]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            world.registry.inject(*[fault] * 4)
            cycle(app)
            cycle(app)
            assert state(app) == expected
            world.registry.clear_faults()
            assert counts(cycle(app)) == {"unchanged": 1}
            assert state(app) == "OK"
            assert len(notices(app, "source")) == 2


def test_a_data_version_that_goes_back_is_ignored(tmp_path: Path) -> None:
    """Older data are not read; the source is reported as stale, once."""
    after = sample(1, **{STATUS: "COMPLETED"})
    with World(tmp_path, [version(2, sample(1)), version(3, after)]) as world:
        world.watch(1)
        world.registry.advance()
        with world.app() as app:
            cycle(app)
            world.registry.rollback()
            assert counts(cycle(app)) == {}
            assert counts(cycle(app)) == {}
            assert state(app) == "STALE"
            assert len(notices(app, "source")) == 1
            assert "went back" in notices(app, "source")[0]
        assert world.changes() == ()


def test_old_data_are_stale(tmp_path: Path) -> None:
    """No new data version for more than five days is told."""
    with World(tmp_path, [version(2, sample(1))]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            assert state(app) == "OK"
            world.clock.forward(days=6)
            cycle(app)
            assert state(app) == "STALE"
            assert "6 days ago" in notices(app, "source")[0]


def test_records_of_another_data_version_are_fetched_once_more(tmp_path: Path) -> None:
    """A record that carries another version's date is asked for again, then believed, not quarantined."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1))]) as world:
        world.watch(1)
        world.registry.advance_after(1)  # the probe sees the first version, the fetch the second
        with world.app() as app:
            report = cycle(app)
            assert report.counts["new"] == 1
            assert app.store.quarantined() == ()


def test_one_trials_failure_never_stops_the_batch(tmp_path: Path) -> None:
    """A record that breaks our own code is held and told; the others are recorded."""
    odd = sample(2, protocolSection__outcomesModule__primaryOutcomes="not a list")
    with World(tmp_path, [version(2, sample(1), odd, sample(3))]) as world:
        world.watch(1, 2, 3)
        with world.app() as app:
            assert counts(cycle(app)) == {"new": 2, "quarantined": 1}
            (held,) = app.store.quarantined()
            assert held.trial == trial(2)


def test_a_told_stop_leaves_the_rest_unread(tmp_path: Path) -> None:
    """After SIGTERM no further batch is begun; what was read is kept and the next cycle goes on."""
    with World(tmp_path, [version(2, sample(1), sample(2))], batch_size=1) as world:
        world.watch(1, 2)
        stop = threading.Event()
        with world.app(stop=stop) as app:
            registry = app.registries["ctgov"]
            fetch = registry.fetch

            class Leaving:
                def __getattr__(self, name: str) -> object:
                    return getattr(registry, name)

                def fetch(self, trials: object) -> object:
                    found = list(fetch(trials))  # type: ignore[arg-type]
                    stop.set()
                    return iter(found)

            assert counts(poll.cycle(app, Leaving())) == {"new": 1}  # type: ignore[arg-type]
        with world.app() as app:
            assert counts(cycle(app)) == {"new": 1}


def test_a_trial_somebody_else_wrote_is_read_again(tmp_path: Path) -> None:
    """Where the store refuses a batch it stays unread and nothing else fails."""
    with World(tmp_path, [version(2, sample(1), sample(2))], batch_size=1) as world:
        world.watch(1, 2)
        with world.app() as app:
            record, refusals = app.store.record, [LockedError("it gained a version meanwhile")]

            class Contended:
                def __getattr__(self, name: str) -> object:
                    return getattr(store, name)

                def record(self, recordings: object) -> None:
                    if refusals:
                        raise refusals.pop()
                    record(recordings)  # type: ignore[arg-type]

            store = app.store
            app.__dict__["store"] = Contended()
            assert counts(cycle(app)) == {"unread": 1, "new": 1}
            assert state(app) == "OK"
            assert counts(cycle(app)) == {"new": 1}
