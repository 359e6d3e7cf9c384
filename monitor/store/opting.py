"""Who wants no more messages from a channel: who has left, since when, and how they come back.

An address is the same in whatever case it is written. Nothing here decides what is sent: composing leaves
out who has left, and what was waiting for them is given up in the moment they leave (RFC 8058).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from monitor.store.engine import Verbs
from monitor.store.rows import plain
from monitor.store.tables import TABLES

OPT_OUT = TABLES["opt_out"]
DELIVERY = TABLES["delivery"]


@dataclass(frozen=True, slots=True)
class OptOut:
    """Somebody who has left a channel."""

    channel: str
    recipient: str
    """In lower case."""
    at: datetime


class OptVerbs(Verbs):
    """Leaving a channel, and coming back."""

    def opted_out(self, channel: str) -> frozenset[str]:
        """The recipients that want nothing more from a channel, in lower case."""
        return frozenset(one.recipient for one in self.opt_outs(channel))

    def opt_outs(self, channel: str) -> tuple[OptOut, ...]:
        """The same with when they left, the latest first."""
        query = select(OPT_OUT).where(OPT_OUT.c.channel == channel)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(OPT_OUT.c.at.desc(), OPT_OUT.c.recipient))
            return tuple(OptOut(row.channel, row.recipient, row.at) for row in rows)

    def opt_out(self, channel: str, recipient: str, now: datetime) -> bool:
        """Send this recipient nothing more: not later, and not what waits; False where it was so already."""
        who = plain(recipient).lower()
        theirs = (DELIVERY.c.channel == channel) & (func.lower(DELIVERY.c.recipient) == who)
        waiting = DELIVERY.c.state.in_(("pending", "dead"))
        mine = (OPT_OUT.c.channel == channel) & (OPT_OUT.c.recipient == who)
        with self._db.write() as connection:
            self._db.in_order(connection)
            connection.execute(update(DELIVERY).where(theirs, waiting).values(state="dropped", next_at=None))
            if connection.execute(select(OPT_OUT.c.at).where(mine)).first() is not None:
                return False
            connection.execute(insert(OPT_OUT).values(channel=channel, recipient=who, at=now))
        return True

    def opt_in(self, channel: str, recipient: str) -> bool:
        """Send to this recipient again, from the next digest on; False where they had not left."""
        mine = (OPT_OUT.c.channel == channel) & (OPT_OUT.c.recipient == plain(recipient).lower())
        with self._db.write() as connection:
            return connection.execute(delete(OPT_OUT).where(mine)).rowcount > 0
