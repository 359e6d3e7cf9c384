"""Criteria: items under their section, stable, without losing a word."""

from __future__ import annotations

import re
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.canonical import markdown
from monitor.core.criteria import criterion_key, is_criteria_heading, split_criteria
from monitor.core.text import markdown_form
from tests.support.real import load, needs_real_records, study_files

_WORD = re.compile(r"[^\W\d_]{5,}")
_TITLES = re.compile(r"(?i)inclusions?|exclusions?|criteri\w*")
LINES = st.lists(
    st.sampled_from(
        [
            "* Adults with asthma",
            "* Signed consent; able to read",
            "1. Platelets above normal",
            "   * Nested condition holds",
            "2\\) Typed number",
            "\\- Typed dash",
            "a) Lettered point",
            "Prose without any mark. Second sentence follows.",
            "Cohort Alpha:",
            "Inclusion Criteria:",
            "Exclusion Criteria:",
            "Key Exclusion Criteria for Cohort Beta:",
            "1. First thing 2. Second thing 3. Third thing",
            "",
        ]
    ),
    max_size=12,
)


def words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if not _TITLES.fullmatch(word)]


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


def test_criterion_keys_are_short_and_tell_long_texts_apart() -> None:
    """A key is section, bar and folded text; past 80 characters a digest keeps it unique."""
    short, long_a, long_b = split_criteria(f"Inclusion:\n* Age ≥ 18\n* {'word ' * 30}a\n* {'word ' * 30}b")
    assert criterion_key(short) == "inclusion|age ≥ 18"
    assert criterion_key(long_a) != criterion_key(long_b)
    assert len(criterion_key(long_a)) <= len("inclusion|") + 80 + 9


PLAIN_HEADINGS = {
    "inclusion": [
        "Inclusion Criteria:",
        "INCLUSION CRITERIA",
        "Inclusion",
        "INCLUSION:",
        "Inclusions:",
        "Inclusion criterion:",
        "Inclusion Criteria -",
        "Inclusion Criteria：",
        "Criteria for inclusion:",
        "Criteria for Inclusion",
        "Inlcusion Criteria:",
        "Inclusion Critera:",
        "Inclusion Criteira",
        "__Inclusion Criteria__",
        "* Inclusion Criteria",
        "1. Inclusion criteria:",
    ],
    "exclusion": [
        "Exclusion Criteria:",
        "EXCLUSION",
        "exclusion criteria.",
        "Exclusions:",
        "Exlusion Criteria:",
        "Exculsion criteria:",
        "Excusion Criteria",
        "Exclusion criteira:",
        "Non-inclusion criteria:",
        "Non inclusion criteria",
        "Criteria for exclusion:",
        "Criteria of exclusion:",
        "**Exclusion Criteria:**",
        "\\- Exclusion criteria:",
    ],
}
TOLD_HEADINGS = {
    "inclusion": [
        "Key Inclusion Criteria:",
        "Main inclusion criteria",
        "Inclusion Criteria - Part A:",
        "Inclusion Criteria (Healthy volunteers)",
        "Inclusion criteria for Cohort B:",
        "General Inclusion Criteria:",
        "Patients must meet all of the following:",
        "Eligible subjects must fulfil these criteria:",
        "To be eligible, participants must have all of the following:",
    ],
    "exclusion": [
        "Key Exclusion Criteria:",
        "Main exclusion criteria",
        "Exclusion Criteria (All parts)",
        "Additional non-inclusion criteria for part 2:",
        "The main exclusion criteria include but are not limited to the following:",
        "Subjects who meet any of the following will be excluded:",
        "Patients with any of these conditions are not eligible, if the following applies:",
        "Participants may not participate if:",
    ],
}


@pytest.mark.parametrize(
    ("section", "heading"), [(part, text) for part, texts in PLAIN_HEADINGS.items() for text in texts]
)
def test_headings_in_their_many_spellings_open_a_section(section: str, heading: str) -> None:
    """A heading that says no more than its section, misspelled or not, is no item."""
    assert items(f"{heading}\n\n* Pregnancy") == [(section, "Pregnancy")]
    assert is_criteria_heading(items(heading)[0][1] if items(heading) else "Inclusion Criteria")


@pytest.mark.parametrize(
    ("section", "heading"), [(part, text) for part, texts in TOLD_HEADINGS.items() for text in texts]
)
def test_headings_that_say_more_are_kept(section: str, heading: str) -> None:
    """What a heading says beyond its section stays to be read, under that section."""
    assert items(f"{heading}\n\n* Pregnancy") == [(section, heading), (section, "Pregnancy")]


def test_a_lead_in_to_inclusion_opens_nothing_among_exclusions() -> None:
    """Only a clear heading leads out of the exclusion criteria."""
    told = "Patients must have recovered from all of the following:"
    assert items(f"Exclusion Criteria:\n\n* Infection\n\n{told}\n\n* Surgery") == [
        ("exclusion", "Infection"),
        ("exclusion", told),
        ("exclusion", "Surgery"),
    ]


@pytest.mark.parametrize(
    ("markdown", "told"),
    [
        ("1. Age over 18 2. ECOG 0-1 3. Signed consent", ["Age over 18", "ECOG 0-1", "Signed consent"]),
        ("* 1\\) Adults 2) Fasting 3) Consent", ["Adults", "Fasting", "Consent"]),
        ("4\\. Measurable disease. 5. Consent given.", ["Measurable disease.", "Consent given."]),
        ("* Any of: (1) fever; (2) cough; (3) pain", ["Any of:", "fever;", "cough;", "pain"]),
        ("* Either (1) fever or (2) cough", ["Either (1) fever or (2) cough"]),
        ("* Stage 1. Grade 2. Type 3. disease", ["Stage 1. Grade 2. Type 3. disease"]),
        ("* 1\\. Adults\n* 2\\. Consent", ["Adults", "Consent"]),
        ("a) Adults\nb) Consent", ["Adults", "Consent"]),
        ("(a) Adults\n\n(b) Consent", ["Adults", "Consent"]),
        ("i. Adults\nii. Consent", ["Adults", "Consent"]),
        ("* o Adults with pain", ["Adults with pain"]),
        ("* E. coli infection", ["E. coli infection"]),
        ("1.Children under ten\n2.Consent", ["Children under ten", "Consent"]),
        ("2.5 mg of the drug\n\n* Consent", ["2.5 mg of the drug", "Consent"]),
        ("Adults with asthma. No smokers.", ["Adults with asthma.", "No smokers."]),
        ("* Adults with asthma. No smokers.", ["Adults with asthma. No smokers."]),
    ],
)
def test_lists_in_every_dress(markdown: str, told: list[str]) -> None:
    """Typed numbers, letters and sentences make items; numbers that count something else do not."""
    assert [text for _, text in items(markdown)] == told


def test_a_heading_within_a_paragraph_opens_its_section() -> None:
    """Text typed into one paragraph is cut at the heading; a titled heading is left whole."""
    assert items("Inclusion Criteria: 1. Adults 2. Consent Exclusion Criteria: 1. Smoking 2. Asthma") == [
        ("inclusion", "Adults"),
        ("inclusion", "Consent"),
        ("exclusion", "Smoking"),
        ("exclusion", "Asthma"),
    ]
    assert items("* Able to read English Exclusion Criteria\n* Smoking") == [
        ("", "Able to read English"),
        ("exclusion", "Smoking"),
    ]
    assert items("HF Cohort Exclusion Criteria:\n\n* Smoking")[0] == (
        "exclusion",
        "HF Cohort Exclusion Criteria:",
    )


@pytest.mark.parametrize(
    "heading", ["Cohort A:", "PART B:", "Part 1 (dose finding):", "For group 2:", "Arm 1 only:"]
)
def test_the_heading_of_a_group_is_no_criterion(heading: str) -> None:
    """Who the items below are for is context, not a condition of its own."""
    assert is_criteria_heading(heading)


@given(LINES)
def test_no_word_is_lost(lines: list[str]) -> None:
    """Every word but those of plain headings is in some item, in order."""
    text = "\n".join(lines)
    joined = " ".join(item.text.shown for item in split_criteria(text))
    assert words(joined) == words(text)


@given(st.text(alphabet="ab *-1.:\n\\>()•", max_size=60))
def test_any_text_is_split(text: str) -> None:
    """Splitting is total, and no item is empty or has white space to spare."""
    for item in split_criteria(text):
        assert item.text.form == " ".join(item.text.shown.split())
        assert item.text.form


@given(
    st.lists(st.sampled_from(["Adults", "No asthma", "ECOG 0-1", "Consent given", "Age over 40"]), min_size=1)
)
def test_list_marks_and_white_space_are_form(texts: list[str]) -> None:
    """Bullets, numbers typed or real, letters and blank lines make no difference."""
    plain = "Inclusion Criteria:\n\n" + "\n".join(f"* {text}" for text in texts)
    numbered = "INCLUSION CRITERIA\n" + "\n\n".join(f"{n}. {text}" for n, text in enumerate(texts, 1))
    typed = "Inclusion criteria :\n\n" + "\n\n".join(f"{n}\\) {text}  " for n, text in enumerate(texts, 7))
    assert items(plain) == items(numbered) == items(typed)


@given(
    st.lists(st.sampled_from(["Adults", "No asthma", "ECOG 0-1", "Consent given"]), min_size=2, max_size=6),
    st.integers(0, 5),
)
def test_an_insertion_leaves_the_others_as_they_were(texts: list[str], place: int) -> None:
    """Re-numbering after an insertion changes nothing but the item inserted."""
    longer = [*texts[:place], "Body weight above 40 kg", *texts[place:]]
    before, after = (
        items("Exclusion Criteria:\n\n" + "\n".join(f"{n}. {text}" for n, text in enumerate(all_of, 1)))
        for all_of in (texts, longer)
    )
    after.remove(("exclusion", "Body weight above 40 kg"))
    assert before == after


@needs_real_records
def test_no_real_record_loses_a_word() -> None:
    """Every real text is split into items that hold all of its words."""
    for file in study_files():
        sections = cast("dict[str, dict[str, dict[str, object]]]", load(file))["protocolSection"]
        raw = sections.get("eligibilityModule", {}).get("eligibilityCriteria")
        if isinstance(raw, str):
            text = markdown(raw)
            joined = " ".join(item.text.shown for item in split_criteria(text))
            assert words(joined) == words(text.replace("\\", "")), file
