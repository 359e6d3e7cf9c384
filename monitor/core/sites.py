"""When two sites of a trial are the same site under another spelling (rules, "Pairing first").

Registries re-spell cities, sponsors fill in names late: "Local Institution - 0012", "Research Site" and
"Clinical Investigational Site" are placeholders and say nothing, so they match by zip and city. Otherwise a
facility of the same place with a similar name, or the same name in a place that is near or spelled alike.
Nothing is looked up: only the two lists count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import fuzz

from monitor.core.record import Named, Text, Tree

_NUMBER = r"(?:\W*(?:number|no)?\W*[a-z]{0,4}[\w\-]*\d[\w\-]*)"
_PREFIX = r"(?:[\w&.'\-]+\s+){0,2}?"
_PLACEHOLDER = re.compile(
    rf"""^(?:
        {_PREFIX}(?:investigat(?:ional|ive|or)|research|study|clinical|trial)\s+sites?{_NUMBER}?
      | (?:local|investigat(?:ional|ive)|research|study)\s+(?:institution|cent(?:er|re)|facility){_NUMBER}?
      | {_PREFIX}(?:sites?|institution|investigator|facility){_NUMBER}
      | [a-z]{{0,4}}[\s\-]?\d[\d\-]*
      | sites?
      | for\s+additional\s+information\b.*
    )[\s.)]*$""",
    re.I | re.X,
)
_DIGIT = re.compile(r"\d")
_SPACE = re.compile(r"[\W_]+")
_COMMON = re.compile(
    r"\b(?:the|of|and|at|de|del|di|da|do|der|für|la|le|hospital|hospitals|hopital|hôpital|university|universitario|"
    r"clinic|clinical|center|centre|centro|institute|institution|medical|research|affiliated|cancer|oncology|"
    r"health|s|a|inc|llc|ltd)\b"
)


THRESHOLD = 0.5
"""What a pair has to score at least."""
_CITY = re.compile(r"\b(?:city|shi|cedex|municipality|district|\d+)\b")
_TELLING_WORDS = 3
_TELLING_ZIP = 4
_TELLING_PARTS = ("status", "state", "zip", "contacts", "geoPoint")


class _Facility(NamedTuple):
    letters: str
    telling: str
    """Its letters without the words that most facilities have."""
    placeholder: bool
    numbered: bool


class _Site(NamedTuple):
    facility: str
    telling: str
    placeholder: bool
    numbered: bool
    city: str
    zip: str
    country: str
    point: tuple[float, float] | None


def candidates(olds: Sequence[Tree], news: Sequence[Tree]) -> Iterator[tuple[float, int, int]]:
    """Pairs of sites that may be the same, with how sure that is; only those that share a block."""
    befores, afters = [_site(item) for item in olds], [_site(item) for item in news]
    blocks: dict[tuple[str, str], list[int]] = {}
    for j, site in enumerate(afters):
        for block in _blocks(site):
            blocks.setdefault(block, []).append(j)
    for i, site in enumerate(befores):
        near = {j for block in _blocks(site) for j in blocks.get(block, ())}
        for j in sorted(near):
            score = _score(site, afters[j])
            if score > 0:
                yield score + _agreement(olds[i], news[j]), i, j


def is_placeholder(facility: str) -> bool:
    """Is it no name but a stand-in for one?"""
    return bool(_PLACEHOLDER.match(facility))


def are_apart(old: Tree, new: Tree) -> bool:
    """Are two sites of one key two sites all the same: stand-ins without a number, at different zips?"""
    facility = _form(new, "facility")
    zips = [letters(_form(item, "zip")) for item in (old, new)]
    return all(zips) and zips[0] != zips[1] and is_placeholder(facility) and not _DIGIT.search(facility)


def _blocks(site: _Site) -> Iterator[tuple[str, str]]:
    if site.city:
        yield "city", f"{site.city}|{site.country}"
    if site.zip:
        yield "zip", f"{site.zip}|{site.country}"
    if site.facility and (site.numbered or not site.placeholder):
        yield "facility", f"{site.facility}|{site.country}"
    if site.point is not None and not site.zip:
        yield "point", f"{site.point[0]:.1f}|{site.point[1]:.1f}"


def _score(old: _Site, new: _Site) -> float:
    """0: not the same; else 0.5 to 0.97."""
    if old.country != new.country:
        return 0.0
    if old.placeholder or new.placeholder:
        return _stand_in_score(old, new)
    same_zip = bool(old.zip) and old.zip == new.zip
    same_city = _same_city(old, new)
    if old.facility == new.facility:
        if same_city or same_zip or _near(old, new):
            return 0.95
        return 0.55 if len(old.telling.split()) >= _TELLING_WORDS else 0.0
    if not (same_city or same_zip):
        return 0.0
    alike, wanted = _name_likeness(old, new, same_place=same_city and same_zip)
    return 0.5 + 0.4 * alike if alike >= wanted else 0.0


def _stand_in_score(old: _Site, new: _Site) -> float:
    """Stand-ins go by their number where both have one, else by zip and city."""
    if old.placeholder and new.placeholder and old.numbered and new.numbered:
        return 0.97 if old.facility == new.facility else 0.0
    if old.zip != new.zip:
        return 0.0
    if _same_city(old, new) or _near(old, new):
        return 0.8 if old.zip else 0.6
    unplaced = old.point is None or new.point is None
    return 0.55 if len(old.zip) >= _TELLING_ZIP and unplaced else 0.0


def _name_likeness(old: _Site, new: _Site, *, same_place: bool) -> tuple[float, float]:
    """How alike two names are, and how alike they have to be, by what is known of the place."""
    if old.zip and new.zip and old.zip != new.zip:
        return fuzz.token_sort_ratio(old.facility, new.facility) / 100, 0.85
    names = _alike(old.facility, new.facility)
    telling = _alike(old.telling, new.telling) if old.telling and new.telling else names
    return (max(names, telling), 0.5) if same_place else (min(names, telling), 0.7)


def _alike(old: str, new: str) -> float:
    return max(fuzz.ratio(old, new), fuzz.token_set_ratio(old, new)) / 100


def _same_city(old: _Site, new: _Site) -> bool:
    return old.city == new.city or fuzz.ratio(old.city, new.city) >= 75


def _agreement(old: Tree, new: Tree) -> float:
    """A little for every other part that agrees, to tell candidates apart."""
    return sum([0.01 for name in _TELLING_PARTS if old.get(name) == new.get(name)])


def _near(old: _Site, new: _Site) -> bool:
    if old.point is None or new.point is None:
        return False
    return abs(old.point[0] - new.point[0]) < 0.2 and abs(old.point[1] - new.point[1]) < 0.2


def _site(item: Tree) -> _Site:
    point = item.get("geoPoint")
    return _Site(
        *_facility(_form(item, "facility")),
        city=_city(_form(item, "city")),
        zip=letters(_form(item, "zip")).replace(" ", ""),
        country=_form(item, "country"),
        point=_point(point) if isinstance(point, Mapping) else None,
    )


@lru_cache(maxsize=4096)
def _facility(shown: str) -> _Facility:
    plain = letters(shown)
    return _Facility(
        letters=plain,
        telling=" ".join(_COMMON.sub(" ", plain).split()),
        placeholder=not shown or is_placeholder(shown),
        numbered=bool(_DIGIT.search(shown)),
    )


@lru_cache(maxsize=4096)
def _city(shown: str) -> str:
    plain = letters(shown)
    return _CITY.sub(" ", plain).strip() or plain


def _point(point: Mapping[str, object]) -> tuple[float, float] | None:
    lat, lon = point.get("lat"), point.get("lon")
    return (lat, lon) if isinstance(lat, int | float) and isinstance(lon, int | float) else None


def _form(item: Tree, name: str) -> str:
    value = item.get(name)
    return value.form if isinstance(value, (Text, Named)) else ""


@lru_cache(maxsize=4096)
def letters(text: str) -> str:
    """A name by its letters and digits alone: no case, accents, punctuation or broken encoding."""
    return _SPACE.sub(" ", _unaccented(_mended(text)).casefold()).strip()


def _mended(text: str) -> str:
    """UTF-8 once read as Latin-1 or Windows-1252, put right."""
    if text.isascii():
        return text
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
    return text


def _unaccented(text: str) -> str:
    if text.isascii():
        return text
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
