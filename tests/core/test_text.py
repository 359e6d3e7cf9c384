"""Text: Markdown to plain, word-level differences."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text import (
    collapse,
    markdown_form,
    same_words,
    similarity,
    word_diff,
)

WORDS = st.lists(
    st.sampled_from(["age", "≥", "18", "years", ",", " ", "\n", "ECOG", "0-1", "Prior", "therapy."])
)


def test_list_style_and_escapes_are_no_difference() -> None:
    """The same words under other list marks have the same comparison form."""
    assert (
        markdown_form("* Age \\>= 18\n* ECOG")
        == markdown_form("1. Age >= 18\n\n2\\) ECOG")
        == "Age >= 18 ECOG"
    )
    assert markdown_form("3.4. Age") == markdown_form("3\\.4\\. Age") == "Age"


@given(WORDS, WORDS)
def test_word_diff_replays_both_texts(old: list[str], new: list[str]) -> None:
    """Kept and added words give the new text, kept and removed ones the old."""
    before, after = "".join(old), "".join(new)
    steps = cast("list[list[str]]", word_diff(before, after))
    assert "".join(text for kind, text in steps if kind in "=+") == after
    assert "".join(text for kind, text in steps if kind in "=-") == before


def test_word_diff_merges_changes_that_a_single_word_holds_apart() -> None:
    """Readable before minimal: neighboring changes are told as one."""
    assert word_diff("within 4 to 6 weeks", "within 8 to 9 weeks") == [
        ["=", "within "],
        ["-", "4 to 6"],
        ["+", "8 to 9"],
        ["=", " weeks"],
    ]


def test_similarity_ignores_case_and_punctuation_but_not_comparison_signs() -> None:
    """Words and signs count, their dress does not."""
    assert similarity("Age: 18 years.", "age 18 YEARS") == 1.0
    assert same_words("(Age) 18", "age 18;")
    assert not same_words("Age < 18", "Age > 18")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Age ≥ 18", "Age >= 18"),
        ("ANC≤1.5", "ANC <= 1.5"),
        ("ECOG 0–1", "ECOG 0-1"),
        ("T-score below −2.5", "T‑score below -2.5"),
        ("enrol\u00adment", "enrolment"),
        ("\ufeffPrior\u200b therapy", "Prior therapy"),
    ],
)
def test_one_sign_written_in_two_ways_is_one_word(old: str, new: str) -> None:
    """Signs of comparison, dashes and what shows as nothing are form, not words."""
    assert same_words(old, new)
    assert similarity(old, new) == 1.0


def test_a_sign_more_is_another_word() -> None:
    """A minus before a number says another number."""
    assert not same_words("T-score below −2.5", "T-score below 2.5")
    assert similarity("a b c d", "e f g h") == 0.0


def test_collapse_leaves_single_blanks() -> None:
    """White space is form."""
    assert collapse("  a\n\n b\tc ") == "a b c"
