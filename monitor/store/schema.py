"""Which schema a database has, and whether this version of Trialwire can work with it.

Look-ups ask this without loading the migration library; migrating itself is `migrating`.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, select
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table

from monitor.errors import MissingDatabaseError, SchemaVersionError
from monitor.store.engine import Database, mapped

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every revision, oldest first; a test holds it to the files in `migrations`."""
VERSION_TABLE = "alembic_version"

_UPGRADE = "run `trialwire db upgrade`"


def revision_of(connection: Connection) -> str | None:
    """The revision a database says it has; None where it says nothing."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version = sql_table(VERSION_TABLE, sql_column("version_num"))
    found = connection.scalar(select(version.c.version_num))
    return None if found is None else str(found)


def require_database(database: Database) -> None:
    """Raise MissingDatabaseError, naming the path, where there is no database file."""
    with mapped(database.place):
        if database.path is not None and not database.path.is_file():
            raise missing(database)


def missing(database: Database) -> MissingDatabaseError:
    """There is nothing to look at; say where it was looked for."""
    return MissingDatabaseError(
        f"no database at {database.place}",
        remedy="`trialwire init` creates one; or name another with [store] url or state_dir",
    )


def look(database: Database) -> tuple[str | None, bool]:
    """The revision a database says it has, and whether it is empty."""
    with database.read() as connection:
        return revision_of(connection), not inspect(connection).get_table_names()


def require_current(database: Database) -> None:
    """Raise where the schema is not the one this version works with."""
    revision, empty = look(database)
    if revision is None and empty:
        raise missing(database)
    if revision != REVISIONS[-1]:
        raise wrong_revision(database, revision)


def wrong_revision(database: Database, revision: str | None) -> SchemaVersionError:
    """The database is of another version: older, newer, or not ours at all."""
    if revision is None:
        return SchemaVersionError(
            f"{database.place} holds tables, but none of Trialwire's",
            remedy="name another database with [store] url",
        )
    if revision in REVISIONS:
        return SchemaVersionError(
            f"{database.place} has schema {revision}, this version needs {REVISIONS[-1]}", remedy=_UPGRADE
        )
    return SchemaVersionError(
        f"{database.place} has schema {revision}, which this version of Trialwire does not know",
        remedy="a newer version wrote it: install that version, or restore a backup made before",
    )
