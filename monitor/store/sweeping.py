"""Verbs on what is due: trials the registry has updated, and how far that is known.

A trial marked as due stays so until it is read; no crash and no failure between lets it fall to the sweep.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select, update

from monitor.core.record import TrialId
from monitor.store.engine import Verbs, chunks
from monitor.store.rows import TRIAL
from monitor.store.tables import TABLES
from monitor.store.watching import is_readable, trial_ids

SWEEP = TABLES["sweep"]


class SweepVerbs(Verbs):
    """What must be read where not everything is."""

    def updated_through(self, registry: str) -> str | None:
        """The data version up to which the trials that the registry updated are marked; None: never asked."""
        query = select(SWEEP.c.updated_through).where(SWEEP.c.registry == registry)
        with self._db.read() as connection:
            found = connection.scalar(query)
        return None if found is None else str(found)

    def longest_unseen(self, registry: str) -> str | None:
        """The oldest data version at which a followed trial was last read; None where none was."""
        query = select(func.min(TRIAL.c.checked_data_version)).where(is_readable(registry))
        with self._db.read() as connection:
            found = connection.scalar(query)
        return None if found is None else str(found)

    def read_count(self, registry: str, data_version: str) -> int:
        """How many followed trials were read at this data version."""
        query = select(func.count()).select_from(TRIAL)
        query = query.where(is_readable(registry), TRIAL.c.checked_data_version == data_version)
        with self._db.read() as connection:
            return connection.scalar(query) or 0

    def mark_due(
        self, registry: str, trials: Iterable[TrialId], data_version: str, *, fresh_from: str | None
    ) -> None:
        """Mark trials as updated, and all that the registry updated up to this data version as known."""
        with self._db.write() as connection:
            for batch in chunks(trial_ids(connection, trials).values()):
                stale = func.coalesce(TRIAL.c.checked_data_version, "") != data_version
                due = update(TRIAL).where(TRIAL.c.id.in_(batch), stale)
                connection.execute(due.values(due_data_version=data_version))
            row = {"registry": registry, "updated_through": data_version, "fresh_from": fresh_from}
            self._db.put(connection, SWEEP, row)

    def read_everything(self, registry: str) -> None:
        """From here on all watched trials are read at each data version."""
        if self.updated_through(registry) is None:
            return
        with self._db.write() as connection:
            row = {"registry": registry, "updated_through": None, "fresh_from": None}
            self._db.put(connection, SWEEP, row)
