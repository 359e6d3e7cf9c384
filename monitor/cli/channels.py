"""`channels list|test|enable|disable`: where digests go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import dates, formats, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.cli.listing import counted
from monitor.core.record import JsonObject
from monitor.errors import ConfigError, DeliveryError, MissingDatabaseError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.channels import Channel
    from monitor.core.delivery import Delivery, Message
    from monitor.store.values import ChannelState

group = typer.Typer(
    no_args_is_help=True, help="Where digests go: list the channels, test one, switch it off and on."
)
app.add_typer(group, name="channels", rich_help_panel="Tell")


@group.command("list")
def list_(*, form: FormatOption = Format.TABLE) -> None:
    """The configured channels, and whether their targets still want anything.

    Example: `trialwire channels list`
    """
    with session.application(read_only=True) as works:
        disabled = _disabled(works)
        rows: list[JsonObject] = [
            {
                "name": name,
                "type": channel.type,
                "target": channel.describe(),
                "state": "disabled" if name in disabled else "enabled",
                "disabled_at": dates.stamped(disabled[name].disabled_at) if name in disabled else None,
                "reason": disabled[name].reason if name in disabled else None,
                "subscriptions": [s.name for s in works.subscriptions if name in s.channels],
            }
            for name, channel in works.channels.items()
        ]
    if form is Format.TABLE and not rows:
        terminal.note(
            "No channel is configured.", "Add a [[channels]] table; `trialwire init` writes examples."
        )
        return
    formats.write(rows, _SHOWN, form)


@group.command("test")
def test(name: Annotated[str, typer.Argument(metavar="NAME", help="A channel.")]) -> None:
    """Send a message marked as a test, and report what the target said.

    Example: `trialwire channels test pipeline`
    """
    from monitor.core.delivery import outbox, ping_id

    with session.application(read_only=True) as works:
        channel = works.channels.get(name)
        if channel is None:
            raise unknown(name, list(works.channels))
        channel.check()
        if (off := _disabled(works).get(name)) is not None:
            terminal.note(f"{name} is disabled ({off.reason}): only this test is sent.")
        now = works.clock()
        rows = outbox(ping_id(now), name, _to_those_who_stayed(works, channel, now), now=now)
        failed = [error for row in rows if (error := _tried(channel, row, now)) is not None]
    if failed:
        *others, last = failed
        for error in others:
            terminal.note(error.message)
        raise last


@group.command("enable")
def enable(name: Annotated[str, typer.Argument(metavar="NAME", help="A channel that is off.")]) -> None:
    """Use a channel again that was disabled, by its target (which said 410) or by you.

    Example: `trialwire channels enable pipeline`
    """
    with session.writing() as store:
        if store.enable_channel(name):
            waiting = store.deliveries(states=("pending",), channel=name)
            terminal.note(
                f"{name} is enabled; {counted(len(waiting), 'delivery', 'deliveries')} waiting for it."
            )
            return
    known = [channel.name for channel in session.settings().channels]
    if name not in known:
        raise unknown(name, known)
    terminal.note(f"{name} was not disabled.")


@group.command("disable")
def disable(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A channel.")],
    *,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="What `status` shall say of it.")] = "",
) -> None:
    """Send nothing over a channel until it is enabled again; what is due waits.

    Example: `trialwire channels disable pipeline --why "moved to another host"`
    """
    known = [channel.name for channel in session.settings().channels]
    if name not in known:
        raise unknown(name, known)
    with session.application() as works:
        off = _disabled(works).get(name)
        if off is not None:
            terminal.note(f"{name} is disabled already: {off.reason}.")
            return
        works.store.disable_channel(name, why or "switched off by hand", works.clock())
    terminal.note(f"{name} is disabled.", f"`trialwire channels enable {name}` brings it back.")


def _tried(channel: Channel, delivery: Delivery, now: datetime) -> DeliveryError | None:
    """Send a test and say what the target said; where it did not take it, the error to end with."""
    several = delivery.recipient != channel.name
    where = f"{channel.name} → {delivery.recipient}" if several else channel.name
    try:
        status, excerpt = channel.send(delivery, now)
    except DeliveryError as error:
        return DeliveryError(
            f"{where}: {error.message}",
            channel=channel.name,
            remedy=error.remedy or f"`trialwire doctor` checks the settings of {channel.name}.",
        )
    answer = " ".join(part for part in (str(status or ""), " ".join(excerpt.split())[:200]) if part)
    terminal.say(f"{where}: taken{f' ({answer})' if answer else ''}")
    return None


def _to_those_who_stayed(works: App, channel: Channel, now: datetime) -> Sequence[Message]:
    """The test's messages, without those to readers who have left; nobody has where there is no database."""
    try:
        left = works.store.opted_out(channel.name)
    except MissingDatabaseError:
        left = frozenset()
    messages = channel.test_message(now)
    for one in messages:
        if one.recipient.lower() in left:
            terminal.note(f"{one.recipient} has left {channel.name}: nothing is sent there.")
    return [one for one in messages if one.recipient.lower() not in left]


def _disabled(works: App) -> Mapping[str, ChannelState]:
    """Channels that are off; none where there is no database to say so."""
    try:
        return {state.name: state for state in works.store.disabled_channels()}
    except MissingDatabaseError:
        return {}


def unknown(name: str, known: Sequence[str]) -> ConfigError:
    """The error for a channel that is not configured, with those that are."""
    return ConfigError(
        f"there is no channel {name!r}.",
        key="channels",
        remedy=f"Known: {', '.join(known)}." if known else "None is configured; `trialwire init` shows how.",
    )


_SHOWN = (
    Shown("Name", "name", "bold"),
    Shown("Type", "type"),
    Shown("State", "state", lambda row: "green" if row["state"] == "enabled" else "bold red"),
    Shown("Subscriptions", lambda row: formats.flat(row["subscriptions"]), hidden_below=84),
    Shown("Target", lambda row: " · ".join(str(row[n]) for n in ("target", "reason") if row[n]), wrap=True),
)
