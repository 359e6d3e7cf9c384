"""Findings and changes made by hypothesis: every op, level and form of value, of any size asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from hypothesis import strategies as st

from monitor.core.catalogue import CATEGORIES
from monitor.core.change import LEVELS, Op
from monitor.core.record import Json
from monitor.core.recorded import RecordedChange, RecordedFinding
from monitor.core.watching import TrialState
from tests.support.digests import change, finding, trial

Told = tuple[RecordedFinding, tuple[RecordedChange, ...]]

WORDS = st.text(max_size=12)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def findings_and_changes(draw: st.DrawFn, *, most: int = 3, longest: int = 0) -> list[Told]:
    """Stories over one to three changes each; with `longest` some texts are up to so many characters."""
    told: list[Told] = []
    number = 0
    for place in range(draw(st.integers(1, most))):
        state = trial(draw(st.integers(1, 9)))
        changes = []
        for _ in range(draw(st.integers(1, 3))):
            number += 1
            changes.append(_change(draw, state, number, longest))
        made = finding(state, draw(_text(longest)) or "Something", *changes, details=(draw(WORDS),))
        title = draw(_text(longest)) or state.title
        told.append((replace(made, id=f"fnd_{place:026d}", title=title), tuple(changes)))
    return told


def _change(draw: st.DrawFn, state: TrialState, number: int, longest: int) -> RecordedChange:
    made = change(
        state,
        draw(_text(longest)) or "Changed.",
        level=draw(st.sampled_from(LEVELS)),
        category=draw(st.sampled_from(CATEGORIES)),
        key=draw(st.none() | _text(longest)),
        op=draw(st.sampled_from(get_args(Op))),
        old=draw(VALUES | _text(longest)),
        new=draw(VALUES | _text(longest)),
        facts=draw(st.dictionaries(WORDS, VALUES, max_size=2)),
        number=number,
        posted_on=draw(st.sampled_from((None, "2026-11", "2026-11-19"))),
        versions=draw(st.sampled_from(((None, None), (None, 4), (3, 4)))),
    )
    return replace(made, id=f"chg_{number:026d}")


def _text(longest: int) -> st.SearchStrategy[str]:
    """Mostly short; a long one repeats a few characters, some of which JSON writes as six."""
    if not longest:
        return WORDS
    long = st.builds(
        lambda text, size: (text * size)[:size], st.text(min_size=1, max_size=3), st.integers(1, longest)
    )
    return WORDS | long
