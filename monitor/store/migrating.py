"""Creating a database and bringing it to this version's schema: all of it or nothing, after a backup.

On SQLite foreign keys are off while a batch migration rebuilds tables (a rebuild would delete the children
of a table otherwise), and are all checked before the commit, as is that no row was lost.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, event, func, inspect, select, text
from sqlalchemy import table as sql_table
from sqlalchemy.pool import NullPool

from monitor.errors import LockedError, StoreError
from monitor.store.backups import copy_to, sync
from monitor.store.engine import Database, mapped
from monitor.store.locks import WriteLock, daemon_pid, give_to_owner, unwritable
from monitor.store.schema import VERSION_TABLE, look, wrong_revision
from monitor.store.values import UpgradeReport

MIGRATIONS = Path(__file__).parent / "migrations"
BACKUPS = "backups"
_UPGRADE_TURN = 0x7472_6963


def upgrade(url: str, *, state_dir: Path, now: datetime, migrations: Path = MIGRATIONS) -> UpgradeReport:
    """Create the database or bring it to this version's schema; a backup first, all or nothing.

    Raises SchemaVersionError for a database of a newer version, LockedError where another process's daemon
    runs on it, ConfigError for a state directory that cannot be written.
    """
    _make_directory(state_dir)
    database = Database(url, state_dir)
    config = _config(migrations)
    known = tuple(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())
    try:
        if database.path is not None:
            _make_directory(database.path.parent)
        with mapped(database.place), _turn(database):
            return _upgrade(database, config, known, now)
    except CommandError as error:
        raise StoreError(f"cannot migrate {database.place}: {error}") from error
    finally:
        database.engine.dispose()


def _upgrade(database: Database, config: Config, known: tuple[str, ...], now: datetime) -> UpgradeReport:
    head = known[0]
    before = _known_revision(database, known)
    if before == head:
        return UpgradeReport(created=False, from_revision=before, to_revision=head)
    backup = None
    if before is not None:
        _require_no_daemon(database.state_dir)
        if database.path is not None:
            backup = _back_up(database.path, database.state_dir / BACKUPS, before, now)
    with _connection(database) as connection:
        _migrate(connection, config)
    if database.path is not None:
        give_to_owner(database.path)
    return UpgradeReport(created=before is None, from_revision=before, to_revision=head, backup=backup)


def _known_revision(database: Database, known: tuple[str, ...]) -> str | None:
    """What the database has; None for an empty one. Looking changes nothing: it may be somebody else's."""
    if database.path is not None and not database.path.is_file():
        return None
    looking = Database(database.url.render_as_string(hide_password=False), database.state_dir, read_only=True)
    try:
        revision, empty = look(looking)
    finally:
        looking.engine.dispose()
    if (revision is None and not empty) or (revision is not None and revision not in known):
        raise wrong_revision(database, revision)
    return revision


def _migrate(connection: Connection, config: Config) -> None:
    with connection.begin():
        before = _row_counts(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        after = _row_counts(connection)
        lost = [name for name, count in before.items() if after.get(name) != count]
        if lost:
            raise StoreError(f"a migration changed the number of rows in {', '.join(lost)}: it was undone")
        if connection.dialect.name == "sqlite":
            orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
            if orphans:
                raise StoreError(f"a migration broke {len(orphans)} references: it was undone")


def _row_counts(connection: Connection) -> Mapping[str, int]:
    names = [name for name in inspect(connection).get_table_names() if name != VERSION_TABLE]
    return {name: connection.scalar(select(func.count()).select_from(sql_table(name))) or 0 for name in names}


@contextmanager
def _connection(database: Database) -> Iterator[Connection]:
    """A connection of its own: on SQLite without foreign keys, which only works outside a transaction."""
    if database.path is None:
        with database.engine.connect() as connection:
            yield connection
        return
    engine = create_engine(database.url, poolclass=NullPool, connect_args={"timeout": 30})
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection:
        yield connection


def _set_up(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


@contextmanager
def _turn(database: Database) -> Iterator[None]:
    """Nobody else migrates or writes meanwhile."""
    if database.path is not None:
        with WriteLock(database.state_dir).held():
            yield
        return
    with database.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _UPGRADE_TURN})
        connection.commit()
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _UPGRADE_TURN})
            connection.commit()


def _back_up(path: Path, folder: Path, revision: str, now: datetime) -> Path:
    """A compact, checked copy; it appears under its name only once it is whole and on disk."""
    _make_directory(folder)
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = folder / f"{path.stem}-{revision}-{stamp}.db"
    partial = target.with_name(target.name + ".partial")
    copy_to(path, partial)
    with closing(sqlite3.connect(partial)) as copy:
        said = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if said != "ok":
        raise StoreError(f"the backup {partial} is not sound, so nothing was migrated: {said}")
    give_to_owner(partial)
    partial.rename(target)
    sync(folder)
    return target


def _require_no_daemon(state_dir: Path) -> None:
    holder = daemon_pid(state_dir)
    if holder is not None and holder != os.getpid():
        raise LockedError(
            f"process {holder} runs the daemon on this database", remedy="stop it, upgrade, start it again"
        )


def _make_directory(folder: Path) -> None:
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            give_to_owner(folder)
    except OSError as error:
        raise unwritable(folder, error) from error


def _config(migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config
