"""`doctor`: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from monitor import __version__
from monitor.cli import formats, pasts, session, subscriptions, terminal
from monitor.cli.application import app
from monitor.cli.edge import ATTENTION
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.core.record import JsonObject
from monitor.errors import MissingDatabaseError, MonitorError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.config import Settings
    from monitor.store import Store

Verdict: TypeAlias = Literal["ok", "note", "wrong"]

_WAL_FIXED = (3, 51, 3)
"""The first SQLite without the WAL-reset corruption of two connections that checkpoint at once."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    verdict: Verdict
    what: str
    said: str
    remedy: str = ""


@app.command("doctor", rich_help_panel="Operate")
def doctor(
    *,
    network: Annotated[
        bool, typer.Option("--network", help="Ask the registries for their data version too.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """What is wrong with this installation, and what to do: config, secrets, state, database, channels.

    Ends with 3 where something is wrong; nothing is written.

    Example: `trialwire doctor --network`
    """
    findings = list(_look(network=network))
    rows: list[JsonObject] = [
        {"verdict": f.verdict, "what": f.what, "said": f.said, "remedy": f.remedy} for f in findings
    ]
    formats.write(rows, _SHOWN, form)
    wrong = sum(finding.verdict == "wrong" for finding in findings)
    if form is Format.TABLE:
        terminal.say()
        terminal.say(f"{wrong} to mend." if wrong else "Nothing to mend.", "yellow" if wrong else "green")
    raise typer.Exit(ATTENTION if wrong else 0)


def _look(*, network: bool) -> Iterator[Finding]:
    yield Finding("ok", "version", f"trialwire {__version__}, Python {platform.python_version()}")
    try:
        found = session.settings()
    except MonitorError as error:
        yield Finding("wrong", "config", error.message, error.remedy or "Mend the file, then ask again.")
        return
    yield Finding("ok", "config", str(found.path) if found.path else "none: every setting has its default")
    yield from _state(found)
    yield from _database(found)
    with session.application(found, read_only=True) as works:
        yield from _channels(works)
        if network:
            yield from _registries(works)


def _state(found: Settings) -> Iterator[Finding]:
    folder = found.state_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir():
        yield Finding("wrong", "state", f"{existing} is no directory", "Choose another [store] state_dir.")
    elif not os.access(existing, os.W_OK | os.X_OK):
        readable = os.access(folder / "trialwire.db", os.R_OK)
        yield Finding(
            "note" if readable else "wrong",
            "state",
            f"{existing} cannot be written by this user" + (": look-ups only" if readable else ""),
            "Run as the user who owns it, or set [store] state_dir.",
        )
    else:
        yield Finding("ok", "state", str(folder) if folder.exists() else f"{folder} (made when needed)")


def _database(found: Settings) -> Iterator[Finding]:
    from monitor.store import open_store
    from monitor.store.locks import daemon_pid

    if found.store_url.startswith("sqlite"):
        yield _sqlite()
    try:
        with open_store(found.store_url, state_dir=found.state_dir, read_only=True) as store:
            stats = store.stats()
            yield Finding(
                "ok", "database", f"{session.place(found)}, schema {stats.revision}, {stats.engine}"
            )
            yield from _schemas(store)
            yield from _nowhere(store, found)
            yield from _left_behind(store, found)
            if stats.open_requests and daemon_pid(found.state_dir) is None:
                yield Finding(
                    "note", "requests", f"{stats.open_requests} wait, and no daemon runs", "`trialwire run`"
                )
    except MissingDatabaseError as error:
        yield Finding("note", "database", error.message, error.remedy or "`trialwire init` creates it.")
    except MonitorError as error:
        yield Finding("wrong", "database", error.message, error.remedy or "`trialwire db upgrade`")
    yield from _pasts(found)
    pid = daemon_pid(found.state_dir)
    yield Finding("ok", "daemon", f"running, process {pid}" if pid else "not running")


def _pasts(found: Settings) -> Iterator[Finding]:
    """A history that cannot be read costs earlier versions and numbers, nothing else."""
    from monitor.store import open_store

    try:
        with open_store(found.store_url, state_dir=found.state_dir, read_only=True) as store:
            ill = [pasts.ill(source) for source, failures in store.history_sources() if failures]
    except MonitorError:
        return  # told with the database
    for said in ill:
        remedy = 'Polls go on without it; [poll] backfill = "off" stops asking.'
        yield Finding("note", "history", said, remedy)


def _left_behind(store: Store, found: Settings) -> Iterator[Finding]:
    """What waits for a channel that was taken out of the config reaches nobody."""
    configured = {channel.name for channel in found.channels}
    for load in store.channel_loads():
        if load.waiting and load.channel not in configured:
            waits = "message waits" if load.waiting == 1 else "messages wait"
            said = f"{load.waiting:,} {waits} for {load.channel}, which is not configured"
            remedy = f"Configure it again, or `trialwire deliveries drop --channel {load.channel}`."
            yield Finding("wrong", "outbox", said, remedy)


def _nowhere(store: Store, found: Settings) -> Iterator[Finding]:
    """A subscription that names what is not there is told nothing of it, and silence would lie."""
    for subscription in found.subscriptions:
        for said in subscriptions.nowhere(store, subscription):
            # A tag may well be named before anything has it; a search is saved under its name, or misspelled.
            verdict: Verdict = "note" if said.startswith(subscriptions.UNTAGGED) else "wrong"
            remedy = "`trialwire watch list` shows tags, with `--searches` the names of searches and assets."
            yield Finding(verdict, f"subscription {subscription.name}", said, remedy)


def _schemas(store: Store) -> Iterator[Finding]:
    """What registries say of their own fields, and what was new there."""
    for kept in store.kept_schemas():
        whole = f"API {kept.schema.api_version or 'of no named version'}, {len(kept.schema.fields)} fields"
        if kept.drifted_at is None:
            yield Finding("ok", f"{kept.registry} schema", whole)
        else:
            said = f"{whole}; differed on {kept.drifted_at:%Y-%m-%d}: {kept.drift}"
            yield Finding("note", f"{kept.registry} schema", said, "A newer Trialwire may know it.")


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= _WAL_FIXED:
        return Finding("ok", "sqlite", version)
    return Finding(
        "note", "sqlite", f"{version}: two processes that checkpoint at once may damage a WAL before 3.51.3",
        "Trialwire takes turns under write.lock; let no other program write to the database.",
    )  # fmt: skip


def _channels(works: App) -> Iterator[Finding]:
    if not works.channels:
        yield Finding(
            "note", "channels", "none: digests have nowhere to go", "Add [[channels]] to the config."
        )
    elif not works.subscriptions:
        yield Finding("note", "subscriptions", "none: nobody is told", "Add [[subscriptions]] to the config.")
    for name, channel in works.channels.items():
        yield _tried(f"channel {name}", channel.describe(), channel.check)
    if len(works.channels) == 1 and works.subscriptions:
        said = "only one: where it fails, nobody is told so before it works again"
        yield Finding("note", "alerts", said, "Add a second channel, and name it in [alerts] channels.")
    used = {name for subscription in works.subscriptions for name in subscription.channels}
    for name in works.channels.keys() - used:
        yield Finding(
            "note", f"channel {name}", "no subscription uses it", "Name it in a subscription's channels."
        )


def _registries(works: App) -> Iterator[Finding]:
    for name, registry in works.registries.items():
        try:
            probe = registry.probe(None)
        except MonitorError as error:
            remedy = error.remedy or "Check the network, a proxy, and [registries] base_url."
            yield Finding("wrong", name, error.message, remedy)
        else:
            yield Finding("ok", name, f"{registry.label} answers; data version {probe.data_version}")


def _tried(what: str, fine: str, check: Callable[[], None]) -> Finding:
    try:
        check()
    except MonitorError as error:
        return Finding("wrong", what, error.message, error.remedy or "")
    return Finding("ok", what, fine)


_STYLES = {"ok": "green", "note": "yellow", "wrong": "bold red"}
_SHOWN = (
    Shown("", "verdict", lambda row: _STYLES[str(row["verdict"])]),
    Shown("What", "what"),
    Shown("Found", lambda row: f"{row['said']}{chr(10) if row['remedy'] else ''}{row['remedy']}", wrap=True),
)
