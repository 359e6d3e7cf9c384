"""What a subscription could be told now, and since when things are news to it.

What is selected is what no digest of the subscription holds yet, never "above a cursor". The running numbers
kept with a subscription, a watch and a tag say where news begins for them; they never move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, func, or_, select

from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange, RecordedFinding
from monitor.core.subscription import Subscription
from monitor.core.watching import Notice, TrialState
from monitor.store.engine import Found, Verbs, chunks
from monitor.store.holding import HOLD, WITHHELD, is_held, is_let_go
from monitor.store.listing import UNREADABLE, followed
from monitor.store.rows import (
    CHANGE,
    FINDING,
    NOTICE,
    TRIAL,
    change,
    finding,
    notice,
    select_changes,
    select_findings,
    select_notices,
    trial_state,
)
from monitor.store.subscribing import SUBSCRIPTION
from monitor.store.tables import TABLES
from monitor.store.values import NewsMark, Pending
from monitor.store.watching import last_change

DIGEST = TABLES["digest"]
DIGEST_CHANGE = TABLES["digest_change"]
DIGEST_NOTICE = TABLES["digest_notice"]
FINDING_CHANGE = TABLES["finding_change"]
SWEEP = TABLES["sweep"]
WATCH = TABLES["watch"]
WATCH_TAG = TABLES["watch_tag"]
WATCH_TRIAL = TABLES["watch_trial"]
SOURCE = TABLES["source"]


class PendingVerbs(Verbs):
    """What is news, and to whom."""

    def news_mark(self) -> NewsMark:
        """What moves whenever there may be something new to tell; cheap, however much is held."""
        with self._db.read() as connection:
            holds = select(HOLD.c.id, HOLD.c.state, HOLD.c.after_change, HOLD.c.until_change)
            withheld = connection.execute(holds.where(HOLD.c.state.in_(WITHHELD)).order_by(HOLD.c.id))
            return NewsMark(
                change=last_change(connection),
                notice=connection.scalar(select(func.max(NOTICE.c.id))) or 0,
                digest=connection.scalar(select(func.max(DIGEST.c.number))) or 0,
                withheld=tuple(tuple(row) for row in withheld),
            )

    def pending(
        self,
        subscription: Subscription,
        until: datetime,
        *,
        since: datetime | None = None,
        now: datetime | None = None,
    ) -> Pending:
        """What it could be told: observed up to `until`, and in none of its digests yet.

        With `now`, also what was observed later than that, by a clock that has been set back since.
        Nothing is pending for a subscription that has not begun, nor what a hold keeps back. With `since`,
        for previews: everything observed from then on, told, held or not, begun or not.
        """
        with self._db.read() as connection:
            covered = covered_trials(subscription)
            seen = _Seen(until, since, now)
            changes = () if subscription.only_notices else _changes(connection, subscription, seen)
            found = _notices(connection, subscription, seen)
            baselines = tuple(item for item in found if item.kind in ("baseline", "search"))
            about = {item.trial for item in changes} | {item.trial for item in baselines if item.trial}
            return Pending(
                changes=changes,
                findings=_findings_over(connection, [item.id for item in changes]),
                baselines=baselines,
                notices=tuple(item for item in found if item.kind not in ("baseline", "search")),
                trials=_states(connection, about),
                unread=tuple(state for state in _unread(connection, covered) if subscription.is_about(state)),
                watched=_count(connection, subscription, covered),
                held=0 if subscription.only_notices else _held(connection, subscription, seen),
            )


def covered_trials(subscription: Subscription, *, past: bool = False) -> Select[tuple[int]]:
    """Ids of the watched trials that it chooses by tag, search and number; with `past` also those that left.

    Sponsors and conditions are not asked here: `Subscription.is_about` is.
    """
    query = select(TRIAL.c.id)
    for which in _ways(subscription):
        held = select(WATCH_TRIAL.c.trial_id).where(*which)
        if not past:
            held = held.where(WATCH_TRIAL.c.left_at.is_(None))
        query = query.where(TRIAL.c.id.in_(held))
    if subscription.trials:
        query = query.where(TRIAL.c.number.in_(subscription.trials))
    return query


def _ways(subscription: Subscription) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """How the watch list must hold a trial, one entry for each way that is asked for, at least one."""
    if subscription.searches or subscription.assets:
        yield (WATCH_TRIAL.c.watch_id.in_(_named(subscription)),)
    if subscription.tags:
        tagged = select(WATCH_TAG.c.watch_id).where(WATCH_TAG.c.tag.in_(subscription.tags))
        yield (WATCH_TRIAL.c.watch_id.in_(tagged),)
    elif not (subscription.searches or subscription.assets):
        yield ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """When something was seen that could be told."""

    until: datetime
    since: datetime | None
    now: datetime | None

    def holds(self, at: Found) -> ColumnElement[bool]:
        """Is the time in this column one of them?"""
        before: ColumnElement[bool] = at <= self.until
        if self.now is not None:
            before = or_(before, at > self.now)
        return before if self.since is None else and_(before, at >= self.since)


def _changes(connection: Connection, subscription: Subscription, seen: _Seen) -> tuple[RecordedChange, ...]:
    query = select_changes().where(_is_due(subscription, seen))
    if seen.since is None:
        query = query.where(*is_let_go(connection))
    return tuple(map(change, connection.execute(query.order_by(CHANGE.c.number))))


def _held(connection: Connection, subscription: Subscription, seen: _Seen) -> int:
    """How many changes it would be told, were they not held."""
    held = tuple(is_held(connection)) if seen.since is None else ()
    if not held:
        return 0
    query = select(func.count()).select_from(CHANGE).join(TRIAL, TRIAL.c.id == CHANGE.c.trial_id)
    return connection.scalar(query.where(_is_due(subscription, seen), or_(*held))) or 0


def _is_due(subscription: Subscription, seen: _Seen) -> ColumnElement[bool]:
    """Is a change one that it is told, held or not?"""
    due = and_(
        CHANGE.c.origin == "poll",
        seen.holds(CHANGE.c.observed_at),
        CHANGE.c.trial_id.in_(covered_trials(subscription, past=True)),
    )
    if seen.since is not None:
        return due
    begun = select(SUBSCRIPTION.c.after_change).where(SUBSCRIPTION.c.name == subscription.name)
    told = exists().where(
        DIGEST_CHANGE.c.subscription == subscription.name,
        DIGEST_CHANGE.c.change_number == CHANGE.c.number,
    )
    return and_(due, CHANGE.c.number > begun.scalar_subquery(), _is_news(subscription), ~told)


def _is_news(subscription: Subscription) -> ColumnElement[bool]:
    """Recorded after the trial came to be watched, or after it got one of the tags."""
    # Who left a search is told that, and what came with it; nothing after.
    watched = and_(
        WATCH_TRIAL.c.trial_id == CHANGE.c.trial_id,
        or_(WATCH_TRIAL.c.left_at.is_(None), CHANGE.c.number <= WATCH_TRIAL.c.until_change),
        WATCH_TRIAL.c.after_change < CHANGE.c.number,
    )
    ways: list[ColumnElement[bool]] = []
    if subscription.searches or subscription.assets:
        ways.append(exists().where(watched, WATCH_TRIAL.c.watch_id.in_(_named(subscription))))
    if subscription.tags:
        tagged = exists().where(
            watched,
            WATCH_TAG.c.watch_id == WATCH_TRIAL.c.watch_id,
            WATCH_TAG.c.tag.in_(subscription.tags),
            WATCH_TAG.c.after_change < CHANGE.c.number,
        )
        ways.append(tagged)
    return and_(*ways) if ways else exists().where(watched)


def _named(subscription: Subscription) -> Select[tuple[int]]:
    """The watches of the searches and assets it names."""
    name = func.lower(WATCH.c.name)
    searches = name.in_([name.lower() for name in subscription.searches])
    assets = name.in_([name.lower() for name in subscription.assets])
    return select(WATCH.c.id).where(
        or_(and_(searches, WATCH.c.kind != "trial"), and_(assets, WATCH.c.kind == "asset"))
    )


def _chosen(subscription: Subscription) -> Select[tuple[str]]:
    """The names of the searches it is about: who chose trials by number chose none."""
    query = select(WATCH.c.name).where(WATCH.c.kind != "trial")
    if subscription.searches or subscription.assets:
        query = query.where(WATCH.c.id.in_(_named(subscription)))
    if subscription.tags:
        tagged = select(WATCH_TAG.c.watch_id).where(WATCH_TAG.c.tag.in_(subscription.tags))
        query = query.where(WATCH.c.id.in_(tagged))
    return query.where(false()) if subscription.trials or subscription.only_notices else query


def _count(connection: Connection, subscription: Subscription, covered: Select[tuple[int]]) -> int:
    """How many trials it covers, by sponsor and condition too."""
    if not (subscription.sponsors or subscription.conditions):
        return connection.scalar(select(func.count()).select_from(covered.subquery())) or 0
    query = select(TRIAL).where(TRIAL.c.id.in_(covered))
    return sum(subscription.is_about(trial_state(row)) for row in connection.execute(query))


def _notices(connection: Connection, subscription: Subscription, seen: _Seen) -> tuple[Notice, ...]:
    """First sights of covered trials and of searches chosen, and everything else, in order."""
    covered = covered_trials(subscription)
    about = covered.where(false()) if subscription.only_notices else covered
    query = select_notices().where(
        seen.holds(NOTICE.c.at),
        or_(
            NOTICE.c.kind.not_in(("baseline", "search")),
            and_(NOTICE.c.kind == "baseline", NOTICE.c.trial_id.in_(about)),
            and_(NOTICE.c.kind == "search", NOTICE.c.subject.in_(_chosen(subscription))),
        ),
    )
    if seen.since is None:
        begun = select(SUBSCRIPTION.c.after_notice).where(SUBSCRIPTION.c.name == subscription.name)
        told = exists().where(
            DIGEST_NOTICE.c.subscription == subscription.name, DIGEST_NOTICE.c.notice_id == NOTICE.c.id
        )
        query = query.where(NOTICE.c.id > begun.scalar_subquery(), ~told)
    return tuple(map(notice, connection.execute(query.order_by(NOTICE.c.id))))


def _findings_over(connection: Connection, change_ids: Sequence[str]) -> tuple[RecordedFinding, ...]:
    found: dict[int, RecordedFinding] = {}
    for batch in chunks(change_ids):
        over = select(FINDING_CHANGE.c.finding_id).where(FINDING_CHANGE.c.change_id.in_(batch))
        for row in connection.execute(select_findings().where(FINDING.c.id.in_(over))):
            found[row.number] = finding(row)
    return tuple(found[number] for number in sorted(found))


def _states(connection: Connection, trials: Iterable[TrialId]) -> dict[TrialId, TrialState]:
    found: dict[TrialId, TrialState] = {}
    for batch in chunks(sorted(trials)):
        query = select(TRIAL).where(TRIAL.c.number.in_([trial.id for trial in batch]))
        for row in connection.execute(query):
            state = trial_state(row)
            if state.trial in batch:
                found[state.trial] = state
    return found


def _unread(connection: Connection, covered: Select[tuple[int]]) -> tuple[TrialState, ...]:
    read_on = func.coalesce(TRIAL.c.checked_data_version, "")
    # Where not everything is read every time, what was read lately and is not known to be newer is no gap.
    fresh = and_(SWEEP.c.fresh_from.is_not(None), TRIAL.c.due_data_version.is_(None))
    query = (
        select(TRIAL)
        .join(SOURCE, SOURCE.c.registry == TRIAL.c.registry)
        .outerjoin(SWEEP, SWEEP.c.registry == TRIAL.c.registry)
        .where(
            TRIAL.c.id.in_(covered),
            TRIAL.c.id.in_(followed()),
            TRIAL.c.presence.not_in(UNREADABLE),
            SOURCE.c.data_version.is_not(None),
            read_on != SOURCE.c.data_version,
            or_(~fresh, read_on < SWEEP.c.fresh_from),
        )
        .order_by(TRIAL.c.id)
    )
    return tuple(map(trial_state, connection.execute(query)))
