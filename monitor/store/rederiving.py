"""Changes and findings written anew over versions that stay as they are.

What is derived with the same id keeps its number, so that what was told stays told. What was told and is no
longer derived stays as it was told. Nothing here is news: what is found only now is of origin `backfill`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange
from monitor.store.engine import CHUNK, Found, Verbs, chunks
from monitor.store.rows import CHANGE, FINDING, TRIAL, Row, change_row, finding_row
from monitor.store.tables import TABLES
from monitor.store.values import Derived, Rewritten
from monitor.store.watching import trial_ids

DIGEST_CHANGE = TABLES["digest_change"]
FINDING_CHANGE = TABLES["finding_change"]
_JUDGED = ("category", "significance", "rule", "body")
"""Columns of a change that today's code and rules decide; the rest is where and when it happened."""
_TOLD = ("significance", "body")
"""The same of a finding."""


class DerivedVerbs(Verbs):
    """Deriving anew."""

    def trials_with_history(self) -> Iterator[TrialId]:
        """Trials of which more than one version is held, in order of first sight, read in pages."""
        last = 0
        while True:
            query = select(TRIAL.c.id, TRIAL.c.registry, TRIAL.c.number).where(
                TRIAL.c.id > last, TRIAL.c.last_seq > 1
            )
            with self._db.read() as connection:
                page = connection.execute(query.order_by(TRIAL.c.id).limit(CHUNK)).all()
            yield from (TrialId(row.registry, row.number) for row in page)
            if len(page) < CHUNK:
                return
            last = page[-1].id

    def rewrite(self, trial: TrialId, derived: Derived, *, dry_run: bool = False) -> Rewritten:
        """Bring what is recorded between versions to what was derived, in one transaction; snapshots stay.

        Only changes and findings between the pairs of versions in `derived` are touched. With `dry_run`
        nothing is: the answer says what would be.
        """
        if dry_run:
            with self._db.read() as connection:
                return _Rewriting(connection, trial, derived).compared()
        with self._db.write() as connection:
            self._db.in_order(connection)
            rewriting = _Rewriting(connection, trial, derived)
            done = rewriting.compared()
            if not done.is_nothing:
                rewriting.write()
            return done


class _Rewriting:
    """One trial: what is held beside what was derived."""

    def __init__(self, connection: Connection, trial: TrialId, derived: Derived) -> None:
        self._connection = connection
        self._id = trial_ids(connection, [trial])[trial]
        self._pairs = derived.pairs
        self._held = {row.id: row for row in self._rows(select(CHANGE).where(CHANGE.c.trial_id == self._id))}
        findings = connection.execute(select(FINDING).where(FINDING.c.trial_id == self._id))
        members: dict[str, set[str]] = {}
        for finding_id, change_id in connection.execute(
            select(FINDING_CHANGE.c.finding_id, FINDING_CHANGE.c.change_id)
            .join(CHANGE, CHANGE.c.id == FINDING_CHANGE.c.change_id)
            .where(CHANGE.c.trial_id == self._id)
        ):
            members.setdefault(finding_id, set()).add(change_id)
        mine = {one.id for one in derived.findings}
        self._stories = {
            row.id: row
            for row in findings
            if row.id in mine or members.get(row.id, set()) & self._held.keys()
        }
        self._changes = {one.id: one if one.id in self._held else _not_news(one) for one in derived.changes}
        self._findings = {one.id: one for one in derived.findings}
        self._told = self._told_numbers()

    def compared(self) -> Rewritten:
        """What differs, by the ids of changes and findings."""
        missing = self._held.keys() - self._changes.keys()
        kept = {one for one in missing if self._held[one].number in self._told}
        return Rewritten(
            added=tuple(one for one in self._changes if one not in self._held),
            altered=tuple(
                one
                for one, change in self._changes.items()
                if one in self._held and _differs(self._held[one], self._row(change), _JUDGED)
            ),
            removed=tuple(sorted(missing - kept)),
            kept=tuple(sorted(kept)),
            findings=len(self._stories.keys() ^ self._findings.keys())
            + sum(
                _differs(self._stories[one], finding_row(finding, self._id), _TOLD)
                for one, finding in self._findings.items()
                if one in self._stories
            ),
        )

    def write(self) -> None:
        """Changes first, then the findings over them."""
        found = self.compared()
        run = self._connection.execute
        for batch in chunks([*self._stories, *self._findings]):
            run(delete(FINDING_CHANGE).where(FINDING_CHANGE.c.finding_id.in_(batch)))
        for batch in chunks(found.removed):
            run(delete(FINDING_CHANGE).where(FINDING_CHANGE.c.change_id.in_(batch)))
            run(delete(CHANGE).where(CHANGE.c.id.in_(batch)))
        for batch in chunks(self._stories.keys() - self._findings.keys()):
            run(delete(FINDING).where(FINDING.c.id.in_(batch)))
        self._put(CHANGE, [self._row(self._changes[one]) for one in found.added], ())
        self._put(CHANGE, [self._row(self._changes[one]) for one in found.altered], _JUDGED)
        rows = {one.id: finding_row(one, self._id) for one in self._findings.values()}
        self._put(FINDING, [row for one, row in rows.items() if one not in self._stories], ())
        self._put(FINDING, [row for one, row in rows.items() if one in self._stories], _TOLD)
        over = [
            {"finding_id": one.id, "change_id": each}
            for one in self._findings.values()
            for each in one.changes
        ]
        if over:
            run(insert(FINDING_CHANGE), over)

    def _put(self, table: Any, rows: Sequence[Row], columns: Sequence[str]) -> None:
        """Insert rows, or update these columns of those there."""
        if not rows:
            return
        if not columns:
            self._connection.execute(insert(table), list(rows))
            return
        statement = (
            update(table).where(table.c.id == bindparam("which")).values({n: bindparam(n) for n in columns})
        )
        self._connection.execute(
            statement, [{"which": row["id"], **{name: row[name] for name in columns}} for row in rows]
        )

    def _rows(self, query: Any) -> Iterator[Found]:
        for row in self._connection.execute(query):
            if (row.identity_from, row.identity_to) in self._pairs:
                yield row

    def _row(self, change: RecordedChange) -> Row:
        return change_row(change, self._id)

    def _told_numbers(self) -> set[int]:
        found: set[int] = set()
        for batch in chunks(row.number for row in self._held.values()):
            query = select(DIGEST_CHANGE.c.change_number).where(DIGEST_CHANGE.c.change_number.in_(batch))
            found.update(self._connection.scalars(query))
        return found


def _differs(row: Found, new: Row, columns: Sequence[str]) -> bool:
    return any(getattr(row, name) != new[name] for name in columns)


def _not_news(change: RecordedChange) -> RecordedChange:
    return replace(change, stamp=replace(change.stamp, origin="backfill"))
