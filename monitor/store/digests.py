"""T2: a digest, what it settles and the messages it became, at once; and the digests there were.

A change or a notice is settled once for each subscription: unique rows see to it, whoever composes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, and_, func, insert, or_, select

from monitor.core.change import LEVELS, Significance
from monitor.core.delivery import Delivery
from monitor.core.digest import Digest, DigestKind
from monitor.core.recorded import RecordedChange
from monitor.core.watching import Notice
from monitor.store.engine import Found, Verbs, chunks
from monitor.store.rows import (
    CHANGE,
    NOTICE,
    change,
    delivery_row,
    notice,
    select_changes,
    select_notices,
)
from monitor.store.tables import TABLES
from monitor.store.values import StoredDigest

DIGEST = TABLES["digest"]
DIGEST_CHANGE = TABLES["digest_change"]
DIGEST_NOTICE = TABLES["digest_notice"]
DELIVERY = TABLES["delivery"]


class DigestVerbs(Verbs):
    """What subscriptions are told."""

    def next_sequence(self, subscription: str) -> int:
        """The number of its next digest, from 1."""
        query = select(func.max(DIGEST.c.sequence)).where(DIGEST.c.subscription == subscription)
        with self._db.read() as connection:
            return (connection.scalar(query) or 0) + 1

    def next_ordinal(self, subscription: str, kind: DigestKind, period: str) -> int:
        """The next free ordinal of a period, from 1."""
        query = select(func.max(DIGEST.c.ordinal)).where(
            DIGEST.c.subscription == subscription, DIGEST.c.kind == kind, DIGEST.c.period == period
        )
        with self._db.read() as connection:
            return (connection.scalar(query) or 0) + 1

    def last_digest(self, subscription: str, kind: DigestKind | None = None) -> StoredDigest | None:
        """Its latest digest, of one kind or any."""
        query = _select_digests().where(DIGEST.c.subscription == subscription)
        if kind is not None:
            query = query.where(DIGEST.c.kind == kind)
        with self._db.read() as connection:
            row = connection.execute(query.order_by(DIGEST.c.number.desc()).limit(1)).one_or_none()
        return None if row is None else _digest(row)

    def digests(
        self, *, subscription: str | None = None, limit: int | None = None
    ) -> tuple[StoredDigest, ...]:
        """Digests, newest first."""
        query = _select_digests().order_by(DIGEST.c.number.desc()).limit(limit)
        if subscription is not None:
            query = query.where(DIGEST.c.subscription == subscription)
        with self._db.read() as connection:
            return tuple(map(_digest, connection.execute(query)))

    def digest(self, digest_id: str) -> StoredDigest | None:
        """One digest."""
        with self._db.read() as connection:
            row = connection.execute(_select_digests().where(DIGEST.c.id == digest_id)).one_or_none()
        return None if row is None else _digest(row)

    def digest_ids_like(self, beginning: str, *, limit: int = 2) -> tuple[str, ...]:
        """Ids that begin so; two are enough to know that there is more than one."""
        begins = DIGEST.c.id.startswith(beginning, autoescape=True)
        with self._db.read() as connection:
            return tuple(connection.scalars(select(DIGEST.c.id).where(begins).limit(limit)))

    def digest_changes(self, digest_id: str) -> tuple[RecordedChange, ...]:
        """The changes a digest told or folded, in order of their numbers."""
        query = (
            select_changes()
            .join(DIGEST_CHANGE, DIGEST_CHANGE.c.change_number == CHANGE.c.number)
            .where(DIGEST_CHANGE.c.digest_id == digest_id)
            .order_by(CHANGE.c.number)
        )
        with self._db.read() as connection:
            return tuple(map(change, connection.execute(query)))

    def digest_notices(self, digest_id: str) -> tuple[Notice, ...]:
        """The notices a digest told, baselines among them, in order."""
        query = (
            select_notices()
            .join(DIGEST_NOTICE, DIGEST_NOTICE.c.notice_id == NOTICE.c.id)
            .where(DIGEST_NOTICE.c.digest_id == digest_id)
            .order_by(NOTICE.c.id)
        )
        with self._db.read() as connection:
            return tuple(map(notice, connection.execute(query)))

    def told_since(
        self, subscription: str, since: datetime, until: datetime, *, least: Significance = "major"
    ) -> tuple[tuple[datetime, RecordedChange], ...]:
        """What its digests out of turn told after `since` and up to `until`, and when; at `least` so loud."""
        query = (
            select_changes()
            .add_columns(DIGEST.c.created_at.label("told_at"))
            .join(DIGEST_CHANGE, DIGEST_CHANGE.c.change_number == CHANGE.c.number)
            .join(DIGEST, DIGEST.c.id == DIGEST_CHANGE.c.digest_id)
            .where(
                DIGEST_CHANGE.c.subscription == subscription,
                DIGEST.c.kind.in_(("immediate", "manual")),
                DIGEST.c.created_at > since,
                DIGEST.c.created_at <= until,
                CHANGE.c.significance <= LEVELS.index(least),
            )
            .order_by(CHANGE.c.number)
        )
        with self._db.read() as connection:
            return tuple((row.told_at, change(row)) for row in connection.execute(query))

    def enqueue(
        self,
        digest: Digest,
        deliveries: Sequence[Delivery],
        *,
        told: Iterable[str],
        told_notices: Iterable[int] = (),
    ) -> bool:
        """T2: the digest, the ids of the changes and notices it settles, and the outbox, at once.

        False, and nothing is written, where this digest, or one of the subscription with any of the same
        changes or notices, exists already.
        """
        name = digest.subscription.name
        told_ids, notice_ids = tuple(dict.fromkeys(told)), tuple(dict.fromkeys(told_notices))
        with self._db.write() as connection:
            self._db.in_order(connection)
            numbers = _numbers(connection, told_ids)
            if _told_already(connection, digest, numbers, notice_ids):
                return False
            connection.execute(insert(DIGEST), _digest_row(digest))
            rows = {"subscription": name, "digest_id": digest.id}
            for table, items in (
                (DIGEST_CHANGE, [{**rows, "change_number": number} for number in numbers]),
                (DIGEST_NOTICE, [{**rows, "notice_id": number} for number in notice_ids]),
                (DELIVERY, [delivery_row(item) for item in deliveries]),
            ):
                if items:
                    connection.execute(insert(table), items)
        return True


def _numbers(connection: Connection, change_ids: Sequence[str]) -> list[int]:
    found: list[int] = []
    for batch in chunks(change_ids):
        found += connection.scalars(select(CHANGE.c.number).where(CHANGE.c.id.in_(batch)))
    return sorted(found)


def _told_already(
    connection: Connection, digest: Digest, numbers: Sequence[int], notice_ids: Sequence[int]
) -> bool:
    """Does this digest exist, or one of its subscription that tells any of the same?"""
    name = digest.subscription.name
    same = and_(
        DIGEST.c.subscription == name,
        DIGEST.c.kind == digest.kind,
        DIGEST.c.period == digest.period,
        DIGEST.c.ordinal == digest.ordinal,
    )
    clash = or_(
        DIGEST.c.id == digest.id,
        same,
        and_(DIGEST.c.subscription == name, DIGEST.c.sequence == digest.sequence),
    )
    queries = [select(DIGEST.c.number).where(clash)]
    for table, column, items in (
        (DIGEST_CHANGE, DIGEST_CHANGE.c.change_number, numbers),
        (DIGEST_NOTICE, DIGEST_NOTICE.c.notice_id, notice_ids),
    ):
        queries += [
            select(column).where(table.c.subscription == name, column.in_(batch)) for batch in chunks(items)
        ]
    return any(connection.execute(query.limit(1)).first() is not None for query in queries)


def _digest_row(digest: Digest) -> dict[str, object]:
    return {
        "id": digest.id,
        "subscription": digest.subscription.name,
        "kind": digest.kind,
        "period": digest.period,
        "ordinal": digest.ordinal,
        "sequence": digest.sequence,
        "created_at": digest.created_at,
        "since": digest.since,
        "until": digest.until,
        "folded": digest.folded,
    }


def _select_digests() -> Select[Found]:
    """Digests with how much they told and to how many."""

    def count(name: str) -> Found:
        table = TABLES[name]
        query = select(func.count()).select_from(table).where(table.c.digest_id == DIGEST.c.id)
        return query.scalar_subquery().label(name)

    return select(DIGEST, count("digest_change"), count("digest_notice"), count("delivery"))


def _digest(row: Found) -> StoredDigest:
    return StoredDigest(
        id=row.id,
        subscription=row.subscription,
        kind=row.kind,
        period=row.period,
        ordinal=row.ordinal,
        sequence=row.sequence,
        created_at=row.created_at,
        since=row.since,
        until=row.until,
        changes=row.digest_change,
        folded=row.folded,
        notices=row.digest_notice,
        deliveries=row.delivery,
    )
