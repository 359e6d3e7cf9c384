"""Requests: what commands leave for the daemon is done once, and answered, failures too."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from monitor.bootstrap import App
from monitor.core.watching import Request
from monitor.demo.sinks import Reaction
from monitor.demo.standin import Fault
from monitor.pipeline import compose, deliver, poll, requests
from tests.support.world import World, sample, version

STATUS = "protocolSection__statusModule__overallStatus"
TWO = [version(2, sample(1)), version(3, sample(1, **{STATUS: "SUSPENDED"}))]


def ask(app: App, kind: Literal["poll", "digest.send", "deliveries.retry"], *args: str) -> Request:
    number = app.store.ask(kind, args, app.clock())

    def polled(scope: poll.Scope) -> tuple[poll.CycleReport, ...]:
        return tuple(poll.cycle(app, registry, scope=scope) for registry in app.registries.values())

    def delivered() -> None:
        deliver.run(app)

    steps = requests.Steps(polled, delivered)
    assert requests.run(app, steps) == 1
    assert requests.run(app, steps) == 0
    answered = app.store.request(number)
    assert answered is not None
    return answered


def test_a_poll_is_done_and_told(tmp_path: Path) -> None:
    """The answer says in a line what the cycle found."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            answered = ask(app, "poll")
            assert (answered.state, answered.result) == ("done", "ctgov: OK, 1 new")
            assert ask(app, "poll").result == "ctgov: OK, nothing new"
            assert ask(app, "poll", "--force").result == "ctgov: OK, 1 unchanged"


def test_a_source_that_waits_says_until_when(tmp_path: Path) -> None:
    """A poll asked for while the registry refuses us asks nothing and says when it will."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        world.registry.inject(Fault.forbidden())
        with world.app() as app:
            assert ask(app, "poll").result.startswith("ctgov: BLOCKED, status 403")
            assert ask(app, "poll").result == "ctgov: BLOCKED, not asked before 2026-11-02 15:30 UTC"


def test_a_digest_is_sent_now(tmp_path: Path) -> None:
    """`digest.send` composes, delivers, and answers with the digest's id; an unknown name is a failure."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            ask(app, "poll")
            assert ask(app, "digest.send", "all").result == "nothing to tell"
            world.registry.advance()
            ask(app, "poll")
            answered = ask(app, "digest.send", "all")
            assert answered.result.startswith("dig_")
            assert len(world.hook.received) == 1
            refused = ask(app, "digest.send", "al")
            assert refused.state == "failed"
            assert "no subscription 'al'" in refused.result


def test_deliveries_are_retried_now(tmp_path: Path) -> None:
    """`deliveries.retry` makes them due and sends them."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        world.hook.reactions.append(Reaction(503))
        with world.app() as app:
            ask(app, "poll")
            world.registry.advance()
            ask(app, "poll")
            compose.run(app)
            assert deliver.run(app).counts == {"pending": 1}
            (waiting,) = app.store.deliveries()
            assert ask(app, "deliveries.retry", waiting.id, "dlv_unknown").result == "1 of 2 due now"
            assert [delivery.state for delivery in app.store.deliveries()] == ["sent"]
