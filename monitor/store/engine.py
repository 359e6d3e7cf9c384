"""Connections, transactions and errors: SQLite set up as it was measured, PostgreSQL beside it.

SQLite runs in WAL mode with `synchronous=FULL` (acknowledged commits survive a power cut), takes its write
lock at BEGIN (a deferred one loses updates) and under `write.lock`, and never maps the file into memory.
Reads are one snapshot each. No transaction here outlives its `with` block.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from monitor.errors import ConfigError, LockedError, StoreError, StoreUnavailableError
from monitor.store.blobs import Dictionary
from monitor.store.locks import WriteLock, shared_turn

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
    "trusted_schema=OFF",
    "wal_autocheckpoint=1000",
    "journal_size_limit=67108864",
)
_READ_PRAGMAS = ("query_only=ON", "busy_timeout=30000", "trusted_schema=OFF")
_NOT_NOW = ("starting up", "shutting down", "recovery mode", "too many clients", "connection slots")
"""What a PostgreSQL server says that will answer again; a failed connection comes without a code."""
_WRITING = "trialwire_writing"
_RECORD_TURN = 0x7472_6961
"""Key of PostgreSQL's advisory lock around T1: running numbers then commit in their order."""
DAEMON_KEY = 0x7472_6962
CHUNK = 500

T = TypeVar("T")


class Database:
    """One database: transactions to read and to write in, and the few words on which the engines differ."""

    def __init__(self, url: str, state_dir: Path, *, read_only: bool = False) -> None:
        self.url = parse_url(url)
        self.state_dir = state_dir
        self.read_only = read_only
        self.path = sqlite_path(self.url)
        self.place = str(self.path or self.url.render_as_string(hide_password=True))
        self.turn = WriteLock(state_dir) if self.path and not read_only else None
        self.dictionaries: dict[int, Dictionary] = {}
        """Those that were needed so far; they never change."""
        self.untrainable = False
        """The payloads held have too little in common for one: not tried again by this process."""
        self.engine = make_engine(self.url, read_only=read_only, state_dir=state_dir)
        self._reader = (
            self.engine
            if self.path
            else self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )
        self._writer = self.engine.execution_options(**{_WRITING: True}) if self.path else self.engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent snapshot."""
        with mapped(self.place), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it or nothing, alone among writers on SQLite."""
        if self.read_only:
            raise StoreError(f"{self.place} is open for reading only")
        turn = self.turn.held() if self.turn else nullcontext()
        with mapped(self.place), turn, self._writer.connect() as connection, connection.begin():
            yield connection

    def in_order(self, connection: Connection) -> None:
        """From here to the commit nobody else numbers changes or notices; so it is on SQLite anyway."""
        if not self.path:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _RECORD_TURN})

    def insert_new(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert rows; those that a unique constraint knows already are left as they are."""
        if not rows:
            return
        connection.execute(self._insert(table).on_conflict_do_nothing(), list(rows))

    def put(self, connection: Connection, table: Table, row: Mapping[str, object]) -> None:
        """Insert a row, or replace the one with the same primary key."""
        keys = [column.name for column in table.primary_key]
        rest = {name: value for name, value in row.items() if name not in keys}
        insert = self._insert(table).values(**row)
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=rest))

    def _insert(self, table: Table) -> PostgresInsert | SqliteInsert:
        """The engine's own INSERT, that knows of conflicts."""
        if self.path:
            return sqlite_insert(table)
        # Loading PostgreSQL's takes a while, and look-ups in a SQLite file are to be quick.
        from sqlalchemy.dialects.postgresql import insert

        return insert(table)

    def close(self) -> None:
        """Close all connections. The last one to a SQLite file checkpoints, so that is done in turn.

        Where the turn cannot be had somebody else works on the file, and ours is not the last connection.
        """
        try:
            with self.turn.held() if self.turn else nullcontext():
                self.engine.dispose()
        except LockedError:
            self.engine.dispose()


def parse_url(url: str) -> URL:
    """The database URL; ConfigError where it is none that the store can use."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _bad_url("is not a database URL") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise _bad_url(f"names {backend!r}, which is not supported" if backend != "sqlite" else "names no file")


def sqlite_path(url: URL) -> Path | None:
    """The database file, or None where the database is no file."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def make_engine(url: URL, *, read_only: bool, state_dir: Path) -> Engine:
    """An engine whose connections are set up as this module's docstring says."""
    path = sqlite_path(url)
    if path is None:
        try:
            return create_engine(url, pool_pre_ping=True)
        except NoSuchModuleError as error:
            raise _bad_url("names a driver that is not installed") from error
    if read_only:
        engine = create_engine(url, poolclass=NullPool, creator=lambda: open_read_only(path, state_dir))
    else:
        engine = create_engine(url, connect_args={"timeout": 30})
        event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


class _ReadConnection(sqlite3.Connection):
    """Ends its shared turn, if it has one, when it is closed."""

    turn: int | None = None

    def close(self) -> None:
        super().close()
        turn, self.turn = self.turn, None
        if turn is not None:
            os.close(turn)


def open_read_only(path: Path, state_dir: Path) -> sqlite3.Connection:
    """Open for reading, also where no write-ahead log stands beside the file and we are not to make one.

    SQLite needs the log to read beside writers. Where we cannot create it, or it would become somebody
    else's than the file's owner, the file is read as it stands, and writers wait for the moment that takes.
    """
    turn = None
    mode = "mode=ro"
    if not _has_log(path) and not _may_make_log(path):
        turn = shared_turn(state_dir)
        mode = "mode=ro" if _has_log(path) else "mode=ro&immutable=1"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        timeout=30,
        isolation_level=None,
        check_same_thread=False,
        factory=_ReadConnection,
    )
    connection.turn = turn
    for pragma in _READ_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _has_log(path: Path) -> bool:
    return path.with_name(path.name + "-wal").exists()


def _may_make_log(path: Path) -> bool:
    """May we write there, and will the log be the owner's? (SQLite gives what root creates to them.)"""
    ours = os.geteuid() in (0, path.stat().st_uid)
    return ours and os.access(path.parent, os.W_OK)


def _set_up(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def mapped(place: str) -> Iterator[None]:
    """The one door where the database library's exceptions become ours."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _translated(error, place) from error
    except sqlite3.Error as error:
        raise _from_sqlite(error, place) from error
    except OverflowError as error:
        raise StoreError("a number is larger than any that is stored", remedy="give a smaller one") from error
    except OSError as error:
        raise _closed(place, error.strerror or str(error)) from error


def _translated(error: SQLAlchemyError, place: str) -> StoreError | ConfigError:
    cause = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(cause, sqlite3.Error):
        return _from_sqlite(cause, place)
    said = str(cause or error).strip().splitlines() or [type(error).__name__]
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return StoreUnavailableError(f"the connection to {place} was lost: {said[0]}", remedy="try again")
    if isinstance(error, OperationalError) and _is_away(error):
        return StoreUnavailableError(
            f"the database server of {place} cannot be reached: {said[0]}",
            remedy="try again once it answers; `trialwire doctor` looks into it",
        )
    return StoreError(f"{place}: {said[0]}", remedy="`trialwire doctor` looks into it")


def _is_away(error: OperationalError) -> bool:
    """Nobody answered, or the server said that it cannot now; a wrong name or password is no such thing."""
    code, said = getattr(error.orig, "sqlstate", None) or "", str(error.orig)
    if code:
        return code[:2] in ("08", "53") or code in ("57P01", "57P02", "57P03")
    return "FATAL:" not in said or any(words in said for words in _NOT_NOW)


def _from_sqlite(error: sqlite3.Error, place: str) -> StoreError | ConfigError:
    name = getattr(error, "sqlite_errorname", "")
    for prefix, make in _SQLITE.items():
        if name.startswith(prefix):
            return make(place, str(error))
    return StoreError(f"{place}: {error}", remedy="`trialwire doctor` looks into it")


def _busy(place: str, _: str) -> LockedError:
    return LockedError(f"{place} is busy: another process is writing to it", remedy="try again")


def _closed(place: str, said: str) -> ConfigError:
    return ConfigError(
        f"cannot use {place}: {said}",
        key="store.url",
        remedy=f"join the group that may read {Path(place).parent}, or make it accessible for this user",
    )


def _full(place: str, _: str) -> StoreError:
    return StoreError(f"no room left to write {place}", remedy="free some disk space; nothing was lost")


def _damaged(place: str, said: str) -> StoreError:
    return StoreError(f"{place} is damaged or no database: {said}", remedy="restore the latest backup")


_SQLITE: Mapping[str, Callable[[str, str], StoreError | ConfigError]] = {
    "SQLITE_BUSY": _busy,
    "SQLITE_LOCKED": _busy,
    "SQLITE_READONLY": _closed,
    "SQLITE_CANTOPEN": _closed,
    "SQLITE_PERM": _closed,
    "SQLITE_FULL": _full,
    "SQLITE_CORRUPT": _damaged,
    "SQLITE_NOTADB": _damaged,
}


def _bad_url(why: str) -> ConfigError:
    return ConfigError(
        f"store.url {why}",
        key="store.url",
        remedy="use sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME",
    )


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Lists of at most `size`: engines limit the parameters of one statement."""
    batch: list[T] = []
    for value in values:
        batch.append(value)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


class Verbs:
    """What every group of verbs stands on."""

    def __init__(self, database: Database) -> None:
        self._db = database


Found = Any
"""A row of a result: its columns are attributes."""
