"""Copies of a SQLite database that can be trusted, and going back to one.

A copy is made beside a running daemon, of one moment, and is proven before it appears under its name. A
restore never throws the database away that it takes the place of. PostgreSQL has its own tools for both.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from monitor.errors import ConfigError, StoreError
from monitor.store.engine import Database, mapped
from monitor.store.locks import DaemonLock, WriteLock, give_to_owner
from monitor.store.proving import ProofVerbs
from monitor.store.schema import REVISIONS, look, require_database, wrong_revision

Progress = Callable[[int, int], None]
_SHOWN = 3
_NO_COPY = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def back_up(
    url: str, target: Path, *, state_dir: Path, force: bool, progress: Progress = lambda *_: None
) -> int:
    """Write a compact, proven copy and return its bytes; an existing file is replaced only by `force`.

    Raises StoreError where the database is damaged (no file is left then) or is PostgreSQL's, ConfigError
    where the file exists or cannot be written.
    """
    source = _file(url, state_dir, "pg_dump --format=custom --file=FILE DATABASE")
    require_database(Database(url, state_dir, read_only=True))
    if target.exists() and not force:
        raise ConfigError(f"{target} exists already", remedy="name another file, or say --force")
    if not target.parent.is_dir():
        raise ConfigError(f"there is no folder {target.parent}", remedy="make it, or name another file")
    partial = target.with_name(target.name + ".partial")
    with mapped(str(target)):
        _sound_copy(source, partial, progress)
        partial.replace(target)
        sync(target.parent)
        return target.stat().st_size


def restore(
    url: str, source: Path, *, state_dir: Path, now: datetime, progress: Progress = lambda *_: None
) -> Path | None:
    """Put a proven copy in the database's place; return where the database before is kept, None for none.

    Raises LockedError while a daemon runs, StoreError where the copy is damaged or no copy of a database of
    ours, SchemaVersionError where a newer version wrote it; then nothing has changed.
    """
    path = _file(url, state_dir, "pg_restore --clean --dbname=DATABASE FILE")
    if not source.is_file():
        raise ConfigError(f"there is no file {source}", remedy="name a file that `trialwire db backup` made")
    if path.exists() and path.samefile(source):
        raise ConfigError(f"{source} is the database itself", remedy="name a copy of it")
    partial = path.with_name(path.name + ".restoring")
    with DaemonLock(state_dir), mapped(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _sound_copy(source, partial, progress)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NO_COPY:
                raise
            raise StoreError(  # not of the database: what is to be restored is at fault
                f"{source} is damaged or no database: {error}",
                remedy="name another file that `trialwire db backup` made; nothing has changed",
            ) from error
        with WriteLock(state_dir).held():
            return _swapped(path, partial, now)


def _sound_copy(source: Path, target: Path, progress: Progress) -> None:
    """A proven copy, or none."""
    try:
        copy_to(source, target)
        require_sound(target, progress)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    give_to_owner(target)


def copy_to(source: Path, target: Path) -> None:
    """One moment of the database as a compact file, on disk when this returns; writers go on meanwhile."""
    target.unlink(missing_ok=True)
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    sync(target)


def require_sound(path: Path, progress: Progress = lambda *_: None) -> None:
    """Raise StoreError where anything in a file is damaged, SchemaVersionError where it is not ours."""
    database = Database(f"sqlite:///{path}", path.parent, read_only=True)
    try:
        revision, _ = look(database)
        if revision not in REVISIONS:
            raise wrong_revision(database, revision)
        wrong = _first_wrong(database, revision, progress)
    finally:
        database.close()
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    if wrong:
        raise StoreError(
            f"the copy is not sound, so it is not used: {'; '.join(wrong)}",
            remedy="`trialwire db check` tells all that is wrong with the database",
        )


def sync(path: Path) -> None:
    """On disk, not only on its way there: a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _first_wrong(database: Database, revision: str, progress: Progress) -> list[str]:
    """The first few things wrong; of an older schema only what its engine sees."""
    proof = ProofVerbs(database)
    if revision != REVISIONS[-1]:
        return list(proof.integrity_check())[:_SHOWN]
    wrong: list[str] = []
    for damage in proof.damage(progress=progress):
        wrong.append(damage.what)
        if len(wrong) == _SHOWN:
            break
    return wrong


def _swapped(path: Path, new: Path, now: datetime) -> Path | None:
    """The database aside, first of all its file: without it nobody takes its log for the new one's."""
    kept = None
    if path.exists():
        stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        kept = path.with_name(f"{path.stem}-before-restore-{stamp}{path.suffix}")
        for ending in ("", "-wal", "-shm"):
            old = path.with_name(path.name + ending)
            if old.exists():
                old.rename(kept.with_name(kept.name + ending))
    new.rename(path)
    sync(path.parent)
    return kept


def _file(url: str, state_dir: Path, instead: str) -> Path:
    path = Database(url, state_dir, read_only=True).path
    if path is None:
        raise StoreError("a PostgreSQL database has its own tools for this", remedy=f"use `{instead}`")
    return path
