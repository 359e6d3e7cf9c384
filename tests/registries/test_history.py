"""The history API asked for: over the stand-in, and on its bad days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import httpx
import orjson
import pytest

from monitor import compare
from monitor.core.record import Json, JsonObject, TrialId
from monitor.demo.standin import DataVersion, Fault, StandIn, Submission
from monitor.errors import RegistryBlockedError, RegistryUnavailableError
from monitor.registries import KeepsHistory, Payload
from tests.registries.harness import ctgov_at
from tests.support.payloads import rich_study
from tests.support.records import study
from tests.support.scripted import Scripted, response

ONE, OLD, NOBODY = (TrialId("ctgov", f"NCT090000{n}") for n in ("01", "99", "55"))
INT = "/api/int/studies"


def studies() -> tuple[Submission, ...]:
    """Three versions: recruiting, with results handed in and sent back, and as it stands."""
    first = study(protocolSection__statusModule__overallStatus="NOT_YET_RECRUITING")
    second = study(
        protocolSection__outcomesModule={
            "primaryOutcomes": [{"measure": "Survival", "reviewUnit": {"resetReasons": ["Too short."]}}]
        }
    )
    back: dict[str, Json] = {
        "reviewNotPassed": True,
        "unpostedEvents": [{"type": "RESET", "date": "2026-07-01"}],
    }
    return (
        Submission("2025-09-08", first),
        Submission("2026-06-11", second, ("Outcome Measures",), back),
        Submission("2026-08-17", now(), ("Study Status",)),
    )


def now() -> JsonObject:
    """The record as it stands, under a number that was merged into it, too."""
    payload = rich_study()
    identification = cast(
        "JsonObject", cast("JsonObject", payload["protocolSection"])["identificationModule"]
    )
    identification["nctIdAliases"] = [OLD.id]
    return payload


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """One study with a past."""
    data = DataVersion("2026-11-20T09:00:05", {ONE.id: now()}, {ONE.id: studies()})
    with StandIn([data]) as server:
        yield server


@pytest.fixture
def registry(stand_in: StandIn) -> Iterator[KeepsHistory]:
    """The registry at the stand-in."""
    with ctgov_at(stand_in.base_url) as found:
        assert isinstance(found, KeepsHistory)
        yield found


def test_the_past_is_told(registry: KeepsHistory) -> None:
    """Index and versions, counted from 1, with what the reviewers said."""
    past = registry.history(ONE)
    assert past is not None
    assert [(v.number, v.submitted_on, v.failed_review) for v in past.versions] == [
        (1, "2025-09-08", False),
        (2, "2026-06-11", True),
        (3, "2026-08-17", False),
    ]
    second = registry.version(ONE, 2)
    assert second is not None
    assert [comment.reasons for comment in second.comments] == [("Too short.",)]


def test_the_latest_version_is_the_record_of_today(stand_in: StandIn) -> None:
    """Fetched from the one API and from the other it is one record, whatever each adds to it."""
    with ctgov_at(stand_in.base_url) as registry:
        assert isinstance(registry, KeepsHistory)
        version = registry.version(ONE, 3)
        (today,) = registry.fetch([ONE])
        assert isinstance(today, Payload)
        assert version is not None
        assert registry.normalize(version.record).trial == ONE
        assert not list(compare(version.record, today.record))
        assert registry.facts(version.record).posted_on == "2026-08-19"


def test_nothing_known_is_none(registry: KeepsHistory) -> None:
    """No such trial, no such version."""
    assert registry.history(NOBODY) is None
    assert registry.version(NOBODY, 1) is None
    assert registry.version(ONE, 4) is None
    with pytest.raises(ValueError, match="counted from 1"):
        registry.version(ONE, 0)


def test_a_merged_number_leads_to_the_live_one(stand_in: StandIn, registry: KeepsHistory) -> None:
    """The redirect's number is used, its address is not."""
    past, version = registry.history(OLD), registry.version(OLD, 1)
    assert past is not None
    assert version is not None
    assert past.trial == version.trial == ONE
    assert [seen.target for seen in stand_in.requests] == [
        f"{INT}/{OLD.id}?history=true",
        f"{INT}/{ONE.id}?history=true",
        f"{INT}/{OLD.id}/history/0",
        f"{INT}/{ONE.id}/history/0",
    ]


@pytest.mark.parametrize("fault", [Fault.html, Fault.garbled, Fault.truncated, Fault.reset, Fault.throttled])
def test_a_bad_moment_passes(stand_in: StandIn, registry: KeepsHistory, fault: Callable[[], Fault]) -> None:
    """A page for people, half a body, a reset or a throttle once: it is asked again."""
    stand_in.inject(fault())
    assert registry.version(ONE, 1) is not None


def test_being_refused_is_blocked(stand_in: StandIn, registry: KeepsHistory) -> None:
    """At once and once: no hammering, and the rest of the registry is not concerned."""
    stand_in.inject(Fault.forbidden(path="/api/int/"))
    with pytest.raises(RegistryBlockedError):
        registry.history(ONE)
    assert len(stand_in.requests) == 1
    with ctgov_at(stand_in.base_url) as other:
        assert other.probe(None).data_version


@pytest.mark.parametrize(
    "answer",
    [
        response(200, b"[]"),
        response(200, b"{}"),
        response(200, b'{"history":{"versions":[]}}'),
        response(200, orjson.dumps({"studyVersion": 0, "study": study("NCT09000002")})),
        response(400, b"what?"),
        response(302, b""),
    ],
)
def test_another_shape_is_broken(answer: bytes) -> None:
    """Drift, another trial's record, a status nobody knows: an error, never a guess."""
    with Scripted(*[answer] * 4) as server, ctgov_at(server.base_url, retries=0) as registry:
        assert isinstance(registry, KeepsHistory)
        for ask in (registry.history, lambda trial: registry.version(trial, 1)):
            with pytest.raises(RegistryUnavailableError) as raised:
                ask(ONE)
            assert raised.value.broken


# The stand-in's own.


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/x?history=true", 404),
        (f"/{NOBODY.id}/history", 404),
        (f"/{ONE.id}/history/99", 404),
        (f"/{ONE.id}/history/0?patchToVersion=1", 501),
        (f"/{ONE.id}", 501),
    ],
)
def test_what_is_not_known_of_the_real_one_is_refused(stand_in: StandIn, path: str, status: int) -> None:
    """No patch and no words are made up."""
    assert httpx.get(f"{stand_in.base_url}{INT}{path}", trust_env=False).status_code == status


def test_the_history_is_html_with_entities(stand_in: StandIn) -> None:
    """In titles as in criteria, and a study without a told past was submitted once."""
    url = f"{stand_in.base_url}{INT}/{ONE.id}"
    body = httpx.get(f"{url}/history/0", trust_env=False).text
    assert "<li><p>Age &gt;= 18 years" in body
    assert "derivedSection" not in body
    assert httpx.get(f"{url}/history", trust_env=False).json()["outcomesUpdateCount"] == 1
    bare = DataVersion("2026-11-20T09:00:05", {ONE.id: study()})
    assert [(s.date, s.labels) for s in bare.past(ONE.id)] == [("2025-09-08", ())]
