"""Revisions: they agree with the models, lose nothing, and leave a backup."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import zstandard
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from monitor.errors import LockedError, SchemaVersionError, StoreError
from monitor.store import ChangeQuery, migrating, open_store, upgrade
from monitor.store.engine import Database, parse_url
from monitor.store.migrating import MIGRATIONS
from monitor.store.rooted import Row
from monitor.store.schema import REVISIONS
from monitor.store.tables import TABLES
from tests.store.conftest import Place
from tests.store.making import NOW, amended, body_of, first, history, trial
from tests.support import forked

ROOT = Path(__file__).resolve().parents[2]
HEAD = REVISIONS[-1]
SECOND = '''
"""A second revision, for tests."""
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    """Rebuild the parent of nearly everything, and try something."""
    with op.batch_alter_table("trial") as batch:
        batch.add_column(sa.Column("country", sa.String(), nullable=True))
        batch.alter_column("title", existing_type=sa.String(), type_=sa.Text(), existing_nullable=False)
    {more}


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("trial") as batch:
        batch.drop_column("country")
        batch.alter_column("title", existing_type=sa.Text(), type_=sa.String(), existing_nullable=False)
'''


@pytest.fixture
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged revisions and one more that rebuilds the table of trials."""
    return with_second(tmp_path_factory.mktemp("migrations"))


def with_second(folder: Path, more: str = "") -> Path:
    """A folder of revisions whose second also does `more`."""
    target = folder / "migrations"
    shutil.copytree(MIGRATIONS, target, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "versions" / "r0003_second.py").write_text(SECOND.format(more=more, head=HEAD))
    return target


def filled(place: Place) -> None:
    """Put rows into the parents and their children."""
    with place.open() as store:
        store.add_watches([trial(1), trial(2)], tags=["akeso"], now=NOW)
        history(store, "ABC")


def test_the_revisions_are_those_we_name() -> None:
    """The list that look-ups check against is the list of files, in one line."""
    script = ScriptDirectory(str(MIGRATIONS))
    assert tuple(reversed([one.revision for one in script.walk_revisions()])) == REVISIONS
    assert script.get_heads() == [REVISIONS[-1]]


def test_models_and_revisions_agree(place: Place) -> None:
    """A database made by the revisions is the one that the models describe, on both engines."""
    engine = sa.create_engine(parse_url(place.url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Row.metadata) == []
        constraints = sa.inspect(connection).get_unique_constraints("snapshot")
    engine.dispose()
    assert {item["name"] for item in constraints} == {"uq_snapshot_identity", "uq_snapshot_trial_id_seq"}


def test_every_constraint_has_a_name(sqlite_place: Place) -> None:
    """Batch migrations can alter only what has a name: nothing in the file lacks one."""
    connection = sqlite3.connect(sqlite_place.state_dir / "trialwire.db")
    tables = connection.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'"
    )
    lines = [line.strip() for (sql,) in tables for line in sql.splitlines()]
    connection.close()
    assert [line for line in lines if line.startswith(("PRIMARY", "FOREIGN", "UNIQUE", "CHECK"))] == []


def test_creating_tells_so_and_needs_no_backup(tmp_path: Path) -> None:
    """A new database is created with its directory; a second time there is nothing to do."""
    state_dir = tmp_path / "new" / "state"
    url = f"sqlite:///{state_dir}/t.db"
    report = upgrade(url, state_dir=state_dir, now=NOW)
    assert (report.created, report.from_revision, report.to_revision) == (True, None, REVISIONS[-1])
    assert (report.migrated, report.backup) == (False, None)
    again = upgrade(url, state_dir=state_dir, now=NOW)
    assert (again.created, again.migrated, again.backup) == (False, False, None)


def test_a_migration_loses_no_row_and_leaves_a_backup(sqlite_place: Place, second: Path) -> None:
    """Rebuilding a parent table keeps every child, and the state before is kept as a file."""
    filled(sqlite_place)
    with sqlite_place.open() as store:
        before = store.stats().rows
    report = migrating.upgrade(sqlite_place.url, state_dir=sqlite_place.state_dir, now=NOW, migrations=second)
    assert (report.created, report.from_revision, report.to_revision) == (False, HEAD, "9999")
    assert report.migrated
    assert report.backup == sqlite_place.state_dir / "backups" / f"trialwire-{HEAD}-20261120T090000Z.db"
    assert rows_of(sqlite_place.state_dir / "trialwire.db") == before
    assert rows_of(report.backup) == before
    with pytest.raises(SchemaVersionError):
        sqlite_place.open()
    restored = f"sqlite:///{report.backup}"
    with open_store(restored, state_dir=report.backup.parent, read_only=True) as store:
        assert len(store.changes(ChangeQuery())) == 2


@pytest.mark.postgres
def test_a_migration_on_postgres_loses_no_row(postgres_place: Place, second: Path) -> None:
    """The same revision goes up and down on PostgreSQL with everything in place."""
    filled(postgres_place)
    report = migrating.upgrade(
        postgres_place.url, state_dir=postgres_place.state_dir, now=NOW, migrations=second
    )
    assert (report.from_revision, report.to_revision, report.backup) == (HEAD, "9999", None)
    downgrade(postgres_place, second, HEAD)
    with postgres_place.open() as store:
        assert len(store.changes(ChangeQuery())) == 2


def test_up_down_and_up_again(sqlite_place: Place, second: Path) -> None:
    """A revision taken back leaves the schema before it, with its rows."""
    filled(sqlite_place)
    migrating.upgrade(sqlite_place.url, state_dir=sqlite_place.state_dir, now=NOW, migrations=second)
    downgrade(sqlite_place, second, HEAD)
    with sqlite_place.open() as store:
        assert len(store.changes(ChangeQuery())) == 2
        assert store.integrity_check() == ()


def test_the_first_revision_can_be_taken_back(tmp_path: Path) -> None:
    """Taken back to nothing, no table is left."""
    url = f"sqlite:///{tmp_path}/t.db"
    upgrade(url, state_dir=tmp_path, now=NOW)
    downgrade(Place(url, tmp_path), MIGRATIONS, "base")
    assert set(rows_of(tmp_path / "t.db")) <= {"alembic_version"}


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("op.execute('DELETE FROM watch_tag')", "number of rows"),
        ("op.execute(\"UPDATE snapshot SET digest = 'none'\")", "broke 3 references"),
        ("op.execute('SELECT nonsense')", "nonsense"),
    ],
)
def test_a_harmful_migration_is_undone(
    sqlite_place: Place, tmp_path_factory: pytest.TempPathFactory, more: str, complaint: str
) -> None:
    """A migration that loses rows, breaks references or fails leaves the database as it was."""
    filled(sqlite_place)
    folder = with_second(tmp_path_factory.mktemp("harmful"), more)
    with pytest.raises(StoreError, match=complaint):
        migrating.upgrade(sqlite_place.url, state_dir=sqlite_place.state_dir, now=NOW, migrations=folder)
    with sqlite_place.open() as store:
        assert store.stats().revision == HEAD
        assert len(store.changes(ChangeQuery())) == 2
        assert next(store.watches()).tags == ("akeso",)


def test_a_running_daemon_is_not_migrated_under(sqlite_place: Place, second: Path) -> None:
    """While another process's daemon runs the upgrade is refused with exit 75; our own may upgrade."""
    hold = (
        "import sys\nfrom pathlib import Path\nfrom monitor.store import DaemonLock\n"
        "with DaemonLock(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(sqlite_place.state_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=str(daemon.pid)):
            migrating.upgrade(sqlite_place.url, state_dir=sqlite_place.state_dir, now=NOW, migrations=second)
        daemon.kill()
    with sqlite_place.open() as store, store.daemon_lock():
        pass
    report = migrating.upgrade(sqlite_place.url, state_dir=sqlite_place.state_dir, now=NOW, migrations=second)
    assert report.migrated


def test_two_that_create_at_once_create_one(tmp_path: Path) -> None:
    """Two processes that find no database and make one end with one, and both succeed."""
    code = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from monitor.store import upgrade\n"
        "made = upgrade(sys.argv[1], state_dir=Path(sys.argv[2]), now=datetime(2026, 1, 1, tzinfo=UTC))\n"
        "print(made.created)\n"
    )
    both = [forked.code(code, f"sqlite:///{tmp_path}/t.db", str(tmp_path)) for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert said == ["False", "True"]


def test_an_existing_backup_is_not_touched_half_way(sqlite_place: Place, second: Path) -> None:
    """Nothing but whole backups stand under their names."""
    filled(sqlite_place)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    migrating.upgrade(sqlite_place.url, state_dir=sqlite_place.state_dir, now=now, migrations=second)
    (backup,) = (sqlite_place.state_dir / "backups").iterdir()
    assert backup.name == f"trialwire-{HEAD}-20261121T000000Z.db"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make what somebody else owns")
def test_what_root_makes_belongs_to_the_directorys_owner(tmp_path: Path, second: Path) -> None:
    """A database, its backups and its locks made by root are the daemon user's, who goes on with them."""
    os.chown(tmp_path, 65534, 65534)
    place = Place(f"sqlite:///{tmp_path}/t.db", tmp_path)
    upgrade(place.url, state_dir=tmp_path, now=NOW)
    with place.open() as store, store.daemon_lock():
        history(store, "A")
        owners = {path.name: path.stat().st_uid for path in tmp_path.iterdir()}
    migrating.upgrade(place.url, state_dir=tmp_path, now=NOW, migrations=second)
    owners |= {path.name: path.stat().st_uid for path in tmp_path.rglob("*")}
    assert len(owners) >= 7
    assert set(owners.values()) == {65534}, owners


def at_first_schema(place: Place) -> None:
    """A database as the first version wrote it: two versions of a trial, one the difference to the other."""
    config = migrating._config(MIGRATIONS)
    database = Database(place.url, place.state_dir)
    with migrating._connection(database) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    bodies = [body_of("A", trial()), body_of("B", trial())]
    whole = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(bodies[0])
    before = zstandard.ZstdCompressionDict(bodies[0], dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    delta = zstandard.ZstdCompressor(level=3, dict_data=before, write_checksum=True).compress(bodies[1])
    rows: list[tuple[str, dict[str, object]]] = [
        (
            "trial",
            {
                "registry": "ctgov",
                "number": trial().id,
                "presence": "present",
                "title": "Veltomab",
                "phases": "",
                "snapshot_seq": 2,
                "last_seq": 2,
            },
        ),
        ("body", {"digest": "a", "codec": "zstd", "base": None, "size": len(bodies[0]), "data": whole}),
        ("body", {"digest": "b", "codec": "zstd-delta", "base": "a", "size": len(bodies[1]), "data": delta}),
    ]
    rows += [
        (
            "snapshot",
            {
                "trial_id": 1,
                "seq": seq,
                "identity": digest,
                "digest": digest,
                "first_seen": "2026-11-20",
                "observed_at": NOW,
                "origin": "poll",
                "title": "Veltomab",
            },
        )
        for seq, digest in ((1, "a"), (2, "b"))
    ]
    with database.write() as connection:
        for table, row in rows:
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)
    database.close()


def upgraded_from_the_first(place: Place) -> None:
    """Upgrade such a database and use it."""
    at_first_schema(place)
    with pytest.raises(SchemaVersionError, match="schema 0001"):
        place.open()
    report = upgrade(place.url, state_dir=place.state_dir, now=NOW)
    assert (report.from_revision, report.to_revision) == ("0001", REVISIONS[-1])
    with place.open() as store:
        assert [store.body(trial(), seq) for seq in (1, 2)] == [body_of(x, trial()) for x in "AB"]
        assert list(store.damage()) == []
        assert {one.id: item.state for one, item in store.backfills().items()} == {trial().id: "left"}
        current = store.snapshots(trial())[-1]
        store.record([amended(current, "C", seq=3, at=NOW)])
        assert store.compact(now=NOW).packed == 2
        assert [store.body(trial(), seq) for seq in (1, 2, 3)] == [body_of(x, trial()) for x in "ABC"]
        assert list(store.damage()) == []


def test_a_database_of_the_first_schema_is_upgraded(tmp_path: Path) -> None:
    """Payloads packed by the first version are read as before, built upon, and packed anew."""
    place = Place(f"sqlite:///{tmp_path}/t.db", tmp_path)
    upgraded_from_the_first(place)


@pytest.mark.postgres
def test_a_postgres_database_of_the_first_schema_is_upgraded(postgres_server: str, tmp_path: Path) -> None:
    """The same on PostgreSQL, in a database of its own."""
    url = parse_url(postgres_server)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS first_schema")
        connection.exec_driver_sql("CREATE DATABASE first_schema")
    engine.dispose()
    upgraded_from_the_first(
        Place(url.set(database="first_schema").render_as_string(hide_password=False), tmp_path)
    )


def test_payloads_packed_the_new_way_are_not_taken_back(sqlite_place: Place) -> None:
    """A database whose payloads the first version could not read is not downgraded to it."""
    with sqlite_place.open() as store:
        store.record([first(trial(number)) for number in range(1, 60)])
        store.train_dictionary(NOW, least=50)
        store.record([first(trial(60))])
    with pytest.raises(ValueError, match="1 payloads are packed in ways"):
        downgrade(sqlite_place, MIGRATIONS, "0001")
    with sqlite_place.open() as store:
        assert store.body(trial(60), 1) == body_of("A", trial(60))


def rows_of(path: Path) -> dict[str, int]:
    """Rows of each of our tables in a file."""
    connection = sqlite3.connect(path)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
        for name in names
        if name in TABLES
    }
    connection.close()
    return found


def downgrade(place: Place, migrations: Path, revision: str) -> None:
    """Take revisions back the way `upgrade` brings them."""
    config = migrating._config(migrations)
    database = Database(place.url, place.state_dir)
    with migrating._connection(database) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    database.engine.dispose()
