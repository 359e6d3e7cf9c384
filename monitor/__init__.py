"""Trialwire: a change-tracking monitor for clinical-trial registries.

    import monitor
    changes = monitor.compare(before, after)    # two payloads as served; either may be None

Importing this package loads nothing else: `compare` is fetched on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.compare import compare as compare

__version__ = "0.1.0"

__all__ = ["__version__", "compare"]


def __getattr__(name: str) -> object:
    """Load `compare` on first use (PEP 562): the module of that name, which is callable."""
    if name == "compare":
        return importlib.import_module("monitor.compare")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
