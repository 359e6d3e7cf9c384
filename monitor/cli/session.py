"""What a command needs from below: settings, a store to read or to write, or the whole application.

Look-ups open the database read-only and never create one; commands that begin something create it. Only
`application` brings registries and channels along, and with them what is slow to import.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli import dates, terminal

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.config import Settings
    from monitor.store import Store


@dataclass(slots=True)
class _Chosen:
    config: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


_chosen = _Chosen()


def choose_config(config: Path | None, environ: Mapping[str, str]) -> None:
    """Remember what the global options said, for this process."""
    _chosen.config = config
    _chosen.environ = environ


def settings() -> Settings:
    """The configuration in force; ConfigError (exit 78) names everything that is wrong with it."""
    from monitor import bootstrap

    return bootstrap.load_settings(_chosen.config, _environ())


def chosen_file() -> Path | None:
    """The config file that `--config` or the environment named, whether or not it exists."""
    named = _environ().get("TRIALWIRE_CONFIG")
    return _chosen.config or (Path(named) if named else None)


def use_file(path: Path) -> None:
    """From here on, this config file."""
    _chosen.config = path


def _environ() -> Mapping[str, str]:
    return _chosen.environ or os.environ


@contextmanager
def reading(chosen: Settings | None = None) -> Iterator[Store]:
    """The database for a look-up: read-only; MissingDatabaseError (exit 78) where there is none."""
    from monitor.store import open_store

    found = chosen or settings()
    with open_store(found.store_url, state_dir=found.state_dir, read_only=True) as store:
        yield store


@contextmanager
def writing(chosen: Settings | None = None, *, create: bool = False) -> Iterator[Store]:
    """The database for a command that writes; with `create`, made first where there is none."""
    from monitor.store import open_store

    found = chosen or settings()
    if create:
        ensure_database(found)
    with open_store(found.store_url, state_dir=found.state_dir) as store:
        yield store


def ensure_database(found: Settings) -> bool:
    """Create the database where there is none, and say so; True where it was created.

    One of an older version is left for `trialwire db upgrade`, which backs it up first.
    """
    from monitor.errors import MissingDatabaseError
    from monitor.store import open_store, upgrade

    try:
        open_store(found.store_url, state_dir=found.state_dir, read_only=True).close()
    except MissingDatabaseError:
        upgrade(found.store_url, state_dir=found.state_dir, now=dates.now())
        terminal.note(f"Created the database: {place(found)}")
        return True
    return False


@contextmanager
def application(chosen: Settings | None = None, *, read_only: bool = False) -> Iterator[App]:
    """The whole application; its database is made when first written to, or only read with `read_only`."""
    from monitor.bootstrap import App

    class Reader(App):
        @cached_property
        def store(self) -> Store:
            return self.lookup

    found = chosen or settings()
    with (Reader if read_only else App)(found, env=_environ()) as works:
        yield works


def log_to_stderr(level: str | None = None) -> None:
    """Let the steps' log lines out, at the configured level or the one given."""
    from monitor import log

    chosen = settings().log
    log.set_up(level=level or chosen.level, style=chosen.format, stream=sys.stderr)


def place(found: Settings) -> str:
    """Where the database is, for people: a path, or an address without its password."""
    url = found.store_url
    if url.startswith("sqlite:///"):
        return url.removeprefix("sqlite:///")
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at else url
