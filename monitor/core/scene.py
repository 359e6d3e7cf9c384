"""A pair of records as the rules see it: what is true of the trial around a change.

`Scene` answers questions about the two versions (has it started, are results being posted), `Case` about
one difference in it. Every answer is worked out once and only when asked. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import orjson

from monitor.core.change import Delta
from monitor.core.durations import shift_of
from monitor.core.lazy import lazy
from monitor.core.partial_date import PartialDate, days_between
from monitor.core.record import Age, Dated, JsonObject, Named, Opaque, Text, Tree, TrialRecord, Value, to_json
from monitor.core.rule import RuleTable
from monitor.core.text import similarity

STOPPED = frozenset({"TERMINATED", "SUSPENDED", "WITHDRAWN"})
RECRUITING = frozenset({"RECRUITING", "ENROLLING_BY_INVITATION", "NOT_YET_RECRUITING", "AVAILABLE"})
ACTIVE = RECRUITING | {"ACTIVE_NOT_RECRUITING"}
CLOSED = STOPPED | {"ACTIVE_NOT_RECRUITING", "COMPLETED", "UNKNOWN", "NO_LONGER_AVAILABLE"}
"""Statuses under which the registry shows no statuses of sites."""
STARTED = STOPPED - {"WITHDRAWN"} | {
    "RECRUITING",
    "ENROLLING_BY_INVITATION",
    "ACTIVE_NOT_RECRUITING",
    "COMPLETED",
}
ALLOTTED = 99_999_999
"""The registry's "no limit known" for an enrollment."""

START, PRIMARY_COMPLETION, COMPLETION = (
    "status.startDate",
    "status.primaryCompletionDate",
    "status.completionDate",
)
CONTROL_ARMS = frozenset({"PLACEBO_COMPARATOR", "ACTIVE_COMPARATOR", "SHAM_COMPARATOR", "NO_INTERVENTION"})


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A count with its word; a missing word means an estimate."""

    count: int
    type: str


@dataclass(frozen=True)
class Scene:
    """Two versions of one trial, what differs between them, and the day they are judged on."""

    before: TrialRecord
    after: TrialRecord
    deltas: tuple[Delta, ...]
    rules: RuleTable
    today: date | None = None
    history: Sequence[JsonObject] | None = None
    """Earlier changes of the trial, oldest first; None where they are not known."""
    confirmed: date | None = None
    """The last day on which the earlier version was seen to stand; None where it was seen once."""

    @lazy
    def as_of(self) -> date | None:
        """The day everything is judged on: never the clock (rules, "as_of")."""
        if self.today is not None:
            return self.today
        posted = self.after.dated("status.lastUpdatePostDate")
        return posted.date.first if posted else None

    @lazy
    def by_field(self) -> Mapping[str, Sequence[Delta]]:
        """The differences of each field."""
        found: dict[str, list[Delta]] = {}
        for delta in self.deltas:
            found.setdefault(delta.field, []).append(delta)
        return found

    @lazy
    def by_outcome(self) -> Mapping[tuple[str, str], Sequence[Delta]]:
        """The differences of each outcome, by its list and its key."""
        found: dict[tuple[str, str], list[Delta]] = {}
        for delta in self._outcomes:
            found.setdefault((delta.field, delta.key or ""), []).append(delta)
        return found

    @lazy
    def same_shifts(self) -> Mapping[tuple[object, object], Sequence[Delta]]:
        """Time frames that are all that changed of their outcome, by how they moved; primary ones first."""
        found: dict[tuple[object, object], list[Delta]] = {}
        for delta in self._outcomes:
            alone = delta.at == ("timeFrame",) and len(self.by_outcome[delta.field, delta.key or ""]) == 1
            if alone and delta.old is not None and delta.new is not None:
                found.setdefault(shift_of(shown(delta.old), shown(delta.new)), []).append(delta)
        return found

    @lazy
    def _outcomes(self) -> Sequence[Delta]:
        return [delta for delta in self.deltas if delta.field.startswith("outcomes.")]

    def changed(self, *names: str) -> bool:
        """Did any of these fields change?"""
        return any(name in self.by_field for name in names)

    @lazy
    def status(self) -> str | None:
        """The overall status after."""
        return self.after.word("status.overallStatus")

    @lazy
    def status_move(self) -> tuple[str | None, str | None] | None:
        """The overall status before and after, where it moved."""
        old = self.before.word("status.overallStatus")
        return None if old == self.status else (old, self.status)

    @lazy
    def stopping(self) -> bool:
        """Does this version stop the trial (C1)?"""
        return self.status_move is not None and self.status in STOPPED

    @lazy
    def veil(self) -> str | None:
        """`drawn` where the record was withheld in this version, `lifted` where it was unveiled."""
        if self.status_move is None or "WITHHELD" not in self.status_move:
            return None
        return "drawn" if self.status == "WITHHELD" else "lifted"

    @lazy
    def started(self) -> bool:
        """Has the trial begun (rules, "started")?"""
        start = self.after.dated(START)
        if start and start.type == "ACTUAL" and self.as_of and start.date.first <= self.as_of:
            return True
        known = self.after.word("status.lastKnownStatus") if self.status == "UNKNOWN" else self.status
        return known in STARTED

    @lazy
    def completed_by(self) -> PartialDate | None:
        """Primary completion, where it is actual or has passed."""
        done = self.after.dated(PRIMARY_COMPLETION)
        if done and (done.type == "ACTUAL" or (self.as_of and done.date.ends_before(self.as_of))):
            return done.date
        return None

    @lazy
    def results_new(self) -> bool:
        """Are results posted in this version (C3)?"""
        names = ("results.hasResults", "status.resultsFirstPostDate")
        had, has = ([record.get(name) for name in names] for record in (self.before, self.after))
        return (has[0] is True and had[0] is not True) or (has[1] is not None and had[1] is None)

    @lazy
    def results_gone(self) -> bool:
        """Are results no longer posted that the version before held?"""
        had, has = (record.get("results.hasResults") is True for record in (self.before, self.after))
        return had and not has

    @lazy
    def results_near(self) -> bool:
        """Is this version within the window around the posting of results (C4, M17)?"""
        if self.results_new:
            return True
        posted = self.after.dated("status.resultsFirstPostDate")
        if posted is None or self.as_of is None:
            return False
        return abs((posted.date.midpoint - self.as_of).days) <= self.rules.limit("C4", "window_days")

    @lazy
    def enrollments(self) -> tuple[Enrollment | None, Enrollment | None]:
        """Enrollment before and after."""
        old, new = _enrollment(self.before), _enrollment(self.after)
        untold = self.before.get("design.enrollmentType") is None
        if untold and old and new:
            old = Enrollment(old.count, new.type)
        return old, new

    @lazy
    def primary_losses(self) -> int:
        """How many more primary outcomes were dropped than added."""
        ops = [delta.op for delta in self.by_field.get("outcomes.primary", ()) if not delta.at]
        return ops.count("removed") - ops.count("added")

    @lazy
    def observational(self) -> bool:
        """Is it an observational study?"""
        return self.after.word("design.studyType") == "OBSERVATIONAL"

    def days_since(self, name: str) -> int | None:
        """Days from the end of a date to `as_of`; None where either is missing."""
        found = self.after.dated(name)
        return (self.as_of - found.date.last) // timedelta(days=1) if found and self.as_of else None


@dataclass(frozen=True)
class Case:
    """One difference in its scene."""

    delta: Delta
    scene: Scene

    @property
    def part(self) -> str:
        """The attribute of the item that differs; empty where the whole item or field does."""
        return self.delta.at[0] if self.delta.at else ""

    @property
    def gives(self) -> bool:
        """Is it first given (a value where there was none)?"""
        return self.delta.old is None and self.delta.new is not None

    def limit(self, rule: str, name: str) -> float:
        """A threshold in force."""
        return self.scene.rules.limit(rule, name)

    @property
    def old(self) -> str:
        """The old text as shown; empty where there is none."""
        return shown(self.delta.old)

    @property
    def new(self) -> str:
        """The new text as shown; empty where there is none."""
        return shown(self.delta.new)

    @lazy
    def similarity(self) -> float:
        """How alike the two texts are; 0 where one is missing."""
        return similarity(self.old, self.new) if self.old and self.new else 0.0

    @lazy
    def item(self) -> Tree:
        """The list item as it is now, or was where it is gone."""
        value = self.delta.new if self.delta.new is not None else self.delta.old
        if not self.delta.at and isinstance(value, dict):
            return value
        found = self.scene.after.items(self.delta.field).get(self.delta.key or "")
        return found if found is not None else {}

    @lazy
    def item_before(self) -> Tree:
        """The list item as it was, under its earlier key where that changed."""
        key = self.delta.from_key or self.delta.key or ""
        return self.scene.before.items(self.delta.from_field or self.delta.field).get(key, {})

    def of_item(self, name: str) -> str:
        """A text of the item, as shown; empty where it has none."""
        read = self.delta.item
        part = None if read is None else read.get(name)
        return shown(self.item.get(name) if part is None else part)

    @lazy
    def dates(self) -> tuple[Dated, Dated] | None:
        """Both dates, with a missing type read as it must have been; None unless both are given."""
        old, new = self.delta.old, self.delta.new
        if not (isinstance(old, Dated) and isinstance(new, Dated)):
            return None
        if old.type and new.type:
            return old, new
        return Dated(old.date, self._type_before(old, new)), Dated(
            new.date, new.type or old.type or "ESTIMATED"
        )

    @lazy
    def slip(self) -> int | None:
        """Days, positive for later; None unless both dates are given."""
        return days_between(self.dates[0].date, self.dates[1].date) if self.dates else None

    def _type_before(self, old: Dated, new: Dated) -> str:
        posted = self.scene.before.dated("status.lastUpdatePostDate")
        ahead = posted is not None and not old.date.ends_before(posted.date.first)
        return old.type or ("ESTIMATED" if ahead else new.type or "ESTIMATED")


def shown(value: Value | None) -> str:
    """A value as people read it, enum values raw."""
    if isinstance(value, Text):  # most are
        return value.shown
    match value:
        case None:
            return ""
        case str():
            return value
        case Named(shown=text) | Age(shown=text):
            return text
        case Dated(date=when):
            return str(when)
        case frozenset():
            return ", ".join(sorted(value))
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return str(value)
        case Opaque(json=str(text)):
            return text
    return orjson.dumps(to_json(value)).decode()


def _enrollment(record: TrialRecord) -> Enrollment | None:
    count = record.number("design.enrollmentCount")
    if count is None or count >= ALLOTTED:
        return None
    return Enrollment(count, record.word("design.enrollmentType") or "ESTIMATED")
