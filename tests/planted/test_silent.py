"""What the registry changes without moving a date: found, and classed by the table of rules."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import pytest

import monitor
from monitor.core.record import Json, JsonObject
from tests.support.real import SHARED, load, needs_real_records
from tests.support.records import put, site, study

_STATUS = "protocolSection.statusModule"
_REFERENCES = "protocolSection.referencesModule.references"
_SITES = "protocolSection.contactsLocationsModule.locations"
_TRACKING = "derivedSection.miscInfoModule.submissionTracking.submissionInfos"
_UNPOSTED = "annotationSection.annotationModule.unpostedAnnotation.unpostedEvents"
_COMPLETED: Mapping[str, object] = {
    f"{_STATUS}.overallStatus": "COMPLETED",
    f"{_STATUS}.primaryCompletionDateStruct": {"date": "2026-01-15", "type": "ACTUAL"},
    f"{_STATUS}.completionDateStruct": {"date": "2026-02-15", "type": "ACTUAL"},
}
_PAPER: JsonObject = {"pmid": "39000001", "type": "DERIVED", "citation": "Example A. A trial. J Ex. 2026."}
_OTHER: JsonObject = {"pmid": "39000002", "type": "DERIVED", "citation": "Example B. More. J Ex. 2026."}
_RELEASE: JsonObject = {"type": "RELEASE", "date": "2026-03-02"}
_CLINIC = site("City Hospital One", "Riverton", "China", zip="10001", geoPoint={"lat": 30.1, "lon": 120.2})

SILENT: tuple[tuple[str, Mapping[str, object], Mapping[str, object], dict[str, tuple[str, str]]], ...] = (
    (
        "status unknown",
        {},
        {f"{_STATUS}.overallStatus": "UNKNOWN", f"{_STATUS}.lastKnownStatus": "RECRUITING"},
        {"status.overallStatus": ("m1", "minor"), "status.lastKnownStatus": ("m1", "minor")},
    ),
    (
        "results submitted",
        _COMPLETED,
        {_UNPOSTED: [_RELEASE], _TRACKING: [{"releaseDate": "2026-03-02"}]},
        {"annotation.unpostedEvents": ("M12", "major"), "derived.submissionTracking": ("M12", "major")},
    ),
    (
        "results returned",
        {**_COMPLETED, _UNPOSTED: [_RELEASE]},
        {_UNPOSTED: [_RELEASE, {"type": "RESET", "date": "2026-03-20"}]},
        {"annotation.unpostedEvents": ("M12", "major")},
    ),
    (
        "results withdrawn by the sponsor",
        {**_COMPLETED, _UNPOSTED: [_RELEASE]},
        {_UNPOSTED: [_RELEASE, {"type": "UNRELEASE", "date": "2026-03-10"}]},
        {"annotation.unpostedEvents": ("M12", "major")},
    ),
    (
        "first paper after primary completion",
        _COMPLETED,
        {_REFERENCES: [_PAPER]},
        {"references.references": ("M19", "major")},
    ),
    (
        "a further paper",
        {**_COMPLETED, _REFERENCES: [_PAPER]},
        {_REFERENCES: [_PAPER, _OTHER]},
        {"references.references": ("m14", "minor")},
    ),
    (
        "a paper before primary completion",
        {},
        {_REFERENCES: [_PAPER]},
        {"references.references": ("m14", "minor")},
    ),
    (
        "a retraction",
        {_REFERENCES: [_PAPER]},
        {_REFERENCES: [{**_PAPER, "retractions": [{"pmid": "39000009", "source": "J Ex. 2026"}]}]},
        {"references.references": ("M19", "major")},
    ),
    (
        "a place on the map",
        {_SITES: [_CLINIC]},
        {_SITES: [{**_CLINIC, "geoPoint": {"lat": 30.25, "lon": 120.17}}]},
        {"locations": ("n3", "noise")},
    ),
    (
        "a term of the vocabulary",
        {},
        {"derivedSection.conditionBrowseModule.meshes": [{"id": "D013274", "term": "Gastric Neoplasms"}]},
        {"derived.conditionMesh": ("n3", "noise")},
    ),
)


@pytest.mark.parametrize(
    ("before", "after", "expected"), [row[1:] for row in SILENT], ids=[r[0] for r in SILENT]
)
def test_silent_changes_are_found_and_classed(
    before: Mapping[str, object], after: Mapping[str, object], expected: dict[str, tuple[str, str]]
) -> None:
    """Each is reported at its field with its rule and level, and nothing else is; no date has moved."""
    old = study()
    for path, value in before.items():
        put(old, path, value)
    new = copy.deepcopy(old)
    for path, value in after.items():
        put(new, path, value)
    changes = monitor.compare(old, new)
    assert {change.field: (change.rule, change.significance) for change in changes} == expected


@needs_real_records
@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("silent-status-unknown-NCT05294952", {"status.overallStatus": "m1", "status.lastKnownStatus": "m1"}),
        ("silent-derived-reference-NCT05009069", {"references.references": "M19"}),
        (
            "silent-unposted-results-NCT04457778",
            {"annotation.unpostedEvents": "M12", "derived.submissionTracking": "M12"},
        ),
    ],
)
def test_silent_changes_of_real_records(sample: str, expected: Mapping[str, str]) -> None:
    """Three that were seen: all that differs is found, with the rule of its kind."""
    told = load(SHARED / "registry" / "samples" / f"{sample}.json")
    before, after = _record(told, "before"), _record(told, "after")
    changes = monitor.compare(before, after)
    assert {change.field: change.rule for change in changes} == expected


def _record(told: JsonObject, side: str) -> Json:
    return told[side]
