"""Reasons for stopping, invented as sponsors write them: what each is classed as, denials understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.stopping import STOP_CLASSES, StopClass, stop_class

REASONS: dict[StopClass, tuple[str, ...]] = {
    "safety": (
        "Safety concerns",
        "Unacceptable toxicity in the high dose arm",
        "Hepatotoxicity in two participants.",
        "Increased mortality in the treatment group",
        "Two treatment-related deaths in the first cohort",
        "DSMB recommended to stop for serious adverse events",
        "SAEs",
        "Dose limiting toxicities at the lowest dose",
        "Unfavorable benefit-risk profile",
        "FDA clinical hold following a case of severe liver injury",
        "Poor tolerability",
        "Side-effects too strong for the patients",
        "Slow enrollment, and toxicity seen in the parent study",
        "No further accrual due to toxicity",
        "The safety of the device was not demonstrated",
        "Sponsor decision because of a safety signal in another trial of the program",
        "An imbalance of thromboembolic events",
        "Not because of slow enrollment, but because of adverse events.",
    ),
    "efficacy_futility": (
        "Futility",
        "Lack of efficacy at the interim look",
        "Interim analysis showed no benefit over placebo",
        "The study did not meet its primary endpoint",
        "Insufficient clinical activity",
        "Phase 2 results did not support further development",
        "IDMC recommended stopping for futility; no safety concerns were identified.",
        "Negative results of the parent study",
        "Low response rate in stage 1 of the Simon design",
        "Efficacy was not observed in the first 20 patients",
        "No significant difference between the arms",
        "Study stopped early for overwhelming efficacy",
        "Decision due to lack of efficacy and not related to safety",
        "no efect seen, drug is ineffective",
        "Sponsor decided to stop: unlikely to succeed.",
    ),
    "accrual": (
        "Low recruitment",
        "Slow patient accural",
        "Difficulties in recruting patients",
        "No patients",
        "Not enough eligible patients at our center",
        "Insufficient inclusions",
        "Inclusion rate too low",
        "PI unable to recruit participants",
        "Enrollment taking too long; sponsor decision",
        "Sponsor decision due to slow enrollment",
        "Slow enrollment. The decision was not related to safety.",
        "The drug was well tolerated but recruitment was too slow",
        "Good safety profile; low accrual",
        "There are no concerns over safety or efficacy of the drug. Recruitment was slow.",
        "Not due to safety concerns, due to slow enrollment",
        "Unrelated to safety: low enrolment",
        "Closed early (not safety related) because of poor accrual",
        "Stopped for feasibility reasons in agreement with the FDA",
        "Falta de reclutamiento",
        "Without any safety finding, the trial closed for lack of participants.",
        "SAFETY WAS NOT A FACTOR. UNDER-ENROLLMENT.",
    ),
    "business": (
        "Sponsor decision",
        "Business decision, unrelated to safety or efficacy",
        "Strategic reprioritization of the portfolio",
        "Company decision. Not a safety decision.",
        "Study was withdrawn before enrollment for commercial reasons",
        "This decision was not driven by safety concerns; the sponsor changed its development strategy.",
        "Not the result of concerns about the safety profile or lack of efficacy, but of a new strategy.",
        "Safety and efficacy were not the reasons for this business decision.",
        "Safety played no role. Corporate priorities.",
        "Development of the compound was discontinued",
        "The license was returned to the originator",
        "In the absence of safety concerns, the Sponsor decided to close the trial.",
        "Strategic rather than safety reasons",
        "No new safety signals were identified. Sponsor discontinued the program.",
        "The decision has nothing to do with safety, toxicity or regulatory matters: merger",
        "Sponsor's decision doesn't reflect any safety issue.",
        "Bankruptcy of the manufacturer's parent company",
        "Sponsor decision after enrollment of 20 patients",
        "Enrollment was halted by the sponsor",
        "Business reasons, and not safety",
    ),
    "funding": (
        "Lack of funding",
        "Funding withdrawn. No participants were enrolled.",
        "The study was stopped after enrollment of 20 patients due to lack of funding",
        "Grant not renewed",
        "Financial reasons",
        "No money",
        "Budget cuts at the institution",
        "Insufficient resources",
        "Not for safety reasons; the funder stopped its support.",
    ),
    "supply": (
        "Drug supply issues",
        "Study drug no longer available",
        "The device is no longer manufactured",
        "Expiry of the study medication",
        "Shortage of the comparator",
        "Lack of study drug",
        "Manufacturing delays; unrelated to efficacy",
    ),
    "regulatory": (
        "FDA",
        "Clinical hold",
        "Ethics committee did not approve the amendment",
        "IRB approval expired",
        "Request of the health authority",
        "MHRA refused the application",
        "Not due to safety, due to new regulatory requirements",
    ),
    "logistics": (
        "COVID-19",
        "Staff shortage",
        "Logistical reasons",
        "Contract could not be signed",
        "Closure of the clinic",
        "Equipment broke down",
        "Study never opened to enrollment; competing studies",
        "Because of the war, no safety issues",
    ),
    "investigator": (
        "PI left the institution",
        "The principal investigator has retired",
        "Principal investigator passed away",
        "Death of the principal investigator",
        "P.I. moved to another hospital",
        "Departure of the investigator",
        "Investigator decision",
    ),
    "other": (
        "",
        " ",
        "Study terminated",
        "See detailed description",
        "N/A",
        "The decision was not related to any safety concerns",
        "Not due to safety or efficacy issues",
        "Neither safety nor efficacy was the reason",
        "No safety concerns",
        "No safety or efficacy issues",
        "DSMB recommendation",
        "Data and safety monitoring board decision",
        "Enrollment completed",
        "Study design was changed",
    ),
}


@pytest.mark.parametrize(
    ("reason", "expected"), [(reason, name) for name, reasons in REASONS.items() for reason in reasons]
)
def test_a_reason_is_classed_by_what_it_says(reason: str, expected: StopClass) -> None:
    """The class is that of the cause named, never of one that is denied or only mentioned."""
    assert stop_class(reason) == expected


def test_every_class_has_reasons() -> None:
    """No class goes without examples."""
    assert set(REASONS) == set(STOP_CLASSES)
    assert sum(len(reasons) for reasons in REASONS.values()) >= 80


@pytest.mark.parametrize("denial", ["not related to safety", "unrelated to safety", "no safety concerns"])
@pytest.mark.parametrize("name", ["accrual", "funding", "business", "supply"])
def test_a_denial_beside_a_reason_changes_nothing(name: StopClass, denial: str) -> None:
    """A sentence that only denies leaves the class of the sentence beside it, in either order."""
    for reason in REASONS[name][:4]:
        said = reason.rstrip(".")
        assert stop_class(f"{said}. This was {denial}.") == name
        assert stop_class(f"There were {denial}. {said}.") == name


@given(st.text(max_size=400))
def test_any_text_has_a_class(reason: str) -> None:
    """Classing is total."""
    assert stop_class(reason) in STOP_CLASSES


def test_a_very_long_text_is_read_from_its_beginning() -> None:
    """A reason is classed by its beginning, and in no time, however long it is."""
    assert (
        stop_class("Slow accrual. " + "The investigators thank everybody who took part. " * 5000) == "accrual"
    )
    assert stop_class("no not never " * 20_000) in STOP_CLASSES
