"""A trial's course: what it planned and reached in each version, as values and as a chart.

The start, the two completions, the enrollment and the status of every version held, oldest first. A date that
is given more precisely has not moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from monitor.core.partial_date import PartialDate, days_between
from monitor.core.phrases import plural
from monitor.core.record import Dated, JsonObject, TrialRecord, to_json
from monitor.core.scene import COMPLETION, PRIMARY_COMPLETION, START, Enrollment
from monitor.core.sentences.words import moved, percent, status, when
from monitor.core.steps import Chart, Line

_DATES = {START: "Start", PRIMARY_COMPLETION: "Primary completion", COMPLETION: "Study completion"}
_MEMBERS = {START: "start", PRIMARY_COMPLETION: "primary_completion", COMPLETION: "completion"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One version's part in the course."""

    name: str
    """What the version is called: `v4`, else `s21`."""
    day: str
    """Since when it stood, for people."""
    status: str | None
    dates: Mapping[str, Dated | None]
    """By field."""
    enrollment: Enrollment | None

    def to_dict(self) -> JsonObject:
        """Members for programs; what is not given is null."""
        dates = {
            _MEMBERS[name]: None if dated is None else to_json(dated) for name, dated in self.dates.items()
        }
        counted = self.enrollment
        return {
            "status": self.status,
            **dates,
            "enrollment": None if counted is None else {"count": counted.count, "type": counted.type},
        }


def stage(record: TrialRecord, *, name: str, day: str) -> Stage:
    """What a record says of it."""
    count = record.number("design.enrollmentCount")
    counted = (
        None if count is None else Enrollment(count, record.word("design.enrollmentType") or "ESTIMATED")
    )
    dates = {field: record.dated(field) for field in _DATES}
    return Stage(name, day, record.word("status.overallStatus"), dates, counted)


def chart(stages: Sequence[Stage]) -> Chart:
    """The course as it is drawn; what was never given has no line."""
    lines = [_date_line(title, [one.dates.get(field) for one in stages]) for field, title in _DATES.items()]
    lines.append(_count_line([one.enrollment for one in stages]))
    return Chart(
        versions=tuple(one.name for one in stages),
        days=tuple(one.day for one in stages),
        status=tuple(status(one.status) for one in stages),
        lines=tuple(line for line in lines if line is not None),
    )


def _date_line(title: str, dates: Sequence[Dated | None]) -> Line | None:
    given = [dated for dated in dates if dated is not None]
    if not given:
        return None
    names: dict[float, str] = {}
    levels: list[float | None] = []
    stands: PartialDate | None = None
    for dated in dates:
        if dated is None:
            levels.append(None)
            continue
        if stands is None or days_between(stands, dated.date):
            stands = dated.date
        level = float(stands.midpoint.toordinal())
        names[level] = when(dated)
        levels.append(level)
    moves = sum(bool(days_between(one.date, other.date)) for one, other in pairwise(given))
    total = days_between(given[0].date, given[-1].date)
    return Line(
        title,
        _told(moves, moved(total) if total else ""),
        tuple(levels),
        names,
        tuple(dated is not None and dated.type == "ACTUAL" for dated in dates),
    )


def _count_line(counts: Sequence[Enrollment | None]) -> Line | None:
    given = [one for one in counts if one is not None]
    if not given:
        return None
    moves = sum(one.count != other.count for one, other in pairwise(given))
    first, last = given[0].count, given[-1].count
    return Line(
        "Enrollment",
        _told(moves, percent(first, last) if first != last else ""),
        tuple(None if one is None else float(one.count) for one in counts),
        {float(one.count): f"{one.count:,}" for one in given},
        tuple(one is not None and one.type == "ACTUAL" for one in counts),
    )


def _told(moves: int, total: str) -> str:
    if not moves:
        return "not moved"
    return f"{plural(moves, 'move')}, {total or 'back where it began'}"
