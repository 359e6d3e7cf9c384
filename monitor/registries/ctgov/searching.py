"""Searches of ClinicalTrials.gov, asked for: what is sent, what may be believed of the pages that come.

Numbers only are asked for: records are read by `fetch`, as all others are. No parameter is sent that the
registry would silently ignore, and a list is whole or is not given at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import quote

import msgspec

from monitor.core.record import TrialId
from monitor.core.search import Matching, Search, SearchPage
from monitor.errors import RegistryUnavailableError
from monitor.registries import Probe
from monitor.registries.ctgov import essie
from monitor.registries.ctgov.asking import Asking, unexpected
from monitor.registries.ctgov.essie import refused
from monitor.registries.ctgov.numbers import NAME, canonical_number

LARGEST_PAGE = 1000
"""The registry makes more into this silently."""
MOST_NUMBERS = 500
MOST_NAMES = 12
"""Twelve alternatives are answered, fourteen are `Too complicated query`."""
_LONGEST_ADDRESS = 7800
_RESTARTS = 3
_MOST_EMPTY = 20
_QUERIES: Mapping[str, str] = MappingProxyType(
    {
        "condition": "cond",
        "term": "term",
        "location": "locn",
        "title": "titles",
        "intervention": "intr",
        "outcome": "outc",
        "sponsor": "spons",
        "lead": "lead",
        "id": "id",
        "patient": "patient",
    }
)
_NUMBERS_MEAN = ("term", "id")
"""Where trial numbers are a sensible thing to type."""
_STATUS = re.compile(r"[A-Z_]+")
_NEAR = re.compile(r"distance\(-?\d+(?:\.\d+)?,-?\d+(?:\.\d+)?,\d+(?:\.\d+)?(?:km|mi)?\)")
_SYNONYM = re.compile(r"[A-Za-z]+:\w+")
_AGGREGATE = re.compile(r"[A-Za-z]+:[\w ]+")
_SORT = re.compile(r"(?:[A-Za-z][A-Za-z0-9\-. ]*|@relevance)(?::(?:asc|desc))?")
# An option the registry does not know matches nothing, and it does not say so.
_OPTIONS = "not rec act com ter enr sus wit unk ava nla tna afm"
_STATUS_OPTIONS = frozenset(_OPTIONS.split())


class _Identification(msgspec.Struct, rename="camel"):
    nct_id: str


class _Protocol(msgspec.Struct, rename="camel"):
    identification_module: _Identification


class _Row(msgspec.Struct, rename="camel"):
    protocol_section: _Protocol


class _Rows(msgspec.Struct, rename="camel"):
    studies: list[_Row]
    total_count: int | None = None
    next_page_token: str | None = None


def parameters(search: Search) -> dict[str, str]:
    """The query parameters of a search, unencoded, in the registry's order.

    Raises SearchRefusedError for what cannot be asked, and for a search that would match everything.
    """
    found: dict[str, str] = {}
    numbers = _numbers(search.numbers)
    for name, parameter in _QUERIES.items():
        text = str(getattr(search, name))
        if not text.strip():
            continue
        named = essie.only_numbers(text)
        if named is None:
            found[f"query.{parameter}"] = essie.words(text)
        elif name in _NUMBERS_MEAN:
            numbers = named if numbers is None else tuple(one for one in numbers if one in named)
        else:
            raise refused(f"{text!r} is only trial numbers: search for them as numbers", parameter=name)
    if len(search.names) > MOST_NAMES:
        raise refused(
            f"{len(search.names)} names are too many for one search, {MOST_NAMES} fit", parameter="names"
        )
    if search.names:
        names = essie.any_of(essie.phrase(name) for name in search.names)
        found["query.term"] = f"{found['query.term']} AND {names}" if "query.term" in found else names
    found |= _filters(search, numbers)
    if not found:
        raise refused("nothing to search for: this would be every trial there is")
    if search.sort:
        found["sort"] = _listed(search.sort, _SORT, "sort", most=2)
    return found


class Searches:
    """Searches at `api`; `probe` tells the data version that a list belongs to."""

    def __init__(self, api: str, asking: Asking, probe: Callable[[Probe | None], Probe]) -> None:
        self._api = api
        self._asking = asking
        self._probe = probe

    def page(
        self, search: Search, token: str | None = None, *, size: int = LARGEST_PAGE, count: bool = False
    ) -> SearchPage:
        """One page, of at most `size` trials; the token must be of this search.

        Raises SearchRefusedError, and RegistryUnavailableError where a later page is refused.
        """
        if not 1 <= size <= LARGEST_PAGE:
            raise ValueError(f"a page holds 1 to {LARGEST_PAGE} trials, not {size}")
        asked = parameters(search) | {"fields": "NCTId", "pageSize": str(size)}
        if count:
            asked["countTotal"] = "true"
        url = f"{self._api}/studies?" + "&".join(f"{name}={_quoted(value)}" for name, value in asked.items())
        if token is not None:
            url += f"&pageToken={quote(token, safe='')}"
        if len(url) > _LONGEST_ADDRESS:
            raise refused(f"the search is too long to be sent ({len(url)} characters)")
        answer, rows = self._asking.read(url, _Rows)
        if rows is None:
            if answer.status == 400 and token is None:
                raise refused(f"the registry refuses the search: {answer.excerpt()}")
            raise unexpected(answer)
        return SearchPage(tuple(_trial(row) for row in rows.studies), rows.total_count, rows.next_page_token)

    def matching(self, search: Search, *, first: int = 5) -> Matching:
        """How many trials fit, and some of them: two requests, whatever the number."""
        data_version = self._probe(None).data_version
        page = self.page(search, size=first, count=True)
        if page.total is None:
            raise RegistryUnavailableError(
                f"{NAME}: a list came without its total", registry=NAME, broken=True
            )
        return Matching(page.total, page.trials[:first], data_version)

    def found(self, search: Search) -> tuple[TrialId, ...]:
        """Every trial that fits, once each, all of one data version: begun again where that moves on the way.

        Raises RegistryUnavailableError where it moved each time.
        """
        for _ in range(_RESTARTS):
            before = self._probe(None)
            trials = self._all_pages(search)
            after = self._probe(before)
            if trials is not None and after.data_version == before.data_version:
                return trials
        raise RegistryUnavailableError(
            f"{NAME}: the data version moved, or a list broke off, {_RESTARTS} times while it was read",
            registry=NAME,
            broken=True,
        )

    def _all_pages(self, search: Search) -> tuple[TrialId, ...] | None:
        """All pages of one list; None where a later one was refused, as page tokens are after a refresh."""
        trials: dict[TrialId, None] = {}
        token, seen, empty = None, set[str](), 0
        while True:
            try:
                page = self.page(search, token)
            except RegistryUnavailableError as error:
                if token is None or not error.broken:
                    raise
                return None
            trials |= dict.fromkeys(page.trials)
            empty = 0 if page.trials else empty + 1
            token = page.next_token
            if not token:
                return tuple(trials)
            if token in seen or empty > _MOST_EMPTY:
                return None
            seen.add(token)


def _filters(search: Search, numbers: tuple[str, ...] | None) -> dict[str, str]:
    found = {}
    if search.statuses:
        found["filter.overallStatus"] = _listed(search.statuses, _STATUS, "statuses")
    if search.near:
        found["filter.geo"] = _listed((search.near,), _NEAR, "near")
    if numbers is not None:
        if not numbers:
            raise refused("no trial number is in all the lists of numbers given", parameter="numbers")
        if len(numbers) > MOST_NUMBERS:
            raise refused(f"{len(numbers)} trial numbers are too many for one search", parameter="numbers")
        found["filter.ids"] = ",".join(numbers)
    if expression := _advanced(search):
        found["filter.advanced"] = expression
    if search.synonyms:
        found["filter.synonyms"] = _listed(search.synonyms, _SYNONYM, "synonyms")
    if search.aggregate:
        found["aggFilters"] = _listed(search.aggregate, _AGGREGATE, "aggregate")
        _check_options(search.aggregate)
    return found


def _advanced(search: Search) -> str | None:
    own = search.advanced.strip()
    parts = [essie.grouped(own)] if own else []
    for piece, low, high in (
        ("LastUpdatePostDate", search.updated_from, search.updated_to),
        ("StudyFirstPostDate", search.first_posted_from, search.first_posted_to),
    ):
        if low is not None or high is not None:
            parts.append(essie.range_(piece, low, high))
    if own and len(parts) == 1:
        return own
    return " AND ".join(parts) or None


def _check_options(aggregate: tuple[str, ...]) -> None:
    for entry in aggregate:
        name, _, options = entry.partition(":")
        if name == "status" and (unknown := set(options.split()) - _STATUS_OPTIONS):
            raise refused(f"status has no option {', '.join(sorted(unknown))}", parameter="aggregate")


def _numbers(given: tuple[str, ...]) -> tuple[str, ...] | None:
    if not given:
        return None
    numbers = [canonical_number(number.strip()) for number in given]
    if None in numbers:
        raise refused(f"{given[numbers.index(None)]!r} is not a trial number", parameter="numbers")
    return tuple(dict.fromkeys(number for number in numbers if number is not None))


def _listed(values: tuple[str, ...], form: re.Pattern[str], name: str, *, most: int | None = None) -> str:
    for value in values:
        if not form.fullmatch(value):
            raise refused(f"{value!r} is not of the registry's form", parameter=name)
    if most is not None and len(values) > most:
        raise refused(f"at most {most} are possible", parameter=name)
    # A list may be parted by commas or bars; a circle holds commas of its own.
    return "|".join(values) if name != "aggregate" else ",".join(values)


def _quoted(value: str) -> str:
    return quote(value, safe=",()[]:@|")


def _trial(row: _Row) -> TrialId:
    number = canonical_number(row.protocol_section.identification_module.nct_id)
    if number is None:
        raise RegistryUnavailableError(
            f"{NAME}: a list holds a row without an NCT number", registry=NAME, broken=True
        )
    return TrialId(NAME, number)
