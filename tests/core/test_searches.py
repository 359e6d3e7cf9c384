"""Searches and assets: how names are spelled and found, what is kept of a search, who moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.life import search_change
from monitor.core.record import JsonObject, TrialId
from monitor.core.search import PARTS, Search
from monitor.core.searches import (
    MOST_NAMES_AT_ONCE,
    Matched,
    SavedSearch,
    from_definition,
    matched,
    moves,
    questions,
    search_line,
    spellings,
    to_definition,
)
from monitor.registries import reader
from tests.support.records import study

ARMS = "protocolSection__armsInterventionsModule__armGroups"
DRUGS = "protocolSection__armsInterventionsModule__interventions"
TITLE = "protocolSection__identificationModule__briefTitle"
NUMBERS = [TrialId("ctgov", f"NCT0000000{number}") for number in range(1, 9)]


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("AK104", ("AK104", "AK-104")),
        ("AK-104", ("AK-104", "AK104")),
        ("ak 104", ("ak 104", "ak104", "ak-104")),
        ("cadonilimab", ("cadonilimab",)),
        ("PD-1/CTLA-4", ("PD-1/CTLA-4",)),
        ("dostarlimab gxly", ("dostarlimab gxly",)),
    ],
)
def test_codes_are_asked_for_in_each_spelling(name: str, forms: tuple[str, ...]) -> None:
    """With and without hyphen and blank; words and formulas as they are."""
    assert spellings(name) == forms


def about(**members: object) -> JsonObject:
    """An invented trial in which nothing names the asset but what is given."""
    plain = {DRUGS: [{"type": "DRUG", "name": "Study drug"}], ARMS: [{"label": "Arm A"}]}
    return study("NCT09000001", **{**plain, **members})


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({DRUGS: [{"type": "DRUG", "name": "AK104 Injection"}]}, "interventions"),
        ({DRUGS: [{"type": "DRUG", "name": "ak-104"}]}, "interventions"),
        ({DRUGS: [{"type": "DRUG", "name": "Study drug", "otherNames": ["AK 104"]}]}, "other names"),
        ({TITLE: "A Study of AK\u2011104+chemotherapy"}, "title"),
        ({ARMS: [{"label": "Arm B: AK104/placebo"}]}, "arms"),
        ({ARMS: [{"label": "Arm A", "description": "10 mg/kg AK104 Q3W"}]}, "arms"),
        ({DRUGS: [{"type": "DRUG", "name": "D", "description": "also AK104"}]}, "intervention texts"),
        ({"protocolSection__conditionsModule__keywords": ["AK104"]}, "keywords"),
        ({DRUGS: [{"type": "DRUG", "name": "AK1045"}]}, None),
        ({DRUGS: [{"type": "DRUG", "name": "BAK104"}]}, None),
        ({DRUGS: [{"type": "DRUG", "name": "AK10 4 mg"}]}, None),
        ({"protocolSection__descriptionModule__briefSummary": "after AK104"}, None),
        ({"protocolSection__eligibilityModule__eligibilityCriteria": "prior AK104"}, None),
    ],
)
def test_a_name_is_found_as_a_whole_word_where_a_trial_is_about_it(
    members: dict[str, object], place: str | None
) -> None:
    """In whatever case and spelling, with the place; never inside another name, nor where it is excluded."""
    found = matched(reader("ctgov").normalize(about(**members)), ["cadonilimab", "AK104"])
    assert found == (None if place is None else Matched("AK104", place))


def test_many_names_are_asked_for_in_parts() -> None:
    """No question holds more names than a registry answers, and no name is left out."""
    names = tuple(f"drug{number}" for number in range(20))
    parts = questions(SavedSearch("x", "asset", "ctgov", names=names))
    assert all(len(part.names) <= MOST_NAMES_AT_ONCE for part in parts)
    assert set(names) <= {name for part in parts for name in part.names}
    assert questions(SavedSearch("x", "search", "ctgov", search=Search(term="a"))) == (Search(term="a"),)


@given(
    st.builds(
        Search,
        condition=st.text(max_size=9),
        statuses=st.lists(st.text(max_size=5), max_size=3).map(tuple),
        updated_from=st.none() | st.just("2026-01-01"),
    ),
    st.lists(st.text(max_size=9), max_size=3).map(tuple),
)
def test_a_definition_comes_back_as_it_was(search: Search, names: tuple[str, ...]) -> None:
    """What is looked for survives being stored."""
    held = to_definition(SavedSearch("x", "search", "ctgov", search=search, names=names))
    assert from_definition(held) == (search, names)
    assert from_definition({**held, "later": 1, "search": {"condition": "a", "unheard": 1}})[0] == Search("a")


def test_every_part_of_a_search_can_be_asked_for() -> None:
    """What the port offers is explained to people, but for the order and an asset's names."""
    assert set(PARTS) == set(Search.__dataclass_fields__) - {"sort", "names"}


_TRIALS = st.sets(st.sampled_from(NUMBERS))


@given(_TRIALS, _TRIALS, _TRIALS)
def test_nobody_is_lost_or_invented(
    members: set[TrialId], found: set[TrialId], refuted: set[TrialId]
) -> None:
    """After the moves exactly those found and not refuted are in it; nobody comes in and leaves at once."""
    result = moves(members, sorted(found), refuted)
    assert (members | set(result.enter)) - set(result.leave) == found - refuted
    assert not set(result.enter) & set(result.leave)
    assert moves(found - refuted, sorted(found), refuted) == moves((), ())


def test_a_move_is_told_with_what_matched() -> None:
    """Coming in is M22 and major, leaving minor; the line of the digest says why it was found."""
    record = reader("ctgov").normalize(about())
    (entered,) = search_change("AK104", "entered", record, matched=Matched("AK104", "title"))
    assert (entered.rule, entered.significance, entered.delta.key) == ("M22", "major", "AK104")
    assert entered.summary == (
        'New in the search AK104: Phase 2, recruiting, Alpha Bio (matched "AK104" in title).'
    )
    assert search_line(dict(entered.facts)) == 'Phase 2, recruiting, Alpha Bio (matched "AK104" in title)'
    left = search_change("AK104", "left", record)
    assert (left[0].rule, left[0].significance, left[0].delta.op) == ("m17", "minor", "removed")
    assert left.findings[0].headline == "No longer in the search AK104"
    back = search_change("AK104", "back", record)
    assert search_line(dict(back[0].facts)) == "back, Phase 2, recruiting, Alpha Bio"
