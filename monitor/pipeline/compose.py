"""Compose: which subscriptions are due, what each is told, and the outbox rows that tell it (T2).

Due-ness is read from the tables and the cadence, so that a restart, a long downtime or a clock that jumps
tells no period twice and loses none. A digest and its deliveries are one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.core import cadence, digest
from monitor.core.change import Significance
from monitor.core.delivery import Delivery, outbox
from monitor.core.digest import Digest, DigestKind, Occasion
from monitor.core.earlier import Earlier
from monitor.core.subscription import Subscription, named
from monitor.core.watching import NoticeKind
from monitor.errors import MonitorError, StoppedError
from monitor.pipeline.readouts import with_clock
from monitor.pipeline.windows import assets, windows
from monitor.pipeline.works import Works, failpoint
from monitor.store.values import NewsMark, NoticeDraft, Pending, SubscriptionState

log = logging.getLogger(__name__)

_LOOK_AGAIN = timedelta(minutes=10)
_OF_CHANNELS: frozenset[NoticeKind] = frozenset({"dead_letter", "channel_disabled"})
"""Notices whose subject is a channel."""


@dataclass(frozen=True, slots=True)
class ComposeReport:
    """What was composed, and for whom it failed."""

    digests: tuple[Digest, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    """Why, by subscription; it is tried again at the next tick."""

    @property
    def ok(self) -> bool:
        """Was everything that is due composed?"""
        return not self.failures


class Composer:
    """Composes what is due, at every tick; where nothing can have become news it looks no second time.

    What it remembers is a hint and lives as long as the process: it looks again as soon as anything was
    recorded, told or let go, when a period closes, when the clock goes back, and every ten minutes at least.
    """

    def __init__(self, works: Works) -> None:
        self._works = works
        self._looks: dict[str, _Look] = {}

    def run(self) -> ComposeReport:
        """Compose every digest that is due now. One subscription's failure stops no other."""
        made: list[Digest] = []
        failures: dict[str, str] = {}
        for subscription in self._works.subscriptions:
            if self._works.stop.is_set():
                break
            try:
                made += self._due(subscription)
            except StoppedError:
                raise
            except Exception as error:
                log.exception("digest could not be composed", extra={"subscription": subscription.name})
                failures[subscription.name] = why = f"{type(error).__name__}: {error}"
                self._fails(subscription.name, why)
        return ComposeReport(tuple(made), failures)

    def _due(self, subscription: Subscription) -> tuple[Digest, ...]:
        works, name = self._works, subscription.name
        now = works.clock()
        begun = works.store.begin_subscription(name, now)
        if begun.paused_at is not None or subscription.quiet_until(now) is not None:
            return ()
        look = _Look(works.store.news_mark(), _closed(subscription, now), now)
        if look.finds_what(self._looks.get(name)):
            return ()
        made = tuple(_due(works, subscription, begun, now))
        if begun.failing_since is not None:
            works.store.subscription_works(name)
        if made:
            self._looks.pop(name, None)
        else:
            self._looks[name] = look
        return made

    def _fails(self, name: str, why: str) -> None:
        """Say so, once: who hears nothing must not take it for quiet."""
        said = f"Digests of {name} cannot be composed: {why.rstrip('.')}. It is tried again and again."
        notice = NoticeDraft("compose", name, said, self._works.clock())
        try:
            self._works.store.subscription_fails(name, why, notice)
        except MonitorError as error:
            log.error("nor can it be noted", extra={"subscription": name, "why": str(error)})


@dataclass(frozen=True, slots=True)
class _Look:
    """A look at what is pending that came to nothing."""

    mark: NewsMark
    closed: datetime | None
    at: datetime

    def finds_what(self, before: _Look | None) -> bool:
        """Can it find nothing but what the look before has found?"""
        if before is None or (self.mark, self.closed) != (before.mark, before.closed):
            return False
        return before.at <= self.at < before.at + _LOOK_AGAIN


def run(works: Works) -> ComposeReport:
    """Compose every digest that is due now, as at a process's first tick."""
    return Composer(works).run()


def send(works: Works, name: str) -> Digest | None:
    """Close a subscription's window now; the scheduled digest covers the rest. None: nothing to tell.

    Quiet hours do not hold it off: somebody asks for it. Raises ConfigError where there is no such
    subscription, and MonitorError where it is paused.
    """
    subscription, now = named(works.subscriptions, name), works.clock()
    begun = works.store.begin_subscription(name, now)
    if begun.paused_at is not None:
        raise MonitorError(
            f"{name} is paused since {begun.paused_at:%Y-%m-%d %H:%M} UTC",
            remedy=f"`trialwire subscriptions resume {name}` tells what waits for it.",
        )
    return _composed(works, subscription, "manual", begun, now=now, until=now)


def preview(works: Works, name: str, *, since: datetime | None = None) -> Digest | None:
    """The digest as it would be now, or over everything observed since a time; nothing is written.

    `works.store` may be open for reading only. Raises ConfigError where there is no such subscription.
    """
    subscription, now = named(works.subscriptions, name), works.clock()
    pending = works.store.pending(subscription, now, since=since)
    if since is None:
        last = works.store.last_digest(name)
        since = last.until if last else None
    sequence = works.store.next_sequence(name)
    occasion = Occasion("preview", now.date().isoformat(), 1, sequence, since, now)
    return _told(works, subscription, pending, occasion)


def _closed(subscription: Subscription, now: datetime) -> datetime | None:
    """When the period closed that is to be told; None where the cadence has none."""
    every = cadence.parse(subscription.cadence)
    return None if isinstance(every, cadence.Immediate) else cadence.last_due(every, now)


def _due(
    works: Works, subscription: Subscription, begun: SubscriptionState, now: datetime
) -> Iterator[Digest]:
    closed = _closed(subscription, now)
    if closed is None or subscription.immediate_at is not None:
        made = _composed(works, subscription, "immediate", begun, now=now, until=now)
        if made is not None:
            yield made
    if closed is None:
        return
    last = works.store.last_digest(subscription.name, "scheduled")
    begun_at = _past(begun.begun_at, now)
    covered = _past(last.until, now) if last else None
    if (begun_at is None or begun_at < closed) and (covered is None or covered < closed):
        made = _composed(works, subscription, "scheduled", begun, now=now, until=closed)
        if made is not None:
            yield made


def _composed(
    works: Works,
    subscription: Subscription,
    kind: DigestKind,
    begun: SubscriptionState,
    *,
    now: datetime,
    until: datetime,
) -> Digest | None:
    """One digest over what was observed up to `until`, enqueued with its deliveries."""
    store, name = works.store, subscription.name
    every = cadence.parse(subscription.cadence)
    period = cadence.period_key(every, until) if kind == "scheduled" else until.date().isoformat()
    last = store.last_digest(name, "scheduled" if kind == "scheduled" else None)
    occasion = Occasion(
        kind=kind,
        period=period,
        ordinal=1 if kind == "scheduled" else store.next_ordinal(name, kind, period),
        sequence=store.next_sequence(name),
        since=_past(last.until if last else begun.begun_at, now),
        now=now,
        until=until,
    )
    pending = store.pending(subscription, until, now=now)
    made = _told(works, subscription, pending, occasion)
    if made is None:
        return None
    deliveries = _deliveries(works, made)
    failpoint("before_t2")
    if not store.enqueue(made, deliveries, told=made.told, told_notices=made.told_notices):
        return None
    failpoint("after_t2")
    log.info("digest composed", extra={"digest": made.id, "subscription": name, "kind": kind})
    return made


def _told(works: Works, subscription: Subscription, pending: Pending, occasion: Occasion) -> Digest | None:
    """The digest, with what several versions come to, what trials have in common, and its clock."""
    at_once = occasion.kind == "immediate" and subscription.cadence != "immediate"
    found = () if at_once else windows(works, pending)
    sources = works.store.sources()
    made = digest.compose(subscription, pending, occasion, sources=sources, windows=found)
    if made is None:
        return None
    names = assets(works, made.stories)
    earlier = () if occasion.kind == "immediate" else _earlier(works, subscription, occasion)
    if names or earlier:
        made = digest.compose(
            subscription, pending, occasion, sources=sources, windows=found, assets=names, earlier=earlier
        )
    return None if made is None else with_clock(works, made)


def _earlier(works: Works, subscription: Subscription, occasion: Occasion) -> Earlier:
    """What was told out of turn since the last digest that was due."""
    store, name = works.store, subscription.name
    last, begun = store.last_digest(name, "scheduled"), store.subscription(name)
    since = last.until if last else begun.begun_at if begun else None
    if since is None:
        return ()
    # Who wants minor news at once shall find them referred to; with others only what is loud is.
    least: Significance = "major" if subscription.immediate_at in (None, "critical") else "minor"
    return store.told_since(name, since, occasion.closed, least=least)


def _past(at: datetime, now: datetime) -> datetime | None:
    """None for a time that has not come yet: it is of a clock since set back, and holds off nothing."""
    return at if at <= now else None


def _deliveries(works: Works, made: Digest) -> list[Delivery]:
    """The messages of a digest, to everybody who has not left the channel."""
    whole, now = works.renderer.digest(made), works.clock()
    found: list[Delivery] = []
    for name in made.subscription.channels:
        told = _for_channel(made, name)
        if told is None:
            continue
        left = works.store.opted_out(name)
        rendered = whole if told is made else works.renderer.digest(told)
        messages = works.channels[name].messages(told, rendered)
        stayed = [message for message in messages if message.recipient.lower() not in left]
        found += outbox(made.id, name, stayed, now=now)
    return found


def _for_channel(made: Digest, channel: str) -> Digest | None:
    """What a channel is told; of alerts without what is wrong with itself, if another can tell that.

    None where nothing is left.
    """
    others = [name for name in made.subscription.channels if name != channel]
    if not (made.subscription.only_notices and others):
        return made
    notices = tuple(
        notice for notice in made.notices if not (notice.kind in _OF_CHANNELS and notice.subject == channel)
    )
    return replace(made, notices=notices) if notices else None
