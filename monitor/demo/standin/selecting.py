"""Which studies a list request asks for, and in which order: queries, filters and sorting, traps included.

The traps are the registry's: a query of nothing but trial numbers makes it ignore every filter, and an option
it does not know matches nothing without a word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from monitor.core.record import Json, JsonObject
from monitor.demo.standin.data import DataVersion, canonical
from monitor.demo.standin.essie import Predicate, predicate
from monitor.demo.standin.reply import Refused
from monitor.demo.standin.schema import AREAS, ENUMS, Piece, values

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "cond": "Conditions or disease",
        "term": "Other terms",
        "locn": "Location terms",
        "titles": "Title / acronym",
        "intr": "Intervention / treatment",
        "outc": "Outcome measure",
        "spons": "Sponsor / collaborator",
        "lead": "Lead sponsor",
        "id": "Study IDs",
        "patient": "Patient search area",
    }
)
_SEPARATOR = re.compile(r"[,|]")
_GEO = re.compile(r"distance\((-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?),(\d+(?:\.\d+)?)(km|mi)?\)")
_SORT = re.compile(r"(([a-zA-Z][a-zA-Z0-9\-. ]*)|(@relevance))(:(asc|desc))?")
_SORTABLE = ("NormalizedDate", "PartialDate", "integer")
_STATUS_CODES = MappingProxyType(
    {
        "not": "NOT_YET_RECRUITING",
        "rec": "RECRUITING",
        "act": "ACTIVE_NOT_RECRUITING",
        "com": "COMPLETED",
        "ter": "TERMINATED",
        "enr": "ENROLLING_BY_INVITATION",
        "sus": "SUSPENDED",
        "wit": "WITHDRAWN",
        "unk": "UNKNOWN",
    }
)
_EARTH_KM, _MILE_KM = 6371.0, 1.609344


def selected(version: DataVersion, parameters: Mapping[str, str]) -> list[str]:
    """The numbers of the studies that fit, in no order; raises Refused."""
    pieces = {piece.name: piece for piece in version.pieces}
    tests = [*_queries(parameters, pieces), *_filters(parameters, pieces)]
    asked = numbers_in(parameters.get("filter.ids"), "filter.ids")
    for name in LABELS:
        alone = _only_numbers(parameters.get(f"query.{name}", ""))
        if alone:
            return version.selected(alone)
    chosen = version.selected(asked)
    for also in ("postFilter.ids",):
        more = numbers_in(parameters.get(also), also)
        chosen = [one for one in chosen if one in version.selected(more)]
    return [number for number in chosen if all(fits(version.studies[number]) for fits in tests)]


def numbers_in(text: str | None, name: str) -> list[str] | None:
    """The numbers of a list parameter; None where it is not given. One bad item fails the whole list."""
    if text is None:
        return None
    items = [canonical(item) for item in _SEPARATOR.split(text)]
    if None in items:
        raise Refused(400, f"Item {items.index(None) + 1} in parameter `{name}` has incorrect format")
    return [item for item in items if item is not None]


def ordered(
    version: DataVersion, numbers: Sequence[str], sort: str | None, rank: Callable[[str], bytes]
) -> list[str]:
    """The studies by `rank`, and by what `sort` names before that; those that lack a field come last."""
    found = sorted(numbers, key=rank)
    if sort is None:
        return found
    items = _SEPARATOR.split(sort)
    if len(items) > 2:
        raise Refused(400, "Parameter `sort` has incorrect format")
    for index, item in reversed(list(enumerate(items, 1))):
        told = _SORT.fullmatch(item)
        if told is None:
            raise Refused(400, f"Item {index} in parameter `sort` has incorrect format")
        if told[3]:
            continue
        piece = next((piece for piece in version.pieces if told[2] in (piece.name, piece.path)), None)
        kind = piece.type if piece else "text"
        if piece is None or kind not in _SORTABLE:
            raise Refused(400, f"Unsupported sort field type: {kind}")
        found = _sorted(version, found, piece, told[5] or ("asc" if kind == "integer" else "desc"))
    return found


def _sorted(version: DataVersion, numbers: list[str], piece: Piece, direction: str) -> list[str]:
    def first(number: str) -> Json:
        return next(values(version.studies[number], piece.steps), None)

    having = [number for number in numbers if first(number) is not None]
    lacking = [number for number in numbers if first(number) is None]
    number_like = piece.type == "integer"

    def key(number: str) -> tuple[float, str]:
        value = first(number)
        return (float(value), "") if number_like and isinstance(value, int | float) else (0.0, str(value))

    return [*sorted(having, key=key, reverse=direction == "desc"), *lacking]


def _only_numbers(text: str) -> list[str]:
    parts = text.replace(",", " ").split()
    found = [canonical(part) for part in parts]
    return [number for number in found if number is not None] if None not in found else []


def _queries(parameters: Mapping[str, str], pieces: Mapping[str, Piece]) -> Iterator[Predicate]:
    for name, label in LABELS.items():
        text = parameters.get(f"query.{name}", "").strip()
        if text:
            places = (
                None if name == "term" else tuple(pieces[piece] for piece in AREAS[name] if piece in pieces)
            )
            yield predicate(text, label, pieces, places)


def _filters(parameters: Mapping[str, str], pieces: Mapping[str, Piece]) -> Iterator[Predicate]:
    for kind in ("filter", "postFilter"):
        if statuses := parameters.get(f"{kind}.overallStatus"):
            yield _status(tuple(_SEPARATOR.split(statuses)), pieces["OverallStatus"])
        if circle := parameters.get(f"{kind}.geo"):
            yield _near(circle, f"{kind}.geo")
        if (expression := parameters.get(f"{kind}.advanced", "")).strip():
            yield predicate(expression, "advanced filter", pieces, None)
    for item in filter(None, parameters.get("aggFilters", "").split(",")):
        yield _aggregate(item, pieces)


def _status(statuses: tuple[str, ...], piece: Piece) -> Predicate:
    for status in statuses:
        if status not in ENUMS["Status"]:
            raise Refused(400, f"Invalid value in parameter `overallStatus`: `{status}`")
    return _is(piece, statuses)


def _is(piece: Piece, allowed: Sequence[Json]) -> Predicate:
    return lambda study: any(value in allowed for value in values(study, piece.steps))


def _aggregate(item: str, pieces: Mapping[str, Piece]) -> Predicate:
    name, _, told = item.partition(":")
    options = told.split()
    match name:
        case "results":
            wanted = [option == "with" for option in options if option in ("with", "without")]
            return lambda study: bool(study.get("hasResults")) in wanted
        case "status":
            return _is(pieces["OverallStatus"], [_STATUS_CODES.get(option) for option in options])
        case "sex":
            names = {"f": "FEMALE", "m": "MALE", "a": "ALL"}
            return _is(pieces["Sex"], [names.get(option) for option in options])
        case "healthy":
            return _is(pieces["HealthyVolunteers"], [True] if "y" in options else [])
        case _:
            raise Refused(501, f"this stand-in does not imitate aggFilters={item}")


def _near(circle: str, name: str) -> Predicate:
    told = _GEO.fullmatch(circle)
    if told is None:
        raise Refused(400, f"Parameter `{name}` has incorrect format")
    latitude, longitude, reach = float(told[1]), float(told[2]), float(told[3])
    reach_km = reach if told[4] == "km" else reach * _MILE_KM

    def is_near(study: JsonObject) -> bool:
        points = values(study, ("protocolSection", "contactsLocationsModule", "locations", "geoPoint"))
        return any(
            isinstance(point, dict) and _distance_km(latitude, longitude, point) <= reach_km
            for point in points
        )

    return is_near


def _distance_km(latitude: float, longitude: float, point: JsonObject) -> float:
    north, east = (math.radians(float(str(point[name]))) for name in ("lat", "lon"))
    here_north, here_east = math.radians(latitude), math.radians(longitude)
    chord = (
        math.sin((north - here_north) / 2) ** 2
        + math.cos(north) * math.cos(here_north) * math.sin((east - here_east) / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(chord)))
