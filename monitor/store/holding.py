"""Holds: which recorded changes digests may not have, yet or ever, and the counts that decide it.

A hold is a stretch of running numbers. It stands before the first change of a data version is recorded and
withholds all of them until they are judged, so that nothing slips out in the middle of a cycle, whoever dies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    distinct,
    exists,
    func,
    insert,
    select,
    update,
)

from monitor.core.brakes import ADMINISTRATIVE, Changed, Hold, HoldState, Tally, versions_since
from monitor.core.recorded import RecordedChange
from monitor.errors import LockedError, StoreError
from monitor.store.engine import Found, Verbs
from monitor.store.listing import UNREADABLE, followed
from monitor.store.recording import add_notices
from monitor.store.rows import CHANGE, SNAPSHOT, TRIAL, change, select_changes
from monitor.store.tables import TABLES
from monitor.store.values import NoticeDraft
from monitor.store.watching import last_change

HOLD = TABLES["hold"]
WITHHELD: tuple[HoldState, ...] = ("counting", "held", "dismissed")
"""States in which no digest has the changes."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a hold keeps back."""

    hold: Hold
    trials: int
    changes: int
    fields: tuple[tuple[str, int], ...]
    """Catalogue fields by how many trials they changed in, most first."""
    examples: tuple[RecordedChange, ...]
    """Three of the first field, loudest first."""


class HoldVerbs(Verbs):
    """Holding digests, and letting them go."""

    def open_hold(self, registry: str, data_version: str, now: datetime) -> None:
        """Withhold what will be recorded at a data version, until `settle_hold`.

        One that was judged before is judged again, with what comes; one that a person released stays so.
        """
        with self._db.write() as connection:
            self._db.in_order(connection)
            last = last_change(connection)
            newest: Found = connection.execute(_newest(registry)).one_or_none()
            same = newest is not None and newest.data_version == data_version
            if same and newest.state == "released":
                return
            if same and newest.state != "dismissed":
                mine = update(HOLD).where(HOLD.c.id == newest.id)
                connection.execute(mine.values(state="counting", until_change=None))
                return
            told = delete(HOLD).where(HOLD.c.registry == registry, HOLD.c.state == "clear")
            connection.execute(told)
            row = {
                "registry": registry,
                "data_version": data_version,
                "since_version": connection.scalar(_version_before(registry, data_version)),
                "state": "counting",
                "reason": "",
                "after_change": last,
                "until_change": None,
                "counted_from": newest.counted_from if same else last,
                "opened_at": now,
                "settled_at": None,
                "decided_at": None,
            }
            connection.execute(insert(HOLD).values(row))

    def counting_hold(self, registry: str) -> Hold | None:
        """The one that is not judged yet, be its cycle under way or dead."""
        query = _newest(registry).where(HOLD.c.state == "counting")
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _hold(row)

    def settle_hold(
        self, number: int, reason: str, now: datetime, *, notices: Sequence[NoticeDraft] = ()
    ) -> bool:
        """Hold it for a reason, or let it go where there is none; False where it was judged meanwhile."""
        with self._db.write() as connection:
            self._db.in_order(connection)
            values = {
                "state": "held" if reason else "clear",
                "reason": reason,
                "until_change": last_change(connection),
                "settled_at": now,
            }
            mine = update(HOLD).where(HOLD.c.id == number, HOLD.c.state == "counting").values(values)
            settled = connection.execute(mine).rowcount > 0
            if settled:
                add_notices(self._db, connection, notices)
        return settled

    def decide_hold(
        self, number: int, state: Literal["released", "dismissed"], now: datetime
    ) -> tuple[Hold, bool]:
        """A person's decision: the hold, and whether this changed anything; twice the same is once.

        Raises StoreError where there is no such hold or it was decided otherwise, LockedError where its data
        version is still being read.
        """
        with self._db.write() as connection:
            mine = HOLD.c.id == number
            changed = update(HOLD).where(mine, HOLD.c.state == "held").values(state=state, decided_at=now)
            is_new = connection.execute(changed).rowcount > 0
            row = connection.execute(select(HOLD).where(mine)).one_or_none()
        if row is not None and row.state == state:
            return _hold(row), is_new
        remedy = "`trialwire digest list` shows what is held."
        if row is None or row.state == "clear":
            raise StoreError(f"{number}: nothing is held under this number.", remedy=remedy)
        if row.state == "counting":
            raise LockedError(
                f"{number}: its data version is still being read, and judged when that is done.",
                remedy="Try again once `trialwire status` shows it as held.",
            )
        raise StoreError(f"{number} was {row.state} already.", remedy=remedy)

    def holds(self, *states: HoldState) -> tuple[Hold, ...]:
        """Holds in these states, oldest first; without any, those that are held."""
        query = select(HOLD).where(HOLD.c.state.in_(states or ("held",))).order_by(HOLD.c.id)
        with self._db.read() as connection:
            return tuple(map(_hold, connection.execute(query)))

    def withheld(self, hold: Hold) -> Withheld:
        """What a hold keeps back: counts, the fields concerned, three examples."""
        with self._db.read() as connection:
            row = connection.execute(select(HOLD).where(HOLD.c.id == hold.id)).one()
            mine = _between(row, row.after_change)
            trials = func.count(distinct(CHANGE.c.trial_id))
            whole = connection.execute(_joined(trials, func.count()).where(mine)).one()
            fields = connection.execute(_joined(CHANGE.c.field, trials).where(mine).group_by(CHANGE.c.field))
            ranked = sorted(((row[0], row[1]) for row in fields), key=lambda item: (-item[1], item[0]))
            examples: tuple[RecordedChange, ...] = ()
            if ranked:
                query = select_changes().where(mine, CHANGE.c.field == ranked[0][0])
                query = query.order_by(CHANGE.c.significance, CHANGE.c.number).limit(3)
                examples = tuple(map(change, connection.execute(query)))
        return Withheld(hold, whole[0], whole[1], tuple(ranked), examples)

    def tally(self, hold: Hold, *, least: int = 0) -> Tally | None:
        """The counts over all that was recorded at its data version.

        None where it keeps nothing back, or fewer than `least` trials changed: the rest is not counted then.
        """
        with self._db.read() as connection:
            row = connection.execute(select(HOLD).where(HOLD.c.id == hold.id)).one()
            mine = _between(row, row.counted_from)
            trials = func.count(distinct(CHANGE.c.trial_id))
            if not connection.scalar(_joined(trials).where(_between(row, row.after_change))):
                return None
            if (connection.scalar(_joined(trials).where(mine)) or 0) < least:
                return None
            moved = _joined(trials).where(mine, _POSTED.is_not(None))
            outside = _joined(_POSTED, trials).where(mine, CHANGE.c.field.not_in(ADMINISTRATIVE))
            by_field = _joined(CHANGE.c.field, _POSTED, trials).where(mine)
            fields: dict[str, list[tuple[str | None, int]]] = defaultdict(list)
            for field, posted, count in connection.execute(by_field.group_by(CHANGE.c.field, _POSTED)):
                fields[field].append((posted, count))
            seen = _seen_before(hold)
            return Tally(
                watched=connection.scalar(seen) or 0,
                read=connection.scalar(seen.where(TRIAL.c.checked_data_version == hold.data_version)) or 0,
                moved=connection.scalar(moved) or 0,
                versions=versions_since(hold.since_version, hold.data_version),
                outside=_changed((row[0], row[1]) for row in connection.execute(outside.group_by(_POSTED))),
                fields={field: _changed(counts) for field, counts in fields.items()},
            )


_POSTED = func.coalesce(CHANGE.c.posted_on, CHANGE.c.submitted_on)
"""By the registry's clock; null where the record's own dates stand."""


def is_let_go(connection: Connection) -> Iterator[ColumnElement[bool]]:
    """Conditions on changes, joined with their trials, that no hold keeps back."""
    for row in connection.execute(select(HOLD).where(HOLD.c.state.in_(WITHHELD))):
        yield ~and_(TRIAL.c.registry == row.registry, _numbered(row, row.after_change))


def is_held(connection: Connection) -> Iterator[ColumnElement[bool]]:
    """Conditions on changes, joined with their trials, of which any means that it waits for a person."""
    for row in connection.execute(select(HOLD).where(HOLD.c.state == "held")):
        yield and_(TRIAL.c.registry == row.registry, _numbered(row, row.after_change))


def _numbered(row: Found, after: int) -> ColumnElement[bool]:
    if row.until_change is None:
        return CHANGE.c.number > after
    return CHANGE.c.number.between(after + 1, row.until_change)


def _between(row: Found, after: int) -> ColumnElement[bool]:
    """News of the hold's registry in its stretch of numbers."""
    return and_(_numbered(row, after), CHANGE.c.origin == "poll", TRIAL.c.registry == row.registry)


def _joined(*columns: Found) -> Found:
    """Select from changes with their trials."""
    return select(*columns).select_from(CHANGE).join(TRIAL, TRIAL.c.id == CHANGE.c.trial_id)


def _changed(counts: Iterable[tuple[str | None, int]]) -> Changed:
    found = dict(counts)
    silent = found.pop(None, 0)
    return Changed({str(day): count for day, count in found.items()}, silent)


def _watched(registry: str) -> ColumnElement[bool]:
    """Trials that are read at every data version."""
    return and_(TRIAL.c.registry == registry, TRIAL.c.id.in_(followed()))


def _seen_before(hold: Hold) -> Select[int]:
    """How many watched trials were held before this data version: first sights differ from nothing."""
    first = exists().where(
        SNAPSHOT.c.trial_id == TRIAL.c.id, SNAPSHOT.c.seq == 1, SNAPSHOT.c.first_seen == hold.data_version
    )
    readable = TRIAL.c.snapshot_seq.is_not(None) & TRIAL.c.presence.not_in(UNREADABLE)
    query = select(func.count()).select_from(TRIAL)
    return query.where(_watched(hold.registry), readable, ~first)


def _version_before(registry: str, data_version: str) -> Select[str | None]:
    """The newest data version at which any watched trial was read before."""
    version = TRIAL.c.checked_data_version
    return select(func.max(version)).where(_watched(registry), version < data_version)


def _newest(registry: str) -> Select[Found]:
    return select(HOLD).where(HOLD.c.registry == registry).order_by(HOLD.c.id.desc()).limit(1)


def _hold(row: Found) -> Hold:
    return Hold(
        id=row.id,
        registry=row.registry,
        data_version=row.data_version,
        since_version=row.since_version,
        state=row.state,
        reason=row.reason,
        opened_at=row.opened_at,
        settled_at=row.settled_at,
        decided_at=row.decided_at,
    )
