"""The stand-in's searches: the registry's grammar, filters, sorting, shapes, and the registry's own traps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx
import pytest

from monitor.core.record import JsonObject
from monitor.demo.standin import DataVersion, StandIn
from tests.registries.test_standin import numbers
from tests.support.records import ABSENT, site, study

API = "/api/v2/studies"
_IDENTIFICATION = "protocolSection__identificationModule__"
_STATUS = "protocolSection__statusModule__"


def studies() -> Mapping[str, JsonObject]:
    """Four trials: A gastric, B asthma and completed, C a device in Lyon, D withheld and bare of much."""
    return {
        "NCT09000001": study("NCT09000001"),
        "NCT09000002": study(
            "NCT09000002",
            **{
                f"{_IDENTIFICATION}briefTitle": 'Soratinib (SOR-1) in "Mild" Asthma, Part A',
                f"{_IDENTIFICATION}officialTitle": "Soratinib in Asthma",
                f"{_STATUS}overallStatus": "COMPLETED",
                f"{_STATUS}lastUpdatePostDateStruct": {"date": "2026-11-18"},
                "protocolSection__conditionsModule": {"conditions": ["Asthma"]},
                "protocolSection__descriptionModule": ABSENT,
                "protocolSection__sponsorCollaboratorsModule": {"leadSponsor": {"name": "Beta"}},
                "protocolSection__designModule__enrollmentInfo__count": 9,
                "hasResults": True,
            },
        ),
        "NCT09000003": study(
            "NCT09000003",
            **{
                f"{_IDENTIFICATION}nctIdAliases": ["NCT09000099"],
                f"{_STATUS}lastUpdatePostDateStruct": {"date": "2026-11-19"},
                "protocolSection__contactsLocationsModule__locations": [
                    site("Hospital", "Lyon", "France", geoPoint={"lat": 45.75, "lon": 4.85})
                ],
            },
        ),
        "NCT09000004": study("NCT09000004", protocolSection__statusModule={"overallStatus": "WITHHELD"}),
    }


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """A plain client of a stand-in with the four."""
    with (
        StandIn([DataVersion("2026-11-20T09:00:05", studies())]) as server,
        httpx.Client(base_url=server.base_url, trust_env=False) as client,
    ):
        yield client


def letters(http: httpx.Client, **parameters: str) -> str:
    """Which of the four a list holds."""
    asked = {name.replace("_", "."): value for name, value in parameters.items()}
    answer = http.get(API, params=asked)
    assert answer.status_code == 200, answer.text
    return "".join(sorted("ABCD"[int(number[-1]) - 1] for number in numbers(answer.json())))


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("asthma", "B"),
        ("ASTHMA soratinib", "B"),
        ("asthma OR lyon", "BC"),
        ("asthma AND lyon", ""),
        ("NOT asthma", "ACD"),
        ("asthma OR lyon AND france", "BC"),
        ("(asthma OR lyon) AND france", "C"),
        ('"gastric cancer"', "ACD"),
        ('"cancer gastric"', ""),
        ("SOR-1", "B"),
        ("SOR\\-1", "B"),
        ('"\\"Mild\\" Asthma\\, Part"', "B"),
        ("AREA[LeadSponsorName]Beta", "B"),
        ('AREA[Condition]"gastric cancer" AND NOT AREA[OverallStatus]WITHHELD', "AC"),
        ("AREA[BriefTitle](asthma OR gastric)", "ABCD"),
        ("AREA[LastUpdatePostDate]RANGE[2026-11-18, MAX]", "BC"),
        ("AREA[LastUpdatePostDate]RANGE[MIN,2026-11-18]", "AB"),
        ("AREA[LastUpdatePostDate]MISSING", "D"),
        ("AREA[LastUpdatePostDate]ALL", "ABC"),
        ("NCT09000099 NCT09000001", "AC"),
    ],
)
def test_the_grammar_is_evaluated(http: httpx.Client, expression: str, found: str) -> None:
    """Operators by their precedence, phrases in order, fields, ranges with both ends included."""
    assert letters(http, query_term=expression) == found


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"query_cond": "asthma"}, "B"),
        ({"query_cond": "lyon"}, ""),
        ({"query_locn": "lyon"}, "C"),
        ({"query_titles": "soratinib"}, "B"),
        ({"query_intr": "AB-12"}, "ABCD"),
        ({"query_spons": '"northern cancer group"'}, "ACD"),
        ({"query_lead": '"northern cancer group"'}, ""),
        ({"query_id": "TW-101"}, "ABCD"),
        ({"query_outc": "survival", "filter_overallStatus": "COMPLETED,WITHHELD"}, "BD"),
        ({"postFilter_overallStatus": "COMPLETED|RECRUITING"}, "ABC"),
        ({"filter_ids": "NCT09000099", "query_cond": "gastric"}, "C"),
        ({"postFilter_ids": "NCT09000001,NCT09000002", "query_cond": "gastric"}, "A"),
        ({"filter_geo": "distance(45.7,4.8,20km)"}, "C"),
        ({"filter_geo": "distance(45.7,5.8,20mi)"}, ""),
        ({"filter_advanced": "AREA[StudyFirstPostDate]RANGE[2025-09-10,2025-09-10]"}, "ABC"),
        ({"aggFilters": "results:with"}, "B"),
        ({"aggFilters": "results:without,status:rec not"}, "AC"),
        ({"aggFilters": "sex:a,healthy:y"}, ""),
        ({"aggFilters": "status:nonsense"}, ""),
    ],
)
def test_parameters_are_joined(http: httpx.Client, parameters: Mapping[str, str], found: str) -> None:
    """Each looks in its own place; every one must fit."""
    assert letters(http, **parameters) == found


def test_a_query_of_numbers_alone_ignores_the_filters(http: httpx.Client) -> None:
    """The trap: the completed asthma trial comes for gastric cancer that recruits."""
    trap = {"query_cond": "gastric", "query_term": "NCT09000002", "filter_overallStatus": "RECRUITING"}
    assert letters(http, **trap) == "B"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("query.term=a[b", "Error parsing query in Other terms: mismatched input '['"),
        ("query.term=(a", "missing ')' at '<EOF>'"),
        ("query.cond=a AND", "Error parsing query in Conditions or disease: no viable alternative"),
        ("query.term=a)", "mismatched input ')'"),
        ('query.term="a', "mismatched input '\"'"),
        ("query.term=" + " OR ".join("abcdefghijklmn"), "Too complicated query"),
        ("filter.advanced=AREA[X]y", "Error parsing query in advanced filter: Unknown area name: `X`"),
        (
            "filter.advanced=AREA[Phase]5",
            "Allowed values for enum field `protocolSection.designModule.phases`",
        ),
        ("filter.advanced=AREA[BriefTitle]RANGE[a,b]", "no viable alternative"),
        ("filter.advanced=AREA[StartDate]RANGE[soon,MAX]", "no viable alternative at input 'soon'"),
        ("filter.overallStatus=OPEN", "Invalid value in parameter `overallStatus`: `OPEN`"),
        ("filter.geo=near", "Parameter `filter.geo` has incorrect format"),
        ("sort=BriefTitle", "Unsupported sort field type: text"),
        ("sort=LastUpdatePostDate:up", "Item 1 in parameter `sort` has incorrect format"),
        ("sort=StartDate,StartDate,StartDate", "Parameter `sort` has incorrect format"),
        ("fields=Nonsense", "contains invalid field name: `Nonsense`"),
        ("fields=1", "Item 1 in parameter `fields` has incorrect format"),
        ("format=csv&fields=Nonsense", "contains invalid field name"),
        ("postFilter.ids=x", "Item 1 in parameter `postFilter.ids` has incorrect format"),
    ],
)
def test_what_cannot_be_asked_is_a_400_in_plain_text(http: httpx.Client, query: str, text: str) -> None:
    """In the registry's words."""
    answer = http.get(f"{API}?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=UTF-8")
    assert text in answer.text


def test_lists_are_sorted_with_the_lacking_last(http: httpx.Client) -> None:
    """Dates descend and numbers ascend unless told otherwise."""

    def order(sort: str) -> list[str]:
        return [number[-1] for number in numbers(http.get(API, params={"sort": sort}).json())]

    assert order("LastUpdatePostDate") == ["3", "2", "1", "4"]
    assert order("LastUpdatePostDate:asc") == ["1", "2", "3", "4"]
    assert order("EnrollmentCount")[0] == "2"
    assert order("EnrollmentCount:desc,LastUpdatePostDate:asc") == ["1", "3", "4", "2"]
    assert len(order("@relevance")) == 4


def test_fields_cut_a_study_down(http: httpx.Client) -> None:
    """By piece or path, a branch with all below it; `hasResults` is always there."""
    one = http.get(f"{API}/NCT09000002?fields=NCTId,ResultsSection").json()
    assert one == {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT09000002"},
        },
        "hasResults": True,
    }
    page = http.get(API, params={"fields": "InterventionName", "filter.ids": "NCT09000001"}).json()
    assert page["studies"][0]["protocolSection"] == {
        "armsInterventionsModule": {"interventions": [{"name": "Veltomab"}, {"name": "Oxaliplatin"}]}
    }


def test_csv_has_one_header_and_its_total_beside_it(http: httpx.Client) -> None:
    """Later pages are rows only; total and token travel as headers."""
    query = {"format": "csv", "pageSize": "3", "countTotal": "true", "sort": "LastUpdatePostDate"}
    first = http.get(API, params=query)
    assert first.headers["x-total-count"] == "4"
    assert first.text.splitlines()[0] == "NCT Number,Study Title,Study Status"
    rest = http.get(API, params={**query, "pageToken": first.headers["x-next-page-token"]})
    assert rest.text == "NCT09000004,Veltomab Plus Chemotherapy in Gastric Cancer,WITHHELD\n"
    assert "x-next-page-token" not in rest.headers
    one = http.get(f"{API}/NCT09000001?format=csv&fields=NCTId,Keyword")
    assert one.text == "NCT Number,Keyword\nNCT09000001,veltomab|stomach\n"


def test_the_stand_in_describes_its_fields(http: httpx.Client) -> None:
    """As a tree of nodes and a list of enums, as the registry does."""
    (protocol, *_) = http.get(f"{API}/metadata").json()
    assert (protocol["name"], protocol["piece"]) == ("protocolSection", "ProtocolSection")
    identification = protocol["children"][0]
    assert identification["children"][0] == {
        "name": "nctId",
        "piece": "NCTId",
        "sourceType": "TEXT",
        "type": "nct",
    }
    enums = {each["type"]: each for each in http.get(f"{API}/enums").json()}
    assert enums["Status"]["pieces"] == ["OverallStatus"]
    assert "RECRUITING" in [value["value"] for value in enums["Status"]["values"]]
    assert http.get(f"{API}/metadata?x=1").status_code == 400


def test_an_absent_member_is_no_value() -> None:
    """A study without its status module still stands in lists."""
    bare = study("NCT09000001", protocolSection__statusModule=ABSENT)
    with (
        StandIn([DataVersion("2026-11-20T09:00:05", {"NCT09000001": bare})]) as server,
        httpx.Client(base_url=server.base_url, trust_env=False) as http,
    ):
        assert letters(http, query_term="AREA[OverallStatus]MISSING") == "A"
