"""The sections of a ClinicalTrials.gov v2 record beside the protocol, as data: results, documents, derived.

Measured values are strings in the registry and are compared as such; nothing is computed from them.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.core.catalogue import field
from monitor.core.leaves import COUNT, COUNTRIES, DATE, DATED, FLAG, MARKUP, PLAIN, WORD, WORDS
from monitor.core.shape import Group, Listed, Shape
from monitor.core.spread import Bound, Spread


def items(name: str, parting: tuple[str, ...] = (), /, **parts: Shape) -> Bound:
    """A collection of the catalogue, its items keyed as the catalogue says."""
    identity = field(name).identity
    keep = tuple(part for names in identity for part in names)
    return Bound(name, Listed(Group(parts, keep), identity, whole=True, parting=parting))


def listed(*identity: str, **parts: Shape) -> Listed:
    """A list inside an item or a tree."""
    return Listed(Group(parts, identity), tuple((part,) for part in identity))


def group(**parts: Shape) -> Group:
    return Group(parts)


_DENOMS = listed("units", units=PLAIN, counts=listed("groupId", groupId=WORD, value=WORD))
_GROUPS = listed("id", id=WORD, title=PLAIN, description=MARKUP)
_MEASUREMENTS = listed(
    "groupId", groupId=WORD, value=WORD, spread=WORD, lowerLimit=WORD, upperLimit=WORD, comment=MARKUP
)
_CLASSES = listed(
    "title",
    title=PLAIN,
    denoms=_DENOMS,
    categories=listed("title", title=PLAIN, measurements=_MEASUREMENTS),
)
_FLOW_STATS = listed("groupId", groupId=WORD, comment=MARKUP, numSubjects=WORD, numUnits=WORD)
_ADVERSE_EVENTS = listed(
    "organSystem",
    "term",
    term=PLAIN,
    organSystem=PLAIN,
    sourceVocabulary=PLAIN,
    assessmentType=WORD,
    notes=MARKUP,
    stats=listed("groupId", groupId=WORD, numEvents=COUNT, numAffected=COUNT, numAtRisk=COUNT),
)
_ANALYSES = listed(
    "groupDescription",
    "statisticalMethod",
    "paramType",
    paramType=WORD,
    paramValue=WORD,
    dispersionType=WORD,
    dispersionValue=WORD,
    statisticalMethod=PLAIN,
    statisticalComment=MARKUP,
    pValue=WORD,
    pValueComment=MARKUP,
    ciNumSides=WORD,
    ciPctValue=WORD,
    ciLowerLimit=WORD,
    ciUpperLimit=WORD,
    ciLowerLimitComment=MARKUP,
    ciUpperLimitComment=MARKUP,
    estimateComment=MARKUP,
    testedNonInferiority=FLAG,
    nonInferiorityType=WORD,
    nonInferiorityComment=MARKUP,
    otherAnalysisDescription=MARKUP,
    groupDescription=MARKUP,
    groupIds=WORDS,
)

PARTICIPANT_FLOW = group(
    preAssignmentDetails=MARKUP,
    recruitmentDetails=MARKUP,
    typeUnitsAnalyzed=PLAIN,
    groups=_GROUPS,
    periods=listed(
        "title",
        title=PLAIN,
        milestones=listed("type", type=PLAIN, comment=MARKUP, achievements=_FLOW_STATS),
        dropWithdraws=listed("type", type=PLAIN, comment=MARKUP, reasons=_FLOW_STATS),
    ),
)

BASELINE = group(
    populationDescription=MARKUP,
    typeUnitsAnalyzed=PLAIN,
    groups=_GROUPS,
    denoms=_DENOMS,
    measures=listed(
        "title",
        title=PLAIN,
        description=MARKUP,
        populationDescription=MARKUP,
        paramType=WORD,
        dispersionType=WORD,
        unitOfMeasure=PLAIN,
        calculatePct=FLAG,
        denomUnitsSelected=PLAIN,
        denoms=_DENOMS,
        classes=_CLASSES,
    ),
)

OUTCOME_MEASURES = items(
    "results.outcomeMeasures",
    type=WORD,
    title=PLAIN,
    description=MARKUP,
    populationDescription=MARKUP,
    reportingStatus=WORD,
    anticipatedPostingDate=DATE,
    paramType=WORD,
    dispersionType=WORD,
    unitOfMeasure=PLAIN,
    calculatePct=FLAG,
    timeFrame=PLAIN,
    typeUnitsAnalyzed=PLAIN,
    denomUnitsSelected=PLAIN,
    groups=_GROUPS,
    denoms=_DENOMS,
    classes=_CLASSES,
    analyses=_ANALYSES,
)

ADVERSE = group(
    frequencyThreshold=WORD,
    timeFrame=PLAIN,
    description=MARKUP,
    allCauseMortalityComment=MARKUP,
    eventGroups=listed(
        "id",
        id=WORD,
        title=PLAIN,
        description=MARKUP,
        deathsNumAffected=COUNT,
        deathsNumAtRisk=COUNT,
        seriousNumAffected=COUNT,
        seriousNumAtRisk=COUNT,
        otherNumAffected=COUNT,
        otherNumAtRisk=COUNT,
    ),
    seriousEvents=_ADVERSE_EVENTS,
    otherEvents=_ADVERSE_EVENTS,
)

MORE_INFO = group(
    limitationsAndCaveats=group(description=MARKUP),
    certainAgreement=group(
        piSponsorEmployee=FLAG, restrictionType=WORD, restrictiveAgreement=FLAG, otherDetails=MARKUP
    ),
    pointOfContact=group(title=PLAIN, organization=PLAIN, email=PLAIN, phone=PLAIN, phoneExt=PLAIN),
)

_MESH: Mapping[str, Shape] = {"id": WORD, "term": PLAIN}
_LEAVES = listed("id", id=WORD, name=PLAIN, asFound=PLAIN, relevance=WORD)
_BRANCHES = listed("abbrev", abbrev=WORD, name=PLAIN)

ANNOTATION = Spread(
    {
        "annotationModule": Spread(
            {
                "unpostedAnnotation": Spread(
                    {
                        "unpostedResponsibleParty": Bound("annotation.unpostedResponsibleParty", PLAIN),
                        "unpostedEvents": items(
                            "annotation.unpostedEvents", type=WORD, date=DATE, dateUnknown=FLAG
                        ),
                    }
                ),
                "violationAnnotation": Spread(
                    {
                        "violationEvents": items(
                            "annotation.violationEvents",
                            type=WORD,
                            description=PLAIN,
                            creationDate=DATE,
                            issuedDate=DATE,
                            releaseDate=DATE,
                            postedDate=DATE,
                        )
                    }
                ),
            }
        )
    }
)

DOCUMENTS = Spread(
    {
        "largeDocumentModule": Spread(
            {
                "noSap": Bound("documents.noSap", FLAG),
                "largeDocs": items(
                    "documents.largeDocs",
                    typeAbbrev=WORD,
                    hasProtocol=FLAG,
                    hasSap=FLAG,
                    hasIcf=FLAG,
                    label=PLAIN,
                    date=DATE,
                    uploadDate=WORD,
                    filename=PLAIN,
                    size=COUNT,
                ),
            }
        )
    }
)

_SUBMISSION_TRACKING = group(
    estimatedResultsFirstSubmitDate=DATE,
    firstMcpInfo=group(postDateStruct=DATED),
    submissionInfos=listed(
        "releaseDate",
        releaseDate=DATE,
        unreleaseDate=DATE,
        unreleaseDateUnknown=FLAG,
        resetDate=DATE,
        mcpReleaseN=COUNT,
    ),
)


def _browse(what: str) -> Spread:
    return Spread(
        {
            "meshes": items(f"derived.{what}Mesh", **_MESH),
            "ancestors": items(f"derived.{what}Ancestors", **_MESH),
            "browseLeaves": Bound("derived.browseLeaves", _LEAVES, under=what),
            "browseBranches": Bound("derived.browseBranches", _BRANCHES, under=what),
        }
    )


DERIVED = Spread(
    {
        "miscInfoModule": Spread(
            {
                "versionHolder": None,
                "removedCountries": Bound("derived.removedCountries", COUNTRIES),
                "submissionTracking": Bound("derived.submissionTracking", _SUBMISSION_TRACKING),
            }
        ),
        "conditionBrowseModule": _browse("condition"),
        "interventionBrowseModule": _browse("intervention"),
    }
)
