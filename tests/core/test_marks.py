"""Marks: names that look alike and are not, names that do not and are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.catalogue import collection
from monitor.core.pairing import pair
from monitor.core.pairing.marks import told_apart
from monitor.core.record import Text, Tree


def pairs(name: str, old: Tree, new: Tree) -> bool:
    """Do the two pair, as the only items of their lists?"""
    return bool(pair({name: collection(name, [old])}, {name: collection(name, [new])}).pairs)


def outcome(measure: str) -> Tree:
    """An outcome like many others but for its measure."""
    return {
        "measure": Text.plain(measure),
        "description": Text.plain("Assessed by the investigator at each visit until the end of the study"),
        "timeFrame": Text.plain("Up to 24 months"),
    }


TWO = [
    ("Cohort 2: response", "Cohort 3: response"),
    ("Part A: tolerability", "Part B: tolerability"),
    ("Phase I: toxicity", "Phase II: toxicity"),
    ("PASI 75 at week 12", "PASI 90 at week 12"),
    ("ACR20 response", "ACR50 response"),
    ("Incidence of hypotension", "Incidence of hypertension"),
    ("Change in IL-6", "Change in IL-17"),
    ("Change in HAM-D", "Change in HAM-A"),
    ("Change in systolic blood pressure", "Change in diastolic blood pressure"),
    ("Concentration of blood lipids", "Concentration of blood metabolites"),
    ("Concentration of fasting glucose", "Concentration of fasting insulin"),
    ("Change in body weight", "Change in body fat"),
    ("Cmax of veltomab", "AUC of veltomab"),
    ("Progression-free survival by BICR", "Overall survival by BICR"),
    ("Progression-free survival (PFS)", "Progression-free survival 2 (PFS2)"),
    ("Disease-free survival", "Distant metastasis-free survival"),
    ("Duration of response", "Time to response"),
    ("Complete response rate", "Partial response rate"),
    ("Number of participants with adverse events", "Number of participants with serious adverse events"),
    ("Quality of life EQ-5D", "Quality of life SF-36"),
]


@pytest.mark.parametrize(("old", "new"), TWO)
def test_two_outcomes_are_not_taken_for_one(old: str, new: str) -> None:
    """A mark or a word of substance on each side tells outcomes apart that share everything else."""
    assert not pairs("outcomes.secondary", outcome(old), outcome(new))
    assert not pairs("outcomes.secondary", outcome(new), outcome(old))


ONE = [
    ("PFS", "Progression-free survival"),
    ("Overall survival", "OS"),
    ("Objective Response Rate (ORR)", "ORR"),
    ("Maximum plasma concentration (Cmax)", "Cmax"),
    ("Objective response rate", "Overall response rate"),
    ("Overall survival at 12 months", "Overall survival at 24 months"),
    ("Arm 1: tolerability", "Arm A: tolerability"),
    ("Change from baseline in HbA1c", "Change in HbA1c from baseline at week 24"),
    ("Incidence of adverse events", "Number of participants with treatment-emergent adverse events"),
    ("Percentage of Participants Achieving PASI 75", "Proportion of participants who achieve PASI 75"),
    ("Pain intensity", "Pain intensity (NRS)"),
    ("Major cardiovascular events", "Major adverse cardiovascular events (MACE)"),
    ("Haemoglobin", "Hemoglobin"),
]


@pytest.mark.parametrize(("old", "new"), ONE)
def test_one_outcome_in_other_words(old: str, new: str) -> None:
    """An abbreviation, another time, more words or another spelling leave an outcome the one it was."""
    assert pairs("outcomes.secondary", outcome(old), outcome(new))
    assert pairs("outcomes.secondary", outcome(new), outcome(old))


OTHERS: list[tuple[str, bool, dict[str, str], dict[str, str]]] = [
    ("armsInterventions.arms", False, {"label": "Arm A"}, {"label": "Arm B"}),
    ("armsInterventions.arms", False, {"label": "Veltomab low dose"}, {"label": "Veltomab high dose"}),
    ("armsInterventions.arms", True, {"label": "Arm A"}, {"label": "Arm A: veltomab"}),
    ("armsInterventions.interventions", False, {"name": "Cisplatin"}, {"name": "Carboplatin"}),
    ("armsInterventions.interventions", False, {"name": "ABC-2936"}, {"name": "ABC-2937"}),
    ("armsInterventions.interventions", True, {"name": "Veltomab"}, {"name": "Veltomab injection"}),
    ("conditions.conditions", False, {"name": "Type 1 Diabetes"}, {"name": "Type 2 Diabetes"}),
    (
        "conditions.conditions",
        False,
        {"name": "Small Cell Lung Cancer"},
        {"name": "Non-small Cell Lung Cancer"},
    ),
    ("conditions.conditions", True, {"name": "Haemophilia"}, {"name": "Hemophilia"}),
    ("sponsor.collaborators", False, {"name": "University of Aster"}, {"name": "University of Ashford"}),
    ("sponsor.collaborators", False, {"name": "Aster First Hospital"}, {"name": "Aster Third Hospital"}),
    ("sponsor.collaborators", True, {"name": "Aster Institute (ASI)"}, {"name": "Aster Institute"}),
    ("sponsor.collaborators", True, {"name": "Aster Pharma LLC"}, {"name": "Aster Pharma Corp."}),
    ("identification.secondaryIds", False, {"id": "ABC-2024-00123"}, {"id": "ABC-2024-00124"}),
    ("identification.secondaryIds", True, {"id": "2023-500001-11-00"}, {"id": "2023-500001-11-01"}),
    ("identification.secondaryIds", True, {"id": "AB2870-003"}, {"id": "AB-2870-003"}),
    (
        "references.references",
        False,
        {"pmid": "1", "citation": "Doe J. A trial of veltomab, part one. J Trials. 2025."},
        {"pmid": "2", "citation": "Doe J. A trial of veltomab, part two. J Trials. 2025."},
    ),
    (
        "references.references",
        True,
        {"citation": "Doe J. Veltomab. doi: 10.1000/abc.12"},
        {"pmid": "2", "citation": "Doe J, Roe R, Poe E, et al. A trial. J Trials. doi:10.1000/ABC.12."},
    ),
    (
        "references.references",
        False,
        {"citation": "Doe J. Veltomab in asthma. doi: 10.1000/abc.12"},
        {"citation": "Doe J. Veltomab in asthma. doi: 10.1000/abc.13"},
    ),
]


@pytest.mark.parametrize(("name", "same", "old", "new"), OTHERS)
def test_items_of_other_kinds(name: str, same: bool, old: dict[str, str], new: dict[str, str]) -> None:
    """Arms by letter, drugs by name, houses by what tells them apart, publications and ids by number."""
    was, now = ({part: Text.plain(text) for part, text in item.items()} for item in (old, new))
    assert pairs(name, was, now) is same


def test_a_drug_under_a_name_it_also_has() -> None:
    """A code that gave way to a name is the same drug where the record says so."""
    code: Tree = {"type": "DRUG", "name": Text.plain("ABC-2936")}
    name: Tree = {"type": "DRUG", "name": Text.plain("Veltomab"), "otherNames": frozenset({"ABC-2936"})}
    assert pairs("armsInterventions.interventions", code, name)
    assert pairs("armsInterventions.interventions", name, code)


@given(st.text("AaBb12 -", max_size=12), st.text("AaBb12 -", max_size=12))
def test_marks_know_no_side(one: str, other: str) -> None:
    """Telling apart is symmetric, and nothing is told apart from itself."""
    assert told_apart(one, other) == told_apart(other, one)
    assert not told_apart(one, one)
