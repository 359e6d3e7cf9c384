"""The bar: what it says, and that it says nothing where nobody looks."""

from __future__ import annotations

import io

import pytest

from monitor.cli import terminal
from monitor.cli.progress import Progress, bar


@pytest.mark.parametrize(
    ("share", "elapsed_s", "said"),
    [
        (0.0, 0.0, "[........................]   0%  0 records"),
        (0.5, 2.0, "[############............]  50%  9,000 records, 4,500 a second"),
        (0.75, 90.0, "[##################......]  75%  9,000 records, 100 a second, 0:30 left"),
        (1.0, 90.0, "[########################] 100%  9,000 records, 100 a second"),
        (1.7, 90.0, "[########################] 100%  9,000 records, 100 a second"),
    ],
)
def test_the_line(share: float, elapsed_s: float, said: str) -> None:
    """Share, number, pace, and how long it will take once a pace is known."""
    assert bar("records", 9_000 if elapsed_s else 0, share, elapsed_s) == said


def test_it_is_drawn_over_itself_and_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the last line is the bar, and afterwards there is none."""
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr(terminal, "interactive", lambda: True)
    with Progress("records") as progress:
        progress.of(1, 2)
        progress.of(2, 2)
    drawn = screen.getvalue().split("\r")
    assert "50%  1 records" in drawn[1]
    assert "100%  2 records" in drawn[2]
    assert drawn[-1].strip() == ""


def test_nothing_is_drawn_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a file or a pipe not a byte is written."""
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    with Progress("records") as progress:
        progress.of(1, 1)
        progress.aside()
    assert screen.getvalue() == ""
