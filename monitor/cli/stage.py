"""Where the tour prints: headings, steps and finished text, at the terminal's width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from monitor.cli import listing, terminal
from monitor.cli.terminal import Cell, Column
from monitor.core.change import Significance
from monitor.core.recorded import RecordedChange, leading

_BAR = "│"
_FRAME = 6
"""Columns that the bar and its margins take."""


class Stage:
    """The tour's audience, on stdout."""

    def heading(self, words: str) -> None:
        """A new part begins."""
        terminal.say()
        terminal.say(words, "bold")

    def line(self, words: str, *, good: bool | None = None) -> None:
        """One thing that happened; `good` says whether it was checked and held."""
        mark = {None: ("·", "dim"), True: ("✓", "green"), False: ("✗", "bold red")}[good]
        row = (Cell(mark[0], mark[1]), Cell(words))
        terminal.write(terminal.lines((Column(), Column(wrap=True)), [row], indent=2))

    def finding(self, level: Significance, trial: str, headline: str) -> None:
        """What was found, in one line."""
        row = (Cell(level.ljust(8), terminal.LEVEL_STYLES[level]), Cell(trial), Cell(headline))
        terminal.write(terminal.lines((Column(), Column(), Column(wrap=True)), [row], indent=5))

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and what they stand for."""
        cells = [(Cell(name, "dim"), Cell(words)) for name, words in rows]
        terminal.write(terminal.lines((Column(), Column(wrap=True)), cells, indent=2))

    def verbatim(self, text: str) -> None:
        """A document as it was sent, set off by a bar; re-flowed only where the terminal is too narrow."""
        lines = text.rstrip().splitlines()
        room = terminal.width() - _FRAME
        widest = max(map(len, lines), default=0)
        for line in lines if widest <= room else reflowed(lines, widest, room):
            bar = terminal.Text("  ").append(terminal.clean(_BAR), "dim")
            terminal.write([bar.append(f" {terminal.clean(line)}")])

    def changes(self, changes: Sequence[RecordedChange]) -> None:
        """A history."""
        listing.table(leading(changes), with_trial=False)


def reflowed(lines: Sequence[str], old: int, new: int) -> Iterator[str]:
    """Lines that were wrapped at about `old` columns, wrapped at `new`; what was not wrapped stays a line."""
    joined: list[str] = []
    end = ""
    for line in lines:
        first = line.split(maxsplit=1)[0] if line.strip() else ""
        continues = bool(first) and bool(end.strip()) and len(end) + 1 + len(first) > old
        if continues and _inset(line) >= _inset(joined[-1]):
            joined[-1] = f"{joined[-1]} {line.strip()}"
        else:
            joined.append(line)
        end = line
    for line in joined:
        inset = " " * _inset(line)
        yield from textwrap.wrap(
            line.strip(), max(new, 20), initial_indent=inset, subsequent_indent=inset + "  "
        ) or [""]


def _inset(line: str) -> int:
    return len(line) - len(line.lstrip())
