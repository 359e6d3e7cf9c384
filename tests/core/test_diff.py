"""The diff by example: what each kind of amendment looks like, and what is no change at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.core.change import Delta
from monitor.core.diff import apply, diff, invert
from monitor.core.partial_date import PartialDate
from monitor.core.record import Dated, Fields, Json, JsonObject, Section, Text, TrialId, TrialRecord, to_json
from monitor.registries.ctgov.normalize import normalize
from tests.support.payloads import rich_study
from tests.support.records import ABSENT, put, site, study

Told = tuple[str, str | None, str | None, str, Json, Json]
"""Field, key, part, op, old, new."""


def told(before: JsonObject | None, after: JsonObject | None) -> list[Told]:
    """The deltas between two payloads, as people see them."""
    old, new = (None if payload is None else normalize(payload) for payload in (before, after))
    return [as_told(delta) for delta in diff(old, new)]


def as_told(delta: Delta) -> Told:
    """A delta without what only programs need."""
    return delta.field, delta.key, delta.part, delta.op, to_json(delta.old), to_json(delta.new)


PROTOCOL = "protocolSection__"
ONE_CHANGE: list[tuple[str, object, list[Told]]] = [
    (
        f"{PROTOCOL}statusModule__overallStatus",
        "SUSPENDED",
        [("status.overallStatus", None, None, "changed", "RECRUITING", "SUSPENDED")],
    ),
    (
        f"{PROTOCOL}statusModule__whyStopped",
        "Sponsor decision",
        [("status.whyStopped", None, None, "added", None, "Sponsor decision")],
    ),
    (
        f"{PROTOCOL}statusModule__primaryCompletionDateStruct",
        {"date": "2027-03", "type": "ACTUAL"},
        [
            (
                "status.primaryCompletionDate",
                None,
                None,
                "changed",
                {"date": "2027-03", "type": "ESTIMATED"},
                {"date": "2027-03", "type": "ACTUAL"},
            )
        ],
    ),
    (
        f"{PROTOCOL}statusModule__startDateStruct__date",
        "2025-11",
        [
            (
                "status.startDate",
                None,
                None,
                "changed",
                {"date": "2025-11-03", "type": "ACTUAL"},
                {"date": "2025-11", "type": "ACTUAL"},
            )
        ],
    ),
    (
        f"{PROTOCOL}designModule__enrollmentInfo",
        {"count": 38, "type": "ACTUAL"},
        [
            ("design.enrollmentCount", None, None, "changed", 120, 38),
            ("design.enrollmentType", None, None, "changed", "ESTIMATED", "ACTUAL"),
        ],
    ),
    (
        f"{PROTOCOL}designModule__phases",
        ["PHASE3", "PHASE2"],
        [("design.phases", None, None, "changed", ["PHASE2"], ["PHASE2", "PHASE3"])],
    ),
    (
        f"{PROTOCOL}oversightModule__oversightHasDmc",
        ABSENT,
        [("oversight.hasDmc", None, None, "changed", True, False)],
    ),
    (
        f"{PROTOCOL}oversightModule__isUsExport",
        True,
        [("oversight.isUsExport", None, None, "changed", False, True)],
    ),
    ("hasResults", True, [("results.hasResults", None, None, "changed", False, True)]),
    (
        f"{PROTOCOL}sponsorCollaboratorsModule__responsibleParty__investigatorTitle",
        "Head",
        [("sponsor.responsibleParty", None, "investigatorTitle", "added", None, "Head")],
    ),
    (
        f"{PROTOCOL}sponsorCollaboratorsModule__collaborators",
        ABSENT,
        [
            (
                "sponsor.collaborators",
                "northern cancer group",
                None,
                "removed",
                {"name": "Northern Cancer Group", "class": "NETWORK"},
                None,
            )
        ],
    ),
    (
        f"{PROTOCOL}eligibilityModule__minimumAge",
        "16 Years",
        [("eligibility.minAge", None, None, "changed", "18 Years", "16 Years")],
    ),
    (
        f"{PROTOCOL}conditionsModule__conditions",
        ["Gastric Cancer", "Asthma"],
        [("conditions.conditions", "asthma", None, "added", None, {"name": "Asthma"})],
    ),
    (
        f"{PROTOCOL}startedModule",
        {"deep": {"er": 1}},
        [("other.protocolSection.startedModule", None, None, "added", None, {"deep": {"er": 1}})],
    ),
    (
        "derivedSection__conditionBrowseModule__meshes",
        [{"id": "D013274", "term": "Stomach Tumors"}],
        [("derived.conditionMesh", "d013274", "term", "changed", "Stomach Neoplasms", "Stomach Tumors")],
    ),
]


@pytest.mark.parametrize(("member", "value", "expected"), ONE_CHANGE)
def test_one_edit_is_told_once(member: str, value: object, expected: list[Told]) -> None:
    """An amendment shows as the delta of its field, item and part, and as nothing else."""
    assert told(study(), study(**{member: value})) == expected


DESCRIPTION = "protocolSection__descriptionModule__detailedDescription"
NO_CHANGE: list[tuple[str, object]] = [
    ("derivedSection__miscInfoModule__versionHolder", "2026-11-20"),
    (f"{PROTOCOL}eligibilityModule__minimumAge", "216 Months"),
    (f"{PROTOCOL}eligibilityModule__healthyVolunteers", ABSENT),
    (f"{PROTOCOL}oversightModule__isFdaRegulatedDevice", ABSENT),
    (f"{PROTOCOL}oversightModule__isPpsd", False),
    ("hasResults", ABSENT),
    (f"{PROTOCOL}conditionsModule__keywords", ["stomach", " veltomab"]),
    (f"{PROTOCOL}eligibilityModule__stdAges", ["OLDER_ADULT", "ADULT"]),
    (
        f"{PROTOCOL}descriptionModule__detailedDescription",
        "Veltomab 10 mg/kg every 3 weeks. Follow\\-up is 24  months.",
    ),
    (
        f"{PROTOCOL}descriptionModule__detailedDescription",
        "<p>Veltomab 10 mg&#x2F;kg every 3 weeks.</p>Follow-up is 24 months.",
    ),
    (f"{PROTOCOL}referencesModule", {}),
    (f"{PROTOCOL}outcomesModule__otherOutcomes", []),
    (f"{PROTOCOL}designModule__bioSpec", {"retention": None}),
    (f"{PROTOCOL}laterModule", {"denied": False, "none": None, "empty": {"list": []}}),
]


@pytest.mark.parametrize(("member", "value"), NO_CHANGE)
def test_what_is_not_a_change_at_all(member: str, value: object) -> None:
    """Differences that vanish in the comparison form are no change (rules, "Not a change at all")."""
    assert told(study(), study(**{member: value})) == []


CRITERIA = "protocolSection__eligibilityModule__eligibilityCriteria"


def test_criteria_marks_are_form_and_words_are_not() -> None:
    """Another list style is no change; one edited criterion is one delta under its new key."""
    numbered = (
        "INCLUSION CRITERIA:\n\n1. Age >= 18 years\n2. ECOG performance status 0-1\n"
        "3. Adequate organ function\n\nExclusion Criteria\n\n- Prior systemic therapy\n- Active infection"
    )
    assert told(study(), study(**{CRITERIA: numbered})) == []
    loosened = numbered.replace("0-1", "0-2")
    (delta,) = diff(normalize(study()), normalize(study(**{CRITERIA: loosened})))
    assert as_told(delta) == (
        "eligibility.criteria",
        "inclusion|ecog performance status 0-2",
        "text",
        "changed",
        "ECOG performance status 0-1",
        "ECOG performance status 0-2",
    )
    assert delta.from_key == "inclusion|ecog performance status 0-1"


def test_a_criterion_added_and_one_removed() -> None:
    """Criteria that have nothing in common are not taken for one another."""
    text = study()["protocolSection"]["eligibilityModule"]["eligibilityCriteria"]  # type: ignore[index, call-overload]
    assert isinstance(text, str)
    other = text.replace("Active infection", "Pregnant or breastfeeding women")
    assert [(key, op) for _, key, _, op, _, _ in told(study(), study(**{CRITERIA: other}))] == [
        ("exclusion|active infection", "removed"),
        ("exclusion|pregnant or breastfeeding women", "added"),
    ]


def outcomes(**lists: list[Json]) -> JsonObject:
    """A study with these outcomes only."""
    return study(protocolSection__outcomesModule={f"{name}Outcomes": items for name, items in lists.items()})


SURVIVAL: JsonObject = {"measure": "Overall survival", "timeFrame": "36 months"}
RESPONSE: JsonObject = {"measure": "Objective response rate", "timeFrame": "24 weeks"}


def test_an_outcome_moves_between_lists_and_changes_on_the_way() -> None:
    """A move is told on the new list with the old one named; what changed inside is told beside it."""
    later: JsonObject = {"measure": "Overall survival (OS)", "timeFrame": "60 months"}
    before, after = outcomes(primary=[RESPONSE], secondary=[SURVIVAL]), outcomes(primary=[RESPONSE, later])
    deltas = diff(normalize(before), normalize(after))
    assert [as_told(delta) for delta in deltas] == [
        ("outcomes.primary", "overall survival (os)", None, "moved", SURVIVAL, later),
        (
            "outcomes.primary",
            "overall survival (os)",
            "measure",
            "changed",
            "Overall survival",
            "Overall survival (OS)",
        ),
        ("outcomes.primary", "overall survival (os)", "timeFrame", "changed", "36 months", "60 months"),
    ]
    assert {delta.from_key for delta in deltas} == {"overall survival"}
    assert deltas[0].from_field == "outcomes.secondary"
    back = invert(deltas)
    assert {delta.field for delta in back} == {"outcomes.secondary"}
    assert back[0].from_field == "outcomes.primary"


def test_an_outcome_is_replaced() -> None:
    """An outcome that has nothing in common with the one before is added, and that one removed."""
    pfs: JsonObject = {"measure": "Progression-free survival", "timeFrame": "24 weeks"}
    assert [
        (key, op) for _, key, _, op, _, _ in told(outcomes(primary=[pfs]), outcomes(primary=[RESPONSE]))
    ] == [
        ("objective response rate", "added"),
        ("progression-free survival", "removed"),
    ]


def test_one_of_several_outcomes_of_one_name_is_edited() -> None:
    """Among items that share a key, the equal ones pair first, so that one edit stays one delta."""
    frames = ("12 months", "24 months", "36 months", "48 months")
    before: list[Json] = [{"measure": "Safety", "timeFrame": frame} for frame in frames]
    after: list[Json] = [*before[2:], before[0], {"measure": "Safety", "timeFrame": "25 months"}]
    (change,) = told(outcomes(secondary=before), outcomes(secondary=after))
    assert change[2:] == ("timeFrame", "changed", "24 months", "25 months")


def test_an_outcome_in_two_lists_leaves_one() -> None:
    """The copy that stays pairs with itself; the other was removed, not moved."""
    before, after = outcomes(primary=[SURVIVAL], secondary=[SURVIVAL]), outcomes(secondary=[SURVIVAL])
    assert [(change[0], change[3]) for change in told(before, after)] == [("outcomes.primary", "removed")]


def locations(*sites: Json) -> JsonObject:
    """A study with these sites only."""
    return study(protocolSection__contactsLocationsModule={"locations": list(sites)})


def test_site_statuses_vanish_one_by_one() -> None:
    """A status that is no longer shown is a part of its site that went, not a site that went."""
    before = locations(*(site(f"Clinic {n}", "Riverton", "China", status="RECRUITING") for n in "abc"))
    after = locations(*(site(f"Clinic {n}", "Riverton", "China") for n in "abc"))
    assert [change[1:4] for change in told(before, after)] == [
        (f"clinic {n}|riverton||china", "status", "removed") for n in "abc"
    ]


def test_a_stand_in_gets_its_name() -> None:
    """A placeholder and a named site at one zip and city are one site under a new key."""
    before = locations(
        site("Local Institution - 0012", "Riverton", "China", zip="10001", status="RECRUITING")
    )
    after = locations(site("City Hospital One", "Riverton", "China", zip="10001", status="RECRUITING"))
    (delta,) = diff(normalize(before), normalize(after))
    assert (delta.key, delta.from_key, delta.at) == (
        "city hospital one|riverton||china",
        "local institution - 0012|riverton||china",
        ("facility",),
    )


def test_the_parts_of_an_item_are_told_one_by_one() -> None:
    """Each attribute that differs is a delta of its own, nested ones by their path."""
    contact: Json = {"name": "Trial Desk", "role": "CONTACT", "phone": "1"}
    called: Json = {"name": "Trial Desk", "role": "CONTACT", "phone": "2"}
    place: JsonObject = {"lat": 1.0, "lon": 2.0}
    before = locations(site("Clinic", "Riverton", "China", zip="1", contacts=[contact], geoPoint=place))
    after = locations(
        site("Clinic", "Riverton", "China", zip="2", contacts=[called], geoPoint={**place, "lon": 3.0})
    )
    assert [change[2:] for change in told(before, after)] == [
        ("contacts.trial desk|contact.phone", "changed", "1", "2"),
        ("geoPoint.lon", "changed", 2.0, 3.0),
        ("zip", "changed", "1", "2"),
    ]


def test_the_results_tree_is_told_leaf_by_leaf() -> None:
    """A corrected number in the results is one delta with the way to it."""
    before, after = rich_study(), rich_study()
    put(before, "resultsSection.outcomeMeasuresModule.outcomeMeasures", [_measured("4.5")])
    put(after, "resultsSection.outcomeMeasuresModule.outcomeMeasures", [_measured("4.6")])
    assert told(before, after) == [
        (
            "results.outcomeMeasures",
            "primary|survival",
            "classes.#1.categories.#1.measurements.og000.value",
            "changed",
            "4.5",
            "4.6",
        )
    ]


def _measured(value: str) -> JsonObject:
    measurements: list[Json] = [{"groupId": "OG000", "value": value}, {"groupId": "OG001", "value": "1"}]
    classes: list[Json] = [{"categories": [{"measurements": measurements}]}]
    return {"type": "PRIMARY", "title": "Survival", "classes": classes}


def test_unknown_members_are_compared_inside() -> None:
    """In what no catalogue knows, each member that differs is told by its path; lists count whole."""
    before = study(later={"__private": 1, "a": {"b": 1, "c": "same"}, "list": [1, 2], "gone": "x"})
    after = study(later={"__private": 2, "a": {"b": "one", "c": "same"}, "list": [3, 1], "new": {"d": 4}})
    assert [change[2:] for change in told(before, after)] == [
        ("__private", "changed", 1, 2),
        ("a.b", "changed", 1, "one"),
        ("gone", "removed", "x", None),
        ("list", "changed", [1, 2], [1, 3]),
        ("new", "added", None, {"d": 4}),
    ]


def test_deltas_come_in_the_catalogue_s_order() -> None:
    """Fields in the contract's order, unknown ones last; items by key; parts by name."""
    after = study(
        aModule={"x": 1},
        hasResults=True,
        protocolSection__identificationModule__acronym="V",
        protocolSection__statusModule__overallStatus="COMPLETED",
        protocolSection__conditionsModule__conditions=["B", "A"],
    )
    assert [change[:2] for change in told(study(), after)] == [
        ("identification.acronym", None),
        ("status.overallStatus", None),
        ("conditions.conditions", "a"),
        ("conditions.conditions", "b"),
        ("conditions.conditions", "gastric cancer"),
        ("results.hasResults", None),
        ("other.aModule", None),
    ]


def record(read: Callable[[Json], Fields], raw: Json) -> TrialRecord:
    """A record of one section."""
    return TrialRecord(TrialId("other", "1"), {"all": Section(raw, read)}, lambda _: "all")


def test_records_of_any_registry_are_compared() -> None:
    """Sections need not read apart; equal raw forms under different readers are still compared."""

    def start(raw: Json) -> Fields:
        return {"status.startDate": Dated(PartialDate.parse(str(raw)))}

    def title(raw: Json) -> Fields:
        return {"identification.briefTitle": Text.plain(str(raw))}

    assert diff(record(start, "2026"), record(start, "2026")) == ()
    moved = diff(record(start, "2026"), record(start, "2027"))
    assert [as_told(delta)[3:] for delta in moved] == [("changed", {"date": "2026"}, {"date": "2027"})]
    other = diff(record(start, "2026"), record(title, "2026"))
    assert [delta.op for delta in other] == ["added", "removed"]
    assert apply(start("2026"), other) == title("2026")


def test_raw_equal_sections_are_never_read() -> None:
    """What is raw-equal is pruned before it is normalized."""

    def unreadable(raw: Json) -> Fields:
        raise AssertionError(f"read {raw!r}")

    assert diff(record(unreadable, {"a": [1]}), record(unreadable, {"a": [1]})) == ()
