"""A bar on the terminal for work that takes a while; it says nothing where nobody is looking.

It is drawn on stderr over itself, a few times a second at most, and never mixes with data.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from monitor.cli import terminal

_WIDTH = 24
_EVERY_S = 0.2


@dataclass(slots=True)
class Progress:
    """A bar over things of one kind; a context manager, so that the line is cleared whatever happens."""

    things: str
    """What is counted, in the plural."""
    _shown: bool = field(default_factory=lambda: terminal.interactive())
    _begun: float = field(default_factory=time.monotonic)
    _drawn: float = 0.0
    _longest: int = 0

    def at(self, done: int, share: float) -> None:
        """So many are done, and this share of the work (0 to 1)."""
        now = time.monotonic()
        if not self._shown or (now - self._drawn < _EVERY_S and share < 1):
            return
        self._drawn = now
        self._draw(bar(self.things, done, share, now - self._begun))

    def of(self, done: int, total: int) -> None:
        """So many of so many are done."""
        self.at(done, done / total if total else 1.0)

    def aside(self) -> None:
        """Clear the line: something else is about to be said."""
        if self._shown and self._longest:
            self._draw("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.aside()

    def _draw(self, line: str) -> None:
        self._longest = max(self._longest, len(line))
        sys.stderr.write(f"\r{terminal.clean(line):{self._longest}}")
        sys.stderr.flush()


def bar(things: str, done: int, share: float, elapsed_s: float) -> str:
    """One line: how far it is, how fast it goes, and how long it will take at that pace."""
    share = min(max(share, 0.0), 1.0)
    filled = round(share * _WIDTH)
    line = f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {share:4.0%}  {done:,} {things}"
    if elapsed_s >= 1:
        line += f", {done / elapsed_s:,.0f} a second"
    if elapsed_s >= 3 and 0 < share < 1:
        left = round(elapsed_s / share * (1 - share))
        line += f", {left // 60}:{left % 60:02d} left"
    return line
