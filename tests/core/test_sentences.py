"""Sentences: one change, one line, in the words of the record (voice, "Sentences")."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from monitor import compare
from monitor.core.record import JsonObject
from monitor.core.sentences.words import changed_words, listing, ordinal, percent, stretch, word
from tests.support.records import ABSENT, put, site
from tests.support.rule_examples import (
    ARMS,
    CD,
    CHEMO,
    CLINIC,
    COMPLETE,
    CONSENT,
    COUNT,
    CRITERIA,
    DOCUMENTS,
    DRUG,
    HIGH_DOSE,
    INTERVENTIONS,
    ORR,
    OS,
    PAPER,
    PCD,
    PFS,
    PRIMARY,
    REFERENCES,
    SITES,
    START,
    STATUS,
    VELTOMAB,
    act,
    criteria,
    est,
    trial,
)

COMPUTED = "The registry sets this itself; the sponsor changed nothing."
UNPOSTED = "annotation.unpostedEvents"
SENTENCES: tuple[tuple[str, Mapping[str, object], Mapping[str, object], str], ...] = (
    (
        STATUS,
        {},
        {"status": "SUSPENDED", "why": "Sponsor decision, reprioritisation"},
        'Recruiting → Suspended. Reason given: "Sponsor decision, reprioritisation" (classed business).',
    ),
    (STATUS, {}, {"status": "TERMINATED"}, "Recruiting → Terminated. No reason given."),
    (
        STATUS,
        {"verified": "2024-02"},
        {"verified": "2024-02", "status": "UNKNOWN", "last_known": "RECRUITING"},
        f"Status unknown: last verified Feb 2024; was Recruiting. {COMPUTED}",
    ),
    (
        STATUS,
        {},
        {"status": "ACTIVE_NOT_RECRUITING"},
        "Recruiting → Active, not recruiting: recruitment closed.",
    ),
    (
        PCD,
        {"pcd": est("2027-03")},
        {"pcd": est("2027-10")},
        "Primary completion 7 months later: Mar 2027 → Oct 2027 (estimated).",
    ),
    (
        PCD,
        {"pcd": est("2027-03-10")},
        {"pcd": est("2027-03-01")},
        "Primary completion 9 days earlier: 10 Mar 2027 → 1 Mar 2027 (estimated).",
    ),
    (
        PCD,
        {"pcd": est("2026-12")},
        {"pcd": est("2026-12-15")},
        "Primary completion given to the day: Dec 2026 → 15 Dec 2026.",
    ),
    (
        PCD,
        {"pcd": act("2025-11-02")},
        {"pcd": act("2024-11-11")},
        "Actual primary completion corrected 12 months earlier: 2 Nov 2025 → 11 Nov 2024.",
    ),
    (PCD, {}, {"pcd": None}, "Primary completion no longer given (was Mar 2027 (estimated))."),
    (
        START,
        {"start": est("2025-10-20")},
        {"start": act("2025-11-03")},
        "Start confirmed: 3 Nov 2025 (was estimated 20 Oct 2025).",
    ),
    (
        CD,
        {"cd": est("2027-01")},
        {"cd": act("2026-06-01")},
        "Study completion confirmed: 1 Jun 2026, 7 months earlier than estimated (Jan 2027).",
    ),
    (
        "design.enrollmentType",
        {},
        {**COMPLETE, "count_type": "ACTUAL"},
        "Final enrollment 120, as planned.",
    ),
    (
        COUNT,
        {"count": 38, "count_type": "ACTUAL"},
        {"count": 60, "count_type": "ACTUAL"},
        "Enrolled so far 38 → 60 (+58 %).",
    ),
    (
        COUNT,
        {**COMPLETE, "count": 38, "count_type": "ACTUAL"},
        {**COMPLETE, "count": 60, "count_type": "ACTUAL"},
        "Actual enrollment corrected 38 → 60 (+58 %).",
    ),
    (COUNT, {"count": 420}, {"count": 300}, "Target 420 → 300 (−29 %)."),
    (COUNT, {}, {"count": 38, "count_type": "ACTUAL"}, "38 of 120 planned enrolled so far (32 %)."),
    (
        COUNT,
        {},
        {"count": 38, "count_type": "ACTUAL", "status": "TERMINATED"},
        "Final enrollment 38 of 120 planned (32 %).",
    ),
    (COUNT, {}, {"count": 0, "count_type": "ACTUAL", "status": "WITHDRAWN"}, "Nobody enrolled, 120 planned."),
    (COUNT, {}, {"count": 0, "count_type": "ACTUAL"}, "Nobody enrolled so far, 120 planned."),
    (
        "conditions.conditions",
        {"conditions": ["NSCLC"]},
        {"conditions": ["Non-small Cell Lung Cancer"]},
        'Condition re-named: "NSCLC" → "Non-small Cell Lung Cancer".',
    ),
    ("design.phases", {"phases": ["PHASE2"]}, {"phases": ["NA"]}, "Phase 2 → phase not applicable."),
    (
        COUNT,
        {"count": 354},
        {"count": 1, "count_type": "ACTUAL", "status": "TERMINATED"},
        "Final enrollment 1 of 354 planned (<1 %).",
    ),
    (
        COUNT,
        {"status": "ACTIVE_NOT_RECRUITING"},
        {"count": 38, "count_type": "ACTUAL", "status": "ACTIVE_NOT_RECRUITING"},
        "38 of 120 planned enrolled (32 %); recruitment is closed.",
    ),
    (
        PRIMARY,
        {"primary": [PFS]},
        {"primary": [PFS, ORR]},
        'Primary outcome added before primary completion: "Response rate" (24 months).',
    ),
    (
        PRIMARY,
        {"secondary": [OS]},
        {"primary": [PFS, OS], "secondary": [ORR]},
        '"Overall survival" moved from secondary to primary outcomes.',
    ),
    (
        PRIMARY,
        {"primary": [PFS]},
        {"primary": [{**PFS, "timeFrame": "36 months"}]},
        'Time frame of primary outcome "Progression-free survival" 24 → 36 months.',
    ),
    (
        CRITERIA,
        {"criteria": criteria("ECOG 0-1")},
        {"criteria": criteria("ECOG 0-2")},
        "Inclusion, ECOG 0–1 → 0–2 (loosened).",
    ),
    (
        CRITERIA,
        {"criteria": criteria("Adults")},
        {"criteria": criteria("Adults", "Consent \\> 1 day")},
        'Inclusion added: "Consent > 1 day".',
    ),
    (
        CRITERIA,
        {"criteria": criteria("Adults")},
        {"criteria": criteria("ADULTS.")},
        'Inclusion, only case or punctuation changed: "ADULTS".',
    ),
    ("eligibility.minAge", {}, {"min_age": "16 Years"}, "Minimum age 18 → 16 years (loosened)."),
    ("eligibility.sex", {"sex": "ALL"}, {"sex": "FEMALE"}, "Sex all → female (tightened)."),
    (
        "eligibility.criteria",
        {"criteria": criteria("Platelets ≥ 100 x 10^9/L and hemoglobin ≥ 9 g/dL within 7 days of dosing")},
        {
            "criteria": criteria(
                "Platelets ≥ 75 x 10^9/L and hemoglobin ≥ 8 g/dL within 7 days of the first dosing"
            )
        },
        (
            "Inclusion, platelets ≥ 100 → ≥ 75 × 10⁹/L and hemoglobin ≥ 9 → ≥ 8 g/dL (loosened); "
            'added "the first" after "within 7 days of".'
        ),
    ),
    (
        "eligibility.criteria",
        {"criteria": criteria("Age ≥ 18 years")},
        {"criteria": criteria("Age ≥ 216 months")},
        'Inclusion, same limit in other units: "Age ≥ 18 years" → "Age ≥ 216 months".',
    ),
    (
        "eligibility.criteria",
        {"criteria": criteria("UAS7 score ≥ 16 at baseline")},
        {"criteria": criteria("UAS7 score ≥ 12 at baseline")},
        'Inclusion, "UAS7 score ≥ 16 at baseline" → "UAS7 score ≥ 12 at baseline" (loosened).',
    ),
    ("eligibility.sex", {"sex": "MALE"}, {"sex": "FEMALE"}, "Sex male → female."),
    (
        ARMS,
        {"arms": [VELTOMAB, CHEMO]},
        {"arms": [VELTOMAB, CHEMO, HIGH_DOSE]},
        'Arm added: "High dose of veltomab" (experimental).',
    ),
    (
        INTERVENTIONS,
        {"interventions": [DRUG]},
        {"interventions": [{**DRUG, "otherNames": ["AB-1"]}]},
        'Intervention "Veltomab", other names: + AB-1.',
    ),
    (
        SITES,
        {"sites": [CLINIC]},
        {"sites": [{**CLINIC, "status": "TERMINATED"}]},
        "City Hospital One, Riverton, China: Recruiting → Terminated.",
    ),
    (
        SITES,
        {"sites": [CLINIC]},
        {"sites": [CLINIC, site("Klinik", "Bonn", "Germany")]},
        "Site added: Klinik, Bonn, Germany.",
    ),
    (
        "results.hasResults",
        COMPLETE,
        {**COMPLETE, "has_results": True, "results_posted": act("2026-08-01")},
        "Results posted 1 Aug 2026, 3 months after primary completion.",
    ),
    (
        UNPOSTED,
        {"unposted": [{"type": "RELEASE", "date": "2026-01-02"}, {"type": "RESET", "date": "2026-02-02"}]},
        {
            "unposted": [
                {"type": "RELEASE", "date": "2026-01-02"},
                {"type": "RESET", "date": "2026-02-02"},
                {"type": "RELEASE", "date": "2026-03-02"},
            ]
        },
        "Results submitted a second time on 2 Mar 2026; returned once.",
    ),
    (
        "status.dispFirstSubmitDate",
        COMPLETE,
        {**COMPLETE, "delay": "2026-08-01"},
        "Sponsor certified delay of results, 1 Aug 2026, 3 months after primary completion.",
    ),
    (
        REFERENCES,
        {},
        {"references": [PAPER]},
        'Publication (found by the registry) added: Example A, "A trial".',
    ),
    (
        REFERENCES,
        {"references": [PAPER]},
        {"references": [{**PAPER, "retractions": [{"pmid": "99", "source": "J Ex. 2026"}]}]},
        'Retracted: Example A, "A trial".',
    ),
    (
        REFERENCES,
        {},
        {"references": [{**PAPER, "retractions": [{"pmid": "99", "source": "J Ex. 2026"}]}]},
        'Publication (found by the registry) added, already retracted: Example A, "A trial".',
    ),
    (
        REFERENCES,
        {"references": [{**PAPER, "retractions": [{"pmid": "99", "source": "J Ex. 2026"}]}]},
        {"references": [PAPER]},
        'Retraction no longer listed: Example A, "A trial".',
    ),
    (
        REFERENCES,
        {"references": [PAPER]},
        {"references": [{**PAPER, "citation": "Example A. A trial. J Ex. 2027."}]},
        (
            'Publication (found by the registry), citation: "Example A. A trial. J Ex. 2026" → '
            '"Example A. A trial. J Ex. 2027".'
        ),
    ),
    (
        SITES,
        {"sites": [CLINIC]},
        {"sites": [{**CLINIC, "zip": "20002"}]},
        'City Hospital One, Riverton, China, zip: "10001" → "20002".',
    ),
    (
        SITES,
        {"sites": [{**CLINIC, "status": None}]},
        {"sites": [CLINIC]},
        "City Hospital One, Riverton, China: status now shown, recruiting.",
    ),
    (DOCUMENTS, {}, {"documents": [CONSENT]}, "Document added: consent form."),
    (
        "identification.secondaryIds",
        {"ids": None},
        {"ids": [{"id": "2026-512345-12-00", "type": "CTIS"}]},
        "EU trial number added: 2026-512345-12-00 (CTIS).",
    ),
    (
        PRIMARY,
        {"primary": [{**PFS, "timeFrame": "18 months"}]},
        {"primary": [{**PFS, "timeFrame": "2 years"}]},
        'Time frame of primary outcome "Progression-free survival" 18 months → 2 years.',
    ),
    (
        PRIMARY,
        {"primary": [{**PFS, "timeFrame": "Up to 59 months"}]},
        {"primary": [{**PFS, "timeFrame": "Up to 58 months"}]},
        'Time frame of primary outcome "Progression-free survival" 59 → 58 months.',
    ),
    (
        ARMS,
        {"arms": [VELTOMAB]},
        {"arms": [VELTOMAB, {"label": 'The "late" arm'}]},
        'Arm added: “The "late" arm”.',
    ),
    (
        "other.protocolSection.statusModule.somethingNew",
        {"unknown": None},
        {"unknown": {"low": 1.5, "flag": True}},
        'Something new given: {"low":1.5,"flag":true}.',
    ),
    (
        "status.dispFirstSubmitDate",
        {**COMPLETE, "pcd": act("2026-08")},
        {**COMPLETE, "pcd": act("2026-08"), "delay": "2026-08-20"},
        "Sponsor certified delay of results, 20 Aug 2026, in the month of primary completion.",
    ),
    ("design.phases", {}, {"phases": ["PHASE2", "PHASE3"]}, "Phase 2 → Phase 2/3."),
    ("design.masking", {}, {"masking": "DOUBLE"}, "Masking: none (open label) → double."),
    (
        "derived.removedCountries",
        {},
        {"removed_countries": ["Germany", "Spain"]},
        "No site left in Germany and Spain.",
    ),
)


def without_nothing(members: Mapping[str, object]) -> JsonObject:
    """A payload in which None stands for an absent member."""
    return trial(**{name: ABSENT if value is None else value for name, value in members.items()})


@pytest.mark.parametrize(
    ("field", "before", "after", "sentence"),
    SENTENCES,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_change_reads_like_this(
    field: str, before: Mapping[str, object], after: Mapping[str, object], sentence: str
) -> None:
    """The sentence says what, from, to and by how much, as precisely as the record."""
    told = [c.summary for c in compare(without_nothing(before), without_nothing(after)) if c.field == field]
    assert sentence in told


def test_a_first_sight_counts_what_it_cannot_put_in_a_line() -> None:
    """A part of the results that holds lists alone is told by how many parts it has."""
    payload = trial(**COMPLETE, has_results=True)
    put(payload, "resultsSection.participantFlowModule.groups", [{"id": "FG000", "title": "Veltomab"}])
    told = [change.summary for change in compare(None, payload) if change.field == "results.participantFlow"]
    assert told == ["Participant flow: 1 part."]


def test_sentences_end_once_and_hold_no_line_breaks() -> None:
    """Every sentence is one line with one full stop, whatever the registry's text holds."""
    nasty = "Line one.\n\nLine two…   \u202e reversed."
    for change in compare(trial(), trial(title=nasty, summary=nasty, criteria=criteria(nasty), why=nasty)):
        assert change.summary.endswith(".")
        assert not change.summary.endswith("..")
        assert "\n" not in change.summary
        assert "\u202e" not in change.summary


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("ACTIVE_NOT_RECRUITING", "active, not recruiting"),
        ("PHASE3", "phase 3"),
        ("EARLY_PHASE1", "early phase 1"),
        ("SOMETHING_NEW", "something new"),
        ("NCT09000001", "NCT09000001"),
        ("CTIS", "CTIS"),
        ("Alpha Bio", "Alpha Bio"),
    ],
)
def test_enum_values_are_told_in_words(value: str, words: str) -> None:
    """Values we know and values we do not read as words; names stay names."""
    assert word(value) == words


def test_numbers_read_as_people_write_them() -> None:
    """Days up to 45, months beyond; a real minus; ordinals; lists with a count."""
    assert (stretch(45), stretch(-46), stretch(1), stretch(212)) == (
        "45 days",
        "2 months",
        "1 day",
        "7 months",
    )
    assert (percent(420, 300), percent(100, 140), percent(0, 5)) == ("−29 %", "+40 %", "")
    assert (ordinal(3), ordinal(12), ordinal(22), ordinal(113)) == ("Third", "12th", "22nd", "113th")
    assert listing(["a"]) == "a"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert listing("abcdefg", 4) == "a, b, c and 4 more"


def test_an_edit_of_a_long_text_is_told_by_its_surroundings() -> None:
    """Of a long text only what differs is quoted, with the words beside it."""
    rest = (
        "and adequate organ function as shown by laboratory values taken within weeks before the first dose"
    )
    old, new = f"Patients with measurable disease {rest}", f"Patients with evaluable disease {rest}"
    assert (
        changed_words(old, new)
        == '"Patients with measurable disease and" → "Patients with evaluable disease and"'
    )
    assert changed_words(rest, rest + " of drug") == 'added "of drug" after "before the first dose"'
