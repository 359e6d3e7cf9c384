"""Items read one by one: the same items, keys and parts that a full reading gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.core.catalogue import CATALOGUE
from monitor.core.record import Items, Json, TrialRecord, to_json
from monitor.core.unread import UnreadItems
from monitor.errors import RecordFormatError
from monitor.registries.ctgov.normalize import normalize
from tests.support.real import load, needs_real_records, study_files
from tests.support.records import site, study

_SITES = "protocolSection__contactsLocationsModule__locations"


def record(*sites: Json) -> TrialRecord:
    """A trial with these sites."""
    return normalize(study("NCT09000001", **{_SITES: list(sites)}))


def check(payload: Json) -> None:
    """Each field asked for alone, and each collection item by item, against a full reading."""
    whole, asked = normalize(payload).fields, normalize(payload)
    for name in CATALOGUE:
        expected, found = whole.get(name), asked.get(name)
        if not isinstance(expected, Items):
            assert found == expected, name
            continue
        items = asked.items(name)
        assert list(items) == list(expected), name
        assert len(items) == len(expected)
        assert to_json(items) == to_json(expected)
        for part in {part for item in expected.values() for part in item}:
            told = {repr(item.get(part)) for item in expected.values()}
            assert {repr(value) for (value,) in items.combinations(part)} >= told, f"{name}.{part}"


@needs_real_records
@pytest.mark.parametrize("path", study_files()[::25], ids=lambda path: path.stem)
def test_what_is_read_alone_equals_what_is_read_together(path: Path) -> None:
    """A field or an item read alone is what a full reading of a real record gives."""
    check(load(path))


def test_twins_and_empty_items_are_as_in_a_full_reading() -> None:
    """Items that share a key are numbered, items that say nothing are none."""
    twin = site("Harbor Clinic", "Port Alma", "Iceland")
    other = {**twin, "status": "RECRUITING"}
    check(study("NCT09000001", **{_SITES: [twin, {}, other, {"facility": " "}, {"city": "Port Alma"}]}))
    assert len(record(twin, {}, other).items("locations")) == 2
    assert not record({}, {"facility": "&nbsp;"}).items("locations")


def test_only_what_is_asked_for_is_read() -> None:
    """A part of the wrong type harms nobody who does not ask for it; who does is told where it is."""
    wrong = {**site("Harbor Clinic", "Port Alma", "Iceland"), "zip": 7}
    items = record(site("Bay Clinic", "Port Alma", "Iceland"), wrong).items("locations")
    assert isinstance(items, UnreadItems)
    assert len(items) == 2
    assert [to_json(country) for (country,) in items.combinations("country")] == ["Iceland"]
    found = items["harbor clinic|port alma||iceland"]
    assert to_json(found.get("city")) == "Port Alma"
    with pytest.raises(RecordFormatError) as error:
        found.get("zip")
    assert error.value.pointer == "/protocolSection/contactsLocationsModule/locations/1/zip"


def test_a_combination_is_given_once() -> None:
    """Parts are read once for all items that share them."""
    sites = [site(f"Clinic {n}", "Port Alma", "Iceland", status="RECRUITING") for n in range(20)]
    found = list(record(*sites).items("locations").combinations("country", "status"))
    assert [(to_json(country), state) for country, state in found] == [("Iceland", "RECRUITING")]
