"""Laws of asked against returned, for whatever mixture a registry answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast
from urllib.parse import parse_qs, urlsplit

import orjson
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.record import Json, TrialId
from monitor.errors import RegistryBlockedError, RegistryUnavailableError
from monitor.registries import Absent, Fetched, Payload, Rejected, RenamedTo, Unknown
from monitor.registries.ctgov import CtGov, Settings
from monitor.transport import Answer, PoliteClient

NUMBERS = tuple(f"NCT0900000{n}" for n in range(8))
Look: TypeAlias = "str | Exception | Json"
"""What a single look gives: a kind of answer, an error, or a body."""


def record(number: str, aliases: Sequence[str] = ()) -> Json:
    """As little of a record as is believed."""
    identification: dict[str, Json] = {"nctId": number}
    if aliases:
        identification["nctIdAliases"] = list[Json](aliases)
    return {"protocolSection": {"identificationModule": identification}}


@dataclass
class Mixture:
    """A client that answers from a table, in place of the network."""

    rows: Sequence[Json]
    looks: Mapping[str, Look]
    refused: bool = False
    asked_after_refusal: int = 0
    said: dict[str, int] = field(default_factory=dict)

    def get(self, url: str, *, etag: str | None = None) -> Answer:
        """The list, or one look."""
        self.asked_after_refusal += self.refused
        parts = urlsplit(url)
        if parts.path.endswith("/studies"):
            assert int(parse_qs(parts.query)["pageSize"][0]) >= 1
            return self._answer(url, 200, {"studies": list(self.rows)})
        number = parts.path.rpartition("/")[2]
        match self.looks.get(number, "absent"):
            case Exception() as error:
                self.refused = isinstance(error, RegistryBlockedError)
                raise error
            case "absent":
                self.said[number] = 404
                text = f"NCT number {number} not found".encode()
                return Answer(url, 404, "text/plain", text, None, None)
            case str(other):
                return Answer(url, 301, "", b"", None, f"/api/v2/studies/{other}")
            case body:
                return self._answer(url, 200, body)

    def _answer(self, url: str, status: int, body: Json) -> Answer:
        return Answer(url, status, "application/json", orjson.dumps(body), None, None)


numbers = st.sampled_from(NUMBERS)
records = st.builds(record, numbers, st.lists(numbers, max_size=2, unique=True))
junk: st.SearchStrategy[Json] = st.sampled_from([{}, [], None, 7, {"protocolSection": {}}])
rows = st.lists(st.one_of(records, records, junk), max_size=8)
errors: st.SearchStrategy[Look] = st.builds(RegistryUnavailableError, st.just("down")) | st.builds(
    RegistryBlockedError, st.just("refused")
)
looks = st.dictionaries(numbers, st.just("absent") | numbers | errors | records | junk)


def number_of(outcome: Payload) -> Json:
    """What the record itself says its number is."""
    parsed = orjson.loads(outcome.body)
    number: Json = parsed["protocolSection"]["identificationModule"]["nctId"]
    return number


@given(asked=st.lists(numbers, min_size=1, max_size=8), rows=rows, looks=looks)
def test_every_trial_asked_for_gets_exactly_one_believable_outcome(
    asked: list[str], rows: list[Json], looks: dict[str, Look]
) -> None:
    """One each, none for others; a payload is of its own trial, an absence is the registry's own word."""
    http = Mixture(rows, looks)
    registry = CtGov(Settings(base_url="http://registry.test"), cast("PoliteClient", http))
    outcomes = _outcomes(registry, asked)
    if outcomes is None:
        assert rows
        return
    assert sorted(outcome.trial.id for outcome in outcomes) == sorted(set(asked))
    for outcome in outcomes:
        _is_believable(outcome, http)
    assert http.asked_after_refusal == 0


def _outcomes(registry: CtGov, asked: Sequence[str]) -> list[Fetched] | None:
    """The outcomes; None where the list is broken and so are its trials by themselves."""
    try:
        return list(registry.fetch([TrialId("ctgov", number) for number in asked]))
    except RegistryUnavailableError:
        return None


def _is_believable(outcome: Fetched, http: Mixture) -> None:
    match outcome:
        case Payload():
            assert number_of(outcome) == outcome.trial.id
            assert orjson.loads(outcome.body) == outcome.record
        case RenamedTo(trial, to, payload):
            assert to != trial
            assert payload is not None
            assert number_of(payload) == to.id == payload.trial.id
        case Absent(trial):
            assert http.said[trial.id] == 404
        case Unknown(_, reason) | Rejected(_, reason):
            assert reason
