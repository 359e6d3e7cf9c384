"""Verbs on the watch list and on trials as they are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, insert, select, update

from monitor.core.plan import Standing
from monitor.core.record import TrialId
from monitor.core.watching import TrialState, Watch
from monitor.store.engine import CHUNK, Database, Found, chunks
from monitor.store.listing import UNREADABLE, ListVerbs, followed, listed
from monitor.store.rows import NO_FACTS, TRIAL, trial_state
from monitor.store.tables import TABLES

WATCH = TABLES["watch"]
WATCH_TAG = TABLES["watch_tag"]
WATCH_TRIAL = TABLES["watch_trial"]
CHANGE = TABLES["change"]
SEARCH = TABLES["search"]
KIND = "trial"


class WatchVerbs(ListVerbs):
    """Who is watched."""

    def add_watches(
        self, trials: Iterable[TrialId], *, tags: Sequence[str] = (), note: str = "", now: datetime
    ) -> tuple[TrialId, ...]:
        """Watch trials; return the newly added. Those watched already gain the tags and a non-empty note.

        A number that was found never to have existed is asked for again.
        """
        added: list[TrialId] = []
        with self._db.write() as connection:
            self._db.in_order(connection)
            for batch in chunks(dict.fromkeys(trials)):
                added += watch_trials(self._db, connection, batch, tags=tags, note=note, now=now)
        return tuple(added)

    def remove_watches(self, trials: Iterable[TrialId]) -> tuple[TrialId, ...]:
        """Watch trials no longer; return those that were. What is recorded of them stays."""
        removed: list[TrialId] = []
        with self._db.write() as connection:
            for batch in chunks(dict.fromkeys(trials)):
                ids = watch_ids(connection, batch)
                for table, column in (
                    (WATCH_TAG, WATCH_TAG.c.watch_id),
                    (WATCH_TRIAL, WATCH_TRIAL.c.watch_id),
                    (WATCH, WATCH.c.id),
                ):
                    connection.execute(delete(table).where(column.in_(ids.values())))
                removed += [trial for trial in batch if trial in ids]
        return tuple(removed)

    def watch(self, trial: TrialId) -> Watch | None:
        """One entry of the watch list."""
        query = (
            select(TRIAL, WATCH.c.id.label("watch_id"), WATCH.c.note, WATCH.c.added_at)
            .join(WATCH_TRIAL, WATCH_TRIAL.c.trial_id == TRIAL.c.id)
            .join(WATCH, WATCH.c.id == WATCH_TRIAL.c.watch_id)
            .where(WATCH.c.kind == KIND, WATCH.c.name == _name(trial))
        )
        with self._db.read() as connection:
            row = connection.execute(query.order_by(WATCH_TRIAL.c.trial_id)).first()
            return None if row is None else listed(row, watch_tags(connection, row.watch_id))

    def trial(self, trial: TrialId) -> TrialState | None:
        """What is known of a trial, watched or not."""
        query = select(TRIAL).where(TRIAL.c.registry == trial.registry, TRIAL.c.number == trial.id)
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else trial_state(row)

    def trials(self) -> Iterator[TrialState]:
        """Everything known, in order of first sight, read in pages."""
        last = 0
        while True:
            query = select(TRIAL).where(TRIAL.c.id > last).order_by(TRIAL.c.id).limit(CHUNK)
            with self._db.read() as connection:
                page = connection.execute(query).all()
            yield from map(trial_state, page)
            if len(page) < CHUNK:
                return
            last = page[-1].id

    def unread(self, registry: str, data_version: str) -> tuple[TrialId, ...]:
        """Watched trials not read at this data version; renamed and never-existing ones are left out."""
        return tuple(trial for trial, _ in self.standings(registry, data_version))

    def standings(self, registry: str, data_version: str) -> Iterator[tuple[TrialId, Standing]]:
        """The same in the order of reading: never read, then known to be newer, then the longest unseen."""
        rank = case((TRIAL.c.checked_data_version.is_(None), 0), (TRIAL.c.due_data_version.is_not(None), 1))
        query = (
            select(TRIAL.c.number, TRIAL.c.checked_data_version, TRIAL.c.due_data_version)
            .where(
                is_readable(registry),
                func.coalesce(TRIAL.c.checked_data_version, "") != data_version,
            )
            .order_by(func.coalesce(rank, 2), TRIAL.c.checked_data_version, TRIAL.c.id)
        )
        with self._db.read() as connection:
            for row in connection.execution_options(yield_per=CHUNK).execute(query):
                due = row.due_data_version is not None
                yield TrialId(registry, row.number), Standing(row.checked_data_version, due)

    def to_read(self, registry: str) -> tuple[TrialId, ...]:
        """Watched trials of a registry that can be read; renamed and never-existing ones are left out."""
        query = select(TRIAL.c.number).where(is_readable(registry))
        with self._db.read() as connection:
            return tuple(
                TrialId(registry, number) for number in connection.scalars(query.order_by(TRIAL.c.id))
            )

    def followed_count(self, registry: str) -> int:
        """How many trials of a registry are to be read again and again."""
        query = select(func.count()).select_from(TRIAL).where(is_readable(registry))
        with self._db.read() as connection:
            return connection.scalar(query) or 0

    def has_unseen(self, registry: str, *, added_after: datetime) -> bool:
        """Was a trial put on the watch list after a time, and not read yet? Or a search, and not run?"""
        query = (
            select(WATCH.c.id)
            .join(WATCH_TRIAL, WATCH_TRIAL.c.watch_id == WATCH.c.id)
            .join(TRIAL, TRIAL.c.id == WATCH_TRIAL.c.trial_id)
            .where(
                WATCH.c.kind == KIND,
                WATCH.c.added_at > added_after,
                TRIAL.c.registry == registry,
                TRIAL.c.presence == "unseen",
            )
        )
        asked = (SEARCH.c.registry == registry) & (SEARCH.c.asked_at > added_after)
        waiting = select(SEARCH.c.watch_id).where(asked, SEARCH.c.checked_at.is_(None))
        with self._db.read() as connection:
            return (
                connection.execute(query.limit(1)).first() is not None
                or connection.execute(waiting.limit(1)).first() is not None
            )


def is_readable(registry: str) -> ColumnElement[bool]:
    """Is it followed? Renamed and never-existing trials cannot be read."""
    return and_(
        TRIAL.c.registry == registry,
        TRIAL.c.presence.not_in(UNREADABLE),
        TRIAL.c.id.in_(followed()),
    )


def watch_trials(
    database: Database,
    connection: Connection,
    trials: Sequence[TrialId],
    *,
    tags: Sequence[str],
    note: str,
    now: datetime,
) -> list[TrialId]:
    """Watch a batch inside a transaction; return the newly added."""
    ids = known_trials(database, connection, trials)
    watched = watch_ids(connection, trials)
    added = [trial for trial in trials if trial not in watched]
    last = last_change(connection)
    if added:
        rows = [{"kind": KIND, "name": _name(trial), "note": note, "added_at": now} for trial in added]
        connection.execute(insert(WATCH), rows)
        watched = watch_ids(connection, trials)
        connection.execute(
            insert(WATCH_TRIAL),
            [
                {
                    "watch_id": watched[trial],
                    "trial_id": ids[trial],
                    "entered_at": now,
                    "left_at": None,
                    "after_change": last,
                }
                for trial in added
            ],
        )
    tag_rows = [
        {"watch_id": watched[trial], "tag": tag, "after_change": last}
        for trial in trials
        for tag in dict.fromkeys(tags)
    ]
    database.insert_new(connection, WATCH_TAG, tag_rows)
    if note:
        connection.execute(update(WATCH).where(WATCH.c.id.in_(watched.values())).values(note=note))
    unknown = TRIAL.c.id.in_(ids.values()) & (TRIAL.c.presence == "unknown")
    connection.execute(update(TRIAL).where(unknown).values(presence="unseen", checked_data_version=None))
    return added


def known_trials(
    database: Database, connection: Connection, trials: Iterable[TrialId]
) -> Mapping[TrialId, int]:
    """The row ids of trials, made where they are missing."""
    wanted = list(dict.fromkeys(trials))
    database.insert_new(connection, TRIAL, [unseen_row(trial) for trial in wanted])
    return trial_ids(connection, wanted)


def unseen_row(trial: TrialId) -> dict[str, Any]:
    """The row of a trial that nothing is known of but its number."""
    return {
        "registry": trial.registry,
        "number": trial.id,
        "presence": "unseen",
        "snapshot_seq": None,
        "last_seq": 0,
        "checked_data_version": None,
        "checked_at": None,
        "changed_at": None,
        "renamed_to": None,
        "absent_since": None,
        "due_data_version": None,
        **NO_FACTS,
    }


def trial_ids(connection: Connection, trials: Iterable[TrialId]) -> dict[TrialId, int]:
    """The row ids of those trials that are known."""
    found: dict[TrialId, int] = {}
    for registry, numbers in _by_registry(trials).items():
        for batch in chunks(numbers):
            query = select(TRIAL.c.number, TRIAL.c.id)
            query = query.where(TRIAL.c.registry == registry, TRIAL.c.number.in_(batch))
            found.update((TrialId(registry, row.number), row.id) for row in connection.execute(query))
    return found


def trial_rows(connection: Connection, trials: Iterable[TrialId]) -> dict[TrialId, Found]:
    """The rows of those trials that are known."""
    found: dict[TrialId, Found] = {}
    for registry, numbers in _by_registry(trials).items():
        for batch in chunks(numbers):
            query = select(TRIAL).where(TRIAL.c.registry == registry, TRIAL.c.number.in_(batch))
            found.update((TrialId(registry, row.number), row) for row in connection.execute(query))
    return found


def _by_registry(trials: Iterable[TrialId]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for trial in trials:
        found[trial.registry].append(trial.id)
    return found


def watch_ids(connection: Connection, trials: Sequence[TrialId]) -> dict[TrialId, int]:
    """The watch of each trial that has its own."""
    names = {_name(trial): trial for trial in trials}
    query = select(WATCH.c.name, WATCH.c.id).where(WATCH.c.kind == KIND, WATCH.c.name.in_(names))
    return {names[name]: number for name, number in connection.execute(query)}


def watch_tags(connection: Connection, watch_id: int) -> tuple[str, ...]:
    """The tags of one watch, sorted."""
    query = select(WATCH_TAG.c.tag).where(WATCH_TAG.c.watch_id == watch_id)
    return tuple(sorted(connection.scalars(query)))


def last_change(connection: Connection) -> int:
    """The highest running number given to a change."""
    return connection.scalar(select(func.coalesce(func.max(CHANGE.c.number), 0))) or 0


def _name(trial: TrialId) -> str:
    return f"{trial.registry}:{trial.id}"
