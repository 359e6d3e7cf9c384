"""The composition root: settings become an `App`, and concrete parts meet nowhere else.

It alone owns the clock and chance, and hands both down. Parts are built when first asked for, so that a
look-up loads neither an HTTP library nor a template.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from monitor import channels, config, registries
from monitor.config import ChannelSettings, Models, Settings
from monitor.core.backfill import BackfillMode
from monitor.core.brakes import Brakes
from monitor.core.links import Links
from monitor.core.rule import RuleTable
from monitor.core.subscription import Subscription
from monitor.errors import MissingDatabaseError, SchemaVersionError
from monitor.store import Store, open_store, upgrade

if TYPE_CHECKING:
    from monitor.render import Renderer
    from monitor.transport import GuardedSender, PoliteClient


_OBJECTS = 100_000
"""Objects made before garbage is looked for among the young ones."""


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def load_settings(path: Path | None = None, env: Mapping[str, str] = os.environ) -> Settings:
    """The configuration in force, with every plug-in's own tables judged by its own model.

    Raises one ConfigError with a line for everything that is wrong.
    """
    models = Models(
        channels=channels.SettingsModels(),
        registries={name: registries.settings_model(name) for name in registries.available()},
        identify=lambda text: registries.identify(text).id,
        check_secrets=lambda channel, folder: _channel(
            channel, channels.ChannelContext(channels.Secrets(env, folder), _Sender(utc_now))
        ).check(),
    )
    return config.load(path, env, models)


class App:
    """All parts of one running Trialwire; what the pipeline calls `Works`. A context manager."""

    def __init__(
        self,
        settings: Settings,
        *,
        env: Mapping[str, str] = os.environ,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        stop: threading.Event | None = None,
    ) -> None:
        self.settings = settings
        self.env = env
        self.clock = clock
        self.monotonic = monotonic
        self.random = chance
        self.stop = stop or threading.Event()
        self._open = ExitStack()
        self._clients: list[PoliteClient] = []

    def __enter__(self) -> Self:
        self._open.enter_context(_collecting_seldom())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @cached_property
    def store(self) -> Store:
        """The database, open for writing; created, or brought to this version's schema, where need be."""
        try:
            found = open_store(self.settings.store_url, state_dir=self.settings.state_dir)
        except (MissingDatabaseError, SchemaVersionError):
            upgrade(self.settings.store_url, state_dir=self.settings.state_dir, now=self.clock())
            found = open_store(self.settings.store_url, state_dir=self.settings.state_dir)
        return self._open.enter_context(found)

    @cached_property
    def lookup(self) -> Store:
        """The database, open for reading only; MissingDatabaseError where there is none."""
        return self._open.enter_context(
            open_store(self.settings.store_url, state_dir=self.settings.state_dir, read_only=True)
        )

    @cached_property
    def registries(self) -> Mapping[str, registries.Registry]:
        """Every registry by name, ready to be asked."""
        return {
            name: registries.load(name, settings, self._http(name))
            for name, settings in self.settings.registries.items()
        }

    @cached_property
    def channels(self) -> Mapping[str, channels.Channel]:
        """Every configured channel by name."""
        sender = self._open.enter_context(contextlib.closing(_Sender(self.clock)))
        return {
            channel.name: _channel(
                channel,
                channels.ChannelContext(
                    channels.Secrets(self.env, self.settings.folder),
                    sender,
                    self.settings.state_dir,
                    self.links,
                ),
            )
            for channel in self.settings.channels
        }

    @cached_property
    def links(self) -> Links | None:
        """Our own pages, where `[pages] url` says that they are served."""
        url = self.settings.pages.url
        return Links(url, _page_key(self.settings.state_dir)) if url else None

    @cached_property
    def renderer(self) -> Renderer:
        """Reads the user's own templates, in a folder beside the config file, before the packaged ones."""
        from monitor.render import Renderer  # jinja2 is not needed to look something up

        folders = [self.settings.folder / "templates"] if self.settings.path else []
        return Renderer(folders, self.links)

    @property
    def rules(self) -> RuleTable:
        """The rule table in force."""
        return self.settings.rules

    @property
    def subscriptions(self) -> Sequence[Subscription]:
        """Who gets what, when."""
        return self.settings.subscriptions

    @property
    def brakes(self) -> Brakes:
        """How much may change in one data version unquestioned."""
        return self.settings.brakes.brakes()

    @property
    def sweep(self) -> int:
        """How many watched trials are read at a data version beside those that must be."""
        return self.settings.poll.sweep

    @property
    def backfill(self) -> BackfillMode:
        """Whose earlier versions are read unasked."""
        return self.settings.poll.backfill

    @property
    def parallel(self) -> int:
        """How many messages may be on their way at once."""
        return self.settings.delivery.parallel

    @property
    def per_channel(self) -> int:
        """How many of those to one channel."""
        return self.settings.delivery.per_channel

    @property
    def serial(self) -> frozenset[str]:
        """The channels whose messages go one at a time and in order."""
        return frozenset(channel.name for channel in self.settings.channels if channel.serial)

    def hang_up(self) -> None:
        """End the registry request under way, if any, once told to leave; safe within a signal's handler."""
        for client in self._clients:
            client.hang_up()

    def _http(self, name: str) -> PoliteClient:
        from monitor.transport import PoliteClient  # loads the HTTP library

        client = self._open.enter_context(
            PoliteClient(
                name,
                registries.politeness(name, self.settings.registries[name]),
                monotonic=self.monotonic,
                now=self.clock,
                wait=self.stop.wait,
                random=self.random,
            )
        )
        self._clients.append(client)
        return client


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Garbage is collected after many objects, not few: a batch of records is most of them, and none of it.

    Measured: reading a batch in which nothing changed takes two fifths less.
    """
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Sender:
    """The guarded sender, loaded with its HTTP library by the first message."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def close(self) -> None:
        """Hang up what is kept, where anything was ever sent."""
        if "_real" in self.__dict__:
            self._real.close()

    def post(
        self,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        *,
        allow_networks: Sequence[str],
        timeout_s: float,
    ) -> channels.Answer:
        """See `GuardedSender.post`."""
        return self._real.post(url, content, headers, allow_networks=allow_networks, timeout_s=timeout_s)

    @cached_property
    def _real(self) -> GuardedSender:
        from monitor.transport import GuardedSender

        return GuardedSender(now=self._clock)


def _page_key(state_dir: Path) -> bytes:
    """The key of addresses to leave by: drawn once, kept beside the database, readable to us only."""
    path = state_dir / "pages.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        key = secrets.token_bytes(32)
    state_dir.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(key)
    # Whoever else draws one at this moment: the first one counts.
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    return path.read_bytes()


def _channel(channel: ChannelSettings, context: channels.ChannelContext) -> channels.Channel:
    return channels.build(channel.type, channel.name, channel.options, context)
