"""Where the tour prints: headings, steps and finished text, at the terminal's width."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.cli import listing, terminal
from monitor.cli.terminal import Cell, Column
from monitor.core.change import RecordedChange, Significance


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
        """A document as it was sent, set off by a rule at its side."""
        bar = "|" if terminal.ascii_only() else "│"
        for line in text.rstrip().splitlines():
            terminal.write([terminal.Text(f"  {bar} ", style="dim").append(terminal.clean(line), "default")])

    def changes(self, changes: Sequence[RecordedChange]) -> None:
        """A history."""
        listing.table(changes, with_trial=False)
