"""Searches: texts that cannot break out of the grammar, and lists that are whole or are not given."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.core.record import TrialId
from monitor.core.search import Matching, Search, since
from monitor.demo.standin import DataVersion, Fault, StandIn
from monitor.demo.standin.essie import predicate, words_in
from monitor.demo.standin.schema import PIECES
from monitor.errors import RegistryBlockedError, RegistryUnavailableError, SearchRefusedError
from monitor.registries import Searchable
from monitor.registries.ctgov import essie
from monitor.registries.ctgov.searching import parameters
from tests.registries.harness import ctgov_at
from tests.registries.test_standin_search import studies
from tests.support.records import study
from tests.support.scripted import Scripted, response

A, B, C, D = (TrialId("ctgov", f"NCT0900000{n}") for n in (1, 2, 3, 4))
BY_NAME = {piece.name: piece for piece in PIECES}


# The grammar.


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("lung cancer", "lung cancer"),
        ('"small cell" lung', '"small cell" lung'),
        ("AK-104", "AK-104"),
        ("Alzheimer's", "Alzheimer's"),
        ("cancer AND NOT asthma", 'cancer "AND" "NOT" asthma'),
        ("AREA[NCTId]x", '"AREA\\[NCTId\\]x"'),
        ("a) OR (b", '"a\\)" "OR" "\\(b"'),
        ('5" screen', '"5\\"" screen'),
        ("back\\slash", '"back\\\\slash"'),
        ("one, two", '"one\\," two'),
        ("? ! ()", None),
        ("a ? b", "a b"),
        ("  ", None),
    ],
)
def test_words_are_words(text: str, expression: str | None) -> None:
    """Operators, brackets and lone quotes are text; signs alone are nothing to search for."""
    if expression is None:
        with pytest.raises(SearchRefusedError, match="no letter and no digit"):
            essie.words(text)
    else:
        assert essie.words(text) == expression


def test_expressions_are_built_of_parts() -> None:
    """Alternatives in brackets, fields by their name, ranges with open ends."""
    names = essie.any_of([essie.phrase('a "b"'), essie.phrase("AK104"), essie.phrase("AK104")])
    assert names == '("a \\"b\\"" OR "AK104")'
    assert essie.area("InterventionName", names) == f"AREA[InterventionName]{names}"
    assert essie.all_of(["a"]) == "a"
    assert essie.all_of(["a", "b"]) == "(a AND b)"
    assert essie.range_("StartDate", "2026-01", None) == "AREA[StartDate]RANGE[2026-01, MAX]"
    assert essie.range_("StartDate", None, "2026") == "AREA[StartDate]RANGE[MIN, 2026]"
    wrongs: tuple[Callable[[], str], ...] = (
        lambda: essie.any_of([]),
        lambda: essie.area("X] OR AREA[Y", "z"),
        lambda: essie.range_("StartDate", "MIN] OR AREA[NCTId]RANGE[MIN", None),
    )
    for wrong in wrongs:
        with pytest.raises(SearchRefusedError):
            wrong()


@pytest.mark.parametrize("text", ["x) OR (y", "(x", "x)", 'AREA[Condition]"x', "AREA[x", "x]", '"\\"'])
def test_an_expression_of_ones_own_stays_one(text: str) -> None:
    """It is sent as it is, and so must not reach beyond the brackets it is put in."""
    with pytest.raises(SearchRefusedError, match="brackets or quotes"):
        essie.grouped(text)
    with pytest.raises(SearchRefusedError, match="brackets or quotes"):
        parameters(Search(advanced=text))


def test_a_whole_expression_is_grouped() -> None:
    """Brackets inside a phrase and escaped ones are text."""
    for text in ('AREA[Condition]("a) (" OR b)', r"a\)", "AREA[StartDate]RANGE[2026-01, MAX]"):
        assert essie.grouped(text) == f"({text})"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("NCT09000001", ("NCT09000001",)),
        (" nct9000001, NCT09000002;NCT09000001 ", ("NCT09000001", "NCT09000002")),
        ('"NCT09000001" OR NCT09000002', ("NCT09000001", "NCT09000002")),
        ("NCT09000001 asthma", None),
        ("NCT123456789", None),
        ("or", None),
        ("", None),
    ],
)
def test_numbers_alone_are_told_from_words(text: str, numbers: tuple[str, ...] | None) -> None:
    """However they are parted; the registry would ignore every filter for them."""
    assert essie.only_numbers(text) == numbers


_HOSTILE = st.text(alphabet=string.ascii_letters + '0123 "\\()[],;:|!?é≥-', max_size=30) | st.lists(
    st.sampled_from(["AND", "OR", "NOT", "AREA[NCTId]", "RANGE[MIN,MAX]", '"', "(", ")", "\\", "ab", "ALL"])
).map(" ".join)


@given(_HOSTILE)
def test_no_text_breaks_out_of_a_phrase(text: str) -> None:
    """Whatever it holds, it finds what holds it and nothing else, alone and beside another condition."""
    assume(words_in(text))
    holding = study(protocolSection__identificationModule__briefTitle=f"x {text} y")
    other = study(protocolSection__identificationModule__briefTitle="zz")
    built = essie.area("BriefTitle", essie.phrase(text))
    fits = predicate(built, "Other terms", BY_NAME, None)
    assert fits(holding)
    assert not fits(other)
    both = predicate(essie.all_of([built, "AREA[NCTId]NCT09555555"]), "Other terms", BY_NAME, None)
    assert not both(holding)


@given(_HOSTILE)
def test_no_text_breaks_out_of_its_words(text: str) -> None:
    """Typed into a search box it is understood by the registry's grammar, and finds what holds it."""
    assume(words_in(text))
    holding = study(protocolSection__identificationModule__briefTitle=text)
    expression = essie.words(text)
    assert predicate(expression, "Other terms", BY_NAME, (BY_NAME["BriefTitle"],))(holding)
    empty = study(protocolSection__identificationModule__briefTitle="")
    assert not predicate(expression, "Other terms", BY_NAME, (BY_NAME["BriefTitle"],))(empty)


# What is sent.


def test_every_part_has_its_parameter() -> None:
    """Words are escaped, forms checked, dates made ranges."""
    everything = Search(
        condition="gastric cancer",
        term="x",
        location="Lyon",
        title="part (A)",
        intervention="AK104",
        outcome="survival",
        sponsor="Alpha",
        lead="Bio",
        id="TW-101",
        patient="adult",
        names=("AK104", "cadonilimab"),
        statuses=("RECRUITING", "SUSPENDED"),
        near="distance(45.7,4.8,20km)",
        numbers=("nct9000001", "NCT09000002"),
        advanced="AREA[Phase]PHASE2",
        synonyms=("ConditionSearch:1651367",),
        aggregate=("results:with", "status:not rec"),
        updated_from="2026-11-19",
        first_posted_to="2026-11-20",
        sort=("LastUpdatePostDate:desc", "@relevance"),
    )
    assert parameters(everything) == {
        "query.cond": "gastric cancer",
        "query.term": 'x AND ("AK104" OR "cadonilimab")',
        "query.locn": "Lyon",
        "query.titles": 'part "\\(A\\)"',
        "query.intr": "AK104",
        "query.outc": "survival",
        "query.spons": "Alpha",
        "query.lead": "Bio",
        "query.id": "TW-101",
        "query.patient": "adult",
        "filter.overallStatus": "RECRUITING|SUSPENDED",
        "filter.geo": "distance(45.7,4.8,20km)",
        "filter.ids": "NCT09000001,NCT09000002",
        "filter.advanced": "(AREA[Phase]PHASE2) AND AREA[LastUpdatePostDate]RANGE[2026-11-19, MAX]"
        " AND AREA[StudyFirstPostDate]RANGE[MIN, 2026-11-20]",
        "filter.synonyms": "ConditionSearch:1651367",
        "aggFilters": "results:with,status:not rec",
        "sort": "LastUpdatePostDate:desc|@relevance",
    }
    assert parameters(Search(advanced=" AREA[Phase]PHASE2 "))["filter.advanced"] == "AREA[Phase]PHASE2"


def test_numbers_are_sent_as_numbers() -> None:
    """Typed as a term they narrow the list of numbers, wherever else it comes from."""
    assert parameters(Search(term="NCT09000001, NCT09000002")) == {"filter.ids": "NCT09000001,NCT09000002"}
    both = Search(term="NCT09000001 NCT09000002", id="nct9000002", numbers=("NCT09000002", "NCT09000003"))
    assert parameters(both) == {"filter.ids": "NCT09000002"}


@pytest.mark.parametrize(
    ("search", "parameter", "message"),
    [
        (Search(), None, "every trial there is"),
        (Search(sort=("StartDate",)), None, "every trial there is"),
        (Search(condition="NCT09000001"), "condition", "only trial numbers"),
        (Search(term="NCT09000001", numbers=("NCT09000002",)), "numbers", "no trial number is in all"),
        (Search(numbers=("x",)), "numbers", "'x' is not a trial number"),
        (Search(numbers=tuple(f"NCT{n:08d}" for n in range(1, 502))), "numbers", "too many"),
        (Search(names=tuple(f"name {n}" for n in range(13))), "names", "12 fit"),
        (Search(statuses=("RECRUITING,COMPLETED",)), "statuses", "not of the registry's form"),
        (Search(near="distance(45.7,4.8,20km)|x"), "near", "not of the registry's form"),
        (Search(term="a", sort=("a", "b", "c")), "sort", "at most 2"),
        (Search(aggregate=("status:open",)), "aggregate", "no option open"),
        (Search(condition="()"), None, "no letter and no digit"),
        (Search(updated_from="soon"), None, "not a date"),
    ],
)
def test_what_cannot_be_asked_is_refused_before(search: Search, parameter: str | None, message: str) -> None:
    """With the part that is wrong; the registry would give something else, or everything."""
    with pytest.raises(SearchRefusedError, match=message) as raised:
        parameters(search)
    assert raised.value.parameter == parameter
    assert raised.value.exit_code == 2


# Asked of a registry.


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """Four trials, the same on two days but for one that is gone on the second."""
    later = {number: each for number, each in studies().items() if number != B.id}
    versions = [DataVersion("2026-11-19T09:00:05", studies()), DataVersion("2026-11-20T09:00:05", later)]
    with StandIn(versions) as server:
        yield server


@pytest.fixture
def registry(stand_in: StandIn) -> Iterator[Searchable]:
    """The registry at the stand-in."""
    with ctgov_at(stand_in.base_url) as found:
        assert isinstance(found, Searchable)
        yield found


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search(condition='"gastric cancer"'), {A, C, D}),
        (Search(title='"mild" asthma, part'), {B}),
        (Search(title='in "Mild'), {B}),
        (Search(names=("SOR-1", "nosuchname")), {B}),
        (Search(names=("SOR-1",), intervention="veltomab"), {B}),
        (Search(term="lyon", statuses=("RECRUITING",)), {C}),
        (Search(term="NCT09000002", condition="gastric"), set()),
        (Search(numbers=("NCT09000099",)), {C}),
        (Search(updated_from="2026-11-18"), {B, C}),
        (Search(updated_from="2026-11-18", updated_to="2026-11-18"), {B}),
        (Search(term="AREA[OverallStatus]COMPLETED"), set()),
    ],
)
def test_a_search_finds_what_fits(registry: Searchable, search: Search, found: set[TrialId]) -> None:
    """Quotes, brackets, numbers, names and windows: the right answer, never a wrong one."""
    assert set(registry.found(search)) == found
    assert registry.matching(search).total == len(found)


def test_what_is_sent_arrives(stand_in: StandIn, registry: Searchable) -> None:
    """Signs that mean something in an address, and letters of any script, come out as they went in."""
    search = Search(
        title='R&D 50% + "x#y" = é 胃癌?',
        statuses=("RECRUITING", "COMPLETED"),
        near="distance(45.7,4.8,20km)",
    )
    registry.search(search)
    asked = parse_qs(urlsplit(stand_in.requests[-1].target).query)
    told = {name: value for name, (value,) in asked.items()}
    assert told == parameters(search) | {"fields": "NCTId", "pageSize": "1000"}


@pytest.mark.parametrize(
    "fault",
    [
        Fault.html,
        Fault.garbled,
        Fault.truncated,
        Fault.reset,
        Fault.throttled,
        partial(Fault.throttled, retry_after="3"),
        Fault.failing,
        partial(Fault.failing, 503, times=3),
        Fault.empty_page,
    ],
)
def test_bad_moments_lose_and_invent_nothing(
    stand_in: StandIn, registry: Searchable, fault: Callable[[], Fault]
) -> None:
    """Half a body, a page for people, a reset, a throttle, a failure: the list is the same."""
    stand_in.inject(fault())
    assert set(registry.found(Search(intervention="veltomab"))) == {A, B, C, D}


def test_a_refusal_by_agent_is_blocked(stand_in: StandIn, registry: Searchable) -> None:
    """At the first request, whatever was asked."""
    stand_in.inject(Fault.forbidden(agent="python-httpx"))
    with pytest.raises(RegistryBlockedError):
        registry.found(Search(term="cancer"))
    assert len(stand_in.requests) == 1


def test_what_came_since_a_day_is_two_searches(registry: Searchable) -> None:
    """With a day of overlap, and with the search's own window where that is narrower."""
    updated, posted = since(Search(intervention="veltomab"), date(2026, 11, 19))
    assert (updated.updated_from, updated.first_posted_from) == ("2026-11-18", None)
    assert (posted.updated_from, posted.first_posted_from) == (None, "2026-11-18")
    assert set(registry.found(updated)) == {B, C}
    assert registry.found(posted) == ()
    assert since(Search(updated_from="2026-12-01"), date(2026, 11, 19))[0].updated_from == "2026-12-01"
    (everything, _) = since(Search(), date(2026, 11, 20))
    assert set(registry.found(everything)) == {C}


def test_a_dry_run_counts_and_shows_some(stand_in: StandIn, registry: Searchable) -> None:
    """In two requests; of the rows only the numbers are asked for."""
    told = registry.matching(Search(intervention="veltomab"), first=2)
    assert told == Matching(4, told.first, "2026-11-19T09:00:05")
    assert len(set(told.first)) == 2
    assert len(stand_in.requests) == 2
    asked = parse_qs(urlsplit(stand_in.requests[1].target).query)
    assert (asked["fields"], asked["pageSize"], asked["countTotal"]) == (["NCTId"], ["2"], ["true"])


def test_pages_are_bound_to_their_search(stand_in: StandIn, registry: Searchable) -> None:
    """Each page repeats the search; an empty one is not the end; all is found once."""
    search, token, found = Search(intervention="veltomab"), None, list[TrialId]()
    stand_in.inject(Fault.empty_page())
    while True:
        page = registry.search(search, token, size=2)
        found += page.trials
        token = page.next_token
        if token is None:
            break
    assert sorted(found, key=str) == [A, B, C, D]
    assert len(stand_in.requests) == 3
    assert all("query.intr=veltomab" in seen.target for seen in stand_in.requests)
    for size in (0, 1001):
        with pytest.raises(ValueError, match="1 to 1000"):
            registry.search(search, size=size)


def test_a_list_is_begun_again_where_the_data_version_moves(stand_in: StandIn, registry: Searchable) -> None:
    """Between its pages or after the last: what is given is of one data version."""
    stand_in.inject(Fault.empty_page())
    stand_in.advance_after(2)
    assert set(registry.found(Search(intervention="veltomab"))) == {A, C, D}
    assert stand_in.requests[-1].status == 304


def listed(*numbers: str, token: str | None = None) -> bytes:
    """A page of bare rows."""
    rows = [{"protocolSection": {"identificationModule": {"nctId": number}}} for number in numbers]
    return response(200, orjson.dumps({"studies": rows, **({"nextPageToken": token} if token else {})}))


def stamped(day: int) -> bytes:
    """A version answer."""
    return response(200, b'{"apiVersion":"2.0.5","dataTimestamp":"2026-11-%dT09:00:05"}' % day)


VERSION = stamped(20)


def test_a_list_whose_ground_keeps_moving_is_not_given() -> None:
    """After three beginnings it is left for another time."""
    script = [
        answer for day in (10, 12, 14) for answer in (stamped(day), listed("NCT09000001"), stamped(day + 1))
    ]
    with Scripted(*script) as server, ctgov_at(server.base_url, retries=0) as registry:
        assert isinstance(registry, Searchable)
        with pytest.raises(RegistryUnavailableError, match="3 times"):
            registry.found(Search(term="cancer"))


def test_a_list_that_goes_in_circles_is_not_given() -> None:
    """A token that comes again leads nowhere new: the registry is reached, and makes no sense."""
    circle = [VERSION, listed("NCT09000001", token="x"), listed("NCT09000002", token="x"), VERSION]
    with Scripted(*circle * 3) as server, ctgov_at(server.base_url, retries=0) as registry:
        assert isinstance(registry, Searchable)
        with pytest.raises(RegistryUnavailableError, match="broke off") as raised:
            registry.found(Search(term="cancer"))
        assert raised.value.broken


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (response(400, b"Error parsing query in advanced filter: x"), SearchRefusedError, "parsing query"),
        (response(302, b""), RegistryUnavailableError, "status 302"),
        (response(200, b'{"studies":[{}]}'), RegistryUnavailableError, "makes no sense"),
        (listed("nonsense"), RegistryUnavailableError, "without an NCT number"),
        (listed("NCT09000001"), RegistryUnavailableError, "without its total"),
    ],
)
def test_a_bad_answer_is_an_error(answer: bytes, error: type[Exception], message: str) -> None:
    """The registry's own words where it refuses; no half list, no made-up count."""
    with Scripted(VERSION, answer, answer) as server, ctgov_at(server.base_url, retries=0) as registry:
        assert isinstance(registry, Searchable)
        with pytest.raises(error, match=message):
            registry.matching(Search(advanced="AREA[X]y"))


def test_a_search_too_long_is_refused(registry: Searchable) -> None:
    """Before the edge answers it with a page for people."""
    with pytest.raises(SearchRefusedError, match="too long"):
        registry.search(Search(title="words " * 2000))
