"""The schemas that ship: sound, complete, described, only ever growing, and true of what is really sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from monitor import schemas
from monitor.compare import compare
from monitor.core.catalogue import CATEGORIES
from monitor.core.change import LEVELS, Op, Origin
from monitor.core.digest import Digest, DigestKind
from monitor.core.events import SCHEMA_VERSIONS, digest_events, schema_uri
from monitor.core.recorded import RecordedChange, RecordedFinding, Stamp, isoformat, stamp_changes
from monitor.core.watching import NoticeKind, SourceState
from tests.cli.command import Command
from tests.support.digests import NOW, FakePending, composed, gathered, notice, source, subscription, trial
from tests.support.made import findings_and_changes
from tests.support.real import load, needs_real_records, pairs
from tests.support.schemas import SCHEMAS, closed, complaints

EVENTS = tuple(SCHEMA_VERSIONS)
WANTED = [one for one in EVENTS if one != "test.ping"]

PROMISED = {
    "trial": "registry id",
    "notice": "kind subject message at trial",
    "source": "registry state since reason data_version last_success_at",
    "change": """id trial trial.title trial.url field key part path op baseline old new category significance
        rule reason facts summary version version.from version.to snapshot snapshot.from snapshot.to
        submitted_on posted_on data_version observed_at origin sequence""",
    "finding": """id trial trial.title kind headline significance rule changes details facts net steps
        trials.title""",
    "digest": """id subscription kind period sequence window window.since window.until covers covers.first
        covers.last counts counts.findings counts.findings.critical counts.findings.major
        counts.findings.minor counts.findings.noise counts.changes counts.folded counts.trials counts.watched
        counts.unread counts.baselines counts.notices counts.held part parts""",
    "digest.created": """type timestamp data data.digest data.findings data.changes data.baselines
        data.notices data.sources data.unread data.unread.title""",
    "change.detected": "type timestamp data data.digest data.findings data.changes",
    "trial.discovered": """type timestamp data data.digest data.digest.id data.digest.subscription data.search
        data.event data.matched data.matched.name data.matched.place data.trial data.trial.title
        data.trial.url data.change""",
    "source.unhealthy": "type timestamp data data.notice data.source",
    "test.ping": "type timestamp data data.channel data.message",
}
"""Members that receivers may rely on. Add what is new; taking one away needs a new version of its schema."""


def subschemas(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every member's schema inside one, by its dotted path; what it refers to is not entered."""
    for name, inner in node.get("properties", {}).items():
        here = f"{path}.{name}".lstrip(".")
        yield here, inner
        yield from subschemas(inner, here)
    for inner in (*node.get("anyOf", ()), *filter(None, [node.get("items")])):
        yield from subschemas(inner, path)


def whole(name: str) -> Any:
    """One with its own `$defs` put where they are meant."""
    found = dict(SCHEMAS[name])
    if "$defs" in found:
        found["properties"] = {**found["properties"], "data": found["$defs"]["data"]}
    return found


def required(node: Any, path: str = "") -> Iterator[str]:
    """The dotted paths of the members that are always there, where what they stand in is."""
    for name in node.get("required", ()):
        yield f"{path}.{name}".lstrip(".")
    for name, inner in node.get("properties", {}).items():
        yield from required(inner, f"{path}.{name}".lstrip("."))
    for inner in (*node.get("anyOf", ()), *filter(None, [node.get("items")])):
        yield from required(inner, path)


def test_the_schemas_are_schemas() -> None:
    """Each file is a valid JSON Schema, each type of event has one, and each has its address and version."""
    assert set(EVENTS) | {"change", "finding", "digest", "notice", "source", "trial"} == set(SCHEMAS)
    for name, schema in SCHEMAS.items():
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"urn:trialwire:schema:{name}:{schemas.version(schema)}"
    for name, version in SCHEMA_VERSIONS.items():
        assert schemas.version(SCHEMAS[name]) == version
        assert schema_uri(name) == f"{SCHEMAS[name]['$id']}#/$defs/data"
        assert SCHEMAS[name]["properties"]["data"]["$ref"] == "#/$defs/data"


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_was_promised_is_kept(name: str) -> None:
    """The members that are always there are those of the promise: to take one away is a conscious act."""
    assert set(required(whole(name))) == set(PROMISED[name].split())


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_member_is_described(name: str) -> None:
    """Whoever reads a schema need not guess what a member means."""
    assert SCHEMAS[name]["description"]
    silent = [path for path, inner in subschemas(whole(name)) if "description" not in inner]
    assert [path for path in silent if path not in ("data", "type")] == []


def test_closed_sets_are_those_of_the_program() -> None:
    """Enumerations name what the program can say, and examples all that there is today."""
    change, finding = SCHEMAS["change"]["properties"], SCHEMAS["finding"]["properties"]
    assert change["op"]["enum"] == list(get_args(Op))
    assert change["origin"]["enum"] == list(get_args(Origin))
    assert change["significance"]["enum"] == finding["significance"]["enum"] == list(LEVELS)
    assert change["category"]["examples"] == list(CATEGORIES)
    assert SCHEMAS["digest"]["properties"]["kind"]["enum"] == list(get_args(DigestKind))
    assert SCHEMAS["source"]["properties"]["state"]["enum"] == list(get_args(SourceState))
    assert SCHEMAS["notice"]["properties"]["kind"]["examples"] == list(get_args(NoticeKind))


@pytest.mark.parametrize("name", EVENTS)
def test_the_example_of_an_event_is_valid(name: str) -> None:
    """Each type shows one, and it is as strict as what is sent."""
    (example,) = SCHEMAS[name]["examples"]
    assert complaints(name, example) == []
    assert example["type"] == name


@pytest.fixture
def trialwire(tmp_path: Path) -> Command:
    """The command where nothing was ever done."""
    return Command(tmp_path)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_printed_schema_stands_alone(trialwire: Command, name: str) -> None:
    """`trialwire schemas TYPE` prints one that any validator can use without looking anything up."""
    printed = trialwire("schemas", name).json()
    assert isinstance(printed, dict)
    Draft202012Validator.check_schema(printed)
    validator = Draft202012Validator(printed)
    if name in EVENTS:
        (example,) = SCHEMAS[name]["examples"]
        assert validator.is_valid(example)
        assert not validator.is_valid({**example, "data": {}})
        assert not validator.is_valid({**example, "type": "another.type"})
    else:
        assert not validator.is_valid({})


def test_the_types_are_listed(trialwire: Command) -> None:
    """Without a type they are all named; one there is not is refused with those there are."""
    rows = trialwire("schemas", "--format", "json").json()
    assert isinstance(rows, list)
    assert {row["name"]: row["version"] for row in rows if isinstance(row, dict)} == dict.fromkeys(SCHEMAS, 1)
    ran = trialwire("schemas", "digest.deleted")
    assert ran.code == 2
    assert "digest.created" in ran.err


def test_a_published_schema_lets_members_come() -> None:
    """What ships is open, so that a new member breaks no receiver; what the tests use is closed."""
    assert "additionalProperties" not in orjson.dumps(SCHEMAS["digest.created"]).decode()
    (example,) = SCHEMAS["test.ping"]["examples"]
    longer = {**example, "data": {**example["data"], "more": 1}}
    assert Draft202012Validator(SCHEMAS["test.ping"]).is_valid(longer)
    assert not Draft202012Validator(closed(SCHEMAS["test.ping"])).is_valid(longer)
    assert complaints("test.ping", longer) != []


def test_a_schema_can_fail() -> None:
    """A change without its id, and one with a level there is not, are found."""
    (example,) = SCHEMAS["change.detected"]["examples"]
    (change,) = example["data"]["changes"]
    nameless = {name: value for name, value in change.items() if name != "id"}
    assert any("'id' is a required" in one for one in complaints("change", nameless))
    assert any("severe" in one for one in complaints("change", {**change, "significance": "severe"}))


def wrong(digest: Digest, *types: str) -> list[str]:
    """What the closed schemas find wrong with the events of a digest."""
    found = []
    for event in digest_events(digest, types, limit=256 * 1024):
        told = {"type": event.type, "timestamp": isoformat(event.at), "data": event.data}
        found += complaints(event.type, orjson.loads(orjson.dumps(told)))
    return found


@given(findings_and_changes(), st.sampled_from(get_args(SourceState)), st.sampled_from(get_args(NoticeKind)))
def test_whatever_is_told_obeys(
    stories: list[tuple[RecordedFinding, tuple[RecordedChange, ...]]], state: SourceState, kind: NoticeKind
) -> None:
    """Digests made up at random, over every op, level and form of value, are told by the schemas."""
    pending = gathered(
        *((trial(int(found.trial.id[-6:])), found, changes) for found, changes in stories),
        notices=(notice("source", "Down"), notice(kind, "Something", number=2, about=trial(3))),
        baselines=(notice("baseline", "Now watching", number=3, about=trial(1)),),
        unread=(trial(9),),
    )
    digest = composed(pending, subscription(min_significance="noise"), health=source(state, "refused"))
    assert wrong(digest, *WANTED) == []


def real_digests() -> Iterator[FakePending]:
    """What real pairs of versions come to."""
    for number, (old, new) in enumerate(pairs()):
        before, after = load(old), load(new)
        found = compare(before, after)
        if not found.changes:
            continue
        state = trial(number)
        stamp = Stamp(
            state.trial, state.title, "https://clinicaltrials.gov/study/x", "a", "b", 1, 2, NOW, "poll"
        )
        changes, findings = stamp_changes(found, stamp)
        yield FakePending(changes, findings, trials={state.trial: state})


@needs_real_records
def test_what_real_amendments_come_to_obeys() -> None:
    """The changes of every real amendment are told by the schemas."""
    told = 0
    for pending in real_digests():
        digest = composed(pending, subscription(min_significance="noise"))
        assert wrong(digest, "digest.created", "change.detected") == []
        told += len(pending.changes)
    assert told > 2_000
