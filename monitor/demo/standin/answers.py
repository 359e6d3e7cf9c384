"""What the registry answers to a request: status, headers, body. No sockets, no faults."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

import orjson

from monitor.demo.standin.data import API_VERSION, DataVersion, canonical
from monitor.demo.standin.history import history_reply
from monitor.demo.standin.reply import Reply

StaleTokens = Literal["refuse", "continue"]

_LONGEST_TARGET = 8190
_LARGEST_PAGE = 1000
_DEFAULT_PAGE = 10
_SEPARATOR = re.compile(r"[,|]")
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
# What is imitated, fully or at its default only; the rest of the above is refused with 501.
IMITATED = frozenset({"filter.ids", "countTotal", "pageSize", "pageToken"})
IMITATED_BY_VALUE: Mapping[str, str] = {"format": "json", "markupFormat": "markdown"}
_OTHER_ENDPOINTS = re.compile(r"/api/v2/(studies/(metadata|search-areas|enums)|stats/.*)")
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
    if parts.path.startswith("/api/int/"):
        return history_reply(parts.path, parameters, version)
    if parts.path == "/api/v2/version":
        return _refusal(parameters, frozenset()) or _version(version)
    if parts.path == "/api/v2/studies":
        return _refusal(parameters, LIST_PARAMETERS) or _studies(version, parameters, listing)
    if _OTHER_ENDPOINTS.fullmatch(parts.path):
        return Reply.text(501, "this stand-in does not imitate this endpoint")
    study = re.fullmatch(r"/api/v2/studies/([^/]+)", parts.path)
    if study:
        return _refusal(parameters, STUDY_PARAMETERS) or _study(version, study[1])
    return Reply(404)


def _refusal(parameters: Mapping[str, str], known: frozenset[str]) -> Reply | None:
    for name, value in parameters.items():
        if name not in known:
            return Reply.text(400, f"`{name}` is unknown parameter")
        if name not in IMITATED and IMITATED_BY_VALUE.get(name) != value:
            return Reply.text(501, f"this stand-in does not imitate {name}={value}")
    return None


def _version(version: DataVersion) -> Reply:
    return Reply.json(orjson.dumps({"apiVersion": API_VERSION, "dataTimestamp": version.stamp}))


def _study(version: DataVersion, asked: str) -> Reply:
    number = canonical(asked)
    if number is None:
        return Reply.text(400, "Parameter `nctId` has incorrect format")
    if number in version.studies:
        return Reply.json(version.served(number))
    if number in version.aliases:  # the query is lost on the way, as on the real site
        return Reply(301, headers={"Location": f"/api/v2/studies/{version.aliases[number]}"})
    return Reply.text(404, f"NCT number {number} not found")


def _studies(version: DataVersion, parameters: Mapping[str, str], listing: Listing) -> Reply:
    numbers = None
    if "filter.ids" in parameters:
        items = [canonical(item) for item in _SEPARATOR.split(parameters["filter.ids"])]
        if None in items:
            return Reply.text(
                400, f"Item {items.index(None) + 1} in parameter `filter.ids` has incorrect format"
            )
        numbers = [item for item in items if item is not None]
    size = _page_size(parameters.get("pageSize", "0"))
    if size is None:
        return Reply.text(400, "Parameter `pageSize` has incorrect format")
    order, offset = listing.order & 0xFFFFFFFF, 0
    if "pageToken" in parameters:
        position = _position(parameters["pageToken"], version, listing.stale_tokens)
        if position is None:
            return Reply.text(400, "Parameter `pageToken` has incorrect format")
        order, offset = position
    chosen = sorted(version.selected(numbers), key=lambda number: _rank(number, order))
    total = len(chosen) if parameters.get("countTotal") == "true" and "pageToken" not in parameters else None
    after = offset if listing.hollow else offset + size
    token = f"{version.token_prefix}{order:08x}{after:08x}" if after < len(chosen) else None
    return Reply.json(_page([version.served(number) for number in chosen[offset:after]], total, token))


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
