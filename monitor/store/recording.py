"""T1: what a batch of fetched records becomes, in one transaction.

Payloads are packed before the transaction begins, so that nobody waits for a compressor. Every identity is
derived and every insert leaves what is there alone: the same batch twice is the same database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from sqlalchemy import Connection, select, update

from monitor.core.record import TrialId
from monitor.errors import LockedError
from monitor.store.blobs import Base
from monitor.store.dictionaries import DictionaryVerbs
from monitor.store.drafting import Draft
from monitor.store.engine import Database, Found, chunks
from monitor.store.payloads import bases_for, body_row, known_bodies, packer
from monitor.store.rows import NOTICE, QUARANTINE, SNAPSHOT, Row, notice_row
from monitor.store.values import NoticeDraft, Recording
from monitor.store.watching import (
    SEARCH,
    WATCH_TRIAL,
    known_trials,
    last_change,
    trial_rows,
    watch_ids,
    watch_tags,
    watch_trials,
)


class RecordVerbs(DictionaryVerbs):
    """Writing what was fetched."""

    def record(self, recordings: Iterable[Recording]) -> None:
        """T1: write a batch in one transaction, all or nothing; what is there already is left alone.

        Raises LockedError where another process gave the trial a newer snapshot meanwhile: read it again.
        """
        batch = tuple(recordings)
        if not batch:
            return
        bodies, known = self._packed(batch)
        trials = tuple(dict.fromkeys(one.trial for one in batch))
        with self._db.write() as connection:
            self._db.in_order(connection)
            _require_held(connection, known)
            draft = Draft.of(trials, trial_rows(connection, trials))
            draft.place(batch, _held_snapshots(connection, draft, batch))
            draft.write_trials(connection)
            # Before the changes: what happened on the way to the new number is news to its new watch.
            _follow_renamed(self._db, connection, batch)
            draft.write_history(self._db, connection, bodies)
            _accept_quarantined(connection, batch, draft)
            add_notices(self._db, connection, [item for one in batch for item in one.notices])
        # All is written by now: where others are writing, the next batch trains it as well.
        with suppress(LockedError):
            self.train_dictionary(batch[-1].checked_at)

    def add_notices(self, notices: Sequence[NoticeDraft]) -> None:
        """Note what must be told, outside of a recording."""
        with self._db.write() as connection:
            self._db.in_order(connection)
            add_notices(self._db, connection, notices)

    def _packed(self, batch: Sequence[Recording]) -> tuple[list[Row], set[str]]:
        """Rows for the payloads, later versions packed against those before; and which are held already."""
        new = [(one.trial, one.snapshot, one.body) for one in batch if one.snapshot]
        later = [(trial, snapshot) for trial, snapshot, _ in new if snapshot.seq > 1]
        held: set[str] = set()
        bases: dict[TrialId, Base] = {}
        with self._db.read() as connection:
            pack = packer(self._db, connection)
            if later:
                held = known_bodies(connection, [snapshot.digest for _, snapshot in later])
                bases = bases_for(self._db, connection, [trial for trial, _ in later])
        first = {snapshot.digest: body for _, snapshot, body in new if snapshot.seq == 1 and body}
        whole = dict(zip(first, pack.pack_all([*first.values()]), strict=True))
        rows: list[Row] = []
        packed_already = set(held)
        for trial, snapshot, body in new:
            if body is None or snapshot.digest in packed_already:
                continue
            packed_already.add(snapshot.digest)
            packed = whole.get(snapshot.digest) or pack.pack(body, bases.get(trial))
            bases[trial] = Base(snapshot.digest, body, packed.depth)
            rows.append(body_row(snapshot.digest, packed))
        return rows, held


def add_notices(database: Database, connection: Connection, notices: Sequence[NoticeDraft]) -> None:
    """Add notices inside a transaction; those said before, at the same time, are one."""
    about = known_trials(database, connection, [item.trial for item in notices if item.trial])
    rows = [notice_row(item, about[item.trial] if item.trial else None) for item in notices]
    database.insert_new(connection, NOTICE, rows)


def _require_held(connection: Connection, digests: set[str]) -> None:
    """What was held before the transaction must be so still: retention may have dropped it in between."""
    if known_bodies(connection, digests) != digests:
        raise LockedError(
            "payloads were dropped meanwhile", remedy="read it again and record what is new then"
        )


def _held_snapshots(connection: Connection, draft: Draft, batch: Sequence[Recording]) -> dict[str, int]:
    """The numbers, by identity, of those snapshots of a batch that are held already."""
    known = [one for one in batch if one.snapshot and draft.trials[one.trial]["last_seq"]]
    found: dict[str, int] = {}
    for identities in chunks(one.snapshot.identity for one in known if one.snapshot):
        query = select(SNAPSHOT.c.identity, SNAPSHOT.c.seq).where(SNAPSHOT.c.identity.in_(identities))
        found.update((row.identity, row.seq) for row in connection.execute(query))
    return found


def _accept_quarantined(connection: Connection, batch: Sequence[Recording], draft: Draft) -> None:
    """What is recorded now is no longer doubted."""
    doubted = select(QUARANTINE.c.id).where(QUARANTINE.c.state == "held")
    if connection.execute(doubted.limit(1)).first() is None:
        return
    held: dict[tuple[int, str], Found] = {}
    for ids in chunks(draft.trials[one.trial]["id"] for one in batch if one.snapshot):
        query = select(QUARANTINE.c.id, QUARANTINE.c.trial_id, QUARANTINE.c.digest).where(
            QUARANTINE.c.state == "held", QUARANTINE.c.trial_id.in_(ids)
        )
        held |= {(row.trial_id, row.digest): row.id for row in connection.execute(query)}
    believed = [
        held.get((draft.trials[one.trial]["id"], one.snapshot.digest)) for one in batch if one.snapshot
    ]
    numbers = [number for number in believed if number is not None]
    if numbers:
        connection.execute(update(QUARANTINE).where(QUARANTINE.c.id.in_(numbers)).values(state="accepted"))


def _follow_renamed(database: Database, connection: Connection, batch: Sequence[Recording]) -> None:
    """Whoever watches a number that was merged into another watches that one from now on as well."""
    for one in batch:
        if one.renamed_to is None:
            continue
        ids = known_trials(database, connection, [one.trial, one.renamed_to])
        watched = watch_ids(connection, [one.trial]).get(one.trial)
        if watched is not None:
            tags = watch_tags(connection, watched)
            watch_trials(database, connection, [one.renamed_to], tags=tags, note="", now=one.checked_at)
        in_searches = select(WATCH_TRIAL).where(
            WATCH_TRIAL.c.trial_id == ids[one.trial],
            WATCH_TRIAL.c.left_at.is_(None),
            WATCH_TRIAL.c.watch_id.in_(select(SEARCH.c.watch_id)),
        )
        changed = {
            "trial_id": ids[one.renamed_to],
            "entered_at": one.checked_at,
            "after_change": last_change(connection),
        }
        rows = [{**row._mapping, **changed} for row in connection.execute(in_searches)]
        database.insert_new(connection, WATCH_TRIAL, rows)
