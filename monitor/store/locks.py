"""The two locks (contract section 5): one daemon at a time, and short turns for writers.

Both are `flock` on a file of the state directory: the kernel lets go of them when their holder dies, so
there is nothing to clean up after a crash. PostgreSQL has its own turns for writers; its daemon holds an
advisory lock as well, because two machines may share one database.
"""

from __future__ import annotations

import fcntl
import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from monitor.errors import ConfigError, LockedError

DAEMON_LOCK = "daemon.lock"
WRITE_LOCK = "write.lock"
WRITE_WAIT_S = 30.0
_POLL_S = 0.005
_DAEMON_TRIES = 5
_DAEMON_POLL_S = 0.05


class RemoteLock(Protocol):
    """The daemon lock's other half, where the database is shared between machines."""

    def acquire(self) -> bool:
        """Take it without waiting; False where somebody has it."""

    def release(self) -> None:
        """Let go."""

    def still_held(self) -> bool:
        """Is the session that holds it alive?"""


def daemon_pid(state_dir: Path) -> int | None:
    """The process that holds the daemon lock of this directory, or None."""
    try:
        handle = os.open(state_dir / DAEMON_LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _pid_in(handle)
    else:
        return None
    finally:
        os.close(handle)


class DaemonLock:
    """Held by the daemon, and by `run --once` while it works: a second one gets LockedError (exit 75)."""

    def __init__(self, state_dir: Path, remote: RemoteLock | None = None) -> None:
        self._path = state_dir / DAEMON_LOCK
        self._remote = remote
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take it, or raise LockedError naming who has it.

        A status command looks at the lock for an instant, so a first refusal is asked again for a moment.
        """
        handle = open_lock_file(self._path)
        for attempt in range(_DAEMON_TRIES):
            if attempt:
                time.sleep(_DAEMON_POLL_S)
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
        else:
            holder = _pid_in(handle)
            os.close(handle)
            who = "another process" if holder is None else f"process {holder}"
            raise LockedError(f"a daemon is running already: {who} holds {self._path}; stop it first")
        self._handle = handle
        self._take_remote()
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go; harmless where it is not held."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        try:
            if self._remote is not None:
                self._remote.release()
        finally:
            os.close(handle)

    def still_held(self) -> bool:
        """False where it was never taken, or the PostgreSQL session that held it is gone: stop at once."""
        return self._handle is not None and (self._remote is None or self._remote.still_held())

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take_remote(self) -> None:
        taken = False
        try:
            taken = self._remote is None or self._remote.acquire()
        finally:
            if not taken and self._handle is not None:
                os.close(self._handle)
                self._handle = None
        if not taken:
            raise LockedError(
                "a daemon is running already: it holds the advisory lock of this PostgreSQL database; "
                "stop it first"
            )


class WriteLock:
    """One writer at a time over all threads and processes of a SQLite database; turns are milliseconds."""

    def __init__(self, state_dir: Path, *, wait_s: float = WRITE_WAIT_S) -> None:
        self._path = state_dir / WRITE_LOCK
        self._wait_s = wait_s
        self._threads = threading.Lock()

    def require_writable(self) -> None:
        """Raise ConfigError now where the lock could never be taken."""
        os.close(open_lock_file(self._path))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it for one transaction; LockedError where it cannot be had in time."""
        if not self._threads.acquire(timeout=self._wait_s):
            raise self._refused()
        try:
            handle = open_lock_file(self._path)
            try:
                self._wait(handle)
                yield
            finally:
                os.close(handle)
        finally:
            self._threads.release()

    def _wait(self, handle: int) -> None:
        for _ in range(math.ceil(self._wait_s / _POLL_S)):
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(_POLL_S)
        raise self._refused()

    def _refused(self) -> LockedError:
        return LockedError(
            f"the database is busy: somebody has held {self._path} for {self._wait_s:.0f} seconds",
            remedy="try again; if it stays so, look for a process that hangs",
        )


def shared_turn(state_dir: Path) -> int | None:
    """Keep writers out while a database without a write-ahead log is read; close the handle to end it.

    None where no writer ever came by here, or its lock file cannot be read.
    """
    try:
        handle = os.open(state_dir / WRITE_LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def open_lock_file(path: Path) -> int:
    """Open or create a lock file; ConfigError where its directory cannot be written."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        give_to_owner(path)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    return handle


def give_to_owner(path: Path) -> None:
    """What root makes in somebody's directory is theirs, as SQLite does it: the daemon must go on with it."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def unwritable(state_dir: Path, error: OSError) -> ConfigError:
    """The state directory cannot be used: say which, and why."""
    return ConfigError(
        f"cannot write to the state directory {state_dir}: {error.strerror or error}",
        key="store.state_dir",
        remedy="run this as the user who owns it, make it writable for this one, or set [store] state_dir",
    )


def _pid_in(handle: int) -> int | None:
    text = os.pread(handle, 32, 0).strip()
    return int(text) if text.isdigit() else None
