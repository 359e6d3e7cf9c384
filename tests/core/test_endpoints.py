"""Endpoints under other names: abbreviations and assessors make no other outcome, other endpoints do."""

from __future__ import annotations

import pytest

from monitor import compare
from monitor.core.pairing.endpoints import same_endpoint, spelled_out
from tests.support.rule_examples import outcome, trial

ONE = [
    ("Progression-free survival (PFS)", "PFS per BICR"),
    ("PFS by investigator", "PFS as assessed by blinded independent central review (BICR)"),
    ("Number of participants with DLTs", "Number of participants with dose-limiting toxicities"),
    ("Overall response rate", "ORR according to RECIST 1.1"),
]
TWO = [
    ("Overall survival", "DFS"),
    ("PFS", "PFS2"),
    ("Number of participants with AEs", "Number of participants with SAEs"),
    ("ORR in Cohort A", "ORR in Cohort B"),
    ("Pain by visual analogue scale", "Pain by questionnaire"),
]


@pytest.mark.parametrize(("old", "new"), ONE)
def test_an_endpoint_named_otherwise_is_re_worded(old: str, new: str) -> None:
    """Spelling out an abbreviation or naming another assessor changes an outcome and switches none."""
    pair = [trial(primary=[outcome(measure, "24 months")]) for measure in (old, new)]
    assert [(c.delta.op, c.delta.part) for c in compare(*pair)] == [("changed", "measure")]


@pytest.mark.parametrize(("old", "new"), TWO)
def test_another_endpoint_is_a_switch(old: str, new: str) -> None:
    """Names that come near each other by an abbreviation are still two endpoints."""
    pair = [trial(primary=[outcome(measure, "24 months")]) for measure in (old, new)]
    assert sorted(c.delta.op for c in compare(*pair)) == ["added", "removed"]
    assert not same_endpoint(old, new)


def test_abbreviations_are_spelled_in_their_number() -> None:
    """A plural stays one, and an abbreviation that repeats the words before it goes."""
    assert spelled_out("Number of DLTs") == "Number of dose-limiting toxicities"
    assert spelled_out("Overall survival (OS)") == "Overall survival"
    assert spelled_out("SAEs and AE") == "serious adverse events and adverse event"
