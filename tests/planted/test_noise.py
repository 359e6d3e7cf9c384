"""What is no change, and what is one but never news: over an invented record of every leaf and real ones."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping

import pytest

import monitor
from monitor.core.canonical import markup, plain
from monitor.core.record import Json, JsonObject
from tests.planted.noise import COUNTRIES, SILENT, SILENT_WHERE_TEXTS_ARE_SIMPLE
from tests.planted.tree import whole_record
from tests.support.payloads import rich_study
from tests.support.real import SHARED, load, needs_real_records, study_files
from tests.support.records import put, site, study

EVERY_REWRITING = {**SILENT, **SILENT_WHERE_TEXTS_ARE_SIMPLE}
_PROTOCOL = "protocolSection"
_STATUS = f"{_PROTOCOL}.statusModule"
_TEXT = (
    "Doses A\\*B and C\\^2 of 5\\~10 mg\\_kg where \\[n\\] \\< 5 \\& k \\>= 3:\n\n"
    "* Home\\_Based care (see 4\\.5\\) of 3\\-4 weeks\n* Grade 1\\|2, twice\n\nThen it ends\\."
)


def told_in_full() -> JsonObject:
    """The record that has every leaf, with texts in which every escape and list mark occurs."""
    payload = copy.deepcopy(whole_record())
    for path in ("descriptionModule.detailedDescription", "designModule.bioSpec.description"):
        put(payload, f"{_PROTOCOL}.{path}", _TEXT)
    sites: list[Json] = [
        site(f"Clinic of the {letter}", f"Town {letter}", country) for letter, country in enumerate(COUNTRIES)
    ]
    put(payload, f"{_PROTOCOL}.contactsLocationsModule.locations", sites)
    put(payload, "derivedSection.miscInfoModule.removedCountries", list(COUNTRIES)[:3])
    put(payload, f"{_PROTOCOL}.oversightModule", {"oversightHasDmc": False, "isFdaRegulatedDrug": True})
    return payload


@pytest.mark.parametrize("name", EVERY_REWRITING)
def test_another_way_to_write_it_is_no_change(name: str) -> None:
    """The record written another way has other bytes and no change, there and back."""
    for payload in (told_in_full(), rich_study()):
        again = EVERY_REWRITING[name](payload, random.Random(1))
        assert monitor.compare(payload, again).changes == ()
        assert monitor.compare(again, payload).changes == ()
    payload = told_in_full()
    written = EVERY_REWRITING[name](payload, random.Random(1))
    assert str(written) != str(payload) or name == "escapes, old style"


def test_escapes_come_and_go() -> None:
    """The same text with every mark escaped, and with those escapes only that were written before 2025."""
    bare = told_in_full()
    for path in ("descriptionModule.detailedDescription", "designModule.bioSpec.description"):
        put(bare, f"{_PROTOCOL}.{path}", _TEXT.replace("\\.", ".").replace("\\-", "-").replace("\\)", ")"))
    assert str(bare) != str(told_in_full())
    assert monitor.compare(bare, told_in_full()).changes == ()


@needs_real_records
def test_another_way_to_write_a_real_record_is_no_change() -> None:
    """Real records written every other way have no change."""
    chance = random.Random(11)
    for file in chance.sample(study_files(), 40):
        payload = load(file)
        for name, rewritten in SILENT.items():
            assert monitor.compare(payload, rewritten(payload, chance)).changes == (), (name, file)


@pytest.mark.slow
@needs_real_records
def test_another_way_to_write_any_real_record_is_no_change() -> None:
    """The same over a thousand of them."""
    chance = random.Random(12)
    for file in chance.sample(study_files(), 1000):
        payload = load(file)
        for name, rewritten in SILENT.items():
            assert monitor.compare(payload, rewritten(payload, chance)).changes == (), (name, file)


@needs_real_records
def test_the_history_says_the_same_in_html() -> None:
    """The strings of one real version, in Markdown and in the HTML of its history, have the same form."""
    told = load(SHARED / "registry" / "samples" / "markdown-vs-html-NCT04435626.json")
    pairs = told["pairs"]
    assert isinstance(pairs, list)
    assert len(pairs) > 30
    for pair in pairs:
        assert isinstance(pair, dict)
        path, now, then = (str(pair.get(name)) for name in ("path", "v2", "int"))
        if path.endswith("eligibilityCriteria"):
            criteria = f"{_PROTOCOL}.eligibilityModule.eligibilityCriteria"
            assert monitor.compare(_with(criteria, now), _with(criteria, then)).changes == ()
        elif pair["markup"]:
            assert markup(now) == markup(then), path
        else:
            assert plain(now) == plain(then), path


def _with(path: str, value: str) -> JsonObject:
    payload = study()
    put(payload, path, value)
    return payload


# ---------------------------------------------------------------------------------- changes, but no news

QUIET: tuple[tuple[str, Mapping[str, object], Mapping[str, object]], ...] = (
    (
        "the start to the day",
        {f"{_STATUS}.startDateStruct": {"date": "2025-11", "type": "ACTUAL"}},
        {f"{_STATUS}.startDateStruct": {"date": "2025-11-03", "type": "ACTUAL"}},
    ),
    (
        "primary completion to the day",
        {f"{_STATUS}.primaryCompletionDateStruct": {"date": "2027-03", "type": "ESTIMATED"}},
        {f"{_STATUS}.primaryCompletionDateStruct": {"date": "2027-03-31", "type": "ESTIMATED"}},
    ),
    (
        "completion to the month",
        {f"{_STATUS}.completionDateStruct": {"date": "2028-12-31", "type": "ESTIMATED"}},
        {f"{_STATUS}.completionDateStruct": {"date": "2028-12", "type": "ESTIMATED"}},
    ),
    ("verified", {}, {f"{_STATUS}.statusVerifiedDate": "2026-10"}),
    (
        "updated",
        {},
        {
            f"{_STATUS}.lastUpdateSubmitDate": "2026-10-01",
            f"{_STATUS}.lastUpdatePostDateStruct": {"date": "2026-10-05", "type": "ACTUAL"},
        },
    ),
    (
        "the type of a post date",
        {},
        {f"{_STATUS}.studyFirstPostDateStruct": {"date": "2025-09-10", "type": "ESTIMATED"}},
    ),
    ("first submitted", {}, {f"{_STATUS}.studyFirstSubmitQcDate": "2025-09-09"}),
    (
        "a site on the map",
        {},
        {
            f"{_PROTOCOL}.contactsLocationsModule.locations": [
                site("City Hospital One", "Riverton", "China", zip="1", geoPoint={"lat": 1.0, "lon": 2.0})
            ]
        },
    ),
    ("a contact", {}, {f"{_PROTOCOL}.contactsLocationsModule.centralContacts": [{"name": "B. Example"}]}),
    ("a term", {}, {"derivedSection.conditionBrowseModule.meshes": [{"id": "D1", "term": "Neoplasms"}]}),
    (
        "terms above",
        {},
        {"derivedSection.interventionBrowseModule.ancestors": [{"id": "D2", "term": "Drugs"}]},
    ),
)
"""Edits of which nothing above noise may be said."""


@pytest.mark.parametrize(("before", "after"), [row[1:] for row in QUIET], ids=[row[0] for row in QUIET])
def test_nothing_above_noise_is_said(before: Mapping[str, object], after: Mapping[str, object]) -> None:
    """Precision, places on the map, contacts, terms and administrative dates are kept and never told."""
    old = rich_study()
    put(
        old,
        f"{_PROTOCOL}.contactsLocationsModule.locations",
        [site("City Hospital One", "Riverton", "China", zip="1", geoPoint={"lat": 1.5, "lon": 2.0})],
    )
    for path, value in before.items():
        put(old, path, value)
    new = copy.deepcopy(old)
    for path, value in after.items():
        put(new, path, value)
    changes = monitor.compare(old, new)
    assert changes.changes
    assert {change.significance for change in changes} == {"noise"}
    assert {finding.significance for finding in changes.findings} == {"noise"}
