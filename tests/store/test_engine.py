"""How connections are set up, what survives races and kills, and how failures are told."""

from __future__ import annotations

import inspect as python_inspect
import signal
import sqlite3
import threading

import pytest
import sqlalchemy as sa
import sqlalchemy.exc

from monitor.errors import (
    ConfigError,
    LockedError,
    MonitorError,
    StoreError,
)
from monitor.store.engine import Database, mapped
from tests.store.conftest import Place
from tests.store.making import first, trial
from tests.store.writing import writer


def test_sqlite_is_set_up_as_measured(sqlite_place: Place) -> None:
    """Acknowledged commits survive a power cut, references are enforced, nothing is mapped into memory."""
    database = Database(sqlite_place.url, sqlite_place.state_dir)
    with database.read() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in (
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "busy_timeout",
                "trusted_schema",
                "wal_autocheckpoint",
                "journal_size_limit",
                "mmap_size",
            )
        }
    database.close()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30000,
        "trusted_schema": 0,
        "wal_autocheckpoint": 1000,
        "journal_size_limit": 67108864,
        "mmap_size": 0,
    }


def test_no_increment_is_lost(place: Place) -> None:
    """Four threads that read, add and write lose nothing."""
    database = Database(place.url, place.state_dir)
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE counter (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO counter VALUES (0)")

    def work() -> None:
        for _ in range(25):
            with database.write() as connection:
                database.in_order(connection)
                n = connection.exec_driver_sql("SELECT n FROM counter").scalar_one()
                connection.exec_driver_sql(f"UPDATE counter SET n = {n + 1}")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.write() as connection:
        assert connection.exec_driver_sql("SELECT n FROM counter").scalar() == 100
        connection.exec_driver_sql("DROP TABLE counter")
    database.close()


def test_two_processes_write_beside_each_other(sqlite_place: Place) -> None:
    """What two processes record at the same time is all there, and the database is sound."""
    with writer(sqlite_place, 0, 40) as one, writer(sqlite_place, 100, 40) as two:
        assert (one.wait(), two.wait()) == (0, 0)
    with sqlite_place.open() as store:
        assert store.stats().rows["snapshot"] == 80
        assert store.integrity_check() == ()


def test_nothing_acknowledged_is_lost_by_a_kill(sqlite_place: Place) -> None:
    """A process killed while it writes leaves a sound database that holds all it had acknowledged."""
    for turn in range(3):
        with writer(sqlite_place, 1000 * turn, 999) as process:
            assert process.stdout is not None
            acknowledged = [process.stdout.readline() for _ in range(10 + 7 * turn)]
            process.send_signal(signal.SIGKILL)
            acknowledged += process.stdout.readlines()
        with sqlite_place.open() as store:
            assert store.integrity_check() == ()
            for line in acknowledged:
                if line.endswith("\n"):
                    assert store.body(trial(int(line)), 1)


def raisable(kind: type[sqlalchemy.exc.SQLAlchemyError]) -> sqlalchemy.exc.SQLAlchemyError:
    """An instance of it, whatever arguments it wants."""
    cause = RuntimeError("odd")
    ways: tuple[tuple[object, ...], ...] = (
        ("odd", {}, cause),
        ("odd", "SELECT 1", {}, cause),
        ("odd",),
        ("odd", "x"),
        ("odd", "x", "y"),
    )
    for arguments in ways:
        try:
            return kind(*arguments)
        except (TypeError, AttributeError):
            continue
    raise AssertionError(f"{kind} could not be made")


def test_every_exception_of_the_library_is_mapped() -> None:
    """No exception class of the database library passes the door as itself."""
    classes = [
        kind
        for _, kind in python_inspect.getmembers(sqlalchemy.exc, python_inspect.isclass)
        if issubclass(kind, sqlalchemy.exc.SQLAlchemyError)
    ]
    assert len(classes) > 30
    for kind in classes:
        with pytest.raises(MonitorError, match="somewhere"), mapped("somewhere"):
            raise raisable(kind)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("SQLITE_BUSY", LockedError, "busy"),
        ("SQLITE_BUSY_SNAPSHOT", LockedError, "busy"),
        ("SQLITE_READONLY_DBMOVED", ConfigError, "cannot use"),
        ("SQLITE_CANTOPEN", ConfigError, "cannot use"),
        ("SQLITE_FULL", StoreError, "no room"),
        ("SQLITE_CORRUPT", StoreError, "damaged"),
        ("SQLITE_SCHEMA", StoreError, "odd"),
    ],
)
def test_failures_of_sqlite_are_told_apart(name: str, kind: type[MonitorError], words: str) -> None:
    """Each kind of failure has its own class, words and remedy."""
    error = sqlite3.OperationalError("odd")
    error.sqlite_errorname = name
    with pytest.raises(kind, match=words) as caught, mapped("/var/lib/trialwire/t.db"):
        raise error
    assert "/var/lib/trialwire/t.db" in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('connection to server at "127.0.0.1", port 5432 failed: Connection refused', 75),
        ("connection timeout expired", 75),
        ("FATAL:  the database system is starting up", 75),
        ("FATAL:  sorry, too many clients already", 75),
        ('FATAL:  password authentication failed for user "tw"', 1),
        ('FATAL:  database "tw" does not exist', 1),
    ],
)
def test_a_server_that_is_away_may_come_back(said: str, code: int) -> None:
    """Try again later where nobody answered or the server cannot now; not where it says no."""
    error = sqlalchemy.exc.OperationalError("SELECT 1", {}, Exception(said))
    with pytest.raises(StoreError) as caught, mapped("postgresql://tw@db/tw"):
        raise error
    assert caught.value.exit_code == code
    assert said[:20] in str(caught.value)
    assert caught.value.remedy


def test_a_full_disk_loses_nothing(sqlite_place: Place) -> None:
    """Where there is no room the batch is refused whole, and what was there is still there."""
    with sqlite_place.open() as store:
        store.record([first()])
        database = store._db
        with database.write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        sa.event.listen(
            database.engine, "checkout", lambda raw, *_: raw.execute(f"PRAGMA max_page_count={pages}")
        )
        with pytest.raises(StoreError, match="no room left"):
            store.record([first(trial(number)) for number in range(2, 200)])
        assert store.stats().rows["trial"] == 1
        assert store.integrity_check() == ()
