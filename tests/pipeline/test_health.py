"""How a source is doing: every way from one state to another, by what the registry really did."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import orjson
import pytest

from monitor.bootstrap import App
from monitor.core.watching import SourceHealth, SourceState
from monitor.demo.standin import Fault
from monitor.errors import RegistryBlockedError, RegistryError, RegistryUnavailableError
from monitor.pipeline import compose, deliver, health, poll
from monitor.registries import Probe
from tests.support.world import World, sample, version

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(days=3)
Step: TypeAlias = "Callable[[SourceHealth], SourceHealth]"
FRESH, OLD = "2026-11-20T09:00:05", "2026-11-12T09:00:05"


def failing(error: RegistryError) -> Step:
    return lambda old: health.after_failure(old, error, NOW)


def probed(stamp: str | None) -> Step:
    return lambda old: health.after_success(old, Probe(stamp, None), NOW)


SLOW = RegistryUnavailableError("slow", throttled=True)
LATER = RegistryUnavailableError("slow", throttled=True, retry_after_s=3600)
OUTCOMES: dict[str, tuple[str, int | None, Step]] = {
    "fresh": ("OK", None, probed(FRESH)),
    "old": ("STALE", None, probed(OLD)),
    "no stamp": ("OK", None, probed(None)),
    "backwards": ("STALE", None, lambda old: health.after_backwards(old, OLD, NOW)),
    "429": ("THROTTLED", 15, failing(SLOW)),
    "429 with Retry-After": ("THROTTLED", 60, failing(LATER)),
    "403": ("BLOCKED", 360, failing(RegistryBlockedError("no"))),
    "500": ("DOWN", None, failing(RegistryUnavailableError("500"))),
    "no JSON": ("BROKEN", None, failing(RegistryUnavailableError("html", broken=True))),
}
"""The state after it, the minutes nothing is asked, and the step."""
STATES: tuple[SourceState, ...] = ("OK", "STALE", "THROTTLED", "BLOCKED", "BROKEN", "DOWN")


@pytest.mark.parametrize(("before", "outcome"), [*itertools.product(STATES, OUTCOMES)])
def test_every_transition(before: SourceState, outcome: str) -> None:
    """The outcome alone decides the state; since when is kept while it lasts; a change is told once."""
    state, wait, step = OUTCOMES[outcome]
    old = SourceHealth("ctgov", before, BEFORE, "it was so", FRESH, None, BEFORE, BEFORE, NOW)
    new = step(old)
    assert new.state == state
    assert new.since == (BEFORE if before == state else NOW)
    assert new.not_before == (None if wait is None else NOW + timedelta(minutes=wait))
    assert bool(new.reason) == (state != "OK")
    told = health.notices(old, new, label="The registry")
    assert [notice.kind for notice in told] == ([] if before == state else ["source"])
    if told and state == "OK":
        assert told[0].message == f"The registry is read again (was {before} since 2026-11-17 12:00 UTC)."
    assert health.notices(new, step(new), label="The registry") == ()


@pytest.mark.parametrize(
    ("fault", "state", "why", "minutes"),
    [
        (Fault.throttled(), "THROTTLED", "status 429", 15),
        (Fault.throttled(retry_after="7200"), "THROTTLED", "status 429", 120),
        (Fault.forbidden(agent="python-httpx"), "BLOCKED", "status 403", 360),
        (Fault.failing(500, path="filter.ids"), "DOWN", "status 500", None),
        (Fault.html(path="version"), "BROKEN", "text/html", None),
        (Fault.html(path="studies"), "BROKEN", "text/html", None),
        (Fault.truncated(path="filter.ids"), "DOWN", "broke", None),
        (Fault.reset(path="version"), "DOWN", "", None),
        (Fault.garbled(path="version"), "BROKEN", "", None),
    ],
)
def test_what_the_registry_did_is_shown_as_it_was(
    tmp_path: Path, fault: Fault, state: str, why: str, minutes: int | None
) -> None:
    """State, reason and time are kept and sent, as is the recovery; nothing is invented meanwhile."""
    changed = sample(1, protocolSection__statusModule__overallStatus="SUSPENDED")
    with World(tmp_path, [version(2, sample(1)), version(3, changed)]) as world:
        world.watch(1)
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.registry.advance()
            world.clock.forward(days=1)
            world.registry.inject(replace(fault, times=None))
            assert not cycle(app).ok
            known = app.store.source("ctgov")
            assert known is not None
            assert (known.state, known.since, why in known.reason) == (state, world.clock(), True)
            assert known.not_before == (
                None if minutes is None else world.clock() + timedelta(minutes=minutes)
            )
            assert world.changes() == ()
            world.registry.clear_faults()
            world.clock.forward(days=1)
            assert cycle(app).counts["changed"] == 1
            compose.run(app)
            deliver.run(app)
        bodies = [orjson.loads(hook.body) for hook in world.hook.received]
        unhealthy = [body["data"] for body in bodies if body["type"] == "source.unhealthy"]
        unhealthy.sort(key=lambda one: one["notice"]["at"])  # they arrive in no order
        assert [one["notice"]["message"].split(":")[0].split(" (")[0] for one in unhealthy] == [
            f"ClinicalTrials.gov {health.WORDS[known.state]}",
            "ClinicalTrials.gov is read again",
        ]


def cycle(app: App) -> poll.CycleReport:
    return poll.cycle(app, app.registries["ctgov"])


def test_older_data_are_not_believed_after_an_answer_without_a_stamp(tmp_path: Path) -> None:
    """The registry names no data version for once: what it had shown before is not forgotten over it."""
    done = sample(1, protocolSection__statusModule__overallStatus="COMPLETED")
    versions = [version(2, sample(1)), version(3, done)]
    with World(tmp_path, versions) as world:
        world.watch(1)
        world.registry.advance()
        with world.app() as app:
            cycle(app)
            registry = app.registries["ctgov"]

            class Silent:
                def __getattr__(self, name: str) -> object:
                    return getattr(registry, name)

                def probe(self, known: Probe | None) -> Probe:
                    return replace(registry.probe(None), data_version=None)

            assert poll.cycle(app, Silent()).ok  # type: ignore[arg-type]
            world.registry.rollback()
            world.clock.forward(hours=1)
            assert cycle(app).counts == {}
            known = app.store.source("ctgov")
            assert known is not None
            assert (known.state, "went back from 2026-11-03" in known.reason) == ("STALE", True)
        assert world.changes() == ()
