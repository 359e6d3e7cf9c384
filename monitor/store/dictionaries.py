"""The compression dictionary: trained once, from the installation's own payloads.

None ships; it is written in a transaction of its own. What was stored before stays as it is until `compact`
packs it anew; a dictionary is never altered and never taken away: what is packed with it needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from monitor.store.blobs import DROPPED, TRAINED_FROM, trained
from monitor.store.engine import Verbs
from monitor.store.payloads import BODY, DICTIONARY, read_bodies

_MOST_BYTES = 64_000_000
"""Trained from no more than this, however large the payloads are."""


class DictionaryVerbs(Verbs):
    """Training it when there is enough to train from."""

    def train_dictionary(self, now: datetime, *, least: int = TRAINED_FROM) -> bool:
        """Train one where there is none and so many whole payloads are held; was it done?"""
        if self._db.dictionaries or self._db.untrainable:
            return False
        with self._db.read() as connection:
            if not _is_wanted(connection, least):
                return False
            bodies = list(self._samples(connection, least))
        content = trained(bodies)
        if content is None:
            self._db.untrainable = True
            return False
        row = {"created_at": now, "trained_from": len(bodies), "data": content}
        with self._db.write() as connection:
            self._db.in_order(connection)
            if not _is_wanted(connection, least):
                return False
            connection.execute(insert(DICTIONARY), row)
        return True

    def _samples(self, connection: Connection, count: int) -> Iterator[bytes]:
        """The first versions held, up to a number and a size."""
        query = select(BODY.c.digest).where(BODY.c.base.is_(None), BODY.c.codec != DROPPED).limit(count)
        size = 0
        for _, body in read_bodies(self._db, connection, connection.scalars(query).all()):
            size += len(body)
            if size > _MOST_BYTES:
                return
            yield body


def _is_wanted(connection: Connection, least: int) -> bool:
    """Is there none yet, and enough to train one from?"""
    if connection.scalar(select(DICTIONARY.c.id).limit(1)) is not None:
        return False
    some = select(BODY.c.digest).where(BODY.c.base.is_(None), BODY.c.codec != DROPPED).limit(least)
    return (connection.scalar(select(func.count()).select_from(some.subquery())) or 0) >= least
