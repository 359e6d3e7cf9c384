"""Verbs on the past of trials: whose is wanted and how far it is read, whose number is which version's.

Versions themselves are recorded as any others are (`recording`); nothing here is ever news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update

from monitor.core.backfill import Backfill
from monitor.core.past import ReviewComment
from monitor.core.record import TrialId
from monitor.core.watching import SourceHealth
from monitor.store.engine import Found, Verbs, chunks
from monitor.store.past_tables import BackfillRow, HistorySourceRow, VersionNoteRow
from monitor.store.recording import add_notices
from monitor.store.rows import CHANGE, SNAPSHOT, TRIAL, Row, plain
from monitor.store.tables import TABLES
from monitor.store.values import NoticeDraft
from monitor.store.watching import trial_ids

BACKFILL = TABLES[BackfillRow.__tablename__]
NOTE = TABLES[VersionNoteRow.__tablename__]
HISTORY_SOURCE = TABLES[HistorySourceRow.__tablename__]
WATCH = TABLES["watch"]
WATCH_TRIAL = TABLES["watch_trial"]

_READABLE = TRIAL.c.presence.not_in(("renamed", "unknown", "unseen"))
_ONE_BY_ONE = ("trial", "search", "asset")
"""Kinds of watches whose trials were chosen; nobody's past is asked for because all are watched."""


class BackfillVerbs(Verbs):
    """Reading the past."""

    def enlist_backfills(self, registry: str, *, trials: int | None, most: int | None) -> int:
        """Want the past of watched trials that were read, have no row here and were not asked for before.

        At most `trials` are wanted in all without having been asked for; `most` versions of each. Return how
        many were added.
        """
        chosen = (
            select(WATCH_TRIAL.c.trial_id)
            .join(WATCH, WATCH.c.id == WATCH_TRIAL.c.watch_id)
            .where(
                WATCH.c.kind.in_(_ONE_BY_ONE), WATCH_TRIAL.c.left_at.is_(None), WATCH_TRIAL.c.follow.is_(True)
            )
        )
        new = select(TRIAL.c.id).where(
            TRIAL.c.registry == registry,
            TRIAL.c.last_seq > 0,
            TRIAL.c.checked_data_version.is_not(None),
            _READABLE,
            TRIAL.c.id.in_(chosen),
            TRIAL.c.id.not_in(select(BACKFILL.c.trial_id)),
        )
        by_itself = (
            select(func.count()).select_from(BACKFILL).where(BACKFILL.c.state != "left", ~BACKFILL.c.asked)
        )
        with self._db.read() as connection:
            room = None if trials is None else max(trials - (connection.scalar(by_itself) or 0), 0)
            ids = connection.scalars(new.order_by(TRIAL.c.id).limit(room)).all()
        if not ids:
            return 0
        rows = [
            {**_BLANK, "trial_id": number, "state": "waiting", "asked": False, "most": most} for number in ids
        ]
        with self._db.write() as connection:
            self._db.insert_new(connection, BACKFILL, rows)
        return len(rows)

    def ask_backfills(self, trials: Iterable[TrialId], *, most: int | None) -> None:
        """Want the past of these trials, before all others, at most so many versions of each."""
        with self._db.write() as connection:
            for batch in chunks(trial_ids(connection, trials).values()):
                fresh = {"state": "waiting", "asked": True, "most": most, "attempts": 0, "next_at": None}
                self._db.insert_new(connection, BACKFILL, [{**_BLANK, **fresh, "trial_id": n} for n in batch])
                connection.execute(update(BACKFILL).where(BACKFILL.c.trial_id.in_(batch)).values(**fresh))

    def backfills(self, trials: Iterable[TrialId] | None = None) -> Mapping[TrialId, Backfill]:
        """How far the past of trials is read; of all trials without an argument. Those without are absent."""
        found: dict[TrialId, Backfill] = {}
        with self._db.read() as connection:
            if trials is None:
                return {one.trial: one for one in map(_backfill, connection.execute(_select()))}
            for ids in chunks(trial_ids(connection, trials).values()):
                rows = connection.execute(_select().where(BACKFILL.c.trial_id.in_(ids)))
                found.update((one.trial, one) for one in map(_backfill, rows))
        return found

    def next_backfill(self, registry: str, now: datetime, *, asked: bool = False) -> Backfill | None:
        """The trial whose past is read next, those asked for by a command first; None where none is due.

        With `asked` only those.
        """
        due = and_(
            TRIAL.c.registry == registry,
            BACKFILL.c.state == "waiting",
            or_(BACKFILL.c.next_at.is_(None), BACKFILL.c.next_at <= now),
        )
        query = _select().where(due & BACKFILL.c.asked if asked else due)
        order = (BACKFILL.c.asked.desc(), BACKFILL.c.attempts, BACKFILL.c.trial_id)
        with self._db.read() as connection:
            row = connection.execute(query.order_by(*order).limit(1)).one_or_none()
        return None if row is None else _backfill(row)

    def backfill_counts(self) -> Mapping[str, int]:
        """How many trials' pasts are in which state."""
        query = select(BACKFILL.c.state, func.count()).group_by(BACKFILL.c.state)
        with self._db.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def put_backfill(self, item: Backfill) -> None:
        """Keep how far it is read."""
        with self._db.write() as connection:
            row_id = trial_ids(connection, [item.trial])[item.trial]
            self._db.put(connection, BACKFILL, _row(item, row_id))

    def number_versions(self, trial: TrialId, numbers: Mapping[int, int]) -> None:
        """Give snapshots (by our number) the registry's own, and changes between them; known ones stay.

        A change that posted nothing has none: the registry counts no version for it.
        """
        with self._db.write() as connection:
            row_id = trial_ids(connection, [trial]).get(trial)
            for seq, version in numbers.items():
                snapshot = (SNAPSHOT.c.trial_id == row_id) & (SNAPSHOT.c.seq == seq)
                connection.execute(
                    update(SNAPSHOT).where(snapshot, SNAPSHOT.c.version.is_(None)).values(version=version)
                )
                for place, column in (
                    (CHANGE.c.snapshot_from, CHANGE.c.version_from),
                    (CHANGE.c.snapshot_to, CHANGE.c.version_to),
                ):
                    posted = or_(CHANGE.c.posted_on.is_not(None), CHANGE.c.submitted_on.is_not(None))
                    mine = and_(CHANGE.c.trial_id == row_id, place == seq, column.is_(None), posted)
                    connection.execute(update(CHANGE).where(mine).values({column.name: version}))

    def add_version_notes(self, trial: TrialId, version: int, notes: Sequence[ReviewComment]) -> None:
        """Keep what the registry's reviewers said of a version; said once, it stays."""
        said = [(note.path, words) for note in notes for words in note.reasons]
        if not said:
            return
        with self._db.write() as connection:
            row_id = trial_ids(connection, [trial])[trial]
            rows = [
                {
                    "trial_id": row_id,
                    "version": version,
                    "position": n,
                    "path": plain(path),
                    "words": plain(words),
                }
                for n, (path, words) in enumerate(said)
            ]
            self._db.insert_new(connection, NOTE, rows)

    def version_notes(self, trial: TrialId) -> Mapping[int, tuple[ReviewComment, ...]]:
        """What reviewers said, by the registry's number of the version."""
        found: dict[int, list[ReviewComment]] = {}
        query = (
            select(NOTE)
            .join(TRIAL, TRIAL.c.id == NOTE.c.trial_id)
            .where(TRIAL.c.registry == trial.registry, TRIAL.c.number == trial.id)
            .order_by(NOTE.c.version, NOTE.c.position)
        )
        with self._db.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.version, []).append(ReviewComment(row.path, (row.words,)))
        return {version: tuple(notes) for version, notes in found.items()}

    def history_sources(self) -> tuple[tuple[SourceHealth, int], ...]:
        """How the registries' pasts can be read, each with its failures in a row; by name."""
        query = select(HISTORY_SOURCE).order_by(HISTORY_SOURCE.c.registry)
        with self._db.read() as connection:
            return tuple((_source(row), row.failures) for row in connection.execute(query))

    def put_history_source(
        self, health: SourceHealth, failures: int, *, notices: Sequence[NoticeDraft] = ()
    ) -> None:
        """Keep how it fares, and what must be told about it, at once."""
        row = {
            "registry": health.registry,
            "state": health.state,
            "since": health.since,
            "reason": plain(health.reason),
            "failures": failures,
            "last_attempt_at": health.last_attempt_at,
            "last_success_at": health.last_success_at,
            "not_before": health.not_before,
        }
        with self._db.write() as connection:
            self._db.in_order(connection)
            self._db.put(connection, HISTORY_SOURCE, row)
            add_notices(self._db, connection, notices)


_BLANK: Row = {
    "total": 0, "held": 0, "next_version": None, "changes": 0, "error": "", "attempts": 0, "next_at": None,
    "done_at": None,
}  # fmt: skip


def _select() -> Found:
    return select(BACKFILL, TRIAL.c.registry.label("registry"), TRIAL.c.number).join(
        TRIAL, TRIAL.c.id == BACKFILL.c.trial_id
    )


def _backfill(row: Found) -> Backfill:
    return Backfill(
        trial=TrialId(row.registry, row.number),
        state=row.state,
        asked=row.asked,
        most=row.most,
        total=row.total,
        held=row.held,
        next_version=row.next_version,
        changes=row.changes,
        error=row.error,
        attempts=row.attempts,
        next_at=row.next_at,
        done_at=row.done_at,
    )


def _row(item: Backfill, trial_id: int) -> Row:
    return {
        "trial_id": trial_id,
        "state": item.state,
        "asked": item.asked,
        "most": item.most,
        "total": item.total,
        "held": item.held,
        "next_version": item.next_version,
        "changes": item.changes,
        "error": plain(item.error),
        "attempts": item.attempts,
        "next_at": item.next_at,
        "done_at": item.done_at,
    }


def _source(row: Found) -> SourceHealth:
    return SourceHealth(
        registry=row.registry,
        state=row.state,
        since=row.since,
        reason=row.reason,
        data_version=None,
        etag=None,
        last_attempt_at=row.last_attempt_at,
        last_success_at=row.last_success_at,
        not_before=row.not_before,
    )
