"""Look-ups: what is held of trials, and the change log through the filters of contract section 5."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Select, String, and_, cast, exists, func, literal, or_, select, tuple_

from monitor.core.change import LEVELS
from monitor.core.record import JsonObject, TrialId
from monitor.core.recorded import RecordedChange, RecordedFinding
from monitor.core.watching import Snapshot
from monitor.errors import NotWatchedError
from monitor.store.blobs import DroppedError
from monitor.store.engine import Found, Verbs, chunks
from monitor.store.payloads import read_bodies
from monitor.store.rows import (
    CHANGE,
    FINDING,
    SNAPSHOT,
    TRIAL,
    change,
    finding,
    select_changes,
    select_findings,
    snapshot,
    trial_state,
)
from monitor.store.tables import TABLES
from monitor.store.values import ChangeQuery, Stored
from monitor.store.watching import trial_rows

WATCH = TABLES["watch"]
WATCH_TAG = TABLES["watch_tag"]
WATCH_TRIAL = TABLES["watch_trial"]
FINDING_CHANGE = TABLES["finding_change"]
_ESCAPE = "\\"


class LookupVerbs(Verbs):
    """Reading what was recorded."""

    def latest(self, trials: Iterable[TrialId]) -> Mapping[TrialId, Stored]:
        """What is held of each trial known; payloads are not read."""
        with self._db.read() as connection:
            rows = trial_rows(connection, dict.fromkeys(trials))
            current: dict[int, Found] = {}
            for ids in chunks(row.id for row in rows.values() if row.snapshot_seq is not None):
                query = (
                    select(SNAPSHOT)
                    .join(
                        TRIAL,
                        and_(TRIAL.c.id == SNAPSHOT.c.trial_id, TRIAL.c.snapshot_seq == SNAPSHOT.c.seq),
                    )
                    .where(TRIAL.c.id.in_(ids))
                )
                current.update((row.trial_id, row) for row in connection.execute(query))
        return {
            trial: Stored(
                state=trial_state(row),
                snapshot=snapshot(current[row.id], trial) if row.id in current else None,
                last_seq=row.last_seq,
            )
            for trial, row in rows.items()
        }

    def bodies(self, digests: Iterable[str]) -> Mapping[str, bytes]:
        """Payloads by content digest, byte for byte as first served; unknown digests are absent."""
        with self._db.read() as connection:
            return dict(read_bodies(self._db, connection, digests))

    def earlier_changes(self, trials: Iterable[TrialId]) -> Mapping[TrialId, tuple[JsonObject, ...]]:
        """Recorded changes as contract objects, oldest first by the registry's clock.

        Cumulative facts (slips, sites gained) are made of them. Trials without any are absent.
        """
        found: dict[TrialId, list[JsonObject]] = defaultdict(list)
        with self._db.read() as connection:
            ids = [row.id for row in trial_rows(connection, dict.fromkeys(trials)).values()]
            for batch in chunks(ids):
                query = select_changes().where(CHANGE.c.trial_id.in_(batch))
                query = query.order_by(CHANGE.c.registry_on, CHANGE.c.observed_at, CHANGE.c.number)
                for row in connection.execute(query):
                    item = change(row)
                    found[item.trial].append(item.to_dict())
        return {trial: tuple(items) for trial, items in found.items()}

    def changes(self, query: ChangeQuery) -> tuple[RecordedChange, ...]:
        """Recorded changes, newest first by the registry's clock, then ours, then number."""
        statement = filtered(select_changes(), query).order_by(
            CHANGE.c.registry_on.desc(), CHANGE.c.observed_at.desc(), CHANGE.c.number.desc()
        )
        with self._db.read() as connection:
            return tuple(map(change, connection.execute(statement.limit(query.limit))))

    def first_sights(self, query: ChangeQuery) -> Iterator[Snapshot]:
        """The first snapshot of each trial held that passes the filters on trials and days, newest first.

        They are ordered like changes are; the filters on what changed are not applied.
        """
        said = func.coalesce(SNAPSHOT.c.posted_on, SNAPSHOT.c.submitted_on)
        day = func.coalesce(said, func.substr(cast(SNAPSHOT.c.observed_at, String), 1, 10))
        firsts = select(SNAPSHOT.c.id).join(TRIAL, TRIAL.c.id == SNAPSHOT.c.trial_id)
        firsts = _of_trials(firsts.where(SNAPSHOT.c.seq == 1), query, SNAPSHOT.c.trial_id)
        if query.searches:
            names = [name.lower() for name in query.searches]
            members = select(WATCH_TRIAL.c.trial_id).join(WATCH, WATCH.c.id == WATCH_TRIAL.c.watch_id)
            members = members.where(WATCH.c.kind != "trial", func.lower(WATCH.c.name).in_(names))
            firsts = firsts.where(SNAPSHOT.c.trial_id.in_(members.where(WATCH_TRIAL.c.left_at.is_(None))))
        if query.since:
            firsts = firsts.where(day >= query.since.isoformat())
        if query.until:
            firsts = firsts.where(day <= query.until.isoformat())
        if query.observed_since:
            firsts = firsts.where(SNAPSHOT.c.observed_at >= query.observed_since)
        with self._db.read() as connection:
            ordered = connection.scalars(firsts.order_by(day.desc(), SNAPSHOT.c.observed_at.desc())).all()
        place = (TRIAL.c.registry.label("trial_registry"), TRIAL.c.number.label("trial_number"))
        for ids in chunks(ordered):
            page = select(SNAPSHOT, *place).join(TRIAL, TRIAL.c.id == SNAPSHOT.c.trial_id)
            with self._db.read() as connection:
                rows = {row.id: row for row in connection.execute(page.where(SNAPSHOT.c.id.in_(ids)))}
            for row in (rows[number] for number in ids if number in rows):
                yield snapshot(row, TrialId(row.trial_registry, row.trial_number))

    def change(self, change_id: str) -> RecordedChange | None:
        """One change by its id."""
        with self._db.read() as connection:
            row = connection.execute(select_changes().where(CHANGE.c.id == change_id)).one_or_none()
        return None if row is None else change(row)

    def findings(
        self, *, trials: Iterable[TrialId] = (), changes: Iterable[str] = ()
    ) -> tuple[RecordedFinding, ...]:
        """Findings of some trials, or over some changes (ids), newest first by number."""
        wanted, over = tuple(trials), tuple(changes)
        with self._db.read() as connection:
            query = select_findings()
            if wanted:
                query = query.where(
                    FINDING.c.trial_id.in_([row.id for row in trial_rows(connection, wanted).values()])
                )
            if over:
                query = query.where(
                    FINDING.c.id.in_(
                        select(FINDING_CHANGE.c.finding_id).where(FINDING_CHANGE.c.change_id.in_(over))
                    )
                )
            rows = connection.execute(query.order_by(FINDING.c.number.desc()))
            return tuple(map(finding, rows))

    def snapshots(self, trial: TrialId) -> tuple[Snapshot, ...]:
        """All versions held of a trial, by our number; empty where none."""
        query = (
            select(SNAPSHOT)
            .join(TRIAL, TRIAL.c.id == SNAPSHOT.c.trial_id)
            .where(TRIAL.c.registry == trial.registry, TRIAL.c.number == trial.id)
            .order_by(SNAPSHOT.c.seq)
        )
        with self._db.read() as connection:
            return tuple(snapshot(row, trial) for row in connection.execute(query))

    def body(self, trial: TrialId, seq: int) -> bytes:
        """The payload of one snapshot, byte for byte as first served with this content.

        Raises NotWatchedError where there is no such snapshot, DroppedError where retention gave it up.
        """
        query = (
            select(SNAPSHOT.c.digest)
            .join(TRIAL, TRIAL.c.id == SNAPSHOT.c.trial_id)
            .where(TRIAL.c.registry == trial.registry, TRIAL.c.number == trial.id, SNAPSHOT.c.seq == seq)
        )
        with self._db.read() as connection:
            digest = connection.scalar(query)
            try:
                found = {} if digest is None else dict(read_bodies(self._db, connection, [digest]))
            except DroppedError as error:
                raise DroppedError(
                    f"version s{seq} of {trial}: {error.message}", remedy=error.remedy
                ) from None
        if digest not in found:
            raise NotWatchedError(
                f"no version s{seq} of {trial} is stored", remedy=f"`trialwire versions {trial}` lists them"
            )
        return found[digest]


def filtered(statement: Select[Found], query: ChangeQuery) -> Select[Found]:
    """The filters that are set, each narrowing the last."""
    statement = _of_trials(statement, query, CHANGE.c.trial_id)
    if query.field:
        statement = statement.where(CHANGE.c.field.like(_like(query.field), escape=_ESCAPE))
    for column, words in (
        (CHANGE.c.category, query.categories),
        (CHANGE.c.rule, query.rules),
        (CHANGE.c.origin, query.origins),
    ):
        if words:
            statement = statement.where(column.in_(words))
    if query.min_significance:
        statement = statement.where(CHANGE.c.significance <= LEVELS.index(query.min_significance))
    if query.since:
        statement = statement.where(CHANGE.c.registry_on >= query.since)
    if query.until:
        statement = statement.where(CHANGE.c.registry_on <= query.until)
    if query.observed_since:
        statement = statement.where(CHANGE.c.observed_at >= query.observed_since)
    if query.before:
        place = (CHANGE.c.registry_on, CHANGE.c.observed_at, CHANGE.c.number)
        known = (literal(value, column.type) for value, column in zip(query.before, place, strict=True))
        statement = statement.where(tuple_(*place) < tuple_(*known))
    if query.searches:
        # Who left is in it up to the change that says so.
        inside = exists().where(
            WATCH_TRIAL.c.trial_id == CHANGE.c.trial_id,
            or_(WATCH_TRIAL.c.left_at.is_(None), CHANGE.c.number <= WATCH_TRIAL.c.until_change),
            WATCH.c.id == WATCH_TRIAL.c.watch_id,
            WATCH.c.kind != "trial",
            func.lower(WATCH.c.name).in_([name.lower() for name in query.searches]),
        )
        statement = statement.where(inside)
    return statement


def _of_trials(statement: Select[Found], query: ChangeQuery, trial_id: Found) -> Select[Found]:
    """The filters that are about trials, whatever became of them."""
    if query.trials:
        statement = statement.where(_is_one_of(query.trials))
    if query.presences:
        statement = statement.where(TRIAL.c.presence.in_(query.presences))
    if query.sponsor:
        statement = statement.where(TRIAL.c.sponsor.icontains(query.sponsor, autoescape=True))
    if query.tags:
        tagged = (
            select(WATCH_TRIAL.c.trial_id)
            .join(WATCH_TAG, WATCH_TAG.c.watch_id == WATCH_TRIAL.c.watch_id)
            .where(WATCH_TAG.c.tag.in_(query.tags), WATCH_TRIAL.c.left_at.is_(None))
        )
        statement = statement.where(trial_id.in_(tagged))
    return statement


def _is_one_of(trials: Sequence[TrialId]) -> Found:
    registries = {trial.registry for trial in trials}
    clause = TRIAL.c.number.in_([trial.id for trial in trials])
    if len(registries) == 1:
        return and_(clause, TRIAL.c.registry == registries.pop())
    return and_(clause, TRIAL.c.registry.in_(registries))


def _like(glob: str) -> str:
    """A glob as a LIKE pattern: `*` and `?` are wild, everything else stands for itself."""
    for special in (_ESCAPE, "%", "_"):
        glob = glob.replace(special, _ESCAPE + special)
    return glob.replace("*", "%").replace("?", "_")
