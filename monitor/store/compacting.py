"""Making room: payloads packed anew with the dictionary, and those given up that retention does not keep.

A payload is given up, never a change: the first and latest versions of a trial are always kept, and every
younger one; those that were differences to what goes are packed anew before. Each page of trials is one short
transaction, so that a daemon may go on meanwhile, and whatever is interrupted is complete so far.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, Select, exists, func, select

from monitor.errors import LockedError, StoreError
from monitor.store.blobs import DROPPED, LONGEST, WHOLE, Base, Packed, Packer
from monitor.store.dictionaries import DictionaryVerbs
from monitor.store.engine import Found, mapped
from monitor.store.locks import DaemonLock
from monitor.store.payloads import BODY, REPACK, packer, repacked, resolved, with_bases
from monitor.store.rows import SNAPSHOT, TRIAL, Row
from monitor.store.values import Compacted

_PAGE = 50
"""Trials in one transaction: a few tens of milliseconds of packing."""

Progress = Callable[[int, int], None]


class CompactVerbs(DictionaryVerbs):
    """Making room."""

    def compact(
        self, *, now: datetime, keep_since: datetime | None = None, progress: Progress = lambda *_: None
    ) -> Compacted:
        """Pack what was packed without the dictionary; drop payloads of versions observed before a time.

        A damaged payload is left as it is and counted: `damage` tells which. `progress` is told how many
        trials were looked at, and of how many.
        """
        self.train_dictionary(now)
        total, done, last = self._trials(), 0, 0
        counts = Compacted()
        while True:
            with self._db.write() as connection:
                self._db.in_order(connection)
                ids = connection.scalars(
                    select(TRIAL.c.id).where(TRIAL.c.id > last).order_by(TRIAL.c.id).limit(_PAGE)
                ).all()
                pack = packer(self._db, connection)
                for versions in self._histories(connection, ids):
                    counts = counts.plus(self._compacted(connection, pack, versions, keep_since))
            done += len(ids)
            progress(done, total)
            if len(ids) < _PAGE:
                return counts
            last = ids[-1]

    def retire(self, *, keep_since: datetime, stop: Callable[[], bool] = lambda: False) -> Compacted:
        """Drop payloads of versions observed before a time, and look at no trial that has none to drop.

        The daemon's part of `compact`: between two pages `stop` is asked whether to leave the rest.
        """
        counts, last = Compacted(), 0
        while not stop():
            with self._db.read() as connection:
                ids = connection.scalars(_with_old_payloads(last, keep_since)).all()
            if ids:
                with self._db.write() as connection:
                    self._db.in_order(connection)
                    pack = packer(self._db, connection)
                    for versions in self._histories(connection, ids):
                        counts = counts.plus(self._compacted(connection, pack, versions, keep_since))
            if len(ids) < _PAGE:
                break
            last = ids[-1]
        return counts

    def checkpoint(self) -> None:
        """Write the log into the database file and make the log small, where nobody reads just now."""
        path = self._db.path
        if path is None or self._db.turn is None:
            return
        turn = self._db.turn.held()
        with mapped(self._db.place), turn, closing(sqlite3.connect(path, timeout=0)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def shrink_file(self) -> bool:
        """Give room back to the file system; False while a daemon runs, or on PostgreSQL."""
        path = self._db.path
        if path is None:
            return False
        try:
            with DaemonLock(self._db.state_dir), mapped(self._db.place):
                self._db.close()
                assert self._db.turn is not None
                with self._db.turn.held(), closing(sqlite3.connect(path, timeout=30)) as connection:
                    connection.execute("VACUUM")
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except LockedError:
            return False
        return True

    def _trials(self) -> int:
        with self._db.read() as connection:
            return connection.scalar(select(func.count()).select_from(TRIAL)) or 0

    def _histories(self, connection: Connection, trial_ids: Sequence[int]) -> Iterator[list[Found]]:
        """The versions of each trial, oldest first by our number."""
        query = (
            select(SNAPSHOT.c.trial_id, SNAPSHOT.c.seq, SNAPSHOT.c.digest, SNAPSHOT.c.observed_at)
            .add_columns(SNAPSHOT.c.submitted_on, SNAPSHOT.c.data_version)
            .add_columns(TRIAL.c.snapshot_seq, BODY.c.codec, BODY.c.sha256)
            .join(TRIAL, TRIAL.c.id == SNAPSHOT.c.trial_id)
            .join(BODY, BODY.c.digest == SNAPSHOT.c.digest)
            .where(SNAPSHOT.c.trial_id.in_(trial_ids))
            .order_by(SNAPSHOT.c.trial_id, SNAPSHOT.c.seq)
        )
        for _, versions in groupby(connection.execute(query), key=lambda row: row.trial_id):
            yield list(versions)

    def _compacted(
        self, connection: Connection, pack: Packer, versions: Sequence[Found], keep_since: datetime | None
    ) -> Compacted:
        """One trial."""
        kept = _kept(versions, keep_since)
        dropped = {one.digest for one in versions if one.codec != DROPPED} - kept
        if not dropped and not _wants_packing(versions, pack):
            return Compacted()
        packed = with_bases(connection, [one.digest for one in versions])
        whole: dict[str, bytes] = {}
        wanted = [one for one in dict.fromkeys(one.digest for one in versions) if one in kept]
        try:
            bodies = {one: resolved(self._db, connection, one, packed, whole) for one in wanted}
        except StoreError:
            return Compacted(damaged=1)
        rows = [*_repacked(bodies, packed, pack, dropped), *(_given_up(one, packed[one]) for one in dropped)]
        if rows:
            connection.execute(REPACK, rows)
        return Compacted(packed=len(rows) - len(dropped), dropped=len(dropped))


def _with_old_payloads(after: int, keep_since: datetime) -> Select[Found]:
    """The next trials that hold a payload neither first nor latest and older than that."""
    old = (
        exists()
        .where(SNAPSHOT.c.trial_id == TRIAL.c.id, SNAPSHOT.c.seq > 1, SNAPSHOT.c.seq != TRIAL.c.snapshot_seq)
        .where(SNAPSHOT.c.observed_at < keep_since)
        .where(BODY.c.digest == SNAPSHOT.c.digest, BODY.c.codec != DROPPED)
    )
    query = select(TRIAL.c.id).where(TRIAL.c.id > after, TRIAL.c.last_seq > 1, old)
    return query.order_by(TRIAL.c.id).limit(_PAGE)


def _kept(versions: Sequence[Found], keep_since: datetime | None) -> set[str]:
    """Digests of the payloads to keep: the first ones, the latest, and the young."""
    held = [one for one in versions if one.codec != DROPPED]
    if keep_since is None:
        return {one.digest for one in held}
    firsts = {min(versions, key=clock).seq for clock in (_number, _submitted, _observed)}
    return {
        one.digest
        for one in held
        if one.observed_at >= keep_since or one.seq in firsts or one.seq == one.snapshot_seq
    }


def _number(version: Found) -> int:
    """By our own count: what we saw first."""
    return int(version.seq)


def _observed(version: Found) -> tuple[datetime, int]:
    """By our clock: files of an earlier time may have been imported later."""
    return version.observed_at, version.seq


def _submitted(version: Found) -> tuple[str, int]:
    """By the registry's clock: its first version may have come by a back-fill."""
    day = version.submitted_on or version.data_version or version.observed_at.isoformat()
    return day[:10], version.seq


def _wants_packing(versions: Sequence[Found], pack: Packer) -> bool:
    """Is any of them packed without the dictionary there is, or without proof?"""
    return any(
        one.codec != DROPPED and (one.sha256 is None or (pack.dictionary and one.codec == WHOLE))
        for one in versions
    )


def _repacked(
    bodies: dict[str, bytes], packed: dict[str, Packed], pack: Packer, dropped: set[str]
) -> Iterator[Row]:
    """Those that are worth it, each against the version before it that is kept."""
    bases = {digest: one.base for digest, one in packed.items()}
    before: Base | None = None
    for digest, body in bodies.items():
        held = packed[digest]
        old_way = pack.dictionary is not None and held.codec == WHOLE
        if held.base in dropped or old_way or held.sha256 is None:
            fits = before is not None and held.base is not None and not _leads(before.digest, digest, bases)
            held = pack.pack(body, before if fits else None)
            bases[digest] = held.base
            yield repacked(digest, held)
        before = Base(digest, body, min(held.depth, LONGEST))


def _leads(digest: str, to: str, bases: dict[str, str | None]) -> bool:
    """Is one payload packed against another, directly or through others? Then not the other way around.

    A payload that was dropped and came again stands before what it is packed against.
    """
    at: str | None = digest
    while at is not None and at != to:
        at = bases.get(at)
    return at == to


def _given_up(digest: str, old: Packed) -> Row:
    return repacked(digest, Packed(DROPPED, old.size, b"", old.sha256))
