"""`subscriptions`, `subscriptions show|pause|resume`: who is told what and when, and for whom it waits.

What a subscription is about stands in the config; whether it is paused stands in the database. Where there is
no database yet, nothing is paused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import typer

from monitor.cli import dates, formats, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.cli.listing import counted
from monitor.core.record import Json, JsonObject
from monitor.core.subscription import Subscription, named
from monitor.errors import MissingDatabaseError

if TYPE_CHECKING:
    from monitor.store import Store
    from monitor.store.values import Pending, StoredDigest, SubscriptionState

group = typer.Typer(help="Subscriptions: who is told what, and when; pause one, and let it go on.")
app.add_typer(group, name="subscriptions", rich_help_panel="Tell")

UNTAGGED = "nothing watched has the tag"
_FILTERS = ("tags", "searches", "assets", "trials", "categories", "rules", "sponsors", "conditions")


@group.callback(invoke_without_command=True)
def subscriptions(context: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """Who is told what, over which channels, and when next; `show NAME` tells all of one.

    Example: `trialwire subscriptions`
    """
    if context.invoked_subcommand is not None:
        return
    found = session.settings()
    if form is Format.TABLE and not found.subscriptions:
        terminal.note(
            "No subscription is configured: nobody is told anything.",
            f"Add a [[subscriptions]] table to {found.path or 'the config (`trialwire init` writes one)'}.",
        )
        return
    rows, notes = [], []
    with _store() as store:
        for subscription in found.subscriptions:
            state = store.subscription(subscription.name) if store else None
            rows.append(row(subscription, state, dates.now()))
            notes += [f"{subscription.name}: {said}" for said in nowhere(store, subscription)]
    formats.write(rows, _SHOWN, form)
    if notes:
        terminal.note("\n".join(notes), "They are taken as they are: what is named so later is told.")


@group.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A subscription.")],
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """One subscription: its filters and channels, when it is due, what it was told last, what waits.

    Example: `trialwire subscriptions show morning`
    """
    subscription, now = named(session.settings().subscriptions, name), dates.now()
    with _store() as store:
        state = store.subscription(name) if store else None
        whole = row(subscription, state, now)
        last = store.last_digest(name) if store else None
        pending = store.pending(subscription, now, now=now) if store else None
        whole["begun_at"] = dates.stamped(state.begun_at) if state else None
        whole["trials_covered"] = pending.watched if pending else 0
        whole["pending"] = _waiting(subscription, pending)
        whole["pending_notices"] = len(pending.notices) if pending else 0
        whole["held"] = pending.held if pending else 0
        whole["last_digest"] = _last(last)
        whole["nowhere"] = list[Json](nowhere(store, subscription))
    if form is Format.TABLE:
        formats.pairs(_told(whole))
    elif form is Format.JSON:
        formats.write_json(whole)
    else:
        formats.write_machine([whole], _SHOWN, form)


@group.command("pause")
def pause(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A subscription.")],
    *,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why, for those who look later.")] = "",
) -> None:
    """Compose nothing for a subscription until it is resumed; all that is news to it waits.

    What was composed before is still delivered.

    Example: `trialwire subscriptions pause morning --why "on leave until Monday"`
    """
    named(session.settings().subscriptions, name)
    with session.writing(create=True) as store:
        now = dates.now()
        fresh = store.pause_subscription(name, why, now)
        since = store.begin_subscription(name, now).paused_at
    when = "" if fresh or since is None else f" since {dates.short(dates.stamped(since))} UTC"
    terminal.note(f"{name} is paused{when}.", f"`trialwire subscriptions resume {name}` tells what waited.")


@group.command("resume")
def resume(name: Annotated[str, typer.Argument(metavar="NAME", help="A subscription.")]) -> None:
    """Compose for a subscription again: what waited is told when its period has closed.

    Example: `trialwire subscriptions resume morning`
    """
    named(session.settings().subscriptions, name)
    with session.writing(create=True) as store:
        done = store.resume_subscription(name)
    terminal.note(
        f"{name} goes on; what waited goes into its next digest." if done else f"{name} was not paused."
    )


@contextmanager
def _store() -> Iterator[Store | None]:
    """The database for looking; None where there is none yet."""
    with ExitStack() as stack:
        try:
            found: Store | None = stack.enter_context(session.reading())
        except MissingDatabaseError:
            found = None
        yield found


def nowhere(store: Store | None, subscription: Subscription) -> tuple[str, ...]:
    """Searches, assets and tags it names that are not there: nothing is told for them."""
    if store is None:
        return ()
    saved = store.searches()
    searches = {one.name.lower() for one in saved}
    assets = {one.name.lower() for one in saved if one.kind == "asset"}
    tags = store.tags() if subscription.tags else ()
    return (
        *(f"there is no search {name!r}" for name in subscription.searches if name.lower() not in searches),
        *(f"there is no asset {name!r}" for name in subscription.assets if name.lower() not in assets),
        *(f"{UNTAGGED} {name!r}" for name in subscription.tags if name not in tags),
    )


def row(subscription: Subscription, state: SubscriptionState | None, now: datetime) -> JsonObject:
    """A subscription as machine formats have it."""
    from monitor.core import cadence

    every = cadence.parse(subscription.cadence)
    due = None if subscription.cadence == "immediate" else cadence.next_due(every, now)
    told = due and (subscription.quiet_until(due) or due)
    paused = state.paused_at if state else None
    quiet = subscription.quiet_until(now)
    filters = {name: list[Json](getattr(subscription, name)) for name in _FILTERS}
    return {
        "name": subscription.name,
        "channels": list[Json](subscription.channels),
        "cadence": subscription.cadence,
        "next_at": None if paused else dates.stamped(told),
        "min_significance": subscription.min_significance,
        "immediate_at": subscription.immediate_at,
        **filters,
        "baseline": subscription.baseline,
        "heartbeat": subscription.heartbeat,
        "quiet_hours": subscription.quiet_hours,
        "quiet_until": dates.stamped(quiet),
        "layout": subscription.layout,
        "readout_days": subscription.readout_days,
        "only_notices": subscription.only_notices,
        "paused_at": dates.stamped(paused),
        "paused_why": state.paused_why if state else "",
    }


def _waiting(subscription: Subscription, pending: Pending | None) -> int:
    """Changes of its trials that no digest of it has told yet, also those that its filters leave out."""
    about = pending.trials if pending else {}
    return sum(subscription.is_about(about[item.trial]) for item in (pending.changes if pending else ()))


def standing(row: Mapping[str, Json]) -> str:
    """Why nothing is composed for it now, in words; empty where it is told as ever."""
    if row["paused_at"]:
        why = f" ({row['paused_why']})" if row["paused_why"] else ""
        return f"paused since {dates.short(cast('str', row['paused_at']))} UTC{why}"
    if row["quiet_until"]:
        return f"quiet until {dates.short(cast('str', row['quiet_until']))} UTC"
    return ""


def _covers(row: Mapping[str, Json]) -> str:
    parts = [f"{name} {formats.flat(row[name])}" for name in _FILTERS if row[name]]
    return "; ".join(parts) or ("notices of trouble" if row["only_notices"] else "all watched trials")


def _next(row: Mapping[str, Json]) -> str:
    return "paused" if row["paused_at"] else dates.short(cast("str | None", row["next_at"]))


def _last(digest: StoredDigest | None) -> JsonObject | None:
    if digest is None:
        return None
    return {
        "id": digest.id,
        "sequence": digest.sequence,
        "kind": digest.kind,
        "created_at": dates.stamped(digest.created_at),
        "changes": digest.changes,
    }


def _told(whole: JsonObject) -> Iterator[tuple[str, str]]:
    """All of it for people, line by line."""
    last = cast("JsonObject | None", whole["last_digest"])
    yield "subscription", str(whole["name"])
    yield "channels", formats.flat(whole["channels"])
    yield "cadence", str(whole["cadence"])
    if said := standing(whole):
        yield "now", said
    if not whole["paused_at"]:
        yield "next", f"{_next(whole)} UTC" if whole["next_at"] else "as soon as there is something"
    yield "covers", f"{_covers(whole)} ({counted(cast('int', whole['trials_covered']), 'trial')})"
    yield "from", str(whole["min_significance"])
    for label, key in (("at once", "immediate_at"), ("quiet hours", "quiet_hours")):
        if whole[key]:
            yield label, str(whole[key])
    yield "heartbeat", "each period, also where all is quiet" if whole["heartbeat"] else "no"
    yield "layout", str(whole["layout"])
    began = whole["begun_at"]
    yield "since", f"{dates.short(cast('str', began))} UTC" if began else "not begun: no run has seen it yet"
    waits = [counted(cast("int", whole["pending"]), "change")]
    if whole["pending_notices"]:
        waits.append(counted(cast("int", whole["pending_notices"]), "notice"))
    if whole["held"]:
        waits.append(f"{whole['held']} held back")
    yield "pending", ", ".join(waits)
    yield (
        "last",
        f"digest {last['sequence']}, {dates.short(cast('str', last['created_at']))} UTC" if last else "none",
    )
    for missing in cast("list[str]", whole["nowhere"]):
        yield "look", missing


_SHOWN = (
    Shown("Name", "name", "bold"),
    Shown("Channels", "channels"),
    Shown("Cadence", "cadence"),
    Shown("Next, UTC", _next, hidden_below=84),
    Shown("From", "min_significance", hidden_below=72),
    Shown("At once", "immediate_at", hidden_below=110),
    Shown("Covers", _covers, wrap=True),
)
