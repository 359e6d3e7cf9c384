"""Look-ups of which numbers are one study: those merged into another, and those that name one another."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import or_, select

from monitor.core.record import TrialId
from monitor.store.engine import Verbs
from monitor.store.rows import NOTICE, TRIAL, notice, select_notices


class KinVerbs(Verbs):
    """A trial under its other numbers."""

    def former_numbers(self, trial: TrialId) -> tuple[TrialId, ...]:
        """The numbers that were merged into this one, directly or over others, nearest first."""
        found: dict[str, None] = {}
        newest = [trial.id]
        with self._db.read() as connection:
            while newest:
                query = select(TRIAL.c.number).where(
                    TRIAL.c.registry == trial.registry, TRIAL.c.renamed_to.in_(newest)
                )
                rows = connection.scalars(query.order_by(TRIAL.c.id)).all()
                newest = [number for number in rows if number not in found and number != trial.id]
                found |= dict.fromkeys(newest)
        return tuple(TrialId(trial.registry, number) for number in found)

    def double_registrations(self, trial: TrialId) -> tuple[TrialId, ...]:
        """Trials held that name this one among their numbers, or that it names among its own."""
        number = str(trial)
        about = or_(
            (TRIAL.c.registry == trial.registry) & (TRIAL.c.number == trial.id), NOTICE.c.subject == number
        )
        query = select_notices().where(NOTICE.c.kind == "duplicate", about).order_by(NOTICE.c.id)
        with self._db.read() as connection:
            told = [notice(row) for row in connection.execute(query)]
        others: Iterable[str] = (str(one.trial) if one.subject == number else one.subject for one in told)
        return tuple(TrialId(trial.registry, other) for other in dict.fromkeys(others))
