"""The stand-in registry is held to the registry's own document and to what was seen of the real one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import orjson
import pytest
import yaml
from jsonschema import Draft4Validator

from monitor.core.record import JsonObject, TrialId
from monitor.demo.scenario import editions
from monitor.demo.standin import DataVersion, Fault, StandIn
from monitor.demo.standin.answers import IMITATED_BY_VALUE, LIST_PARAMETERS, STUDY_PARAMETERS
from monitor.registries import Payload
from tests.registries.harness import ctgov_at, ctgov_studies
from tests.support.real import SHARED, STUDIES, load, needs_real_records
from tests.support.records import study
from tests.support.scripted import Scripted, response

API = "/api/v2"
DOCUMENT = SHARED / "registry" / "openapi-2.0.5.yaml"
needs_the_document = pytest.mark.skipif(not DOCUMENT.is_file(), reason="the OpenAPI document is not at hand")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """Three invented trials on two days."""
    studies = ctgov_studies()
    with StandIn([DataVersion(f"2026-11-{day}T09:00:05", studies) for day in (19, 20)]) as server:
        yield server


@pytest.fixture
def http(stand_in: StandIn) -> Iterator[httpx.Client]:
    """A plain client of it."""
    with httpx.Client(base_url=stand_in.base_url, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def document() -> Mapping[str, Any]:
    """The registry's own OpenAPI document."""
    found: Mapping[str, Any] = yaml.load(DOCUMENT.read_bytes(), Loader=yaml.CSafeLoader)
    return found


def numbers(body: Mapping[str, Any]) -> list[str]:
    """The trials of a list response, in its order."""
    return [each["protocolSection"]["identificationModule"]["nctId"] for each in body["studies"]]


# Against the document.


@needs_the_document
def test_successes_fit_the_document(document: Mapping[str, Any], http: httpx.Client) -> None:
    """Version, list and study have the declared schema: no unknown member, no wrong type."""
    for path, name in (
        ("/version", "Version"),
        ("/studies?filter.ids=NCT09000001,NCT09000003&pageSize=1&countTotal=true", "PagedStudies"),
        ("/studies?filter.ids=NCT09555555", "PagedStudies"),
        ("/studies/NCT09000003", "Study"),
        ("/studies/metadata", "FieldNodeList"),
        ("/studies/enums", "EnumInfoList"),
        ("/studies/NCT09000003?fields=NCTId,protocolSection.statusModule", "Study"),
    ):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        found = [error.message for error in Draft4Validator(schema).iter_errors(http.get(API + path).json())]
        assert found == [], path


@needs_the_document
def test_the_demos_trials_fit_the_document(document: Mapping[str, Any]) -> None:
    """What the demo replays could have come from the registry, in every edition."""
    schema = {"$ref": "#/components/schemas/Study", "components": document["components"]}
    validator = Draft4Validator(schema)
    served = [(each.stamp, study) for each in editions() for study in each.studies.values()]
    assert served
    assert [(stamp, error.message) for stamp, each in served for error in validator.iter_errors(each)] == []


@needs_the_document
def test_parameters_are_those_of_the_document(document: Mapping[str, Any]) -> None:
    """What the real API knows is known here, what it does not know is refused."""

    def declared(path: str) -> set[str]:
        return {
            each["name"] for each in document["paths"][path]["get"]["parameters"] if each["in"] == "query"
        }

    assert declared("/studies") == LIST_PARAMETERS
    assert declared("/studies/{nctId}") == STUDY_PARAMETERS
    for path in ("/version", "/studies/enums"):
        assert declared(path) == set()
    assert declared("/studies/metadata") == {"includeIndexedOnly", "includeHistoricOnly"}


@needs_the_document
def test_statuses_are_those_of_the_document(document: Mapping[str, Any], http: httpx.Client) -> None:
    """Redirect, bad request and not found happen where the document says they may."""
    for path, declared in (
        ("/studies/NCT09000099", "/studies/{nctId}"),
        ("/studies/NCT0", "/studies/{nctId}"),
        ("/studies/NCT09555555", "/studies/{nctId}"),
        ("/studies?filter.ids=x", "/studies"),
        ("/version?x=1", "/version"),
    ):
        assert str(http.get(API + path).status_code) in document["paths"][declared]["get"]["responses"]


# Against what was seen of the real one.


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/studies/NCT09555555", 404, "NCT number NCT09555555 not found"),
        ("/studies/NCT00000000", 400, "Parameter `nctId` has incorrect format"),
        ("/studies/NCT123456789", 400, "Parameter `nctId` has incorrect format"),
        ("/studies?filter.ids=NCT1,x", 400, "Item 2 in parameter `filter.ids` has incorrect format"),
        ("/studies?filter.ids=", 400, "Item 1 in parameter `filter.ids` has incorrect format"),
        ("/studies?bogusParam=1", 400, "`bogusParam` is unknown parameter"),
        ("/studies?Filter.ids=NCT1", 400, "`Filter.ids` is unknown parameter"),
        ("/studies?pageSize=-1", 400, "Parameter `pageSize` has incorrect format"),
        ("/studies?pageToken=zz", 400, "Parameter `pageToken` has incorrect format"),
        ("/version?x=1", 400, "`x` is unknown parameter"),
    ],
)
def test_errors_are_plain_text_in_the_registrys_words(
    http: httpx.Client, path: str, status: int, text: str
) -> None:
    """Never JSON, and one bad id fails the whole list."""
    answer = http.get(API + path)
    assert (answer.status_code, answer.text) == (status, text)
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"


@pytest.mark.parametrize("path", ["/studies/NCT09000001/history", "/nothing", "/studies/"])
def test_a_wrong_path_is_an_empty_404(http: httpx.Client, path: str) -> None:
    """Which must not be taken for "no such trial"."""
    answer = http.get(API + path)
    assert (answer.status_code, answer.content) == (404, b"")


def test_an_address_too_long_is_an_edge_page(http: httpx.Client) -> None:
    """The edge answers in HTML before the API is reached."""
    answer = http.get(f"{API}/studies?filter.ids=" + ",".join(["NCT09000001"] * 700))
    assert (answer.status_code, answer.headers["content-type"]) == (414, "text/html")


@pytest.mark.parametrize(
    "path",
    [
        "/studies?markupFormat=legacy",
        "/studies?filter.synonyms=ConditionSearch:1",
        "/studies?aggFilters=phase:2",
        "/studies/NCT09000001?format=ris",
        "/stats/size",
    ],
)
def test_what_is_not_imitated_is_refused(http: httpx.Client, path: str) -> None:
    """A plausible wrong answer would be worse than none."""
    assert http.get(API + path).status_code == 501


@pytest.mark.parametrize("pair", IMITATED_BY_VALUE.items(), ids=str)
def test_defaults_may_be_spelled_out(http: httpx.Client, pair: tuple[str, str]) -> None:
    """The one value that is imitated is the API's default."""
    name, value = pair
    path = "/studies/metadata" if name.startswith("include") else "/studies"
    assert http.get(API + path, params={name: value}).status_code == 200


def test_numbers_are_taken_as_the_pattern_allows(http: httpx.Client) -> None:
    """Lower case and other counts of leading zeros name the same trial, in paths and lists."""
    assert http.get(f"{API}/studies/nct9000001").status_code == 200
    body = http.get(f"{API}/studies?filter.ids=nct09000001|NCT009000002").json()
    assert sorted(numbers(body)) == ["NCT09000001", "NCT09000002"]


def test_an_alias_is_redirected_without_its_query(http: httpx.Client) -> None:
    """`Location` loses what was asked beside the number; a list gives the record itself."""
    answer = http.get(f"{API}/studies/NCT09000099?format=json")
    assert (answer.status_code, answer.headers["location"]) == (301, "/api/v2/studies/NCT09000003")
    assert numbers(http.get(f"{API}/studies?filter.ids=NCT09000099").json()) == ["NCT09000003"]


def test_an_empty_list_looks_as_it_does_on_the_wire(http: httpx.Client) -> None:
    """Unknown numbers are silently left out."""
    assert http.get(f"{API}/studies?filter.ids=NCT09555555").text == '{"studies":[  ]}'


def test_every_record_carries_the_data_versions_date(stand_in: StandIn, http: httpx.Client) -> None:
    """Also a record that did not change, also one that came without a derived section."""
    for day in ("2026-11-19", "2026-11-20"):
        found = http.get(f"{API}/studies").json()["studies"]
        assert {each["derivedSection"]["miscInfoModule"]["versionHolder"] for each in found} == {day}
        if day == "2026-11-19":
            stand_in.advance()


def test_serving_leaves_the_callers_records_alone() -> None:
    """The date is put into a copy."""
    record = study()
    kept = orjson.dumps(record)
    DataVersion("2026-11-19T09:00:05", {"NCT09000001": record}).served("NCT09000001")
    assert orjson.dumps(record) == kept


# Pages.


def paged(http: httpx.Client, query: str) -> Iterator[Mapping[str, Any]]:
    """All pages of a list."""
    token = ""
    while True:
        page: Mapping[str, Any] = http.get(f"{API}/studies?{query}{token}").json()
        yield page
        if "nextPageToken" not in page:
            return
        token = f"&pageToken={page['nextPageToken']}"


def test_pages_hold_everything_once_and_count_only_at_first(http: httpx.Client) -> None:
    """The order is the first page's; the total stands there alone."""
    pages = list(paged(http, "pageSize=1&countTotal=true"))
    assert sorted(itertools.chain.from_iterable(map(numbers, pages))) == sorted(ctgov_studies())
    assert [page.get("totalCount") for page in pages] == [3, None, None]


def test_a_page_may_be_empty_and_lead_on(stand_in: StandIn, http: httpx.Client) -> None:
    """Whoever stops at an empty page misses what follows."""
    stand_in.inject(Fault.empty_page())
    pages = list(paged(http, "pageSize=2"))
    assert [len(numbers(page)) for page in pages] == [0, 2, 1]
    assert {*itertools.chain.from_iterable(map(numbers, pages))} == set(ctgov_studies())


def test_page_sizes_are_bounded_silently() -> None:
    """Ten by default and for zero, a thousand at most, all with status 200."""
    many = {f"NCT{n:08d}": study(f"NCT{n:08d}") for n in range(1, 1003)}
    with (
        StandIn([DataVersion("2026-11-19T09:00:05", many)]) as server,
        httpx.Client(base_url=server.base_url) as http,
    ):
        sizes = [len(numbers(http.get(f"{API}/studies{query}").json())) for query in ("", "?pageSize=0")]
        assert sizes == [10, 10]
        assert len(numbers(http.get(f"{API}/studies?pageSize=5000").json())) == 1000


def test_unsorted_lists_come_in_another_order_each_time(http: httpx.Client) -> None:
    """Whoever relies on the order finds out."""
    orders = {tuple(numbers(http.get(f"{API}/studies").json())) for _ in range(12)}
    assert len(orders) > 1


def test_a_token_is_not_bound_to_its_query(http: httpx.Client) -> None:
    """Used with another query it gives rows of that one, and status 200: the real trap."""
    token = http.get(f"{API}/studies?pageSize=1").json()["nextPageToken"]
    body = http.get(f"{API}/studies?filter.ids=NCT09000001,NCT09000002&pageToken={token}").json()
    assert set(numbers(body)) < {"NCT09000001", "NCT09000002"}


@pytest.mark.parametrize(("stale_tokens", "status"), [("refuse", 400), ("continue", 200)])
def test_a_token_of_an_older_data_version(stale_tokens: Any, status: int) -> None:
    """It is refused, or silently continued; nobody knows which the real one does."""
    studies = ctgov_studies()
    versions = [DataVersion(f"2026-11-{day}T09:00:05", studies) for day in (19, 20)]
    with (
        StandIn(versions, stale_tokens=stale_tokens) as server,
        httpx.Client(base_url=server.base_url) as http,
    ):
        token = http.get(f"{API}/studies?pageSize=1").json()["nextPageToken"]
        server.advance()
        assert http.get(f"{API}/studies?pageSize=1&pageToken={token}").status_code == status


# Tags, compression, moving through versions.


def test_one_tag_stands_for_the_whole_data_version(stand_in: StandIn, http: httpx.Client) -> None:
    """Its last part is the stamp in base-36 milliseconds; compressed answers say so in their tag."""
    tags = {http.get(API + path).headers["etag"] for path in ("/version", "/studies", "/studies/NCT09000001")}
    assert tags == {f'"{stand_in.version.etag}-gzip"'}
    assert DataVersion("2026-08-14T09:00:05", {}).etag.endswith("/msspuzuw")
    plain = http.get(f"{API}/version", headers={"Accept-Encoding": "identity"})
    assert plain.headers["etag"] == f'"{stand_in.version.etag}"'


@pytest.mark.parametrize("path", ["/version", "/studies", "/studies/NCT09000001"])
def test_a_known_tag_is_answered_304_until_the_refresh(
    stand_in: StandIn, http: httpx.Client, path: str
) -> None:
    """With an empty body, on every GET."""
    known = {"If-None-Match": http.get(API + path).headers["etag"]}
    again = http.get(API + path, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    stand_in.advance()
    assert http.get(API + path, headers=known).status_code == 200


def test_compression_can_be_off() -> None:
    """For clients that want to look at the bytes."""
    with (
        StandIn([DataVersion("2026-11-19T09:00:05", {})], compress=False) as server,
        httpx.Client(base_url=server.base_url) as http,
    ):
        assert "content-encoding" not in http.get(f"{API}/version").headers


def test_a_refresh_may_happen_in_the_middle(stand_in: StandIn, http: httpx.Client) -> None:
    """After so many answers the next ones are of the next data version."""
    stand_in.advance_after(2)
    stamps = [http.get(f"{API}/version").json()["dataTimestamp"][8:10] for _ in range(4)]
    assert stamps == ["19", "19", "20", "20"]


def test_versions_end(stand_in: StandIn) -> None:
    """There is nothing before the first and nothing after the last, until one is added."""
    with pytest.raises(IndexError):
        stand_in.rollback()
    stand_in.advance()
    with pytest.raises(IndexError):
        stand_in.advance()
    stand_in.add_version(DataVersion("2026-11-23T09:00:05", {}))
    assert stand_in.advance().stamp == "2026-11-23T09:00:05"
    with pytest.raises(ValueError, match="at least one data version"):
        StandIn([])


def test_every_request_is_noted(stand_in: StandIn, http: httpx.Client) -> None:
    """Target, headers in lower case, and the status it was answered with."""
    stand_in.inject(Fault.failing(502))
    http.get(f"{API}/version", headers={"User-Agent": "me/1"})
    http.get(f"{API}/studies/NCT09000001")
    first, second = stand_in.requests
    assert (first.target, first.status, first.headers["user-agent"]) == (f"{API}/version", 502, "me/1")
    assert second.status == 200


# Faults.


def test_a_fault_meets_the_requests_it_fits(stand_in: StandIn, http: httpx.Client) -> None:
    """By path and User-Agent, as often as told, until cleared."""
    stand_in.inject(Fault.failing(503, path="/version", times=2), Fault.forbidden(agent="Mozilla"))
    assert [http.get(f"{API}/version").status_code for _ in range(3)] == [503, 503, 200]
    refused = http.get(f"{API}/studies", headers={"User-Agent": "Mozilla/5.0"})
    assert (refused.status_code, refused.headers["content-type"]) == (403, "text/html")
    assert http.get(f"{API}/studies").status_code == 200
    stand_in.clear_faults()
    assert http.get(f"{API}/studies", headers={"User-Agent": "Mozilla/5.0"}).status_code == 200


def test_faults_look_like_the_real_thing(stand_in: StandIn, http: httpx.Client) -> None:
    """Throttling with a time, a page for people, JSON that is none, half a body, a reset, a late answer."""
    stand_in.inject(Fault.throttled(retry_after="3"), Fault.html(), Fault.garbled(), Fault.slow(0.01))
    throttled, page, garbled, slow = (http.get(f"{API}/version") for _ in range(4))
    assert (throttled.status_code, throttled.headers["retry-after"]) == (429, "3")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert garbled.headers["content-type"] == "application/json"
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(garbled.content)
    assert slow.json()["apiVersion"]
    stand_in.inject(Fault.truncated(), Fault.reset())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        http.get(f"{API}/version")
    with pytest.raises(httpx.ReadError):
        http.get(f"{API}/version")
    assert stand_in.requests[-1].status == 0


# With real records.


@needs_real_records
def test_real_list_responses_are_read_to_the_byte() -> None:
    """Stored pages of the real API, served again: each study one payload, its bytes the page's own."""
    pages = sorted((SHARED / "registry" / "pages").glob("*.json"))
    assert pages
    for path in pages:
        body = path.read_bytes()
        wanted = numbers(orjson.loads(body))
        trials = [TrialId("ctgov", number) for number in wanted]
        last = response(200, body.replace(b'"nextPageToken"', b'"previousPageToken"'))
        with Scripted(last) as server, ctgov_at(server.base_url, retries=0) as registry:
            outcomes = list(registry.fetch(trials))
        assert [outcome.trial.id for outcome in outcomes if isinstance(outcome, Payload)] == wanted
        assert all(isinstance(outcome, Payload) and outcome.body in body for outcome in outcomes)


def real_versions(count: int) -> Sequence[DataVersion]:
    """So many real trials, each at its earliest and at its latest stored state."""
    folders = sorted(STUDIES.iterdir())
    several = [folder for folder in folders if len(list(folder.glob("*.json"))) > 1]
    chosen = (several + [folder for folder in folders if folder not in several])[:count]
    files = {folder.name: sorted(folder.glob("*.json")) for folder in chosen}

    def day(stamp: str, index: int) -> DataVersion:
        studies: dict[str, JsonObject] = {name: load(found[index]) for name, found in files.items()}
        return DataVersion(stamp, studies)

    return [day("2026-11-19T09:00:05", 0), day("2026-11-20T09:00:05", -1)]


@needs_real_records
def test_250_real_trials_go_through_it_unharmed() -> None:
    """In two batches; what changes between two data versions is what changed in the records, nothing else."""
    before, after = real_versions(250)
    trials = [TrialId("ctgov", number) for number in before.studies]

    with StandIn([before, after]) as server, ctgov_at(server.base_url) as registry:

        def digests() -> dict[str, str]:
            outcomes = [*registry.fetch(trials[:200]), *registry.fetch(trials[200:])]
            payloads = [outcome for outcome in outcomes if isinstance(outcome, Payload)]
            return {payload.trial.id: registry.digest(payload.record) for payload in payloads}

        first = digests()
        server.advance()
        second = digests()
        assert len(server.requests) == 4
        truth = {name: registry.digest(record) for name, record in before.studies.items()}
        moved = {n for n, record in after.studies.items() if registry.digest(record) != truth[n]}
    assert first == truth
    assert {number for number in first if first[number] != second[number]} == moved
    assert moved
