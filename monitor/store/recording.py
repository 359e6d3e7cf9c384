"""T1: what a batch of fetched records becomes, in one transaction.

Payloads are packed before the transaction begins, so that nobody waits for a compressor. Every identity is
derived and every insert leaves what is there alone: the same batch twice is the same database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from monitor.core.change import RecordedChange
from monitor.core.record import TrialId
from monitor.errors import LockedError
from monitor.store.blobs import Packed, Packer
from monitor.store.engine import Database, Found, Verbs, chunks
from monitor.store.payloads import bases_for, known_bodies
from monitor.store.rows import (
    CHANGE,
    FINDING,
    NOTICE,
    QUARANTINE,
    SNAPSHOT,
    TRIAL,
    Row,
    change_row,
    finding_row,
    notice_row,
    plain,
    snapshot_row,
)
from monitor.store.tables import TABLES
from monitor.store.values import NoticeDraft, Recording
from monitor.store.watching import known_trials, trial_rows, watch_ids, watch_tags, watch_trials

BODY = TABLES["body"]
FINDING_CHANGE = TABLES["finding_change"]
_MOVING = (
    "presence",
    "title",
    "sponsor",
    "overall_status",
    "phases",
    "snapshot_seq",
    "last_seq",
    "checked_data_version",
    "checked_at",
    "changed_at",
    "renamed_to",
    "absent_since",
)
_UPDATE_TRIAL = (
    update(TRIAL).where(TRIAL.c.id == bindparam("row_id")).values({name: bindparam(name) for name in _MOVING})
)


class RecordVerbs(Verbs):
    """Writing what was fetched."""

    def record(self, recordings: Iterable[Recording]) -> None:
        """T1: write a batch in one transaction, all or nothing; what is there already is left alone.

        Raises LockedError where another process gave the trial a newer snapshot meanwhile: read it again.
        """
        batch = tuple(recordings)
        if not batch:
            return
        bodies = self._packed(batch)
        with self._db.write() as connection:
            self._db.in_order(connection)
            draft = _Draft(_current_rows(self._db, connection, batch), _known_snapshots(connection, batch))
            for recording in batch:
                draft.take(recording)
            # Before the changes: what happened on the way to the new number is news to its new watch.
            _follow_renamed(self._db, connection, batch)
            draft.write(self._db, connection, bodies)
            _accept_quarantined(connection, batch, draft)
            add_notices(self._db, connection, [item for one in batch for item in one.notices])

    def add_notices(self, notices: Sequence[NoticeDraft]) -> None:
        """Note what must be told, outside of a recording."""
        with self._db.write() as connection:
            self._db.in_order(connection)
            add_notices(self._db, connection, notices)

    def _packed(self, batch: Sequence[Recording]) -> list[Row]:
        """Rows for the payloads that are not held yet, later versions packed against earlier ones."""
        new = [one for one in batch if one.snapshot is not None and one.body is not None]
        with self._db.read() as connection:
            known = known_bodies(connection, [one.snapshot.digest for one in new if one.snapshot])
            later = [one.trial for one in new if one.snapshot and one.snapshot.seq > 1]
            bases = bases_for(connection, later)
        packer = Packer()
        rows: list[Row] = []
        for one in new:
            if one.snapshot is None or one.body is None or one.snapshot.digest in known:
                continue
            known.add(one.snapshot.digest)
            packed = packer.pack(one.body, bases.get(one.trial))
            if packed.base is None:
                bases[one.trial] = (one.snapshot.digest, one.body)
            rows.append(_body_row(one.snapshot.digest, packed))
        return rows


@dataclass(slots=True)
class _Draft:
    """The rows of one batch, put together in memory and then written table by table."""

    trials: dict[TrialId, dict[str, Any]]
    seqs: dict[str, int]
    """Snapshot numbers by identity, of those held and those about to be."""
    snapshots: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    finding_changes: list[Row] = field(default_factory=list)
    doubts: list[Row] = field(default_factory=list)

    def take(self, recording: Recording) -> None:
        """Add what one recording writes."""
        trial = self.trials[recording.trial]
        trial_id: int = trial["id"]
        seq = self._place(recording, trial)
        if recording.current or trial["snapshot_seq"] is None:
            _move(trial, recording, seq)
        self.changes += [change_row(item, trial_id) for item in _renumbered(recording, seq)]
        self.findings += [finding_row(item, trial_id) for item in recording.findings]
        self.finding_changes += [
            {"finding_id": item.id, "change_id": change_id}
            for item in recording.findings
            for change_id in item.changes
        ]
        if recording.doubt is not None:
            self.doubts.append(_doubt_row(recording, trial_id))

    def write(self, database: Database, connection: Connection, bodies: Sequence[Row]) -> None:
        """Write them, parents before children."""
        connection.execute(_UPDATE_TRIAL, [_moving(row) for row in self.trials.values()])
        for table, rows in (
            (BODY, bodies),
            (SNAPSHOT, self.snapshots),
            (CHANGE, self.changes),
            (FINDING, self.findings),
            (FINDING_CHANGE, self.finding_changes),
            (QUARANTINE, self.doubts),
        ):
            database.insert_new(connection, table, rows)

    def _place(self, recording: Recording, trial: dict[str, Any]) -> int | None:
        """The number of the recording's snapshot: its own, or the one it is held under already."""
        snapshot = recording.snapshot
        if snapshot is None:
            return None
        identity = snapshot.identity
        held = self.seqs.get(identity)
        if held is not None:
            return held
        if snapshot.seq != trial["last_seq"] + 1:
            raise LockedError(
                f"{recording.trial} gained version s{trial['last_seq']} while s{snapshot.seq} was prepared",
                remedy="read it again and record what is new then",
            )
        self.seqs[identity] = trial["last_seq"] = snapshot.seq
        self.snapshots.append(snapshot_row(snapshot, trial["id"], identity))
        return snapshot.seq


def add_notices(database: Database, connection: Connection, notices: Sequence[NoticeDraft]) -> None:
    """Add notices inside a transaction; those said before, at the same time, are one."""
    about = known_trials(database, connection, [item.trial for item in notices if item.trial])
    rows = [notice_row(item, about[item.trial] if item.trial else None) for item in notices]
    database.insert_new(connection, NOTICE, rows)


def _current_rows(
    database: Database, connection: Connection, batch: Sequence[Recording]
) -> dict[TrialId, dict[str, Any]]:
    trials = list(dict.fromkeys(one.trial for one in batch))
    rows = trial_rows(connection, trials)
    missing = [trial for trial in trials if trial not in rows]
    if missing:
        known_trials(database, connection, missing)
        rows |= trial_rows(connection, missing)
    return {trial: dict(row._mapping) for trial, row in rows.items()}


def _known_snapshots(connection: Connection, batch: Sequence[Recording]) -> dict[str, int]:
    found: dict[str, int] = {}
    for identities in chunks(one.snapshot.identity for one in batch if one.snapshot):
        query = select(SNAPSHOT.c.identity, SNAPSHOT.c.seq).where(SNAPSHOT.c.identity.in_(identities))
        found.update((row.identity, row.seq) for row in connection.execute(query))
    return found


def _move(trial: dict[str, Any], recording: Recording, seq: int | None) -> None:
    """Bring a trial's row to where the recording says it is now."""
    trial["checked_at"] = recording.checked_at
    if recording.checked_data_version is not None:
        trial["checked_data_version"] = recording.checked_data_version
    if recording.presence is not None:
        trial["presence"] = recording.presence
        trial["absent_since"] = recording.absent_since
    if recording.facts is not None:
        facts = recording.facts
        trial["title"] = plain(facts.title)
        trial["sponsor"] = None if facts.sponsor is None else plain(facts.sponsor)
        trial["overall_status"] = facts.overall_status
        trial["phases"] = " ".join(facts.phases)
    if recording.renamed_to is not None:
        trial["renamed_to"] = recording.renamed_to.id
    if recording.changes:
        trial["changed_at"] = recording.checked_at
    if seq is not None:
        trial["snapshot_seq"] = seq


def _moving(trial: Mapping[str, Any]) -> Row:
    return {"row_id": trial["id"], **{name: trial[name] for name in _MOVING}}


def _renumbered(recording: Recording, seq: int | None) -> tuple[RecordedChange, ...]:
    """The changes, led to the number their snapshot is held under, where that is another."""
    snapshot = recording.snapshot
    if snapshot is None or seq == snapshot.seq:
        return recording.changes
    return tuple(
        replace(item, stamp=replace(item.stamp, snapshot_to=seq))
        if item.stamp.snapshot_to == snapshot.seq
        else item
        for item in recording.changes
    )


def _body_row(digest: str, packed: Packed) -> Row:
    return {
        "digest": digest,
        "codec": packed.codec,
        "base": packed.base,
        "size": packed.size,
        "data": packed.data,
    }


def _doubt_row(recording: Recording, trial_id: int) -> Row:
    doubt = recording.doubt
    assert doubt is not None
    return {
        "trial_id": trial_id,
        "reason": plain(doubt.reason),
        "digest": doubt.digest,
        "observed_at": recording.checked_at,
        "data_version": doubt.data_version,
        "state": "held",
        "body": Packer().pack(doubt.body).data,
    }


def _accept_quarantined(connection: Connection, batch: Sequence[Recording], draft: _Draft) -> None:
    """What is recorded now is no longer doubted."""
    held: dict[tuple[int, str], Found] = {
        (row.trial_id, row.digest): row.id
        for row in connection.execute(
            select(QUARANTINE.c.id, QUARANTINE.c.trial_id, QUARANTINE.c.digest).where(
                QUARANTINE.c.state == "held"
            )
        )
    }
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
        watched = watch_ids(connection, [one.trial]).get(one.trial)
        if watched is None:
            known_trials(database, connection, [one.renamed_to])
        else:
            tags = watch_tags(connection, watched)
            watch_trials(database, connection, [one.renamed_to], tags=tags, note="", now=one.checked_at)
