"""Numeric limits of criteria: read with their unit, paired between wordings, told which way they moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.limits import limit_words, limits_in, moved_words, moves, to_facts
from tests.support.limit_examples import LIMITS, MOVES, RESTATED

PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "≥",
                "<",
                "at least",
                "no more than",
                "within",
                "between",
                "and",
                "or",
                "to",
                "-",
                "(",
                ")",
                ";",
                ".",
            ),
            *(
                "ECOG",
                "ANC",
                "platelets",
                "age",
                "aged",
                "AST",
                "chemotherapy",
                "prior lines",
                "wash-out",
                "no",
                "not",
            ),
            *(
                "0",
                "1",
                "1.5",
                "2,5",
                "100,000",
                "18",
                "75",
                "one",
                "two (2)",
                "× 10^9/L",
                "/mm3",
                "x ULN",
                "years",
            ),
            *(
                "weeks",
                "%",
                "kg/m2",
                "prior to",
                "since",
                "of age",
                "or older",
                "half-lives",
                "unless",
                "\u2028",
                "é",
            ),
        ]
    ),
    max_size=14,
).map(" ".join)


@pytest.mark.parametrize(("criterion", "told"), LIMITS)
def test_limits_are_read_with_name_sign_and_unit(criterion: str, told: str) -> None:
    """Each limit of a criterion is found once, named in the field's terms, in the unit it is written in."""
    assert "; ".join(f"{limit.what} {limit_words(limit)}".strip() for limit in limits_in(criterion)) == told


@pytest.mark.parametrize(("section", "old", "new", "told", "direction"), MOVES)
def test_moved_limits_are_paired_and_told_with_their_direction(
    section: str, old: str, new: str, told: str, direction: str
) -> None:
    """A direction is given where section, side and words around leave no doubt, and nowhere else."""
    found = moves(old, new, section)
    assert "; ".join(map(moved_words, found.moved)) == told
    assert (found.direction or "mixed") == direction


@pytest.mark.parametrize(("section", "old", "new", "told", "direction"), MOVES)
def test_a_move_back_is_the_opposite_move(
    section: str, old: str, new: str, told: str, direction: str
) -> None:
    """What loosened on the way there tightens on the way back."""
    opposite = {"loosened": "tightened", "tightened": "loosened"}
    assert (moves(new, old, section).direction or "mixed") == opposite.get(direction, direction)


@pytest.mark.parametrize(("old", "new"), RESTATED)
def test_a_limit_in_other_units_has_not_moved(old: str, new: str) -> None:
    """The same limit in another unit of its family is restated, and the rest is spliced to it."""
    for section in ("inclusion", "exclusion"):
        found = moves(old, new, section)
        assert not found.moved
        assert found.spliced == new


def test_what_else_differs_is_left_to_the_words() -> None:
    """The old wording with the new limits in it differs only in what is no limit."""
    found = moves("Adults with ECOG 0-1 at screening", "Adults with ECOG 0-2 at baseline", "inclusion")
    assert found.spliced == "Adults with ECOG 0-2 at screening"


def test_facts_hold_both_ends_unit_and_direction() -> None:
    """Programs read numbers, people the text."""
    (move,) = moves("Aged 18 to 75 years", "Aged 18 to 80 years", "inclusion").moved
    assert to_facts(move) == {
        "what": "age",
        "old": {"min": 18, "max": 75, "unit": "years", "text": "18–75 years"},
        "new": {"min": 18, "max": 80, "unit": "years", "text": "18–80 years"},
        "direction": "loosened",
    }


def test_a_limit_without_a_partner_has_no_direction() -> None:
    """A limit that comes or goes is said to, and no more."""
    (move,) = moves("Adults", "Adults with ECOG 0-1", "inclusion").moved
    assert (move.old, move.direction) == (None, "changed")
    assert to_facts(move)["old"] is None
    assert moved_words(move) == "ECOG 0–1 given"


@given(PIECES, PIECES, st.sampled_from(["inclusion", "exclusion", ""]))
def test_any_two_texts_have_moves(old: str, new: str, section: str) -> None:
    """Reading is total, no limit is in two moves, and a text never moves against itself."""
    found = moves(old, new, section)
    olds = [move.old for move in (*found.moved, *found.restated) if move.old]
    assert len({limit.bound.start for limit in olds}) == len(olds)
    assert not moves(old, old, section).moved
    assert moves(old, old, section).spliced == old


@given(PIECES)
def test_limits_stand_in_the_text_in_order(text: str) -> None:
    """Bounds do not overlap, and their ends are in order."""
    ends = 0
    for limit in limits_in(text):
        assert ends <= limit.bound.start < limit.bound.end <= len(text)
        ends = limit.bound.end
        low, high = limit.bound.based
        assert low is None or high is None or low <= high


@pytest.mark.parametrize(
    "piece", ["1 ", "≥ ", "prior lines of ", "within 4 weeks prior to ", "1.5 x ULN ", "9-"]
)
def test_long_texts_cost_no_more_than_their_length(piece: str) -> None:
    """Ten thousand repetitions are read, not suffered."""
    assert isinstance(limits_in(piece * (10_000 // len(piece))), tuple)
