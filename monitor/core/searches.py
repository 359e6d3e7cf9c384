"""Saved searches and assets as values: what is looked for, who is in it, and how that is decided.

An asset is one thing under many names; whether a trial is about it is decided by its own record, for a search
engine also finds a name in what a trial excludes. Nothing here asks a registry or a database.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal, TypeAlias

from monitor.core.record import Json, JsonObject, Text, TrialId, TrialRecord, Value
from monitor.core.search import Search

SearchKind: TypeAlias = Literal["search", "asset", "all"]
Membership: TypeAlias = Literal["entered", "back", "left"]
"""What became of a trial in a search."""
SEARCH = "search"
"""The kind of the story of a trial that came into a search or left it."""
DISCOVERED = "M22"
"""The rule that decides that it came in."""
MOST_NAMES_AT_ONCE = 12
"""Alternatives in one question to a registry; an asset with more is asked for in several."""
SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True)
class Matched:
    """Which of an asset's names a record holds, as the user wrote it, and where."""

    name: str
    place: str

    def __str__(self) -> str:
        return f'matched "{self.name}" in {self.place}'


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A watch that holds whatever trials fit, with how far it has come."""

    name: str
    kind: SearchKind
    registry: str
    search: Search = field(default_factory=Search)
    """What else must fit; of an asset its names are asked for along with it."""
    names: tuple[str, ...] = ()
    """Of an asset: all its names, the first of them its own."""
    follow: bool = True
    """Are its trials read at every data version? Else it is only told that they are there."""
    tags: tuple[str, ...] = ()
    note: str = ""
    added_at: datetime | None = None
    begun_at: datetime | None = None
    """When its first whole run ended; None: who is found now was there before, and is no news."""
    checked_at: datetime | None = None
    data_version: str | None = None
    through: str | None = None
    problem: str = ""
    members: int = 0

    @property
    def title(self) -> str:
        """Its name for people: an asset's with its first alias."""
        return self.name


def questions(saved: SavedSearch) -> tuple[Search, ...]:
    """What is asked of the registry; a trial that fits one of them is found."""
    if saved.kind != "asset":
        return (saved.search,)
    spelled = tuple(dict.fromkeys(form for name in saved.names for form in spellings(name)))
    starts = range(0, len(spelled), MOST_NAMES_AT_ONCE)
    return tuple(replace(saved.search, names=spelled[at : at + MOST_NAMES_AT_ONCE]) for at in starts)


def to_definition(saved: SavedSearch) -> JsonObject:
    """What is looked for, as JSON; members at their defaults are left out."""
    plain: dict[str, Json] = {}
    blank = asdict(Search())
    for name, value in asdict(saved.search).items():
        if value != blank[name]:
            plain[name] = list(value) if isinstance(value, tuple) else value
    return {"search": plain, "names": list(saved.names)}


def from_definition(definition: Mapping[str, Json]) -> tuple[Search, tuple[str, ...]]:
    """The search and the names of a definition; members that this version does not know are left out."""
    held, names = definition.get("search"), definition.get("names")
    known = {one.name for one in fields(Search)}
    given = held if isinstance(held, dict) else {}
    members = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if name in known
    }
    return Search(**members), tuple(map(str, names)) if isinstance(names, list) else ()  # type: ignore[arg-type]


@lru_cache(maxsize=1024)
def spellings(name: str) -> tuple[str, ...]:
    """A name as people write it: a code with and without its hyphen (`AK104`, `AK-104`, `AK 104`)."""
    shown = " ".join(name.split())
    parts = re.findall(r"[^\W\d_]+|\d+", shown)
    code = len(parts) > 1 and len(parts) <= 4 and any(part.isdigit() for part in parts)
    simple = re.fullmatch(r"[^\W_]+(?:[-\s][^\W_]+)*", shown)
    if not (code and simple):
        return (shown,)
    joined = "".join(re.split(r"[-\s]+", shown))
    apart = re.sub(r"(?<=[^\W\d_])[-\s]?(?=\d)", "-", shown, count=1)
    return tuple(dict.fromkeys((shown, joined, apart)))


@lru_cache(maxsize=1024)
def _pattern(name: str) -> re.Pattern[str]:
    """The name as whole words, whatever the case, its parts with or without hyphen or blank between."""
    parts = re.findall(r"[^\W\d_]+|\d+|[^\w\s-]", name.casefold())
    body = r"[\s\-\u2010-\u2015_]*".join(map(re.escape, parts))
    return re.compile(rf"(?<![^\W_]){body}(?![^\W_])") if parts else re.compile(r"(?!)")


def matched(record: TrialRecord, names: Iterable[str]) -> Matched | None:
    """The first of the names that the record holds where it would be about it; None where it holds none.

    Places are looked at in the order interventions, other names, titles, arms, intervention texts, keywords.
    """
    wanted = tuple(names)
    for place, text in _places(record):
        folded = text.casefold()
        for name in wanted:
            if _pattern(name).search(folded):
                return Matched(name, place)
    return None


def _places(record: TrialRecord) -> Iterator[tuple[str, str]]:
    interventions = tuple(record.items("armsInterventions.interventions").values())
    arms = tuple(record.items("armsInterventions.arms").values())
    for place, items, part in (
        ("interventions", interventions, "name"),
        ("other names", interventions, "otherNames"),
    ):
        yield from ((place, text) for item in items for text in _texts(item.get(part)))
    for title in ("briefTitle", "officialTitle", "acronym"):
        yield from (("title", text) for text in _texts(record.get(f"identification.{title}")))
    for place, items, part in (
        ("arms", arms, "label"),
        ("arms", arms, "description"),
        ("intervention texts", interventions, "description"),
    ):
        yield from ((place, text) for item in items for text in _texts(item.get(part)))
    keywords = record.items("conditions.keywords").values()
    yield from (("keywords", text) for item in keywords for text in _texts(item.get("name")))


def _texts(value: Value | None) -> Iterator[str]:
    match value:
        case Text(shown=shown):
            yield shown
        case str():
            yield value
        case frozenset():
            yield from sorted(value)


@dataclass(frozen=True, slots=True)
class Movement:
    """Who comes into a search and who leaves it."""

    enter: tuple[TrialId, ...] = ()
    leave: tuple[TrialId, ...] = ()


def moves(
    members: Collection[TrialId], found: Collection[TrialId], refuted: Collection[TrialId] = ()
) -> Movement:
    """From who is in it, who was found, and whose own record says otherwise; `found` must be whole.

    Nobody is in both lists, and who stays is in none.
    """
    now = [trial for trial in found if trial not in refuted]
    standing = set(now)
    return Movement(
        tuple(trial for trial in dict.fromkeys(now) if trial not in members),
        tuple(sorted(trial for trial in members if trial not in standing)),
    )


def search_line(facts: Json) -> str:
    """The line of a digest's section on searches, from a change's facts: `Phase 1/2, … (matched …)`."""
    if not isinstance(facts, dict):
        return ""
    words = [str(facts.get("context") or "")]
    if facts.get("event") == "back":
        words.insert(0, "back")
    if facts.get("event") == "left":
        words = ["left"]
    matched = facts.get("matched")
    why = ""
    if isinstance(matched, dict):
        why = f" ({Matched(str(matched.get('name')), str(matched.get('place')))})"
    return ", ".join(part for part in words if part) + why
