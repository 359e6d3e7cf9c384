"""Text: criteria into items without losing a word, word-level differences, numbers, durations."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.criteria import criterion_key, is_criteria_heading, split_criteria
from monitor.core.text import (
    collapse,
    markdown_form,
    numbers_in,
    same_words,
    similarity,
    unescape_markdown,
    word_diff,
)

WORDS = st.lists(
    st.sampled_from(["age", "≥", "18", "years", ",", " ", "\n", "ECOG", "0-1", "Prior", "therapy."])
)


def items(markdown: str) -> list[tuple[str, str]]:
    return [(item.section, item.text.shown) for item in split_criteria(markdown)]


def test_bullets_under_plain_headings_become_items_of_their_section() -> None:
    """Each bullet is one criterion, un-escaped, under the section its heading opened."""
    assert items(
        "Inclusion Criteria:\n\n* Age \\>= 18\n* ECOG 0-1\n\nExclusion Criteria:\n\n* Infection"
    ) == [
        ("inclusion", "Age >= 18"),
        ("inclusion", "ECOG 0-1"),
        ("exclusion", "Infection"),
    ]


@pytest.mark.parametrize(
    "heading",
    [
        "Inclusion Criteria:",
        "INCLUSION:",
        "inclusion criteria :",
        "**Inclusion Criteria**",
        "* Inclusion Criteria:",
    ],
)
def test_a_plain_heading_is_no_item(heading: str) -> None:
    """However it is spelled, a heading that says only "inclusion" opens its section and is not an item."""
    assert items(f"{heading}\n\n1. Adults") == [("inclusion", "Adults")]


@pytest.mark.parametrize(
    ("heading", "section"),
    [
        ("Key Exclusion Criteria:", "exclusion"),
        ("Exclusion criteria for Cohort B", "exclusion"),
        ("Subjects must meet all of the following inclusion criteria to be enrolled:", "inclusion"),
        ("Non-inclusion criteria for part 2:", "exclusion"),
    ],
)
def test_a_heading_that_says_more_opens_its_section_and_stays_an_item(heading: str, section: str) -> None:
    """Nothing is lost: what a heading says beyond its section remains visible."""
    assert items(f"{heading}\n\n* Pregnancy") == [(section, heading), (section, "Pregnancy")]
    assert is_criteria_heading(heading)


@pytest.mark.parametrize(
    "line",
    [
        "Meets the inclusion criteria of the parent trial",
        "Other protocol-defined inclusion/exclusion criteria may apply.",
        "Exclusion of other causes of anemia",
    ],
)
def test_a_criterion_that_mentions_criteria_opens_no_section(line: str) -> None:
    """Only headings move the reader into another section."""
    assert items(f"Exclusion Criteria:\n\n* {line}\n* Pregnancy") == [
        ("exclusion", line),
        ("exclusion", "Pregnancy"),
    ]
    assert not is_criteria_heading(line)


def test_text_after_a_heading_on_its_line_is_an_item() -> None:
    """Prose after "Inclusion Criteria:" is a criterion."""
    assert items("Inclusion Criteria: adults with asthma\n\nExclusion Criteria: none") == [
        ("inclusion", "adults with asthma"),
        ("exclusion", "none"),
    ]


def test_prose_without_lists_or_headings_becomes_paragraph_items() -> None:
    """Free prose has no section and one item a paragraph, soft line breaks joined."""
    assert items("Adults with\nasthma.\n\nNo smokers.") == [("", "Adults with asthma."), ("", "No smokers.")]


def test_nested_and_numbered_levels_are_flat_items() -> None:
    """Every level of a nested list is an item of its own, whatever its mark."""
    markdown = (
        "Inclusion:\n\n1. Organ function:\n\n   * Hb ≥ 9\n   1) Platelets\n2\\. Consent\n\n\\- Adults\n• Men"
    )
    assert [text for _, text in items(markdown)] == [
        "Organ function:",
        "Hb ≥ 9",
        "Platelets",
        "Consent",
        "Adults",
        "Men",
    ]


@pytest.mark.parametrize("mark", ["*", "-", "\\-", "–", "•"])
def test_a_mark_without_an_item_is_none(mark: str) -> None:
    """A bullet nothing was typed behind is form, with a blank after it or without; a number is not."""
    before, after = (
        f"Exclusion Criteria:\n\n* Infection\n{mark}",
        f"Exclusion Criteria:\n\n* Infection\n{mark} ",
    )
    assert items(before) == items(after) == [("exclusion", "Infection")]
    assert markdown_form(before) == markdown_form(after)
    assert items("Inclusion Criteria:\n\n* Adults over\n18.")[-1][1].endswith("18.")


def test_an_escaped_asterisk_is_the_sponsors_own() -> None:
    """List marks are read before escapes are resolved."""
    assert items("* Tumor\\*\n\n\\* measured by CT") == [("", "Tumor*"), ("", "* measured by CT")]


def test_list_style_and_escapes_are_no_difference() -> None:
    """The same words under other list marks have the same comparison form."""
    assert (
        markdown_form("* Age \\>= 18\n* ECOG")
        == markdown_form("1. Age >= 18\n\n2\\) ECOG")
        == "Age >= 18 ECOG"
    )
    assert markdown_form("3.4. Age") == markdown_form("3\\.4\\. Age") == "Age"


@given(st.text(alphabet="ab *-1.:\n\\>()", max_size=60))
def test_no_letter_is_lost(markdown: str) -> None:
    """Every letter outside the plain headings is in some item, in order."""
    joined = "".join(item.text.shown for item in split_criteria(markdown))
    assert [c for c in joined if c.isalpha()] == [c for c in unescape_markdown(markdown) if c.isalpha()]


def test_criterion_keys_are_short_and_tell_long_texts_apart() -> None:
    """A key is section, bar and folded text; past 80 characters a digest keeps it unique."""
    short, long_a, long_b = split_criteria(f"Inclusion:\n* Age ≥ 18\n* {'word ' * 30}a\n* {'word ' * 30}b")
    assert criterion_key(short) == "inclusion|age ≥ 18"
    assert criterion_key(long_a) != criterion_key(long_b)
    assert len(criterion_key(long_a)) <= len("inclusion|") + 80 + 9


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


def test_numbers_are_read_without_separators() -> None:
    """Thousands separators, decimal commas and trailing zeros do not make another number."""
    assert numbers_in("1,000 mg or 0,5 ml, 1.50 × 10^9/L") == ("1000", "0.5", "1.5", "10", "9")


def test_collapse_leaves_single_blanks() -> None:
    """White space is form."""
    assert collapse("  a\n\n b\tc ") == "a b c"
