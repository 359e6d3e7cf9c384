"""What makes two items of a collection the same thing under another key: as data, by collection.

How likeness is worked out from it is for `likeness`; sites have rules of their own in `sites`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Kind:
    """What makes two items of a collection the same thing under another key."""

    weights: Mapping[str, float]
    """Parts compared as text, the first one foremost."""
    threshold: float
    same: tuple[tuple[str, ...], ...] = ()
    """Parts that settle it where they are present and equal."""
    told_apart: bool = False
    """Whether marks of the first part ("Cohort 2", "Part B") tell items apart."""
    substance: bool = False
    """Whether a word of substance that each has for itself ("lipids", "metabolites") speaks against."""
    also: str = ""
    """A part with further names: to be among them is to be called so."""
    speaks: Literal["words", "house", "number"] = "words"
    """What the first part is: words, the name of a house (see `facilities`), or a number with its digits."""
    apart: str = ""
    """A part that both may have and that then must not differ, nor may the DOIs of the first part."""
    limited: bool = False
    """Whether to limit the same terms, and say little else, makes two texts one (see `limits`)."""
    endpoint: bool = False
    """Whether the first part names an endpoint, abbreviated or not, whoever assesses it (see `endpoints`)."""
    agree: str = ""
    """A part whose disagreement speaks against being the same."""


_OUTCOME = Kind(
    {"measure": 0.6, "description": 0.3, "timeFrame": 0.1},
    0.6,
    told_apart=True,
    substance=True,
    endpoint=True,
)
_MESH = Kind({}, 1.0, same=(("term",),))

KINDS: Mapping[str, Kind] = {
    "identification.secondaryIds": Kind({"id": 1.0}, 0.85, same=(("id",),), speaks="number"),
    "sponsor.collaborators": Kind({"name": 1.0}, 0.75, speaks="house"),
    "conditions.conditions": Kind({"name": 1.0}, 0.75, told_apart=True, substance=True),
    "conditions.keywords": Kind({"name": 1.0}, 0.75, told_apart=True),
    "armsInterventions.arms": Kind(
        {"label": 0.5, "description": 0.35, "interventionNames": 0.15}, 0.6, told_apart=True, agree="type"
    ),
    "armsInterventions.interventions": Kind(
        {"name": 0.6, "description": 0.25, "otherNames": 0.15},
        0.6,
        same=(("name",),),
        told_apart=True,
        substance=True,
        also="otherNames",
    ),
    "outcomes.primary": _OUTCOME,
    "outcomes.secondary": _OUTCOME,
    "outcomes.other": _OUTCOME,
    "eligibility.criteria": Kind({"text": 1.0}, 0.55, same=(("text",),), limited=True, agree="section"),
    "contacts.central": Kind({"name": 1.0}, 0.8, same=(("email",), ("name",))),
    "contacts.officials": Kind({"name": 1.0}, 0.8, same=(("name",),)),
    "references.references": Kind({"citation": 1.0}, 0.75, same=(("pmid",), ("citation",)), apart="pmid"),
    "references.seeAlso": Kind({"url": 0.8, "label": 0.2}, 0.75),
    "references.availIpds": Kind({"url": 0.6, "id": 0.4}, 0.8, same=(("url",), ("id",))),
    "results.outcomeMeasures": Kind(
        {"title": 0.6, "description": 0.3, "timeFrame": 0.1},
        0.6,
        same=(("title",),),
        told_apart=True,
        substance=True,
        endpoint=True,
    ),
    "documents.largeDocs": Kind({"filename": 1.0}, 0.95, same=(("typeAbbrev", "label"),)),
    "annotation.violationEvents": Kind({"description": 1.0}, 0.8),
    "derived.conditionMesh": _MESH,
    "derived.conditionAncestors": _MESH,
    "derived.interventionMesh": _MESH,
    "derived.interventionAncestors": _MESH,
}

_GROUPS = Kind({"title": 0.7, "description": 0.3}, 0.7, same=(("title",),), told_apart=True, substance=True)
_TITLED = Kind({"title": 1.0}, 0.75, told_apart=True, substance=True)
_TYPED = Kind({"type": 1.0}, 0.75, told_apart=True, substance=True)
_EVENTS = Kind({"term": 1.0}, 0.9, same=(("term",),), told_apart=True, substance=True)

KINDS_INSIDE: Mapping[str, Kind] = {
    "groups": _GROUPS,
    "eventGroups": _GROUPS,
    "periods": _TITLED,
    "milestones": _TYPED,
    "dropWithdraws": _TYPED,
    "measures": Kind(
        {"title": 0.7, "description": 0.2, "unitOfMeasure": 0.1}, 0.7, told_apart=True, substance=True
    ),
    "classes": _TITLED,
    "categories": _TITLED,
    "denoms": Kind({"units": 1.0}, 0.8),
    "seriousEvents": _EVENTS,
    "otherEvents": _EVENTS,
    "analyses": Kind(
        {"groupDescription": 0.5, "statisticalMethod": 0.3, "paramType": 0.2}, 0.7, agree="groupIds"
    ),
}
"""The same for lists inside items and trees, by the list's own name; other lists pair by key alone."""
