"""A search of a registry, as a value: what people ask for, before any registry's grammar.

Words are words here: nobody writes operators, quotes of a grammar or escapes. A registry translates, and
refuses what it cannot ask; nothing is asked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType

from monitor.core.record import TrialId

__all__ = ["PARTS", "Matching", "Search", "SearchPage", "since"]


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: every part that is given must fit.

    The ten text fields hold words as people type them, every one of which must be found; words in double
    quotes are found side by side.
    """

    condition: str = ""
    term: str = ""
    """Anywhere in the record."""
    location: str = ""
    title: str = ""
    intervention: str = ""
    outcome: str = ""
    sponsor: str = ""
    """Lead sponsor or collaborator."""
    lead: str = ""
    """Lead sponsor only."""
    id: str = ""
    patient: str = ""
    names: tuple[str, ...] = ()
    """Any one of these, anywhere in the record, each as a phrase: an asset under all its names."""
    statuses: tuple[str, ...] = ()
    """Any one of these, in the registry's words (`RECRUITING`)."""
    near: str = ""
    """A circle in the registry's form: `distance(39.0,-77.1,50mi)`."""
    numbers: tuple[str, ...] = ()
    """Among these trials only."""
    advanced: str = ""
    """An expression in the registry's own grammar, sent as it is."""
    synonyms: tuple[str, ...] = ()
    """Pairs in the registry's form: `ConditionSearch:1651367`."""
    aggregate: tuple[str, ...] = ()
    """Filters in the registry's form: `results:with`, `sex:f`."""
    updated_from: str | None = None
    """Posted or updated on or after this day (ISO)."""
    updated_to: str | None = None
    first_posted_from: str | None = None
    first_posted_to: str | None = None
    sort: tuple[str, ...] = ()
    """At most two, in the registry's form: `LastUpdatePostDate:desc`."""


PARTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "condition": ("condition", "Condition or disease."),
        "term": ("term", "Words anywhere in the record."),
        "location": ("location", "Country, city or facility."),
        "title": ("title", "Words of the titles."),
        "intervention": ("intervention", "Intervention or treatment."),
        "outcome": ("outcome", "Words of the outcome measures."),
        "sponsor": ("sponsor", "Lead sponsor or collaborator."),
        "lead": ("lead", "Lead sponsor only."),
        "id": ("id", "Study number of any kind."),
        "patient": ("patient", "What a patient would search for."),
        "statuses": ("status", "Overall status in the registry's word; several: any of them."),
        "near": ("near", "A circle in the registry's form: distance(39.0,-77.1,50mi)."),
        "numbers": ("number", "Among these trials only."),
        "advanced": ("advanced", "An expression in the registry's own grammar, sent as it is."),
        "synonyms": ("synonym", "A pair in the registry's form: ConditionSearch:1651367."),
        "aggregate": ("filter", "A filter in the registry's form: results:with, sex:f, phase:2 3."),
        "updated_from": ("updated-from", "Posted or updated on this day (ISO) or later."),
        "updated_to": ("updated-to", "Posted or updated on this day or before."),
        "first_posted_from": ("first-posted-from", "First posted on this day or later."),
        "first_posted_to": ("first-posted-to", "First posted on this day or before."),
    }
)
"""How each part is named and explained to people; a saved search is a set, so `sort` is none of them."""


def since(search: Search, day: date) -> tuple[Search, Search]:
    """The two searches for what came since a data version's day: updated, and posted for the first time.

    Both begin one day before it, for the registry's dates have no hours; what that finds twice is one trial.
    A window that the search has of its own is kept where it is narrower.
    """
    begin = (day - timedelta(days=1)).isoformat()
    return (
        replace(search, updated_from=max(begin, search.updated_from or "")),
        replace(search, first_posted_from=max(begin, search.first_posted_from or "")),
    )


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of what was found; it may be empty and not be the last."""

    trials: tuple[TrialId, ...]
    total: int | None
    """How many trials match in all; told with the first page where it was asked for."""
    next_token: str | None
    """For the page after this one, with the same search and none other; None on the last."""


@dataclass(frozen=True, slots=True)
class Matching:
    """What a search would find: a dry run."""

    total: int
    first: tuple[TrialId, ...]
    data_version: str | None
