"""What the steps are given to work on.

`Works` is a protocol: bootstrap's `App` is one, and tests make their own of real and fake parts.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from monitor.channels import Channel
from monitor.core.backfill import BackfillMode
from monitor.core.brakes import Brakes
from monitor.core.links import Links
from monitor.core.rule import RuleTable
from monitor.core.subscription import Subscription
from monitor.registries import Registry
from monitor.store import Store

if TYPE_CHECKING:
    from monitor.render import Renderer  # jinja2 is not needed to look something up

FAILPOINT = "TRIALWIRE_FAILPOINT"
"""Names the step at which a crash test kills the process."""


class Works(Protocol):
    """The parts the steps work on."""

    @property
    def store(self) -> Store:
        """Open for writing."""

    @property
    def registries(self) -> Mapping[str, Registry]:
        """Every registry by name."""

    @property
    def channels(self) -> Mapping[str, Channel]:
        """Every configured channel by name."""

    @property
    def renderer(self) -> Renderer:
        """Digest to text, HTML and Markdown."""

    @property
    def rules(self) -> RuleTable:
        """The rule table in force."""

    @property
    def subscriptions(self) -> Sequence[Subscription]:
        """Who gets what, when."""

    @property
    def brakes(self) -> Brakes:
        """How much may change in one data version unquestioned."""

    @property
    def backfill(self) -> BackfillMode:
        """Whose earlier versions are read unasked."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """The time, aware, in UTC."""

    @property
    def random(self) -> Callable[[], float]:
        """A number from 0 to 1."""

    @property
    def stop(self) -> threading.Event:
        """Set when the process was told to leave: the step in hand is finished, no other begun."""

    @property
    def sweep(self) -> int:
        """How many watched trials are read at a data version beside those that must be."""

    @property
    def links(self) -> Links | None:
        """Our own pages, where they are served."""

    @property
    def monotonic(self) -> Callable[[], float]:
        """Seconds that only go forward."""

    @property
    def parallel(self) -> int:
        """How many messages may be on their way at once."""

    @property
    def per_channel(self) -> int:
        """How many of those to one channel."""

    @property
    def serial(self) -> Collection[str]:
        """The channels whose messages go one at a time and in order."""


def failpoint(name: str) -> None:
    """Die here, as by `kill -9`, where a crash test asks for it; else nothing."""
    if os.environ.get(FAILPOINT) == name:
        os.kill(os.getpid(), signal.SIGKILL)
