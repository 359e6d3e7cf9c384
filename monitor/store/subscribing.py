"""Subscriptions as they stand: when each began, whether it is paused, and whether it can be told.

Nothing here knows what a subscription is about: that is the configuration's, and `pending` asks it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, select, update

from monitor.store.engine import Found, Verbs
from monitor.store.recording import add_notices
from monitor.store.rows import NOTICE, plain
from monitor.store.tables import TABLES
from monitor.store.values import NoticeDraft, SubscriptionState
from monitor.store.watching import last_change

SUBSCRIPTION = TABLES["subscription_state"]
WATCH_TAG = TABLES["watch_tag"]


class SubscriptionVerbs(Verbs):
    """When subscriptions begin, pause, fail and go on."""

    def begin_subscription(self, name: str, now: datetime) -> SubscriptionState:
        """Make a subscription begin, or tell when it did: earlier changes belong to none of its digests."""
        found = self.subscription(name)
        if found is not None:
            return found
        with self._db.write() as connection:
            self._db.in_order(connection)
            # Somebody else may have begun it meanwhile.
            if connection.execute(select(SUBSCRIPTION).where(SUBSCRIPTION.c.name == name)).first() is None:
                begun = {
                    "name": name,
                    "begun_at": now,
                    "after_change": last_change(connection),
                    "after_notice": connection.scalar(select(func.max(NOTICE.c.id))) or 0,
                    "paused_why": "",
                }
                connection.execute(insert(SUBSCRIPTION), [begun])
        return self.subscription(name) or SubscriptionState(name, now)

    def subscription(self, name: str) -> SubscriptionState | None:
        """When a subscription began; None where it has not."""
        query = select(SUBSCRIPTION).where(SUBSCRIPTION.c.name == name)
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _state(row)

    def failing_subscriptions(self) -> tuple[SubscriptionState, ...]:
        """Those of which no digest can be composed, by name."""
        query = select(SUBSCRIPTION).where(SUBSCRIPTION.c.failing_since.is_not(None))
        with self._db.read() as connection:
            return tuple(map(_state, connection.execute(query.order_by(SUBSCRIPTION.c.name))))

    def subscription_fails(self, name: str, why: str, notice: NoticeDraft) -> bool:
        """No digest of it could be composed: told once, until one can be. False where that is known."""
        begins = (SUBSCRIPTION.c.name == name) & SUBSCRIPTION.c.failing_since.is_(None)
        values = {"failing_since": notice.at, "failing_why": plain(why)}
        with self._db.write() as connection:
            self._db.in_order(connection)
            news = connection.execute(update(SUBSCRIPTION).where(begins).values(**values)).rowcount > 0
            if news:
                add_notices(self._db, connection, [notice])
        return news

    def subscription_works(self, name: str) -> None:
        """Digests of it can be composed again."""
        values = {"failing_since": None, "failing_why": ""}
        with self._db.write() as connection:
            connection.execute(update(SUBSCRIPTION).where(SUBSCRIPTION.c.name == name).values(**values))

    def tags(self) -> tuple[str, ...]:
        """Every tag on the watch list."""
        with self._db.read() as connection:
            return tuple(sorted(connection.scalars(select(WATCH_TAG.c.tag).distinct())))

    def pause_subscription(self, name: str, why: str, now: datetime) -> bool:
        """Compose nothing for it until it is resumed; it begins where it has not. False where it was paused.

        A pause keeps its time; its reason is replaced where another is given.
        """
        before = self.begin_subscription(name, now)
        values: dict[str, object] = {} if before.paused_at else {"paused_at": now}
        if why or not before.paused_at:
            values["paused_why"] = plain(why)
        if values:
            with self._db.write() as connection:
                connection.execute(update(SUBSCRIPTION).where(SUBSCRIPTION.c.name == name).values(**values))
        return before.paused_at is None

    def resume_subscription(self, name: str) -> bool:
        """Compose for it again, beginning with all that waited; False where it was not paused."""
        paused = (SUBSCRIPTION.c.name == name) & SUBSCRIPTION.c.paused_at.is_not(None)
        with self._db.write() as connection:
            done = connection.execute(
                update(SUBSCRIPTION).where(paused).values(paused_at=None, paused_why="")
            )
        return done.rowcount > 0


def _state(row: Found) -> SubscriptionState:
    return SubscriptionState(
        row.name, row.begun_at, row.paused_at, row.paused_why, row.failing_since, row.failing_why
    )
