"""ClinicalTrials.gov in particular: what it answers, what is believed of it, what is made of its bad days."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import orjson
import pytest
from pydantic import ValidationError

from monitor.core.record import Json, JsonObject, TrialId
from monitor.demo.standin import DataVersion, Fault, StandIn
from monitor.errors import RegistryBlockedError, RegistryUnavailableError
from monitor.registries import Absent, Fetched, Payload, Probe, Registry, Rejected, RenamedTo, Unknown
from monitor.registries.ctgov import CtGovReader, Settings
from monitor.registries.ctgov.belief import ALWAYS_PRESENT, disbelief
from tests.registries.harness import ctgov_at, ctgov_studies
from tests.support.real import load, needs_real_records, pairs, study_files
from tests.support.records import ABSENT, put, study
from tests.support.scripted import Scripted, response

ONE, TWO, THREE = (TrialId("ctgov", f"NCT0900000{n}") for n in (1, 2, 3))
OLD, NOBODY = TrialId("ctgov", "NCT09000099"), TrialId("ctgov", "NCT09555555")
LOOK = r"/studies/NCT"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """Three invented trials on two days."""
    studies = ctgov_studies()
    with StandIn([DataVersion(f"2026-11-{day}T09:00:05", studies) for day in (19, 20)]) as server:
        yield server


@pytest.fixture
def registry(stand_in: StandIn) -> Iterator[Registry]:
    """The registry at the stand-in."""
    with ctgov_at(stand_in.base_url) as found:
        yield found


def fetched(registry: Registry, *trials: TrialId) -> dict[TrialId, Fetched]:
    """The outcomes by trial."""
    return {outcome.trial: outcome for outcome in registry.fetch(trials)}


@contextmanager
def scripted(*script: bytes) -> Iterator[Registry]:
    """The registry, which tries only once, at a server that says what is written down."""
    with Scripted(*script) as server, ctgov_at(server.base_url, retries=0) as registry:
        yield registry


def listed(*studies: Json) -> bytes:
    """A list response."""
    return response(200, orjson.dumps({"studies": list(studies)}))


# The probe.


def test_the_probe_is_conditional(stand_in: StandIn, registry: Registry) -> None:
    """The second one carries the tag of the first and is answered 304."""
    known = registry.probe(None)
    assert known.data_version == "2026-11-19T09:00:05"
    assert known.api_version == "2.0.5"
    registry.probe(known)
    assert stand_in.requests[1].headers["if-none-match"] == known.etag
    assert [seen.status for seen in stand_in.requests] == [200, 304]


def test_a_probe_without_a_stamp_is_an_unknown_data_version() -> None:
    """The registry's schema promises no `dataTimestamp`; its absence is no crash."""
    with scripted(response(200, b'{"apiVersion":"2.0.5"}')) as registry:
        assert registry.probe(None) == Probe(None, None, "2.0.5")


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"dataTimestamp": 5}', b"null"])
def test_a_version_that_makes_no_sense_is_broken(body: bytes) -> None:
    """It is asked for once more, then reported as such."""
    with Scripted(response(200, body)) as server, ctgov_at(server.base_url, retries=0) as registry:
        with pytest.raises(RegistryUnavailableError, match="makes no sense") as raised:
            registry.probe(None)
        assert (raised.value.broken, len(server.requests)) == (True, 2)


def test_a_wrong_base_address_is_said_to_be_one() -> None:
    """A redirect of the API itself is not followed; the remedy names the setting."""
    elsewhere = response(301, b"", "", Location="https://elsewhere.example/")
    with scripted(elsewhere) as registry, pytest.raises(RegistryUnavailableError) as raised:
        registry.probe(None)
    assert "301 to https://elsewhere.example/" in raised.value.message
    assert "base_url" in (raised.value.remedy or "")


def test_an_empty_answer_leaves_no_loose_end() -> None:
    """What is said of an answer without a text is a sentence of its own."""
    for answer in (response(404, b"", ""), response(200, b"")):
        with scripted(answer) as silent, pytest.raises(RegistryUnavailableError) as raised:
            silent.probe(None)
        assert not raised.value.message.rstrip().endswith(":")


@pytest.mark.parametrize("status", [301, 400, 404])
def test_only_304_means_that_nothing_moved(status: int) -> None:
    """Any other answer without a version is a broken registry, even where one is known."""
    known = Probe("2026-11-19T09:00:05", '"tag"')
    with scripted(response(status, b"", "")) as registry, pytest.raises(RegistryUnavailableError) as raised:
        registry.probe(known)
    assert raised.value.broken


def test_a_data_version_may_go_backwards(stand_in: StandIn, registry: Registry) -> None:
    """The probe tells it as it is; what follows is the pipeline's to say."""
    stand_in.advance()
    known = registry.probe(None)
    stand_in.rollback()
    assert registry.probe(known).data_version == "2026-11-19T09:00:05"


# The fetch.


def test_a_batch_is_one_request_with_literal_commas(stand_in: StandIn, registry: Registry) -> None:
    """Ids go out as they are, the page as large as the batch, and nothing else is asked."""
    fetched(registry, ONE, TWO)
    (seen,) = stand_in.requests
    assert seen.target == "/api/v2/studies?filter.ids=NCT09000001,NCT09000002&pageSize=2"


def test_a_payload_holds_the_studys_own_bytes(stand_in: StandIn, registry: Registry) -> None:
    """Byte for byte the slice of the list response, `versionHolder` as served."""
    outcome = fetched(registry, ONE)[ONE]
    assert isinstance(outcome, Payload)
    assert outcome.body == stand_in.version.served(ONE.id)
    assert registry.data_version(outcome.record) == "2026-11-19"


def test_an_alias_is_a_renaming_with_the_record(registry: Registry) -> None:
    """The record that comes for an old number is told as the new trial's."""
    outcome = fetched(registry, OLD)[OLD]
    assert isinstance(outcome, RenamedTo)
    assert (outcome.to, outcome.payload and outcome.payload.trial) == (THREE, THREE)


def test_an_alias_and_its_new_number_may_both_be_asked_for(registry: Registry) -> None:
    """The one is renamed, the other present, from the same record."""
    outcomes = fetched(registry, OLD, THREE)
    assert isinstance(outcomes[OLD], RenamedTo)
    assert isinstance(outcomes[THREE], Payload)


def test_an_absent_trial_gets_one_look(stand_in: StandIn, registry: Registry) -> None:
    """And the registry's own words are the reason."""
    outcome = fetched(registry, ONE, NOBODY)[NOBODY]
    assert outcome == Absent(NOBODY, "NCT number NCT09555555 not found")
    assert [seen.status for seen in stand_in.requests] == [200, 404]


def test_a_redirected_number_is_asked_for_by_ourselves() -> None:
    """Of `Location` only the number is used: host, path and query of the request stay our own."""
    moved = response(301, b"", "", Location="https://elsewhere.example/api/v2/studies/NCT09000003?x=1")
    record = study("NCT09000003")
    with (
        Scripted(listed(), moved, response(200, orjson.dumps(record))) as server,
        ctgov_at(server.base_url, retries=0) as registry,
    ):
        outcome = fetched(registry, OLD)[OLD]
        assert server.requests[2].startswith(b"GET /api/v2/studies/NCT09000003 HTTP/1.1\r\n")
    assert isinstance(outcome, RenamedTo)
    assert outcome.to == THREE


@pytest.mark.parametrize(
    "location",
    [
        "/api/v2/studies/NCT09000099",
        "/maintenance",
        "https://evil.example/NCT09000003x",
        "",
        "//[",
        "/studies/",
    ],
)
def test_a_redirect_that_leads_nowhere_is_unknown(location: str) -> None:
    """To itself, to a page for people, to no number: nothing is concluded."""
    with scripted(listed(), response(301, b"", "", Location=location)) as registry:
        outcome = fetched(registry, OLD)[OLD]
    assert isinstance(outcome, Unknown)


def test_redirects_in_a_ring_end() -> None:
    """Two numbers that name each other are asked for once each."""
    there = response(301, b"", "", Location="/api/v2/studies/NCT09000003")
    back = response(301, b"", "", Location="/api/v2/studies/NCT09000099")
    with Scripted(listed(), there, back) as server, ctgov_at(server.base_url, retries=0) as registry:
        assert isinstance(fetched(registry, OLD)[OLD], Unknown)
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [
        response(404, b"", ""),
        response(404, b"<html>", "text/html"),
        response(404, b"NCT number NCT09000001 not found", "text/plain"),
        response(400, b"Parameter `nctId` has incorrect format", "text/plain"),
        response(403, b"<html>", "text/html"),
        response(500),
        response(200, b"<html>", "text/html"),
        b"",
    ],
)
def test_silence_is_no_removal(answer: bytes) -> None:
    """An empty 404, another trial's 404, a refusal, an error or a page for people leaves a trial unknown."""
    with scripted(listed(), answer) as registry:
        outcome = fetched(registry, NOBODY)[NOBODY]
    assert isinstance(outcome, Unknown)
    assert outcome.reason


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"error": "try later"}, "no NCT number"),
        ([], "no NCT number"),
        ({"protocolSection": {"identificationModule": {"nctId": "none"}}}, "no NCT number"),
        (study("NCT09000002"), "record of NCT09000002"),
    ],
)
def test_json_that_is_no_record_of_the_trial_is_rejected(record: Json, why: str) -> None:
    """It is kept with the reason, for the quarantine."""
    body = orjson.dumps(record)
    with scripted(listed(), response(200, body)) as registry:
        outcome = fetched(registry, ONE)[ONE]
    assert isinstance(outcome, Rejected)
    assert (why in outcome.reason, outcome.body) == (True, body)


def test_a_look_finds_what_a_list_left_out() -> None:
    """A trial missing in the list and present by itself is present."""
    with scripted(listed(), response(200, orjson.dumps(study(ONE.id)))) as registry:
        assert isinstance(fetched(registry, ONE)[ONE], Payload)


def test_a_row_that_is_no_record_spoils_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged; the trial it may have stood for gets its look."""
    gone = response(404, b"NCT number NCT09000002 not found", "text/plain")
    with (
        scripted(listed({"odd": 1}, study(ONE.id)), gone) as registry,
        caplog.at_level(logging.WARNING),
    ):
        outcomes = fetched(registry, ONE, TWO)
    assert isinstance(outcomes[ONE], Payload)
    assert isinstance(outcomes[TWO], Absent)
    (logged,) = caplog.records
    assert (logged.message, vars(logged)["rows"]) == ("rows that are no records", 1)


def test_a_list_of_which_nothing_is_a_record_is_broken() -> None:
    """A change of the API's shape is one failure after a few looks, not a look for each trial."""
    trials = [TrialId("ctgov", f"NCT0955000{n}") for n in range(9)]
    with (
        Scripted(listed({"odd": 1}, {"odd": 2})) as server,
        ctgov_at(server.base_url, retries=0) as registry,
        pytest.raises(RegistryUnavailableError, match="none of 2 studies") as raised,
    ):
        fetched(registry, *trials)
    assert (raised.value.broken, len(server.requests)) == (True, 1 + 3)


@pytest.mark.parametrize("rotten", [b'{"a":NaN}', b'"\\ud800"', b"[" * 9000 + b"]" * 9000])
def test_one_rotten_record_keeps_no_other_from_being_read(rotten: bytes) -> None:
    """Where a list makes no sense twice, its trials are read by themselves and the rotten one is held."""
    broken = response(200, b'{"studies":[' + rotten + b"]}")
    good = response(200, orjson.dumps(study(TWO.id)))
    with scripted(broken, broken, response(200, rotten), response(200, rotten), good) as registry:
        outcomes = fetched(registry, ONE, TWO)
    assert outcomes[ONE] == Rejected(ONE, "it is no JSON", rotten)
    assert isinstance(outcomes[TWO], Payload)


def test_rows_that_contradict_each_other_are_not_believed(caplog: pytest.LogCaptureFixture) -> None:
    """Two rows claim one number and differ: a look decides, and the same row sent twice is one."""
    other = study(ONE.id, protocolSection__statusModule__overallStatus="WITHDRAWN")
    with (
        scripted(
            listed(study(ONE.id), other, study(TWO.id), study(TWO.id)),
            response(200, orjson.dumps(study(ONE.id))),
        ) as registry,
        caplog.at_level(logging.WARNING),
    ):
        outcomes = fetched(registry, ONE, TWO)
    assert all(isinstance(outcome, Payload) for outcome in outcomes.values())
    found = outcomes[ONE]
    assert isinstance(found, Payload)
    assert found.record == study(ONE.id)
    (logged,) = caplog.records
    assert (logged.message, vars(logged)["trials"]) == ("rows that contradict each other", ONE.id)


def test_a_study_nobody_asked_for_is_ignored_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It becomes no outcome."""
    with (
        scripted(listed(study(ONE.id), study(TWO.id))) as registry,
        caplog.at_level(logging.WARNING),
    ):
        assert fetched(registry, ONE).keys() == {ONE}
    (logged,) = caplog.records
    assert (logged.message, vars(logged)["trials"]) == ("studies nobody asked for", "NCT09000002")


def test_pages_are_followed_by_their_token_not_by_their_rows() -> None:
    """A page may be empty and still have a next one."""

    def page(studies: list[JsonObject], token: str | None) -> bytes:
        more = {} if token is None else {"nextPageToken": token}
        return response(200, orjson.dumps({"studies": studies, **more}))

    pages = (page([study(ONE.id)], "a/b+c"), page([], "t2"), page([study(TWO.id)], None))
    with Scripted(*pages) as server, ctgov_at(server.base_url, retries=0) as registry:
        outcomes = fetched(registry, ONE, TWO)
        assert b"filter.ids=NCT09000001,NCT09000002&pageSize=2&pageToken=a%2Fb%2Bc " in server.requests[1]
    assert all(isinstance(outcome, Payload) for outcome in outcomes.values())


def test_a_refused_page_token_starts_the_list_again() -> None:
    """Tokens die with their data version: the list is read once more from its beginning."""
    first = response(200, orjson.dumps({"studies": [study(ONE.id)], "nextPageToken": "t"}))
    refused = response(400, b"Parameter `pageToken` has incorrect format", "text/plain")
    with scripted(first, refused, listed(study(ONE.id), study(TWO.id))) as registry:
        outcomes = fetched(registry, ONE, TWO)
    assert all(isinstance(outcome, Payload) for outcome in outcomes.values())


def test_pages_without_end_are_broken() -> None:
    """A token that always leads on does not hold us for ever."""
    endless = response(200, orjson.dumps({"studies": [study(ONE.id)], "nextPageToken": "t"}))
    with (
        scripted(endless) as registry,
        pytest.raises(RegistryUnavailableError, match="pages of a list broke off"),
    ):
        fetched(registry, ONE)


# Bad days.


@pytest.mark.parametrize(
    "fault",
    [
        Fault.failing(500),
        Fault.failing(502),
        Fault.throttled(),
        Fault.throttled(retry_after="2"),
        Fault.html(),
        Fault.truncated(),
        Fault.garbled(),
        Fault.reset(),
        Fault.slow(0.05),
        Fault.empty_page(),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}-{fault.retry_after}",
)
def test_a_passing_fault_costs_no_trial(stand_in: StandIn, registry: Registry, fault: Fault) -> None:
    """Whatever went wrong once, the batch is whole in the end."""
    stand_in.inject(fault)
    assert all(isinstance(outcome, Payload) for outcome in fetched(registry, ONE, TWO).values())


def test_a_refusal_by_name_is_blocked_at_once(stand_in: StandIn, registry: Registry) -> None:
    """A registry that dislikes our User-Agent is asked once, not five times."""
    stand_in.inject(Fault.forbidden(agent="python-httpx"))
    with pytest.raises(RegistryBlockedError):
        registry.probe(None)
    assert len(stand_in.requests) == 1


def test_looks_end_with_a_refusal(stand_in: StandIn, registry: Registry) -> None:
    """What the batch held is kept, and nobody is asked again after a 403."""
    stand_in.inject(Fault.forbidden(path=LOOK))
    others = [TrialId("ctgov", f"NCT0955000{n}") for n in range(5)]
    outcomes = fetched(registry, ONE, *others)
    assert isinstance(outcomes[ONE], Payload)
    assert all(isinstance(outcomes[trial], Unknown) for trial in others)
    assert len(stand_in.requests) == 2


def test_looks_end_after_failures_in_a_row(stand_in: StandIn) -> None:
    """A registry that is down is not asked for every absent trial."""
    stand_in.inject(Fault.failing(500, path=LOOK, times=None))
    others = [TrialId("ctgov", f"NCT0955000{n}") for n in range(9)]
    with ctgov_at(stand_in.base_url, retries=0) as registry:
        assert all(isinstance(outcome, Unknown) for outcome in fetched(registry, *others).values())
    assert len(stand_in.requests) == 1 + 3


def test_one_failed_look_stops_no_other(stand_in: StandIn) -> None:
    """The next absent trial still gets its look."""
    stand_in.inject(Fault.failing(500, path="/NCT09550000", times=None))
    with ctgov_at(stand_in.base_url, retries=0) as registry:
        outcomes = fetched(registry, TrialId("ctgov", "NCT09550000"), NOBODY)
    assert isinstance(outcomes[NOBODY], Absent)


# Belief.


def test_belief_asks_only_for_the_essentials_at_first_sight() -> None:
    """A withheld or reduced record may lack modules; number and status it has."""
    bare: JsonObject = {}
    put(bare, "protocolSection.identificationModule.nctId", "NCT09000001")
    assert "overallStatus" in (disbelief(None, bare) or "")
    put(bare, "protocolSection.statusModule.overallStatus", "WITHHELD")
    assert disbelief(None, bare) is None


@pytest.mark.parametrize("module", ALWAYS_PRESENT[2:])
def test_a_vanished_module_is_not_believed_unless_withheld(module: str) -> None:
    """Modules every record has do not go away by an edit; withholding takes them legally."""
    before, lost = study(), study(**{f"protocolSection__{module}": ABSENT})
    assert module in (disbelief(before, lost) or "")
    assert disbelief(lost, lost) is None
    put(lost, "protocolSection.statusModule.overallStatus", "WITHHELD")
    assert disbelief(before, lost) is None


@pytest.mark.parametrize("status", [ABSENT, "", None, 5])
def test_a_record_without_a_status_is_not_believed(status: object) -> None:
    """Not even where the record before had none."""
    lost = study(protocolSection__statusModule__overallStatus=status)
    assert "overallStatus" in (disbelief(study(), lost) or "")
    assert "overallStatus" in (disbelief(lost, lost) or "")


ANOTHERS: dict[str, str] = {
    "protocolSection__statusModule__studyFirstSubmitDate": "2011-03-04",
    "protocolSection__identificationModule__orgStudyIdInfo__id": "ANOTHER-1",
    "protocolSection__identificationModule__briefTitle": "Another Study Altogether",
}


def test_another_trials_record_under_the_same_number_is_not_believed() -> None:
    """All that a trial was registered with never changes at once; a part of it may, or may be missing."""
    assert "another trial" in (disbelief(study(), study(**ANOTHERS)) or "")
    for name in ANOTHERS:
        part = {path: value for path, value in ANOTHERS.items() if path != name}
        assert disbelief(study(), study(**part)) is None
        assert disbelief(study(), study(**part, **{name: ABSENT})) is None


def test_belief_never_counts_leaves() -> None:
    """Closing recruitment wipes sites and contacts: most of a record may go and it is still believed."""
    closed = study(
        protocolSection__statusModule__overallStatus="COMPLETED",
        protocolSection__contactsLocationsModule=ABSENT,
        protocolSection__outcomesModule=ABSENT,
        protocolSection__armsInterventionsModule=ABSENT,
        protocolSection__ipdSharingStatementModule=ABSENT,
        derivedSection=ABSENT,
    )
    assert disbelief(study(), closed) is None


@needs_real_records
def test_every_real_pair_is_believed() -> None:
    """No real record was ever held back, first seen or later."""
    held = [after.name for before, after in pairs() if disbelief(load(before), load(after))]
    assert held == []
    assert [path.name for path in study_files()[::20] if disbelief(None, load(path))] == []


# Settings and imports.


@pytest.mark.parametrize(
    "setting",
    [
        {"base_url": "clinicaltrials.gov"},
        {"base_url": "ftp://clinicaltrials.gov"},
        {"base_url": "https://u:p@clinicaltrials.gov"},
        {"base_url": "https://clinicaltrials.gov/?x=1"},
        {"requests_per_second": 0},
        {"user_agent": "bad\r\nname"},
        {"user_agent": "näme"},
        {"batch_size": 0},
        {"batch_size": 201},
        {"unknown_key": 1},
    ],
)
def test_settings_refuse_what_cannot_work(setting: Mapping[str, object]) -> None:
    """Each mistake is found when the configuration is read, not at the first poll."""
    with pytest.raises(ValidationError):
        Settings.model_validate(setting)


def test_settings_have_a_default_each() -> None:
    """Nothing has to be configured; a trailing slash does no harm."""
    assert Settings().base_url == "https://clinicaltrials.gov"
    assert Settings(base_url="http://127.0.0.1:8080/").base_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "text",
    [
        "NCT07263919",
        "nct7263919",
        "NCT007263919",
        "https://clinicaltrials.gov/study/NCT07263919",
        "https://www.clinicaltrials.gov/study/NCT07263919?tab=history&a=1&b=2#version-content-panel",
        "clinicaltrials.gov/ct2/show/NCT07263919",
        "https://classic.clinicaltrials.gov/ct2/show/record/NCT07263919",
        "https://clinicaltrials.gov/api/v2/studies/NCT07263919",
    ],
)
def test_a_number_may_be_written_in_many_ways(text: str) -> None:
    """As the API's own pattern allows, and as people paste it."""
    assert CtGovReader().identify(text) == TrialId("ctgov", "NCT07263919")


@pytest.mark.parametrize(
    "text",
    ["https://evil.example/clinicaltrials.gov/study/NCT07263919", "NCT07263919x", "NCT0726391９", "7263919"],
)
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    """Other hosts, trailing letters and foreign digits are not guessed at."""
    assert CtGovReader().identify(text) is None


def test_look_ups_load_no_http_library() -> None:
    """Reading a number or comparing two files must be quick: httpx and pydantic stay out."""
    code = (
        "import sys; from monitor import registries; registries.identify('NCT1');"
        "registries.reader('ctgov').url(registries.identify('NCT1'));"
        "import monitor.registries.ctgov.normalize;"
        "sys.exit(' '.join({'httpx', 'httpcore', 'pydantic', 'sqlmodel'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "")
