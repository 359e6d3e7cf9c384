"""Whole-trial stories, word for word."""

from __future__ import annotations

from tests.golden.amendments import AMENDMENTS
from tests.golden.stories import GOLDEN, told


def test_the_stories_are_told_as_they_were_read() -> None:
    """Every headline, detail and sentence is as in the text that `python -m tests.golden` writes."""
    assert len(AMENDMENTS) >= 15
    assert told() == GOLDEN.read_text(encoding="utf-8")
