"""What pages and programs that read page by page ask: counts, places and bodies apart, in bounded pieces.

However much a digest told or a month brought, an answer here costs what is shown of it, not what there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from monitor.core.change import LEVELS, Significance
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange, RecordedFinding
from monitor.store.engine import Verbs, chunks
from monitor.store.lookups import filtered
from monitor.store.rows import CHANGE, FINDING, TRIAL, change, finding, select_changes, select_findings
from monitor.store.tables import TABLES
from monitor.store.values import ChangeQuery

DELIVERY = TABLES["delivery"]
CHANNEL = TABLES["channel_state"]
DIGEST_CHANGE = TABLES["digest_change"]
FINDING_CHANGE = TABLES["finding_change"]


@dataclass(frozen=True, slots=True)
class Told:
    """The place of one change in a digest, without its words."""

    number: int
    change: str
    """Its id."""
    trial: TrialId
    significance: Significance
    finding: str | None
    """The id of the story it belongs to; None where no rule made one of it."""
    loudness: Significance
    """How loud that story is, else the change itself."""


class PageVerbs(Verbs):
    """Reading for pages."""

    def daily(self, since: date) -> Mapping[date, Mapping[Significance, int]]:
        """How many changes polls saw from `since` on, by the registry's day and level, without noise."""
        query = (
            select(CHANGE.c.registry_on, CHANGE.c.significance, func.count())
            .where(
                CHANGE.c.registry_on >= since,
                CHANGE.c.significance < LEVELS.index("noise"),
                CHANGE.c.origin == "poll",
            )
            .group_by(CHANGE.c.registry_on, CHANGE.c.significance)
        )
        found: dict[date, dict[Significance, int]] = defaultdict(dict)
        with self._db.read() as connection:
            for day, level, number in connection.execute(query):
                found[day][LEVELS[level]] = number
        return found

    def told(self, digest_id: str) -> tuple[Told, ...]:
        """The places of all changes a digest told or folded, the worst stories first, each story together."""
        loudness = func.coalesce(func.min(FINDING.c.significance), CHANGE.c.significance).label("loudness")
        query = (
            select(
                CHANGE.c.number,
                CHANGE.c.id,
                CHANGE.c.significance,
                TRIAL.c.registry.label("registry"),
                TRIAL.c.number.label("trial"),
                func.min(FINDING.c.id).label("finding"),
                loudness,
            )
            .join(DIGEST_CHANGE, DIGEST_CHANGE.c.change_number == CHANGE.c.number)
            .join(TRIAL, TRIAL.c.id == CHANGE.c.trial_id)
            .outerjoin(FINDING_CHANGE, FINDING_CHANGE.c.change_id == CHANGE.c.id)
            .outerjoin(FINDING, FINDING.c.id == FINDING_CHANGE.c.finding_id)
            .where(DIGEST_CHANGE.c.digest_id == digest_id)
            .group_by(CHANGE.c.number, CHANGE.c.id, CHANGE.c.significance, TRIAL.c.registry, TRIAL.c.number)
        )
        with self._db.read() as connection:
            places = [
                Told(
                    row.number,
                    row.id,
                    TrialId(row.registry, row.trial),
                    LEVELS[row.significance],
                    row.finding,
                    LEVELS[row.loudness],
                )
                for row in connection.execute(query)
            ]
        return tuple(sorted(places, key=_worst_story_first))

    def changes_by_id(self, ids: Iterable[str]) -> Mapping[str, RecordedChange]:
        """These changes; unknown ids are absent."""
        found: dict[str, RecordedChange] = {}
        with self._db.read() as connection:
            for batch in chunks(ids):
                rows = connection.execute(select_changes().where(CHANGE.c.id.in_(batch)))
                found.update((row.id, change(row)) for row in rows)
        return found

    def findings_by_id(self, ids: Iterable[str]) -> Mapping[str, RecordedFinding]:
        """These findings; unknown ids are absent."""
        found: dict[str, RecordedFinding] = {}
        with self._db.read() as connection:
            for batch in chunks(ids):
                rows = connection.execute(select_findings().where(FINDING.c.id.in_(batch)))
                found.update((row.id, finding(row)) for row in rows)
        return found

    def findings_over(self, ids: Iterable[str]) -> tuple[RecordedFinding, ...]:
        """The findings over these changes, each once, newest first by number."""
        over: set[str] = set()
        with self._db.read() as connection:
            for batch in chunks(ids):
                query = select(FINDING_CHANGE.c.finding_id).where(FINDING_CHANGE.c.change_id.in_(batch))
                over.update(connection.scalars(query))
        found = self.findings_by_id(sorted(over)).values()
        return tuple(sorted(found, key=lambda one: -(one.number or 0)))

    def recorded_after(self, query: ChangeQuery, number: int) -> tuple[RecordedChange, ...]:
        """Changes recorded after the one of this running number, oldest first: a reader misses none so."""
        statement = filtered(select_changes(), query).where(CHANGE.c.number > number)
        with self._db.read() as connection:
            rows = connection.execute(statement.order_by(CHANGE.c.number).limit(query.limit))
            return tuple(map(change, rows))

    def waiting_since(self, channels: Sequence[str]) -> datetime | None:
        """Since when the oldest message of these channels is due and not sent; None where none is.

        Channels that are off do not count: nobody tries them.
        """
        off = select(CHANNEL.c.name)
        query = select(func.min(DELIVERY.c.next_at)).where(
            DELIVERY.c.state == "pending",
            DELIVERY.c.channel.in_(channels),
            DELIVERY.c.channel.not_in(off),
        )
        with self._db.read() as connection:
            since: datetime | None = connection.scalar(query)
        return since


def _worst_story_first(one: Told) -> tuple[int, TrialId, str, int, int]:
    level, own = LEVELS.index(one.loudness), LEVELS.index(one.significance)
    return level, one.trial, one.finding or "~", own, one.number
