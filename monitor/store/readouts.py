"""The readout clock's trials: which a subscription covers that are on it, and what is held of their past.

The kinds are decided by the columns of `trial` in one pass, no payload is read, and only those that are told
come out; `core.readouts` says what each kind is, and the same of every one that comes out. Trials recorded by
an earlier version are described anew, a page at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import nlargest, nsmallest
from operator import itemgetter

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select, update

from monitor.core.partial_date import PartialDate
from monitor.core.readouts import (
    ENDED,
    FIRST_COVERED,
    KINDS,
    LATEST_FIRST,
    ReadoutKind,
    TrialClock,
    Window,
)
from monitor.core.record import JsonObject, TrialId
from monitor.core.subscription import Subscription
from monitor.store.engine import Found, Verbs, chunks
from monitor.store.pending import covered_trials
from monitor.store.rows import (
    CHANGE,
    FACTS_FORM,
    SNAPSHOT,
    TRIAL,
    change,
    conditions,
    facts_row,
    select_changes,
    words,
)
from monitor.store.values import TrialFacts
from monitor.store.watching import trial_ids

_PLACE_IN_LIST = itemgetter(0, 1, 2)
"""By date, who has gone silent last."""
Told = Mapping[ReadoutKind, tuple[int, tuple[TrialClock, ...]]]


@dataclass(frozen=True, slots=True)
class Undescribed:
    """A trial whose facts were kept by an earlier version, and where its record is."""

    row: int
    """Ask for those after it next."""
    trial: TrialId
    seq: int
    digest: str


class ReadoutVerbs(Verbs):
    """The readout clock."""

    def readouts(self, subscription: Subscription, window: Window, *, most: int) -> Told:
        """By kind how many covered trials are on the clock, and the first of them, at most so many.

        Kinds without any are absent. Whoever has left what the subscription covers is not on it.
        """
        with self._db.read() as connection:
            found = _on_clock(connection, subscription, window)
            first = {kind: _first(kind, places, most) for kind, places in found.items()}
            wanted = [place[4] for places in first.values() for place in places]
            query = select(TRIAL).where(TRIAL.c.id.in_(wanted))
            clocks = {row.id: _clock(row) for row in connection.execute(query)}
        return {
            kind: (len(found[kind]), tuple(clocks[place[4]] for place in first[kind]))
            for kind in KINDS
            if kind in found
        }

    def pasts(self, trials: Iterable[TrialId], field: str) -> Mapping[TrialId, tuple[JsonObject, ...]]:
        """What is recorded of trials as contract objects, oldest first; values only of changes of one field.

        Of all other changes there are the two clocks and the versions: so much as says what is known of them.
        """
        found: dict[TrialId, list[JsonObject]] = defaultdict(list)
        with self._db.read() as connection:
            ids = {row: trial for trial, row in trial_ids(connection, trials).items()}
            for batch in chunks(ids):
                own = CHANGE.c.trial_id.in_(batch)
                places: Found = select(*_PLACES).where(own, CHANGE.c.field != field).distinct()
                for place in connection.execute(places):
                    found[ids[place.trial_id]].append(_place(place))
                query = select_changes().where(own, CHANGE.c.field == field)
                query = query.order_by(CHANGE.c.registry_on, CHANGE.c.observed_at, CHANGE.c.number)
                for row in connection.execute(query):
                    item = change(row)
                    found[item.trial].append(item.to_dict())
        return {trial: tuple(items) for trial, items in found.items()}

    def undescribed(self, *, after: int, most: int) -> tuple[Undescribed, ...]:
        """Trials held whose facts an earlier version kept, after a row, at most so many."""
        query = (
            select(TRIAL.c.id, TRIAL.c.registry, TRIAL.c.number, SNAPSHOT.c.seq, SNAPSHOT.c.digest)
            .join(SNAPSHOT, and_(SNAPSHOT.c.trial_id == TRIAL.c.id, SNAPSHOT.c.seq == TRIAL.c.snapshot_seq))
            .where(TRIAL.c.id > after, TRIAL.c.facts_form < FACTS_FORM)
            .order_by(TRIAL.c.id)
            .limit(most)
        )
        with self._db.read() as connection:
            return tuple(
                Undescribed(row.id, TrialId(row.registry, row.number), row.seq, row.digest)
                for row in connection.execute(query)
            )

    def describe(self, found: Sequence[tuple[Undescribed, TrialFacts | None]]) -> None:
        """Keep the facts of trials read anew; what was recorded meanwhile stays.

        None: its record cannot be read. What is kept of it stays as it is, and nobody asks again.
        """
        with self._db.write() as connection:
            for one, facts in found:
                row = {"facts_form": FACTS_FORM} if facts is None else facts_row(facts)
                unmoved = (TRIAL.c.snapshot_seq == one.seq) & (TRIAL.c.facts_form < FACTS_FORM)
                connection.execute(update(TRIAL).where(TRIAL.c.id == one.row, unmoved).values(row))


def _first(kind: ReadoutKind, places: Sequence[Found], most: int) -> list[Found]:
    """Those that are told, as `core.readouts.in_order` has them."""
    if kind in LATEST_FIRST:
        return nlargest(most, places, key=lambda place: (1 - place[0], place[1], place[2]))
    return nsmallest(most, places, key=_PLACE_IN_LIST)


def _on_clock(
    connection: Connection, subscription: Subscription, window: Window
) -> dict[ReadoutKind, list[Found]]:
    """By kind, in no order, every covered trial on the clock: `_PLACE_IN_LIST`, kind, row."""
    day = func.coalesce(TRIAL.c.results_submitted_on, TRIAL.c.primary_completion)
    silent = case((TRIAL.c.overall_status == "UNKNOWN", 1), else_=0)
    kind: Found = _kind(window)
    narrowed = bool(subscription.sponsors or subscription.conditions)
    about: Found = (TRIAL.c.sponsor, TRIAL.c.conditions, TRIAL.c.facts_form) if narrowed else ()
    query = select(silent, day, TRIAL.c.number, kind, TRIAL.c.id, *about).where(
        TRIAL.c.presence == "present", TRIAL.c.id.in_(covered_trials(subscription)), *_may_be_on(window)
    )
    rows: Sequence[Found] = connection.execute(query).all()
    if narrowed:
        rows = [
            row
            for row in rows
            if row[3] is not None
            and subscription.fits(row.sponsor, conditions(row) if row.facts_form else None)
        ]
    found: dict[ReadoutKind, list[Found]] = defaultdict(list)
    for row in rows:
        if row[3] is not None:
            found[row[3]].append(row)
    return found


def _kind(window: Window) -> Found:
    """`core.readouts.kind_of`, in the database's words."""
    t = TRIAL.c
    status, completion = func.coalesce(t.overall_status, ""), t.primary_completion
    withdrawn, unposted = status == "WITHDRAWN", t.results_posted_on.is_(None)
    planned = and_(func.coalesce(t.primary_completion_type, "") != "ACTUAL", status.not_in(ENDED))
    passed = _is_before(window.today)
    may_owe = and_(
        func.coalesce(t.study_type, "") == "INTERVENTIONAL",
        ~withdrawn,
        unposted,
        ~t.results_waived,
        completion >= _as_precise(FIRST_COVERED),
        _is_up_to(window.due_by),
    )
    return case(
        (and_(~withdrawn, unposted, t.results_submitted_on.is_not(None)), "submitted"),
        (completion.is_(None), None),
        (and_(planned, ~passed, _is_up_to(window.horizon)), "expected"),
        (and_(planned, passed, t.primary_completion_type == "ESTIMATED"), "passed"),
        (or_(planned, ~may_owe), None),
        (t.delay_certified_on.is_not(None), "delayed"),
        (_is_before(window.overdue_before), "overdue"),
        else_="due",
    )


def _may_be_on(window: Window) -> Iterator[ColumnElement[bool]]:
    """What is quick to tell: nothing later than the horizon is on the clock, nor what is over and posted."""
    soon = TRIAL.c.primary_completion <= max(window.horizon, window.due_by).isoformat()
    yield or_(soon, TRIAL.c.results_submitted_on.is_not(None))
    planned = func.coalesce(TRIAL.c.primary_completion_type, "") != "ACTUAL"
    yield or_(TRIAL.c.results_posted_on.is_(None), planned)


def _is_before(day: date) -> ColumnElement[bool]:
    """Has all that primary completion can mean ended before the day? Its text is as long as it is precise."""
    return TRIAL.c.primary_completion < _as_precise(day.isoformat())


def _is_up_to(day: date) -> ColumnElement[bool]:
    """Can primary completion fall on the day or before it?"""
    return TRIAL.c.primary_completion <= _as_precise(day.isoformat())


def _as_precise(day: str) -> ColumnElement[str]:
    """The day, as precise as primary completion is given."""
    return func.substr(literal(day), 1, func.length(TRIAL.c.primary_completion))


def _clock(row: Found) -> TrialClock:
    return TrialClock(
        trial=TrialId(row.registry, row.number),
        title=row.title,
        sponsor=row.sponsor,
        phases=words(row.phases),
        overall_status=row.overall_status,
        study_type=row.study_type,
        primary_completion=_partial(row.primary_completion),
        primary_completion_type=row.primary_completion_type,
        results_posted_on=row.results_posted_on,
        results_submitted_on=_partial(row.results_submitted_on),
        results_returned_on=_partial(row.results_returned_on),
        results_waived=row.results_waived,
        delay_certified_on=_partial(row.delay_certified_on),
    )


def _partial(text: str | None) -> PartialDate | None:
    return None if text is None else PartialDate.parse(text)


_PLACES = (
    CHANGE.c.trial_id,
    CHANGE.c.version_from,
    CHANGE.c.version_to,
    CHANGE.c.snapshot_to,
    CHANGE.c.submitted_on,
    CHANGE.c.posted_on,
)


def _place(row: Found) -> JsonObject:
    """So much of a change as says between which versions it happened."""
    return {
        "version": {"from": row.version_from, "to": row.version_to},
        "snapshot": {"to": row.snapshot_to},
        "submitted_on": row.submitted_on,
        "posted_on": row.posted_on,
    }
