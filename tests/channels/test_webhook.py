"""Webhooks: events by the schemas we ship, in parts, and patient with targets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from pydantic import ValidationError

from monitor import channels
from monitor.channels import Channel
from monitor.channels.webhook import (
    ENVELOPE,
    MAX_BODY,
)
from monitor.core.delivery import Later, Outcome, Rejected, Sent, settle
from monitor.core.digest import Digest
from monitor.core.events import SCHEMA_VERSIONS, digest_events, schema_uri
from monitor.demo.sinks import Reaction, WebhookSink
from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryRejectedError
from monitor.render import Renderer
from tests.channels.support import SECRET, ping_rows, rows, webhook
from tests.support.digests import (
    NOW,
    FakePending,
    change,
    composed,
    finding,
    gathered,
    notice,
    subscription,
    trial,
)
from tests.support.sample import programme_digest, sample_digest, window_digest
from tests.support.schemas import complaints, valid
from tests.support.scripted import Scripted, dripping
from tests.support.told import discovered, troubled

ALL_EVENTS = ["digest.created", "change.detected", "trial.discovered", "source.unhealthy"]


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    """An endpoint on loopback that knows our secret."""
    with WebhookSink(SECRET) as endpoint:
        yield endpoint


def test_types_are_of_the_letters_recommended() -> None:
    """Identifiers of letters, digits and underscores, with dots between them."""
    assert [*SCHEMA_VERSIONS] == [*ALL_EVENTS, "test.ping"]
    assert all(re.fullmatch(r"[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)+", one) for one in SCHEMA_VERSIONS)


def test_an_endpoint_has_the_time_recommended() -> None:
    """Where nothing else is said, between 15 and 30 seconds."""
    table = {"url": "https://hooks.example.com/trials", "secret_env": "HOOK"}
    settings = channels.settings_model("webhook").model_validate(table)
    assert 15 <= settings.model_dump()["timeout_s"] <= 30


@pytest.mark.parametrize(
    "digest",
    [sample_digest(), troubled(), discovered(), window_digest(), programme_digest()],
    ids=["sample", "troubled", "discovered", "window", "programme"],
)
def test_every_event_obeys_its_schema(digest: Digest) -> None:
    """What is really sent is valid by the schema that ships, for every type."""
    channel = webhook("http://127.0.0.1:1/", events=ALL_EVENTS)
    messages = channel.messages(digest, Renderer().digest(digest))
    assert [m.event for m in messages] == [valid(m.content)["type"] for m in messages]
    assert [m.part for m in messages] == list(range(1, len(messages) + 1))
    (ping,) = channel.test_message(NOW)
    assert valid(ping.content)["type"] == "test.ping"


def test_findings_over_versions_and_trials_say_so() -> None:
    """Net findings name their steps, programmes their trials; changes are sent as recorded, once each."""

    def told(digest: Digest) -> Any:
        (message,) = webhook("http://127.0.0.1:1/").messages(digest, Renderer().digest(digest))
        return valid(message.content)["data"]

    window = told(window_digest())
    loud = [finding for finding in window["findings"] if finding["kind"] != "admin"]
    assert sorted(finding["net"] for finding in loud) == ["changed", "reverted"]
    recorded = [change["id"] for change in window["changes"]]
    assert sorted(step for finding in window["findings"] for step in finding["steps"]) == sorted(recorded)
    programme = told(programme_digest())
    first, *rest = programme["findings"]
    assert (first["kind"], first["trial"], len(first["trials"])) == ("programme", None, 3)
    assert sorted(first["findings"]) == sorted(finding["id"] for finding in rest)
    assert programme["digest"]["counts"]["findings"] == {"critical": 1, "major": 0, "minor": 1, "noise": 0}
    assert all(finding["trial"]["url"].startswith("https://") for finding in rest)


def test_an_endpoint_gets_what_it_asked_for() -> None:
    """`events` picks: one message for each finding, one for each source notice, one for the digest."""
    digest = troubled()

    def sent(*events: str) -> list[str]:
        channel = webhook("http://127.0.0.1:1/", events=list(events))
        return [m.event for m in channel.messages(digest, Renderer().digest(digest))]

    assert sent("digest.created") == ["digest.created"]
    assert sent("source.unhealthy") == ["source.unhealthy"]
    assert sent(*reversed(ALL_EVENTS)) == [one for one in ALL_EVENTS if one != "trial.discovered"]
    digest = discovered()
    assert sent("trial.discovered") == ["trial.discovered"]
    channel = webhook("http://127.0.0.1:1/", events=["change.detected"])
    assert len(channel.messages(sample_digest(), Renderer().digest(sample_digest()))) == 6


def test_changes_are_told_as_recorded() -> None:
    """`data.changes` holds contract section 2 objects, `data.findings` the stories over them."""
    digest = sample_digest()
    (message,) = webhook("http://127.0.0.1:1/").messages(digest, Renderer().digest(digest))
    data = json.loads(message.content)["data"]
    recorded = {
        c.id: {**c.to_dict(), "sequence": c.number} for story in digest.stories for c in story.changes
    }
    assert {c["id"]: c for c in data["changes"]} == recorded
    assert [f["id"] for f in data["findings"]] == [story.finding.id for story in digest.stories]
    assert data["digest"]["counts"]["findings"] == {"critical": 2, "major": 2, "minor": 2, "noise": 0}
    assert data["digest"]["sequence"] == 31


def large(number: int, size: int) -> Digest:
    """A digest of `number` stories whose change has `size` characters of text."""
    stories = []
    for n in range(number):
        state = trial(n)
        news = change(state, f"Text {n} changed.", old="a" * (size // 2), new="é" * (size // 2), number=n + 1)
        stories.append((state, finding(state, f"Text {n}", news), (news,)))
    return composed(gathered(*stories))


@pytest.mark.parametrize(("number", "size"), [(40, 20_000), (3, 120_000), (2000, 10)])
def test_a_large_digest_goes_out_in_parts(number: int, size: int) -> None:
    """No message is over 256 KB; the parts are numbered, hold every change once, and are valid."""
    channel, digest = webhook("http://127.0.0.1:1/"), large(number, size)
    messages = channel.messages(digest, Renderer().digest(digest))
    assert max(len(m.content) for m in messages) <= MAX_BODY
    events = [json.loads(m.content)["data"] for m in messages]
    assert [e["digest"]["part"] for e in events] == list(range(1, len(events) + 1))
    assert {e["digest"]["parts"] for e in events} == {len(events)}
    assert len(events) > 1
    told = [c["id"] for e in events for c in e["changes"]]
    assert len(told) == len(set(told)) == number
    for event in events:
        ids = {c["id"] for c in event["changes"]}
        assert ids <= {member for f in event["findings"] for member in f["changes"]}
    assert len({row.id for row in rows(channel, digest)}) == len(messages)
    valid(messages[0].content)
    valid(messages[-1].content)


@pytest.mark.parametrize("form", ["standard", "cloudevents"])
def test_what_stands_around_the_data_has_its_room(form: str) -> None:
    """With the longest names there can be, the envelope of either format stays within what is kept for it."""
    long = replace(troubled(), subscription=subscription("s" * 64))
    for digest in (long, discovered()):
        channel = webhook("http://127.0.0.1:1/", format=form, events=ALL_EVENTS)
        for message in channel.messages(digest, Renderer().digest(digest)):
            data = json.dumps(json.loads(message.content)["data"], ensure_ascii=False, separators=(",", ":"))
            assert 0 < len(message.content) - len(data.encode()) <= ENVELOPE


def test_one_story_larger_than_a_message_is_split_too() -> None:
    """A story's changes may span parts; each part repeats the finding."""
    state = trial(1)
    news = tuple(change(state, f"Text {n}.", old="a" * 30_000, number=n) for n in range(20))
    digest = composed(gathered((state, finding(state, "Texts", *news), news)))
    events = list(digest_events(digest, ["change.detected"], limit=MAX_BODY))
    assert len(events) > 1
    bodies = [json.loads(json.dumps(e.data)) for e in events]
    assert sum(len(body["changes"]) for body in bodies) == 20
    assert all(len(body["findings"]) == 1 for body in bodies)


def test_a_story_over_thousands_of_changes_fits() -> None:
    """A finding too long to name all its changes says so, and no message is too large."""
    state = trial(1)
    news = tuple(change(state, f"Site {n}.", number=n) for n in range(1, 6001))
    channel, digest = (
        webhook("http://127.0.0.1:1/"),
        composed(gathered((state, finding(state, "Sites", *news), news))),
    )
    messages = channel.messages(digest, Renderer().digest(digest))
    assert max(len(m.content) for m in messages) <= MAX_BODY
    events = [json.loads(m.content)["data"] for m in messages]
    assert sum(len(event["changes"]) for event in events) == 6000
    assert events[0]["findings"][0]["omitted"] == ["changes", "details", "facts", "steps"]
    valid(messages[0].content)


def test_a_change_larger_than_a_message_says_what_it_leaves_out() -> None:
    """Its sentence and place still arrive; the values are to be looked up."""
    channel, digest = webhook("http://127.0.0.1:1/"), large(1, 600_000)
    (message,) = channel.messages(digest, Renderer().digest(digest))
    (told,) = valid(message.content)["data"]["changes"]
    assert told["omitted"] == ["old", "new", "facts"]
    assert told["summary"] == "Text 0 changed."
    assert len(message.content) <= MAX_BODY


def test_cloudevents_are_offered(sink: WebhookSink) -> None:
    """The same data as a structured CloudEvents 1.0 message, its id that of the webhook."""
    channel = webhook(sink.url, format="cloudevents")
    (row,) = rows(channel, sample_digest())
    channel.send(row, NOW)
    (hook,) = sink.received
    event = json.loads(hook.body)
    assert hook.verified
    assert hook.headers["content-type"] == "application/cloudevents+json"
    assert event["id"] == hook.headers["webhook-id"] == row.id
    assert {"specversion": "1.0", "type": "io.trialwire.digest.created"}.items() <= event.items()
    (standard,) = webhook(sink.url).messages(sample_digest(), Renderer().digest(sample_digest()))
    assert event["data"] == json.loads(standard.content)["data"]
    assert event["source"] == "urn:trialwire:subscription:akeso"


def test_the_cloudevents_sdk_reads_what_is_sent(sink: WebhookSink) -> None:
    """PyPI's cloudevents takes each type: required attributes, time, schema; the trial where it is of one."""
    channel = webhook(sink.url, format="cloudevents", events=ALL_EVENTS)
    for digest in (troubled(), discovered()):
        for row in rows(channel, digest):
            channel.send(row, NOW)
    channel.send(ping_rows(channel)[0], NOW)
    subjects = {}
    for hook in sink.received:
        event = from_http_event(HTTPMessage(headers=dict(hook.headers), body=hook.body))
        kind = event.get_type().removeprefix("io.trialwire.")
        assert hook.verified
        assert (event.get_id(), event.get_time()) == (hook.headers["webhook-id"], NOW)
        assert event.get_specversion() == "1.0"
        assert event.get_dataschema() == schema_uri(kind)
        assert event.get_datacontenttype() == "application/json"
        named = "channel:pipeline" if kind == "test.ping" else "subscription:akeso"
        assert event.get_source() == f"urn:trialwire:{named}"
        data = event.get_data()
        assert isinstance(data, dict)
        assert complaints(kind, {"type": kind, "timestamp": "2026-11-20T07:30:05Z", "data": data}) == []
        subjects[kind] = event.get_subject()
    assert subjects == {
        "digest.created": None,
        "change.detected": "NCT09000001",
        "trial.discovered": "NCT09000001",
        "source.unhealthy": None,
        "test.ping": None,
    }


def tried(channel: Channel, digest: Digest, times: int) -> list[tuple[str, int | None]]:
    """Outcomes and waits of `times` attempts, settled as the pipeline would."""
    (row,) = rows(channel, digest)
    seen: list[tuple[str, int | None]] = []
    now = NOW
    for attempt in range(1, times + 1):
        outcome: Outcome
        try:
            status, excerpt = channel.send(row, now)
            outcome = Sent(status, excerpt)
        except DeliveryDeferredError as error:
            outcome = Later(error.message, error.status, error.retry_after_s)
        except DeliveryRejectedError as error:
            outcome = Rejected(error.message, error.status, error.disable)
        settlement = settle(replace(row, attempts=attempt), outcome, now=now, jitter=0.0)
        wait = None if settlement.next_at is None else int((settlement.next_at - now).total_seconds())
        seen.append((settlement.state, wait))
        now = settlement.next_at or now
    return seen


@pytest.mark.parametrize(
    ("reactions", "outcomes"),
    [
        ([Reaction(500), Reaction(500), Reaction(200)], [("pending", 5), ("pending", 300), ("sent", None)]),
        ([Reaction(429, {"Retry-After": "77"}), Reaction(204)], [("pending", 77), ("sent", None)]),
        ([Reaction(503, {"Retry-After": "1"}), Reaction(204)], [("pending", 5), ("sent", None)]),
        ([Reaction(502, {"Retry-After": "600"}), Reaction(200)], [("pending", 600), ("sent", None)]),
        ([Reaction(504), Reaction(201)], [("pending", 5), ("sent", None)]),
        # As a date, five minutes from now, which is by the clock of whoever sends; and farther than a week.
        ([Reaction(429, {"Retry-After": "Fri, 20 Nov 2026 07:35:05 GMT"})], [("pending", 300)]),
        ([Reaction(429, {"Retry-After": "Sat, 20 Nov 2027 07:35:05 GMT"})], [("pending", 604800)]),
        ([Reaction(429, {"Retry-After": "999999999"})], [("pending", 604800)]),
        ([Reaction(429, {"Retry-After": "soon"}), Reaction(299)], [("pending", 5), ("sent", None)]),
        ([Reaction(404)], [("pending", 5)]),
        ([Reaction(410)], [("dead", None)]),
        (
            [Reaction(302, {"Location": "http://169.254.169.254/latest/meta-data/"}), Reaction(200)],
            [("pending", 5), ("sent", None)],
        ),
        (
            [Reaction(302, {"Location": "http://127.0.0.1:1/"}), Reaction(200)],
            [("pending", 5), ("sent", None)],
        ),
        ([Reaction(400)], [("pending", 5)]),
        ([Reaction(reset=True), Reaction(200)], [("pending", 5), ("sent", None)]),
    ],
    ids=[
        "500-500-200",
        "429",
        "503",
        "502",
        "504",
        "429-date",
        "429-year",
        "429-ages",
        "429-soon",
        "404",
        "410",
        "302-metadata",
        "302",
        "400",
        "reset",
    ],
)
def test_a_target_in_trouble_is_treated_by_the_book(
    sink: WebhookSink, reactions: list[Reaction], outcomes: list[tuple[str, int | None]]
) -> None:
    """Only 2xx is success, 410 is the end, no redirect is followed, waits are honored, and the id stays."""
    sink.reactions.extend(reactions)
    assert tried(webhook(sink.url), sample_digest(), len(outcomes)) == outcomes
    assert len(sink.received) == len(outcomes)
    assert len({hook.headers["webhook-id"] for hook in sink.received}) == 1
    assert len({hook.body for hook in sink.received}) == 1
    assert len({hook.headers["webhook-signature"] for hook in sink.received}) == len(outcomes)
    assert all(hook.verified for hook in sink.received)


def test_a_target_that_hangs_is_left(sink: WebhookSink) -> None:
    """After the time allowed the attempt is over, and the message is tried again."""
    sink.reactions.append(Reaction(hang_s=30))
    channel = webhook(sink.url, timeout_s=0.5)
    (row,) = rows(channel, sample_digest())
    with pytest.raises(DeliveryDeferredError):
        channel.send(row, NOW)
    sink.released.set()


def test_a_target_that_drips_is_left() -> None:
    """Bytes that keep coming are no answer: the whole of it has its time."""
    with Scripted(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", every_s=0.02)) as target:
        channel = webhook(target.url, timeout_s=0.3)
        with pytest.raises(DeliveryDeferredError, match=r"no whole answer within 0\.3 s") as caught:
            channel.send(ping_rows(channel)[0], NOW)
    assert caught.value.channel == "pipeline"


def test_410_disables_the_channel(sink: WebhookSink) -> None:
    """The endpoint wants nothing more, and the settlement says so."""
    sink.reactions.append(Reaction(410, body=b"gone"))
    channel = webhook(sink.url)
    (row,) = rows(channel, sample_digest())
    with pytest.raises(DeliveryRejectedError) as caught:
        channel.send(row, NOW)
    assert caught.value.disable
    assert caught.value.excerpt == "gone"
    settlement = settle(row, Rejected(caught.value.message, 410, caught.value.disable), now=NOW, jitter=0)
    assert settlement.disable_channel


def test_the_guard_stands_before_private_addresses(sink: WebhookSink) -> None:
    """Without `allow_networks` loopback is refused, by `check` with the key and by a send."""
    channel = webhook(sink.url, allow_networks=[])
    with pytest.raises(ConfigError) as caught:
        channel.check()
    assert caught.value.key == "channels.pipeline.url"
    with pytest.raises(DeliveryRejectedError):
        channel.send(ping_rows(channel)[0], NOW)
    assert sink.received == []


@pytest.mark.parametrize(
    ("table", "key", "said"),
    [
        ({"url": "ftp://example.com"}, "url", "must be an address"),
        ({"url": "https://"}, "url", "must be an address"),
        ({"url": "https://user:pass@example.com/"}, "url", "no user name or password"),
        ({"secret": "whsec_x"}, "secret", "not permitted"),
        ({"secret_file": "also"}, "", "one of the two"),
        ({"secret_env": None}, "", "one of the two"),
        ({"format": "xml"}, "format", "standard"),
        ({"events": []}, "events", "at least one"),
        ({"events": ["everything"]}, "events", "digest.created"),
    ],
)
def test_settings_are_judged(table: dict[str, object], key: str, said: str) -> None:
    """Each mistake is found where it is; no secret is taken inline."""
    good = {"url": "https://hooks.example.com/trials", "secret_env": "HOOK"}
    with pytest.raises(ValidationError) as caught:
        channels.settings_model("webhook").model_validate({**good, **table})
    (error,) = caught.value.errors()
    assert (str(error["loc"][0]) if error["loc"] else "") == key
    assert said in error["msg"]


def test_a_quiet_digest_of_notices_is_one_event() -> None:
    """A digest without stories is told with its notices and sources."""
    digest = composed(FakePending(notices=(notice("quarantine", "Not believed"),)))
    (message,) = webhook("http://127.0.0.1:1/").messages(digest, Renderer().digest(digest))
    data = valid(message.content)["data"]
    assert isinstance(data, dict)
    assert (data["findings"], data["changes"]) == ([], [])
    assert [n["kind"] for n in data["notices"]] == ["quarantine"]
    assert [s["state"] for s in data["sources"]] == ["OK"]
