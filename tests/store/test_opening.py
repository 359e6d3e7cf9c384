"""Who may open what: look-ups by other users, databases that are missing, newer, damaged or not ours."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.errors import (
    ConfigError,
    MissingDatabaseError,
    SchemaVersionError,
    StoreError,
)
from monitor.store import ChangeQuery, open_store, upgrade
from monitor.store.engine import Database
from monitor.store.schema import REVISIONS
from tests.store.conftest import Place
from tests.store.making import NOW, first, history, trial
from tests.store.writing import writer

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")


def file_of(place: Place) -> Path:
    """The SQLite file of a place."""
    return place.state_dir / "trialwire.db"


def test_a_lookup_never_creates_a_database(tmp_path: Path) -> None:
    """A missing database is named with its path and exit 78, and is still missing afterwards."""
    url = f"sqlite:///{tmp_path}/none.db"
    for read_only in (True, False):
        with pytest.raises(MissingDatabaseError, match=r"none\.db") as caught:
            open_store(url, state_dir=tmp_path, read_only=read_only)
        assert caught.value.exit_code == 78
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_no_database(tmp_path: Path) -> None:
    """A file without tables counts as missing, not as damaged."""
    (tmp_path / "t.db").touch()
    with pytest.raises(MissingDatabaseError):
        open_store(f"sqlite:///{tmp_path}/t.db", state_dir=tmp_path, read_only=True)


@pytest.mark.postgres
def test_an_empty_server_is_no_database(postgres_server: str, tmp_path: Path) -> None:
    """A PostgreSQL database without our tables counts as missing."""
    with pytest.raises(MissingDatabaseError, match="template1"):
        open_store(postgres_server.replace("/postgres?", "/template1?"), state_dir=tmp_path)


def test_a_newer_database_is_refused(place: Place) -> None:
    """A database of a revision we do not know is refused with exit 78 by everything, and left alone."""
    database = Database(place.url, place.state_dir)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    try:
        for attempt in (
            lambda: place.open(),
            lambda: place.open(read_only=True),
            lambda: upgrade(place.url, state_dir=place.state_dir, now=NOW),
        ):
            with pytest.raises(SchemaVersionError, match="9999") as caught:
                attempt()
            assert caught.value.exit_code == 78
            assert "newer version" in str(caught.value.remedy)
    finally:
        with database.write() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{REVISIONS[-1]}'")
        database.close()


def test_an_older_database_says_what_to_run(sqlite_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of an earlier revision is refused until it is upgraded, with the command to run."""
    monkeypatch.setattr("monitor.store.schema.REVISIONS", (*REVISIONS, "next"))
    with pytest.raises(SchemaVersionError, match=f"schema {REVISIONS[-1]}") as caught:
        sqlite_place.open()
    assert caught.value.remedy == "run `trialwire db upgrade`"


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    """A database of another program is refused, and not a byte of it is changed."""
    connection = sqlite3.connect(tmp_path / "t.db")
    connection.execute("CREATE TABLE theirs (n)")
    connection.close()
    before = (tmp_path / "t.db").read_bytes()
    url = f"sqlite:///{tmp_path}/t.db"
    for act in (
        lambda: open_store(url, state_dir=tmp_path, read_only=True),
        lambda: open_store(url, state_dir=tmp_path),
        lambda: upgrade(url, state_dir=tmp_path, now=NOW),
    ):
        with pytest.raises(SchemaVersionError, match="none of Trialwire's"):
            act()
    assert (tmp_path / "t.db").read_bytes() == before


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """A file of another kind is told to be none of ours, with its path."""
    (tmp_path / "t.db").write_bytes(b"not a database at all, but long enough to be one" * 100)
    with pytest.raises(StoreError, match=r"t\.db is damaged or no database"):
        open_store(f"sqlite:///{tmp_path}/t.db", state_dir=tmp_path, read_only=True)


@pytest.mark.parametrize(
    "url",
    ["nonsense", "sqlite://", "sqlite:///:memory:", "mysql://x/y", "oracle://x", "", "postgresql+asyncpg"],
)
def test_a_bad_url_is_a_bad_setting(url: str, tmp_path: Path) -> None:
    """A database URL that cannot be used names its setting and says what to write."""
    with pytest.raises(ConfigError) as caught:
        open_store(url, state_dir=tmp_path)
    assert (caught.value.key, caught.value.exit_code) == ("store.url", 78)
    assert "postgresql+psycopg" in str(caught.value.remedy)


def test_an_unreachable_server_is_told_without_its_password(tmp_path: Path) -> None:
    """A server that does not answer is named; the password is not."""
    url = f"postgresql://u:secret@/db?host={tmp_path}"
    with pytest.raises(StoreError) as caught:
        open_store(url, state_dir=tmp_path)
    assert "secret" not in str(caught.value)
    assert "***" in str(caught.value)


def test_reading_is_only_reading(place: Place) -> None:
    """A store opened for reading answers, and refuses to write."""
    with place.open() as store:
        history(store, "AB")
    with place.open(read_only=True) as store:
        assert store.read_only
        assert len(store.changes(ChangeQuery())) == 1
        with pytest.raises(StoreError, match="reading only"):
            store.add_watches([trial()], now=NOW)


@pytest.fixture
def public(template: Path) -> Iterator[Place]:
    """A database that everybody may read and only its owner may write."""
    with tempfile.TemporaryDirectory(prefix="trialwire-public-") as name:
        folder = Path(name)
        shutil.copy(template, folder / "trialwire.db")
        folder.chmod(0o755)
        yield Place(f"sqlite:///{folder}/trialwire.db", folder)


def as_nobody(act: Callable[[], str]) -> str:
    """What a child of ours gets that has become another user."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writing, act().encode())
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def versions_seen(place: Place) -> Callable[[], str]:
    """Look up how many versions of a trial there are, and read the first."""

    def look() -> str:
        with place.open(read_only=True) as store:
            assert store.body(trial(), 1)
            return str(len(store.snapshots(trial())))

    return look


def refusal(act: Callable[[], object]) -> Callable[[], str]:
    """Try something that is to be refused as a bad setting."""

    def attempt() -> str:
        try:
            act()
        except ConfigError as error:
            return f"{error.exit_code} {error.key} {error}"
        return "it was allowed"

    return attempt


@as_root
def test_another_user_reads_without_a_log(public: Place) -> None:
    """Who may only read the directory reads the database also when no daemon runs, and leaves nothing."""
    with public.open() as store:
        history(store, "AB")
    before = sorted(public.state_dir.iterdir())
    assert not file_of(public).with_name("trialwire.db-wal").exists()
    assert as_nobody(versions_seen(public)) == "2"
    assert sorted(public.state_dir.iterdir()) == before


@as_root
def test_another_user_leaves_no_log_of_his_own(public: Place) -> None:
    """Who may write the directory, too, makes no log there: the daemon could not write to it."""
    public.state_dir.chmod(0o777)
    with public.open() as store:
        history(store, "AB")
    assert as_nobody(versions_seen(public)) == "2"
    assert {path.stat().st_uid for path in public.state_dir.iterdir()} == {0}


@as_root
def test_what_an_administrator_leaves_is_the_owners(public: Place) -> None:
    """Where root looks something up, every file it causes belongs to the daemon's user."""
    for path in (public.state_dir, *public.state_dir.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    with public.open(read_only=True) as store:
        store.stats()
    assert {path.stat().st_uid for path in public.state_dir.iterdir()} == {NOBODY}


@as_root
def test_another_user_reads_beside_a_writer(public: Place) -> None:
    """Who may only read the directory sees what a running writer has committed."""
    with public.open() as store:
        history(store, "AB")
        assert as_nobody(versions_seen(public)) == "2"
        history(store, "C")
        assert as_nobody(versions_seen(public)) == "3"


@as_root
def test_another_user_reads_after_a_crash(public: Place) -> None:
    """A write-ahead log left behind by a killed writer is read as well."""
    with writer(public, 1, 999) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    assert as_nobody(versions_seen(public)) == "1"


@as_root
def test_a_state_directory_that_cannot_be_written_is_named(public: Place) -> None:
    """Opening to write where one may only read says which directory, with exit 78."""
    below = public.state_dir / "below"
    for act in (
        public.open,
        lambda: upgrade(public.url, state_dir=public.state_dir, now=NOW),
        lambda: upgrade(public.url, state_dir=below, now=NOW),
    ):
        said = as_nobody(refusal(act))
        assert said.startswith("78 store.state_dir cannot write")
        assert str(public.state_dir) in said


@as_root
def test_a_database_one_may_not_see_is_named(public: Place) -> None:
    """A look-up in a directory closed to this user says which file it cannot use, with exit 78."""
    for closed in (public.state_dir, file_of(public)):
        closed.chmod(0o700)
        said = as_nobody(refusal(lambda: public.open(read_only=True)))
        assert said.startswith(f"78 store.url cannot use {file_of(public)}")
        closed.chmod(0o755)


def test_a_reader_without_a_log_keeps_writers_waiting(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a file is read as it stands nobody changes it; the next read is beside the writer."""
    monkeypatch.setattr("monitor.store.engine.os.access", lambda *_: False)
    with sqlite_place.open() as store:
        store.record([first()])
    reader = Database(sqlite_place.url, sqlite_place.state_dir, read_only=True)
    wrote = threading.Event()

    def write() -> None:
        with sqlite_place.open() as store:
            store.record([first(trial(2))])
            wrote.set()

    thread = threading.Thread(target=write)
    with reader.read() as connection:
        thread.start()
        assert not wrote.wait(0.1)
        assert connection.execute(sa.text("SELECT count(*) FROM snapshot")).scalar() == 1
    thread.join()
    with reader.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM snapshot")).scalar() == 2
    reader.close()


def test_the_database_file_is_for_everybody_the_umask_allows(public: Place) -> None:
    """An administrator's look-up reads the daemon's database: files get no stricter mode than the umask's."""
    with public.open() as store:
        store.record([first()])
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in public.state_dir.iterdir()}
    assert all(mode & 0o044 == 0o044 for mode in modes.values()), modes
