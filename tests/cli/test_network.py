"""Commands that talk to the network: here under the daemon's lock, or by asking the daemon that holds it."""

from __future__ import annotations

import contextlib
import copy
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import cast

import orjson
import pytest

from monitor.core.record import JsonObject
from monitor.demo.scenario import editions
from monitor.demo.sinks import Reaction, WebhookSink
from monitor.demo.standin import DataVersion, Fault, StandIn
from tests.cli.command import Command
from tests.support.forked import Forked
from tests.support.records import ABSENT, put, study
from tests.support.scripted import Scripted, response

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3ODk="

CONFIG = """
[registries.ctgov]
base_url = "{registry}"
requests_per_second = 50.0
retries = 0

[poll]
backfill = "off"

[[channels]]
name = "pipeline"
type = "webhook"
url = "{hook}"
secret_file = "webhook-secret"
allow_networks = ["127.0.0.0/8"]

[[subscriptions]]
name = "feed"
channels = ["pipeline"]
cadence = "weekly mon 03:00 UTC"
"""


@pytest.fixture
def registry() -> Iterator[StandIn]:
    """A registry that will publish the demonstration's story."""
    with StandIn([DataVersion(edition.stamp, edition.studies) for edition in editions()]) as found:
        yield found


@pytest.fixture
def hooks() -> Iterator[WebhookSink]:
    """Somebody who is told."""
    with WebhookSink(SECRET) as found:
        yield found


@pytest.fixture
def watching(trialwire: Command, registry: StandIn, hooks: WebhookSink) -> Command:
    """A configured installation that watches two trials."""
    (trialwire.folder / "trialwire.toml").write_text(
        CONFIG.format(registry=registry.base_url, hook=hooks.url)
    )
    (trialwire.folder / "webhook-secret").write_text(SECRET)
    assert trialwire("watch", "add", "NCT09100001", "NCT09100002").code == 0
    return trialwire


@contextlib.contextmanager
def daemon(trialwire: Command) -> Iterator[Forked]:
    """A daemon in a process of its own; asked to leave at the end."""
    running = trialwire.beside("run")
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=60)


def eventually(true: Callable[[], bool], within_s: float = 30.0) -> bool:
    """Does it become true in time?"""
    deadline = time.monotonic() + within_s
    while not (holds := true()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return holds


def is_running(trialwire: Command) -> bool:
    """Does a daemon hold the lock?"""
    return bool(cast("JsonObject", trialwire("status", "--format", "json").json())["daemon"])


def changes(trialwire: Command) -> list[JsonObject]:
    """What is recorded, baselines aside."""
    rows = cast("list[JsonObject]", trialwire("changes", "--format", "json").json())
    return [row for row in rows if not row["baseline"]]


def test_poll(watching: Command, registry: StandIn) -> None:
    """A poll reads what is new and says so; one of an unmoved data version costs one request."""
    first = watching("poll")
    assert (first.code, first.err) == (0, "")
    assert "2 new" in first.out
    registry.advance()
    assert "1 changed" in watching("poll").out
    assert {cast("JsonObject", row["trial"])["id"] for row in changes(watching)} == {"NCT09100001"}
    asked = len(registry.requests)
    assert watching("poll").code == 0
    assert len(registry.requests) == asked + 1
    forced = watching("poll", "--force")
    assert "2 unchanged" in forced.out


def test_poll_refused(watching: Command, registry: StandIn) -> None:
    """A registry that refuses ends the poll with 75 and is what `status` then speaks of."""
    registry.inject(Fault.forbidden())
    ran = watching("poll")
    assert ran.code == 75
    assert "BLOCKED" in ran.err
    assert "Traceback" not in ran.err
    status = watching("status")
    assert status.code == 3
    assert "BLOCKED" in status.out
    assert "not asked before" in " ".join(status.out.split())


def test_unknown_trial_is_told(watching: Command) -> None:
    """A number that the registry never had is found out by the poll and told by the look-ups."""
    watching("watch", "add", "NCT09999999")
    watching("poll")
    assert "no such trial" in watching("watch", "list").out
    assert "NCT09999999" in watching("status").out
    assert "no such trial" in watching("history", "NCT09999999").err


def test_send_and_retry(watching: Command, registry: StandIn, hooks: WebhookSink) -> None:
    """`digest send` closes the window; what a target refused for good is told, and sent again when asked."""
    watching("poll")
    watching("digest", "send", "feed")
    registry.advance()
    watching("poll")
    hooks.reactions.append(Reaction(410))
    given_up = watching("digest", "send", "feed")
    assert (given_up.code, "1 dead" in given_up.err) == (3, True)
    ill = watching("status")
    assert ill.code == 3
    assert "given up" in ill.out
    assert "channel pipeline is disabled" in ill.out
    assert "pipeline is enabled" in watching("channels", "enable", "pipeline").err
    assert "1 sent" in watching("deliveries", "retry", "--all").err
    refused, taken = hooks.received[-2:]
    assert refused.headers["webhook-id"] == taken.headers["webhook-id"]
    assert refused.body == taken.body
    assert "Nothing was given up" in watching("deliveries", "retry", "--all").err
    again = watching("deliveries", "retry", taken.headers["webhook-id"])
    assert (again.code, "sent or under way already" in again.err) == (1, True)
    assert watching("digest", "send", "nobody").code == 78


def test_what_nobody_takes_is_told(watching: Command, registry: StandIn, hooks: WebhookSink) -> None:
    """A message refused again and again, or waiting for a channel that is gone, is no "all is well"."""
    watching("poll")
    watching("digest", "send", "feed")
    registry.advance()
    watching("poll")
    hooks.reactions.extend([Reaction(503)] * 3)
    assert watching("digest", "send", "feed").code == 3
    assert "not taken" not in watching("status").out
    (waiting,) = cast(
        "list[JsonObject]",
        watching("deliveries", "list", "--state", "pending", "--format", "json").json(),
    )
    for _ in range(2):
        watching("deliveries", "retry", str(waiting["id"]))
    ill = watching("status")
    assert ill.code == 3
    assert "1 delivery is not taken by pipeline (the endpoint answered 503)" in ill.out
    config = watching.folder / "trialwire.toml"
    config.write_text(config.read_text().replace('"pipeline"', '"other"'))
    ill = watching("status")
    assert ill.code == 3
    assert "1 delivery waits for pipeline, which is not configured" in ill.out


def test_a_registry_without_a_stamp_is_read_all_the_same(watching: Command, hooks: WebhookSink) -> None:
    """Where the registry names no data version, what was read counts as read."""
    stamp = response(200, b'{"apiVersion":"2.0.5"}')
    found = {number: orjson.dumps(study(number)) for number in ("NCT09100001", "NCT09100002")}
    rows = response(200, b'{"studies":[%s]}' % b",".join(found.values()))
    with Scripted(stamp, rows, stamp) as server:
        polled = watching("poll", TRIALWIRE_REGISTRIES__CTGOV__BASE_URL=server.base_url)
        assert (polled.code, "2 new" in polled.out) == (0, True)
        assert len(server.requests) == 3
    healthy = watching("status")
    assert (healthy.code, "2 read" in healthy.out) == (0, True)


def test_channel_test(watching: Command, hooks: WebhookSink) -> None:
    """A test message is marked as one, signed, and what the target said is reported."""
    ran = watching("channels", "test", "pipeline")
    assert ran.code == 0
    assert "taken (204)" in ran.out
    (hook,) = hooks.received
    assert hook.verified
    assert b'"test.ping"' in hook.body


def test_quarantine(watching: Command, registry: StandIn) -> None:
    """An answer not believed is held with its reason, shown, and accepted or dropped; then told no more."""
    watching("poll")
    latest = editions()[1]
    broken = copy.deepcopy(dict(latest.studies))
    for nct in ("NCT09100001", "NCT09100002"):
        put(broken[nct], "protocolSection.statusModule.overallStatus", ABSENT)
    with StandIn([DataVersion(latest.stamp, broken)]) as ill:
        watching("poll", TRIALWIRE_REGISTRIES__CTGOV__BASE_URL=ill.base_url)
    held = cast("list[JsonObject]", watching("quarantine", "list", "--format", "json").json())
    assert {cast("JsonObject", row["trial"])["id"] for row in held} == {"NCT09100001", "NCT09100002"}
    assert all("overallStatus" in cast("str", row["reason"]) for row in held)
    first, second = (str(row["id"]) for row in held)
    assert "2 answers not believed" in watching("status").out
    shown = watching("quarantine", "show", first).out
    assert "quarantine accept" in shown
    assert "Dec 2029 → Jul 2030" in " ".join(shown.split())
    assert orjson.loads(watching("quarantine", "show", first, "--body").out)["protocolSection"]
    assert changes(watching) == []
    accepted = watching("quarantine", "accept", first)
    assert accepted.code == 0, accepted.err
    assert watching("quarantine", "drop", second).code == 0
    assert watching("quarantine", "drop", second).code == 1
    assert watching("quarantine", "show", "99").code == 1
    assert "believed" in watching("quarantine", "list").err
    assert {cast("JsonObject", row["trial"])["id"] for row in changes(watching)} == {"NCT09100001"}
    assert watching("quarantine", "accept", first).code == 1


def test_a_good_answer_makes_up_for_one_not_believed(watching: Command, registry: StandIn) -> None:
    """A pass with a held answer ends with 3; once the trial is read well, `status` asks for nothing more."""
    watching("poll")
    latest = editions()[1]
    broken = copy.deepcopy(dict(latest.studies))
    put(broken["NCT09100001"], "protocolSection.statusModule.overallStatus", ABSENT)
    with StandIn([DataVersion(latest.stamp, broken)]) as ill:
        ran = watching.beside("run", "--once", TRIALWIRE_REGISTRIES__CTGOV__BASE_URL=ill.base_url)
        assert ran.wait(timeout=60) == 3
    assert "1 answer not believed" in watching("status").out
    for _ in range(2):
        registry.advance()
    assert watching("poll").code == 0
    told = watching("status").out
    assert "not believed" not in told
    assert "1 held, 1 made up for since" in told


def test_run_once(watching: Command, registry: StandIn) -> None:
    """`run --once` does each step once: 0 where all went well, 3 where something failed."""
    assert watching.beside("run", "--once").wait(timeout=60) == 0
    registry.advance()
    registry.inject(Fault.failing(503, times=None))
    assert watching.beside("run", "--once").wait(timeout=60) == 3


def test_beside_a_daemon(watching: Command, registry: StandIn, hooks: WebhookSink) -> None:
    """Beside a daemon a second one ends with 75, the watch list works, and network steps are asked for."""
    with daemon(watching) as running:
        assert eventually(lambda: is_running(watching))
        second = watching("run", "--once")
        assert second.code == 75
        assert len(second.complaint) == 1
        assert watching("watch", "add", "NCT09100006").code == 0
        polled = watching("poll", "--wait", "60")
        assert polled.code == 0, polled.err
        assert "asked it" in polled.err
        registry.advance()
        assert "1 changed" in watching("poll", "--force", "--wait", "60").out
        impatient = watching("poll", "--wait", "0")
        assert impatient.code == 75
        assert "no answer from the daemon" in impatient.err
        sent = watching("digest", "send", "feed", "--wait", "60")
        assert sent.code == 0, sent.err
        assert eventually(lambda: bool(hooks.received))
        assert hooks.received[-1].verified
    assert running.returncode == 0
    assert len(changes(watching)) > 5


def test_a_daemon_that_leaves_without_an_answer(watching: Command, registry: StandIn) -> None:
    """Whoever waited for it does the step soon after it has gone, and no later daemon does it again."""
    registry.inject(Fault.slow(60.0))
    with daemon(watching) as running:
        assert eventually(lambda: bool(registry.requests) or is_running(watching))
        began = time.monotonic()
        killer = threading.Timer(1.5, running.kill)
        killer.start()
        waiting = watching("poll", "--wait", "120")
        killer.join()
    assert (waiting.code, "asked it" in waiting.err) == (0, True)
    assert "2 new" in waiting.out
    assert time.monotonic() - began < 30
    asked = len(registry.requests)
    assert watching("run", "--once").code == 0
    assert len(registry.requests) == asked + 1
