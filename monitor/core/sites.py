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
from dataclasses import dataclass

from rapidfuzz import fuzz

from monitor.core.record import Named, Text, Tree

_NUMBER = r"(?:\#|no\.?|number)?[\s\-:,(]*[a-z]{0,3}\d[\w\-]*\)?"
_PLACEHOLDER = re.compile(
    rf"""^(?:
        (?:local|research|study|clinical|investigat(?:ional|ive)|trial)\s+(?:institution|site|cent(?:er|re)s?)\b.*
      | .*\binvestigational\s+sites?\b.*
      | .*\b(?:research|study|investigative|trial|clinical)\s+sites?(?:\s*{_NUMBER})?
      | .*\b(?:sites?|institution|investigator|cent(?:er|re))\s*{_NUMBER}
      | sites?
    )\s*$""",
    re.I | re.X,
)
_SPACE = re.compile(r"[\W_]+")
_COMMON = re.compile(
    r"\b(?:the|of|and|at|de|del|di|da|do|der|für|la|le|hospital|hospitals|hopital|hôpital|university|universitario|"
    r"clinic|clinical|center|centre|centro|institute|institution|medical|research|affiliated|cancer|oncology|"
    r"health|s|a|inc|llc|ltd)\b"
)


@dataclass(frozen=True, slots=True)
class _Site:
    facility: str
    telling: str
    placeholder: bool
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


def _blocks(site: _Site) -> Iterator[tuple[str, str]]:
    if site.city:
        yield "city", f"{site.city}|{site.country}"
    if site.zip:
        yield "zip", f"{site.zip}|{site.country}"
    if site.facility and not site.placeholder:
        yield "facility", f"{site.facility}|{site.country}"


def _score(old: _Site, new: _Site) -> float:
    """0: not the same; else 0.5 to 0.95."""
    if old.country != new.country:
        return 0.0
    same_city = old.city == new.city or fuzz.ratio(old.city, new.city) >= 75
    same_zip = bool(old.zip) and old.zip == new.zip
    if old.placeholder or new.placeholder:
        same_place = same_city and old.zip == new.zip
        return (0.8 if same_zip else 0.6) if same_place else 0.0
    if old.facility == new.facility:
        near = same_city or same_zip or _near(old, new)
        return 0.95 if near else 0.0
    if not (same_city or same_zip):
        return 0.0
    names = (
        max(fuzz.ratio(old.facility, new.facility), fuzz.token_set_ratio(old.facility, new.facility)) / 100
    )
    telling = fuzz.token_set_ratio(old.telling, new.telling) / 100 if old.telling and new.telling else names
    alike = min(names, telling) if not (same_city and same_zip) else max(names, telling)
    wanted = 0.5 if same_city and same_zip else 0.7
    return 0.5 + 0.4 * alike if alike >= wanted else 0.0


def _agreement(old: Tree, new: Tree) -> float:
    """A little for every other part that agrees, to tell candidates apart."""
    return sum(
        0.01 for name in ("status", "state", "zip", "contacts", "geoPoint") if old.get(name) == new.get(name)
    )


def _near(old: _Site, new: _Site) -> bool:
    if old.point is None or new.point is None:
        return False
    return abs(old.point[0] - new.point[0]) < 0.2 and abs(old.point[1] - new.point[1]) < 0.2


def _site(item: Tree) -> _Site:
    shown = _form(item, "facility")
    facility = letters(shown)
    telling = " ".join(_COMMON.sub(" ", facility).split())
    point = item.get("geoPoint")
    return _Site(
        facility=facility,
        telling=telling,
        placeholder=not shown or is_placeholder(shown),
        city=letters(_form(item, "city")),
        zip=letters(_form(item, "zip")).replace(" ", ""),
        country=_form(item, "country"),
        point=_point(point) if isinstance(point, Mapping) else None,
    )


def _point(point: Mapping[str, object]) -> tuple[float, float] | None:
    lat, lon = point.get("lat"), point.get("lon")
    return (lat, lon) if isinstance(lat, int | float) and isinstance(lon, int | float) else None


def _form(item: Tree, name: str) -> str:
    value = item.get(name)
    return value.form if isinstance(value, Text | Named) else ""


def letters(text: str) -> str:
    """A name by its letters and digits alone: no case, accents, punctuation or broken encoding."""
    return " ".join(_SPACE.split(_unaccented(_mended(text)).casefold())).strip()


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
