"""A trial over its versions, in characters: a band for the status, a step line for each date and number.

Versions stand on x, in equal steps; what they say stands on y, each level under its own name. A flat line is
a trial on time, a staircase is not. Nothing here knows a terminal: `draw` gives pieces of lines, each with
the role it plays, no wider than asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["", "title", "axis", "band", "planned", "actual"]
Piece: TypeAlias = tuple[str, Role]
"""Some characters, and what they are."""

MOST_LEVELS = 7
"""Levels that get a line of their own; of more, only the ends are named."""
_WIDEST = 9
"""Columns a version takes at most, so that two of them are no chasm."""
_MARGIN = 2


@dataclass(frozen=True, slots=True)
class Line:
    """What one date or number was in each version."""

    title: str
    note: str
    """What became of it, in words."""
    levels: tuple[float | None, ...]
    """One for each version, higher is later or more; None where it was not given."""
    names: Mapping[float, str]
    """How each level is called."""
    actual: tuple[bool, ...]
    """Was it given as a fact, not as a plan? One for each version."""


@dataclass(frozen=True, slots=True)
class Chart:
    """All that is drawn of a trial; every tuple holds one member for each version, oldest first."""

    versions: tuple[str, ...]
    days: tuple[str, ...]
    status: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Signs:
    planned: str
    actual: str
    upright: str
    rise: tuple[str, str]
    """Below and above, where a line goes up."""
    fall: tuple[str, str]
    """Above and below, where it goes down."""


_DRAWN = _Signs("─", "━", "│", ("┘", "┌"), ("┐", "└"))
_ASCII = _Signs("-", "=", "|", ("+", "+"), ("+", "+"))


@dataclass(frozen=True, slots=True)
class _Cell:
    """The columns of one version, or of several where there is no room for each."""

    last: int
    """Which version it shows: the newest of those in it."""
    start: int
    size: int


def draw(chart: Chart, width: int, *, ascii_only: bool = False) -> list[list[Piece]]:
    """The chart in lines of at most `width` columns (40 or more)."""
    signs = _ASCII if ascii_only else _DRAWN
    names = [name for line in chart.lines for name in line.names.values()]
    margin = max([len(name) for name in names] + [len("Version")]) + _MARGIN
    cells = _cells(len(chart.versions), max(width - margin, 1))
    lines: list[list[Piece]] = [
        [("Version".ljust(margin), "axis"), (_labels(chart.versions, cells), "axis")],
        [("From".ljust(margin), "axis"), (_labels(chart.days, cells), "axis")],
        [],
        [("Status".ljust(margin), "title"), (_band(chart.status, cells, signs), "band")],
    ]
    lines += [[(" " * margin + text, "axis")] for text in _legend(chart.status, cells, width - margin)]
    if len(cells) < len(chart.versions):
        lines.insert(2, [(f"Each column is the last of {cells[0].last + 1} versions.", "axis")])
    for line in chart.lines:
        title = line.title
        note = f"  {line.note}" if len(title) + 2 + len(line.note) <= width else ""
        lines += [[], [(title, "title"), (note, "axis")], *_line(line, cells, margin, signs)]
    return lines


def _cells(count: int, room: int) -> list[_Cell]:
    """Columns for so many versions; neighbors share one where there are more of them than columns."""
    if count <= room:
        size = min(_WIDEST, room // count)
        return [_Cell(place, place * size, size) for place in range(count)]
    share = -(-count // room)
    firsts = range(0, count, share)
    return [_Cell(min(first + share, count) - 1, place, 1) for place, first in enumerate(firsts)]


def _labels(words: Sequence[str], cells: Sequence[_Cell]) -> str:
    """As many labels as fit side by side, the newest always among them."""
    end = cells[-1].start + cells[-1].size
    row = [" "] * end
    last = words[cells[-1].last][:end]
    newest = min(cells[-1].start, end - len(last))
    row[newest : newest + len(last)] = last
    free = 0
    for cell in cells[:-1]:
        word = words[cell.last]
        if cell.start >= free and cell.start + len(word) < newest:
            row[cell.start : cell.start + len(word)] = word
            free = cell.start + len(word) + 1
    return "".join(row).rstrip()


def _segments(status: Sequence[str], cells: Sequence[_Cell]) -> Iterator[tuple[str, int]]:
    """Each status that stood, and over how many columns."""
    for word, group in groupby(cells, key=lambda cell: status[cell.last]):
        yield word, sum(cell.size for cell in group)


def _band(status: Sequence[str], cells: Sequence[_Cell], signs: _Signs) -> str:
    letters = _letters(status)
    drawn = []
    for place, (word, size) in enumerate(_segments(status, cells)):
        edge = signs.upright if place and size > 1 else ""
        room = size - len(edge)
        text = word if len(word) <= room else letters[word]
        fill = room - len(text) - 1
        drawn.append(edge + text + (" " + signs.actual * fill if fill > 0 else " " * (fill + 1)))
    return "".join(drawn)


def _legend(status: Sequence[str], cells: Sequence[_Cell], room: int) -> list[str]:
    """What the letters of a band stand for that has no room for words."""
    letters = _letters(status)
    segments = enumerate(_segments(status, cells))
    short = {word for place, (word, size) in segments if len(word) > size - bool(place and size > 1)}
    lines: list[str] = []
    for word in dict.fromkeys(status):
        part = f"{letters[word]} {word}"
        if word not in short:
            continue
        if lines and len(lines[-1]) + len(part) + 3 <= room:
            lines[-1] += f" · {part}"
        else:
            lines.append(part[:room])
    return lines


def _letters(status: Sequence[str]) -> dict[str, str]:
    """A letter of its own for each word."""
    found: dict[str, str] = {}
    for word in dict.fromkeys(status):
        free = (letter for letter in word.upper() if letter.isalpha() and letter not in found.values())
        found[word] = next(free, " ")
    return found


def _line(line: Line, cells: Sequence[_Cell], margin: int, signs: _Signs) -> list[list[Piece]]:
    levels = sorted({level for level in line.levels if level is not None}, reverse=True)
    if not levels:
        return []
    rows, names = _rows(levels, line.names)
    places = [None if (level := line.levels[cell.last]) is None else rows[level] for cell in cells]
    end = cells[-1].start + cells[-1].size
    grid = [[" "] * end for _ in names]
    firm: list[set[int]] = [set() for _ in names]
    before: int | None = None
    for cell, place in zip(cells, places, strict=True):
        if place is not None:
            columns = range(cell.start, cell.start + cell.size)
            actual = line.actual[cell.last]
            for column in columns:
                grid[place][column] = signs.actual if actual else signs.planned
            if actual:
                firm[place].update(columns)
            if before is not None and before != place:
                _step(grid, cell.start, before, place, signs)
        before = place
    return [
        [
            (name.rjust(margin - _MARGIN) + " " * _MARGIN, "axis"),
            *_pieces("".join(row).rstrip(), firm[number]),
        ]
        for number, (name, row) in enumerate(zip(names, grid, strict=True))
    ]


def _rows(levels: Sequence[float], names: Mapping[float, str]) -> tuple[dict[float, int], list[str]]:
    """Each level's line, the highest first, and how the lines are called."""
    if len(levels) <= MOST_LEVELS:
        return {level: row for row, level in enumerate(levels)}, [names[level] for level in levels]
    top, bottom = levels[0], levels[-1]
    last = MOST_LEVELS - 1
    rows = {level: round((top - level) / (top - bottom) * last) for level in levels}
    return rows, [names[top], *[""] * (MOST_LEVELS - 2), names[bottom]]


def _step(grid: list[list[str]], column: int, old: int, new: int, signs: _Signs) -> None:
    """Lead a line from one row to another; rows are counted from the top."""
    leaving, arriving = signs.rise if new < old else signs.fall
    grid[old][column], grid[new][column] = leaving, arriving
    for row in range(min(old, new) + 1, max(old, new)):
        grid[row][column] = signs.upright


def _pieces(text: str, firm: set[int]) -> list[Piece]:
    found: list[Piece] = []
    for actual, group in groupby(range(len(text)), key=lambda column: column in firm):
        found.append(("".join(text[column] for column in group), "actual" if actual else "planned"))
    return found
