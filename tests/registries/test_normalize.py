"""Reading ClinicalTrials.gov v2 records: every leaf has its place, what is legal is read, nothing is lost."""

from __future__ import annotations

import copy
import csv
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.core.catalogue import CATALOGUE
from monitor.core.diff import apply, diff, invert
from monitor.core.partial_date import PartialDate
from monitor.core.record import Age, Dated, Json, JsonObject, Named, Text, TrialId, to_json
from monitor.core.spread import Spread
from monitor.errors import RecordFormatError
from monitor.registries.ctgov.fields import SECTIONS, catalogue_field
from monitor.registries.ctgov.normalize import normalize
from tests.support.payloads import at, nodes, other_value, registry_path, rich_study
from tests.support.real import SHARED, load, needs_real_records, study_files
from tests.support.records import ABSENT, site, study

TREE = SHARED / "registry" / "fields.csv"
RECONSTRUCTED = SHARED / "data" / "reconstructed"
SEED_FIELDS = (
    "status.overallStatus",
    "status.completionDate",
    "status.lastUpdatePostDate",
    "design.phases",
    "design.enrollmentCount",
    "eligibility.criteria",
    "eligibility.minAge",
    "eligibility.maxAge",
    "eligibility.sex",
    "outcomes.primary",
    "outcomes.secondary",
    "armsInterventions.arms",
    "armsInterventions.interventions",
    "sponsor.lead",
    "results.hasResults",
    "locations",
)
"""What the mirror that inspired the product calls the fields of its first sight of NCT07263919."""


def documented() -> Iterator[dict[str, str]]:
    """The registry's own list of the nodes of a record."""
    with TREE.open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def holding(path: str, value: Json, lists: frozenset[str]) -> JsonObject:
    """A minimal record with one value at a registry path."""
    steps = path.split(".")
    node = value
    for depth in range(len(steps), 0, -1):
        node = {steps[depth - 1]: [node] if ".".join(steps[:depth]) in lists else node}
    assert isinstance(node, dict)
    protocol = node.setdefault("protocolSection", {})
    assert isinstance(protocol, dict)
    identification = protocol.setdefault("identificationModule", {})
    assert isinstance(identification, dict)
    return {**node, "protocolSection": {**protocol, "identificationModule": {**identification, **_NUMBER}}}


_NUMBER: JsonObject = {"nctId": "NCT09000001"}
EXAMPLES: JsonObject = {"boolean": True, "integer": 7, "number": 7.5, "{GeoPoint}": {"lat": 7.5}}


@needs_real_records
def test_every_documented_leaf_feeds_a_catalogue_field() -> None:
    """A record with one leaf set differs from one without it in that leaf's field, and nowhere else."""
    rows = list(documented())
    lists = frozenset(row["path"] for row in rows if row["oas_type"].endswith("[]"))
    leaves = [row for row in rows if row["leaf"] == "1"]
    assert len(leaves) > 300
    for row in leaves:
        path, name = row["path"], catalogue_field(row["path"])
        if path.endswith(("versionHolder", ".nctId")) and name in (None, "identification.nctId"):
            continue
        assert name in CATALOGUE, path
        kind = row["oas_type"].removesuffix("[]")
        value = copy.deepcopy(EXAMPLES.get(kind, "2026-03-14"))
        bare, told = normalize(holding("hasResults", False, lists)), normalize(holding(path, value, lists))
        deltas = diff(bare, told)
        assert {delta.field for delta in deltas} == {name}, path
        assert apply(bare.fields, deltas) == told.fields


@needs_real_records
def test_escapes_vanish_in_exactly_the_markup_fields() -> None:
    """A backslash is an escape where the registry documents markup, and a backslash everywhere else."""
    rows = list(documented())
    lists = frozenset(row["path"] for row in rows if row["oas_type"].endswith("[]"))
    strings = [row for row in rows if row["leaf"] == "1" and row["oas_type"] in ("string", "string[]")]
    assert sum(row["markup"] == "1" for row in strings) == 50
    for row in strings:
        bare, escaped = (normalize(holding(row["path"], said, lists)) for said in ("a <b", "a \\<b"))
        assert (diff(bare, escaped) == ()) == (row["markup"] == "1"), row["path"]


def test_the_mapping_names_listed_fields_only_once() -> None:
    """Every field of the catalogue but the events of a trial's life is fed by the mapping."""
    fed = {name for path in _every_path() if (name := catalogue_field(path)) is not None}
    assert fed == {name for name, entry in CATALOGUE.items() if entry.kind != "event"}


def _every_path() -> Iterator[str]:
    for path, where in SECTIONS.items():
        for inner, _ in Spread({path[-1]: where}).bounds():
            yield ".".join((*path[:-1], *inner))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("protocolSection.statusModule.startDateStruct.note", "other."),
        ("protocolSection.contactsLocationsModule.locations.phase", "other."),
        ("protocolSection.conditionsModule.conditions.deeper", "other."),
        ("protocolSection.oddModule.x", "other."),
        ("oddity", "other."),
        ("protocolSection.statusModule.startDateStruct.date", "status.startDate"),
        (
            "protocolSection.statusModule.startDateStruct.note",
            "other.protocolSection.statusModule.startDateStruct.note",
        ),
        ("protocolSection.contactsLocationsModule.locations.geoPoint.lat", "locations"),
        (
            "protocolSection.contactsLocationsModule.locations.phase",
            "other.protocolSection.contactsLocationsModule.locations.phase",
        ),
        ("hasResults", "results.hasResults"),
        ("derivedSection.miscInfoModule.versionHolder", None),
        ("derivedSection.conditionBrowseModule.browseLeaves.name", "derived.browseLeaves"),
        (
            "protocolSection.conditionsModule.conditions.deeper",
            "other.protocolSection.conditionsModule.conditions.deeper",
        ),
    ],
)
def test_a_path_finds_its_field(path: str, name: str | None) -> None:
    """Known paths name their field; others are `other.` and the path itself."""
    assert catalogue_field(path) == (f"other.{path}" if name == "other." else name)


def test_an_edit_at_any_leaf_shows_at_its_field() -> None:
    """Whatever leaf changes, at least one delta says so at the field it feeds, and the laws hold."""
    payload = rich_study()
    before = normalize(payload)
    for path, node in list(nodes(payload)):
        name = catalogue_field(registry_path(path))
        if isinstance(node, dict | list) or name in (None, "identification.nctId"):
            continue
        edited = copy.deepcopy(payload)
        parent = at(edited, path[:-1])
        parent[path[-1]] = other_value(node)  # type: ignore[index]
        after = normalize(edited)
        deltas = diff(before, after)
        assert deltas, path
        told = {delta.field for delta in deltas}
        assert any(name == field or str(name).startswith(f"{field}.") for field in told), path
        assert all(field == name or field.startswith("other.") for field in told), path
        assert len(deltas) <= 4, path
        assert apply(before.fields, deltas) == after.fields
        assert apply(after.fields, invert(deltas)) == before.fields


@needs_real_records
def test_real_records_hold_nothing_unknown_but_a_legacy_member() -> None:
    """The mapping reads all of 1,026 real records; `modelPredictions` of older API versions stays visible."""
    unknown = {
        name for path in study_files() for name in normalize(load(path)).fields if name not in CATALOGUE
    }
    assert unknown == {"other.derivedSection.miscInfoModule.modelPredictions"}


@needs_real_records
@pytest.mark.parametrize("number", ["NCT06494995", "NCT06601335", "NCT06789848", "NCT07263919"])
def test_reconstructed_records_have_a_baseline(number: str) -> None:
    """Records that lack most members are read like any other."""
    record = normalize(load(RECONSTRUCTED / f"{number}.json"))
    baseline = diff(None, record)
    assert record.trial == TrialId("ctgov", number)
    assert len(baseline) > 30
    assert not [delta.field for delta in baseline if delta.field not in CATALOGUE]


@needs_real_records
def test_the_seed_s_field_names() -> None:
    """The first sight of the seed trial has the seed page's field names and its site's key."""
    baseline = diff(None, normalize(load(RECONSTRUCTED / "NCT07263919.json")))
    assert set(SEED_FIELDS) <= {delta.field for delta in baseline}
    sites = [delta.path for delta in baseline if delta.field == "locations"]
    assert sites == [
        "locations.the second affiliated hospital of air force medical university|xi'an||china",
    ]


def test_values_of_every_kind() -> None:
    """Each kind of member becomes the value that is compared as the contract says."""
    record = normalize(study())
    assert record.trial == TrialId("ctgov", "NCT09000001")
    assert record.get("status.startDate") == Dated(PartialDate(2025, 11, 3), "ACTUAL")
    assert record.get("status.firstSubmitDate") == Dated(PartialDate(2025, 9, 1))
    assert record.get("eligibility.minAge") == Age("18 Years", 18 * 365.25)
    assert record.get("design.phases") == frozenset({"PHASE2"})
    assert record.get("design.enrollmentCount") == 120
    assert record.get("sponsor.lead") == Text.plain("Alpha Bio")
    assert record.get("results.hasResults") is False
    assert record.get("eligibility.healthyVolunteers") is None, "false is no more than absent"
    assert to_json(record.get("sponsor.responsibleParty")) == {"type": "SPONSOR"}
    criteria = record.items("eligibility.criteria")
    assert criteria["inclusion|age >= 18 years"]["section"] == "inclusion"
    place = record.items("locations")["lakeside clinic|lakeside|ohio|united states"]
    assert place["country"] == Named("United States", "united states")
    assert set(record.items("outcomes.secondary")) == {"overall survival", "objective response rate"}


@pytest.mark.parametrize(
    ("member", "value", "shown"),
    [
        (
            "statusModule__startDateStruct",
            {"date": "Spring 2026", "type": "ESTIMATED"},
            "Spring 2026 ESTIMATED",
        ),
        ("statusModule__startDateStruct", {"type": "ESTIMATED"}, "ESTIMATED"),
        ("statusModule__startDateStruct", {"date": "2026-02-31"}, "2026-02-31"),
        ("statusModule__startDateStruct", {}, None),
        ("eligibilityModule__minimumAge", "N/A", "N/A"),
        ("eligibilityModule__minimumAge", "", None),
        ("designModule__phases", [], None),
        ("designModule__phases", ["PHASE9"], ["PHASE9"]),
        ("outcomesModule__primaryOutcomes", [], None),
        ("outcomesModule__primaryOutcomes", [{}], None),
    ],
)
def test_odd_but_legal_values_are_read(member: str, value: Json, shown: Json) -> None:
    """What cannot be read as a date or an age stays as text, unknown words stay words, empty is absent."""
    record = normalize(study(**{f"protocolSection__{member}": value}))
    assert to_json(record.get(str(catalogue_field(f"protocolSection.{member}".replace("__", "."))))) == shown


def test_a_withheld_record_is_read() -> None:
    """A legal record may lack the sponsor's names, the study type, conditions and whole modules."""
    withheld = study(
        protocolSection__statusModule={"overallStatus": "WITHHELD", "delayedPosting": True},
        protocolSection__designModule=ABSENT,
        protocolSection__conditionsModule=ABSENT,
        protocolSection__eligibilityModule=ABSENT,
        protocolSection__sponsorCollaboratorsModule={"leadSponsor": {"name": "[Redacted]"}},
        protocolSection__armsInterventionsModule=ABSENT,
        protocolSection__outcomesModule=ABSENT,
        protocolSection__contactsLocationsModule=ABSENT,
        derivedSection=ABSENT,
    )
    record = normalize(withheld)
    assert record.word("status.overallStatus") == "WITHHELD"
    assert record.get("status.delayedPosting") is True
    holds = diff(record, normalize(study()))
    assert apply(record.fields, holds) == normalize(study()).fields


def test_an_expanded_access_record_is_read() -> None:
    """Expanded access has its own types, statuses and pointers."""
    record = normalize(
        study(
            protocolSection__designModule={
                "studyType": "EXPANDED_ACCESS",
                "nPtrsToThisExpAccNctId": 2,
                "expandedAccessTypes": {"individual": True, "treatment": False},
            },
            protocolSection__statusModule__expandedAccessInfo={
                "hasExpandedAccess": True,
                "nctId": "NCT09000002",
                "statusForNctId": "AVAILABLE",
            },
        )
    )
    assert record.get("design.expandedAccessTypes") == frozenset({"individual"})
    assert record.number("design.expandedAccessPointers") == 2
    assert to_json(record.get("status.expandedAccess")) == {
        "hasExpandedAccess": True,
        "nctId": "NCT09000002",
        "statusForNctId": "AVAILABLE",
    }


def test_members_nobody_knows_are_kept() -> None:
    """Unknown members, modules and sections become `other.` fields; inside a list item, by its key."""
    odd_site: Json = {**site("City Hospital", "Riverton", "China"), "novel": {"wing": "B"}}
    record = normalize(
        study(
            protocolSection__newModule={"x": 1},
            protocolSection__statusModule__mood="fine",
            protocolSection__statusModule__startDateStruct={"date": "2026", "doubt": 3},
            protocolSection__contactsLocationsModule__locations=[odd_site, copy.deepcopy(odd_site)],
            resultsSection__laterModule={"y": [2, 1]},
            newSection={"deep": {"deeper": True, "denied": False, "nothing": None}},
        )
    )
    told = {name: to_json(value) for name, value in record.fields.items() if name.startswith("other.")}
    key = "city hospital|riverton||china"
    assert told == {
        "other.protocolSection.newModule": {"x": 1},
        "other.protocolSection.statusModule.mood": "fine",
        "other.protocolSection.statusModule.startDateStruct.doubt": 3,
        "other.protocolSection.contactsLocationsModule.locations.novel": {
            key: {"wing": "B"},
            f"{key}#2": {"wing": "B"},
        },
        "other.resultsSection.laterModule": {"y": [1, 2]},
        "other.newSection": {"deep": {"deeper": True}},
    }


IDENTIFICATION = "/protocolSection/identificationModule"
BAD: list[tuple[Json, str]] = [
    (None, ""),
    ([], ""),
    ("NCT09000001", ""),
    ({}, "/protocolSection"),
    ({"protocolSection": []}, "/protocolSection"),
    ({"protocolSection": {}}, "/protocolSection/identificationModule"),
    ({"protocolSection": {"identificationModule": {}}}, "/protocolSection/identificationModule/nctId"),
    (
        {"protocolSection": {"identificationModule": {"nctId": 7}}},
        "/protocolSection/identificationModule/nctId",
    ),
    (
        {"protocolSection": {"identificationModule": {"nctId": "EU-1"}}},
        "/protocolSection/identificationModule/nctId",
    ),
    (
        {"protocolSection": {"identificationModule": {"nctId": "NCT09000001\n"}}},
        "/protocolSection/identificationModule/nctId",
    ),
    (study(protocolSection__statusModule="gone"), "/protocolSection/statusModule"),
    (study(resultsSection=[]), "/resultsSection"),
    (study(derivedSection=3), "/derivedSection"),
]


@pytest.mark.parametrize(("payload", "pointer"), BAD)
def test_what_is_no_record_is_refused_with_a_pointer(payload: Json, pointer: str) -> None:
    """An answer that is no record is a RecordFormatError that points at what is wrong."""
    with pytest.raises(RecordFormatError, match="not a trial record") as caught:
        normalize(payload)
    assert caught.value.pointer == pointer
    assert caught.value.registry == "ctgov"


WRONG: list[tuple[str, Json, str]] = [
    ("protocolSection__statusModule__overallStatus", 3, ""),
    ("protocolSection__statusModule__whyStopped", ["no"], ""),
    ("protocolSection__statusModule__startDateStruct", "2026", ""),
    ("protocolSection__statusModule__startDateStruct__date", 2026, ""),
    ("protocolSection__statusModule__delayedPosting", "yes", ""),
    ("protocolSection__designModule__enrollmentInfo__count", "120", ""),
    ("protocolSection__designModule__enrollmentInfo", 120, ""),
    ("protocolSection__designModule__phases", "PHASE2", ""),
    ("protocolSection__designModule__phases", ["PHASE1", None], "/1"),
    ("protocolSection__designModule__expandedAccessTypes", {"individual": "x"}, "/individual"),
    ("protocolSection__eligibilityModule__eligibilityCriteria", {"in": 1}, ""),
    ("protocolSection__contactsLocationsModule__locations", [site("A", "B", "C"), "D"], "/1"),
    ("protocolSection__contactsLocationsModule__locations", [{"geoPoint": {"lat": "x"}}], "/0/geoPoint/lat"),
    ("protocolSection__contactsLocationsModule__locations", {"a~/b": 1}, ""),
    (
        "resultsSection__adverseEventsModule__seriousEvents",
        [{"stats": [{"numAffected": 1.5}]}],
        "/0/stats/0/numAffected",
    ),
    ("hasResults", "maybe", ""),
    ("derivedSection__miscInfoModule__removedCountries", "France", ""),
]


@pytest.mark.parametrize(("member", "value", "inside"), WRONG)
def test_a_member_of_the_wrong_type_is_pointed_at(member: str, value: Json, inside: str) -> None:
    """Reading a wrongly typed member raises RecordFormatError with its JSON pointer, compared or read."""
    record = normalize(study(**{member: value}))
    for read in (lambda: record.fields, lambda: diff(normalize(study()), record)):
        with pytest.raises(RecordFormatError) as caught:
            read()
        assert caught.value.pointer == f"/{member.replace('__', '/')}{inside}"


@pytest.mark.parametrize("again", [[1.0, 3], [3, 1.0], [3.0, 1]])
def test_numbers_that_are_equal_stand_in_one_order(again: Json) -> None:
    """In a list that nobody knows, 1 and 1.0 are one number, wherever they stand."""
    before = normalize(study(derivedSection__miscInfoModule__guess=[3, 1]))
    after = normalize(study(derivedSection__miscInfoModule__guess=again))
    assert diff(before, after) == ()
    assert before.fields == after.fields


@pytest.mark.parametrize(
    ("was", "now"), [(1, True), ([3, 1], [3, True]), ({"a": [{"b": 1.0}]}, {"a": [{"b": True}]})]
)
@pytest.mark.parametrize("beside", [{}, {"more": 5}])
def test_true_is_no_number(was: Json, now: Json, beside: JsonObject) -> None:
    """Python takes true for 1: as JSON they differ, alone in their module and beside another difference."""
    before = normalize(study(derivedSection__miscInfoModule={"guess": was}))
    after = normalize(study(derivedSection__miscInfoModule={"guess": now, **beside}))
    deltas = diff(before, after)
    assert [delta.field for delta in deltas if delta.field.endswith("guess")]
    assert apply(before.fields, deltas) == after.fields != before.fields
    assert apply(after.fields, invert(deltas)) == before.fields


@pytest.mark.parametrize(
    ("member", "path"),
    [
        ("protocolSection__designModule__enrollmentInfo__count", "designModule/enrollmentInfo/count"),
        (
            "protocolSection__contactsLocationsModule__locations",
            "contactsLocationsModule/locations/0/geoPoint/lat",
        ),
    ],
)
def test_a_flag_where_an_equal_number_stood_is_refused(member: str, path: str) -> None:
    """What is pruned because it is the same has to be the same JSON: true for 1 is read, and refused."""

    def with_value(value: Json) -> JsonObject:
        at_site = member.endswith("locations")
        return study(**{member: [{**site("A", "B", "C"), "geoPoint": {"lat": value}}] if at_site else value})

    with pytest.raises(RecordFormatError) as caught:
        diff(normalize(with_value(1)), normalize(with_value(True)))
    assert caught.value.pointer == f"/protocolSection/{path}"


@settings(max_examples=150)
@given(st.integers(0, 5000), st.sampled_from([None, 0, 1.5, "", "x", [], ["x"], {}, {"x": 1}, True, False]))
@example(2425, True)
def test_any_json_in_any_place_is_read_or_refused(place: int, value: Json) -> None:
    """No JSON value anywhere makes reading or comparing raise anything but RecordFormatError."""
    payload = rich_study()
    paths = [path for path, _ in nodes(payload) if path]
    path = paths[place % len(paths)]
    parent = at(payload, path[:-1])
    parent[path[-1]] = value  # type: ignore[index]
    old = normalize(rich_study())
    try:
        record = normalize(payload)
        deltas, fields = diff(old, record), record.fields
    except RecordFormatError as error:
        pointer = error.pointer
    else:
        assert apply(old.fields, deltas) == fields
        return
    assert pointer in _pointers(path)


def _pointers(path: tuple[str | int, ...]) -> set[str]:
    """Pointers along a path and just below its end: where a complaint about its end may point."""
    along = {"".join(f"/{step}" for step in path[:depth]) for depth in range(1, len(path) + 1)}
    end = "".join(f"/{step}" for step in path)
    return along | {f"{end}/0", f"{end}/x", f"{end}/nctId", f"{end}/identificationModule"}


def test_reading_never_changes_the_payload() -> None:
    """Normalizing and reading every field leaves the payload as it was."""
    payload = rich_study()
    kept = copy.deepcopy(payload)
    fields = normalize(payload).fields
    assert payload == kept
    assert all(name in CATALOGUE or name.startswith("other.") for name in fields)


def test_a_field_is_read_from_its_own_section() -> None:
    """Asking for one field does not read a section that would not be readable."""
    record = normalize(study(protocolSection__eligibilityModule__sex=7))
    assert record.word("status.overallStatus") == "RECRUITING"
    with pytest.raises(RecordFormatError):
        record.word("eligibility.sex")
