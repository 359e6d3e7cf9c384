"""ClinicalTrials.gov (API v2): the registry's module, as `registries` expects one.

Only the pure half is loaded with it; the settings model and the client, and with them pydantic and the HTTP
library, are loaded by whoever asks for them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from monitor.registries.ctgov.reader import CtGovReader

if TYPE_CHECKING:
    from monitor.registries.ctgov.client import CtGov as CtGov
    from monitor.registries.ctgov.settings import Settings as Settings
    from monitor.transport import PoliteClient, Politeness

_HOMES = {"CtGov": "client", "Settings": "settings"}

__all__ = ["CtGov", "CtGovReader", "Settings", "build", "politeness", "reader"]


def reader() -> CtGovReader:
    """The pure half."""
    return CtGovReader()


def politeness(settings: Settings) -> Politeness:
    """How gently `settings` say it is asked."""
    return settings.politeness()


def build(settings: Settings, http: PoliteClient) -> CtGov:
    """The registry at `settings.base_url`, asked through `http`."""
    from monitor.registries.ctgov.client import CtGov  # the door to httpx stays shut for look-ups

    return CtGov(settings, http)


def __getattr__(name: str) -> object:
    """Load `CtGov` or `Settings` on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
