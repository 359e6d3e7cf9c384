"""The one door to the network's HTTP: a polite client for registries, a guarded sender for webhooks.

`polite` asks one registry, slowly and again; `guarded` posts to addresses that strangers may have chosen;
`addresses` knows which of those are allowed and needs no HTTP library. This package knows no registry and no
channel, and no other module of Trialwire imports httpx. Names are loaded when first used, so that reading a
configuration does not load an HTTP library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.transport.addresses import check_url as check_url
    from monitor.transport.guarded import GuardedSender as GuardedSender
    from monitor.transport.guarded import Reply as Reply
    from monitor.transport.manners import Answer as Answer
    from monitor.transport.manners import Politeness as Politeness
    from monitor.transport.polite import PoliteClient as PoliteClient

_HOMES = {
    "Answer": "manners",
    "GuardedSender": "guarded",
    "PoliteClient": "polite",
    "Politeness": "manners",
    "Reply": "guarded",
    "check_url": "addresses",
}

__all__ = ["Answer", "GuardedSender", "PoliteClient", "Politeness", "Reply", "check_url"]


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
