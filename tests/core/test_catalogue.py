"""The catalogue: total, in the contract's order, and fit for keys."""

from __future__ import annotations

import pytest

from monitor.core.catalogue import (
    CATALOGUE,
    CATEGORIES,
    NATURAL,
    collection,
    field,
    fold,
    identity_key,
    position,
)
from monitor.core.countries import canonical_country, country
from monitor.core.partial_date import PartialDate
from monitor.core.record import Dated, Named, Text, Tree

GROUPS = [
    *("identification", "status", "sponsor", "oversight", "description", "conditions", "design"),
    *("armsInterventions", "outcomes", "eligibility", "contacts", "locations", "references", "ipdSharing"),
    *("results", "documents", "annotation", "derived", "registry"),
]


def test_the_catalogue_has_the_contract_s_groups_in_its_order() -> None:
    """Groups come as in contract section 3, and every field belongs to a known category and has a label."""
    seen = list(dict.fromkeys(name.partition(".")[0] for name in CATALOGUE))
    assert seen == GROUPS
    assert {entry.category for entry in CATALOGUE.values()} == set(CATEGORIES)
    assert all(entry.label and entry.label[0].isupper() for entry in CATALOGUE.values())


def test_collections_have_an_identity_and_nothing_else_has() -> None:
    """Exactly the fields of kind `items` say what their items are keyed by."""
    assert all(bool(entry.identity) == (entry.kind == "items") for entry in CATALOGUE.values())
    assert set(NATURAL) == {name for name, entry in CATALOGUE.items() if entry.kind == "items"}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("other.protocolSection.newModule", "New Module"),
        ("other.derivedSection.miscInfoModule.modelPredictions", "Model Predictions"),
        ("nonsense", "Nonsense"),
        ("", ""),
    ],
)
def test_any_name_has_a_field(name: str, label: str) -> None:
    """What the catalogue does not list gets a field made of its name, in the registry's category."""
    assert (field(name).category, field(name).kind, field(name).name) == ("registry", "other", name)
    assert field(name).label.casefold() == label.casefold()


def test_a_search_is_a_field_with_its_own_name() -> None:
    """`registry.search[name]` is one field for each search."""
    assert field("registry.search[ak104]").kind == "event"
    assert field("registry.search[ak104]").label == field("registry.search").label


def test_unlisted_fields_come_last() -> None:
    """Listed fields stand in the contract's order, others behind them by name."""
    names = ["other.b", "registry.alias", "other.a", "locations", "status.overallStatus"]
    assert sorted(names, key=position) == [
        "status.overallStatus",
        "locations",
        "registry.alias",
        "other.a",
        "other.b",
    ]


def test_the_seed_s_site_key() -> None:
    """A key is case-folded, white space collapsed, joined by bars, an absent part empty."""
    site: Tree = {
        "facility": Text.plain("The Second  Affiliated Hospital of Air Force Medical University"),
        "city": Text.plain("Xi'an"),
        "country": country("China"),
    }
    assert list(collection("locations", [site])) == [
        "the second affiliated hospital of air force medical university|xi'an||china"
    ]


@pytest.mark.parametrize(
    ("item", "key"),
    [
        ({"pmid": "123", "citation": Text.plain("A. Title.")}, "123"),
        ({"citation": Text.plain("A.  Title.")}, "a. title."),
        ({}, ""),
    ],
)
def test_an_alternative_stands_in_for_a_missing_part(item: Tree, key: str) -> None:
    """A reference is keyed by its number, else by its citation."""
    assert identity_key(field("references.references").identity, item) == key


def test_keys_of_other_values() -> None:
    """Dates, sets, numbers and names enter keys as text."""
    item: Tree = {
        "a": Dated(PartialDate(2026, 3)),
        "b": frozenset({"Y", "X"}),
        "c": 7,
        "d": Named("UK", "gb"),
    }
    assert identity_key((("a",), ("b",), ("c",), ("d",)), item) == "2026-03|x, y|7|gb"


def test_criteria_are_keyed_by_section_and_text() -> None:
    """A criterion's key names its section; one under no heading has an empty one."""
    items: list[Tree] = [
        {"section": "inclusion", "text": Text.plain("ECOG 0-1")},
        {"section": "", "text": Text.plain("Adults")},
    ]
    assert list(collection("eligibility.criteria", items)) == ["inclusion|ecog 0-1", "|adults"]


def test_folding() -> None:
    """Case and white space are no part of a key."""
    assert fold("  Straße \n 1 ") == "strasse 1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Turkey", "Turkey (Türkiye)"),
        ("Korea, Republic of", "South Korea"),
        ("Russian Federation", "Russia"),
        ("Czech Republic", "Czechia"),
        ("Viet Nam", "Vietnam"),
        ("Iran, Islamic Republic of", "Iran"),
        ("Moldova, Republic of", "Moldova"),
        ("Macedonia, The Former Yugoslav Republic of", "North Macedonia"),
        ("Taiwan, Province of China", "Taiwan"),
        ("Hong Kong SAR", "Hong Kong"),
        ("United States of America", "united  states"),
        ("Côte D'Ivoire", "Côte d’Ivoire"),
    ],
)
def test_a_country_under_another_name_is_the_same(one: str, other: str) -> None:
    """Names the registry has used for one country compare equal and are shown as written."""
    assert country(one) == country(other)
    assert country(one).shown == one


def test_different_countries_stay_different() -> None:
    """No alias joins two countries, and an unknown name stands for itself."""
    apart = [
        "South Korea",
        "North Korea",
        "China",
        "Taiwan",
        "Hong Kong",
        "Macau",
        "Atlantis",
        "Congo",
        "DR Congo",
    ]
    assert len({canonical_country(name) for name in apart}) == len(apart)
    assert canonical_country("Atlantis") == "Atlantis"
