"""Importing: every shape of file, versions in any order, and that what is imported is never news."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise, permutations
from pathlib import Path

import orjson
import pytest

from monitor import registries
from monitor.bootstrap import App
from monitor.core.record import JsonObject
from monitor.core.recorded import RecordedChange
from monitor.core.subscription import Subscription
from monitor.pipeline import compose, importing, poll
from monitor.store.values import ChangeQuery
from tests.support.real import needs_real_records, pairs, study_files
from tests.support.world import World, sample, trial, version

STATUS = "protocolSection__statusModule__overallStatus"
HOLDER = "derivedSection__miscInfoModule__versionHolder"
COMPLETION = "protocolSection__statusModule__primaryCompletionDateStruct"
STEPS = ("NOT_YET_RECRUITING", "RECRUITING", "SUSPENDED", "RECRUITING")


def at(month: int, status: str, number: int = 1) -> JsonObject:
    """A version of a trial as served in a month of 2026."""
    return sample(number, **{STATUS: status, HOLDER: f"2026-{month:02d}-01"})


def take(app: App, *paths: Path, observed_at: datetime | None = None) -> importing.ImportReport:
    return importing.run(
        app.store,
        paths,
        readers=[registries.reader("ctgov")],
        rules=app.rules,
        now=app.clock(),
        observed_at=observed_at,
    )


def written(folder: Path, payloads: Iterable[JsonObject]) -> list[Path]:
    paths = []
    for number, payload in enumerate(payloads):
        path = folder / f"{number}.json"
        path.write_bytes(orjson.dumps(payload))
        paths.append(path)
    return paths


def statuses(found: Sequence[RecordedChange]) -> list[tuple[object, object]]:
    steps = [change for change in found if change.field == "status.overallStatus"]
    return [(c.body["old"], c.body["new"]) for c in sorted(steps, key=lambda c: c.stamp.observed_at)]


def recorded(app: App) -> tuple[RecordedChange, ...]:
    return app.store.changes(ChangeQuery(trials=(trial(1),)))


def test_every_shape_of_file_is_read(tmp_path: Path) -> None:
    """A payload, a list response, JSON lines, a zip and a folder of these; what is no record is told."""
    folder = tmp_path / "files"
    (folder / "inner").mkdir(parents=True)
    studies = [sample(number) for number in range(1, 8)]
    (folder / "one.json").write_bytes(orjson.dumps(studies[0]))
    (folder / "list.json").write_bytes(orjson.dumps({"studies": studies[1:3], "nextPageToken": "x"}))
    (folder / "lines.jsonl").write_bytes(b"\n".join(orjson.dumps(s) for s in studies[3:5]) + b"\n\n")
    with zipfile.ZipFile(folder / "inner" / "all.zip", "w") as archive:
        archive.writestr("NCT00000006.json", orjson.dumps(studies[5]))
        archive.writestr("readme.txt", "not a study")
    (folder / "inner" / "seven.json").write_bytes(orjson.dumps(studies[6]))
    (folder / "bad.json").write_text("<html>")
    (folder / "other.json").write_text('{"a": 1}')
    with World(tmp_path, [version(2)]) as world, world.app() as app:
        report = take(app, folder)
        assert dict(report.counts) == {"new": 7, "refused": 2}
        assert {Path(where).name for where, _ in report.refused} == {"bad.json", "other.json"}
        held = [app.store.trial(trial(number)) for number in range(1, 8)]
        assert all(state is not None and state.presence == "present" for state in held)
        assert {state.title for state in held if state} == {"Veltomab Plus Chemotherapy in Gastric Cancer"}
        assert dict(take(app, folder).counts) == {"held": 7, "refused": 2}


def test_a_payload_comes_back_as_it_was(tmp_path: Path) -> None:
    """The bytes of the file's own slice are kept, spacing and all."""
    spaced = b' {"protocolSection": ' + orjson.dumps(sample(1)["protocolSection"]) + b"}"
    (tmp_path / "list.json").write_bytes(b'{ "studies" : [' + spaced + b" ] }")
    with World(tmp_path, [version(2)]) as world, world.app() as app:
        take(app, tmp_path / "list.json")
        assert app.store.body(trial(1), 1) == spaced.strip()


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_versions_are_put_in_order(tmp_path: Path, order: Sequence[int]) -> None:
    """Files of one trial in any order give the changes between its versions, by their dates."""
    paths = written(tmp_path, [at(month, status) for month, status in enumerate(STEPS, start=1)])
    with World(tmp_path, [version(2)]) as world, world.app() as app:
        report = take(app, *[paths[place] for place in order])
        assert (report.counts["new"], report.counts["versions"]) == (1, 3)
        found = recorded(app)
        assert statuses(found) == list(pairwise(STEPS))
        assert {change.stamp.origin for change in found} == {"import"}
        state = app.store.trial(trial(1))
        assert state is not None
        assert state.overall_status == "RECRUITING"


def test_older_versions_fill_the_time_before(tmp_path: Path) -> None:
    """Imported later, an older pair leads up to the first version held; one between cuts nothing anew."""
    first, second, third, fourth = written(
        tmp_path, [at(month, status) for month, status in enumerate(STEPS, start=1)]
    )
    with World(tmp_path, [version(2)]) as world, world.app() as app:
        take(app, fourth)
        take(app, first, second)
        assert statuses(recorded(app)) == [("NOT_YET_RECRUITING", "RECRUITING")]
        before = recorded(app)
        take(app, third)
        assert recorded(app) == before
        assert len(app.store.snapshots(trial(1))) == 3
        state = app.store.trial(trial(1))
        assert state is not None
        assert state.overall_status == "RECRUITING"


@pytest.mark.parametrize("first", [(0, 1, 2, 3), (0, 1), (2, 3)])
def test_moves_add_up_over_all_versions(tmp_path: Path, first: Sequence[int]) -> None:
    """Imported together, in turn or oldest last, a move is told with all those before it."""
    months = ("2027-03", "2027-06", "2027-05", "2027-12")
    paths = written(
        tmp_path,
        [
            sample(1, **{COMPLETION: {"date": month, "type": "ESTIMATED"}, HOLDER: f"2026-{number:02d}-01"})
            for number, month in enumerate(months, start=1)
        ],
    )
    with World(tmp_path, [version(2)]) as world, world.app() as app:
        take(app, *[paths[place] for place in first])
        take(app, *paths)
        moves = [c for c in reversed(recorded(app)) if c.field == "status.primaryCompletionDate"]
        facts = [change.body["facts"] for change in moves]
        assert all(isinstance(told, dict) for told in facts)
        counted = [told["slips"] for told in facts if isinstance(told, dict)]
        # What was recorded before the older versions came knows nothing of them, and is not cut anew.
        assert counted == ([1, 2, 1] if first == (2, 3) else [1, 2, 3])
        if first != (2, 3):
            assert "Third move in the 4 versions seen, 9 months in all." in moves[-1].summary


def test_a_silent_change_is_judged_on_its_data_version(tmp_path: Path) -> None:
    """Years after the last update, a trial is judged on the day its content was served (rules, "as_of")."""
    silent: JsonObject = {"pmid": "1", "type": "DERIVED", "citation": "A. B. C."}
    done = {STATUS: "COMPLETED", COMPLETION: {"date": "2026-08-01", "type": "ACTUAL"}}
    last = {"protocolSection__statusModule__completionDateStruct": {"date": "2026-08-01", "type": "ACTUAL"}}
    cited = {"protocolSection__referencesModule__references": [silent]}
    paths = written(
        tmp_path,
        [
            sample(1, **done, **last, **{HOLDER: "2026-09-01"}),
            sample(1, **done, **last, **cited, **{HOLDER: "2029-01-01"}),
        ],
    )
    with World(tmp_path, [version(2)]) as world, world.app() as app:
        take(app, *paths)
        (change,) = recorded(app)
        assert "completed over a year ago" in str(change.body["reason"])


def test_nothing_imported_is_news(tmp_path: Path) -> None:
    """Imported before or after our first look, the changes are history; the look itself is a first sight."""
    older = written(tmp_path, [at(1, STEPS[0]), at(2, STEPS[2])])
    later = tmp_path / "later.json"
    later.write_bytes(orjson.dumps(at(12, "TERMINATED")))
    for when in ("before", "after"):
        folder = tmp_path / when
        folder.mkdir()
        with World(folder, [version(2, sample(1))]) as world, world.app() as app:
            app.store.add_watches([trial(1)], now=world.clock())
            compose.run(app)
            if when == "before":
                take(app, *older)
            report = poll.cycle(app, app.registries["ctgov"])
            assert not report.counts.get("gone")
            if when == "after":
                take(app, *older)
            assert take(app, later).counts["later"] == 1
            assert statuses(recorded(app)) == [(STEPS[0], STEPS[2]), (STEPS[2], "RECRUITING")]
            assert {change.stamp.origin for change in recorded(app)} == {"import"}
            assert len([n for n in app.store.notices() if n.kind == "baseline"]) == 1
            world.clock.forward(minutes=1)
            assert compose.run(app).digests == ()


def test_a_download_may_say_when_it_was_made(tmp_path: Path) -> None:
    """`observed_at` is our clock for files; without it the data version's date is."""
    bare = sample(1)
    bare.pop("derivedSection", None)
    (path,) = written(tmp_path, [bare])
    then = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    with World(tmp_path, [version(2)]) as world, world.app() as app:
        take(app, path, observed_at=then)
        (snapshot,) = app.store.snapshots(trial(1))
        assert (snapshot.observed_at, snapshot.data_version) == (then, "2026-03-04")
        assert snapshot.origin == "import"


@needs_real_records
def test_real_versions_import_in_any_order(tmp_path: Path) -> None:
    """Real trials with many versions: newest file first or last, the same changes are recorded."""
    folder = max({path.parent for path in study_files()}, key=lambda parent: len(list(parent.iterdir())))
    paths = sorted(folder.glob("*.json"))
    ids = []
    for name, order in (("up", paths), ("down", paths[::-1])):
        (tmp_path / name).mkdir()
        with World(tmp_path / name, [version(2)]) as world, world.app() as app:
            take(app, *order)
            ids.append({change.id for change in app.store.changes(ChangeQuery())})
    assert ids[0] == ids[1]
    assert ids[0]
    assert len(list(pairs())) > 60


def test_an_import_broken_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written stays, and begun again it takes in the rest and passes over what is held."""
    monkeypatch.setattr(importing, "BATCH", 5)
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as members:
        for number in range(1, 24):
            members.writestr(f"NCT/{number}.json", orjson.dumps(sample(number)))

    def interrupted(read: int, share: float) -> None:
        assert share == pytest.approx(read / 23, abs=0.1)
        if read == 15:
            raise KeyboardInterrupt

    readers = [registries.reader("ctgov")]
    with World(tmp_path, [version(2)]) as world, world.app() as app:
        with pytest.raises(KeyboardInterrupt):
            importing.run(
                app.store, [archive], readers=readers, rules=app.rules, now=app.clock(), progress=interrupted
            )
        held = app.store.stats().rows["snapshot"]
        assert 10 <= held <= 15
        counts = take(app, archive).counts
        assert counts == {"held": held, "new": 23 - held}


def test_what_is_damaged_in_an_archive_is_told(tmp_path: Path) -> None:
    """A member that lost a bit, and one that is no record, are told by name; the rest is taken in."""
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as members:
        for number in range(1, 4):
            members.writestr(f"{number}.json", orjson.dumps(sample(number)))
        members.writestr("4.json", b"{}")
    content = bytearray(archive.read_bytes())
    content[content.find(b"NCT00000002")] ^= 1
    archive.write_bytes(content)
    with World(tmp_path, [version(2)]) as world, world.app() as app:
        report = take(app, archive)
    assert dict(report.counts) == {"new": 2, "refused": 2}
    assert [where.rpartition(":")[2] for where, _ in report.refused] == ["2.json", "4.json"]
    assert "checksum" in report.refused[0][1]


def test_everything_imported_is_watched_from_the_download_on(tmp_path: Path) -> None:
    """Watched in one go, no trial is told as a first sight, and what changed since the download is news."""
    downloaded = [at(10, "RECRUITING", number) for number in (1, 2)]
    paths = written(tmp_path, downloaded)
    everything = Subscription("all", ("ops",), "daily 07:30 UTC")
    now_served = version(2, at(11, "RECRUITING", 1), at(11, "SUSPENDED", 2))
    with World(tmp_path, [now_served]) as world, world.app() as app:
        app.store.begin_subscription(everything.name, app.clock())
        take(app, *paths)
        assert app.store.watch_everything("ctgov", now=app.clock()) == 2
        assert poll.cycle(app, app.registries["ctgov"]).counts["changed"] == 1
        pending = app.store.pending(everything, app.clock())
        assert {str(change.trial) for change in pending.changes} == {"NCT00000002"}
        assert pending.baselines == ()
        assert len(app.store.snapshots(trial(1))) == 1
