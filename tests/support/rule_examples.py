"""Invented amendments, for each rule at least one that it decides and one that it just does not.

Members are named by short aliases for payload paths; the rest of the trial is that of `records.study`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.core.record import Json, JsonObject
from tests.support.records import ABSENT, put, site, study

ALIASES: Mapping[str, str] = {
    "status": "protocolSection.statusModule.overallStatus",
    "last_known": "protocolSection.statusModule.lastKnownStatus",
    "why": "protocolSection.statusModule.whyStopped",
    "start": "protocolSection.statusModule.startDateStruct",
    "pcd": "protocolSection.statusModule.primaryCompletionDateStruct",
    "cd": "protocolSection.statusModule.completionDateStruct",
    "verified": "protocolSection.statusModule.statusVerifiedDate",
    "results_submitted": "protocolSection.statusModule.resultsFirstSubmitDate",
    "results_posted": "protocolSection.statusModule.resultsFirstPostDateStruct",
    "delay": "protocolSection.statusModule.dispFirstSubmitDate",
    "count": "protocolSection.designModule.enrollmentInfo.count",
    "count_type": "protocolSection.designModule.enrollmentInfo.type",
    "type": "protocolSection.designModule.studyType",
    "phases": "protocolSection.designModule.phases",
    "allocation": "protocolSection.designModule.designInfo.allocation",
    "masking": "protocolSection.designModule.designInfo.maskingInfo.masking",
    "purpose": "protocolSection.designModule.designInfo.primaryPurpose",
    "primary": "protocolSection.outcomesModule.primaryOutcomes",
    "secondary": "protocolSection.outcomesModule.secondaryOutcomes",
    "other": "protocolSection.outcomesModule.otherOutcomes",
    "criteria": "protocolSection.eligibilityModule.eligibilityCriteria",
    "min_age": "protocolSection.eligibilityModule.minimumAge",
    "sex": "protocolSection.eligibilityModule.sex",
    "std_ages": "protocolSection.eligibilityModule.stdAges",
    "arms": "protocolSection.armsInterventionsModule.armGroups",
    "interventions": "protocolSection.armsInterventionsModule.interventions",
    "lead": "protocolSection.sponsorCollaboratorsModule.leadSponsor",
    "collaborators": "protocolSection.sponsorCollaboratorsModule.collaborators",
    "organization": "protocolSection.identificationModule.organization",
    "title": "protocolSection.identificationModule.briefTitle",
    "acronym": "protocolSection.identificationModule.acronym",
    "ids": "protocolSection.identificationModule.secondaryIdInfos",
    "conditions": "protocolSection.conditionsModule.conditions",
    "keywords": "protocolSection.conditionsModule.keywords",
    "summary": "protocolSection.descriptionModule.briefSummary",
    "description": "protocolSection.descriptionModule.detailedDescription",
    "sites": "protocolSection.contactsLocationsModule.locations",
    "contacts": "protocolSection.contactsLocationsModule.centralContacts",
    "references": "protocolSection.referencesModule.references",
    "ipd": "protocolSection.ipdSharingStatementModule.ipdSharing",
    "violations": "annotationSection.annotationModule.violationAnnotation.violationEvents",
    "unposted": "annotationSection.annotationModule.unpostedAnnotation.unpostedEvents",
    "flow": "resultsSection.participantFlowModule.recruitmentDetails",
    "documents": "documentSection.largeDocumentModule.largeDocs",
    "removed_countries": "derivedSection.miscInfoModule.removedCountries",
    "mesh": "derivedSection.conditionBrowseModule.meshes",
    "has_results": "hasResults",
    "unknown": "protocolSection.statusModule.somethingNew",
    "posted": "protocolSection.statusModule.lastUpdatePostDateStruct",
}


def trial(**members: Json | object) -> JsonObject:
    """The invented trial with these members, by alias; `ABSENT` removes one."""
    payload = study()
    for alias, value in members.items():
        put(payload, ALIASES[alias], value)
    return payload


@dataclass(frozen=True)
class Example:
    """An amendment, and whether the rule decides its change of `field` (or, with no field, its finding)."""

    rule: str
    fits: bool
    field: str
    before: Mapping[str, object]
    after: Mapping[str, object]
    note: str = ""


def est(day: str) -> JsonObject:
    """An estimated date."""
    return {"date": day, "type": "ESTIMATED"}


def act(day: str) -> JsonObject:
    """An actual date."""
    return {"date": day, "type": "ACTUAL"}


def outcome(measure: str, frame: str = "24 months", description: str = "") -> JsonObject:
    """An outcome."""
    found: JsonObject = {"measure": measure, "timeFrame": frame}
    return {**found, "description": description} if description else found


def many(number: int, country: str = "China", **members: Json) -> list[Json]:
    """So many sites in one country."""
    return [site(f"Clinic {letter}", f"Town {letter}", country, **members) for letter in range(number)]


def criteria(*inclusion: str) -> str:
    """Criteria with these inclusion items."""
    listed = "\n".join(f"* {item}" for item in inclusion)
    return f"Inclusion Criteria:\n\n{listed}\n\nExclusion Criteria:\n\n* Active infection"


PFS, OS, ORR = outcome("Progression-free survival"), outcome("Overall survival"), outcome("Response rate")
VELTOMAB: JsonObject = {"label": "Veltomab", "type": "EXPERIMENTAL"}
CHEMO: JsonObject = {"label": "Chemotherapy", "type": "ACTIVE_COMPARATOR"}
HIGH_DOSE: JsonObject = {"label": "High dose of veltomab", "type": "EXPERIMENTAL"}
DRUG: JsonObject = {"type": "DRUG", "name": "Veltomab", "description": "10 mg/kg every 3 weeks"}
OVER = {"pcd": est("2026-08-01")}
NOT_BEGUN = {"status": "NOT_YET_RECRUITING", "start": est("2027-01")}
COMPLETE = {"status": "COMPLETED", "pcd": act("2026-05-01"), "cd": act("2026-06-01")}
LONG_TEXT = (
    "This trial tests whether veltomab, given with chemotherapy, helps people with gastric cancer " * 2
)
PAPER: JsonObject = {"pmid": "11", "type": "DERIVED", "citation": "Example A. A trial. J Ex. 2026."}
BOOK: JsonObject = {"pmid": "12", "type": "BACKGROUND", "citation": "Example B. A book. 2001."}
PROTOCOL: JsonObject = {"filename": "p.pdf", "typeAbbrev": "Prot", "hasProtocol": True, "size": 10}
CONSENT: JsonObject = {"filename": "c.pdf", "typeAbbrev": "ICF", "hasIcf": True, "size": 10}
CLINIC = site("City Hospital One", "Riverton", "China", zip="10001", status="RECRUITING")

STATUS, PCD, CD, START = (
    f"status.{name}" for name in ("overallStatus", "primaryCompletionDate", "completionDate", "startDate")
)
COUNT, PRIMARY, CRITERIA = "design.enrollmentCount", "outcomes.primary", "eligibility.criteria"
ARMS, INTERVENTIONS, SITES = "armsInterventions.arms", "armsInterventions.interventions", "locations"
REFERENCES, DOCUMENTS = "references.references", "documents.largeDocs"


def _yes(
    rule: str, field: str, before: Mapping[str, object], after: Mapping[str, object], note: str = ""
) -> Example:
    return Example(rule, True, field, before, after, note)


def _no(
    rule: str, field: str, before: Mapping[str, object], after: Mapping[str, object], note: str = ""
) -> Example:
    return Example(rule, False, field, before, after, note)


EXAMPLES: tuple[Example, ...] = (
    _yes("C1", STATUS, {}, {"status": "SUSPENDED", "why": "Sponsor decision"}),
    _yes("C1", "status.whyStopped", {}, {"status": "SUSPENDED", "why": "Sponsor decision"}),
    _no("C1", STATUS, {}, {"status": "COMPLETED"}),
    _yes("C2", STATUS, {"status": "SUSPENDED"}, {"status": "RECRUITING"}),
    _yes("C2", STATUS, {"status": "COMPLETED"}, {"status": "ACTIVE_NOT_RECRUITING"}),
    _no("C2", STATUS, {"status": "SUSPENDED"}, {"status": "COMPLETED"}),
    _yes("C3", "results.hasResults", COMPLETE, {**COMPLETE, "has_results": True}),
    _yes("C3", "status.resultsFirstPostDate", COMPLETE, {**COMPLETE, "results_posted": act("2026-08-01")}),
    _no("C3", "results.hasResults", {**COMPLETE, "has_results": True}, COMPLETE),
    _yes("C4", PRIMARY, {"primary": [PFS]}, {"primary": [PFS, ORR]}),
    _yes("C4", PRIMARY, {"secondary": [OS]}, {"primary": [PFS, OS], "secondary": [ORR]}, "promoted"),
    _yes(
        "C4",
        PRIMARY,
        {**COMPLETE, "primary": [PFS, OS]},
        {**COMPLETE, "primary": [PFS], "has_results": True},
        "dropped unreplaced at results",
    ),
    _no("C4", PRIMARY, {**NOT_BEGUN, "primary": [PFS]}, {**NOT_BEGUN, "primary": [PFS, ORR]}, "not begun"),
    _yes(
        "C5",
        PRIMARY,
        {**COMPLETE, "primary": [outcome("Survival of patients", "24 months")]},
        {**COMPLETE, "primary": [outcome("Survival of patients", "36 months")]},
    ),
    _no(
        "C5",
        PRIMARY,
        {"primary": [outcome("Survival of patients", "24 months")]},
        {"primary": [outcome("Survival of patients", "36 months")]},
        "before primary completion",
    ),
    _yes("C6", PCD, {"pcd": est("2027-03-01")}, {"pcd": est("2027-08-28")}, "180 days exactly"),
    _yes("C6", PCD, {"pcd": est("2027-08-28")}, {"pcd": est("2027-03-01")}, "earlier counts, too"),
    _yes("C6", PCD, {"pcd": est("2027-03-01")}, {"pcd": act("2026-08-01")}, "actual far off the estimate"),
    _no("C6", PCD, {"pcd": est("2027-03-01")}, {"pcd": est("2027-08-27")}, "179 days"),
    _no(
        "C6",
        PCD,
        {"pcd": est("2027-03-01")},
        {"pcd": act("2026-08-01"), "status": "TERMINATED"},
        "stopped, so the date follows",
    ),
    _yes("C7", COUNT, {}, {"count": 60}, "half exactly"),
    _yes("C7", COUNT, {}, {"count": 59, "count_type": "ACTUAL"}),
    _yes("C7", "design.enrollmentType", {}, {"count": 59, "count_type": "ACTUAL"}, "the type shares it"),
    _no("C7", COUNT, {}, {"count": 60, "count_type": "ACTUAL"}, "half of the estimate is M5"),
    _no("C7", COUNT, {}, {"count": 61}),
    _yes(
        "C8",
        "sponsor.lead",
        {},
        {
            "lead": {"name": "Beta Pharma", "class": "INDUSTRY"},
            "organization": {"fullName": "Beta Pharma", "class": "INDUSTRY"},
        },
    ),
    _no("C8", "sponsor.lead", {}, {"lead": {"name": "ALPHA Bio, Inc.", "class": "INDUSTRY"}}, "spelling"),
    _yes("C9", "design.phases", {}, {"phases": ["PHASE2", "PHASE3"]}),
    _yes("C9", "design.phases", {}, {"phases": ["PHASE1"]}, "down"),
    _yes("C9", "design.masking", {}, {"masking": "DOUBLE"}),
    _no("C9", "design.phases", NOT_BEGUN, {**NOT_BEGUN, "phases": ["PHASE3"]}, "not begun"),
    _no("C9", "design.masking", {"masking": "SINGLE"}, {"masking": "DOUBLE"}),
    _yes("C10", STATUS, {}, {"status": "WITHHELD"}),
    _no("C10", STATUS, {}, {"status": "WITHDRAWN"}),
    _yes("C11", ARMS, {"arms": [VELTOMAB, CHEMO]}, {"arms": [VELTOMAB]}),
    _no("C11", ARMS, {"arms": [VELTOMAB, HIGH_DOSE]}, {"arms": [VELTOMAB]}, "no control arm"),
    _no(
        "C11", ARMS, {**NOT_BEGUN, "arms": [VELTOMAB, CHEMO]}, {**NOT_BEGUN, "arms": [VELTOMAB]}, "not begun"
    ),
    _yes("C12", STATUS, {"status": "ACTIVE_NOT_RECRUITING"}, {"count": 130}),
    _yes(
        "C12",
        STATUS,
        {"status": "ACTIVE_NOT_RECRUITING", "arms": [VELTOMAB, CHEMO]},
        {"arms": [VELTOMAB, {**CHEMO, "type": "OTHER"}]},
        "an arm of another type",
    ),
    _no("C12", STATUS, {"status": "ACTIVE_NOT_RECRUITING"}, {}),
    _no(
        "C12",
        STATUS,
        {"status": "ACTIVE_NOT_RECRUITING"},
        {"count": 30, "count_type": "ACTUAL"},
        "an actual number is no target",
    ),
    _no(
        "C12",
        STATUS,
        {"status": "ACTIVE_NOT_RECRUITING", "arms": [VELTOMAB]},
        {"arms": [{**VELTOMAB, "description": "New words"}]},
        "wording",
    ),
    _yes("C13", "annotation.violationEvents", {}, {"violations": [{"type": "VIOLATION_IDENTIFIED"}]}),
    _no(
        "C13",
        "annotation.violationEvents",
        {"violations": [{"type": "VIOLATION_IDENTIFIED"}]},
        {"violations": ABSENT},
        "no notice appears",
    ),
    _yes("M1", STATUS, {"status": "NOT_YET_RECRUITING"}, {"status": "RECRUITING"}),
    _yes("M1", STATUS, {"status": "UNKNOWN", "last_known": "RECRUITING"}, {"status": "COMPLETED"}),
    _no("M1", STATUS, {}, {"status": "UNKNOWN", "last_known": "RECRUITING"}),
    _yes("M2", PCD, {"pcd": est("2027-03-01")}, {"pcd": est("2027-04-01")}, "31 days"),
    _no("M2", PCD, {"pcd": est("2027-03-01")}, {"pcd": est("2027-03-31")}, "30 days"),
    _yes("M3", PCD, {"pcd": est("2026-08-01")}, {"pcd": act("2026-08-01")}, "date unchanged"),
    _no("M3", PCD, {"pcd": act("2026-08-01")}, {"pcd": act("2026-08-03")}),
    _yes("M4", CD, {"cd": est("2028-01-01")}, {"cd": est("2028-03-31")}, "90 days"),
    _yes("M4", CD, {"cd": est("2026-08-01")}, {"cd": act("2026-08-02")}),
    _no("M4", CD, {"cd": est("2028-01-01")}, {"cd": est("2028-03-30")}, "89 days"),
    _yes("M5", COUNT, {"count": 100}, {"count": 116}),
    _yes("M5", COUNT, {"count": 2000}, {"count": 2100}, "100 participants and 5 %"),
    _yes("M5", COUNT, {}, {"count": 60, "count_type": "ACTUAL"}, "half of the estimate"),
    _yes("M5", COUNT, {"count": 100}, {"count": 150, "count_type": "ACTUAL"}, "half as many again"),
    _yes("M5", COUNT, {"count": 100, "count_type": "ACTUAL"}, {"count": 95, "count_type": "ACTUAL"}),
    _yes("M5", "design.enrollmentType", {"count_type": "ACTUAL"}, {"count_type": "ESTIMATED"}),
    _no("M5", COUNT, {"count": 100}, {"count": 115}, "15 % exactly"),
    _no("M5", COUNT, {"count": 100}, {"count": 85, "count_type": "ACTUAL"}, "85 % exactly"),
    _no("M5", COUNT, {"count": 2000}, {"count": 2099}),
    _yes("M6", PRIMARY, {"primary": [PFS]}, {"primary": [{**PFS, "timeFrame": "36 months"}]}),
    _yes(
        "M6", PRIMARY, {"primary": [PFS]}, {"primary": [{**PFS, "timeFrame": "until death"}]}, "no duration"
    ),
    _yes("M6", PRIMARY, {**NOT_BEGUN, "primary": [PFS]}, {**NOT_BEGUN, "primary": [PFS, ORR]}, "not begun"),
    _no("M6", PRIMARY, {"primary": [PFS]}, {"primary": [{**PFS, "timeFrame": "25 months"}]}, "below 10 %"),
    _no("M6", PRIMARY, {"primary": [PFS]}, {"primary": [{**PFS, "timeFrame": "2 years"}]}, "the same time"),
    _yes("M7", ARMS, {"arms": [VELTOMAB, CHEMO]}, {"arms": [VELTOMAB, CHEMO, HIGH_DOSE]}),
    _yes("M7", ARMS, {"arms": [VELTOMAB]}, {"arms": [{**VELTOMAB, "type": "OTHER"}]}),
    _no("M7", ARMS, {"arms": [VELTOMAB]}, {"arms": [{**VELTOMAB, "description": "New words"}]}),
    _yes(
        "M8",
        INTERVENTIONS,
        {"interventions": [DRUG]},
        {"interventions": [DRUG, {"type": "DRUG", "name": "Other"}]},
    ),
    _yes(
        "M8",
        INTERVENTIONS,
        {"interventions": [DRUG]},
        {"interventions": [{**DRUG, "description": "20 mg/kg every 3 weeks"}]},
    ),
    _no(
        "M8",
        INTERVENTIONS,
        {"interventions": [DRUG]},
        {"interventions": [{**DRUG, "description": "10 mg/kg given every 3 weeks"}]},
        "no number changed",
    ),
    _yes(
        "M9",
        CRITERIA,
        {"criteria": criteria("Adults")},
        {"criteria": criteria("Adults", "Signed consent form")},
    ),
    _yes("M9", CRITERIA, {"criteria": criteria("ECOG 0-1")}, {"criteria": criteria("ECOG 0-2")}),
    _yes(
        "M9",
        CRITERIA,
        {"criteria": criteria("Has a history of interstitial lung disease that required steroids")},
        {"criteria": criteria("Has any history of interstitial lung disease that required steroids")},
        "a qualifier gained",
    ),
    _yes("M9", "eligibility.minAge", {}, {"min_age": "20 Years"}),
    _no("M9", CRITERIA, {"criteria": criteria("Signed consent")}, {"criteria": criteria("signed consent.")}),
    _no(
        "M9",
        CRITERIA,
        {"criteria": criteria("Adults")},
        {"criteria": criteria("Adults").replace("Exclusion C", "Key Exclusion C")},
        "a heading",
    ),
    _yes("M10", "derived.removedCountries", {}, {"removed_countries": ["Germany"]}),
    _yes("M10", "", {"sites": many(3)}, {"sites": [*many(3), site("Klinik", "Bonn", "Germany")]}),
    _no("M10", "", {"sites": ABSENT}, {"sites": many(3)}, "from an empty list"),
    _no(
        "M10",
        "",
        {"sites": many(3)},
        {"sites": [*many(3), site("Klinik", "Bonn", "Germany", status="WITHDRAWN")]},
        "added as withdrawn",
    ),
    _yes(
        "M11", "status.whyStopped", {"status": "TERMINATED"}, {"status": "TERMINATED", "why": "Slow accrual"}
    ),
    _no("M11", "status.whyStopped", {}, {"status": "TERMINATED", "why": "Slow accrual"}),
    _yes("M12", "status.resultsFirstSubmitDate", COMPLETE, {**COMPLETE, "results_submitted": "2026-08-01"}),
    _yes("M12", "status.dispFirstSubmitDate", COMPLETE, {**COMPLETE, "delay": "2026-08-01"}),
    _yes("M12", "annotation.unpostedEvents", {}, {"unposted": [{"type": "RELEASE", "date": "2026-08-01"}]}),
    _yes("M12", DOCUMENTS, {}, {"documents": [PROTOCOL]}),
    _no("M12", DOCUMENTS, {}, {"documents": [CONSENT]}),
    _no(
        "M12",
        "status.resultsFirstSubmitDate",
        {"results_submitted": "2026-08-01"},
        {"results_submitted": "2026-08-03"},
        "not first given",
    ),
    _yes("M13", "results.hasResults", {"has_results": True}, {"has_results": False}, "no longer posted"),
    _yes(
        "M13",
        "results.participantFlow",
        {"has_results": True, "flow": "Old"},
        {"has_results": True, "flow": "New"},
    ),
    _no("M13", "results.participantFlow", {}, {"has_results": True, "flow": "New"}, "first posted"),
    _yes("M14", START, {"start": act("2025-11-03")}, {"start": act("2025-12-04")}, "31 days"),
    _yes("M14", PCD, {"pcd": act("2026-08-01")}, {"pcd": est("2026-09-01")}, "no fact any more"),
    _no("M14", START, {"start": act("2025-11-03")}, {"start": act("2025-12-03")}, "30 days"),
    _yes("M15", "", {"sites": many(60)}, {"sites": many(70)}, "10 sites"),
    _yes("M15", "", {"sites": many(25)}, {"sites": many(20)}, "5 of 25"),
    _no("M15", "", {"sites": many(60)}, {"sites": many(69)}),
    _no("M15", "", {"sites": many(4)}, {"sites": many(8)}, "fewer than 5"),
    _yes("M17", PRIMARY, {**COMPLETE, "primary": [PFS]}, {**COMPLETE, "primary": [ORR], "has_results": True}),
    _no("M17", PRIMARY, {**COMPLETE, "primary": [PFS]}, {**COMPLETE, "primary": [ORR]}),
    _yes("M18", START, {**NOT_BEGUN, "start": est("2026-11-01")}, {**NOT_BEGUN, "start": est("2026-12-02")}),
    _yes("M18", START, {"start": est("2026-01-28")}, {"start": act("2026-07-27")}, "180 days"),
    _no("M18", START, {**NOT_BEGUN, "start": est("2026-11-01")}, {**NOT_BEGUN, "start": est("2026-12-01")}),
    _yes("M19", REFERENCES, COMPLETE, {**COMPLETE, "references": [PAPER]}),
    _yes(
        "M19",
        REFERENCES,
        {"references": [PAPER]},
        {"references": [{**PAPER, "retractions": [{"pmid": "99", "source": "J Ex"}]}]},
    ),
    _no("M19", REFERENCES, {}, {"references": [PAPER]}, "before primary completion"),
    _yes("M20", STATUS, {"status": "WITHHELD"}, {}),
    _no("M20", STATUS, {"status": "NOT_YET_RECRUITING"}, {}),
    _yes("M21", "design.phases", NOT_BEGUN, {**NOT_BEGUN, "phases": ["PHASE3"]}),
    _yes("M21", "design.masking", {"masking": "SINGLE"}, {"masking": "DOUBLE"}),
    _no("M21", "design.masking", {**NOT_BEGUN, "masking": "SINGLE"}, {**NOT_BEGUN, "masking": "DOUBLE"}),
    _yes("m1", STATUS, {}, {"status": "UNKNOWN", "last_known": "RECRUITING"}),
    _yes("m1", STATUS, {"status": "UNKNOWN", "last_known": "RECRUITING"}, {}),
    _no("m1", STATUS, {"status": "UNKNOWN", "last_known": "RECRUITING"}, {"status": "TERMINATED"}),
    _yes("m2", PCD, {"pcd": est("2027-03-01")}, {"pcd": est("2027-03-31")}),
    _yes("m2", START, {"start": est("2025-10-20")}, {"start": act("2025-11-03")}, "confirmed"),
    _no("m2", PCD, {"pcd": est("2027-03")}, {"pcd": est("2027-03-15")}, "not moved"),
    _yes("m3", COUNT, {"count": 100}, {"count": 115}, "15 % exactly"),
    _yes("m3", COUNT, {"count": 100}, {"count": 85, "count_type": "ACTUAL"}, "85 % exactly"),
    _no("m3", COUNT, {"count": 100}, {"count": 84, "count_type": "ACTUAL"}),
    _yes("m4", "outcomes.secondary", {"secondary": [OS]}, {"secondary": [OS, ORR]}),
    _yes("m4", PRIMARY, {"primary": [PFS]}, {"primary": [{**PFS, "timeFrame": "25 months"}]}),
    _no("m4", PRIMARY, {"primary": [PFS]}, {"primary": [{**PFS, "timeFrame": "36 months"}]}),
    _yes("m5", ARMS, {"arms": [VELTOMAB]}, {"arms": [{**VELTOMAB, "description": "New words"}]}),
    _no("m5", ARMS, {"arms": [VELTOMAB]}, {"arms": [{**VELTOMAB, "type": "OTHER"}]}),
    _yes("m6", CRITERIA, {"criteria": criteria("Signed consent")}, {"criteria": criteria("signed consent.")}),
    _yes("m6", "eligibility.stdAges", {}, {"std_ages": ["ADULT"]}),
    _no("m6", CRITERIA, {"criteria": criteria("ECOG 0-1")}, {"criteria": criteria("ECOG 0-2")}),
    _yes("m7", SITES, {"sites": [CLINIC]}, {"sites": [{**CLINIC, "status": "SUSPENDED"}]}),
    _yes("m7", SITES, {"sites": many(3)}, {"sites": many(4)}),
    _no(
        "m7",
        SITES,
        {"sites": [CLINIC]},
        {"sites": [{**CLINIC, "facility": "City  hospital One"}]},
        "spelling",
    ),
    _yes(
        "m8", "sponsor.collaborators", {}, {"collaborators": [{"name": "Beta Pharma", "class": "INDUSTRY"}]}
    ),
    _no("m8", "sponsor.lead", {}, {"lead": {"name": "Beta Pharma", "class": "INDUSTRY"}}),
    _yes("m9", "identification.briefTitle", {}, {"title": "Veltomab in Esophageal Cancer"}),
    _no("m9", "identification.briefTitle", {"title": "Veltomab, Alone"}, {"title": "Veltomab Alone"}),
    _yes("n6", "sponsor.lead", {}, {"lead": {"name": "ALPHA Bio, Inc.", "class": "INDUSTRY"}}, "spelling"),
    _yes("m10", "sponsor.lead", {}, {"lead": {"name": "Alpha Medicines", "class": "INDUSTRY"}}, "re-named"),
    _no("m10", "sponsor.lead", {}, {"lead": {"name": "Omega Bio", "class": "INDUSTRY"}}, "another body"),
    _yes("C8", "sponsor.lead", {}, {"lead": {"name": "Beta Pharma", "class": "INDUSTRY"}}, "another body"),
    _no("m10", "sponsor.lead", {}, {"lead": {"name": "City University", "class": "OTHER"}}),
    _yes("m11", "design.primaryPurpose", {}, {"purpose": "PREVENTION"}),
    _yes("m11", "design.masking", {**NOT_BEGUN, "masking": "SINGLE"}, {**NOT_BEGUN, "masking": "DOUBLE"}),
    _no("m11", "design.masking", {"masking": "SINGLE"}, {"masking": "DOUBLE"}),
    _yes("m12", "conditions.conditions", {}, {"conditions": ["Gastric Cancer", "Esophageal Cancer"]}),
    _no("m12", "conditions.keywords", {}, {"keywords": ["veltomab"]}),
    _yes("m13", "identification.secondaryIds", {}, {"ids": [{"id": "2026-512345-12-00", "type": "CTIS"}]}),
    _no("m13", "identification.acronym", {}, {"acronym": "VELTO-2"}),
    _yes("m14", REFERENCES, {}, {"references": [PAPER]}),
    _no("m14", REFERENCES, {}, {"references": [BOOK]}),
    _yes("m15", DOCUMENTS, {}, {"documents": [CONSENT]}),
    _yes("m15", "ipdSharing.ipdSharing", {}, {"ipd": "YES"}),
    _no("m15", DOCUMENTS, {"documents": [CONSENT]}, {"documents": [{**CONSENT, "size": 11}]}),
    _yes("m16", "description.briefSummary", {}, {"summary": "Something else altogether is tested here."}),
    _yes(
        "m16",
        "description.briefSummary",
        {"summary": LONG_TEXT + "1"},
        {"summary": LONG_TEXT + "2"},
        "a number",
    ),
    _no("m16", "description.briefSummary", {"summary": LONG_TEXT}, {"summary": LONG_TEXT + "too"}),
    _yes("m17", "design.studyType", {}, {"type": "EXPANDED_ACCESS"}),
    _yes("m17", "other.protocolSection.statusModule.somethingNew", {}, {"unknown": "here"}),
    _no("m17", "design.primaryPurpose", {}, {"purpose": "PREVENTION"}),
    _yes("m18", "", {**OVER, "posted": act("2026-07-19")}, OVER, "passed since then"),
    _no("m18", "", {**OVER, "posted": act("2026-08-10")}, OVER, "passed before"),
    _no("m18", "", {"posted": act("2026-07-19")}, {}, "still to come"),
    _yes("n1", "status.statusVerifiedDate", {}, {"verified": "2026-09"}),
    _no("n1", "status.resultsFirstPostDate", {}, {"results_posted": act("2026-08-01")}),
    _yes("n2", "contacts.central", {}, {"contacts": [{"name": "Another Desk", "role": "CONTACT"}]}),
    _yes(
        "n2",
        SITES,
        {"sites": [CLINIC]},
        {"sites": [{**CLINIC, "contacts": [{"name": "A", "role": "CONTACT"}]}]},
    ),
    _no("n2", SITES, {"sites": [CLINIC]}, {"sites": [{**CLINIC, "status": "SUSPENDED"}]}),
    _yes("n3", "derived.conditionMesh", {}, {"mesh": [{"id": "D000001", "term": "Other"}]}),
    _yes("n3", SITES, {"sites": [CLINIC]}, {"sites": [{**CLINIC, "geoPoint": {"lat": 1.0, "lon": 2.0}}]}),
    _yes("n3", SITES, {"sites": [CLINIC]}, {"sites": [{**CLINIC, "city": "River Town"}]}, "same facility"),
    _yes(
        "n3",
        SITES,
        {"sites": [{**CLINIC, "zip": "377-0280"}]},
        {"sites": [{**CLINIC, "zip": "3770280", "facility": "City Hospital Number One"}]},
        "the same zip, though the facility was renamed",
    ),
    _no("n3", "derived.removedCountries", {}, {"removed_countries": ["Germany"]}),
    _yes("n4", PCD, {"pcd": est("2027-03")}, {"pcd": est("2027-03-15")}),
    _no("n4", PCD, {"pcd": est("2027-03")}, {"pcd": est("2027-04-15")}),
    _yes("n5", "conditions.keywords", {}, {"keywords": ["veltomab"]}),
    _yes("n5", REFERENCES, {}, {"references": [BOOK]}),
    _no("n5", REFERENCES, {}, {"references": [PAPER]}),
    _yes("n6", "description.briefSummary", {"summary": LONG_TEXT}, {"summary": LONG_TEXT + "too"}),
    _yes("n6", "identification.briefTitle", {"title": "Veltomab, Alone"}, {"title": "Veltomab Alone"}),
    _yes("n6", DOCUMENTS, {"documents": [CONSENT]}, {"documents": [{**CONSENT, "size": 11}]}),
    _no("n6", "identification.briefTitle", {}, {"title": "Veltomab in Esophageal Cancer"}),
    _yes(
        "n7",
        SITES,
        {"sites": [CLINIC]},
        {"status": "COMPLETED", "sites": [site("City Hospital One", "Riverton", "China", zip="10001")]},
    ),
    _no(
        "n7",
        SITES,
        {"sites": [CLINIC]},
        {"sites": [site("City Hospital One", "Riverton", "China", zip="10001")]},
        "still recruiting",
    ),
)
