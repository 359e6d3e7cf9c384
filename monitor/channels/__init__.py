"""The `Channel` port: what every way of telling somebody offers, and where channels are found.

A channel is one file here, or a folder where it has outgrown one. It exports `TYPE`, a pydantic `Settings`
model of its `[[channels]]` table (without `name` and `type`), and `build(name, settings, context)`. Nothing
else in the program knows a type by name: `available` looks at the folder. A channel speaks to one target; it
never retries, never logs and never reads a clock: what follows an attempt is decided in `core.delivery`. One
that posts JSON to an address over HTTP is an `HttpChannel`, and says little more than what it posts.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Protocol, cast

from pydantic import BaseModel

from monitor.channels._http import HttpChannel, HttpSettings, judged, settled
from monitor.channels._port import Answer, Channel, ChannelContext, Secrets, Sender, ping_words, without
from monitor.errors import ConfigError

__all__ = [
    "Answer",
    "Channel",
    "ChannelContext",
    "HttpChannel",
    "HttpSettings",
    "Secrets",
    "Sender",
    "SettingsModels",
    "available",
    "build",
    "judged",
    "ping_words",
    "settings_model",
    "settled",
    "without",
]


def available() -> tuple[str, ...]:
    """The channel types there are: one for each file or folder here."""
    return tuple(sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name[0] != "_"))


def settings_model(channel_type: str) -> type[BaseModel]:
    """The model of a type's `[[channels]]` table; ConfigError on a type there is not."""
    model = _module(channel_type).Settings
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    return model


class SettingsModels(Mapping[str, type[BaseModel]]):
    """The models of all types by name, each loaded when it is asked for: a look-up sends nothing."""

    def __getitem__(self, channel_type: str) -> type[BaseModel]:
        if channel_type not in available():
            raise KeyError(channel_type)
        return settings_model(channel_type)

    def __contains__(self, channel_type: object) -> bool:
        return channel_type in available()

    def __iter__(self) -> Iterator[str]:
        return iter(available())

    def __len__(self) -> int:
        return len(available())


def build(channel_type: str, name: str, settings: BaseModel, context: ChannelContext) -> Channel:
    """A channel ready to send; reads no secret yet."""
    channel: Channel = _module(channel_type).build(name, settings, context)
    return channel


def _module(channel_type: str) -> _Module:
    known = available()
    if channel_type not in known:
        raise ConfigError(
            f"there is no channel type {channel_type!r}", key="type", remedy=f"use one of: {', '.join(known)}"
        )
    return cast("_Module", importlib.import_module(f"{__name__}.{channel_type}"))


class _Module(Protocol):
    """What a channel's file, or folder, exports."""

    TYPE: str
    Settings: type[BaseModel]

    def build(self, name: str, settings: BaseModel, context: ChannelContext) -> Channel: ...
