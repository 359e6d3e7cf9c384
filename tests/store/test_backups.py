"""Backup, restore and compaction: copies are proven, nothing is overwritten, and no change is ever lost."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.core.record import TrialId
from monitor.errors import ConfigError, LockedError, SchemaVersionError, StoreError
from monitor.store import ChangeQuery, Compacted, Store, backups, open_store
from monitor.store.blobs import LONGEST, DroppedError
from tests.store.conftest import Place
from tests.store.making import DAY, NOW, amended, body_of, first, history, trial
from tests.store.test_payloads import stored


def back_up(place: Place, *, force: bool = False) -> Path:
    target = place.state_dir / "copy.db"
    backups.back_up(place.url, target, state_dir=place.state_dir, force=force)
    return target


def letters(store: Store, who: TrialId | None = None) -> str:
    """Which versions of a trial can be read, a dot for one that cannot."""
    read = ""
    for one in store.snapshots(who or trial()):
        try:
            body = store.body(one.trial, one.seq)
        except DroppedError:
            read += "."
        else:
            read += next(c for c in "ABCDEFGHIJ" if body == body_of(c, one.trial))
    return read


def test_a_copy_holds_what_the_database_held(sqlite_place: Place) -> None:
    """A backup beside an open store is whole, and later writes are not in it."""
    with sqlite_place.open() as store:
        history(store, "AB")
        copy = back_up(sqlite_place)
        history(store, "A", trial(2))
    with open_store(f"sqlite:///{copy}", state_dir=copy.parent, read_only=True) as held:
        assert letters(held) == "AB"
        assert held.trial(trial(2)) is None
    assert sorted(path.name for path in copy.parent.iterdir() if path.name.startswith("copy")) == ["copy.db"]


def test_an_existing_file_is_replaced_only_by_force(sqlite_place: Place) -> None:
    """Whatever stands under the name is left alone, unless it is said otherwise."""
    target = sqlite_place.state_dir / "copy.db"
    target.write_text("mine")
    with pytest.raises(ConfigError, match="exists already"):
        back_up(sqlite_place)
    assert target.read_text() == "mine"
    back_up(sqlite_place, force=True)
    assert target.read_bytes().startswith(b"SQLite format 3")


def test_a_damaged_database_gives_no_backup(sqlite_place: Place) -> None:
    """A copy with a payload that cannot be read is not called a backup, and the one before it stays."""
    with sqlite_place.open() as store:
        history(store, "AB")
    good = back_up(sqlite_place).read_bytes()
    connection = sqlite3.connect(sqlite_place.state_dir / "trialwire.db")
    connection.execute("UPDATE body SET data = x'00' WHERE base IS NULL")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="not sound"):
        back_up(sqlite_place, force=True)
    assert (sqlite_place.state_dir / "copy.db").read_bytes() == good
    assert not list(sqlite_place.state_dir.glob("*.partial"))


def test_restoring_brings_back_and_keeps_aside(sqlite_place: Place) -> None:
    """The copy takes the database's place; what stood there, its log included, is kept under another name."""
    with sqlite_place.open() as store:
        history(store, "AB")
    copy = back_up(sqlite_place)
    with sqlite_place.open() as store:
        history(store, "CD")
    kept = backups.restore(sqlite_place.url, copy, state_dir=sqlite_place.state_dir, now=NOW)
    assert kept == sqlite_place.state_dir / "trialwire-before-restore-20261120T090000Z.db"
    with sqlite_place.open() as store:
        assert letters(store) == "AB"
        history(store, "E")
        assert list(store.damage()) == []
    with open_store(f"sqlite:///{kept}", state_dir=kept.parent, read_only=True) as before:
        assert letters(before) == "ABCD"


def test_a_file_that_is_noise_is_replaced_by_a_copy(sqlite_place: Place) -> None:
    """Restoring works where the database is beyond reading, and where there is none."""
    with sqlite_place.open() as store:
        history(store, "AB")
    copy = back_up(sqlite_place)
    path = sqlite_place.state_dir / "trialwire.db"
    path.write_bytes(b"\xa5" * 9_000)
    kept = backups.restore(sqlite_place.url, copy, state_dir=sqlite_place.state_dir, now=NOW)
    assert kept is not None
    assert kept.read_bytes() == b"\xa5" * 9_000
    path.unlink()
    assert backups.restore(sqlite_place.url, copy, state_dir=sqlite_place.state_dir, now=NOW) is None
    with sqlite_place.open() as store:
        assert letters(store) == "AB"


def test_nothing_is_restored_under_a_daemon(sqlite_place: Place) -> None:
    """While a daemon runs it is refused, with exit 75, and nothing is touched."""
    copy = back_up(sqlite_place)
    with sqlite_place.open() as store, store.daemon_lock(), pytest.raises(LockedError):
        backups.restore(sqlite_place.url, copy, state_dir=sqlite_place.state_dir, now=NOW)


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", SchemaVersionError),
        ("DROP TABLE alembic_version", SchemaVersionError),
        ("UPDATE body SET data = x'00'", StoreError),
    ],
)
def test_what_is_no_sound_copy_of_ours_is_not_restored(
    sqlite_place: Place, statement: str, error: type[Exception]
) -> None:
    """Another program's, a newer version's or a damaged file changes nothing."""
    with sqlite_place.open() as store:
        history(store, "AB")
    copy = back_up(sqlite_place)
    connection = sqlite3.connect(copy)
    connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(error):
        backups.restore(sqlite_place.url, copy, state_dir=sqlite_place.state_dir, now=NOW)
    with sqlite_place.open() as store:
        assert letters(store) == "AB"


@pytest.mark.postgres
def test_postgres_has_its_own_tools(postgres_place: Place, tmp_path: Path) -> None:
    """On PostgreSQL the message names the tool to use."""
    with pytest.raises(StoreError) as caught:
        backups.back_up(postgres_place.url, tmp_path / "x", state_dir=tmp_path, force=False)
    assert "pg_dump" in str(caught.value.remedy)
    with pytest.raises(StoreError) as caught:
        backups.restore(postgres_place.url, tmp_path / "x", state_dir=tmp_path, now=NOW)
    assert "pg_restore" in str(caught.value.remedy)


def test_compacting_packs_what_came_before_the_dictionary(store: Store) -> None:
    """Older payloads are packed with it, proofs are added, and each is still what it was."""
    store.record([first(trial(number)) for number in range(1, 60)])
    history(store, "ABC", trial(60))
    assert store.train_dictionary(NOW, least=50)
    told: list[tuple[int, int]] = []
    done = store.compact(now=NOW, progress=lambda at, of: told.append((at, of)))
    assert (done.packed, done.dropped, done.damaged) == (60, 0, 0)
    assert told == [(50, 60), (60, 60)]
    assert {codec for codec, _, _ in stored(store)} == {"zstd-dictionary", "zstd-delta"}
    assert list(store.damage()) == []
    assert letters(store, trial(60)) == "ABC"
    assert store.compact(now=NOW).packed == 0


def test_retention_drops_payloads_and_no_change(store: Store) -> None:
    """Older payloads than it keeps go, but for a trial's first and latest; all changes stay."""
    history(store, "ABCDEF")
    before = store.changes(ChangeQuery())
    assert store.compact(now=NOW, keep_since=NOW + 4 * DAY).dropped == 3
    assert letters(store) == "A...EF"
    assert store.changes(ChangeQuery()) == before
    assert list(store.damage()) == []
    assert store.compact(now=NOW, keep_since=NOW + 99 * DAY).dropped == 1
    assert letters(store) == "A....F"
    history(store, "G", start=NOW + 9 * DAY)
    assert letters(store) == "A....FG"
    with pytest.raises(DroppedError, match=r"version s2 of NCT09000001.*payload_days"):
        store.body(trial(), 2)


def test_retiring_looks_only_where_something_is_due(store: Store) -> None:
    """The daily part drops the same payloads, stops where it is told to, and finds nothing twice."""
    for number in range(1, 62):
        history(store, "ABC" if number > 1 else "ABCDEF", trial(number))
    before = store.changes(ChangeQuery())
    leave = iter((False, True))
    assert store.retire(keep_since=NOW + 4 * DAY, stop=lambda: next(leave)).dropped == 52
    assert store.retire(keep_since=NOW + 4 * DAY).dropped == 11
    assert store.retire(keep_since=NOW + 4 * DAY) == Compacted()
    assert (letters(store), letters(store, trial(61))) == ("A...EF", "A.C")
    assert store.changes(ChangeQuery()) == before
    assert list(store.damage()) == []


def test_the_log_is_written_into_the_file(sqlite_place: Place) -> None:
    """A checkpoint leaves an empty log, and a reader in the way stops it without an error."""
    with sqlite_place.open() as store:
        log = sqlite_place.state_dir / "trialwire.db-wal"
        history(store, "ABC")
        assert log.stat().st_size > 0
        store.checkpoint()
        assert log.stat().st_size == 0
        history(store, "D", start=NOW + 9 * DAY)
        reader = sqlite3.connect(log.with_name("trialwire.db"), isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM trial").fetchone()
        history(store, "E", start=NOW + 19 * DAY)
        store.checkpoint()
        assert log.stat().st_size > 0
        reader.close()
        assert letters(store) == "ABCDE"


def test_the_first_version_by_any_clock_is_kept(store: Store) -> None:
    """A version of the registry's past that came later is its first, and kept like the first we saw."""
    history(store, "ABC")
    (*_, last) = store.snapshots(trial())
    past = amended(last, "D", seq=4, at=NOW + 3 * DAY, origin="backfill")
    assert past.snapshot
    older = replace(past.snapshot, submitted_on="2019-05-01", data_version=None, version=1)
    store.record([replace(past, snapshot=older, current=False, changes=(), findings=())])
    assert store.compact(now=NOW, keep_since=NOW + 99 * DAY).dropped == 1
    assert letters(store) == "A.CD"


def test_dropped_content_that_comes_again_is_kept_again(store: Store) -> None:
    """A version like one that was dropped brings its payload back, and it is never packed in a ring."""
    history(store, "ABCD")
    store.compact(now=NOW, keep_since=NOW + 9 * DAY)
    assert letters(store) == "A..D"
    for letter in "BCA":
        history(store, letter, start=NOW + timedelta(days=20 + ord(letter)))
    assert letters(store) == "ABCDBCA"
    for keep in (100, 300):
        store.compact(now=NOW, keep_since=NOW + keep * DAY)
        assert list(store.damage()) == []
    assert letters(store).endswith("A")


def test_chains_stay_short_over_retention(store: Store) -> None:
    """However often payloads are dropped, reading the latest takes no more steps than before."""
    recording = first()
    store.record([recording])
    for number in range(2, LONGEST + 6):
        assert recording.snapshot
        recording = amended(
            recording.snapshot, f"v{number}", seq=number, at=NOW + number * DAY, fields=("status.whyStopped",)
        )
        store.record([recording])
        store.compact(now=NOW, keep_since=NOW + (number - 2) * DAY)
    assert list(store.damage()) == []
    assert max(depth for _, depth, _ in stored(store)) <= LONGEST
    assert recording.snapshot
    assert store.body(trial(), recording.snapshot.seq) == recording.body


def test_a_file_gets_smaller_where_no_daemon_runs(sqlite_place: Place) -> None:
    """Freed pages go back to the file system, unless a daemon has the file open."""
    with sqlite_place.open() as store:
        history(store, "ABCDEF")
        with sqlite_place.open() as daemon, daemon.daemon_lock():
            assert not store.shrink_file()
        store.compact(now=NOW, keep_since=NOW + 99 * DAY)
        assert store.shrink_file()
        assert letters(store) == "A....F"
