"""The field catalogue as data (contract section 3): name, category, label, kind and item identity.

Names are the contract's and never change within a major version. The catalogue knows no registry: which
path of a payload a field is read from is the registry's business. It is total: `field` answers for any name,
what the catalogue does not list (`other.…`) included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

from monitor.core.criteria import Criterion, criterion_key
from monitor.core.record import Dated, Items, Named, Text, Tree, Value, to_json

Kind: TypeAlias = Literal[
    "word", "text", "dated", "count", "flag", "set", "age", "items", "tree", "other", "event"
]
"""What a value is: `items` is a keyed collection, `tree` nested named parts, `event` happens to a trial and
is in no payload."""

Category: TypeAlias = Literal[
    "status",
    "dates",
    "enrollment",
    "eligibility",
    "outcomes",
    "arms",
    "design",
    "sites",
    "sponsor",
    "results",
    "identification",
    "description",
    "references",
    "contacts",
    "documents",
    "admin",
    "registry",
]
CATEGORIES: tuple[Category, ...] = get_args(Category)

Identity: TypeAlias = "tuple[tuple[str, ...], ...]"
"""The parts that make an item's key, each with its alternatives: `(("pmid", "citation"),)`."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the catalogue."""

    name: str
    category: Category
    label: str
    """What people call it."""
    kind: Kind
    identity: Identity = ()
    """Of an item, where the field is a collection."""
    family: str = ""
    """Fields of one family exchange items: an outcome moves from secondary to primary."""
    always: bool = False
    """A flag that every record has. Of any other flag, false is the same as absent."""


def _items(name: str, category: Category, label: str, *parts: str, family: str = "") -> Field:
    identity = tuple(tuple(part.split(" or ")) for part in parts)
    return Field(name, category, label, "items", identity, family)


_FIELDS: tuple[Field, ...] = (
    Field("identification.nctId", "identification", "Registry number", "word"),
    Field("identification.aliases", "identification", "Earlier registry numbers", "set"),
    Field("identification.orgStudyId", "identification", "Sponsor's study number", "tree"),
    _items("identification.secondaryIds", "identification", "Other study numbers", "type", "id"),
    Field("identification.organization", "identification", "Organization", "tree"),
    Field("identification.briefTitle", "identification", "Title", "text"),
    Field("identification.officialTitle", "identification", "Official title", "text"),
    Field("identification.acronym", "identification", "Acronym", "text"),
    Field("status.overallStatus", "status", "Status", "word"),
    Field("status.lastKnownStatus", "status", "Last known status", "word"),
    Field("status.whyStopped", "status", "Reason for stopping", "text"),
    Field("status.delayedPosting", "status", "Delayed posting", "flag"),
    Field("status.expandedAccess", "status", "Expanded access", "tree"),
    Field("status.startDate", "dates", "Start", "dated"),
    Field("status.primaryCompletionDate", "dates", "Primary completion", "dated"),
    Field("status.completionDate", "dates", "Study completion", "dated"),
    Field("status.statusVerifiedDate", "admin", "Status verified", "dated"),
    Field("status.firstSubmitDate", "admin", "First submitted", "dated"),
    Field("status.firstSubmitQcDate", "admin", "First submitted, quality control passed", "dated"),
    Field("status.firstPostDate", "admin", "First posted", "dated"),
    Field("status.resultsWaived", "results", "Results waived", "flag"),
    Field("status.resultsFirstSubmitDate", "results", "Results first submitted", "dated"),
    Field("status.resultsFirstSubmitQcDate", "admin", "Results submitted, quality control passed", "dated"),
    Field("status.resultsFirstPostDate", "results", "Results first posted", "dated"),
    Field("status.dispFirstSubmitDate", "results", "Delay of results first certified", "dated"),
    Field("status.dispFirstSubmitQcDate", "admin", "Delay certified, quality control passed", "dated"),
    Field("status.dispFirstPostDate", "results", "Delay of results first posted", "dated"),
    Field("status.lastUpdateSubmitDate", "admin", "Last update submitted", "dated"),
    Field("status.lastUpdatePostDate", "admin", "Last update posted", "dated"),
    Field("sponsor.lead", "sponsor", "Lead sponsor", "text"),
    Field("sponsor.leadClass", "sponsor", "Lead sponsor's class", "word"),
    _items("sponsor.collaborators", "sponsor", "Collaborators", "name"),
    Field("sponsor.responsibleParty", "sponsor", "Responsible party", "tree"),
    Field("oversight.hasDmc", "design", "Data monitoring committee", "flag"),
    Field("oversight.isFdaRegulatedDrug", "design", "FDA-regulated drug", "flag"),
    Field("oversight.isFdaRegulatedDevice", "design", "FDA-regulated device", "flag"),
    Field("oversight.isUnapprovedDevice", "design", "Device not approved by the FDA", "flag"),
    Field("oversight.isPpsd", "design", "Pediatric postmarket surveillance of a device", "flag"),
    Field("oversight.isUsExport", "design", "Product exported from the United States", "flag"),
    Field("oversight.fdaaa801Violation", "results", "FDAAA 801 violation", "flag"),
    Field("description.briefSummary", "description", "Summary", "text"),
    Field("description.detailedDescription", "description", "Detailed description", "text"),
    _items("conditions.conditions", "description", "Conditions", "name"),
    _items("conditions.keywords", "description", "Keywords", "name"),
    Field("design.studyType", "design", "Study type", "word"),
    Field("design.phases", "design", "Phase", "set"),
    Field("design.allocation", "design", "Allocation", "word"),
    Field("design.interventionModel", "design", "Intervention model", "word"),
    Field("design.interventionModelDescription", "design", "Intervention model, described", "text"),
    Field("design.primaryPurpose", "design", "Primary purpose", "word"),
    Field("design.observationalModel", "design", "Observational model", "word"),
    Field("design.timePerspective", "design", "Time perspective", "word"),
    Field("design.masking", "design", "Masking", "word"),
    Field("design.maskingDescription", "design", "Masking, described", "text"),
    Field("design.whoMasked", "design", "Who is masked", "set"),
    Field("design.enrollmentCount", "enrollment", "Enrollment", "count"),
    Field("design.enrollmentType", "enrollment", "Enrollment, planned or actual", "word"),
    Field("design.patientRegistry", "design", "Patient registry", "flag"),
    Field("design.targetDuration", "design", "Follow-up of each patient", "text"),
    Field("design.expandedAccessTypes", "design", "Expanded access types", "set"),
    Field("design.expandedAccessPointers", "admin", "Records that point to this expanded access", "count"),
    Field("design.bioSpec", "design", "Biospecimens", "tree"),
    _items("armsInterventions.arms", "arms", "Arms", "label"),
    _items("armsInterventions.interventions", "arms", "Interventions", "type", "name"),
    _items("outcomes.primary", "outcomes", "Primary outcomes", "measure", family="outcomes"),
    _items("outcomes.secondary", "outcomes", "Secondary outcomes", "measure", family="outcomes"),
    _items("outcomes.other", "outcomes", "Other outcomes", "measure", family="outcomes"),
    _items("eligibility.criteria", "eligibility", "Criteria", "section", "text"),
    Field("eligibility.minAge", "eligibility", "Minimum age", "age"),
    Field("eligibility.maxAge", "eligibility", "Maximum age", "age"),
    Field("eligibility.stdAges", "eligibility", "Age groups", "set"),
    Field("eligibility.sex", "eligibility", "Sex", "word"),
    Field("eligibility.genderBased", "eligibility", "Gender-based", "flag"),
    Field("eligibility.genderDescription", "eligibility", "Gender, described", "text"),
    Field("eligibility.healthyVolunteers", "eligibility", "Healthy volunteers", "flag"),
    Field("eligibility.studyPopulation", "eligibility", "Study population", "text"),
    Field("eligibility.samplingMethod", "eligibility", "Sampling method", "word"),
    _items("contacts.central", "contacts", "Central contacts", "name", "role"),
    _items("contacts.officials", "contacts", "Officials", "name", "role"),
    _items("locations", "sites", "Sites", "facility", "city", "state", "country"),
    _items("references.references", "references", "References", "pmid or citation"),
    _items("references.seeAlso", "references", "Links", "url"),
    _items("references.availIpds", "references", "Available patient data", "id or url"),
    Field("ipdSharing.ipdSharing", "documents", "Sharing of patient data", "word"),
    Field("ipdSharing.description", "documents", "Sharing of patient data, described", "text"),
    Field("ipdSharing.infoTypes", "documents", "Shared documents", "set"),
    Field("ipdSharing.timeFrame", "documents", "Sharing, time frame", "text"),
    Field("ipdSharing.accessCriteria", "documents", "Sharing, who has access", "text"),
    Field("ipdSharing.url", "documents", "Sharing, address", "text"),
    Field("results.hasResults", "results", "Results posted", "flag", always=True),
    Field("results.participantFlow", "results", "Participant flow", "tree"),
    Field("results.baselineCharacteristics", "results", "Baseline characteristics", "tree"),
    _items("results.outcomeMeasures", "results", "Outcome measures with results", "type", "title"),
    Field("results.adverseEvents", "results", "Adverse events", "tree"),
    Field("results.moreInfo", "results", "Results, more information", "tree"),
    _items("documents.largeDocs", "documents", "Documents", "filename"),
    Field("documents.noSap", "documents", "No statistical analysis plan", "flag"),
    _items("annotation.unpostedEvents", "results", "Results submitted, not yet posted", "type", "date"),
    Field("annotation.unpostedResponsibleParty", "results", "Responsible for results not posted", "text"),
    _items("annotation.violationEvents", "results", "FDAAA 801 notices", "type", "issuedDate"),
    _items("derived.conditionMesh", "registry", "Condition terms", "id"),
    _items("derived.conditionAncestors", "registry", "Condition terms above", "id"),
    _items("derived.interventionMesh", "registry", "Intervention terms", "id"),
    _items("derived.interventionAncestors", "registry", "Intervention terms above", "id"),
    Field("derived.browseLeaves", "registry", "Browse terms", "tree"),
    Field("derived.browseBranches", "registry", "Browse branches", "tree"),
    Field("derived.removedCountries", "sites", "Removed countries", "set"),
    Field("derived.submissionTracking", "results", "Submission of results", "tree"),
    Field("registry.presence", "registry", "In the registry", "event"),
    Field("registry.alias", "registry", "Renamed to", "event"),
    Field("registry.search", "registry", "In the search", "event"),
)

CATALOGUE: Mapping[str, Field] = {entry.name: entry for entry in _FIELDS}
"""Every field by name, in the contract's order."""

_POSITION = {name: position for position, name in enumerate(CATALOGUE)}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[._]")


def field(name: str) -> Field:
    """The field of that name; for a name the catalogue does not list, one made of the name itself.

    `registry.search[name]` is `registry.search` with its own name.
    """
    known = CATALOGUE.get(name)
    if known is not None:
        return known
    if name.startswith("registry.search["):
        return Field(name, "registry", CATALOGUE["registry.search"].label, "event")
    last = name.rpartition(".")[2]
    return Field(name, "registry", _HUMP.sub(" ", last).strip().capitalize() or name, "other")


def position(name: str) -> tuple[int, str]:
    """Where a field stands in the contract's order; unlisted ones come last, by name."""
    return _POSITION.get(name, len(_POSITION)), name


@lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """Case-folded, white space collapsed: how texts enter keys (contract section 3)."""
    return " ".join(text.split()).casefold()


def identity_key(identity: Identity, item: Tree) -> str:
    """An item's natural key: the identity's parts joined by `|`, an absent part empty."""
    parts = []
    for names in identity:
        for name in names:
            value = item.get(name)
            if value is not None:
                parts.append(fold(_form(value)))
                break
        else:
            parts.append("")
    return "|".join(parts)


def natural_key(name: str) -> Callable[[Tree], str]:
    """How the items of a collection are keyed, before those that share a key are numbered."""
    if name == "eligibility.criteria":
        return _criterion_key
    identity = field(name).identity
    return lambda item: identity_key(identity, item)


def _form(value: Value) -> str:
    if isinstance(value, Text):
        return value.form
    if isinstance(value, str):
        return value
    match value:
        case Named(form=form):
            return form
        case Dated(date=when):
            return str(when)
        case frozenset():
            return ", ".join(sorted(value))
        case _:
            return str(to_json(value))


def _criterion_key(item: Tree) -> str:
    section, text = item.get("section"), item.get("text")
    assert isinstance(text, Text)
    match section:
        case "inclusion" | "exclusion":
            return criterion_key(Criterion(section, text))
        case _:
            return criterion_key(Criterion("", text))


NATURAL: Mapping[str, Callable[[Tree], str]] = {
    entry.name: natural_key(entry.name) for entry in _FIELDS if entry.kind == "items"
}


def collection(name: str, items: list[Tree]) -> Items:
    """The items of a field, keyed as the catalogue says."""
    return Items.of(items, NATURAL.get(name) or natural_key(name))
