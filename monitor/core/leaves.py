"""Leaves: how a JSON value without catalogue parts is read, and what is said when it has the wrong type.

A leaf is total over its own type: an empty value is absent, false is absent where a flag is meant, a date or
an age that cannot be read stays as plain text. A value of another JSON type raises `ShapeError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from monitor.core.canonical import markup, plain
from monitor.core.catalogue import fold
from monitor.core.countries import canonical_country, country
from monitor.core.hypertext import without_entities
from monitor.core.partial_date import PartialDate
from monitor.core.record import Age, Dated, Json, Text, Value

Stranger: TypeAlias = "tuple[tuple[str, ...], tuple[str, ...], Json]"
"""A member nobody knows: its path in the registry's tree, the keys of the list items on the way, itself."""

_AGE = re.compile(r"^(\d+(?:\.\d+)?)\s*(year|month|week|day|hour|minute)s?$", re.I)
_PER_DAY = {"hour": 24, "minute": 1440}
_DAYS = {"year": 365.25, "month": 30.4375, "week": 7, "day": 1}


class ShapeError(Exception):
    """A member is not of the type its shape reads; `path` leads to it, innermost last."""

    def __init__(self, expected: str, found: Json) -> None:
        super().__init__(f"expected {expected}, found {json_type(found)}")
        self.path: list[str] = []

    def under(self, name: str | int) -> ShapeError:
        """The same error, seen from one level further out."""
        self.path.insert(0, str(name))
        return self

    @property
    def pointer(self) -> str:
        """RFC 6901."""
        return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in self.path)


def json_type(value: Json) -> str:
    """The JSON name of a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict():
            return "an object"


@dataclass(slots=True)
class Reading:
    """Notes taken while reading: whether a member came up that no shape knows."""

    strange: bool = False


@dataclass(frozen=True, slots=True)
class Single:
    """A value without parts; `convert` raises ShapeError on a wrong type and gives None for an empty one."""

    convert: Callable[[Json], Value | None]
    form: Callable[[str], str] = fold
    """How a string of it enters a key, short of reading it."""
    members: frozenset[str] = frozenset()
    """Where the registry wraps the value in an object, the members that are read."""

    def read(self, raw: Json, notes: Reading) -> Value | None:
        if self.members and isinstance(raw, dict) and not raw.keys() <= self.members:
            notes.strange = True
        return self.convert(raw)

    def read_apart(self, old: Json, new: Json, notes: Reading) -> tuple[Value | None, Value | None]:
        return self.read(old, notes), self.read(new, notes)

    def strangers(self, raw: Json) -> Iterator[Stranger]:
        if self.members and isinstance(raw, dict):
            for name in raw.keys() - self.members:
                yield (name,), (), raw[name]


def _string(raw: Json) -> str:
    if not isinstance(raw, str):
        raise ShapeError("a string", raw)
    return raw


def _word(raw: Json) -> str | None:
    return " ".join(_string(raw).split()) or None


def _plain(raw: Json) -> Text | None:
    if not isinstance(raw, str):
        raise ShapeError("a string", raw)
    text = _plain_name(raw) if len(raw) <= _NAME_LENGTH else plain(raw)
    return text if text.form else None


_NAME_LENGTH = 120
"""Texts up to so many characters are mostly names, of cities and units: read once, met again and again."""
_plain_name = lru_cache(maxsize=16384)(plain)


def _markup(raw: Json) -> Text | None:
    text = markup(_string(raw))
    return text if text.form else None


def _flag(raw: Json) -> bool | None:
    if not isinstance(raw, bool):
        raise ShapeError("a boolean", raw)
    return raw or None


def _told_flag(raw: Json) -> bool:
    if not isinstance(raw, bool):
        raise ShapeError("a boolean", raw)
    return raw


def _count(raw: Json) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise ShapeError("a whole number", raw)
    return raw


def _number(raw: Json) -> int | float:
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        raise ShapeError("a number", raw)
    return raw


def _date(raw: Json) -> Dated | Text | None:
    return _read_date(_string(raw))


@lru_cache(maxsize=4096)
def _read_date(text: str) -> Dated | Text | None:
    try:
        return Dated(PartialDate.parse(text.strip()))
    except ValueError:
        said = Text.plain(text)
        return said if said.form else None


def _date_struct(raw: Json) -> Dated | Text | None:
    if not isinstance(raw, dict):
        raise ShapeError("an object", raw)
    said = {}
    for name in ("date", "type"):
        member = raw.get(name)
        try:
            said[name] = "" if member is None else " ".join(_string(member).split())
        except ShapeError as error:
            raise error.under(name) from None
    kind = said["type"] or None
    read = _read_date(said["date"])
    if isinstance(read, Dated):
        return Dated(read.date, kind)
    text = " ".join(filter(None, (said["date"], kind)))
    return Text.plain(text) if text else None


def _age(raw: Json) -> Age | Text | None:
    return _read_age(_string(raw))


@lru_cache(maxsize=1024)
def _read_age(text: str) -> Age | Text | None:
    shown = " ".join(text.split())
    found = _AGE.match(shown)
    if not found:
        return Text.plain(text) if shown else None
    amount, unit = float(found[1]), found[2].lower()
    return Age(shown, amount / _PER_DAY[unit] if unit in _PER_DAY else amount * _DAYS[unit])


def _country(raw: Json) -> Value | None:
    name = country(_string(raw))
    return name if name.form else None


def _set(raw: Json, member: Callable[[str], str]) -> frozenset[str] | None:
    if not isinstance(raw, list):
        raise ShapeError("an array", raw)
    for index, item in enumerate(raw):
        if not isinstance(item, str):
            raise ShapeError("a string", item).under(index)
    return frozenset(filter(None, (member(_string(item)) for item in raw))) or None


def _collapsed(text: str) -> str:
    return " ".join(without_entities(text).split())


def _folded(text: str) -> str:
    return fold(without_entities(text))


@lru_cache(maxsize=1024)
def _folded_markup(text: str) -> str:
    return fold(markup(text).form)


def _folded_country(text: str) -> str:
    return canonical_country(text).casefold()


def flags(*members: str) -> Single:
    """An object of flags, read as the set of those that are set."""

    def convert(raw: Json) -> frozenset[str] | None:
        if not isinstance(raw, dict):
            raise ShapeError("an object", raw)
        told = set()
        for name in members:
            try:
                if raw.get(name) is not None and _told_flag(raw[name]):
                    told.add(name)
            except ShapeError as error:
                raise error.under(name) from None
        return frozenset(told) or None

    return Single(convert, members=frozenset(members))


WORD = Single(_word)
"""An enumeration value, an id, a number given as a string."""
PLAIN = Single(_plain, form=_folded)
"""Text without markup."""
MARKUP = Single(_markup, form=_folded_markup)
"""Text with markup."""
FLAG = Single(_flag)
"""A boolean of which false says no more than absent."""
TOLD_FLAG = Single(_told_flag)
"""A boolean of which false is an answer."""
COUNT = Single(_count)
NUMBER = Single(_number)
DATE = Single(_date)
"""A date given as a string."""
DATED = Single(_date_struct, members=frozenset({"date", "type"}))
"""A date given as an object with the registry's word for it."""
AGE = Single(_age)
COUNTRY = Single(_country, form=_folded_country)
WORDS = Single(lambda raw: _set(raw, _collapsed))
"""A list without order."""
COUNTRIES = Single(lambda raw: _set(raw, canonical_country))
