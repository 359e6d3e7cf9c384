"""When two sites of a trial are the same site under another spelling (rules, "Pairing first").

Registries re-spell cities, sponsors fill in names late: "Local Institution - 0012", "Research Site" and
"Clinical Investigational Site" are placeholders and say nothing, so they match by zip and city; where the zip
was corrected or is missing, only if the city leaves no choice. Otherwise a facility of the same place under a
name that tells of the same house, or the same name in a place that is near or spelled alike. Nothing is
looked up: only the two lists count, and where they leave several answers, sites stay apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from rapidfuzz import fuzz

from monitor.core.countries import country
from monitor.core.facilities import Facility, facility, has_number, is_placeholder, letters, name_likeness
from monitor.core.record import Named, Text, Tree

THRESHOLD = 0.5
"""What a pair has to score at least."""
_CITY = re.compile(r"\b(?:city|shi|cedex|municipality|district|\d+)\b")
_TELLING_WORDS = 3
_TELLING_ZIP = 4
_LONG_ZIP = 5
_REGION = 2
_CROWD, _FEWEST = 30, 2
"""Of more sites than so many in one place (a real trial has up to 16 in one city), not every one is compared
with every other: there, only with those in so many of the smallest blocks it shares."""
_UNITED_STATES, _SHORT_ZIP = country("United States").form, 5
"""There the first five signs are the place, what follows is the side of a street."""
_TELLING_PARTS = ("status", "state", "zip", "contacts", "geoPoint")


class _Site(NamedTuple):
    name: Facility
    city: str
    zip: str
    country: str
    point: tuple[float, float] | None


_Block: TypeAlias = tuple[str, ...]


def candidates(olds: Sequence[Tree], news: Sequence[Tree]) -> Iterator[tuple[float, int, int]]:
    """Pairs of sites that may be the same, with how sure that is; only those that share a block."""
    befores, afters = [_site(item) for item in olds], [_site(item) for item in news]
    crowded = _crowded(afters) if len(afters) > _CROWD else frozenset()
    blocks: dict[_Block, list[int]] = {}
    for j, site in enumerate(afters):
        for block in _blocks(site, crowded):
            blocks.setdefault(block, []).append(j)
    for i, site in enumerate(befores):
        shared = [blocks[block] for block in _blocks(site, crowded) if block in blocks]
        shared = [places for places in shared if len(places) <= _CROWD]
        if site.city in crowded:
            shared = sorted(shared, key=len)[:_FEWEST]
        for j in sorted({j for places in shared for j in places}):
            score = _score(site, afters[j])
            if score > 0:
                yield score + _agreement(olds[i], news[j]), i, j


def _crowded(sites: Sequence[_Site]) -> frozenset[str]:
    sizes = Counter(site.city for site in sites)
    return frozenset(city for city, size in sizes.items() if size > _CROWD)


def alone_in_city(olds: Sequence[Tree], news: Sequence[Tree]) -> Iterator[tuple[int, int]]:
    """Of what is left: a stand-in and a site that each have no other like it in their city to pair with.

    Their zips may differ, as new codes replace old ones, but not from their first signs on.
    """
    stand_ins = [[facility(_form(item, "facility")).placeholder for item in items] for items in (olds, news)]
    if not (any(stand_ins[0]) or any(stand_ins[1])):
        return
    by_city: dict[tuple[str, str], dict[tuple[int, bool], list[int]]] = {}
    for side, items in enumerate((olds, news)):
        for place, item in enumerate(items):
            shown = _form(item, "city")
            if shown:
                inside = by_city.setdefault((_city(shown), _form(item, "country")), {})
                inside.setdefault((side, stand_ins[side][place]), []).append(place)
    for inside in by_city.values():
        for stand_in in (True, False):
            told, tells = inside.get((0, stand_in), ()), inside.get((1, not stand_in), ())
            if len(told) == len(tells) == 1:
                old, new = _site(olds[told[0]]), _site(news[tells[0]])
                if _same_region(old.zip, new.zip):
                    yield told[0], tells[0]


def _same_region(old: str, new: str) -> bool:
    return not (old and new) or old[:_REGION] == new[:_REGION]


def are_apart(old: Tree, new: Tree) -> bool:
    """Are two sites of one key two sites all the same: stand-ins without a number, at different zips?"""
    was, now = _form(old, "zip"), _form(new, "zip")
    if was == now or not (letters(was) and letters(now)) or letters(was) == letters(now):
        return False
    name = _form(new, "facility")
    return is_placeholder(name) and not has_number(name)


def _blocks(site: _Site, crowded: frozenset[str]) -> Iterator[_Block]:
    """What two sites have in common at least; in a crowded city, a telling word of the name besides."""
    name, city, code, land, point = site
    if city in crowded:
        yield from (("word", word, city, land) for word in name.telling)
    elif city:
        yield "city", city, land
    if code:
        yield "zip", code, land
    if name.letters and (name.numbered or not name.placeholder):
        yield "facility", name.letters, land
    if point is not None and not code:
        yield "point", f"{point[0]:.1f}|{point[1]:.1f}"


def _score(old: _Site, new: _Site) -> float:
    """0: not the same; else 0.5 to 0.97."""
    if old.country != new.country:
        return 0.0
    if old.name.placeholder or new.name.placeholder:
        return _stand_in_score(old, new)
    same_zip = bool(old.zip) and old.zip == new.zip
    same_city = _same_city(old, new)
    if old.name.letters == new.name.letters:
        if same_city or same_zip or _near(old, new):
            return 0.95
        return 0.55 if len(old.name.telling) >= _TELLING_WORDS else 0.0
    if not (same_city or same_zip):
        return 0.0
    exact = bool(old.zip and new.zip) and not same_zip
    alike = name_likeness(old.name, new.name, new.city, exact=exact)
    return 0.5 + 0.4 * alike if alike else 0.0


def _stand_in_score(old: _Site, new: _Site) -> float:
    """Stand-ins go by their number where both have one, else by zip and city."""
    if _two_numbers(old, new):
        return 0.97 if old.name.letters == new.name.letters else 0.0
    if old.zip != new.zip:
        return 0.7 if _mistyped(old.zip, new.zip) and _same_city(old, new) else 0.0
    if _same_city(old, new) or _near(old, new):
        return 0.8 if old.zip else 0.6 if old.name.placeholder and new.name.placeholder else 0.0
    unplaced = old.point is None or new.point is None
    return 0.55 if len(old.zip) >= _TELLING_ZIP and unplaced else 0.0


def _two_numbers(old: _Site, new: _Site) -> bool:
    return all(site.name.placeholder and site.name.numbered for site in (old, new))


def _mistyped(old: str, new: str) -> bool:
    """Is one zip the other with a sign left out, or with one wrong where those of a city do not differ?"""
    if min(len(old), len(new)) < _LONG_ZIP:
        return False
    if len(old) == len(new):
        wrong = [place for place, (was, now) in enumerate(zip(old, new, strict=True)) if was != now]
        return len(wrong) == 1 and wrong[0] < len(old) // 2
    short, long = sorted((old, new), key=len)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


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
        facility(_form(item, "facility")),
        city=_city(_form(item, "city")),
        zip=_zip(_form(item, "zip"), land := _form(item, "country")),
        country=land,
        point=_point(point) if isinstance(point, Mapping) else None,
    )


@lru_cache(maxsize=4096)
def _zip(shown: str, land: str) -> str:
    code = letters(shown).replace(" ", "")
    return code[:_SHORT_ZIP] if land == _UNITED_STATES else code


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
