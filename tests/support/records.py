"""Invented trial payloads in the registry's shape: no real trial, sponsor or person is meant."""

from __future__ import annotations

import copy

from monitor.core.record import Json, JsonObject

ABSENT = object()
"""Given as a value to `study`, removes the member."""


def study(nct_id: str = "NCT09000001", /, **members: object) -> JsonObject:
    """A complete, invented interventional trial; `members` replace parts by path, `__` for a dot.

    `study(protocolSection__statusModule__overallStatus="TERMINATED")`; lists are replaced whole;
    the value `ABSENT` removes the member.
    """
    payload = copy.deepcopy(_BASE)
    put(payload, "protocolSection.identificationModule.nctId", nct_id)
    for path, value in members.items():
        put(payload, path.replace("__", "."), value)
    return payload


def put(payload: JsonObject, path: str, value: object) -> None:
    """Set (or with `ABSENT` remove) the member at a dotted path, making parents on the way."""
    *parents, last = path.split(".")
    node: JsonObject = payload
    for name in parents:
        child = node.setdefault(name, {})
        assert isinstance(child, dict), f"{path}: {name} is no object"
        node = child
    if value is ABSENT:
        node.pop(last, None)
    else:
        node[last] = copy.deepcopy(value)  # type: ignore[assignment]


def site(facility: str, city: str, country: str, **members: Json) -> JsonObject:
    """A location."""
    return {"facility": facility, "city": city, "country": country, **members}


_BASE: JsonObject = {
    "protocolSection": {
        "identificationModule": {
            "nctId": "NCT09000001",
            "orgStudyIdInfo": {"id": "TW-101"},
            "secondaryIdInfos": [{"id": "2025-500001-11-00", "type": "CTIS"}],
            "organization": {"fullName": "Alpha Bio", "class": "INDUSTRY"},
            "briefTitle": "Veltomab Plus Chemotherapy in Gastric Cancer",
            "officialTitle": "A Randomized Phase 2 Trial of Veltomab Plus Chemotherapy in Gastric Cancer",
            "acronym": "VELTO-1",
        },
        "statusModule": {
            "statusVerifiedDate": "2026-08",
            "overallStatus": "RECRUITING",
            "expandedAccessInfo": {"hasExpandedAccess": False},
            "startDateStruct": {"date": "2025-11-03", "type": "ACTUAL"},
            "primaryCompletionDateStruct": {"date": "2027-03", "type": "ESTIMATED"},
            "completionDateStruct": {"date": "2028-12", "type": "ESTIMATED"},
            "studyFirstSubmitDate": "2025-09-01",
            "studyFirstSubmitQcDate": "2025-09-08",
            "studyFirstPostDateStruct": {"date": "2025-09-10", "type": "ACTUAL"},
            "lastUpdateSubmitDate": "2026-08-17",
            "lastUpdatePostDateStruct": {"date": "2026-08-19", "type": "ACTUAL"},
        },
        "sponsorCollaboratorsModule": {
            "responsibleParty": {"type": "SPONSOR"},
            "leadSponsor": {"name": "Alpha Bio", "class": "INDUSTRY"},
            "collaborators": [{"name": "Northern Cancer Group", "class": "NETWORK"}],
        },
        "oversightModule": {
            "oversightHasDmc": True,
            "isFdaRegulatedDrug": True,
            "isFdaRegulatedDevice": False,
        },
        "descriptionModule": {
            "briefSummary": "This trial tests whether veltomab helps people with gastric cancer.",
            "detailedDescription": "Veltomab 10 mg/kg every 3 weeks.\n\nFollow-up is 24 months.",
        },
        "conditionsModule": {"conditions": ["Gastric Cancer"], "keywords": ["veltomab", "stomach"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE2"],
            "designInfo": {
                "allocation": "RANDOMIZED",
                "interventionModel": "PARALLEL",
                "primaryPurpose": "TREATMENT",
                "maskingInfo": {"masking": "NONE"},
            },
            "enrollmentInfo": {"count": 120, "type": "ESTIMATED"},
        },
        "armsInterventionsModule": {
            "armGroups": [
                {
                    "label": "Veltomab",
                    "type": "EXPERIMENTAL",
                    "description": "Veltomab plus chemotherapy",
                    "interventionNames": ["Drug: Veltomab", "Drug: Oxaliplatin"],
                },
                {
                    "label": "Chemotherapy",
                    "type": "ACTIVE_COMPARATOR",
                    "interventionNames": ["Drug: Oxaliplatin"],
                },
            ],
            "interventions": [
                {
                    "type": "DRUG",
                    "name": "Veltomab",
                    "description": "10 mg/kg every 3 weeks",
                    "armGroupLabels": ["Veltomab"],
                    "otherNames": ["AB-12"],
                },
                {"type": "DRUG", "name": "Oxaliplatin", "armGroupLabels": ["Chemotherapy", "Veltomab"]},
            ],
        },
        "outcomesModule": {
            "primaryOutcomes": [
                {
                    "measure": "Progression-free survival",
                    "timeFrame": "24 months",
                    "description": "Time from randomization to progression or death.",
                }
            ],
            "secondaryOutcomes": [
                {"measure": "Overall survival", "timeFrame": "36 months"},
                {"measure": "Objective response rate", "timeFrame": "24 weeks"},
            ],
        },
        "eligibilityModule": {
            "eligibilityCriteria": (
                "Inclusion Criteria:\n\n* Age \\>= 18 years\n* ECOG performance status 0-1\n"
                "* Adequate organ function\n\nExclusion Criteria:\n\n* Prior systemic therapy\n"
                "* Active infection"
            ),
            "healthyVolunteers": False,
            "sex": "ALL",
            "minimumAge": "18 Years",
            "maximumAge": "75 Years",
            "stdAges": ["ADULT", "OLDER_ADULT"],
        },
        "contactsLocationsModule": {
            "centralContacts": [
                {"name": "Trial Desk", "role": "CONTACT", "phone": "000", "email": "desk@example.org"}
            ],
            "overallOfficials": [
                {"name": "A. Example", "affiliation": "Alpha Bio", "role": "STUDY_DIRECTOR"}
            ],
            "locations": [
                {
                    "facility": "City Hospital One",
                    "status": "RECRUITING",
                    "city": "Riverton",
                    "zip": "10001",
                    "country": "China",
                    "geoPoint": {"lat": 30.1, "lon": 120.2},
                },
                {
                    "facility": "Lakeside Clinic",
                    "status": "NOT_YET_RECRUITING",
                    "city": "Lakeside",
                    "state": "Ohio",
                    "zip": "44001",
                    "country": "United States",
                },
            ],
        },
        "ipdSharingStatementModule": {"ipdSharing": "NO"},
    },
    "derivedSection": {
        "miscInfoModule": {"versionHolder": "2026-08-19"},
        "conditionBrowseModule": {"meshes": [{"id": "D013274", "term": "Stomach Neoplasms"}]},
    },
    "hasResults": False,
}
