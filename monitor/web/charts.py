"""A trial's course as a drawing: where strokes go, in percent across and pixels down.

Across is percent, so that a drawing is as wide as its page and its words stay readable; nothing is scaled.
Every drawing has its text alternative. Nothing here knows SVG but these two units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Literal, TypeAlias

from monitor.core.steps import Chart, Line

Room: TypeAlias = Literal["any", "wide", "widest", "none"]

LEFT = 11.0
"""Percent of the width that the names of levels take."""
_TOP, _GAP, _ROW = 18.0, 15.0, 24.0
"""Pixels above the plot, between two labels, and for the band of states."""
_DATES_HIGH, _COUNT_HIGH = 250.0, 90.0
_LABELS = 5
"""Versions named under a drawing, at most."""
_TICKS = 6
_APART = 12.0
"""Pixels between two names at the left."""
_LETTER = 6.0
_ROOMS: tuple[tuple[Room, float], ...] = (("any", 2.85), ("wide", 5.3), ("widest", 7.3))
"""Pixels of one percent of pages 320, 600 and 800 pixels wide."""
_STATES = 8
_KINDS = {"Start": "start", "Primary completion": "primary", "Study completion": "completion"}


@dataclass(frozen=True, slots=True)
class Stroke:
    """A straight stroke."""

    x1: str
    y1: str
    x2: str
    y2: str
    firm: bool
    """Was it a fact, not a plan?"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line of a drawing."""

    kind: str
    title: str
    now: str
    """What it says in the newest version."""
    note: str
    y: str
    """Where its name stands, at the right edge."""
    strokes: tuple[Stroke, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place."""

    x: str
    y: str
    text: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Span:
    """A state that stood over some versions."""

    x: str
    width: str
    text: str
    shade: str
    """`a` and `b` in turn, so that neighbors part."""
    room: Room
    """How wide a page has room for its words?"""


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is drawn."""

    id: str
    title: str
    height: str
    lines: tuple[Drawn, ...]
    ticks: tuple[Label, ...]
    labels: tuple[Label, ...]
    band: tuple[Span, ...]
    band_y: str
    today: str
    """Where today is, empty where it is outside."""
    states: str
    """Which states followed each other, each with the version it began with."""
    words: str
    """The same in a sentence for each line."""


def slips(course: Chart, today: date) -> Picture | None:
    """The dates over the versions: a flat line is a trial on time, a staircase is not."""
    lines = [line for line in course.lines if line.title in _KINDS]
    levels = [level for line in lines for level in line.levels if level is not None]
    if not levels:
        return None
    low, high = _spread(levels, 120)
    scale = _Scale(low, high, _DATES_HIGH, len(course.versions))
    drawn = _named_apart([_drawn(line, scale) for line in lines], scale.bottom)
    now = float(today.toordinal())
    at = scale.y(now) if low <= now <= high else None
    ticks = tuple(_year_ticks(low, high, scale, at))
    states = _states(course.versions, course.status)
    return Picture(
        id="slips",
        title="Dates over the versions",
        height=pixels(scale.bottom + 8 + 3 * _ROW),
        lines=drawn,
        ticks=ticks,
        labels=tuple(_versions(course.versions, course.days, scale.bottom + 2 * _ROW, scale)),
        band=tuple(_band(course.status, scale)),
        band_y=pixels(scale.bottom + 8),
        today="" if at is None else pixels(at),
        states=states,
        words=f"Status: {states}. " + " ".join(f"{one.title}: {one.now}; {one.note}." for one in drawn),
    )


def enrollment(course: Chart) -> Picture | None:
    """Planned and reached enrollment over the versions; None where it never moved: the facts say it."""
    found = [line for line in course.lines if line.title == "Enrollment"]
    levels = [level for line in found for level in line.levels if level is not None]
    if len(set(levels)) < 2:
        return None
    scale = _Scale(0.0, max(levels) * 1.1 or 1.0, _COUNT_HIGH, len(course.versions))
    drawn = tuple(_drawn(line, scale) for line in found)
    return Picture(
        id="enrollment",
        title="Enrollment over the versions",
        height=pixels(scale.bottom + 8 + _ROW + _ROW),
        lines=drawn,
        ticks=tuple(_level_ticks(found[0], scale)),
        labels=tuple(_versions(course.versions, course.days, scale.bottom + _ROW - 6, scale)),
        band=(),
        band_y="0",
        today="",
        states="",
        words=" ".join(f"{one.title}: {one.now}; {one.note}." for one in drawn),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    room: float
    versions: int

    @property
    def bottom(self) -> float:
        """The foot of the plot."""
        return _TOP + self.room

    def y(self, level: float) -> float:
        """Pixels from the top: higher is later, or more."""
        return _TOP + (self.high - level) / (self.high - self.low) * self.room

    def x(self, place: int) -> float:
        """Percent from the left of where a version begins; of the number of versions, the right edge."""
        return LEFT + (100.0 - LEFT) * place / self.versions


def _drawn(line: Line, scale: _Scale) -> Drawn:
    newest = next(level for level in reversed(line.levels) if level is not None)
    place = len(line.levels) - 1 - line.levels[::-1].index(newest)
    said = line.names[newest]
    planned = "" if line.actual[place] else " planned"
    return Drawn(
        kind=_KINDS.get(line.title, "count"),
        title=line.title,
        now=f"{said}{planned}" if line.title not in _KINDS else said,
        note=line.note,
        y=pixels(scale.y(newest) - 6),
        strokes=tuple(_strokes(line, scale)),
    )


def _strokes(line: Line, scale: _Scale) -> Iterator[Stroke]:
    """Flat where nothing moved, upright where it did; equal neighbors are one stroke."""
    runs = groupby(range(len(line.levels)), key=lambda place: (line.levels[place], line.actual[place]))
    before: float | None = None
    for (level, firm), group in runs:
        places = list(group)
        if level is not None:
            y, x = pixels(scale.y(level)), percent(scale.x(places[0]))
            if before is not None and before != level:
                yield Stroke(x, pixels(scale.y(before)), x, y, firm)
            yield Stroke(x, y, percent(scale.x(places[-1] + 1)), y, firm)
        before = level


def _named_apart(drawn: Sequence[Drawn], bottom: float) -> tuple[Drawn, ...]:
    """The lines with their names moved so that none covers another, the highest first."""
    moved: list[Drawn] = []
    floor = _TOP - 6
    for one in sorted(drawn, key=lambda line: float(line.y)):
        place = max(float(one.y), floor)
        moved.append(replace(one, y=pixels(place)))
        floor = place + _GAP
    over = max(floor - _GAP - bottom, 0.0)
    return tuple(replace(one, y=pixels(float(one.y) - over)) for one in moved)


def _spread(levels: Sequence[float], least: float) -> tuple[float, float]:
    """The lowest and the highest with some air."""
    low, high = min(levels), max(levels)
    air = max((high - low) * 0.08, (least - (high - low)) / 2, 20.0)
    return max(low - air, 1.0), high + air


def _year_ticks(low: float, high: float, scale: _Scale, today: float | None) -> Iterator[Label]:
    """Years, but none where today is named."""
    first, last = date.fromordinal(int(low)).year, date.fromordinal(int(high)).year
    step = next(size for size in (1, 2, 5, 10, 20, 50, 100, 1000, 10000) if (last - first) / size <= _TICKS)
    for year in range(first, last + 1):
        place = float(date(year, 1, 1).toordinal()) if year > 0 else 0.0
        y = scale.y(place)
        if year % step == 0 and low <= place <= high and (today is None or abs(y - today) > _APART):
            yield Label("0", pixels(y + 4), str(year))


def _level_ticks(line: Line, scale: _Scale) -> Iterator[Label]:
    """Zero, and each level that has room, the first before the others."""
    taken = [scale.y(0.0)]
    yield Label("0", pixels(taken[0] + 4), "0")
    for level in dict.fromkeys(level for level in line.levels if level is not None):
        y = scale.y(level)
        if all(abs(y - other) > _APART for other in taken):
            taken.append(y)
            yield Label("0", pixels(y + 4), line.names[level])


def _versions(names: Sequence[str], days: Sequence[str], y: float, scale: _Scale) -> Iterator[Label]:
    """Some versions by name, the first and the newest always among them."""
    step = max(-(-len(names) // _LABELS), 1)
    places = [place for place in range(0, len(names), step) if len(names) - 1 - place >= step or not place]
    for place in places if len(names) > 1 else []:
        yield Label(percent(scale.x(place)), pixels(y), names[place])
    yield Label("100%", pixels(y), names[-1], "end")
    if len(names) > 1:
        yield Label(percent(scale.x(0)), pixels(y + _GAP), days[0])
    yield Label("100%", pixels(y + _GAP), days[-1], "end")


def _band(status: Sequence[str], scale: _Scale) -> Iterator[Span]:
    runs = groupby(range(len(status)), key=lambda place: status[place])
    for number, (word, group) in enumerate(runs):
        places = list(group)
        start, end = scale.x(places[0]), scale.x(places[-1] + 1)
        yield Span(percent(start), percent(end - start), word, "ab"[number % 2], _room(word, end - start))


def _room(word: str, share: float) -> Room:
    needed = len(word) * _LETTER + 8
    for name, size in _ROOMS:
        if share * size >= needed:
            return name
    return "none"


def _states(versions: Sequence[str], status: Sequence[str]) -> str:
    """`Recruiting from v1, Suspended from v4`, the latest of many."""
    runs = [(word, next(iter(group))) for word, group in groupby(range(len(status)), key=status.__getitem__)]
    told = [f"{word} from {versions[first]}" for word, first in runs[-_STATES:]]
    return ("… " if len(runs) > _STATES else "") + ", ".join(told)


def percent(share: float) -> str:
    """A place across."""
    return f"{share:.2f}%"


def pixels(number: float) -> str:
    """A place down."""
    return f"{number:.1f}"
