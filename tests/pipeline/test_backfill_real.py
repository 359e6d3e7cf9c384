"""Back-fill over real records: a history served in the registry's own form tells what the versions do."""

from __future__ import annotations

from pathlib import Path

from monitor import compare
from monitor.core.record import JsonObject, TrialId
from monitor.demo.standin import DataVersion
from monitor.pipeline import backfill, poll
from monitor.registries import reader
from monitor.registries.ctgov.past import as_record, past
from monitor.store import ChangeQuery
from tests.support.pasts import submitted
from tests.support.real import SHARED, STUDIES, load, needs_real_records
from tests.support.world import World, number_of

MOST = 6
"""Trials tried: those with the most versions that differ in a day of the registry's."""


def chains() -> list[list[JsonObject]]:
    """Real trials with several versions, oldest first; one for each day of submission."""
    found = []
    for folder in sorted(STUDIES.iterdir()) if STUDIES.is_dir() else ():
        files = sorted(folder.glob("*.json"))
        if len(files) > 2:
            versions = {submitted(study).date: study for study in map(load, files)}
            found.append(list(versions.values()))
    return sorted(found, key=len, reverse=True)[:MOST]


@needs_real_records
def test_a_history_tells_what_its_versions_do(tmp_path: Path) -> None:
    """Between versions of the history the same fields change as between the records themselves."""
    trials = chains()
    assert sum(map(len, trials)) > 2 * MOST
    stamp = "2026-11-02T09:00:05"
    data = DataVersion(
        stamp,
        {number_of(versions[-1]): versions[-1] for versions in trials},
        {number_of(versions[-1]): [submitted(one) for one in versions] for versions in trials},
    )
    with World(tmp_path, [data]) as world, world.app() as app:
        ids = [TrialId("ctgov", number) for number in data.studies]
        app.store.add_watches(ids, now=world.clock())
        for registry in app.registries.values():
            poll.cycle(app, registry)
        app.store.ask_backfills(ids, most=None)
        assert backfill.run(app, may_ask=lambda: True) == len(ids)
        for trial, versions in zip(ids, trials, strict=True):
            held = app.store.backfills([trial])[trial]
            assert (held.state, held.held, held.error) == ("done", len(versions) - 1, "")
            told = app.store.changes(ChangeQuery(trials=(trial,)))
            assert {change.stamp.origin for change in told} <= {"backfill"}
            for place in range(1, len(versions)):
                mine = {c.body["path"] for c in told if c.stamp.version_to == place + 1}
                before, after = reader("ctgov").level(versions[place - 1], without_derived(versions[place]))
                assert mine == {c.to_dict()["path"] for c in compare(before, after)}
        assert app.store.integrity_check() == ()


def without_derived(study: JsonObject) -> JsonObject:
    """As the history has it, so that it is compared without what the registry adds."""
    return {name: part for name, part in study.items() if name != "derivedSection"}


@needs_real_records
def test_real_indexes_are_back_filled(tmp_path: Path) -> None:
    """The versions of six real indexes are asked for once and kept under their numbers and days.

    What each version held is not at hand: the current record stands for all of them, with its own day.
    """
    pasts, studies = {}, {}
    for path in sorted((SHARED / "registry" / "history").glob("*.json")):
        answer, trial = load(path), TrialId("ctgov", path.name[:11])
        pasts[trial] = past(answer, trial)
        study = reader_form(answer, trial)
        studies[trial.id] = [dated(study, version.submitted_on) for version in pasts[trial].versions]
    history = {number: [*map(submitted, days)] for number, days in studies.items()}
    data = DataVersion("2026-11-02T09:00:05", {number: days[-1] for number, days in studies.items()}, history)
    with World(tmp_path, [data]) as world, world.app() as app:
        app.store.add_watches(pasts, now=world.clock())
        for registry in app.registries.values():
            poll.cycle(app, registry)
        app.store.ask_backfills(pasts, most=5)
        backfill.run(app, may_ask=lambda: True)
        for trial, held in app.store.backfills(pasts).items():
            index = pasts[trial]
            assert (held.state, held.total, held.held) == ("done", len(index.versions) - 1, 5)
            kept = {one.version: one.submitted_on for one in app.store.snapshots(trial)}
            assert kept == {version.number: version.submitted_on for version in index.newest(6)}
    assert len(pasts) == 6


def reader_form(answer: JsonObject, trial: TrialId) -> JsonObject:
    """The record inside an index, as API v2 would serve it."""
    study = answer["study"]
    assert isinstance(study, dict)
    record, _ = as_record(study)
    assert isinstance(record, dict)
    assert number_of(record) == trial.id
    return record


def dated(study: JsonObject, day: str) -> JsonObject:
    """A copy submitted on another day."""
    section = study["protocolSection"]
    assert isinstance(section, dict)
    status = section["statusModule"]
    assert isinstance(status, dict)
    post: JsonObject = {"date": day, "type": "ACTUAL"}
    moved: JsonObject = {**status, "lastUpdateSubmitDate": day, "lastUpdatePostDateStruct": post}
    return {**study, "protocolSection": {**section, "statusModule": moved}}
