"""The rows of one batch, put together in memory and then written table by table.

First every snapshot gets its place and every trial moves to where it is now; then the trials are written, so
that they have their row ids; then everything that points to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange
from monitor.core.watching import Snapshot
from monitor.errors import LockedError
from monitor.store.blobs import Packer
from monitor.store.engine import Database, Found
from monitor.store.payloads import put_bodies
from monitor.store.rows import (
    CHANGE,
    FINDING,
    NO_FACTS,
    QUARANTINE,
    SNAPSHOT,
    TRIAL,
    Row,
    change_row,
    facts_row,
    finding_row,
    plain,
    snapshot_row,
)
from monitor.store.tables import TABLES
from monitor.store.values import Recording
from monitor.store.watching import trial_ids, unseen_row

FINDING_CHANGE = TABLES["finding_change"]
_MOVING = (
    "presence",
    "snapshot_seq",
    "last_seq",
    "checked_data_version",
    "checked_at",
    "changed_at",
    "renamed_to",
    "absent_since",
    "due_data_version",
    *NO_FACTS,
)
_UPDATE_TRIAL = (
    update(TRIAL).where(TRIAL.c.id == bindparam("row_id")).values({name: bindparam(name) for name in _MOVING})
)


@dataclass(slots=True)
class Draft:
    """One batch on its way into the tables."""

    trials: dict[TrialId, dict[str, Any]]
    """Their rows as they will be; those without an `id` are new."""
    placed: list[tuple[Recording, int | None]] = field(default_factory=list)
    """Each recording with the number its snapshot has, be it a new one or one that is held."""
    snapshots: list[tuple[Snapshot, str]] = field(default_factory=list)
    """The new ones, with their identities."""

    @classmethod
    def of(cls, trials: Sequence[TrialId], held: Mapping[TrialId, Found]) -> Draft:
        """Begin with the trials as they are held."""
        return cls(
            {trial: dict(held[trial]._mapping) if trial in held else unseen_row(trial) for trial in trials}
        )

    def place(self, batch: Sequence[Recording], seqs: dict[str, int]) -> None:
        """Number the snapshots and move the trials; `seqs` are the numbers held, by identity."""
        for recording in batch:
            trial = self.trials[recording.trial]
            seq = self._place(recording, trial, seqs)
            self.placed.append((recording, seq))
            if recording.current or trial["snapshot_seq"] is None:
                _move(trial, recording, seq)

    def write_trials(self, connection: Connection) -> None:
        """Insert the new trials, update the others."""
        new = {trial: row for trial, row in self.trials.items() if "id" not in row}
        old = [row for row in self.trials.values() if "id" in row]
        if old:
            connection.execute(_UPDATE_TRIAL, [_moving(row) for row in old])
        if new:
            connection.execute(insert(TRIAL), list(new.values()))
            for trial, number in trial_ids(connection, new).items():
                self.trials[trial]["id"] = number

    def write_history(self, database: Database, connection: Connection, bodies: Sequence[Row]) -> None:
        """Write what belongs to the trials, parents before children; what is there already is left alone."""
        ids = {trial: row["id"] for trial, row in self.trials.items()}
        batch = [recording for recording, _ in self.placed]
        findings = [item for one in batch for item in one.findings]
        changes = [item for one, seq in self.placed for item in _renumbered(one, seq)]
        rows: tuple[tuple[Any, Sequence[Row]], ...] = (
            (SNAPSHOT, [snapshot_row(item, ids[item.trial], identity) for item, identity in self.snapshots]),
            (CHANGE, [change_row(item, ids[item.trial]) for item in changes]),
            (FINDING, [finding_row(item, ids[item.trial]) for item in findings]),
            (
                FINDING_CHANGE,
                [{"finding_id": item.id, "change_id": each} for item in findings for each in item.changes],
            ),
            (QUARANTINE, [_doubt_row(one, ids[one.trial]) for one in batch if one.doubt]),
        )
        put_bodies(database, connection, bodies)
        for table, new in rows:
            database.insert_new(connection, table, new)

    def _place(self, recording: Recording, trial: dict[str, Any], seqs: dict[str, int]) -> int | None:
        """The number of the recording's snapshot: its own, or the one it is held under already."""
        snapshot = recording.snapshot
        if snapshot is None:
            return None
        identity = snapshot.identity
        held = seqs.get(identity)
        if held is not None:
            return held
        if snapshot.seq != trial["last_seq"] + 1:
            raise LockedError(
                f"{recording.trial} gained version s{trial['last_seq']} while s{snapshot.seq} was prepared",
                remedy="read it again and record what is new then",
            )
        seqs[identity] = trial["last_seq"] = snapshot.seq
        self.snapshots.append((snapshot, identity))
        return snapshot.seq


def _move(trial: dict[str, Any], recording: Recording, seq: int | None) -> None:
    """Bring a trial's row to where the recording says it is now."""
    trial["checked_at"] = recording.checked_at
    if recording.checked_data_version is not None:
        trial["checked_data_version"] = recording.checked_data_version
        trial["due_data_version"] = None
    if recording.presence is not None:
        trial["presence"] = recording.presence
        trial["absent_since"] = recording.absent_since
    if recording.facts is not None:
        trial |= facts_row(recording.facts)
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
