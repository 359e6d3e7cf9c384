"""A whole small world for tests: a stand-in registry, a webhook sink, a config file, a clock that is set."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from monitor.bootstrap import App, load_settings
from monitor.core.record import JsonObject, TrialId
from monitor.core.recorded import RecordedChange
from monitor.demo.sinks import WebhookSink
from monitor.demo.standin import DataVersion, StandIn
from monitor.store import upgrade
from monitor.store.values import ChangeQuery
from tests.support import forked
from tests.support.forked import Forked
from tests.support.records import study
from tests.support.schemas import valid

SECRET = "whsec_dGhlIHRlc3RzJyBzZWNyZXQsIGxvbmcgZW5vdWdo"
MOST_HELD = 20
"""Webhooks of one world that are held against their schemas when it ends: each takes milliseconds."""
START = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
"""When worlds begin: half an hour after the first data version."""


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        """Set it forward."""
        self.now += timedelta(**delta)


class Pacing(threading.Event):
    """A stop that is waited for in no time: what was waited is added to a monotonic clock of its own.

    Where other threads do what is waited for, give the app an event that really waits.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock, self._waited = clock, 0.0

    def wait(self, timeout: float | None = None) -> bool:
        """Pass the time, and say whether to stop."""
        self._waited += timeout or 0.0
        return self.is_set()

    def monotonic(self) -> float:
        """Seconds: what the clock was set forward, and what was waited."""
        return self._clock().timestamp() + self._waited


def trial(number: int) -> TrialId:
    """An invented trial's id."""
    return TrialId("ctgov", f"NCT{number:08d}")


def version(day: int, *studies: JsonObject, hour: int = 9) -> DataVersion:
    """A data version of November 2026 holding these studies."""
    return DataVersion(f"2026-11-{day:02d}T{hour:02d}:00:05", {number_of(s): s for s in studies})


def number_of(payload: JsonObject) -> str:
    """The NCT number in a payload."""
    section = payload["protocolSection"]
    assert isinstance(section, dict)
    identification = section["identificationModule"]
    assert isinstance(identification, dict)
    return str(identification["nctId"])


def sample(number: int, **members: object) -> JsonObject:
    """An invented trial by number."""
    return study(f"NCT{number:08d}", **members)


@cache
def empty_database() -> bytes:
    """A database file without a row: migrated once, for all worlds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        upgrade(f"sqlite:///{path}/trialwire.db", state_dir=path, now=START)
        return (path / "trialwire.db").read_bytes()


CONFIG = """
[store]
url = "sqlite:///{folder}/state/trialwire.db"
state_dir = "{folder}/state"

[registries.ctgov]
base_url = "{base_url}"
requests_per_second = 50
retries = 0
batch_size = {batch_size}

[[channels]]
name = "hook"
type = "webhook"
url = "{hook_url}"
secret_env = "HOOK_SECRET"
allow_networks = ["127.0.0.0/8"]
timeout_s = 5
"""

IMMEDIATE = """
[[subscriptions]]
name = "all"
channels = ["hook"]
cadence = "immediate"
"""


class World:
    """A registry, a sink and an installation in a folder; `app` opens it as a process would."""

    def __init__(self, folder: Path, versions: Sequence[DataVersion], *, batch_size: int = 200) -> None:
        self.folder = folder
        self.registry = StandIn(versions)
        self.hook = WebhookSink(SECRET)
        self.clock = Clock()
        self.config = folder / "trialwire.toml"
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TRIALWIRE_")},
            "HOOK_SECRET": SECRET,
            "TRIALWIRE_CONFIG": str(self.config),
            "TRIALWIRE_POLL__BACKFILL": "off",
        }
        (folder / "state").mkdir(exist_ok=True)
        (folder / "state" / "trialwire.db").write_bytes(empty_database())
        self._whole = CONFIG.format(
            folder=folder, base_url=self.registry.base_url, hook_url=self.hook.url, batch_size=batch_size
        )
        self.configure(IMMEDIATE)

    def configure(self, more: str) -> None:
        """Write the config: the world's own tables and these."""
        self.config.write_text(self._whole + more, "utf-8")

    @contextmanager
    def app(self, *, stop: threading.Event | None = None) -> Iterator[App]:
        """The installation, opened."""
        settings = load_settings(None, self.env)
        pacing = Pacing(self.clock)
        with App(
            settings,
            env=self.env,
            clock=self.clock,
            monotonic=pacing.monotonic,
            chance=lambda: 0.0,
            stop=stop or pacing,
        ) as app:
            yield app

    def watch(self, *numbers: int) -> None:
        """Put trials on the watch list."""
        with self.app() as app:
            app.store.add_watches([trial(number) for number in numbers], now=self.clock())

    def changes(self) -> tuple[RecordedChange, ...]:
        """Every recorded change above noise, oldest first."""
        with self.app() as app:
            found = app.store.changes(ChangeQuery(min_significance="minor"))
        return tuple(reversed(found))

    def start(self, step: str, **env: str) -> Forked:
        """Run `daemon.run` or `daemon.run_once` on this installation in a process of its own."""
        return forked.step(step, env={**self.env, **env})

    def told(self) -> list[JsonObject]:
        """The changes in every webhook received, repeats included."""
        bodies = [orjson.loads(hook.body) for hook in self.hook.received]
        return [change for body in bodies for change in body["data"].get("changes", [])]

    def __enter__(self) -> Self:
        self.hook.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hook.__exit__(kind, error, trace)
        self.registry.close()
        if error is None:
            for body in list(dict.fromkeys(hook.body for hook in self.hook.received))[:MOST_HELD]:
                valid(body)
