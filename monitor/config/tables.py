"""The tables of the config file that Trialwire itself owns, and what each value may be.

Channel types and registries bring their own models; none of them is named here. Nothing is read here.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from monitor.core import cadence, quiet
from monitor.core.brakes import Brakes
from monitor.core.change import Significance
from monitor.core.subscription import ALERTS, Layout, Subscription

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|m|h|d)$")
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_HOST = re.compile(r"^[A-Za-z0-9.:-]{1,253}$")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")


def _seconds(value: object) -> float:
    found = _DURATION.match(value.strip()) if isinstance(value, str) else None
    if not found or not (seconds := float(found[1]) * _UNIT_S[found[2]]):
        raise ValueError('is no duration; write "30m", "1h" or "1d"')
    return seconds


def _known_cadence(value: str) -> str:
    cadence.parse(value)
    return value


def _plain_name(value: str) -> str:
    if not _NAME.match(value):
        raise ValueError("is no name; use letters, digits, dots, dashes and underscores, at most 64")
    return value


def _page_address(value: str) -> str:
    parts = urlsplit(value)
    whole = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
    if value and not whole:
        raise ValueError('is no address of pages; write e.g. "https://trialwire.example.com"')
    if parts.path.strip("/"):
        raise ValueError("must end with the name: pages are served at the top of a name of their own")
    return value.rstrip("/")


def _listening(value: str) -> str:
    host, port = _split_place(value)
    if not (host and _HOST.match(host) and 0 <= port <= 65535):
        raise ValueError('is no place to listen at; write "127.0.0.1:8320", "[::1]:8320" or "0.0.0.0:8320"')
    return value


def _split_place(value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    digits = port.isascii() and port.isdigit() and len(port) <= 5
    return ("" if ":" in bare and bare == host else bare), int(port) if digits else -1


def _words(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty, and part of everything; leave it out")
    return value.strip()


Seconds = Annotated[float, BeforeValidator(_seconds)]
Name = Annotated[str, AfterValidator(_plain_name)]
Words = Annotated[str, AfterValidator(_words)]


class Table(BaseModel):
    """A table of the file: nothing unknown in it, nothing changed after."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PollSettings(Table):
    """`[poll]`: how often a registry is asked whether there is anything new."""

    every_s: Seconds = Field(default=3600.0, alias="every")
    sweep: int = Field(default=20_000, ge=1)
    backfill: Literal["auto", "all", "off"] = "auto"


class StoreSettings(Table):
    """`[store]`: both default by where the program runs (contract section 1)."""

    url: str = ""
    state_dir: str = ""


class BrakeSettings(Table):
    """`[brakes]`: the share of watched trials that may change in one data version unquestioned."""

    changed_share: float = Field(default=0.2, gt=0, le=1)
    min_trials: int = Field(default=10, ge=1)

    def brakes(self) -> Brakes:
        """The value that what changed is judged by."""
        return Brakes(**dict(self))


class RetentionSettings(Table):
    """`[retention]`: days a payload, or a sent message, is kept, 0 for always; changes are never deleted."""

    payload_days: int = Field(default=0, ge=0)
    outbox_days: int = Field(default=0, ge=0)


class DeliverySettings(Table):
    """`[delivery]`: how many messages are on their way at once, over all channels and to one."""

    parallel: int = Field(default=8, ge=1, le=64)
    per_channel: int = Field(default=4, ge=1, le=64)


class PagesSettings(Table):
    """`[pages]`: where readers find our own pages, empty where none are served; where we listen."""

    url: Annotated[str, AfterValidator(_page_address)] = ""
    listen: Annotated[str, AfterValidator(_listening)] = "127.0.0.1:8320"

    @property
    def place(self) -> tuple[str, int]:
        """Host, without brackets, and port of `listen`."""
        return _split_place(self.listen)


class LogSettings(Table):
    """`[log]`: `auto` writes for people on a terminal and JSON lines elsewhere."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class SubscriptionTable(Table):
    """One `[[subscriptions]]` table: what a `Subscription` is made of."""

    name: Name
    channels: tuple[str, ...] = Field(min_length=1)
    cadence: Annotated[str, AfterValidator(_known_cadence)]
    min_significance: Significance = "minor"
    immediate_at: Significance | None = None
    tags: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    sponsors: tuple[Words, ...] = ()
    conditions: tuple[Words, ...] = ()
    baseline: Literal["folded", "full"] = "folded"
    heartbeat: bool = False
    quiet_hours: str = ""
    layout: Layout = "digest"
    readout_days: int = Field(default=90, ge=0, le=365)

    @field_validator("name")
    @classmethod
    def _not_ours(cls, value: str) -> str:
        if value == ALERTS:
            raise ValueError("is the name of what [alerts] makes; choose another")
        return value

    @field_validator("quiet_hours")
    @classmethod
    def _known_hours(cls, value: str, found: ValidationInfo) -> str:
        if every := found.data.get("cadence"):  # a cadence that is none has been told
            quiet.parse(value, cadence.parse(every))
        return value

    def subscription(self) -> Subscription:
        """The value the digest works with."""
        return Subscription(**dict(self))


class AlertSettings(Table):
    """`[alerts]`: who is told at once of trouble, and of nothing else."""

    channels: tuple[str, ...] = ()

    def subscription(self) -> Subscription | None:
        """What stands for it among the subscriptions; None where nobody is named."""
        if not self.channels:
            return None
        channels = tuple(dict.fromkeys(self.channels))
        return Subscription(ALERTS, channels, "immediate", only_notices=True, readout_days=0)


class ChannelName(Table):
    """The members every `[[channels]]` table has; the rest belongs to its type's own model."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: Name
    type: str
    serial: bool = False
    """One message at a time and in order for each recipient."""
