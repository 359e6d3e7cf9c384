"""Requests: what commands leave for the daemon is done once, and answered, failures too."""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path

from monitor.bootstrap import App
from monitor.core.watching import Request, RequestKind
from monitor.demo.sinks import Reaction
from monitor.demo.standin import Fault
from monitor.errors import StoppedError
from monitor.pipeline import compose, deliver, poll, requests
from tests.support.world import World, sample, version

STATUS = "protocolSection__statusModule__overallStatus"
TWO = [version(2, sample(1)), version(3, sample(1, **{STATUS: "SUSPENDED"}))]


def ask(app: App, kind: RequestKind, *args: str) -> Request:
    number = app.store.ask(kind, args, app.clock())

    def polled(scope: poll.Scope) -> tuple[poll.CycleReport, ...]:
        return tuple(poll.cycle(app, registry, scope=scope) for registry in app.registries.values())

    def delivered(at_once: Collection[str]) -> None:
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
            assert answered.result.endswith("(1 sent)")
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
            assert ask(app, "deliveries.retry", waiting.id, "dlv_unknown").result == "1 of 2 due now: 1 sent"
            assert [delivery.state for delivery in app.store.deliveries()] == ["sent"]


def test_what_was_sent_is_replayed_beside_the_daemon(tmp_path: Path) -> None:
    """`deliveries.replay` sends again under the same id; what is under way or unknown is left out."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            ask(app, "poll")
            world.registry.advance()
            ask(app, "poll")
            compose.run(app)
            deliver.run(app)
            (sent,) = app.store.deliveries()
            answered = ask(app, "deliveries.replay", sent.id, "dlv_unknown")
            assert answered.result == "1 of 2 due now: 1 sent"
            assert len({hook.headers["webhook-id"] for hook in world.hook.received}) == 1
            assert len(world.hook.received) == 2


def test_whoever_asks_does_not_wait_for_a_target_that_rests(tmp_path: Path) -> None:
    """`digest.send` is answered at once where the target rests; `deliveries.retry` ends its rest."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        world.hook.reactions.extend([Reaction(429, {"Retry-After": "3600"}), Reaction(429)])
        with world.app(stop=threading.Event()) as app:
            compose.run(app)
            ask(app, "poll")
            world.registry.advance()
            ask(app, "poll")
            deliverer = deliver.Deliverer(app)

            def told(kind: RequestKind, *args: str) -> str:
                number = app.store.ask(kind, args, app.clock())
                steps = requests.Steps(lambda scope: (), deliverer.tick, deliverer.resting)
                assert requests.run(app, steps) == 1
                answered = app.store.request(number)
                assert answered is not None
                return answered.result

            assert told("digest.send", "all").endswith("(1 pending)")
            deliverer.drain()
            (first,) = app.store.deliveries()
            app.store.retry([first.id], world.clock())
            deliverer.tick()
            deliverer.drain()
            assert len(world.hook.received) == 1
            assert told("deliveries.retry", first.id) == "1 of 1 due now: 1 pending"
            deliverer.drain()
            assert len(world.hook.received) == 2
            assert deliverer.resting() == {"hook"}
            deliverer.close()


def test_a_request_outlives_the_daemon_that_is_stopped_in_it(tmp_path: Path) -> None:
    """It is no failure of the request: the next daemon finds it open."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            number = app.store.ask("poll", (), app.clock())

            def stopped(scope: poll.Scope) -> tuple[poll.CycleReport, ...]:
                raise StoppedError(f"stopping: {scope}")

            requests.run(app, requests.Steps(stopped, lambda at_once: None))
            assert [request.id for request in app.store.open_requests()] == [number]


def test_a_request_waits_for_its_messages_only_while_they_are_under_way(tmp_path: Path) -> None:
    """A message that is refused, or whose channel is off, is answered with at once, not with a time-out."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        world.hook.reactions.extend([Reaction(503), Reaction(503), Reaction(410)])
        with world.app() as app:
            ask(app, "poll")
            world.registry.advance()
            ask(app, "poll")
            compose.run(app)
            deliver.run(app)
            (waiting,) = app.store.deliveries()
            for told in ("1 pending", "1 dead", "1 pending"):
                assert ask(app, "deliveries.retry", waiting.id).result == f"1 of 1 due now: {told}"
