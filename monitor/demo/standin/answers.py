"""What the registry answers to a request: status, headers, body. No sockets, no faults."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

import orjson

from monitor.demo.standin.data import DataVersion, canonical
from monitor.demo.standin.history import history_reply
from monitor.demo.standin.projecting import as_csv, chosen_paths, projected
from monitor.demo.standin.reply import Refused, Reply
from monitor.demo.standin.schema import enums, metadata
from monitor.demo.standin.selecting import ordered, selected

StaleTokens = Literal["refuse", "continue"]

_LONGEST_TARGET = 8190
_LARGEST_PAGE = 1000
_DEFAULT_PAGE = 10
_TOKEN = re.compile(r"([0-9a-f]{16})([0-9a-f]{8})([0-9a-f]{8})")

_QUERIES = ("cond", "term", "locn", "titles", "intr", "outc", "spons", "lead", "id", "patient")
_FILTERS = ("overallStatus", "geo", "ids", "advanced", "synonyms")
LIST_PARAMETERS = frozenset(
    {
        "format",
        "markupFormat",
        "aggFilters",
        "geoDecay",
        "fields",
        "sort",
        "countTotal",
        "pageSize",
        "pageToken",
    }
    | {f"query.{name}" for name in _QUERIES}
    | {f"{kind}.{name}" for kind in ("filter", "postFilter") for name in _FILTERS}
)
STUDY_PARAMETERS = frozenset({"format", "markupFormat", "fields"})
# What is imitated at its default only; other values are refused with 501.
IMITATED_BY_VALUE: Mapping[str, str] = {
    "markupFormat": "markdown",
    "includeIndexedOnly": "false",
    "includeHistoricOnly": "false",
    "geoDecay": "func:exp,scale:300mi,offset:0mi,decay:0.5",
}
NOT_IMITATED = frozenset({"filter.synonyms", "postFilter.synonyms"})
_METADATA = frozenset({"includeIndexedOnly", "includeHistoricOnly"})
_FORMATS = ("json", "csv")
_OTHER_ENDPOINTS = re.compile(r"/api/v2/(studies/search-areas|stats/.*)")
_TOO_LONG_PAGE = (
    "<html>\r\n<head><title>414 Request-URI Too Large</title></head>\r\n<body>\r\n"
    "<center><h1>414 Request-URI Too Large</h1></center>\r\n<hr><center>nginx</center>\r\n"
    "</body>\r\n</html>\r\n"
)


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list is to be given this time."""

    order: int
    """Differs from request to request: unsorted lists come in another order each time."""
    stale_tokens: StaleTokens = "refuse"
    """What becomes of page tokens of another data version."""
    hollow: bool = False
    """Give an empty page first, whose token leads to the right one."""


def reply(target: str, version: DataVersion, listing: Listing) -> Reply:
    """The answer to `GET target` in a data version."""
    if len(target) > _LONGEST_TARGET:
        return Reply(414, _TOO_LONG_PAGE.encode(), "text/html")
    parts = urlsplit(target)
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        return _answer(parts.path, parameters, version, listing)
    except Refused as refused:
        return refused.reply


def _answer(path: str, parameters: Mapping[str, str], version: DataVersion, listing: Listing) -> Reply:
    if path.startswith("/api/int/"):
        return history_reply(path, parameters, version)
    if path == "/api/v2/version":
        return _refusal(parameters, frozenset()) or _version(version)
    if path == "/api/v2/studies":
        return _refusal(parameters, LIST_PARAMETERS) or _studies(version, parameters, listing)
    if path == "/api/v2/studies/metadata":
        return _refusal(parameters, _METADATA) or Reply.json(orjson.dumps(metadata(version.pieces)))
    if path == "/api/v2/studies/enums":
        told = enums(version.pieces, version.enum_values)
        return _refusal(parameters, frozenset()) or Reply.json(orjson.dumps(told))
    if _OTHER_ENDPOINTS.fullmatch(path):
        return Reply.text(501, "this stand-in does not imitate this endpoint")
    study = re.fullmatch(r"/api/v2/studies/([^/]+)", path)
    if study:
        return _refusal(parameters, STUDY_PARAMETERS) or _study(version, study[1], parameters)
    return Reply(404)


def _refusal(parameters: Mapping[str, str], known: frozenset[str]) -> Reply | None:
    for name, value in parameters.items():
        if name not in known:
            return Reply.text(400, f"`{name}` is unknown parameter")
        is_odd = name in NOT_IMITATED or IMITATED_BY_VALUE.get(name, value) != value
        if is_odd or (name == "format" and value not in _FORMATS):
            return Reply.text(501, f"this stand-in does not imitate {name}={value}")
    return None


def _version(version: DataVersion) -> Reply:
    return Reply.json(orjson.dumps({"apiVersion": version.api_version, "dataTimestamp": version.stamp}))


def _study(version: DataVersion, asked: str, parameters: Mapping[str, str]) -> Reply:
    number = canonical(asked)
    if number is None:
        return Reply.text(400, "Parameter `nctId` has incorrect format")
    if number in version.studies:
        fields = parameters.get("fields")
        if parameters.get("format") == "csv":
            return Reply(200, as_csv(version, [number], fields, headed=True), "text/csv")
        return Reply.json(projected(version.served(number), chosen_paths(version, fields)))
    if number in version.aliases:  # the query is lost on the way, as on the real site
        return Reply(301, headers={"Location": f"/api/v2/studies/{version.aliases[number]}"})
    return Reply.text(404, f"NCT number {number} not found")


def _studies(version: DataVersion, parameters: Mapping[str, str], listing: Listing) -> Reply:
    chosen = selected(version, parameters)
    size = _page_size(parameters.get("pageSize", "0"))
    if size is None:
        raise Refused(400, "Parameter `pageSize` has incorrect format")
    order, offset = listing.order & 0xFFFFFFFF, 0
    is_first = "pageToken" not in parameters
    if not is_first:
        position = _position(parameters["pageToken"], version, listing.stale_tokens)
        if position is None:
            raise Refused(400, "Parameter `pageToken` has incorrect format")
        order, offset = position
    rows = ordered(version, chosen, parameters.get("sort"), lambda number: _rank(number, order))
    total = len(rows) if parameters.get("countTotal") == "true" and is_first else None
    after = offset if listing.hollow else offset + size
    token = f"{version.token_prefix}{order:08x}{after:08x}" if after < len(rows) else None
    fields = parameters.get("fields")
    if parameters.get("format") == "csv":
        told = {"x-total-count": None if total is None else str(total), "x-next-page-token": token}
        headers = {name: value for name, value in told.items() if value is not None}
        return Reply(200, as_csv(version, rows[offset:after], fields, headed=is_first), "text/csv", headers)
    paths = chosen_paths(version, fields)
    return Reply.json(_page([projected(version.served(n), paths) for n in rows[offset:after]], total, token))


def _page(studies: list[bytes], total: int | None, token: str | None) -> bytes:
    """A list response laid out as on the wire: each study on a line of its own."""
    head = b"{" if total is None else b'{"totalCount":%d,' % total
    lines = b"\n" + b",\n".join(studies) + b"\n" if studies else b"  "
    tail = b"}" if token is None else b',"nextPageToken":"%s"}' % token.encode()
    return head + b'"studies":[' + lines + b"]" + tail


def _page_size(text: str) -> int | None:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        return None
    return min(int(text) or _DEFAULT_PAGE, _LARGEST_PAGE)


def _position(token: str, version: DataVersion, stale_tokens: StaleTokens) -> tuple[int, int] | None:
    """A token holds a position and nothing of its query: used with another query it gives wrong rows."""
    found = _TOKEN.fullmatch(token)
    if not found or (found[1] != version.token_prefix and stale_tokens == "refuse"):
        return None
    return int(found[2], 16), int(found[3], 16)


def _rank(number: str, order: int) -> bytes:
    return hashlib.blake2b(f"{order}/{number}".encode(), digest_size=8).digest()
