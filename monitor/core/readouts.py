"""The readout clock as values: what covered trials are expected to read out, and whose results are due.

Two questions, asked of a trial's own record and a day. When does it plan to finish collecting its primary
outcome, and how often has that moved? And when would results be due, if it is a trial that must report them?
Results are due one year after the primary completion date (42 CFR 11.44); whether the rule applies to a trial
turns on facts that no record shows in full, so it is never judged here and every list of results says so.
Where a month is given the whole of it must have passed; nothing is made of a date that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias, get_args

from monitor.core.partial_date import PartialDate
from monitor.core.phrases import day_words
from monitor.core.record import JsonObject, TrialId
from monitor.core.sentences.words import moved, stretch, times
from monitor.core.slips import Slips

ReadoutKind: TypeAlias = Literal["expected", "submitted", "due", "overdue", "delayed", "passed"]
"""Primary completion `expected`, or `passed` and still an estimate; results `submitted` and not posted,
`due`, `overdue`, or `delayed` by certificate."""
KINDS: tuple[ReadoutKind, ...] = get_args(ReadoutKind)
"""In the order in which they are told."""
LATEST_FIRST: frozenset[ReadoutKind] = frozenset({"overdue", "passed"})
"""Lists that grow for years: what came onto them lately is news, and what stands there since 2012 is not."""

ENDED = frozenset({"COMPLETED", "TERMINATED", "WITHDRAWN"})
"""Trials from which no primary completion is expected any more."""
FIRST_COVERED = "2007-12-26"
"""Trials that ended before this day never came under the rule (42 U.S.C. 282(j))."""
CAVEAT = (
    "Results are due one year after primary completion where 42 CFR 11.44 applies; "
    "whether it applies to a trial is not ours to judge."
)


@dataclass(frozen=True, slots=True)
class TrialClock:
    """What the clock reads of one trial: a few facts of its record."""

    trial: TrialId
    title: str
    sponsor: str | None = None
    phases: tuple[str, ...] = ()
    overall_status: str | None = None
    study_type: str | None = None
    primary_completion: PartialDate | None = None
    primary_completion_type: str | None = None
    """`ACTUAL` or `ESTIMATED`; None where the record does not say."""
    results_posted_on: str | None = None
    results_submitted_on: PartialDate | None = None
    """When results were handed in that are not posted yet."""
    results_returned_on: PartialDate | None = None
    """When the registry's reviewers last sent them back; None where they have them."""
    results_waived: bool = False
    delay_certified_on: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The days that decide, as last or first dates of primary completion."""

    today: date
    horizon: date
    """What can fall on this day or before is soon."""
    overdue_before: date
    """Primary completion that ended before it: results were due before today."""
    due_by: date
    """Primary completion on this day or before: results are due by the horizon."""

    @classmethod
    def of(cls, today: date, days: int) -> Window:
        """The window that looks so many days ahead."""
        horizon = today + timedelta(days=days)
        return cls(today, horizon, _first_due_on(today), _last_due_by(horizon))


@dataclass(frozen=True, slots=True)
class Readout:
    """One trial on the clock."""

    kind: ReadoutKind
    trial: TrialId
    title: str
    """As the registry has it: not cleaned, not clipped."""
    sponsor: str | None
    phases: tuple[str, ...]
    on: PartialDate
    """The day it is about: primary completion, or when results are due. As precise as the record."""
    when: str
    """The same in words: `Mar 2027`."""
    text: str
    """What is to be said of it, in a sentence."""
    slips: str = ""
    """How often and how far its primary completion moved, in a sentence; empty where that is not known."""
    url: str = ""
    """The registry's page of it."""

    def to_dict(self) -> JsonObject:
        """Members for programs."""
        return {
            "kind": self.kind,
            "trial": {
                "registry": self.trial.registry,
                "id": self.trial.id,
                "title": self.title,
                "url": self.url,
            },
            "sponsor": self.sponsor,
            "phases": list(self.phases),
            "on": str(self.on),
            "text": self.text,
            "slips": self.slips,
        }


@dataclass(frozen=True, slots=True)
class ReadoutList:
    """Readouts of one kind, by date: what is next comes first, of `LATEST_FIRST` what came last."""

    kind: ReadoutKind
    title: str
    items: tuple[Readout, ...]
    more: int = 0
    """How many are left out, further from today than those told."""

    @property
    def total(self) -> int:
        """How many there are, told or left out."""
        return len(self.items) + self.more


@dataclass(frozen=True, slots=True)
class Readouts:
    """The clock of one subscription on one day."""

    as_of: date
    days: int
    """How far ahead it looks."""
    lists: tuple[ReadoutList, ...]
    """In the order in which they are told; none of them empty."""
    caveat: str = ""
    """What must be said wherever results are called due; empty where none are."""

    @property
    def total(self) -> int:
        """How many trials are on it."""
        return sum(one.total for one in self.lists)


def kind_of(clock: TrialClock, window: Window) -> ReadoutKind | None:
    """Which list a trial is on, if any; never on two.

    The store says the same of all trials at once in the database's words, and tests hold it to this.
    """
    completion, status = clock.primary_completion, clock.overall_status
    if status != "WITHDRAWN" and clock.results_posted_on is None and clock.results_submitted_on is not None:
        return "submitted"
    if completion is None:
        return None
    if clock.primary_completion_type != "ACTUAL" and status not in ENDED:
        if not completion.ends_before(window.today):
            return "expected" if completion.first <= window.horizon else None
        return "passed" if clock.primary_completion_type == "ESTIMATED" else None
    if not may_owe_results(clock) or completion.first > window.due_by:
        return None
    if clock.delay_certified_on is not None:
        return "delayed"
    return "overdue" if completion.ends_before(window.overdue_before) else "due"


def may_owe_results(clock: TrialClock) -> bool:
    """Is it an interventional trial that came to an end and has posted nothing? No more is said by that."""
    return (
        clock.study_type == "INTERVENTIONAL"
        and clock.overall_status != "WITHDRAWN"
        and clock.results_posted_on is None
        and not clock.results_waived
        and clock.primary_completion is not None
        and str(clock.primary_completion) >= FIRST_COVERED[: len(str(clock.primary_completion))]
    )


def in_order(kind: ReadoutKind, clocks: Iterable[TrialClock]) -> list[TrialClock]:
    """A list as it is told: by date, who has gone silent last; a year comes before its months."""
    latest_first = kind in LATEST_FIRST

    def place(clock: TrialClock) -> tuple[bool, str, str, str]:
        known = clock.results_submitted_on or clock.primary_completion
        silent = clock.overall_status == "UNKNOWN"
        return silent != latest_first, str(known), clock.trial.registry, clock.trial.id

    return sorted(clocks, key=place, reverse=latest_first)


def readouts(
    found: Mapping[ReadoutKind, tuple[int, Sequence[TrialClock]]],
    window: Window,
    *,
    slips: Mapping[TrialId, Slips] | None = None,
    urls: Mapping[TrialId, str] | None = None,
) -> Readouts:
    """The clock: of each kind how many there are in all, and those that are told."""
    days = (window.horizon - window.today).days
    lists = []
    for kind in KINDS:
        total, clocks = found.get(kind, (0, ()))
        items = tuple(
            _readout(kind, clock, window, slips or {}, urls or {}) for clock in in_order(kind, clocks)
        )
        if items:
            lists.append(ReadoutList(kind, _TITLES[kind].format(days=days), items, total - len(items)))
    owing = any(one.kind in ("due", "overdue", "delayed") for one in lists)
    return Readouts(window.today, days, tuple(lists), CAVEAT if owing else "")


def by_kind(
    clocks: Iterable[TrialClock], window: Window, *, most: int
) -> Mapping[ReadoutKind, tuple[int, tuple[TrialClock, ...]]]:
    """Trials by their lists, at most so many of each, and how many there are; in whatever order they come."""
    found: dict[ReadoutKind, list[TrialClock]] = {}
    for clock in clocks:
        if (kind := kind_of(clock, window)) is not None:
            found.setdefault(kind, []).append(clock)
    return {kind: (len(held), tuple(in_order(kind, held)[:most])) for kind, held in sorted(found.items())}


def due_on(completion: PartialDate) -> PartialDate:
    """One year later, as precise; 29 February gives 28 February."""
    if (completion.month, completion.day) == (2, 29):
        return PartialDate(completion.year + 1, 2, 28)
    return PartialDate(completion.year + 1, completion.month, completion.day)


_TITLES: Mapping[ReadoutKind, str] = {
    "expected": "Primary completion expected within {days} days",
    "submitted": "Results submitted, not posted yet",
    "due": "Results due within {days} days",
    "overdue": "Results overdue",
    "delayed": "Results delayed by certificate",
    "passed": "Primary completion passed, still an estimate",
}


def _readout(
    kind: ReadoutKind,
    clock: TrialClock,
    window: Window,
    slips: Mapping[TrialId, Slips],
    urls: Mapping[TrialId, str],
) -> Readout:
    on = _on(kind, clock)
    return Readout(
        kind=kind,
        trial=clock.trial,
        title=clock.title,
        sponsor=clock.sponsor,
        phases=clock.phases,
        on=on,
        when=day_words(on),
        text=" ".join(_sentences(kind, clock, on, window)),
        slips=slip_words(slips.get(clock.trial)) if kind in ("expected", "passed") else "",
        url=urls.get(clock.trial, ""),
    )


def _on(kind: ReadoutKind, clock: TrialClock) -> PartialDate:
    if kind == "submitted":
        assert clock.results_submitted_on is not None
        return clock.results_submitted_on
    assert clock.primary_completion is not None
    return clock.primary_completion if kind in ("expected", "passed") else due_on(clock.primary_completion)


def _sentences(kind: ReadoutKind, clock: TrialClock, on: PartialDate, window: Window) -> Iterator[str]:
    completion = clock.primary_completion
    match kind:
        case "expected":
            given = " (estimated)" if clock.primary_completion_type == "ESTIMATED" else ""
            yield f"Primary completion {_at(on)}{given}."
        case "passed":
            ago = stretch((window.today - on.last).days)
            yield f"Primary completion estimated {_at(on)}, {ago} ago, and not given as actual."
        case "submitted":
            back = clock.results_returned_on
            yield f"Results submitted {_at(on)}{f', returned {_at(back)}' if back else ''}, not posted yet."
        case "due":
            yield f"Results due {_by(on)}: primary completion {_at(completion)}{_type(clock)}."
        case "overdue":
            late = stretch((window.today - on.last).days)
            was = f"primary completion {_at(completion)}{_type(clock)}"
            yield f"Results due {_by(on)}, overdue by {late}: {was}."
        case "delayed":
            yield f"Delay of results certified {_at(clock.delay_certified_on)}; without it due {_by(on)}."
    if (state := _STATES.get(clock.overall_status or "")) and kind in ("expected", "passed"):
        yield state
    if kind in ("due", "overdue") and clock.overall_status == "TERMINATED":
        yield "Terminated."


_STATES = {
    "SUSPENDED": "Suspended.",
    "NOT_YET_RECRUITING": "Not yet recruiting.",
    "UNKNOWN": "Status unknown: the record has not been kept up.",
}


def slip_words(known: Slips | None) -> str:
    """`Moved 3 times since registration, 14 months later in all.`; empty where only one version is known."""
    if known is None or known.versions < 2:
        return ""
    among = "since registration" if known.since_registration else f"in the {known.versions} versions seen"
    if not known.moves:
        return f"Not moved {among}."
    if not known.days:
        return f"Moved {times(known.moves)} {among}, back to the first date."
    return f"Moved {times(known.moves)} {among}, {moved(known.days)}{' in all' if known.moves > 1 else ''}."


def _type(clock: TrialClock) -> str:
    return " (estimated)" if clock.primary_completion_type == "ESTIMATED" else ""


def _at(when: PartialDate | None) -> str:
    """`in Mar 2027`, `on 14 Mar 2027`."""
    if when is None:
        return "not given"
    return f"{'on' if when.day else 'in'} {day_words(when)}"


def _by(when: PartialDate) -> str:
    """`by 14 Mar 2027`; a month is due when it is over: `by the end of Mar 2027`."""
    return f"by {day_words(when)}" if when.day else f"by the end of {day_words(when)}"


def _first_due_on(day: date) -> date:
    """The first day of primary completion whose results are due on `day` or later."""
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 3, 1)
    return day.replace(year=day.year - 1)


def _last_due_by(day: date) -> date:
    """The last day of primary completion whose results are due on `day` or before."""
    after = day + timedelta(days=1)
    return _first_due_on(after) - timedelta(days=1)
