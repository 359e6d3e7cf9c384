"""One daemon at a time, and short turns for writers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from monitor.errors import ConfigError, LockedError
from monitor.store import DaemonLock, daemon_pid
from monitor.store.locks import WriteLock
from tests.store.conftest import Place

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from monitor.store.locks import DaemonLock
with DaemonLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_daemon_at_a_time(tmp_path: Path) -> None:
    """A second daemon is refused with exit 75 and one line that names the process and the file."""
    with DaemonLock(tmp_path) as lock:
        assert lock.still_held()
        assert daemon_pid(tmp_path) == os.getpid()
        with pytest.raises(LockedError) as caught:
            DaemonLock(tmp_path).acquire()
    assert caught.value.exit_code == 75
    assert str(os.getpid()) in str(caught.value)
    assert "daemon.lock" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_lock_is_free_again(tmp_path: Path) -> None:
    """A daemon that left leaves nothing in the way of the next."""
    lock = DaemonLock(tmp_path)
    with lock:
        pass
    lock.release()
    assert not lock.still_held()
    assert daemon_pid(tmp_path) is None
    with DaemonLock(tmp_path) as again:
        assert again.still_held()


def test_no_lock_without_a_directory(tmp_path: Path) -> None:
    """Where no daemon ever ran nobody holds the lock, and a missing directory is named."""
    assert daemon_pid(tmp_path / "nowhere") is None
    with pytest.raises(ConfigError, match="nowhere"):
        DaemonLock(tmp_path / "nowhere").acquire()


def test_a_killed_daemon_holds_nothing(tmp_path: Path) -> None:
    """The kernel lets go of the lock of a process that was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert daemon_pid(tmp_path) == other.pid
        with pytest.raises(LockedError, match=f"process {other.pid} "):
            DaemonLock(tmp_path).acquire()
        other.kill()
        other.wait()
    assert daemon_pid(tmp_path) is None
    with DaemonLock(tmp_path):
        assert daemon_pid(tmp_path) == os.getpid()


def test_a_store_gives_its_daemon_lock(place: Place, tmp_path: Path) -> None:
    """The lock of a store refuses a second one on the same database."""
    with place.open() as store, store.daemon_lock() as lock:
        assert lock.still_held()
        with pytest.raises(LockedError):
            store.daemon_lock().acquire()


@pytest.mark.postgres
def test_two_machines_share_one_daemon(postgres_place: Place, tmp_path: Path) -> None:
    """On PostgreSQL a daemon with another state directory is refused as well, and may follow."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Place(postgres_place.url, elsewhere)
    with postgres_place.open() as store, other.open() as theirs:
        with store.daemon_lock(), pytest.raises(LockedError, match="PostgreSQL"):
            theirs.daemon_lock().acquire()
        assert daemon_pid(elsewhere) is None
        with theirs.daemon_lock() as lock:
            assert lock.still_held()


@pytest.mark.postgres
def test_a_lost_session_is_noticed(postgres_place: Place) -> None:
    """A daemon whose PostgreSQL session ended learns that it no longer holds the lock."""
    import sqlalchemy as sa

    from monitor.store.engine import parse_url

    engine = sa.create_engine(parse_url(postgres_place.url), isolation_level="AUTOCOMMIT")
    with postgres_place.open() as store, store.daemon_lock() as lock:
        with engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            )
        assert not lock.still_held()
    engine.dispose()


def test_a_writer_waits_its_turn(tmp_path: Path) -> None:
    """A second writer goes on as soon as the first is done."""
    order: list[str] = []
    entered = threading.Event()

    def second() -> None:
        entered.wait()
        with WriteLock(tmp_path).held():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with WriteLock(tmp_path).held():
        entered.set()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_writer_does_not_wait_for_ever(tmp_path: Path) -> None:
    """A lock that stays taken is reported with its file and exit 75, between and within processes."""
    shared = WriteLock(tmp_path, wait_s=0.02)
    with shared.held():
        for lock in (WriteLock(tmp_path, wait_s=0.02), shared):
            with pytest.raises(LockedError, match=r"write\.lock") as caught, lock.held():
                pass
            assert caught.value.exit_code == 75
    with shared.held():
        assert (tmp_path / "write.lock").exists()
