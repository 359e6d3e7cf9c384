"""Verbs on saved searches, assets and whole registries: what they look for, who is in them.

Who enters or leaves is decided elsewhere; here it is written, with the changes that tell it, in one
transaction. A membership that ended keeps its row, so that who comes back is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Select, and_, delete, func, insert, literal, select, update

from monitor.core.record import TrialId
from monitor.core.searches import Matched, SavedSearch, SearchKind, from_definition, to_definition
from monitor.errors import NotWatchedError, StoreError
from monitor.store.engine import Database, Found, Verbs, chunks
from monitor.store.listing import UNREADABLE
from monitor.store.recording import add_notices
from monitor.store.rows import CHANGE, FINDING, SNAPSHOT, TRIAL, change_row, finding_row, plain, trial_state
from monitor.store.tables import TABLES
from monitor.store.values import Member, MemberMove, NoticeDraft, SearchRun
from monitor.store.watching import known_trials, last_change, trial_ids

SEARCH = TABLES["search"]
WATCH = TABLES["watch"]
WATCH_TAG = TABLES["watch_tag"]
WATCH_TRIAL = TABLES["watch_trial"]
FINDING_CHANGE = TABLES["finding_change"]
ALL: SearchKind = "all"


class SearchVerbs(Verbs):
    """What is looked for again at every data version."""

    def put_search(self, saved: SavedSearch, now: datetime) -> bool:
        """Save a search, or give the one of that name another definition; True where it is new.

        Looking for something else makes its next whole run a beginning again: who is found then is no news.
        Raises StoreError where another kind of search has the name.
        """
        with self._db.write() as connection:
            self._db.in_order(connection)
            held = _by_name(connection, saved.name)
            if held is not None and held.kind != saved.kind:
                raise StoreError(
                    f"{saved.name!r} is the name of {_A[held.kind]} already", remedy="choose another name"
                )
            number = _add(connection, saved, now) if held is None else _redefine(connection, held, saved, now)
            last = last_change(connection)
            tags = [{"watch_id": number, "tag": tag, "after_change": last} for tag in saved.tags]
            self._db.insert_new(connection, WATCH_TAG, tags)
        return held is None

    def searches(self, *, registry: str | None = None) -> tuple[SavedSearch, ...]:
        """All of them, in the order they were added."""
        query = _select_searches()
        if registry is not None:
            query = query.where(SEARCH.c.registry == registry)
        with self._db.read() as connection:
            return tuple(_saved(connection, connection.execute(query.order_by(WATCH.c.id)).all()))

    def search(self, name: str) -> SavedSearch | None:
        """One by its name, whatever the case where that is plain."""
        with self._db.read() as connection:
            row = _by_name(connection, name)
            return None if row is None else next(_saved(connection, [row]))

    def remove_search(self, name: str) -> None:
        """Look for it no longer; what was recorded of its trials stays. Raises NotWatchedError."""
        with self._db.write() as connection:
            row = _by_name(connection, name)
            if row is None:
                raise no_search(name)
            for table in (WATCH_TAG, WATCH_TRIAL, SEARCH):
                connection.execute(delete(table).where(table.c.watch_id == row.id))
            connection.execute(delete(WATCH).where(WATCH.c.id == row.id))

    def members(self, name: str) -> tuple[Member, ...]:
        """Who is in it and who was, in the order they came in. Raises NotWatchedError."""
        with self._db.read() as connection:
            row = _by_name(connection, name)
            if row is None:
                raise no_search(name)
            query = (
                select(TRIAL, *(WATCH_TRIAL.c[column] for column in _OF_MEMBER))
                .join(WATCH_TRIAL, WATCH_TRIAL.c.trial_id == TRIAL.c.id)
                .where(WATCH_TRIAL.c.watch_id == row.id)
                .order_by(WATCH_TRIAL.c.entered_at, TRIAL.c.id)
            )
            return tuple(map(_member, connection.execute(query)))

    def move_members(self, name: str, moves: Sequence[MemberMove], now: datetime) -> None:
        """Write who came in and who left, with the changes that tell it; the same moves twice are one."""
        if not moves:
            return
        with self._db.write() as connection:
            self._db.in_order(connection)
            row = _by_name(connection, name)
            if row is None:  # taken off the list meanwhile
                return
            ids = known_trials(self._db, connection, [move.trial for move in moves])
            last = last_change(connection)
            for move in (move for move in moves if move.event != "left"):
                _enter(self._db, connection, row, ids[move.trial], move, now, last)
            _write_changes(self._db, connection, moves, ids)
            gone = [ids[move.trial] for move in moves if move.event == "left"]
            until = last_change(connection)
            for batch in chunks(gone):
                mine = (WATCH_TRIAL.c.watch_id == row.id) & WATCH_TRIAL.c.trial_id.in_(batch)
                left = update(WATCH_TRIAL).where(mine, WATCH_TRIAL.c.left_at.is_(None))
                connection.execute(left.values(left_at=now, until_change=until))

    def end_run(self, name: str, run: SearchRun, notices: Sequence[NoticeDraft] = ()) -> None:
        """Note how far a search has come; not where it looks for something else meanwhile."""
        with self._db.write() as connection:
            self._db.in_order(connection)
            row = _by_name(connection, name)
            if row is None or row.definition != _definition(run.saved):
                return
            values: dict[str, Any] = {"checked_at": run.checked_at, "problem": plain(run.problem)}
            if run.data_version is not None:
                values["data_version"] = run.data_version
                values["begun_at"] = row.begun_at or run.checked_at
            if run.through is not None:
                values["through"] = run.through
            connection.execute(update(SEARCH).where(SEARCH.c.watch_id == row.id).values(**values))
            add_notices(self._db, connection, notices)

    def watched_elsewhere(self, trials: Iterable[TrialId], name: str) -> frozenset[TrialId]:
        """Those of some trials that stand on the watch list other than by this search."""
        with self._db.read() as connection:
            ids = trial_ids(connection, trials)
            row = _by_name(connection, name)
            found: set[int] = set()
            for batch in chunks(ids.values()):
                query = select(WATCH_TRIAL.c.trial_id).where(
                    WATCH_TRIAL.c.trial_id.in_(batch),
                    WATCH_TRIAL.c.left_at.is_(None),
                    WATCH_TRIAL.c.watch_id != (row.id if row else 0),
                )
                found.update(connection.scalars(query))
        return frozenset(trial for trial, number in ids.items() if number in found)

    def not_in(self, name: str, trials: Iterable[TrialId]) -> tuple[TrialId, ...]:
        """Those of some trials that are not in it, in their order; never-existing ones are left out."""
        wanted = tuple(dict.fromkeys(trials))
        with self._db.read() as connection:
            ids = trial_ids(connection, wanted)
            row = _by_name(connection, name)
            inside: set[int] = set()
            for batch in chunks(ids.values()):
                mine = (WATCH_TRIAL.c.watch_id == (row.id if row else 0)) & WATCH_TRIAL.c.left_at.is_(None)
                query = select(WATCH_TRIAL.c.trial_id).where(mine, WATCH_TRIAL.c.trial_id.in_(batch))
                inside.update(connection.scalars(query))
                lost = TRIAL.c.presence.in_(("renamed", "unknown")) & TRIAL.c.id.in_(batch)
                inside.update(connection.scalars(select(TRIAL.c.id).where(lost)))
        return tuple(trial for trial in wanted if ids.get(trial) not in inside)

    def watch_everything(
        self, registry: str, *, tags: Sequence[str] = (), note: str = "", now: datetime
    ) -> int:
        """Watch all of a registry, what is held of it at once; return how many trials were not in it before.

        What was imported counts as the first look at them: no baseline is told of each, and what a poll finds
        changed since is news. It takes a few statements, however many trials there are.
        """
        saved = SavedSearch(f"all of {registry}", ALL, registry, tags=tuple(dict.fromkeys(tags)), note=note)
        self.put_search(saved, now)
        held = (TRIAL.c.registry == registry) & TRIAL.c.presence.not_in(UNREADABLE)
        with self._db.write() as connection:
            self._db.in_order(connection)
            row = _by_name(connection, saved.name)
            assert row is not None
            mine = select(WATCH_TRIAL.c.trial_id).where(WATCH_TRIAL.c.watch_id == row.id)
            new = held & TRIAL.c.id.not_in(mine)
            added = connection.scalar(select(func.count()).select_from(TRIAL).where(new)) or 0
            looked_at = select(SNAPSHOT.c.data_version).where(
                SNAPSHOT.c.trial_id == TRIAL.c.id, SNAPSHOT.c.seq == TRIAL.c.snapshot_seq
            )
            unpolled = TRIAL.c.checked_data_version.is_(None) & TRIAL.c.snapshot_seq.is_not(None)
            connection.execute(
                update(TRIAL).where(new, unpolled).values(checked_data_version=looked_at.scalar_subquery())
            )
            joined = select(
                literal(row.id),
                TRIAL.c.id,
                literal(now, WATCH.c.added_at.type),
                literal(last_change(connection)),
            )
            connection.execute(
                insert(WATCH_TRIAL).from_select(
                    ["watch_id", "trial_id", "entered_at", "after_change"], joined.where(new)
                )
            )
        return added


_A = {"search": "a search", "asset": "an asset", "all": "a whole registry"}
_OF_MEMBER = ("entered_at", "left_at", "follow", "matched_name", "matched_place")


def no_search(name: str) -> NotWatchedError:
    """There is no search of that name."""
    return NotWatchedError(f"there is no search named {name!r}", remedy="`trialwire watch list` shows them")


def _select_searches() -> Select[Found]:
    count = (
        select(func.count())
        .select_from(WATCH_TRIAL)
        .where(WATCH_TRIAL.c.watch_id == WATCH.c.id, WATCH_TRIAL.c.left_at.is_(None))
        .scalar_subquery()
    )
    columns = (column for column in SEARCH.c if column.name != "watch_id")
    return select(WATCH, *columns, count.label("members")).join(SEARCH, SEARCH.c.watch_id == WATCH.c.id)


def _by_name(connection: Connection, name: str) -> Found | None:
    rows = connection.execute(_select_searches().where(func.lower(WATCH.c.name) == name.lower())).all()
    exact = [row for row in rows if row.name == name]
    return next(iter([*exact, *rows]), None)


def _saved(connection: Connection, rows: Sequence[Found]) -> Iterator[SavedSearch]:
    tags: dict[int, list[str]] = defaultdict(list)
    query = select(WATCH_TAG.c.watch_id, WATCH_TAG.c.tag).join(
        SEARCH, SEARCH.c.watch_id == WATCH_TAG.c.watch_id
    )
    for number, word in connection.execute(query):
        tags[number].append(word)
    for row in rows:
        search, names = from_definition(orjson.loads(row.definition))
        yield SavedSearch(
            name=row.name,
            kind=row.kind,
            registry=row.registry,
            search=search,
            names=names,
            follow=row.follow,
            tags=tuple(sorted(tags[row.id])),
            note=row.note,
            added_at=row.added_at,
            begun_at=row.begun_at,
            checked_at=row.checked_at,
            data_version=row.data_version,
            through=row.through,
            problem=row.problem,
            members=row.members,
        )


def _definition(saved: SavedSearch) -> str:
    return orjson.dumps(to_definition(saved), option=orjson.OPT_SORT_KEYS).decode()


def _add(connection: Connection, saved: SavedSearch, now: datetime) -> int:
    watch = {"kind": saved.kind, "name": saved.name, "note": saved.note, "added_at": now}
    connection.execute(insert(WATCH).values(**watch))
    mine = (WATCH.c.kind == saved.kind) & (WATCH.c.name == saved.name)
    number = int(connection.scalars(select(WATCH.c.id).where(mine)).one())
    looked_for = {
        "watch_id": number,
        "registry": saved.registry,
        "definition": _definition(saved),
        "follow": saved.follow,
        "asked_at": now,
        "problem": "",
    }
    connection.execute(insert(SEARCH).values(**looked_for))
    return number


def _redefine(connection: Connection, held: Found, saved: SavedSearch, now: datetime) -> int:
    number = int(held.id)
    values: dict[str, Any] = {"follow": saved.follow}
    if held.definition != _definition(saved):
        values |= {"definition": _definition(saved), "begun_at": None, "data_version": None, "problem": ""}
        values |= {"checked_at": None, "asked_at": now}
    connection.execute(update(SEARCH).where(SEARCH.c.watch_id == number).values(**values))
    if held.follow != saved.follow:
        mine = update(WATCH_TRIAL).where(WATCH_TRIAL.c.watch_id == number)
        connection.execute(mine.values(follow=saved.follow))
    if saved.note:
        connection.execute(update(WATCH).where(WATCH.c.id == number).values(note=saved.note))
    return number


def _enter(
    database: Database,
    connection: Connection,
    search: Found,
    trial_id: int,
    move: MemberMove,
    now: datetime,
    last: int,
) -> None:
    matched = move.matched or Matched("", "")
    values: dict[str, Any] = {
        "entered_at": now,
        "left_at": None,
        "after_change": last,
        "until_change": None,
        "follow": search.follow,
        "matched_name": plain(matched.name),
        "matched_place": matched.place,
    }
    keys = {"watch_id": search.id, "trial_id": trial_id}
    database.insert_new(connection, WATCH_TRIAL, [keys | values])
    again = and_(
        WATCH_TRIAL.c.watch_id == search.id,
        WATCH_TRIAL.c.trial_id == trial_id,
        WATCH_TRIAL.c.left_at.is_not(None),
    )
    connection.execute(update(WATCH_TRIAL).where(again).values(**values))


def _write_changes(
    database: Database, connection: Connection, moves: Sequence[MemberMove], ids: Mapping[TrialId, int]
) -> None:
    changes = [item for move in moves for item in move.changes]
    findings = [item for move in moves for item in move.findings]
    database.insert_new(connection, CHANGE, [change_row(item, ids[item.trial]) for item in changes])
    database.insert_new(connection, FINDING, [finding_row(item, ids[item.trial]) for item in findings])
    links = [{"finding_id": item.id, "change_id": each} for item in findings for each in item.changes]
    database.insert_new(connection, FINDING_CHANGE, links)


def _member(row: Found) -> Member:
    matched = Matched(row.matched_name, row.matched_place) if row.matched_name else None
    return Member(trial_state(row), row.entered_at, row.left_at, row.follow, matched)
