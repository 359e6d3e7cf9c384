"""Parts of an event: bounded, with every change once, each with its finding, and nothing left out unsaid."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.events import digest_events
from monitor.core.record import JsonObject
from monitor.core.recorded import RecordedChange, RecordedFinding
from monitor.core.stories import Story
from tests.support.digests import change, composed, finding, gathered, notice, subscription, trial
from tests.support.made import findings_and_changes
from tests.support.schemas import complaints

LIMIT = 48 * 1024
"""A fifth of the real one: what is true of it is true of that."""


@settings(max_examples=60)
@given(findings_and_changes(most=5, longest=60_000), st.integers(0, 40), st.integers(0, 3_000))
def test_parts_are_bounded_and_whole(
    stories: list[tuple[RecordedFinding, tuple[RecordedChange, ...]]], notices: int, length: int
) -> None:
    """Whatever the texts: no part is over the limit, and every change is told once, beside its finding."""
    digest = composed(
        gathered(
            *((trial(int(found.trial.id[-6:])), found, changes) for found, changes in stories),
            notices=tuple(notice("quarantine", "é" * length, number=n + 1) for n in range(notices)),
        ),
        subscription(min_significance="noise"),
    )
    told = list(digest_events(digest, ["digest.created"], limit=LIMIT))
    bodies = [orjson.dumps(event.data) for event in told]
    parts = [json.loads(body) for body in bodies]
    assert max(map(len, bodies)) <= LIMIT
    assert [part["digest"]["part"] for part in parts] == list(range(1, len(parts) + 1))
    assert {part["digest"]["parts"] for part in parts} == {len(parts)}
    ids = Counter(one["id"] for part in parts for one in part["changes"])
    assert ids == {one.id: 1 for _, changes in stories for one in changes}
    belongs = {one.id: found.id for found, changes in stories for one in changes}
    for part in parts:
        beside = {one["id"] for one in part["findings"]}
        assert {belongs[one["id"]] for one in part["changes"]} <= beside
    for one in (one for part in parts for one in part["changes"]):
        recorded = next(c for _, changes in stories for c in changes if c.id == one["id"])
        assert is_told_or_says_so(one, json.loads(orjson.dumps(recorded.to_dict())))


def is_told_or_says_so(told: JsonObject, recorded: JsonObject) -> bool:
    """Is the change as recorded, but for what it says is omitted or shortened?"""
    omitted = told.get("omitted") or []
    assert isinstance(omitted, list)
    differs = {name for name, value in recorded.items() if told[name] != value}
    return differs <= set(omitted) or ("clipped" in told and told["id"] == recorded["id"])


def test_what_nobody_could_fit_is_shortened_and_says_so() -> None:
    """A title, a key and a headline of a megabyte each still leave a valid message with the ids in it."""
    state = trial(1, "T" * 1_000_000)
    news = change(state, "S" * 1_000_000, key="K" * 1_000_000, number=1)
    found = finding(state, "H" * 1_000_000, news)
    digest = composed(gathered((state, found, (news,))))
    for event_type in ("digest.created", "change.detected"):
        (event,) = digest_events(digest, [event_type], limit=LIMIT)
        body = orjson.loads(orjson.dumps(event.data))
        (told,), (story,) = body["changes"], body["findings"]
        assert len(orjson.dumps(body)) <= LIMIT
        assert (told["id"], told["clipped"], told["omitted"]) == (news.id, True, ["old", "new", "facts"])
        assert (story["id"], story["clipped"]) == (found.id, True)
        assert told["summary"].endswith("…")
        assert complaints("change", told) == complaints("finding", story) == []


def test_what_stands_beside_the_stories_is_bounded_too() -> None:
    """Thousands of notices and first sights leave room for the changes; `counts` has their number."""
    state = trial(1)
    news = change(state, "2 sites added.", number=1)
    digest = composed(
        gathered(
            (state, finding(state, "Sites", news), (news,)),
            notices=tuple(notice("quarantine", "Not believed" * 50, number=n) for n in range(2_000)),
            baselines=tuple(notice("baseline", "Now watching" * 50, number=n) for n in range(2_000)),
            unread=tuple(trial(n, "Long " * 100) for n in range(2_000)),
        )
    )
    (event,) = digest_events(digest, ["digest.created"], limit=LIMIT)
    body = orjson.loads(orjson.dumps(event.data))
    assert len(orjson.dumps(body)) <= LIMIT
    assert [one["id"] for one in body["changes"]] == [news.id]
    assert 0 < len(body["notices"]) < 500
    counts = body["digest"]["counts"]
    assert (counts["notices"], counts["baselines"], counts["unread"]) == (2_000, 2_000, 2_000)


@pytest.mark.parametrize("size", range(LIMIT - 4_000, LIMIT, 250))
def test_a_change_of_about_a_part_is_whole_or_says_so(size: int) -> None:
    """Just below the limit it is told with its values, just above without: never a byte too many."""
    state = trial(1)
    news = change(state, "Changed.", new="x" * size, number=1)
    digest = composed(gathered((state, finding(state, "Text", news), (news,))))
    (event,) = digest_events(digest, ["change.detected"], limit=LIMIT)
    body = orjson.dumps(event.data)
    assert len(body) <= LIMIT
    (told,) = orjson.loads(body)["changes"]
    assert ("omitted" in told) == (told["new"] is None)


@pytest.mark.parametrize("size", range(800, 4_000, 400))
def test_a_long_finding_counts_in_each_part_it_is_repeated_in(size: int) -> None:
    """Forty changes under one finding of some kilobytes: no part is over the limit."""
    state = trial(1)
    news = tuple(change(state, f"Changed {n}.", new="x" * size, number=n) for n in range(1, 41))
    found = finding(state, "Text", *news, details=("y" * 7_000,))
    digest = composed(gathered((state, found, news)))
    bodies = [orjson.dumps(event.data) for event in digest_events(digest, ["change.detected"], limit=LIMIT)]
    assert len(bodies) > 1
    assert max(map(len, bodies)) <= LIMIT


def test_a_change_of_two_stories_is_told_once() -> None:
    """Both findings name it; where they fall in two parts the second is told without telling it again."""
    state = trial(1)
    news = change(state, "2 sites added.", new="x" * 20_000, number=1)
    other = change(state, "2 sites removed.", new="x" * 20_000, number=2)
    first, second = finding(state, "Sites", news, other), finding(state, "Countries", news)
    digest = composed(gathered((state, first, (news, other)), (state, second, ())))
    ids = Counter(
        one["id"]
        for event in digest_events(digest, ["digest.created"], limit=LIMIT // 2)
        for one in orjson.loads(orjson.dumps(event.data))["changes"]
    )
    assert ids == {news.id: 1, other.id: 1}
    findings = {
        one["id"]
        for event in digest_events(digest, ["digest.created"], limit=LIMIT // 2)
        for one in orjson.loads(orjson.dumps(event.data))["findings"]
    }
    assert findings == {first.id, second.id}


class Walked(tuple[Story, ...]):
    """Stories that count how often they are walked through."""

    walks = 0

    def __iter__(self) -> Iterator[Story]:
        Walked.walks += 1
        return super().__iter__()


def test_many_stories_are_not_counted_anew_for_each() -> None:
    """Ten times the stories are walked through as often: a large digest does not take minutes to compose."""

    def walks(number: int) -> int:
        states = [trial(n) for n in range(number)]
        news = [change(state, "2 sites added.", number=n) for n, state in enumerate(states, start=1)]
        told = [
            (state, finding(state, "Sites", one), (one,)) for state, one in zip(states, news, strict=True)
        ]
        digest = composed(gathered(*told))
        digest, Walked.walks = replace(digest, stories=Walked(digest.stories)), 0
        assert len(list(digest_events(digest, ["digest.created", "change.detected"], limit=LIMIT))) > number
        return Walked.walks

    assert walks(4) == walks(40)
