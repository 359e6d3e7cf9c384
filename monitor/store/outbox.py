"""The outbox: claims before sends, T3 after them, and what an operator does with what is stuck.

A claim writes the attempt and its lease and commits before the network is touched. A process that dies in
between leaves an `open` attempt behind, which becomes `lost`; its delivery goes out again with the same id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from monitor.core.delivery import MAX_RETRY_AFTER_S, Attempt, Delivery, DeliveryState, Settlement
from monitor.store.engine import Found, Verbs, chunks
from monitor.store.recording import add_notices
from monitor.store.rows import delivery, plain
from monitor.store.tables import TABLES
from monitor.store.values import ChannelState, NoticeDraft

DELIVERY = TABLES["delivery"]
ATTEMPT = TABLES["attempt"]
CHANNEL = TABLES["channel_state"]
_FARTHEST = timedelta(seconds=MAX_RETRY_AFTER_S) + timedelta(days=1)
"""No wait is longer: a time farther off was set by a clock that has been set back since."""
_OUTCOMES = {"sent": "sent", "pending": "later", "dead": "dead"}


class OutboxVerbs(Verbs):
    """Deliveries, attempts and the state of channels."""

    def due_channels(self, now: datetime) -> tuple[str, ...]:
        """Enabled channels with something due."""
        with self._db.read() as connection:
            return tuple(sorted(connection.scalars(select(DELIVERY.c.channel).where(_due(now)).distinct())))

    def claim(
        self, now: datetime, *, lease_s: float, limit: int, channels: Sequence[str] | None = None
    ) -> tuple[Delivery, ...]:
        """Take due deliveries of enabled channels, oldest first; committed before any send.

        Each is leased and has its attempt row; `Delivery.attempts` is the number of the attempt just
        opened. Leases that ran out are taken over.
        """
        query = select(DELIVERY).where(_due(now)).order_by(DELIVERY.c.number).limit(limit)
        if channels is not None:
            query = query.where(DELIVERY.c.channel.in_(channels))
        with self._db.write() as connection:
            rows = connection.execute(query.with_for_update(skip_locked=True)).all()
            if not rows:
                return ()
            ids = [row.id for row in rows]
            _lose_open_attempts(connection, DELIVERY.c.id.in_(ids))
            connection.execute(
                update(DELIVERY)
                .where(DELIVERY.c.id.in_(ids))
                .values(
                    state="leased",
                    attempts=DELIVERY.c.attempts + 1,
                    lease_until=now + timedelta(seconds=lease_s),
                )
            )
            connection.execute(
                insert(ATTEMPT),
                [
                    {
                        "delivery_id": row.id,
                        "number": row.attempts + 1,
                        "started_at": now,
                        "outcome": "open",
                        "excerpt": "",
                    }
                    for row in rows
                ],
            )
            claimed = select(DELIVERY).where(DELIVERY.c.id.in_(ids)).order_by(DELIVERY.c.number)
            return tuple(map(delivery, connection.execute(claimed)))

    def settle(
        self,
        delivery_id: str,
        attempt: int,
        settlement: Settlement,
        *,
        now: datetime,
        status: int | None = None,
        excerpt: str = "",
        notices: Sequence[NoticeDraft] = (),
    ) -> bool:
        """T3: close the attempt, move the delivery on, disable its channel where asked, add notices.

        False where the attempt is no longer the delivery's own; a late success counts all the same.
        """
        with self._db.write() as connection:
            self._db.in_order(connection)
            row = connection.execute(
                select(DELIVERY).where(DELIVERY.c.id == delivery_id).with_for_update()
            ).one()
            _close_attempt(connection, delivery_id, attempt, settlement, now, status, excerpt)
            own = row.state == "leased" and row.attempts == attempt
            if own or (settlement.state == "sent" and row.state != "sent"):
                connection.execute(
                    update(DELIVERY)
                    .where(DELIVERY.c.id == delivery_id)
                    .values(
                        state=settlement.state,
                        next_at=settlement.next_at,
                        lease_until=None,
                        last_error=plain(settlement.error),
                    )
                )
            if settlement.disable_channel:
                off = {"name": row.channel, "disabled_at": now, "reason": plain(settlement.error)}
                self._db.insert_new(connection, CHANNEL, [off])
            add_notices(self._db, connection, notices)
        return bool(own)

    def void_leases(self, now: datetime) -> int:
        """For the holder of the daemon lock, at start: open attempts are `lost`, their deliveries due."""
        leased = DELIVERY.c.state == "leased"
        with self._db.write() as connection:
            _lose_open_attempts(connection, leased)
            freed = connection.execute(
                update(DELIVERY).where(leased).values(state="pending", next_at=now, lease_until=None)
            )
        return freed.rowcount

    def deliveries(
        self,
        *,
        states: Sequence[DeliveryState] = (),
        channel: str | None = None,
        digest: str | None = None,
        limit: int | None = None,
    ) -> tuple[Delivery, ...]:
        """The outbox, newest first."""
        query = select(DELIVERY).order_by(DELIVERY.c.number.desc()).limit(limit)
        if states:
            query = query.where(DELIVERY.c.state.in_(states))
        if channel is not None:
            query = query.where(DELIVERY.c.channel == channel)
        if digest is not None:
            query = query.where(DELIVERY.c.digest_id == digest)
        with self._db.read() as connection:
            return tuple(map(delivery, connection.execute(query)))

    def delivery(self, delivery_id: str) -> Delivery | None:
        """One delivery."""
        with self._db.read() as connection:
            row = connection.execute(select(DELIVERY).where(DELIVERY.c.id == delivery_id)).one_or_none()
        return None if row is None else delivery(row)

    def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """Its attempts, first to last."""
        query = select(ATTEMPT).where(ATTEMPT.c.delivery_id == delivery_id).order_by(ATTEMPT.c.number)
        with self._db.read() as connection:
            return tuple(map(_attempt, connection.execute(query)))

    def retry(self, delivery_ids: Iterable[str], now: datetime) -> tuple[str, ...]:
        """Make dead, dropped or waiting deliveries due now; return those that were."""
        values = {"state": "pending", "next_at": now, "lease_until": None}
        return self._move(delivery_ids, ("dead", "dropped", "pending"), values)

    def drop(self, delivery_ids: Iterable[str]) -> tuple[str, ...]:
        """Give up dead or waiting deliveries; return those that were."""
        return self._move(delivery_ids, ("dead", "pending"), {"state": "dropped", "next_at": None})

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
        self, delivery_ids: Iterable[str], states: Sequence[str], values: dict[str, object]
    ) -> tuple[str, ...]:
        moved: list[str] = []
        with self._db.write() as connection:
            for batch in chunks(dict.fromkeys(delivery_ids)):
                query = select(DELIVERY.c.id).where(DELIVERY.c.id.in_(batch), DELIVERY.c.state.in_(states))
                ids = set(connection.scalars(query.with_for_update()))
                connection.execute(update(DELIVERY).where(DELIVERY.c.id.in_(ids)).values(**values))
                moved += [item for item in batch if item in ids]
        return tuple(moved)


def _due(now: datetime) -> ColumnElement[bool]:
    """Waiting and due, or leased by somebody who took too long; and the channel is on."""
    next_at = DELIVERY.c.next_at
    return and_(
        or_(
            and_(
                DELIVERY.c.state == "pending",
                or_(next_at.is_(None), next_at <= now, next_at > now + _FARTHEST),
            ),
            and_(DELIVERY.c.state == "leased", DELIVERY.c.lease_until <= now),
        ),
        DELIVERY.c.channel.not_in(select(CHANNEL.c.name)),
    )


def _lose_open_attempts(connection: Connection, deliveries: ColumnElement[bool]) -> None:
    connection.execute(
        update(ATTEMPT)
        .where(
            ATTEMPT.c.outcome == "open", ATTEMPT.c.delivery_id.in_(select(DELIVERY.c.id).where(deliveries))
        )
        .values(outcome="lost")
    )


def _close_attempt(
    connection: Connection,
    delivery_id: str,
    number: int,
    settlement: Settlement,
    now: datetime,
    status: int | None,
    excerpt: str,
) -> None:
    mine = and_(ATTEMPT.c.delivery_id == delivery_id, ATTEMPT.c.number == number)
    started: datetime = connection.execute(select(ATTEMPT.c.started_at).where(mine)).scalar_one()
    connection.execute(
        update(ATTEMPT)
        .where(mine)
        .values(
            outcome=_OUTCOMES[settlement.state],
            duration_s=(now - started).total_seconds(),
            status=status,
            excerpt=plain(excerpt),
        )
    )


def _attempt(row: Found) -> Attempt:
    return Attempt(
        delivery=row.delivery_id,
        number=row.number,
        started_at=row.started_at,
        duration_s=row.duration_s,
        outcome=row.outcome,
        status=row.status,
        excerpt=row.excerpt,
    )
