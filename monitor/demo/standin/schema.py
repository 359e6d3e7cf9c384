"""The fields the stand-in knows by name, and what it tells of them as metadata and enums.

A small part of the registry's own table, enough to search, sort and shape answers by; a field that is not
here is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from monitor.core.record import Json, JsonObject

_STATUSES = """
    ACTIVE_NOT_RECRUITING COMPLETED ENROLLING_BY_INVITATION NOT_YET_RECRUITING RECRUITING SUSPENDED TERMINATED
    WITHDRAWN AVAILABLE NO_LONGER_AVAILABLE TEMPORARILY_NOT_AVAILABLE APPROVED_FOR_MARKETING WITHHELD UNKNOWN
"""
ENUMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Status": tuple(_STATUSES.split()),
        "StudyType": ("EXPANDED_ACCESS", "INTERVENTIONAL", "OBSERVATIONAL"),
        "Phase": ("NA", "EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4"),
        "Sex": ("FEMALE", "MALE", "ALL"),
    }
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A field: its short name, its path in a record, its type as the metadata names it."""

    name: str
    path: str
    type: str = "text"
    max_chars: int | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        """The path's members."""
        return tuple(self.path.split("."))


_TABLE = """
    NCTId identificationModule.nctId nct
    NCTIdAlias identificationModule.nctIdAliases nct
    OrgStudyId identificationModule.orgStudyIdInfo.id text
    SecondaryId identificationModule.secondaryIdInfos.id text
    BriefTitle identificationModule.briefTitle text
    OfficialTitle identificationModule.officialTitle text
    Acronym identificationModule.acronym text
    OverallStatus statusModule.overallStatus Status
    StatusVerifiedDate statusModule.statusVerifiedDate PartialDate
    StartDate statusModule.startDateStruct.date PartialDate
    PrimaryCompletionDate statusModule.primaryCompletionDateStruct.date PartialDate
    CompletionDate statusModule.completionDateStruct.date PartialDate
    StudyFirstPostDate statusModule.studyFirstPostDateStruct.date NormalizedDate
    ResultsFirstPostDate statusModule.resultsFirstPostDateStruct.date NormalizedDate
    LastUpdateSubmitDate statusModule.lastUpdateSubmitDate NormalizedDate
    LastUpdatePostDate statusModule.lastUpdatePostDateStruct.date NormalizedDate
    LeadSponsorName sponsorCollaboratorsModule.leadSponsor.name text
    CollaboratorName sponsorCollaboratorsModule.collaborators.name text
    BriefSummary descriptionModule.briefSummary markup
    Condition conditionsModule.conditions text
    Keyword conditionsModule.keywords text
    StudyType designModule.studyType StudyType
    Phase designModule.phases Phase
    EnrollmentCount designModule.enrollmentInfo.count integer
    ArmGroupLabel armsInterventionsModule.armGroups.label text
    ArmGroupDescription armsInterventionsModule.armGroups.description markup
    InterventionName armsInterventionsModule.interventions.name text
    InterventionDescription armsInterventionsModule.interventions.description markup
    InterventionOtherName armsInterventionsModule.interventions.otherNames text
    PrimaryOutcomeMeasure outcomesModule.primaryOutcomes.measure text
    SecondaryOutcomeMeasure outcomesModule.secondaryOutcomes.measure text
    EligibilityCriteria eligibilityModule.eligibilityCriteria markup
    HealthyVolunteers eligibilityModule.healthyVolunteers boolean
    Sex eligibilityModule.sex Sex
    LocationFacility contactsLocationsModule.locations.facility text
    LocationCity contactsLocationsModule.locations.city text
    LocationCountry contactsLocationsModule.locations.country text
"""
_ROWS = [line.split() for line in _TABLE.strip().splitlines()]
PIECES: tuple[Piece, ...] = (
    *(Piece(name, f"protocolSection.{path}", kind) for name, path, kind in _ROWS),
    Piece("VersionHolder", "derivedSection.miscInfoModule.versionHolder", "NormalizedDate"),
    Piece("ResultsSection", "resultsSection", "ResultsSection"),
    Piece("HasResults", "hasResults", "boolean"),
)

AREAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cond": ("Condition", "Keyword", "BriefTitle", "OfficialTitle", "BriefSummary"),
        "locn": ("LocationFacility", "LocationCity", "LocationCountry"),
        "titles": ("BriefTitle", "OfficialTitle", "Acronym"),
        "intr": (
            *("InterventionName", "InterventionOtherName", "InterventionDescription", "BriefTitle"),
            *("OfficialTitle", "ArmGroupLabel", "ArmGroupDescription"),
        ),
        "outc": ("PrimaryOutcomeMeasure", "SecondaryOutcomeMeasure"),
        "spons": ("LeadSponsorName", "CollaboratorName"),
        "lead": ("LeadSponsorName",),
        "id": ("NCTId", "NCTIdAlias", "OrgStudyId", "SecondaryId", "Acronym"),
        "patient": ("Condition", "BriefTitle", "BriefSummary", "EligibilityCriteria"),
    }
)
"""Where a query looks; `term` looks everywhere."""


def values(study: Json, steps: Sequence[str]) -> Iterator[Json]:
    """Everything at a path, through lists."""
    if isinstance(study, list):
        for item in study:
            yield from values(item, steps)
    elif not steps:
        yield study
    elif isinstance(study, dict) and steps[0] in study:
        yield from values(study[steps[0]], steps[1:])


def metadata(pieces: Iterable[Piece]) -> list[Json]:
    """The tree of fields as the registry describes it."""
    roots: list[Json] = []
    for piece in pieces:
        level = roots
        inner: JsonObject = {}
        for name in piece.steps:
            known = [node for node in level if isinstance(node, dict) and node["name"] == name]
            if known:
                inner = known[0]
            else:
                short = name[0].upper() + name[1:]
                inner = {"name": name, "piece": short, "sourceType": "STRUCT", "type": short}
                level.append(inner)
            children = inner.setdefault("children", [])
            assert isinstance(children, list)
            level = children
        inner.update(piece=piece.name, sourceType="TEXT", type=piece.type)
        inner.update({"isEnum": True} if piece.type in ENUMS else {})
        inner.update({"maxChars": piece.max_chars} if piece.max_chars else {})
    return [_without_empty(node) for node in roots]


def enums(pieces: Iterable[Piece], extra: Mapping[str, Sequence[str]]) -> list[Json]:
    """The values of each enum type, and the fields that have it."""
    known = {name: (*named, *extra.get(name, ())) for name, named in ENUMS.items()}
    every = tuple(pieces)
    return [
        {
            "type": name,
            "pieces": [piece.name for piece in every if piece.type == name],
            "values": [{"value": value, "legacyValue": value.capitalize()} for value in named],
        }
        for name, named in known.items()
    ]


def _without_empty(node: Json) -> Json:
    assert isinstance(node, dict)
    children = node.pop("children")
    assert isinstance(children, list)
    return {**node, "children": [_without_empty(child) for child in children]} if children else node
