"""The watch list as a whole: paged, counted, and summed up, however long it is.

Nothing here holds the whole list in memory: entries come in pages, and what `status` asks is counted by the
database.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from monitor.core.delivery import DeliveryState
from monitor.core.record import TrialId
from monitor.core.watching import Watch
from monitor.store.engine import CHUNK, Found, Verbs
from monitor.store.rows import QUARANTINE, TRIAL, trial_state
from monitor.store.tables import TABLES

DELIVERY = TABLES["delivery"]
REQUEST = TABLES["request"]
SOURCE = TABLES["source"]
SWEEP = TABLES["sweep"]
WATCH = TABLES["watch"]
WATCH_TAG = TABLES["watch_tag"]
WATCH_TRIAL = TABLES["watch_trial"]
SAMPLE = 100
"""Trials named where only some are shown."""
_KIND = "trial"
UNREADABLE = ("renamed", "unknown")
"""Presences of numbers that are not asked for: what was merged, and what never was."""


@dataclass(frozen=True, slots=True)
class Overview:
    """How all watched trials stand, and what waits, for `status`."""

    presences: Mapping[str, int]
    """Watched trials by presence."""
    unread: int
    """Those that can be read and were not, at their source's data version."""
    some_unread: tuple[TrialId, ...]
    """The first of them."""
    some_unknown: tuple[TrialId, ...]
    """The first of the watched numbers that the registry never had."""
    deliveries: Mapping[DeliveryState, int]
    quarantined: int
    """Held."""
    open_requests: int

    @property
    def watched(self) -> int:
        """All of them."""
        return sum(self.presences.values())


class ListVerbs(Verbs):
    """Looking at the whole watch list."""

    def watches(self, *, tags: Sequence[str] = ()) -> Iterator[Watch]:
        """The watch list, in the order it was added to, read in pages; with `tags`, those with any of them.

        What is added or removed meanwhile may show or not.
        """
        last = 0
        while True:
            with self._db.read() as connection:
                ids = _ids(connection, last, tags)
                page = _entries(connection, ids) if ids else []
            yield from page
            if len(ids) < CHUNK:
                return
            last = ids[-1]

    def watch_count(self, *, tag: str | None = None) -> int:
        """How long the watch list is, or how many entries have a tag."""
        query = select(func.count()).select_from(WATCH).where(WATCH.c.kind == _KIND)
        if tag is not None:
            query = query.join(WATCH_TAG, WATCH_TAG.c.watch_id == WATCH.c.id).where(WATCH_TAG.c.tag == tag)
        with self._db.read() as connection:
            return connection.scalar(query) or 0

    def overview(self) -> Overview:
        """How all watched trials stand, and what waits; in a few statements, however many there are."""
        with self._db.read() as connection:
            sources = connection.execute(select(SOURCE.c.registry, SOURCE.c.data_version))
            versions = {row.registry: row.data_version for row in sources}
            swept = connection.execute(select(SWEEP.c.registry, SWEEP.c.fresh_from))
            fresh = {row.registry: row.fresh_from for row in swept}
            presences: Counter[str] = Counter()
            unread = 0
            for row in connection.execute(_stands()):
                presences[row.presence] += row.trials
                lately = None if row.due else fresh.get(row.registry)
                if (
                    row.presence not in UNREADABLE
                    and row.follow
                    and _is_unread(row.checked_data_version, versions.get(row.registry), lately)
                ):
                    unread += row.trials
            return Overview(
                presences=dict(presences),
                unread=unread,
                some_unread=_some(connection, _unread()) if unread else (),
                some_unknown=_some(connection, TRIAL.c.presence == "unknown") if presences["unknown"] else (),
                deliveries=counted(connection, DELIVERY.c.state),
                quarantined=counted(connection, QUARANTINE.c.state).get("held", 0),
                open_requests=counted(connection, REQUEST.c.state).get("open", 0),
            )


def counted(connection: Connection, column: Found, where: Found = None) -> dict[Found, int]:
    """How many rows there are by each value of a column."""
    query = select(column, func.count()).group_by(column)
    if where is not None:
        query = query.where(where)
    return {row[0]: row[1] for row in connection.execute(query)}


def is_watched() -> ColumnElement[bool]:
    """Is the trial on the watch list, by whatever entry?"""
    return TRIAL.c.id.in_(select(WATCH_TRIAL.c.trial_id).where(WATCH_TRIAL.c.left_at.is_(None)))


def _stands() -> Select[Found]:
    follow = TRIAL.c.id.in_(followed()).label("follow")
    due = TRIAL.c.due_data_version.is_not(None).label("due")
    what = (TRIAL.c.registry, TRIAL.c.presence, TRIAL.c.checked_data_version, due, follow)
    return select(*what, func.count().label("trials")).where(is_watched()).group_by(*what)


def followed() -> Select[tuple[int]]:
    """The trials that are read at every data version, or in turn."""
    return select(WATCH_TRIAL.c.trial_id).where(WATCH_TRIAL.c.left_at.is_(None), WATCH_TRIAL.c.follow)


def _is_unread(checked: str | None, current: str | None, fresh_from: str | None) -> bool:
    """Not read at its source's data version, nor lately where trials are read in turn.

    Where the version is not known: never read.
    """
    behind = checked is None or (current is not None and checked != current)
    return behind and not (fresh_from is not None and checked is not None and checked >= fresh_from)


def _unread() -> ColumnElement[bool]:
    """The same as a condition."""
    current = select(SOURCE.c.data_version).where(SOURCE.c.registry == TRIAL.c.registry).scalar_subquery()
    fresh = select(SWEEP.c.fresh_from).where(SWEEP.c.registry == TRIAL.c.registry).scalar_subquery()
    checked = TRIAL.c.checked_data_version
    return and_(
        TRIAL.c.presence.not_in(UNREADABLE),
        TRIAL.c.id.in_(followed()),
        or_(checked.is_(None), checked != current),
        or_(checked.is_(None), fresh.is_(None), checked < fresh, TRIAL.c.due_data_version.is_not(None)),
    )


def _some(connection: Connection, which: ColumnElement[bool]) -> tuple[TrialId, ...]:
    query = select(TRIAL.c.registry, TRIAL.c.number).where(which, is_watched())
    return tuple(TrialId(*row) for row in connection.execute(query.order_by(TRIAL.c.id).limit(SAMPLE)))


def _ids(connection: Connection, after: int, tags: Sequence[str]) -> Sequence[int]:
    """The next entries of whatever kind: found by number alone, so that each page costs the same."""
    query = select(WATCH.c.id).where(WATCH.c.id > after)
    if tags:
        query = query.where(WATCH.c.id.in_(select(WATCH_TAG.c.watch_id).where(WATCH_TAG.c.tag.in_(tags))))
    return connection.scalars(query.order_by(WATCH.c.id).limit(CHUNK)).all()


def _entries(connection: Connection, ids: Sequence[int]) -> list[Watch]:
    """Those of them that name a trial."""
    query = (
        select(TRIAL, WATCH.c.id.label("watch_id"), WATCH.c.note, WATCH.c.added_at)
        .join(WATCH_TRIAL, WATCH_TRIAL.c.trial_id == TRIAL.c.id)
        .join(WATCH, WATCH.c.id == WATCH_TRIAL.c.watch_id)
        # The kind is held against the name's index otherwise, which is walked whole for each page.
        .where(WATCH.c.id.in_(ids), func.coalesce(WATCH.c.kind, "") == _KIND)
        .order_by(WATCH.c.id)
    )
    words: dict[int, list[str]] = defaultdict(list)
    tags = select(WATCH_TAG.c.watch_id, WATCH_TAG.c.tag).where(WATCH_TAG.c.watch_id.in_(ids))
    for number, word in connection.execute(tags):
        words[number].append(word)
    return [listed(row, words.get(row.watch_id, ())) for row in connection.execute(query)]


def listed(row: Found, tags: Sequence[str]) -> Watch:
    """An entry from a trial's columns and the entry's own."""
    return Watch(
        trial=TrialId(row.registry, row.number),
        tags=tuple(sorted(tags)),
        note=row.note,
        added_at=row.added_at,
        state=trial_state(row),
    )
