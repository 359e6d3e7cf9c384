"""Criteria that say one limit in other words: one criterion before the rules, told by its limit alone."""

from __future__ import annotations

import pytest

from monitor import compare
from monitor.core.limits import same_but_terms, same_subject
from tests.support.rule_examples import criteria, trial

TOLD = [
    (
        "LVEF ≥ 40%",
        "LVEF ≥ 50% if treated with anthracyclines",
        "M9",
        'LVEF ≥ 40 → ≥ 50 %; "LVEF ≥ 40%" → "LVEF ≥ 50% if treated with anthracyclines"',
    ),
    (
        "Total bilirubin ≤ 2 × ULN",
        "Direct bilirubin ≤ 1.5 × ULN",
        "M9",
        'bilirubin ≤ 2 → ≤ 1.5 × ULN; "Total bilirubin ≤ 2 × ULN" → "Direct bilirubin ≤ 1.5 × ULN"',
    ),
    (
        "No major surgery within 28 days prior to randomization",
        "No major surgery within 14 days prior to randomisation",
        "M9",
        "wash-out of surgery 28 → 14 days (loosened)",
    ),
    ("ECOG < 2", "ECOG ≤ 1", "m6", '"ECOG < 2" → "ECOG ≤ 1"'),
    (
        "Absolute neutrophil count ≥ 1.5 x 10^9/L",
        "ANC >= 1000/mm3",
        "M9",
        "ANC ≥ 1.5 × 10⁹/L → ≥ 1000/µL (loosened)",
    ),
    (
        "ECOG PS 0-1",
        "Eastern Cooperative Oncology Group performance status of 0, 1, or 2",
        "M9",
        "ECOG 0–1 → 0–2 (loosened)",
    ),
    ("LVEF ≥ 50%", "Left ventricular ejection fraction ≥45%", "M9", "LVEF ≥ 50 → ≥ 45 % (loosened)"),
    (
        "Hemoglobin ≥ 9.0 g/dL",
        "Hb ≥ 90 g/L",
        "m6",
        'same limit in other units: "Hemoglobin ≥ 9.0 g/dL" → "Hb ≥ 90 g/L"',
    ),
    (
        "Life expectancy of at least 3 months",
        "Life expectancy ≥ 12 weeks",
        "M9",
        "life expectancy ≥ 3 months → ≥ 12 weeks",
    ),
    (
        "Females aged 18-45 years",
        "Females aged 18-50 years",
        "M9",
        'age 18–45 → 18–50 years (loosened) in "Females aged 18-50 years"',
    ),
    (
        "Men and women aged 18-45 years",
        "Men and women aged 18-50 years",
        "M9",
        "age 18–45 → 18–50 years (loosened)",
    ),
    (
        "Hemoglobin ≥ 9 g/dL (Cohort A)",
        "Hemoglobin ≥ 8 g/dL (Cohort A)",
        "M9",
        'hemoglobin ≥ 9 → ≥ 8 g/dL (loosened) in "Hemoglobin ≥ 8 g/dL (Cohort A)"',
    ),
    (
        "Gestational age less than 32 weeks",
        "Gestational age less than 34 weeks",
        "M9",
        "gestational age < 32 → < 34 weeks (loosened)",
    ),
    (
        "Males, 18 years or older",
        "Females aged 18-80 years",
        "M9",
        'age ≥ 18 → 18–80 years; "Males, 18 years or older" → "Females aged 18-80 years"',
    ),
]


@pytest.mark.parametrize(("old", "new", "rule", "says"), TOLD)
def test_a_limit_in_other_words_is_one_criterion(old: str, new: str, rule: str, says: str) -> None:
    """The limit tells the change; other words are quoted as the record has them, if they tell anything."""
    (change,) = compare(trial(criteria=criteria(old)), trial(criteria=criteria(new)))
    assert (change.rule, change.summary) == (rule, f"Inclusion, {says}.")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("HIV RNA < 50 copies/mL", "HBV DNA < 2000 copies/mL"),
        ("Serum creatinine ≤ 1.5 × ULN", "Creatinine clearance ≥ 50 mL/min"),
        ("Age ≥ 18 years", "Women aged ≥ 50 years have to be postmenopausal, sterilized or use two methods"),
        ("Signed informed consent", "Willing to comply"),
    ],
)
def test_limits_of_other_things_are_other_criteria(old: str, new: str) -> None:
    """One measure is not another, and a criterion that says more than its limit goes by its words."""
    assert not same_subject(old, new)


@pytest.mark.parametrize(
    ("old", "new"), [("QTcF ≤ 470 ms", "QTcB ≤ 470 ms"), ("2 prior lines of chemotherapy", "2 prior lines")]
)
def test_terms_of_several_kinds_keep_their_words(old: str, new: str) -> None:
    """Another correction of QT, or lines of another therapy, are not the same said otherwise."""
    assert not same_but_terms(old, new)
