"""The outbox as people see it: what was sent, what waits, what was given up, and what they do about it.

Sending again is a new round: the same id and the same bytes, with the whole schedule before it. Nothing is
sent to somebody who has left since. Claims and settlements are not here, see `dispatching`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, select, update

from monitor.core.delivery import Attempt, Delivery, DeliveryState
from monitor.store.dispatching import OPEN_STATES
from monitor.store.engine import CHUNK, Found, Verbs, chunks
from monitor.store.rows import delivery, plain
from monitor.store.tables import TABLES
from monitor.store.values import ChannelState

DELIVERY = TABLES["delivery"]
ATTEMPT = TABLES["attempt"]
CHANNEL = TABLES["channel_state"]
NOTICE = TABLES["notice"]
OPT_OUT = TABLES["opt_out"]
_STUCK_TRIES = 3
_SETTLED: tuple[DeliveryState, ...] = ("sent", "dead", "dropped")


@dataclass(frozen=True, slots=True)
class ChannelLoad:
    """What waits for a channel, and what was given up."""

    channel: str
    waiting: int
    failing: int
    """Of those, tried in vain so far."""
    stuck: int
    """Of those, tried so often that they have been waiting for minutes."""
    dead: int
    oldest_at: datetime | None
    """When the oldest that waits was made."""
    next_at: datetime | None
    """When the next of them is due."""
    last_error: str
    """What was said to the last of them that was tried in vain."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a delivery stands."""

    state: DeliveryState
    channel: str
    is_due: bool


class OutboxVerbs(Verbs):
    """Deliveries, attempts and the state of channels."""

    def deliveries(
        self,
        *,
        states: Sequence[DeliveryState] = (),
        channel: str | None = None,
        digest: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> tuple[Delivery, ...]:
        """The outbox, newest first; made from `since` on, and before `until`."""
        which = _which(states, channel, digest, since, until)
        query = select(DELIVERY).where(*which).order_by(DELIVERY.c.number.desc()).limit(limit)
        with self._db.read() as connection:
            return tuple(map(delivery, connection.execute(query)))

    def delivery_ids(
        self,
        *,
        states: Sequence[DeliveryState] = (),
        channel: str | None = None,
        digest: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[str, ...]:
        """The ids of the same, oldest first, without their bytes."""
        which = _which(states, channel, digest, since, until)
        with self._db.read() as connection:
            return tuple(connection.scalars(select(DELIVERY.c.id).where(*which).order_by(DELIVERY.c.number)))

    def replayable(
        self,
        *,
        digest: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        channel: str | None = None,
    ) -> tuple[str, ...]:
        """The ids of what may be sent again, oldest first.

        That is not what is on its way, nor what is for somebody who has left, nor what is kept no longer.
        """
        which = (*_which(_SETTLED, channel, digest, since, until), ~_has_left(), _is_kept())
        with self._db.read() as connection:
            return tuple(connection.scalars(select(DELIVERY.c.id).where(*which).order_by(DELIVERY.c.number)))

    def forgotten(
        self,
        *,
        digest: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        channel: str | None = None,
    ) -> int:
        """How many of the same cannot be sent again because their bytes are kept no longer."""
        which = (*_which(_SETTLED, channel, digest, since, until), ~_is_kept())
        with self._db.read() as connection:
            return connection.scalar(select(func.count()).select_from(DELIVERY).where(*which)) or 0

    def forget(self, before: datetime, *, limit: int = CHUNK) -> int:
        """Let go of the bytes of some messages sent or dropped, made before then; return of how many.

        The rows, their ids and their attempts stay.
        """
        done = (DELIVERY.c.state.in_(("sent", "dropped")), DELIVERY.c.created_at < before, _is_kept())
        with self._db.write() as connection:
            numbers = connection.scalars(select(DELIVERY.c.number).where(*done).limit(limit)).all()
            connection.execute(update(DELIVERY).where(DELIVERY.c.number.in_(numbers)).values(content=b""))
        return len(numbers)

    def delivery(self, delivery_id: str) -> Delivery | None:
        """One delivery."""
        with self._db.read() as connection:
            row = connection.execute(select(DELIVERY).where(DELIVERY.c.id == delivery_id)).one_or_none()
        return None if row is None else delivery(row)

    def ids_like(self, beginning: str, *, limit: int = 2) -> tuple[str, ...]:
        """Ids that begin so; two are enough to know that there is more than one."""
        begins = DELIVERY.c.id.startswith(beginning, autoescape=True)
        with self._db.read() as connection:
            return tuple(connection.scalars(select(DELIVERY.c.id).where(begins).limit(limit)))

    def standing(self, delivery_ids: Iterable[str], now: datetime) -> Counter[Stand]:
        """How many of these deliveries there are, by where they stand."""
        found: Counter[Stand] = Counter()
        is_due = case((and_(DELIVERY.c.state == "pending", DELIVERY.c.next_at <= now), 1), else_=0)
        what = (DELIVERY.c.state, DELIVERY.c.channel, is_due.label("is_due"))
        with self._db.read() as connection:
            for batch in chunks(dict.fromkeys(delivery_ids)):
                query = select(*what, func.count()).where(DELIVERY.c.id.in_(batch)).group_by(*what)
                for state, channel, due, number in connection.execute(query):
                    found[Stand(state, channel, is_due=bool(due))] += number
        return found

    def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """Its attempts, first to last."""
        query = select(ATTEMPT).where(ATTEMPT.c.delivery_id == delivery_id).order_by(ATTEMPT.c.number)
        with self._db.read() as connection:
            return tuple(map(_attempt, connection.execute(query)))

    def retry(self, delivery_ids: Iterable[str], now: datetime) -> tuple[str, ...]:
        """Make dead, dropped or waiting deliveries due now, in a new round; return those that were."""
        return self._move(delivery_ids, ("dead", "dropped", "pending"), _again(now), ~_has_left(), _is_kept())

    def replay(self, delivery_ids: Iterable[str], now: datetime) -> tuple[str, ...]:
        """The same for sent, dead and dropped ones: same id, same bytes; return those that were."""
        return self._move(delivery_ids, ("sent", "dead", "dropped"), _again(now), ~_has_left(), _is_kept())

    def drop(self, delivery_ids: Iterable[str]) -> tuple[str, ...]:
        """Give up dead or waiting deliveries; return those that were."""
        return self._move(delivery_ids, ("dead", "pending"), {"state": "dropped", "next_at": None})

    def channel_loads(self) -> tuple[ChannelLoad, ...]:
        """Channels for which something waits, or was given up, by name."""
        is_open = DELIVERY.c.state.in_(OPEN_STATES)
        fails = and_(is_open, DELIVERY.c.last_error != "")
        query = (
            select(
                DELIVERY.c.channel,
                func.sum(case((is_open, 1), else_=0)).label("waiting"),
                func.sum(case((fails, 1), else_=0)).label("failing"),
                func.sum(case((and_(fails, DELIVERY.c.attempts >= _STUCK_TRIES), 1), else_=0)).label("stuck"),
                func.sum(case((DELIVERY.c.state == "dead", 1), else_=0)).label("dead"),
                func.min(case((is_open, DELIVERY.c.created_at))).label("oldest_at"),
                func.min(case((is_open, DELIVERY.c.next_at))).label("next_at"),
                func.max(case((fails, DELIVERY.c.number))).label("said_to"),
            )
            .where(DELIVERY.c.state.in_((*OPEN_STATES, "dead")))
            .group_by(DELIVERY.c.channel)
        )
        with self._db.read() as connection:
            rows = connection.execute(query).all()
            said = select(DELIVERY.c.number, DELIVERY.c.last_error)
            said = said.where(DELIVERY.c.number.in_([row.said_to for row in rows if row.said_to]))
            words = {row.number: row.last_error for row in connection.execute(said)}
        loads = [
            ChannelLoad(
                row.channel,
                row.waiting,
                row.failing,
                row.stuck,
                row.dead,
                row.oldest_at,
                row.next_at,
                words.get(row.said_to, ""),
            )
            for row in rows
        ]
        return tuple(sorted(loads, key=lambda load: load.channel))

    def waiting_for(self, channel: str) -> int:
        """How many messages wait for a channel."""
        query = select(func.count()).where(DELIVERY.c.state == "pending", DELIVERY.c.channel == channel)
        with self._db.read() as connection:
            return connection.scalar(query) or 0

    def told_of_outage(self, channel: str, since: datetime) -> bool:
        """Was a dead letter of this channel told from `since` on, and nothing made later sent since?"""
        told = select(func.max(NOTICE.c.at)).where(
            NOTICE.c.kind == "dead_letter", NOTICE.c.subject == channel, NOTICE.c.at >= since
        )
        newest = (
            select(DELIVERY.c.created_at)
            .where(DELIVERY.c.state == "sent", DELIVERY.c.channel == channel)
            .order_by(DELIVERY.c.number.desc())
            .limit(1)
        )
        with self._db.read() as connection:
            told_at = connection.scalar(told)
            made_at = connection.scalar(newest)
        return told_at is not None and (made_at is None or made_at <= told_at)

    def disabled_channels(self) -> tuple[ChannelState, ...]:
        """Channels that are off, by name."""
        with self._db.read() as connection:
            found = [
                ChannelState(row.name, row.disabled_at, row.reason)
                for row in connection.execute(select(CHANNEL))
            ]
        return tuple(sorted(found, key=lambda channel: channel.name))

    def disable_channel(self, name: str, reason: str, now: datetime) -> None:
        """Claim nothing more for a channel until it is enabled again."""
        with self._db.write() as connection:
            self._db.insert_new(
                connection, CHANNEL, [{"name": name, "disabled_at": now, "reason": plain(reason)}]
            )

    def enable_channel(self, name: str) -> bool:
        """Claim for it again; False where it was not off."""
        with self._db.write() as connection:
            return connection.execute(delete(CHANNEL).where(CHANNEL.c.name == name)).rowcount > 0

    def _move(
        self,
        delivery_ids: Iterable[str],
        states: Sequence[str],
        values: dict[str, object],
        *where: ColumnElement[bool],
    ) -> tuple[str, ...]:
        moved: list[str] = []
        with self._db.write() as connection:
            for batch in chunks(dict.fromkeys(delivery_ids)):
                query = select(DELIVERY.c.id).where(DELIVERY.c.id.in_(batch), DELIVERY.c.state.in_(states))
                ids = set(connection.scalars(query.where(*where).with_for_update()))
                connection.execute(update(DELIVERY).where(DELIVERY.c.id.in_(ids)).values(**values))
                moved += [item for item in batch if item in ids]
        return tuple(moved)


def _again(now: datetime) -> dict[str, object]:
    due = {"state": "pending", "next_at": now, "lease_until": None}
    return {**due, "round_from": DELIVERY.c.attempts}


def _has_left() -> ColumnElement[bool]:
    """Does its recipient want no more messages from the channel?"""
    return exists().where(
        OPT_OUT.c.channel == DELIVERY.c.channel, OPT_OUT.c.recipient == func.lower(DELIVERY.c.recipient)
    )


def _is_kept() -> ColumnElement[bool]:
    """Are its bytes still held?"""
    return DELIVERY.c.content != b""


def _which(
    states: Sequence[DeliveryState],
    channel: str | None,
    digest: str | None,
    since: datetime | None,
    until: datetime | None,
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if states:
        found.append(DELIVERY.c.state.in_(states))
    if channel is not None:
        found.append(DELIVERY.c.channel == channel)
    if digest is not None:
        found.append(DELIVERY.c.digest_id == digest)
    if since is not None:
        found.append(DELIVERY.c.created_at >= since)
    if until is not None:
        found.append(DELIVERY.c.created_at < until)
    return found


def _attempt(row: Found) -> Attempt:
    return Attempt(
        delivery=row.delivery_id,
        number=row.number,
        started_at=row.started_at,
        duration_s=row.duration_s,
        outcome=row.outcome,
        status=row.status,
        excerpt=row.excerpt,
        error=row.error,
        error_class=row.error_class,
    )
