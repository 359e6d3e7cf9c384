"""Claims before sends, T3 after them: many of each in one transaction.

A claim writes the attempt and its lease and commits before the network is touched. A process that dies in
between leaves an `open` attempt behind, which becomes `lost`; its delivery goes out again with the same id.
What an operator does with the outbox is not here, see `outbox`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, insert, or_, select, update

from monitor.core.delivery import MAX_RETRY_AFTER_S, Delivery, Ended, Settlement, Want
from monitor.store.engine import Found, Verbs
from monitor.store.recording import add_notices
from monitor.store.rows import delivery, plain
from monitor.store.tables import TABLES
from monitor.store.values import NoticeDraft

DELIVERY = TABLES["delivery"]
ATTEMPT = TABLES["attempt"]
CHANNEL = TABLES["channel_state"]
OPEN_STATES = ("pending", "leased")
_FARTHEST = timedelta(seconds=MAX_RETRY_AFTER_S) + timedelta(days=1)
"""No wait is longer: a time farther off was set by a clock that has been set back since."""
_OUTCOMES = {"sent": "sent", "pending": "later", "dead": "dead"}

_CLOSE = (
    update(ATTEMPT)
    .where(ATTEMPT.c.delivery_id == bindparam("of"), ATTEMPT.c.number == bindparam("attempt"))
    .values({name: bindparam(f"new_{name}") for name in ("outcome", "duration_s", "status", "excerpt")})
    .values(error=bindparam("new_error"), error_class=bindparam("new_error_class"))
)
_MOVE_ON = (
    update(DELIVERY)
    .where(DELIVERY.c.number == bindparam("at_number"))
    .values({name: bindparam(f"new_{name}") for name in ("state", "next_at", "last_error")})
    .values(lease_until=None)
)


class DispatchVerbs(Verbs):
    """What the deliverer asks of the outbox."""

    def due_channels(self, now: datetime) -> tuple[str, ...]:
        """Enabled channels with something due."""
        expired = and_(DELIVERY.c.state == "leased", DELIVERY.c.lease_until <= now)
        query = select(DELIVERY.c.channel).where(or_(_is_due(now), expired), _is_on()).distinct()
        with self._db.read() as connection:
            return tuple(sorted(connection.scalars(query)))

    def turn(
        self,
        ended: Sequence[Ended],
        wants: Sequence[Want],
        *,
        now: datetime,
        lease_s: float,
        notices: Sequence[NoticeDraft] = (),
        under_way: Collection[str] = (),
    ) -> tuple[Delivery, ...]:
        """Settle attempts (T3), and claim for the channels that want some, in one transaction.

        Claimed are the oldest due deliveries of enabled channels; each is leased and has its attempt row,
        and `Delivery.attempts` is the number of the attempt just opened. Leases that ran out are taken over,
        save those of `under_way`, which this process still holds.
        """
        with self._db.write() as connection:
            if ended:
                self._settle(connection, ended, notices)
            _take_over(connection, now, under_way)
            numbers = [number for want in wants for number in _wanted(connection, want, now)]
            return _claim(connection, numbers, now, lease_s)

    def claim(
        self, now: datetime, *, lease_s: float, limit: int, channels: Sequence[str] | None = None
    ) -> tuple[Delivery, ...]:
        """Take due deliveries of enabled channels, whichever or of these, oldest first; see `turn`."""
        query = select(DELIVERY.c.number).where(_is_due(now), _is_on())
        if channels is not None:
            query = query.where(DELIVERY.c.channel.in_(channels))
        query = query.order_by(DELIVERY.c.number).limit(limit).with_for_update(skip_locked=True)
        with self._db.write() as connection:
            _take_over(connection, now, ())
            return _claim(connection, list(connection.scalars(query)), now, lease_s)

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
        """T3 of one attempt: close it, move the delivery on, disable its channel where asked, add notices.

        False where the attempt is no longer the delivery's own; a late success counts all the same.
        """
        mine = and_(ATTEMPT.c.delivery_id == delivery_id, ATTEMPT.c.number == attempt)
        with self._db.write() as connection:
            started: datetime = connection.execute(select(ATTEMPT.c.started_at).where(mine)).scalar_one()
            took_s = (now - started).total_seconds()
            item = Ended(delivery_id, attempt, now, settlement, status, excerpt, duration_s=took_s)
            return bool(self._settle(connection, [item], notices))

    def void_leases(self, now: datetime) -> int:
        """For the holder of the daemon lock, at start: open attempts are `lost`, their deliveries due."""
        with self._db.write() as connection:
            return _free(connection, DELIVERY.c.state == "leased", now)

    def _settle(
        self, connection: Connection, ended: Sequence[Ended], notices: Sequence[NoticeDraft]
    ) -> set[str]:
        """Write what became of attempts; return the deliveries whose own they were."""
        if notices:
            self._db.in_order(connection)
        columns = (
            DELIVERY.c.number,
            DELIVERY.c.id,
            DELIVERY.c.state,
            DELIVERY.c.attempts,
            DELIVERY.c.channel,
        )
        ids = [item.delivery for item in ended]
        found = connection.execute(select(*columns).where(DELIVERY.c.id.in_(ids)).with_for_update())
        rows = {row.id: row for row in found}
        ended = [item for item in ended if item.delivery in rows]
        own = {item.delivery for item in ended if _is_own(rows[item.delivery], item)}
        late = {
            e.delivery for e in ended if e.settlement.state == "sent" and rows[e.delivery].state != "sent"
        }
        connection.execute(_CLOSE, [_closing(item) for item in ended])
        moves = [_moving(rows[e.delivery], e) for e in ended if e.delivery in own | late]
        if moves:
            connection.execute(_MOVE_ON, moves)
        for item in ended:
            if item.settlement.disable_channel:
                why = plain(item.settlement.error)
                off = {"name": rows[item.delivery].channel, "disabled_at": item.at, "reason": why}
                self._db.insert_new(connection, CHANNEL, [off])
        add_notices(self._db, connection, notices)
        return own


def _is_own(row: Found, item: Ended) -> bool:
    return bool(row.state == "leased" and row.attempts == item.attempt)


def _closing(item: Ended) -> Mapping[str, object]:
    return {
        "of": item.delivery,
        "attempt": item.attempt,
        "new_outcome": _OUTCOMES[item.settlement.state],
        "new_duration_s": item.duration_s,
        "new_status": item.status,
        "new_excerpt": plain(item.excerpt),
        "new_error": plain(item.settlement.error),
        "new_error_class": item.error_class,
    }


def _moving(row: Found, item: Ended) -> Mapping[str, object]:
    return {
        "at_number": row.number,
        "new_state": item.settlement.state,
        "new_next_at": item.settlement.next_at,
        "new_last_error": plain(item.settlement.error),
    }


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Waiting, and its time has come; or never tried, and made by a clock that has been set back since."""
    next_at = DELIVERY.c.next_at
    is_ahead = and_(DELIVERY.c.attempts == 0, DELIVERY.c.created_at > now)
    is_time = or_(next_at.is_(None), next_at <= now, next_at > now + _FARTHEST, is_ahead)
    return and_(DELIVERY.c.state == "pending", is_time)


def _is_on() -> ColumnElement[bool]:
    return DELIVERY.c.channel.not_in(select(CHANNEL.c.name))


def _take_over(connection: Connection, now: datetime, under_way: Collection[str]) -> None:
    """Leases that ran out are void, unless they are our own."""
    late = and_(DELIVERY.c.state == "leased", DELIVERY.c.lease_until <= now)
    ids = set(connection.scalars(select(DELIVERY.c.id).where(late))) - set(under_way)
    if ids:
        _free(connection, DELIVERY.c.id.in_(ids), now)


def _free(connection: Connection, leased: ColumnElement[bool], now: datetime) -> int:
    """Open attempts are `lost`, their deliveries due.

    None of them counts against the schedule: a process that dies ten times in an hour makes no dead letter.
    """
    lost = ATTEMPT.c.delivery_id.in_(select(DELIVERY.c.id).where(leased))
    connection.execute(update(ATTEMPT).where(ATTEMPT.c.outcome == "open", lost).values(outcome="lost"))
    due = {"state": "pending", "next_at": now, "lease_until": None}
    again = update(DELIVERY).where(leased).values(**due, round_from=DELIVERY.c.round_from + 1)
    return connection.execute(again).rowcount


def _wanted(connection: Connection, want: Want, now: datetime) -> Sequence[int]:
    """The numbers of what is claimed for a channel, oldest first."""
    query = select(DELIVERY.c.number).where(_is_due(now), _is_on(), DELIVERY.c.channel == want.channel)
    if want.serial:
        first = func.min(DELIVERY.c.number)
        is_open = DELIVERY.c.state.in_(OPEN_STATES)
        heads = select(first).where(is_open, DELIVERY.c.channel == want.channel)
        query = query.where(DELIVERY.c.number.in_(heads.group_by(DELIVERY.c.recipient)))
    query = query.order_by(DELIVERY.c.number).limit(want.number)
    return connection.scalars(query.with_for_update(skip_locked=True)).all()


def _claim(
    connection: Connection, numbers: Sequence[int], now: datetime, lease_s: float
) -> tuple[Delivery, ...]:
    if not numbers:
        return ()
    these = DELIVERY.c.number.in_(numbers)
    lease = {"state": "leased", "lease_until": now + timedelta(seconds=lease_s)}
    connection.execute(update(DELIVERY).where(these).values(attempts=DELIVERY.c.attempts + 1, **lease))
    claimed = connection.execute(select(DELIVERY).where(these).order_by(DELIVERY.c.number)).all()
    opened = {"started_at": now, "outcome": "open", "excerpt": ""}
    rows = [{"delivery_id": row.id, "number": row.attempts, **opened} for row in claimed]
    connection.execute(insert(ATTEMPT), rows)
    return tuple(map(delivery, claimed))
