"""`deliveries list|show|retry|replay|drop`: the outbox and its attempts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from monitor.cli import daemon, dates, formats, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption
from monitor.cli.listing import counted
from monitor.cli.outbox_rows import ATTEMPTS, DELIVERIES, attempt_row, delivery_row
from monitor.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.core.delivery import Delivery
    from monitor.store import Store

group = typer.Typer(no_args_is_help=True, help="The outbox: what was sent, what waits, what was given up.")
app.add_typer(group, name="deliveries", rich_help_panel="Tell")

Ids: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="As `deliveries list` shows them.", show_default=False),
]
All: TypeAlias = Annotated[bool, typer.Option("--all", help="Every one that was given up (dead).")]
OfChannel: TypeAlias = Annotated[
    str | None, typer.Option("--channel", metavar="NAME", help="Only this channel's.")
]
OfDigest: TypeAlias = Annotated[
    str | None, typer.Option("--digest", metavar="ID", help="Only this digest's.")
]
Since: TypeAlias = Annotated[
    str | None, typer.Option("--since", metavar="D", help="Made since then: 2026-11-01, 7d.")
]
Until: TypeAlias = Annotated[
    str | None, typer.Option("--until", metavar="D", help="Made before then: 2026-11-03, 1d.")
]

Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing, also for more than twenty.")]

_FORGOTTEN = "the bytes are kept no longer ([retention] outbox_days)"
_BEFORE = {
    "sent": "sent before",
    "dead": "given up",
    "dropped": "dropped",
    "pending": "waiting",
    "leased": "under way",
}

_TELLING = 6
"""So many characters of an id, with its prefix, can tell one delivery from the others."""
_MANY = 20
"""More are not sent again unasked."""


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
    channel: OfChannel = None,
    digest: OfDigest = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="The newest N.")] = 50,
    form: FormatOption = Format.TABLE,
) -> None:
    """The outbox, newest first.

    Example: `trialwire deliveries list --state dead --since 7d`
    """
    begin, end = dates.moment(since, "--since"), dates.moment(until, "--until")
    with session.reading() as store:
        found = store.deliveries(
            states=tuple(one.value for one in state or ()),
            channel=channel,
            digest=None if digest is None else _digest(store, digest),
            since=begin,
            until=end,
            limit=limit,
        )
    if form is Format.TABLE and not found:
        filters = " with these filters" if state or channel or digest or begin or end else ""
        terminal.note(f"No deliveries{filters}. Digests put messages here: `trialwire digest list`.")
        return
    formats.write([delivery_row(delivery) for delivery in found], DELIVERIES, form)
    if form is Format.TABLE and len(found) == limit:
        terminal.say(f"\nThe newest {limit}; --limit shows more.", "dim")


@group.command("show")
def show(
    delivery: Annotated[str, typer.Argument(metavar="ID", help="As `deliveries list` shows it.")],
    *,
    content: Annotated[bool, typer.Option("--content", help="The message's bytes, exactly as sent.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """One delivery with every attempt: when, how long, what was answered, and why it failed.

    Example: `trialwire deliveries show dlv_01h… --content > message.eml`
    """
    with session.reading() as store:
        found = _delivery(store, delivery)
        attempts = store.attempts(found.id)
    if content:
        if not found.content:
            raise StoreError(f"{found.id}: {_FORGOTTEN}.")
        formats.write_bytes(found.content)
        return
    tries = [attempt_row(attempt) for attempt in attempts]
    if form is not Format.TABLE:
        formats.write_machine([{**delivery_row(found), "tries": list(tries)}], DELIVERIES, form)
        return
    formats.pairs(
        (name.replace("_", " ").capitalize(), formats.flat(value))
        for name, value in delivery_row(found).items()
        if value not in (None, "")
    )
    terminal.say()
    formats.write(tries, ATTEMPTS, form)


@group.command("retry")
def retry(
    ids: Ids = None, *, every: All = False, channel: OfChannel = None, wait: daemon.Wait = daemon.PATIENCE_S
) -> None:
    """Send again, now, what was given up or waits; the same message with the same id, as often as at first.

    Example: `trialwire deliveries retry --all --channel pipeline`
    """
    if not ids and not every:
        raise typer.BadParameter("name deliveries, or give --all.", param_hint="ID")
    with session.reading() as store:
        named = [_delivery(store, one) for one in ids or ()]
        chosen = [delivery.id for delivery in named]
        if every:
            chosen += store.delivery_ids(states=("dead",), channel=channel)
        off = _switched_off(store, chosen)
    if not chosen:
        whose = f" for {channel}" if channel else ""
        terminal.note(f"Nothing was given up{whose}: there is nothing to retry.")
        return
    settled = [delivery.id for delivery in named if delivery.state in ("sent", "leased")]
    if settled:
        raise StoreError(
            f"not retried, for sent or under way already: {', '.join(settled)}.",
            remedy="`trialwire deliveries replay ID` sends again what was sent.",
        )
    _say_off(off)
    daemon.send_again("deliveries.retry", tuple(dict.fromkeys(chosen)), patience_s=wait)


@group.command("replay")
def replay(
    ids: Ids = None,
    *,
    digest: OfDigest = None,
    since: Since = None,
    until: Until = None,
    channel: OfChannel = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")
    ] = False,
    yes: Yes = False,
    wait: daemon.Wait = daemon.PATIENCE_S,
) -> None:
    """Send again what was sent, given up or dropped: the same ids and bytes, signed anew.

    A receiver that keeps ids ignores what it has. Whoever has left a channel is sent nothing.

    Example: `trialwire deliveries replay --since 2026-11-01 --until 2026-11-03 --channel pipeline`
    """
    if not (ids or digest or since):
        raise typer.BadParameter("name deliveries, or give --digest or --since.", param_hint="ID")
    begin, end = dates.moment(since, "--since"), dates.moment(until, "--until")
    with session.reading() as store:
        if ids:
            named = [_delivery(store, one) for one in ids]
            gone_ids = [one.id for one in named if not one.content]
            if gone_ids:
                raise StoreError(f"{', '.join(gone_ids)}: {_FORGOTTEN}.")
            chosen: Sequence[str] = [one.id for one in named]
        else:
            of = None if digest is None else _digest(store, digest)
            chosen = store.replayable(digest=of, since=begin, until=end, channel=channel)
            gone = store.forgotten(digest=of, since=begin, until=end, channel=channel)
            if gone:
                terminal.note(f"{counted(gone, 'message')} cannot be sent again: {_FORGOTTEN}.")
        chosen = tuple(dict.fromkeys(chosen))
        words, off = _what(store, chosen), _switched_off(store, chosen)
    if not chosen:
        terminal.note("Nothing to send again: no message was sent, given up or dropped there.")
        return
    terminal.note(f"{'Would send' if dry_run else 'To send'} again: {words}.")
    _say_off(off)
    if dry_run:
        return
    if len(chosen) > _MANY and not yes:
        _confirm(f"Send {len(chosen):,} messages again?")
    daemon.send_again("deliveries.replay", chosen, patience_s=wait)


@group.command("drop")
def drop(
    ids: Ids = None,
    *,
    channel: Annotated[
        str | None, typer.Option("--channel", metavar="NAME", help="All that wait or were given up for it.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Give up deliveries for good: they are not sent and not told about any more.

    Example: `trialwire deliveries drop --channel pipeline`
    """
    if not ids and not channel:
        raise typer.BadParameter("name deliveries, or give --channel.", param_hint="ID")
    with session.writing() as store:
        chosen = [_delivery(store, one).id for one in ids or ()]
        if channel and not ids:
            chosen += store.delivery_ids(states=("pending", "dead"), channel=channel)
        if len(chosen) > _MANY and not yes:
            _confirm(f"Drop {len(chosen):,} messages?")
        dropped = store.drop(chosen)
    if not chosen:
        terminal.note(f"Nothing waits for {channel}, and nothing was given up.")
    if dropped:
        terminal.note(f"{counted(len(dropped), 'delivery', 'deliveries')} dropped.")
    kept = [one for one in chosen if one not in dropped]
    if kept:
        raise StoreError(f"not dropped, for sent or under way already: {', '.join(kept)}.")


def _confirm(question: str) -> None:
    """On a terminal ask; elsewhere insist on --yes."""
    if not terminal.interactive():
        raise typer.BadParameter(f"{question} Say so with --yes.", param_hint="--yes")
    typer.confirm(question, abort=True, err=True)


def _what(store: Store, ids: Sequence[str]) -> str:
    """`12 messages (10 sent before, 2 given up) on pipeline and ci-team`."""
    states: dict[str, int] = {}
    stands = store.standing(ids, dates.now())
    for stand, number in stands.items():
        states[stand.state] = states.get(stand.state, 0) + number
    parts = [f"{states[state]:,} {words}" for state, words in _BEFORE.items() if state in states]
    channels = " and ".join(sorted({stand.channel for stand in stands}))
    return f"{counted(len(ids), 'message')} ({', '.join(parts)}) on {channels}"


def _switched_off(store: Store, chosen: Sequence[str]) -> tuple[str, ...]:
    """The channels among those of some deliveries over which nothing is sent now."""
    ids = set(chosen)
    names = [one.name for one in store.disabled_channels()]
    return tuple(name for name in names if not ids.isdisjoint(store.delivery_ids(channel=name)))


def _say_off(names: Sequence[str]) -> None:
    for name in names:
        terminal.note(
            f"Channel {name} is disabled: its messages wait for `trialwire channels enable {name}`."
        )


def _delivery(store: Store, text: str) -> Delivery:
    """The delivery an id, or the beginning of one, names."""
    found = store.delivery(text)
    if found is not None:
        return found
    close = store.ids_like(text) if len(text) >= _TELLING else ()
    found = store.delivery(close[0]) if len(close) == 1 else None
    if found is not None:
        return found
    raise _unnamed(text, "delivery", "deliveries list", close)


def _digest(store: Store, text: str) -> str:
    """The digest an id, or the beginning of one, names."""
    if store.digest(text) is not None:
        return text
    close = store.digest_ids_like(text) if len(text) >= _TELLING else ()
    if len(close) == 1:
        return close[0]
    raise _unnamed(text, "digest", "digest list", close)


def _unnamed(text: str, what: str, command: str, close: Sequence[str]) -> StoreError:
    """The error for what names none, or more than one."""
    said = f"more than one {what} begins so." if close else f"there is no such {what}."
    return StoreError(f"{text}: {said}", remedy=f"`trialwire {command}` shows their ids.")
