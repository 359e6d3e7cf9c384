"""The terminal: how wide it is, whether it takes color, and text wrapped under its own column.

The one door to rich. Text from a registry is never read as markup, and its control characters never reach
the terminal.
"""

from __future__ import annotations

import itertools
import locale
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from rich.console import Console
from rich.text import Text

__all__ = ["LEVEL_STYLES", "Cell", "Column", "Text"]

LEVEL_STYLES = {"critical": "bold red", "major": "yellow", "minor": "cyan", "noise": "dim"}
"""A color for each level; the word always stands beside it."""

_PIPED_WIDTH = 120
_NARROWEST = 40
_GAP = 2
_MEASURED = 1_000
"""Rows that decide together how wide the columns are."""
_READABLE = 24
"""A wrapping column gets at least so much room, if it wants it, before others are left out for it."""
_SQUEEZED = 12
"""What is left of a column when nothing more can be left out."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ASCII = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "→": "->", "↔": "<->", "…": "...", "·": "|", "×": "x", "“": '"',
        "”": '"',
        "‘": "'", "’": "'", "≥": ">=", "≤": "<=", "├": "|", "┤": "|", "─": "-", "│": "|", "✓": "ok",
        "✗": "no", "\u202f": " ", "\u00a0": " ", "±": "+/-", "▸": ">",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """Words with a style."""

    words: str
    style: str = ""
    pieces: tuple[tuple[str, str], ...] = ()
    """Words with a style each, shown instead, joined as they are."""

    def text(self) -> Text:
        """As rich has it; never read as markup."""
        if not self.pieces:
            return Text(clean(self.words), style=self.style)
        return Text("").join(Text(clean(words), style=style) for words, style in self.pieces)


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of a table behaves."""

    title: str = ""
    wrap: bool = False
    """Takes the room that is left, and wraps under itself; others keep their natural width while they can."""
    hidden_below: int = 0
    """Left out where the terminal is narrower than this, or has no room for it; the highest goes first."""
    right: bool = False


def width() -> int:
    """Columns to write for: `COLUMNS`, else the terminal behind stdout, stderr or stdin, else 120."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdigit() and int(asked):
        return max(int(asked), _NARROWEST)
    for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
        try:
            found = os.get_terminal_size(stream.fileno()).columns if stream is not None else 0
        except (OSError, ValueError):
            continue
        if found:
            return max(found, _NARROWEST)
    return _PIPED_WIDTH


def interactive() -> bool:
    """Is a person looking at stderr right now?"""
    return sys.stderr.isatty() and shutil.get_terminal_size().columns > 0


def plain(words: str) -> str:
    """In ASCII as far as our own signs go: minus, dashes, arrows, dots."""
    return words.translate(_ASCII)


@cache
def ascii_only() -> bool:
    """Must output be ASCII? Where stdout cannot say an arrow, and in the C locale with `NO_COLOR`."""
    try:
        "−→…".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return True
    if not os.environ.get("NO_COLOR"):
        return False
    chosen = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    return chosen in ("C", "POSIX") or locale.setlocale(locale.LC_CTYPE) in ("C", "POSIX")


def clean(words: str) -> str:
    """Words fit for a terminal: nothing that steers or disguises, ASCII where nothing else is understood."""
    harmless = _INVISIBLE.sub("", _CONTROL.sub(" ", words))
    return plain(harmless) if ascii_only() else harmless


def note(*lines: str) -> None:
    """Say something beside the data, on stderr."""
    for line in lines:
        print(clean(line), file=sys.stderr)


def complain(message: str, remedy: str | None = None) -> None:
    """Report an error on stderr: what and why, then what to do; a list of mistakes stays a list."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    said = message.strip() if "\n" in message.strip() else _ended(message.strip())
    console.print(Text("trialwire: ", style="bold red") + Text(clean(said), style="default"))
    if remedy:
        advice = _ended(remedy.strip())
        console.print(Text(clean(advice[:1].upper() + advice[1:])))


def _ended(sentence: str) -> str:
    """With its full stop: errors come from below as a library raises them, and end here as sentences."""
    return sentence if sentence.endswith((".", "!", "?", ":", "…")) else f"{sentence}."


def say(words: str = "", style: str = "") -> None:
    """Write a paragraph to stdout, wrapped at the terminal's width."""
    write(_wrapped(Text(clean(words), style=style), width()))


def write(texts: Iterable[Text]) -> None:
    """Write finished lines to stdout as they are."""
    console = _stdout()
    for text in texts:
        text.rstrip()
        console.print(text)


def table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Write rows under their columns' titles, as they come."""
    titles = [Cell(column.title, "bold") for column in columns]
    headed = itertools.chain([titles], rows) if any(column.title for column in columns) else rows
    write(lines(columns, headed))


def lines(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, indent: int = 0) -> Iterable[Text]:
    """Rows as lines no wider than the terminal: columns side by side, wrapped under themselves.

    The first rows decide which columns are shown; where later ones need more room, columns get wider there.
    """
    room = width()
    kept = [index for index, column in enumerate(columns) if room >= column.hidden_below]
    natural = [0] * len(columns)
    rest = ([cell.text() for cell in row] for row in rows)
    is_first = True
    while texts := list(itertools.islice(rest, _MEASURED)):
        longest = [max(_longest(row[index]) for row in texts) for index in range(len(columns))]
        natural = [max(sizes) for sizes in zip(natural, longest, strict=True)]
        while is_first and _least(columns, natural, kept) > room - indent:
            hideable = [index for index in kept if columns[index].hidden_below]
            if not hideable:
                break
            kept.remove(max(hideable, key=lambda index: columns[index].hidden_below))
        is_first = False
        shown = [columns[index] for index in kept]
        widths = _widths(shown, [natural[index] for index in kept], room - indent)
        for row in texts:
            yield from _row(shown, [row[index] for index in kept], widths, indent)


def _least(columns: Sequence[Column], natural: Sequence[int], kept: Sequence[int]) -> int:
    """What these columns need at least, with their gaps."""
    needed = [min(natural[i], _READABLE) if columns[i].wrap else natural[i] for i in kept]
    return sum(needed) + _GAP * (sum(1 for size in needed if size) - 1)


def _widths(columns: Sequence[Column], natural: Sequence[int], room: int) -> list[int]:
    sizes = list(natural)
    excess = _least(columns, natural, range(len(columns))) - room
    while excess > 0:
        # Nothing more can be left out: the widest column that does not wrap by itself wraps, too.
        stiff = [i for i, column in enumerate(columns) if not column.wrap and sizes[i] > _SQUEEZED]
        if not stiff:
            break
        sizes[max(stiff, key=lambda index: sizes[index])] -= 1
        excess -= 1
    fixed = sum(size for column, size in zip(columns, sizes, strict=True) if not column.wrap)
    gaps = _GAP * (sum(1 for size in sizes if size) - 1)
    left = max(room - fixed - gaps, 0)
    flexible = [size for column, size in zip(columns, sizes, strict=True) if column.wrap]
    if sum(flexible) <= left:
        return sizes
    shares = iter(_shares(flexible, left))
    return [next(shares) if column.wrap else size for column, size in zip(columns, sizes, strict=True)]


def _shares(wanted: Sequence[int], left: int) -> list[int]:
    """Room for each wrapping column: the modest ones get what they want, the others share the rest."""
    given = [0] * len(wanted)
    open_ones = list(range(len(wanted)))
    while open_ones:
        share = left // len(open_ones)
        modest = [index for index in open_ones if wanted[index] <= share]
        if not modest:
            for index in open_ones:
                given[index] = max(share, _SQUEEZED)
            break
        for index in modest:
            given[index] = wanted[index]
            left -= wanted[index]
            open_ones.remove(index)
    return given


def _row(
    columns: Sequence[Column], row: Sequence[Text], widths: Sequence[int], indent: int
) -> Iterable[Text]:
    blocks = [
        list(text.split("\n")) if _longest(text) <= size else _wrapped(text, size)
        for text, size in zip(row, widths, strict=True)
    ]
    for number in range(max((len(block) for block in blocks), default=0)):
        line = Text(" " * indent)
        position = indent
        for column, block, size in zip(columns, blocks, widths, strict=True):
            if not size:
                continue
            piece = block[number] if number < len(block) else Text()
            pad = position - line.cell_len + (max(size - piece.cell_len, 0) if column.right else 0)
            line.append(" " * max(pad, 0))
            line.append_text(piece)
            position += size + _GAP
        yield line


def _wrapped(text: Text, size: int) -> list[Text]:
    if not text.plain:
        return [text]
    wrapped = list(text.wrap(_stdout(), max(size, 1)))
    for line in wrapped:
        line.rstrip()
    return wrapped


def _longest(text: Text) -> int:
    return max((line.cell_len for line in text.split("\n")), default=0)


@cache
def _stdout() -> Console:
    return Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
