"""`status`: is it healthy, and what needs attention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, cast

import typer

from monitor.cli import dates, formats, holds, loads, pasts, session, subscriptions, terminal
from monitor.cli.application import app
from monitor.cli.edge import ATTENTION
from monitor.cli.formats import Format
from monitor.cli.listing import counted
from monitor.cli.terminal import Cell, Column
from monitor.core.record import Json, JsonObject

if TYPE_CHECKING:
    from monitor.cli.pasts import Pasts
    from monitor.config import Settings
    from monitor.core.brakes import Hold
    from monitor.core.searches import SavedSearch
    from monitor.core.subscription import Subscription
    from monitor.core.watching import Quarantined, SourceHealth
    from monitor.store import Store
    from monitor.store.listing import Overview
    from monitor.store.outbox import ChannelLoad
    from monitor.store.values import ChannelState, Stored, StoredDigest, SubscriptionState

_NAMED = 10
"""Numbers of no trial that are named one by one."""
_LATE_POLLS = 3
"""Polls missed in a row before that is worth telling."""


@dataclass(frozen=True, slots=True)
class Health:
    """All that `status` looks at, read once."""

    settings: Settings
    now: datetime
    daemon: int | None
    stands: Overview
    sources: tuple[SourceHealth, ...]
    disabled: tuple[ChannelState, ...]
    held: tuple[Quarantined, ...]
    doubted: tuple[Quarantined, ...]
    """Of those, the ones about trials not read well since: nothing newer has made up for them."""
    loads: tuple[ChannelLoad, ...]
    digests: tuple[tuple[str, StoredDigest | None], ...]
    waiting: Mapping[str, str]
    """Why nothing is composed now, by subscription: a pause or quiet hours, which are no trouble."""
    failing: tuple[SubscriptionState, ...]
    """Those of which no digest can be composed."""
    pasts: Pasts
    holds: tuple[Hold, ...]
    """Those that keep digests back, and wait for a person."""
    searches: tuple[SavedSearch, ...]

    @property
    def configured(self) -> frozenset[str]:
        """The channels there are."""
        return frozenset(channel.name for channel in self.settings.channels)


@app.command("status", rich_help_panel="Operate")
def status(
    *,
    form: Annotated[
        Format, typer.Option("--format", "-f", help="table, or json for one object.")
    ] = Format.TABLE,
) -> None:
    """Is it healthy: sources, trials read and unread, quarantine, deliveries, last digests.

    Ends with 3 where something needs attention.

    Example: `trialwire status --format json`
    """
    found = session.settings()
    with session.reading(found) as store:
        health = _look(store, found)
    attention = list(_attention(health))
    if form is Format.TABLE:
        _tell(health, attention)
    elif form is Format.JSON:
        formats.write_json(_as_json(health, attention))
    else:
        formats.write_machine([_as_json(health, attention)], _SHOWN, form)
    raise typer.Exit(ATTENTION if attention else 0)


def report(store: Store, found: Settings) -> JsonObject:
    """What `status --format json` says."""
    health = _look(store, found)
    return _as_json(health, list(_attention(health)))


def _look(store: Store, found: Settings) -> Health:
    from monitor.store.locks import daemon_pid

    held = store.quarantined()
    known = store.latest(answer.trial for answer in held)
    return Health(
        settings=found,
        now=dates.now(),
        daemon=daemon_pid(found.state_dir),
        stands=store.overview(),
        sources=store.sources(),
        disabled=store.disabled_channels(),
        held=held,
        doubted=tuple(answer for answer in held if _is_doubted(answer, known.get(answer.trial))),
        loads=store.channel_loads(),
        digests=tuple((s.name, store.last_digest(s.name)) for s in found.subscriptions),
        waiting={s.name: said for s in found.subscriptions if (said := _waits(store, s, dates.now()))},
        failing=store.failing_subscriptions(),
        pasts=pasts.look(store, found),
        holds=store.holds(),
        searches=store.searches(),
    )


def _waits(store: Store, subscription: Subscription, now: datetime) -> str:
    state = store.subscription(subscription.name)
    return subscriptions.standing(subscriptions.row(subscription, state, now))


def _is_doubted(answer: Quarantined, known: Stored | None) -> bool:
    read_at = known.state.checked_at if known else None
    return read_at is None or read_at <= answer.observed_at


def _attention(health: Health) -> Iterator[str]:
    """What needs attention, each with what to do."""
    for source in health.sources:
        if source.state != "OK":
            since = "" if source.state == "STALE" else f" since {_time(source.since)}"
            asked = source.not_before if source.not_before and source.not_before > health.now else None
            later = f"; not asked before {_time(asked)}" if asked else ""
            yield f"{source.registry} is {source.state}{since}: {source.reason}{later}"
    yield from holds.attention(health.holds)
    yield from _polls(health)
    yield from pasts.attention(health.pasts)
    unknown = health.stands.some_unknown
    for trial in unknown[:_NAMED]:
        yield f"{trial}: the registry has no such trial; `trialwire watch remove {trial}`"
    if (more := health.stands.presences.get("unknown", 0) - _NAMED) > 0:
        yield f"{counted(more, 'more watched number')} of no trial: `trialwire watch list` shows them"
    if health.doubted:
        yield f"{counted(len(health.doubted), 'answer')} not believed: `trialwire quarantine list`"
    yield from loads.attention(health.loads, health.disabled, health.configured)
    named = {subscription.name for subscription in health.settings.subscriptions}
    for state in health.failing:
        if state.name in named and state.failing_since is not None:
            since = _time(state.failing_since)
            remedy = f"`trialwire digest preview {state.name}` tries it"
            yield f"digests of {state.name} cannot be composed since {since}: {state.failing_why}; {remedy}"
    for saved in health.searches:
        if saved.problem:
            remedy = f"`trialwire watch show '{saved.name}'`"
            yield f"search {saved.name} was not run whole: {saved.problem}; {remedy}"


def _polls(health: Health) -> Iterator[str]:
    if not health.stands.watched:
        return
    polled = [source.last_success_at for source in health.sources if source.last_success_at]
    if not polled:
        yield "nothing was read yet: `trialwire poll`, or `trialwire run` for good"
        return
    late = _LATE_POLLS * timedelta(seconds=health.settings.poll.every_s)
    if health.now - min(polled) > max(late, timedelta(hours=1)):
        yield f"last read {_time(min(polled))}: is the daemon running? (`trialwire run`)"
    elif health.stands.unread:
        unread = counted(health.stands.unread, "trial was", "trials were")
        yield f"{unread} not read at the newest data version: `trialwire poll`"


def _tell(health: Health, attention: list[str]) -> None:
    stands = health.stands
    for source in health.sources:
        fine = source.state in ("OK",)
        version = source.data_version and f"data as of {source.data_version.replace('T', ' ')}"
        words = f"{source.state}, {version or 'never read yet'}"
        terminal.write(_pair(source.registry, words, "" if fine else "yellow"))
    read = stands.watched - stands.unread - stands.presences.get("unknown", 0)
    known = any(source.last_success_at for source in health.sources)
    progress = f"{read:,} read at that version" if known else "none read yet"
    terminal.write(_pair("watched", f"{counted(stands.watched, 'trial')}, {progress}"))
    if health.searches:
        kinds = ", ".join(f"{saved.name} ({saved.members:,})" for saved in health.searches[:_NAMED])
        rest = len(health.searches) - _NAMED
        terminal.write(_pair("searches", kinds + (f" and {rest} more" if rest > 0 else "")))
    if past := pasts.words(health.pasts):
        terminal.write(_pair("past", past))
    terminal.write(_pair("daemon", f"running, process {health.daemon}" if health.daemon else "not running"))
    since = len(health.held) - len(health.doubted)
    terminal.write(
        _pair("quarantine", f"{len(health.held)} held" + (f", {since} made up for since" if since else ""))
    )
    waiting = stands.deliveries.get("pending", 0) + stands.deliveries.get("leased", 0)
    sent, dead = stands.deliveries.get("sent", 0), stands.deliveries.get("dead", 0)
    terminal.write(_pair("deliveries", f"{sent:,} sent, {waiting:,} waiting, {dead:,} given up"))
    for load in health.loads:
        terminal.write(_pair(load.channel, loads.words(load), "yellow" if load.failing or load.dead else ""))
    for name, digest in health.digests:
        last = f"digest {digest.sequence}, {_time(digest.created_at)}" if digest else "no digest yet"
        waits = health.waiting.get(name, "")
        terminal.write(_pair(name, f"{waits}; {last}" if waits else last))
    terminal.write(_pair("database", session.place(health.settings)))
    terminal.say()
    if not attention:
        terminal.say("All is well.", "green")
        return
    terminal.say("Needs attention", "bold yellow")
    columns = (Column(), Column(wrap=True))
    terminal.write(terminal.lines(columns, [(Cell("·"), Cell(line)) for line in attention], indent=2))


def _pair(name: str, words: str, style: str = "") -> Iterator[terminal.Text]:
    yield from terminal.lines(
        (Column(), Column(wrap=True)), [(Cell(name.ljust(10), "dim"), Cell(words, style))]
    )


def _as_json(health: Health, attention: list[str]) -> JsonObject:
    return {
        "healthy": not attention,
        "attention": list[Json](attention),
        "database": session.place(health.settings),
        "daemon": health.daemon,
        "sources": [_source_json(source) for source in health.sources],
        **pasts.as_json(health.pasts),
        "watched": health.stands.watched,
        "presences": dict(health.stands.presences),
        "unread": [str(trial) for trial in health.stands.some_unread],
        "unread_total": health.stands.unread,
        "unknown": [str(trial) for trial in health.stands.some_unknown],
        "quarantined": health.stands.quarantined,
        "deliveries": {str(state): number for state, number in health.stands.deliveries.items()},
        "outbox": loads.as_json(health.loads, health.configured),
        "disabled_channels": [channel.name for channel in health.disabled],
        "open_requests": health.stands.open_requests,
        "holds": [holds.as_json(hold) for hold in health.holds],
        "searches": [
            {"name": one.name, "kind": one.kind, "members": one.members, "problem": one.problem}
            for one in health.searches
        ],
        "digests": [
            {
                "subscription": name,
                "last": _digest_json(digest) if digest else None,
                "waiting": health.waiting.get(name, ""),
            }
            for name, digest in health.digests
        ],
    }


def _source_json(source: SourceHealth) -> JsonObject:
    return {
        "registry": source.registry,
        "state": source.state,
        "since": dates.stamped(source.since),
        "reason": source.reason,
        "data_version": source.data_version,
        "last_attempt_at": dates.stamped(source.last_attempt_at),
        "last_success_at": dates.stamped(source.last_success_at),
        "not_before": dates.stamped(source.not_before),
    }


def _digest_json(digest: StoredDigest) -> JsonObject:
    return {"id": digest.id, "sequence": digest.sequence, "created_at": dates.stamped(digest.created_at)}


def _time(moment: datetime) -> str:
    return dates.short(dates.stamped(moment)) + " UTC"


_SHOWN = (
    formats.Shown("Healthy", "healthy"),
    formats.Shown("Watched", "watched"),
    formats.Shown("Attention", lambda row: "; ".join(cast("list[str]", row["attention"]))),
)
