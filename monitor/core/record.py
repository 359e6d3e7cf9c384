"""What every registry is translated into: a trial's fields in a form made for comparing.

A registry's `normalize` turns a payload into a `TrialRecord`; the diff reads nothing else. Two values are
equal here exactly where a difference would be no change (contract section 3, "Equality"): text is compared
in its canonical form and shown as the registry wrote it, sets have no order, items are found by identity.

This module knows no registry, no field names and no rules.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Container, ItemsView, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson

from monitor.core.lazy import lazy
from monitor.core.partial_date import PartialDate

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = "dict[str, Json]"


def is_same(old: Json, new: Json) -> bool:
    """Is it the same JSON, written the same way? Python's equality takes true for 1, which this does not.

    Where the answer is no, the two may still come to the same values: they have to be read.
    """
    return old == new and (type(old) is str or is_written_alike(old, new))


def is_written_alike(old: Json, new: Json) -> bool:
    """Is the text of both as JSON the same?"""
    try:
        return orjson.dumps(old) == orjson.dumps(new)
    except TypeError:  # a number or a sign that cannot be written
        return False


@dataclass(frozen=True, slots=True, order=True)
class TrialId:
    """A trial's number in one registry, e.g. `TrialId("ctgov", "NCT07263919")`, already in canonical form."""

    registry: str
    id: str

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Text:
    """A text: shown as the registry wrote it (un-escaped), compared by its canonical form."""

    shown: str = field(compare=False)
    form: str

    @classmethod
    def plain(cls, text: str) -> Text:
        """A text without markup: only white space is form (ctgov-api 4.2, "plain field")."""
        return cls(text.strip(), " ".join(text.split()))


@dataclass(frozen=True, slots=True)
class Dated:
    """A date with the registry's word for it (ESTIMATED, ACTUAL, or none)."""

    date: PartialDate
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Age:
    """An age limit: shown as written, compared by its length, so that 18 Years equals 216 Months."""

    shown: str = field(compare=False)
    days: float


@dataclass(frozen=True, slots=True)
class Named:
    """A name with variants that mean the same (a country): shown as written, compared by `form`."""

    shown: str = field(compare=False)
    form: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """A JSON value no catalogue field models (`other.…`): compared as JSON, whatever the key order."""

    json: Json = field(compare=False)
    form: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "form", json_form(self.json))


def json_form(json: Json) -> bytes:
    """How JSON of unknown meaning is compared: members in any order, and 1.0 is 1; but true is not."""
    return orjson.dumps(whole(json), option=orjson.OPT_SORT_KEYS)


def whole(json: Json) -> Json:
    """The same with its whole numbers written as such."""
    match json:
        case dict():
            return {name: whole(value) for name, value in json.items()}
        case list():
            return [whole(value) for value in json]
        case float() if json.is_integer() and abs(json) < _WHOLE:
            return int(json)
        case _:
            return json


_WHOLE = 2.0**53
"""Up to here a float holds every whole number."""

Leaf: TypeAlias = "str | int | float | bool | Text | Dated | Age | Named | Opaque | frozenset[str]"
Tree: TypeAlias = "Mapping[str, Leaf | Tree]"
"""Named parts, possibly nested; nested lists of the registry have become dicts keyed by identity."""


class Collection(Mapping[str, "Tree"]):
    """Items by key, read or yet to be read."""

    def combinations(self, *parts: str) -> Iterable[tuple[Value | None, ...]]:
        """The values of these parts that occur together in an item, each combination at least once."""
        return (tuple(map(item.get, parts)) for item in self.values())


class Items(Collection):
    """A keyed collection: sites, outcomes, arms. Equal to another where both hold the same bag of items.

    Keys are natural identities; items that share one are numbered `#2`, `#3` in the order of a digest of
    their content, so that the order in the registry's list never matters (contract section 3). `by_key` is
    taken as numbered already; `of` numbers.
    """

    __slots__ = ("_by_key", "_natural")

    def __init__(self, by_key: Mapping[str, Tree], natural: Callable[[Tree], str]) -> None:
        self._by_key = dict(by_key)
        self._natural = natural

    @classmethod
    def of(cls, items: Iterable[Tree], natural: Callable[[Tree], str]) -> Items:
        """Key `items` by `natural`, numbering those that share a key."""
        keyed = [(natural(item), item) for item in items]
        singles = dict(keyed)
        if len(singles) == len(keyed) and "" not in singles:
            return cls(singles, natural)
        groups: dict[str, list[Tree]] = {}
        for key, item in keyed:
            groups.setdefault(key, []).append(item)
        return cls(numbered(groups), natural)

    def rebuilt(self, items: Iterable[Tree]) -> Items:
        """A collection of the same kind holding `items`."""
        return Items.of(items, self._natural)

    def natural_key(self, item: Tree) -> str:
        """The identity of `item`, before numbering."""
        return self._natural(item)

    def __getitem__(self, key: str) -> Tree:
        return self._by_key[key]

    def items(self) -> ItemsView[str, Tree]:
        return self._by_key.items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_key)

    def __len__(self) -> int:
        return len(self._by_key)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Items):
            return NotImplemented
        return self._by_key == other._by_key

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Items({self._by_key!r})"


def numbered(groups: Mapping[str, Sequence[Tree]], taken: Container[str] = ()) -> dict[str, Tree]:
    """Items under unique keys: those that share one are numbered in the order of a content digest.

    Those without a key are numbered from 1. A number that would read like another item's own key, here or
    in `taken`, is passed over.
    """
    keyed: dict[str, Tree] = {}
    for key, group in groups.items():
        if key and len(group) == 1:
            keyed[key] = group[0]
            continue
        names = (f"{key}#{number}" for number in itertools.count(2 if key else 1))
        free = (name for name in names if name not in groups and name not in taken)
        for place, item in enumerate(sorted(group, key=content_digest)):
            keyed[key if key and place == 0 else next(free)] = item
    return keyed


NO_ITEMS = Items({}, lambda _: "")

Value: TypeAlias = "Leaf | Items | Tree"
Fields: TypeAlias = "Mapping[str, Value]"
"""Catalogue fields by name; absent ones are absent."""


def as_tree(parts: dict[str, Value]) -> Tree | None:
    """Parts as a tree, none where there are none."""
    return parts or None


def to_json(value: Value | None) -> Json:
    """What programs and people see of a value (contract section 2, `old` and `new`)."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Text(shown=shown) | Age(shown=shown) | Named(shown=shown):
            return shown
        case Dated(date=when, type=kind):
            return {"date": str(when)} if kind is None else {"date": str(when), "type": kind}
        case Opaque(json=json):
            return json
        case frozenset():
            return list[Json](sorted(value))
        case _:
            return {key: to_json(part) for key, part in value.items()}


def comparison_json(value: Value) -> Json:
    """The value as JSON in its comparison form: equal values give equal JSON."""
    match value:
        case Text(form=form) | Named(form=form):
            return form
        case Age(days=days):
            return days
        case bool() | int() | float() | str() | Dated() | Opaque() | frozenset():
            return to_json(value)
        case _:
            return {key: comparison_json(part) for key, part in value.items()}


def content_digest(value: Value) -> str:
    """A digest of the comparison form: a stable order for things that have none."""
    return hashlib.sha256(orjson.dumps(comparison_json(value), option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True)
class Section:
    """A part of a payload that is read as one: pruned by its raw form, normalized only when asked for."""

    raw: Json
    read: Callable[[Json], Fields]
    read_apart: Callable[[Json, Json], tuple[Fields, Fields]] | None = None
    """Reads two raw forms side by side and leaves out what is raw-equal in both, items included; what it
    leaves in has the keys and parts a full reading gives. None: such sections are read in full."""
    read_one: Callable[[Json, str], Value | None] | None = None
    """Reads one field and nothing else, of a collection only what is asked for; None: the section is read."""

    @lazy
    def fields(self) -> Fields:
        """The catalogue fields found in it; absent ones are absent."""
        return self.read(self.raw)

    def get(self, name: str) -> Value | None:
        """One field; None where it has none."""
        if self.read_one is None or "fields" in self.__dict__:
            return self.fields.get(name)
        if name not in self._ones:
            self._ones[name] = self.read_one(self.raw, name)
        return self._ones[name]

    @lazy
    def _ones(self) -> dict[str, Value | None]:
        return {}


@dataclass(frozen=True)
class TrialRecord:
    """One trial as one registry told it at one time; what is read is normalized then, once."""

    trial: TrialId
    sections: Mapping[str, Section]
    field_sections: Callable[[str], str | None]
    """Which section a field is read from, so that `get` need not read them all."""

    def get(self, name: str) -> Value | None:
        """The value of a catalogue field, or None where the record has none."""
        where = self.field_sections(name)
        if where is not None:
            section = self.sections.get(where)
            return section.get(name) if section else None
        return self.fields.get(name)

    @lazy
    def fields(self) -> Mapping[str, Value]:
        """Every field present, in the registry's order."""
        merged: dict[str, Value] = {}
        for section in self.sections.values():
            merged.update(section.fields)
        return merged

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TrialRecord):
            return NotImplemented
        return self.trial == other.trial and self.fields == other.fields

    __hash__ = None  # type: ignore[assignment]

    # Typed readings of the fields the rules ask for; a value of another kind reads as absent.

    def word(self, name: str) -> str | None:
        """An enum value or a text's shown form."""
        value = self.get(name)
        match value:
            case str():
                return value
            case Text(shown=shown) | Named(shown=shown):
                return shown
        return None

    def dated(self, name: str) -> Dated | None:
        """A date with its type."""
        value = self.get(name)
        return value if isinstance(value, Dated) else None

    def number(self, name: str) -> int | None:
        """A count."""
        value = self.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def items(self, name: str) -> Collection:
        """A keyed collection, each item perhaps read only when asked for; empty where the record has none."""
        value = self.get(name)
        return value if isinstance(value, Collection) else NO_ITEMS

    def words(self, name: str) -> frozenset[str]:
        """A set of enum values or names; empty where the record has none."""
        value = self.get(name)
        return value if isinstance(value, frozenset) else frozenset()
