"""`deliveries list|show|retry|drop`: the outbox and its attempts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias, cast

import typer

from monitor.cli import daemon, dates, formats, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.cli.listing import counted
from monitor.core.record import JsonObject
from monitor.errors import StoreError

if TYPE_CHECKING:
    from monitor.core.delivery import Attempt, Delivery
    from monitor.store import Store

group = typer.Typer(no_args_is_help=True, help="The outbox: what was sent, what waits, what was given up.")
app.add_typer(group, name="deliveries", rich_help_panel="Tell")

Ids: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="As `deliveries list` shows them.", show_default=False),
]
All: TypeAlias = Annotated[bool, typer.Option("--all", help="Every one that was given up (dead).")]


_TELLING = 6
"""So many characters of an id, with its prefix, can tell one delivery from the others."""


class State(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    LEASED = "leased"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


@group.command("list")
def list_(
    *,
    state: Annotated[
        list[State] | None, typer.Option("--state", help="Only these; may be given several times.")
    ] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", metavar="NAME", help="Only this channel.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="The newest N.")] = 50,
    form: FormatOption = Format.TABLE,
) -> None:
    """The outbox, newest first.

    Example: `trialwire deliveries list --state dead`
    """
    with session.reading() as store:
        found = store.deliveries(states=tuple(one.value for one in state or ()), channel=channel, limit=limit)
    if form is Format.TABLE and not found:
        filters = " with these filters" if state or channel else ""
        terminal.note(f"No deliveries{filters}. Digests put messages here: `trialwire digest list`.")
        return
    formats.write([_row(delivery) for delivery in found], _SHOWN, form)
    if form is Format.TABLE and len(found) == limit:
        terminal.say(f"\nThe newest {limit}; --limit shows more.", "dim")


@group.command("show")
def show(
    delivery: Annotated[str, typer.Argument(metavar="ID", help="As `deliveries list` shows it.")],
    *,
    content: Annotated[bool, typer.Option("--content", help="The message's bytes, exactly as sent.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """One delivery with every attempt.

    Example: `trialwire deliveries show dlv_01h… --content > message.eml`
    """
    with session.reading() as store:
        found = _delivery(store, delivery)
        attempts = store.attempts(found.id)
    if content:
        formats.write_bytes(found.content)
        return
    tries = [_attempt_row(attempt) for attempt in attempts]
    if form is not Format.TABLE:
        formats.write_machine([{**_row(found), "tries": list(tries)}], _SHOWN, form)
        return
    formats.pairs(
        (name.replace("_", " ").capitalize(), formats.flat(value))
        for name, value in _row(found).items()
        if value not in (None, "")
    )
    terminal.say()
    formats.write(tries, _ATTEMPTS, form)


@group.command("retry")
def retry(ids: Ids = None, *, every: All = False, wait: daemon.Wait = daemon.PATIENCE_S) -> None:
    """Send again, now, what was given up or waits; the same message with the same id.

    Example: `trialwire deliveries retry --all`
    """
    if not ids and not every:
        raise typer.BadParameter("name deliveries, or give --all.", param_hint="ID")
    with session.reading() as store:
        named = [_delivery(store, one) for one in ids or ()]
        chosen = [delivery.id for delivery in named]
        if every:
            chosen += [delivery.id for delivery in store.deliveries(states=("dead",))]
    if not chosen:
        terminal.note("Nothing was given up: there is nothing to retry.")
        return
    settled = [delivery.id for delivery in named if delivery.state in ("sent", "leased")]
    if settled:
        raise StoreError(
            f"not to be sent again, for sent or under way already: {', '.join(settled)}.",
            remedy="`trialwire deliveries list --state dead` shows what was given up.",
        )
    daemon.retry(tuple(dict.fromkeys(chosen)), patience_s=wait)


@group.command("drop")
def drop(ids: Annotated[list[str], typer.Argument(metavar="ID", help="Dead or waiting ones.")]) -> None:
    """Give up deliveries for good: they are not sent and not told about any more.

    Example: `trialwire deliveries drop dlv_01h…`
    """
    with session.writing() as store:
        chosen = [_delivery(store, one).id for one in ids]
        dropped = store.drop(chosen)
    if dropped:
        terminal.note(f"{counted(len(dropped), 'delivery', 'deliveries')} dropped.")
    kept = [one for one in chosen if one not in dropped]
    if kept:
        raise StoreError(f"not dropped, for sent or under way already: {', '.join(kept)}.")


def _delivery(store: Store, text: str) -> Delivery:
    """The delivery an id, or the beginning of one, names."""
    exact = store.delivery(text)
    if exact is not None:
        return exact
    close = (
        [delivery for delivery in store.deliveries() if delivery.id.startswith(text)]
        if len(text) >= _TELLING
        else []
    )
    if len(close) == 1:
        return close[0]
    raise StoreError(
        f"{text}: " + ("more than one delivery begins so." if close else "there is no such delivery."),
        remedy="`trialwire deliveries list` shows their ids.",
    )


def _row(delivery: Delivery) -> JsonObject:
    return {
        "id": delivery.id,
        "digest": delivery.digest,
        "channel": delivery.channel,
        "recipient": delivery.recipient,
        "part": delivery.part,
        "event": delivery.event,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_at": dates.stamped(delivery.next_at),
        "created_at": dates.stamped(delivery.created_at),
        "bytes": len(delivery.content),
        "last_error": delivery.last_error,
    }


def _attempt_row(attempt: Attempt) -> JsonObject:
    return {
        "number": attempt.number,
        "started_at": dates.stamped(attempt.started_at),
        "duration_s": attempt.duration_s,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "excerpt": attempt.excerpt,
    }


_STYLES = {"dead": "bold red", "pending": "yellow", "sent": "green"}

_SHOWN = (
    Shown("Id", lambda row: str(row["id"])[:12]),
    Shown("State", "state", lambda row: _STYLES.get(str(row["state"]), "")),
    Shown("Channel", "channel"),
    Shown("Recipient", "recipient", hidden_below=100),
    Shown("Event", "event", hidden_below=84),
    Shown("Tries", "attempts", right=True, hidden_below=72),
    Shown("Next", lambda row: dates.short(cast("str | None", row["next_at"])), hidden_below=64),
    Shown("Created", lambda row: dates.short(cast("str | None", row["created_at"])), hidden_below=120),
    Shown("Last error", "last_error", wrap=True),
)
_ATTEMPTS = (
    Shown("Try", "number", right=True),
    Shown("Started", lambda row: dates.short(cast("str | None", row["started_at"]))),
    Shown("Outcome", "outcome"),
    Shown("Status", "status", right=True),
    Shown("Answer", "excerpt", wrap=True),
)
