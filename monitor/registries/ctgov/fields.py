"""Which member of a ClinicalTrials.gov v2 record feeds which catalogue field: the mapping, as data.

Every leaf of the registry's record tree has its place here (contract section 3); only `versionHolder` is read
by nobody. A member that is not here is not lost: it becomes `other.<registry path>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from monitor.core.canonical import markdown
from monitor.core.catalogue import NATURAL, field
from monitor.core.criteria import split_criteria
from monitor.core.leaves import (
    AGE,
    COUNT,
    COUNTRY,
    DATE,
    DATED,
    FLAG,
    MARKUP,
    NUMBER,
    PLAIN,
    TOLD_FLAG,
    WORD,
    WORDS,
    Single,
    flags,
)
from monitor.core.record import Items, Json, Tree, Value
from monitor.core.shape import Group, Listed, Shape, Wrapped
from monitor.core.spread import Bound, Spread
from monitor.registries.ctgov.results import (
    ADVERSE,
    ANNOTATION,
    BASELINE,
    DERIVED,
    DOCUMENTS,
    MORE_INFO,
    OUTCOME_MEASURES,
    PARTICIPANT_FLOW,
    group,
    items,
    listed,
)


def _criteria(raw: Json) -> Value | None:
    if not isinstance(raw, str):
        return PLAIN.convert(raw)
    criteria: list[Tree] = [
        {"section": criterion.section, "text": criterion.text} for criterion in split_criteria(markdown(raw))
    ]
    return Items.of(criteria, NATURAL["eligibility.criteria"]) if criteria else None


def _names(name: str) -> Bound:
    """A collection of bare names."""
    return Bound(name, Listed(Wrapped("name", PLAIN), field(name).identity, whole=True))


_CONTACTS = listed("name", "role", name=PLAIN, role=WORD, phone=PLAIN, phoneExt=PLAIN, email=PLAIN)
_OUTCOME: Mapping[str, Shape] = {"measure": PLAIN, "description": MARKUP, "timeFrame": PLAIN}

_IDENTIFICATION = Spread(
    {
        "nctId": Bound("identification.nctId", WORD),
        "nctIdAliases": Bound("identification.aliases", WORDS),
        "orgStudyIdInfo": Bound("identification.orgStudyId", group(id=PLAIN, type=WORD, link=PLAIN)),
        "secondaryIdInfos": items(
            "identification.secondaryIds", id=PLAIN, type=WORD, domain=PLAIN, link=PLAIN
        ),
        "organization": Bound("identification.organization", Group({"fullName": PLAIN, "class": WORD})),
        "briefTitle": Bound("identification.briefTitle", PLAIN),
        "officialTitle": Bound("identification.officialTitle", PLAIN),
        "acronym": Bound("identification.acronym", PLAIN),
    }
)

_STATUS = Spread(
    {
        "overallStatus": Bound("status.overallStatus", WORD),
        "lastKnownStatus": Bound("status.lastKnownStatus", WORD),
        "whyStopped": Bound("status.whyStopped", MARKUP),
        "delayedPosting": Bound("status.delayedPosting", FLAG),
        "expandedAccessInfo": Bound(
            "status.expandedAccess", group(hasExpandedAccess=FLAG, nctId=WORD, statusForNctId=WORD)
        ),
        "startDateStruct": Bound("status.startDate", DATED),
        "primaryCompletionDateStruct": Bound("status.primaryCompletionDate", DATED),
        "completionDateStruct": Bound("status.completionDate", DATED),
        "statusVerifiedDate": Bound("status.statusVerifiedDate", DATE),
        "studyFirstSubmitDate": Bound("status.firstSubmitDate", DATE),
        "studyFirstSubmitQcDate": Bound("status.firstSubmitQcDate", DATE),
        "studyFirstPostDateStruct": Bound("status.firstPostDate", DATED),
        "resultsWaived": Bound("status.resultsWaived", FLAG),
        "resultsFirstSubmitDate": Bound("status.resultsFirstSubmitDate", DATE),
        "resultsFirstSubmitQcDate": Bound("status.resultsFirstSubmitQcDate", DATE),
        "resultsFirstPostDateStruct": Bound("status.resultsFirstPostDate", DATED),
        "dispFirstSubmitDate": Bound("status.dispFirstSubmitDate", DATE),
        "dispFirstSubmitQcDate": Bound("status.dispFirstSubmitQcDate", DATE),
        "dispFirstPostDateStruct": Bound("status.dispFirstPostDate", DATED),
        "lastUpdateSubmitDate": Bound("status.lastUpdateSubmitDate", DATE),
        "lastUpdatePostDateStruct": Bound("status.lastUpdatePostDate", DATED),
    }
)

_SPONSOR = Spread(
    {
        "leadSponsor": Spread(
            {"name": Bound("sponsor.lead", PLAIN), "class": Bound("sponsor.leadClass", WORD)}
        ),
        "collaborators": items("sponsor.collaborators", **{"name": PLAIN, "class": WORD}),
        "responsibleParty": Bound(
            "sponsor.responsibleParty",
            group(
                type=WORD,
                investigatorFullName=PLAIN,
                investigatorTitle=PLAIN,
                investigatorAffiliation=PLAIN,
                oldNameTitle=PLAIN,
                oldOrganization=PLAIN,
            ),
        ),
    }
)

_OVERSIGHT = Spread(
    {
        "oversightHasDmc": Bound("oversight.hasDmc", FLAG),
        "isFdaRegulatedDrug": Bound("oversight.isFdaRegulatedDrug", FLAG),
        "isFdaRegulatedDevice": Bound("oversight.isFdaRegulatedDevice", FLAG),
        "isUnapprovedDevice": Bound("oversight.isUnapprovedDevice", FLAG),
        "isPpsd": Bound("oversight.isPpsd", FLAG),
        "isUsExport": Bound("oversight.isUsExport", FLAG),
        "fdaaa801Violation": Bound("oversight.fdaaa801Violation", FLAG),
    }
)

_DESCRIPTION = Spread(
    {
        "briefSummary": Bound("description.briefSummary", MARKUP),
        "detailedDescription": Bound("description.detailedDescription", MARKUP),
    }
)

_CONDITIONS = Spread(
    {"conditions": _names("conditions.conditions"), "keywords": _names("conditions.keywords")}
)

_DESIGN = Spread(
    {
        "studyType": Bound("design.studyType", WORD),
        "nPtrsToThisExpAccNctId": Bound("design.expandedAccessPointers", COUNT),
        "expandedAccessTypes": Bound(
            "design.expandedAccessTypes", flags("individual", "intermediate", "treatment")
        ),
        "patientRegistry": Bound("design.patientRegistry", FLAG),
        "targetDuration": Bound("design.targetDuration", PLAIN),
        "phases": Bound("design.phases", WORDS),
        "designInfo": Spread(
            {
                "allocation": Bound("design.allocation", WORD),
                "interventionModel": Bound("design.interventionModel", WORD),
                "interventionModelDescription": Bound("design.interventionModelDescription", MARKUP),
                "primaryPurpose": Bound("design.primaryPurpose", WORD),
                "observationalModel": Bound("design.observationalModel", WORD),
                "timePerspective": Bound("design.timePerspective", WORD),
                "maskingInfo": Spread(
                    {
                        "masking": Bound("design.masking", WORD),
                        "maskingDescription": Bound("design.maskingDescription", MARKUP),
                        "whoMasked": Bound("design.whoMasked", WORDS),
                    }
                ),
            }
        ),
        "bioSpec": Bound("design.bioSpec", group(retention=WORD, description=MARKUP)),
        "enrollmentInfo": Spread(
            {"count": Bound("design.enrollmentCount", COUNT), "type": Bound("design.enrollmentType", WORD)}
        ),
    }
)

_ARMS = Spread(
    {
        "armGroups": items(
            "armsInterventions.arms", label=PLAIN, type=WORD, description=MARKUP, interventionNames=WORDS
        ),
        "interventions": items(
            "armsInterventions.interventions",
            type=WORD,
            name=PLAIN,
            description=MARKUP,
            armGroupLabels=WORDS,
            otherNames=WORDS,
        ),
    }
)

_OUTCOMES = Spread(
    {
        "primaryOutcomes": items("outcomes.primary", **_OUTCOME),
        "secondaryOutcomes": items("outcomes.secondary", **_OUTCOME),
        "otherOutcomes": items("outcomes.other", **_OUTCOME),
    }
)

_ELIGIBILITY = Spread(
    {
        "eligibilityCriteria": Bound("eligibility.criteria", Single(_criteria)),
        "healthyVolunteers": Bound("eligibility.healthyVolunteers", FLAG),
        "sex": Bound("eligibility.sex", WORD),
        "genderBased": Bound("eligibility.genderBased", FLAG),
        "genderDescription": Bound("eligibility.genderDescription", MARKUP),
        "minimumAge": Bound("eligibility.minAge", AGE),
        "maximumAge": Bound("eligibility.maxAge", AGE),
        "stdAges": Bound("eligibility.stdAges", WORDS),
        "studyPopulation": Bound("eligibility.studyPopulation", MARKUP),
        "samplingMethod": Bound("eligibility.samplingMethod", WORD),
    }
)

_CONTACTS_LOCATIONS = Spread(
    {
        "centralContacts": items(
            "contacts.central", name=PLAIN, role=WORD, phone=PLAIN, phoneExt=PLAIN, email=PLAIN
        ),
        "overallOfficials": items("contacts.officials", name=PLAIN, affiliation=PLAIN, role=WORD),
        "locations": items(
            "locations",
            ("zip",),
            facility=PLAIN,
            status=WORD,
            city=PLAIN,
            state=PLAIN,
            zip=PLAIN,
            country=COUNTRY,
            contacts=_CONTACTS,
            geoPoint=group(lat=NUMBER, lon=NUMBER),
        ),
    }
)

_REFERENCES = Spread(
    {
        "references": items(
            "references.references",
            pmid=WORD,
            type=WORD,
            citation=PLAIN,
            retractions=listed("pmid", pmid=WORD, source=PLAIN),
        ),
        "seeAlsoLinks": items("references.seeAlso", label=MARKUP, url=PLAIN),
        "availIpds": items("references.availIpds", id=PLAIN, type=PLAIN, url=PLAIN, comment=MARKUP),
    }
)

_IPD_SHARING = Spread(
    {
        "ipdSharing": Bound("ipdSharing.ipdSharing", WORD),
        "description": Bound("ipdSharing.description", MARKUP),
        "infoTypes": Bound("ipdSharing.infoTypes", WORDS),
        "timeFrame": Bound("ipdSharing.timeFrame", MARKUP),
        "accessCriteria": Bound("ipdSharing.accessCriteria", MARKUP),
        "url": Bound("ipdSharing.url", PLAIN),
    }
)

_RESULTS = "resultsSection"
_PROTOCOL = "protocolSection"

SECTIONS: Mapping[tuple[str, ...], Bound | Spread] = MappingProxyType(
    {
        (_PROTOCOL, "identificationModule"): _IDENTIFICATION,
        (_PROTOCOL, "statusModule"): _STATUS,
        (_PROTOCOL, "sponsorCollaboratorsModule"): _SPONSOR,
        (_PROTOCOL, "oversightModule"): _OVERSIGHT,
        (_PROTOCOL, "descriptionModule"): _DESCRIPTION,
        (_PROTOCOL, "conditionsModule"): _CONDITIONS,
        (_PROTOCOL, "designModule"): _DESIGN,
        (_PROTOCOL, "armsInterventionsModule"): _ARMS,
        (_PROTOCOL, "outcomesModule"): _OUTCOMES,
        (_PROTOCOL, "eligibilityModule"): _ELIGIBILITY,
        (_PROTOCOL, "contactsLocationsModule"): _CONTACTS_LOCATIONS,
        (_PROTOCOL, "referencesModule"): _REFERENCES,
        (_PROTOCOL, "ipdSharingStatementModule"): _IPD_SHARING,
        ("hasResults",): Bound("results.hasResults", TOLD_FLAG),
        (_RESULTS, "participantFlowModule"): Bound("results.participantFlow", PARTICIPANT_FLOW),
        (_RESULTS, "baselineCharacteristicsModule"): Bound("results.baselineCharacteristics", BASELINE),
        (_RESULTS, "outcomeMeasuresModule"): Spread({"outcomeMeasures": OUTCOME_MEASURES}),
        (_RESULTS, "adverseEventsModule"): Bound("results.adverseEvents", ADVERSE),
        (_RESULTS, "moreInfoModule"): Bound("results.moreInfo", MORE_INFO),
        ("documentSection",): DOCUMENTS,
        ("annotationSection",): ANNOTATION,
        ("derivedSection",): DERIVED,
    }
)
"""The parts of a record that are read as one, by their path, in the catalogue's order."""


def catalogue_field(path: str) -> str | None:
    """The catalogue field a registry path (`protocolSection.statusModule.overallStatus`) feeds.

    None for `versionHolder`, which feeds nothing; `other.<path>` for a path not in the mapping.
    """
    steps = tuple(path.split("."))
    for depth in (1, 2):
        where = SECTIONS.get(steps[:depth])
        if where is not None:
            return _feeds(where, steps[depth:], path)
    return f"other.{path}"


def _feeds(where: Bound | Spread, rest: tuple[str, ...], path: str) -> str | None:
    match where:
        case Bound(field=name, shape=shape):
            return name if _is_known(shape, rest) else f"other.{path}"
        case Spread(members=members):
            if not rest or rest[0] not in members:
                return f"other.{path}"
            inner = members[rest[0]]
            return None if inner is None else _feeds(inner, rest[1:], path)


def _is_known(shape: Shape, rest: tuple[str, ...]) -> bool:
    if not rest:
        return True
    match shape:
        case Group(parts=parts):
            return rest[0] in parts and _is_known(parts[rest[0]], rest[1:])
        case Listed(item=item):
            return _is_known(item, rest)
        case Single(members=members):
            return rest[0] in members and len(rest) == 1
        case _:
            return False
