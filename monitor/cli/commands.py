"""All commands, in the order the help shows them: importing a group's file is what registers it."""

from __future__ import annotations

import importlib

from monitor.cli.application import run

__all__ = ["run"]

GROUPS = (
    "setup",
    "watch",
    "polling",
    "backfill",
    "files",
    "history",
    "versions",
    "timeline",
    "readouts",
    "diff",
    "rules",
    "subscriptions",
    "digests",
    "channels",
    "optouts",
    "schemas",
    "deliveries",
    "quarantine",
    "health",
    "doctor",
    "serve",
    "database",
)

for _group in GROUPS:
    importlib.import_module(f"monitor.cli.{_group}")
