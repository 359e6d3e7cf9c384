"""Invented trials of an invented drug, in the registry's shape: what the demonstration watches.

No real trial, drug, sponsor, hospital or person is meant. Numbers start at NCT091, where the registry has
given out none. Nothing here knows how the trials change; that is the scenario's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.record import Json, JsonObject

SPONSOR = "Hanlin Biopharma"
DRUG = "Lumeltamig"
CODE = "LM-104"

PERIOPERATIVE = "NCT09100001"
CERVICAL = "NCT09100002"
GASTRIC = "NCT09100003"
LUNG = "NCT09100004"
LIVER = "NCT09100005"
STOMACH_MAINTENANCE = "NCT09100006"


@dataclass(frozen=True, slots=True)
class Plan:
    """What sets one invented trial apart from the others."""

    nct: str
    title: str
    condition: str
    phases: tuple[str, ...]
    count: int
    start: str
    primary_completion: str
    completion: str
    primary: tuple[tuple[str, str], ...]
    secondary: tuple[tuple[str, str], ...]
    sites: tuple[JsonObject, ...]
    status: str = "RECRUITING"
    verified: str = "2026-08"
    updated: str = "2026-08-19"
    sponsor: str = SPONSOR
    sponsor_class: str = "INDUSTRY"
    control: str = "Chemotherapy alone"
    exclusion: tuple[str, ...] = ("Prior systemic therapy", "Active autoimmune disease")


def site(facility: str, city: str, country: str = "China", status: str | None = "RECRUITING") -> JsonObject:
    """A location; without a status as after recruitment has closed."""
    shown: JsonObject = {} if status is None else {"status": status}
    return {"facility": facility, **shown, "city": city, "country": country}


def trial(plan: Plan) -> JsonObject:
    """The whole payload of one invented trial."""
    return {
        "protocolSection": {
            "identificationModule": _identification(plan),
            "statusModule": _status(plan),
            "sponsorCollaboratorsModule": {
                "responsibleParty": {"type": "SPONSOR"},
                "leadSponsor": {"name": plan.sponsor, "class": plan.sponsor_class},
            },
            "oversightModule": {"oversightHasDmc": True, "isFdaRegulatedDrug": False},
            "descriptionModule": {
                "briefSummary": f"This invented trial asks whether {DRUG.lower()} ({CODE}), a bispecific "
                f"antibody, helps people with {plan.condition.lower()}."
            },
            "conditionsModule": {"conditions": [plan.condition], "keywords": [CODE, "bispecific antibody"]},
            "designModule": _design(plan),
            "armsInterventionsModule": _arms(plan),
            "outcomesModule": {
                "primaryOutcomes": _outcomes(plan.primary),
                "secondaryOutcomes": _outcomes(plan.secondary),
            },
            "eligibilityModule": _eligibility(plan),
            "contactsLocationsModule": {
                "centralContacts": [{"name": "Trial Desk", "role": "CONTACT", "email": "desk@example.org"}],
                "locations": list[Json](plan.sites),
            },
            "ipdSharingStatementModule": {"ipdSharing": "NO"},
        },
        "derivedSection": {"miscInfoModule": {"versionHolder": "2026-09-01"}},
        "hasResults": False,
    }


def _identification(plan: Plan) -> JsonObject:
    return {
        "nctId": plan.nct,
        "orgStudyIdInfo": {"id": f"{CODE}-{plan.nct[-3:]}"},
        "organization": {"fullName": plan.sponsor, "class": plan.sponsor_class},
        "briefTitle": plan.title,
        "officialTitle": f"A Randomized, Multicenter Trial: {plan.title}",
    }


def _status(plan: Plan) -> JsonObject:
    started = plan.start <= "2026-08-31"
    return {
        "statusVerifiedDate": plan.verified,
        "overallStatus": plan.status,
        "expandedAccessInfo": {"hasExpandedAccess": False},
        "startDateStruct": {"date": plan.start, "type": "ACTUAL" if started else "ESTIMATED"},
        "primaryCompletionDateStruct": {"date": plan.primary_completion, "type": "ESTIMATED"},
        "completionDateStruct": {"date": plan.completion, "type": "ESTIMATED"},
        "studyFirstSubmitDate": "2024-05-06",
        "studyFirstSubmitQcDate": "2024-05-13",
        "studyFirstPostDateStruct": {"date": "2024-05-15", "type": "ACTUAL"},
        "lastUpdateSubmitDate": plan.updated,
        "lastUpdatePostDateStruct": {"date": plan.updated, "type": "ACTUAL"},
    }


def _design(plan: Plan) -> JsonObject:
    return {
        "studyType": "INTERVENTIONAL",
        "phases": list[Json](plan.phases),
        "designInfo": {
            "allocation": "RANDOMIZED",
            "interventionModel": "PARALLEL",
            "primaryPurpose": "TREATMENT",
            "maskingInfo": {"masking": "NONE"},
        },
        "enrollmentInfo": {"count": plan.count, "type": "ESTIMATED"},
    }


def _arms(plan: Plan) -> JsonObject:
    return {
        "armGroups": [
            {
                "label": f"{DRUG} plus chemotherapy",
                "type": "EXPERIMENTAL",
                "interventionNames": [f"Drug: {DRUG}", "Drug: Oxaliplatin"],
            },
            {"label": plan.control, "type": "ACTIVE_COMPARATOR", "interventionNames": ["Drug: Oxaliplatin"]},
        ],
        "interventions": [
            {
                "type": "DRUG",
                "name": DRUG,
                "description": "10 mg/kg every 3 weeks, intravenous",
                "armGroupLabels": [f"{DRUG} plus chemotherapy"],
                "otherNames": [CODE],
            },
            {
                "type": "DRUG",
                "name": "Oxaliplatin",
                "armGroupLabels": [f"{DRUG} plus chemotherapy", plan.control],
            },
        ],
    }


def _outcomes(pairs: Sequence[tuple[str, str]]) -> list[Json]:
    return [{"measure": measure, "timeFrame": frame} for measure, frame in pairs]


def _eligibility(plan: Plan) -> JsonObject:
    exclusion = "\n".join(f"* {criterion}" for criterion in plan.exclusion)
    return {
        "eligibilityCriteria": (
            "Inclusion Criteria:\n\n* Age \\>= 18 years\n* ECOG performance status 0-1\n"
            f"* Adequate organ function\n\nExclusion Criteria:\n\n{exclusion}"
        ),
        "healthyVolunteers": False,
        "sex": "ALL",
        "minimumAge": "18 Years",
        "maximumAge": "75 Years",
        "stdAges": ["ADULT", "OLDER_ADULT"],
    }


PLANS = (
    Plan(
        nct=PERIOPERATIVE,
        title=f"Perioperative {DRUG} Plus Chemotherapy in Resectable Esophageal Squamous Cell Carcinoma",
        condition="Esophageal Squamous Cell Carcinoma",
        phases=("PHASE2", "PHASE3"),
        count=420,
        start="2025-11-03",
        primary_completion="2029-12",
        completion="2031-12",
        primary=(("Pathologic complete response", "24 months"),),
        secondary=(
            ("Event-free survival", "60 months"),
            ("Overall survival", "60 months"),
            ("R0 resection rate", "24 months"),
        ),
        sites=(
            site("Jade River Cancer Hospital", "Guangzhou"),
            site("Northern Lake University Hospital", "Beijing"),
            site("Plum Garden Thoracic Center", "Shanghai"),
            site("Pine Valley Provincial Hospital", "Zhengzhou"),
            site("Red Bridge Cancer Institute", "Chengdu", status="NOT_YET_RECRUITING"),
        ),
    ),
    Plan(
        nct=CERVICAL,
        title=f"{DRUG} Plus Chemotherapy Versus Chemotherapy in Recurrent Cervical Cancer",
        condition="Cervical Cancer",
        phases=("PHASE3",),
        count=360,
        start="2026-09-28",
        primary_completion="2028-06",
        completion="2029-12",
        primary=(("Progression-free survival", "24 months"),),
        secondary=(("Overall survival", "48 months"), ("Objective response rate", "12 months")),
        sites=(
            site("Jade River Cancer Hospital", "Guangzhou", status="NOT_YET_RECRUITING"),
            site("Willow Hill Women's Hospital", "Hangzhou", status="NOT_YET_RECRUITING"),
        ),
        status="NOT_YET_RECRUITING",
    ),
    Plan(
        nct=GASTRIC,
        title=f"Neoadjuvant {DRUG} in Gastric Cancer, an Investigator-Initiated Trial",
        condition="Gastric Cancer",
        phases=("PHASE2",),
        count=64,
        start="2024-06-10",
        primary_completion="2026-06",
        completion="2027-06",
        primary=(("Major pathologic response", "12 months"),),
        secondary=(("Disease-free survival", "36 months"),),
        sites=(site("Northern Lake University Hospital", "Beijing"),),
        verified="2024-09",
        updated="2024-09-18",
        sponsor="Northern Lake University",
        sponsor_class="OTHER",
    ),
    Plan(
        nct=LUNG,
        title=f"{DRUG} Plus Chemotherapy in Advanced Non-Small Cell Lung Cancer",
        condition="Non-Small Cell Lung Cancer",
        phases=("PHASE2",),
        count=120,
        start="2024-07-01",
        primary_completion="2027-03",
        completion="2028-03",
        primary=(("Objective response rate", "24 weeks"),),
        secondary=(("Progression-free survival", "24 months"),),
        sites=(
            site("Plum Garden Thoracic Center", "Shanghai"),
            site("Pine Valley Provincial Hospital", "Zhengzhou"),
        ),
        status="ACTIVE_NOT_RECRUITING",
    ),
    Plan(
        nct=LIVER,
        title=f"Adjuvant {DRUG} After Resection of Hepatocellular Carcinoma",
        condition="Hepatocellular Carcinoma",
        phases=("PHASE3",),
        count=480,
        start="2025-02-17",
        primary_completion="2028-09",
        completion="2030-03",
        primary=(("Recurrence-free survival", "36 months"),),
        secondary=(("Overall survival", "60 months"), ("Time to recurrence", "36 months")),
        sites=(
            site("Red Bridge Cancer Institute", "Chengdu"),
            site("Harbor Light Hospital", "Xiamen"),
            site("Plum Garden Thoracic Center", "Shanghai"),
        ),
    ),
    Plan(
        nct=STOMACH_MAINTENANCE,
        title=f"{DRUG} Maintenance in Gastroesophageal Junction Adenocarcinoma",
        condition="Gastroesophageal Junction Adenocarcinoma",
        phases=("PHASE2",),
        count=90,
        start="2025-04-14",
        primary_completion="2027-10",
        completion="2028-10",
        primary=(("Progression-free survival", "18 months"),),
        secondary=(("Overall survival", "36 months"),),
        sites=(site("Harbor Light Hospital", "Xiamen"), site("Jade River Cancer Hospital", "Guangzhou")),
    ),
)
