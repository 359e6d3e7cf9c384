"""Pictures of a trial's past as values: bars over the versions, each with its label, length and words.

A picture says more than its sentence only where a value went several ways, so there is one from three steps
on. Nothing here draws: a channel makes bars of table cells, of characters or of pixels, or tells the text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One bar."""

    label: str
    """Which version, and since when: `v4 · 2 Oct 2026`. Of a fold: how many versions it stands for."""
    share: float | None
    """How long the bar is, 0 to 1 of the whole; None: no bar, versions are left out here."""
    text: str
    """What it stands for: `Jul 2030 (estimated)`; empty in a fold."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Some bars under a title, oldest first; at most six rows, a fold among them."""

    title: str
    rows: tuple[PictureRow, ...]
    alternative: str
    """The same in one sentence, for those who see no picture."""
