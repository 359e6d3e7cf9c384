"""Compose: which subscriptions are due, what each is told, and the outbox rows that tell it (T2).

Due-ness is read from the tables and the cadence, so that a restart, a long downtime or a clock that jumps
tells no period twice and loses none. A digest and its deliveries are one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core import cadence, digest
from monitor.core.delivery import Delivery, outbox
from monitor.core.digest import Digest, DigestKind, Occasion, Subscription
from monitor.core.recorded import RecordedChange
from monitor.errors import ConfigError, StoppedError
from monitor.pipeline.readouts import with_clock
from monitor.pipeline.windows import assets, windows
from monitor.pipeline.works import Works, failpoint
from monitor.store.values import Pending, SubscriptionState

log = logging.getLogger(__name__)


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


def run(works: Works) -> ComposeReport:
    """Compose every digest that is due now. One subscription's failure stops no other."""
    made: list[Digest] = []
    failures: dict[str, str] = {}
    for subscription in works.subscriptions:
        if works.stop.is_set():
            break
        try:
            made += _due(works, subscription)
        except StoppedError:
            raise
        except Exception as error:
            log.exception("digest could not be composed", extra={"subscription": subscription.name})
            failures[subscription.name] = f"{type(error).__name__}: {error}"
    return ComposeReport(tuple(made), failures)


def send(works: Works, name: str) -> Digest | None:
    """Close a subscription's window now; the scheduled digest covers the rest. None: nothing to tell.

    Raises ConfigError where there is no such subscription.
    """
    subscription, now = find(works, name), works.clock()
    begun = works.store.begin_subscription(name, now)
    return _composed(works, subscription, "manual", begun, now=now, until=now)


def preview(works: Works, name: str, *, since: datetime | None = None) -> Digest | None:
    """The digest as it would be now, or over everything observed since a time; nothing is written.

    `works.store` may be open for reading only. Raises ConfigError where there is no such subscription.
    """
    subscription, now = find(works, name), works.clock()
    pending = works.store.pending(subscription, now, since=since)
    if since is None:
        last = works.store.last_digest(name)
        since = last.until if last else None
    sequence = works.store.next_sequence(name)
    occasion = Occasion("preview", now.date().isoformat(), 1, sequence, since, now)
    return _told(works, subscription, pending, occasion)


def find(works: Works, name: str) -> Subscription:
    """A subscription by name; ConfigError where there is none."""
    for subscription in works.subscriptions:
        if subscription.name == name:
            return subscription
    known = ", ".join(sorted(s.name for s in works.subscriptions)) or "none is configured"
    raise ConfigError(f"there is no subscription {name!r}", key="subscriptions", remedy=f"Known: {known}.")


def _due(works: Works, subscription: Subscription) -> Iterator[Digest]:
    now = works.clock()
    begun = works.store.begin_subscription(subscription.name, now)
    if subscription.cadence == "immediate" or subscription.immediate_at is not None:
        made = _composed(works, subscription, "immediate", begun, now=now, until=now)
        if made is not None:
            yield made
    if subscription.cadence == "immediate":
        return
    closed = cadence.last_due(cadence.parse(subscription.cadence), now)
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
    trials = {story.trial.trial for story in made.stories}
    earlier: Sequence[tuple[datetime, RecordedChange]] = ()
    if occasion.kind != "immediate" and occasion.since is not None:
        earlier = works.store.told_since(subscription.name, trials, occasion.since)
    if names or earlier:
        made = digest.compose(
            subscription, pending, occasion, sources=sources, windows=found, assets=names, earlier=earlier
        )
    return None if made is None else with_clock(works, made)


def _past(at: datetime, now: datetime) -> datetime | None:
    """None for a time that has not come yet: it is of a clock since set back, and holds off nothing."""
    return at if at <= now else None


def _deliveries(works: Works, made: Digest) -> list[Delivery]:
    """The messages of a digest, to everybody who has not left the channel."""
    rendered, now = works.renderer.digest(made), works.clock()
    found: list[Delivery] = []
    for name in made.subscription.channels:
        left = works.store.opted_out(name)
        messages = works.channels[name].messages(made, rendered)
        stayed = [message for message in messages if message.recipient.lower() not in left]
        found += outbox(made.id, name, stayed, now=now)
    return found
