"""ClinicalTrials.gov over the network: the version probe, and the fetch of trials by number.

It believes nothing that does not look like a record, attributes nothing to a trial that was not asked for,
and takes no silence for a removal: only the registry's own words "not found" make a trial absent.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast
from urllib.parse import quote

import msgspec
import orjson

from monitor.core.drift import Schema
from monitor.core.past import Past, PastRecord
from monitor.core.record import Json, TrialId
from monitor.core.search import Matching, Search, SearchPage
from monitor.errors import RecordFormatError, RegistryBlockedError, RegistryError, RegistryUnavailableError
from monitor.registries import Absent, Fetched, Payload, Probe, Rejected, RenamedTo, Unknown
from monitor.registries.ctgov import belief
from monitor.registries.ctgov.asking import MOST_HOPS, REDIRECTS, Asking, number_in, unexpected
from monitor.registries.ctgov.history import History
from monitor.registries.ctgov.numbers import NAME, canonical_number
from monitor.registries.ctgov.reader import CtGovReader
from monitor.registries.ctgov.schema import schema
from monitor.registries.ctgov.searching import LARGEST_PAGE, Searches
from monitor.registries.ctgov.settings import Settings
from monitor.transport import Answer, PoliteClient

log = logging.getLogger(__name__)

_MOST_FAILURES = 3
_PASSES = 2
_SPARE_PAGES = 3
_LIST = cast("type[list[Json]]", list)
_NOT_FOUND = re.compile(r"\s*NCT number (\S+) not found\s*", re.IGNORECASE)


class _Page(msgspec.Struct, rename={"next_page_token": "nextPageToken"}):
    """A list response; each study is kept as the bytes it came in."""

    studies: list[msgspec.Raw]
    next_page_token: str | None = None


class _Version(msgspec.Struct, rename="camel"):
    api_version: str | None = None
    data_timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class _Study:
    """A record with the numbers it answers for."""

    number: str
    aliases: tuple[str, ...]
    payload: Payload

    def outcome_for(self, trial: TrialId) -> Fetched:
        """What this record, found under the number of `trial`, says of it."""
        if self.number == trial.id:
            return self.payload
        return RenamedTo(trial, self.payload.trial, self.payload)


class CtGov(CtGovReader):
    """ClinicalTrials.gov's API v2 at `settings.base_url`."""

    def __init__(self, settings: Settings, http: PoliteClient) -> None:
        self.batch_size = settings.batch_size
        self._api = f"{settings.base_url}/api/v2"
        self._http = http
        self._asking = Asking(http)
        self._history = History(settings.base_url, self._asking)
        self._searches = Searches(self._api, self._asking, self.probe)

    def probe(self, known: Probe | None) -> Probe:
        """One conditional `GET /version`; 304 gives back `known` itself.

        A missing `dataTimestamp` is an unknown data version, not an error.
        """
        etag = known.etag if known else None
        answer, found = self._asking.read(f"{self._api}/version", _Version, etag=etag)
        if found is None:
            if answer.status == 304 and known is not None:
                return known
            raise unexpected(answer)
        return Probe(found.data_timestamp or None, answer.etag, found.api_version)

    def history(self, trial: TrialId) -> Past | None:
        """See `history.History.past`."""
        return self._history.past(trial)

    def version(self, trial: TrialId, number: int) -> PastRecord | None:
        """See `history.History.version`."""
        return self._history.version(trial, number)

    def schema(self) -> Schema:
        """The registry's description of its records: three requests."""
        told = [self._described(name) for name in ("metadata", "enums")]
        try:
            return schema(told[0], told[1], self.probe(None).api_version)
        except RecordFormatError as error:
            raise RegistryUnavailableError(error.message, registry=NAME, broken=True) from error

    def _described(self, name: str) -> Json:
        answer, found = self._asking.read(f"{self._api}/studies/{name}", _LIST)
        if found is None:
            raise unexpected(answer)
        return found

    def search(
        self, search: Search, token: str | None = None, *, size: int = LARGEST_PAGE, count: bool = False
    ) -> SearchPage:
        """See `searching.Searches.page`."""
        return self._searches.page(search, token, size=size, count=count)

    def matching(self, search: Search, *, first: int = 5) -> Matching:
        """See `searching.Searches.matching`."""
        return self._searches.matching(search, first=first)

    def found(self, search: Search) -> tuple[TrialId, ...]:
        """See `searching.Searches.found`."""
        return self._searches.found(search)

    def fetch(self, trials: Sequence[TrialId]) -> Iterator[Fetched]:
        """First what the batch holds, then what one look each says of the trials it does not.

        Raises where the batch could not be read, nor, where it is the batch that makes no sense, its trials
        by themselves. A look that failed is `Unknown`; no more looks are taken after a refusal or several
        failures in a row, for they would fail too.
        """
        if len(trials) > self.batch_size:
            raise ValueError(f"{len(trials)} trials asked for, {self.batch_size} fit in a request")
        if not trials:
            return
        try:
            studies = self._batch([trial.id for trial in trials])
        except RegistryUnavailableError as error:
            if not error.broken:
                raise
            yield from self._one_by_one(trials, error)
            return
        yield from self._reconciled(trials, studies)

    def _reconciled(self, trials: Sequence[TrialId], studies: Mapping[str, _Study]) -> Iterator[Fetched]:
        """Asked against returned."""
        renamed = {alias: study for study in studies.values() for alias in study.aliases}
        missing: list[TrialId] = []
        asked = set()
        for trial in dict.fromkeys(trials):
            study = studies.get(trial.id) or renamed.get(trial.id)
            if study is None:
                missing.append(trial)
            else:
                asked.add(study.number)
                yield study.outcome_for(trial)
        if strangers := studies.keys() - asked:
            log.warning(
                "studies nobody asked for", extra={"registry": NAME, "trials": ", ".join(sorted(strangers))}
            )
        yield from self._looks(missing)

    def _batch(self, numbers: Sequence[str]) -> dict[str, _Study]:
        """The records found under `numbers`, by their own number."""
        url = f"{self._api}/studies?filter.ids={','.join(numbers)}&pageSize={len(numbers)}"
        for _ in range(_PASSES):
            rows = self._pages(url, most=len(numbers) + _SPARE_PAGES)
            if rows is not None:
                break
        else:
            raise RegistryUnavailableError(
                f"{NAME}: the pages of a list broke off {_PASSES} times", registry=NAME, broken=True
            )
        found = [_study(bytes(row)) for row in rows]
        studies = [study for study in found if study is not None]
        if rows and not studies:
            raise RegistryUnavailableError(
                f"{NAME}: none of {len(rows)} studies sent looks like a record", registry=NAME, broken=True
            )
        if len(studies) < len(rows):
            odd = len(rows) - len(studies)
            log.warning("rows that are no records", extra={"registry": NAME, "rows": odd})
        return _by_number(studies)

    def _pages(self, url: str, *, most: int) -> list[msgspec.Raw] | None:
        """All rows of a list; None where a later page was refused, as page tokens are after a refresh."""
        rows: list[msgspec.Raw] = []
        token = None
        for _ in range(most):
            answer, page = self._asking.read(
                url if token is None else f"{url}&pageToken={quote(token, safe='')}", _Page
            )
            if page is None:
                if token is None:
                    raise unexpected(answer)
                return None
            rows += page.studies
            token = page.next_page_token
            if not token:
                return rows
        return None

    def _one_by_one(self, trials: Sequence[TrialId], broken: RegistryUnavailableError) -> Iterator[Fetched]:
        """One rotten record must not keep its whole batch from being read; a broken registry is broken."""
        looks = self._looks(tuple(dict.fromkeys(trials)))
        first = list(islice(looks, _MOST_FAILURES))
        if all(isinstance(outcome, (Unknown, Rejected)) for outcome in first):
            raise broken
        log.warning("trials read one by one", extra={"registry": NAME, "why": broken.message})
        yield from first
        yield from looks

    def _looks(self, trials: Sequence[TrialId]) -> Iterator[Fetched]:
        failures = 0
        for index, trial in enumerate(trials):
            try:
                yield self._look(trial)
                failures = 0
            except RegistryError as error:
                failures += 1
                yield Unknown(trial, error.message)
                if failures >= _MOST_FAILURES or isinstance(error, RegistryBlockedError):
                    reason = f"not looked at, since others failed: {error.message}"
                    yield from (Unknown(other, reason) for other in trials[index + 1 :])
                    return

    def _look(self, trial: TrialId) -> Fetched:
        """One trial by itself; of a redirect only the number is used, to ask for that one ourselves."""
        number, seen = trial.id, {trial.id}
        while True:
            answer = self._http.get(f"{self._api}/studies/{number}")
            if answer.status == 200 and not _is_json(answer.body):
                answer = self._http.get(f"{self._api}/studies/{number}")
            if answer.status not in REDIRECTS:
                return _judged(trial, number, answer)
            moved = number_in(answer.location)
            if moved is None or moved in seen or len(seen) > MOST_HOPS:
                return Unknown(trial, f"it is redirected to {answer.location!r}, which leads nowhere")
            number = moved
            seen.add(number)


def _by_number(studies: Iterable[_Study]) -> dict[str, _Study]:
    """Of rows that claim the same number and differ none is believed: a look at that number decides."""
    found: dict[str, _Study] = {}
    disputed = {
        study.number
        for study in studies
        if found.setdefault(study.number, study).payload.body != study.payload.body
    }
    if disputed:
        log.warning(
            "rows that contradict each other",
            extra={"registry": NAME, "trials": ", ".join(sorted(disputed))},
        )
    return {number: study for number, study in found.items() if number not in disputed}


def _study(body: bytes) -> _Study | None:
    """The record in `body`; None where its shape is not that of one."""
    try:
        record: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    number = canonical_number(belief.nct_id(record) or "")
    if number is None:
        return None
    aliases = (canonical_number(alias) for alias in belief.aliases(record))
    payload = Payload(TrialId(NAME, number), body, record)
    return _Study(number, tuple(alias for alias in aliases if alias is not None), payload)


def _judged(trial: TrialId, number: str, answer: Answer) -> Fetched:
    """What the answer to `GET /studies/{number}` says of `trial`."""
    if answer.status == 200:
        study = _study(answer.body)
        if study is None:
            what = "it has no NCT number" if _is_json(answer.body) else "it is no JSON"
            return Rejected(trial, what, answer.body)
        if study.number != number and trial.id not in study.aliases:
            return Rejected(trial, f"it is the record of {study.number}", answer.body)
        return study.outcome_for(trial)
    text = answer.body.decode("utf-8", "replace")
    missing = _NOT_FOUND.fullmatch(text) if answer.status == 404 else None
    if missing and number == trial.id == canonical_number(missing[1]):
        return Absent(trial, text.strip())
    return Unknown(trial, f"status {answer.status}: {answer.excerpt() or 'no text'}")


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
