"""Names of sponsors: which spellings are one body, and which are two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import compare
from monitor.core.bodies import plain_name, resemble, same_name
from tests.support.rule_examples import trial

SAME = [
    ("Alpha Bio", "ALPHA BIO"),
    ("Alpha Bio, Inc.", "Alpha Bio Inc"),
    ("Alpha Bio, Inc.", "Alpha Bio"),
    ("Alpha Pharmaceuticals Co., Ltd.", "Alpha Pharmaceuticals Co Ltd"),
    ("Alpha Pharmaceutical Co., Ltd", "Alpha Pharm."),
    ("Beta S.p.A.", "Beta SpA"),
    ("Gamma GmbH & Co. KGaA", "Gamma"),
    ("Gamma GmbH & Co. KG", "Gamma GmbH and Co. KG"),
    ("Delta A/S", "Delta AS"),
    ("The Epsilon Foundation", "Epsilon Foundation"),
    ("Zeta & Eta", "Zeta and Eta"),
    ("Université de Beauville", "Universite de Beauville"),
    ("Univ. of Northtown", "University of Northtown"),
    ("Northtown University", "NORTHTOWN UNIVERSITY"),
    ("St. Anne's Hospital", "Saint Annes Hosp"),
    ("Iota Cancer Centre", "Iota Cancer Center"),
    ("Kappa-Lambda Therapeutics", "Kappa Lambda Therapeutics, LLC"),
    ("Hôpital Mu", "Hopital  Mu"),
    ("Nu K.K.", "Nu KK"),
    ("Northtown Med. Ctr.", "Northtown Medical Center"),
    ("OmegaBio", "Omega Bio"),
]
APART = [
    ("Alpha Bio", "Beta Bio"),
    ("University of Northtown", "University of Southtown"),
    ("Alpha Pharmaceuticals", "Alpha Diagnostics"),
    ("First Hospital of Northtown", "Second Hospital of Northtown"),
    ("Northtown Hospital", "Northtown University"),
    ("Alpha Bio", "Alpha Bio China"),
    ("Alpha", ""),
    ("Inc.", "Ltd."),
    ("Alpha KGaA", "Alpha & Co., Inc."),
    ("Alpha Corp.", "Alpha LLC"),
    ("Alpha Pharma", "Alpha Pharmaceuticals"),
]


@pytest.mark.parametrize(("old", "new"), SAME)
def test_spelling_is_not_another_body(old: str, new: str) -> None:
    """Case, punctuation, accents, legal forms and short forms do not make another sponsor."""
    assert same_name(old, new)
    assert same_name(new, old)
    found = compare(trial(lead={"name": old, "class": "OTHER"}), trial(lead={"name": new, "class": "OTHER"}))
    assert [c.rule for c in found if c.field == "sponsor.lead"] in ([], ["n6"])


@pytest.mark.parametrize(("old", "new"), APART)
def test_another_name_is_another_body(old: str, new: str) -> None:
    """A word that tells two bodies apart is never dropped."""
    assert not same_name(old, new)


@given(st.text(max_size=60))
def test_a_plain_name_is_plain(name: str) -> None:
    """Making a name plain twice changes nothing, and a name of letters never becomes empty."""
    assert plain_name(plain_name(name)) == plain_name(name)
    assert bool(plain_name(name)) == any(c.isalnum() for c in plain_name(name))


def test_a_sponsor_re_named_with_its_organization_is_another_one() -> None:
    """A new name beside a new organization is C8; beside the same one m10, if the names are of one body."""
    new = {"name": "Beta Pharma", "class": "INDUSTRY"}
    body = {"fullName": "Beta Pharma", "class": "INDUSTRY"}
    assert {c.rule for c in compare(trial(), trial(lead=new, organization=body))} >= {"C8", "m10"}
    (change,) = compare(trial(), trial(lead=new))
    assert (change.rule, change.summary) == ("C8", "Lead sponsor Alpha Bio → Beta Pharma.")
    (change,) = compare(trial(), trial(lead={"name": "Alpha Medicines", "class": "INDUSTRY"}))
    assert (change.rule, change.summary) == ("m10", "Lead sponsor re-named: Alpha Bio → Alpha Medicines.")


@pytest.mark.parametrize(
    ("old", "new", "alike"),
    [
        ("Alpha Pharma", "Alpha Pharmaceuticals", True),
        ("Alpha Corp.", "Alpha LLC", True),
        ("Northern Cooperative Oncology Group", "NCOG-SWIN Research Group", True),
        ("Alpha Bio", "Omega Bio", False),
        ("University of Northtown", "University of Southtown", False),
        ("Jane Doe, MD", "Richard Roe, MD", False),
        ("National Institute of Beta", "National Institute of Gamma", False),
    ],
)
def test_one_body_under_two_names_shares_a_telling_word(old: str, new: str, alike: bool) -> None:
    """Words that many bodies are called by make no likeness; a proper name or its initials do."""
    assert resemble(old, new) is alike
    assert resemble(new, old) is alike


def test_an_organization_re_named_is_told_as_such() -> None:
    """The organization's new name is minor news, another spelling is told as spelling."""
    (change,) = compare(trial(), trial(organization={"fullName": "Alpha Medicines", "class": "INDUSTRY"}))
    assert (change.rule, change.summary) == ("m10", "Organization re-named: Alpha Bio → Alpha Medicines.")
    (change,) = compare(trial(), trial(organization={"fullName": "ALPHA Bio, Inc.", "class": "INDUSTRY"}))
    assert change.rule == "n6"
    assert change.summary == "Organization, another spelling: Alpha Bio → ALPHA Bio, Inc."


def test_a_collaborator_spelled_otherwise_is_no_news() -> None:
    """One collaborator under another spelling is noise; under another name two differ."""
    one, other, third = (
        {"name": n, "class": "OTHER"} for n in ("Univ. of Nort", "University of Nort", "Zeta")
    )
    (change,) = compare(trial(collaborators=[one]), trial(collaborators=[other]))
    assert (change.rule, change.significance) == ("n6", "noise")
    assert change.summary == "Collaborator, another spelling: Univ. of Nort → University of Nort."
    found = compare(trial(collaborators=[one]), trial(collaborators=[third]))
    assert {change.rule for change in found} == {"m8"}


def test_a_sponsor_re_named_beside_its_organization_s_other_spelling_is_the_same() -> None:
    """Another spelling of the organization is no other organization."""
    body = {"fullName": "Alpha Bio, Inc.", "class": "INDUSTRY"}
    found = compare(trial(), trial(lead={"name": "Alpha Medicines", "class": "INDUSTRY"}, organization=body))
    assert {change.rule for change in found} == {"m10", "n6"}
