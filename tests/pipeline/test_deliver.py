"""Delivering: attempts and their outcomes, dead letters, disabled channels; nobody waits for another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.bootstrap import App
from monitor.core.delivery import Delivery, Message
from monitor.core.digest import Digest, Rendered
from monitor.demo.sinks import Reaction
from monitor.errors import DeliveryRejectedError
from monitor.pipeline import compose, deliver, poll
from tests.support.world import IMMEDIATE, World, sample, version

STATUS = "protocolSection__statusModule__overallStatus"
TWO = [version(2, sample(1)), version(3, sample(1, **{STATUS: "SUSPENDED"}))]


def tell(world: World, app: App) -> None:
    """Bring one digest into the outbox."""
    compose.run(app)
    poll.cycle(app, app.registries["ctgov"])
    world.registry.advance()
    world.clock.forward(minutes=1)
    poll.cycle(app, app.registries["ctgov"])
    assert len(compose.run(app).digests) == 1


def test_a_target_that_is_down_gets_the_same_message_later(tmp_path: Path) -> None:
    """500, 500, 200: three attempts under one id, later ones after the schedule's waits."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        world.hook.reactions.extend([Reaction(500), Reaction(503)])
        with world.app() as app:
            tell(world, app)
            assert deliver.run(app).counts == {"pending": 1}
            assert deliver.run(app).counts == {}
            world.clock.forward(seconds=6)
            assert deliver.run(app).counts == {"pending": 1}
            world.clock.forward(seconds=301)
            report = deliver.run(app)
            assert (report.counts, report.ok) == ({"sent": 1}, True)
            (delivery,) = app.store.deliveries()
            attempts = app.store.attempts(delivery.id)
        assert [(a.number, a.outcome, a.status) for a in attempts] == [
            (1, "later", 500),
            (2, "later", 503),
            (3, "sent", 204),
        ]
        assert len({hook.headers["webhook-id"] for hook in world.hook.received}) == 1
        assert len({hook.body for hook in world.hook.received}) == 1


def test_a_target_that_wants_no_more_is_left_alone_and_told(tmp_path: Path) -> None:
    """410 kills the message and disables the channel; one notice tells both, and what to do."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        world.hook.reactions.append(Reaction(410))
        with world.app() as app:
            tell(world, app)
            assert deliver.run(app).counts == {"dead": 1}
            assert [channel.name for channel in app.store.disabled_channels()] == ["hook"]
            (told,) = [n.message for n in app.store.notices() if n.kind in ("channel_disabled", "dead_letter")]
            assert told == (
                "Channel hook is disabled: the endpoint answered 410: it wants nothing more; a message was "
                "given up. Once it is right: `trialwire channels enable hook`, then `trialwire deliveries "
                "retry --all --channel hook`."
            )
            (delivery,) = app.store.deliveries()
            app.store.retry([delivery.id], world.clock())
            assert deliver.run(app).counts == {}
            app.store.enable_channel("hook")
            assert deliver.run(app).counts == {"sent": 1}


def test_ten_failures_are_a_dead_letter_told_once(tmp_path: Path) -> None:
    """When the schedule is used up the delivery is dead, kept, and told to the other subscribers."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        world.hook.reactions.extend([Reaction(500)] * 10)
        with world.app() as app:
            tell(world, app)
            for _ in range(10):
                deliver.run(app)
                world.clock.forward(days=2)
            (delivery,) = app.store.deliveries()
            assert (delivery.state, delivery.attempts) == ("dead", 10)
            assert len([n for n in app.store.notices() if n.kind == "dead_letter"]) == 1


def test_a_missing_secret_defers_and_says_so(tmp_path: Path) -> None:
    """A secret that is gone loses no message: the attempt says what is missing and it is tried again."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            tell(world, app)
        secret = world.env.pop("HOOK_SECRET")
        with world.app() as app:
            assert deliver.run(app).counts == {"pending": 1}
            (delivery,) = app.store.deliveries()
            assert "HOOK_SECRET" in delivery.last_error
        world.env["HOOK_SECRET"] = secret
        world.clock.forward(minutes=1)
        with world.app() as app:
            assert deliver.run(app).counts == {"sent": 1}


def test_a_lease_of_the_dead_is_voided(tmp_path: Path) -> None:
    """What a process claimed and never settled goes out again under its id, and the log says `lost`."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            tell(world, app)
            assert len(app.store.claim(world.clock(), lease_s=60, limit=5)) == 1
        with world.app() as app:
            assert deliver.run(app).counts == {}
            assert app.store.void_leases(world.clock()) == 1
            assert deliver.run(app).counts == {"sent": 1}
            (delivery,) = app.store.deliveries()
            assert [a.outcome for a in app.store.attempts(delivery.id)] == ["lost", "sent"]


class Target:
    """A channel of the test's own, which fails, or hangs in its first message until others have sent all."""

    type = "target"

    def __init__(self, name: str, *, after: Sequence[Target] = (), error: Exception | None = None) -> None:
        self.name, self.after, self.error = name, after, error
        self.sent: list[tuple[str, float]] = []

    def messages(self, digest: Digest, rendered: Rendered) -> Sequence[Message]:
        return [Message(f"{n}@example.org", 1, rendered.text.encode(), "digest.created") for n in range(3)]

    def test_message(self, now: datetime) -> Sequence[Message]:
        """None: it needs no testing."""
        return ()

    def send(self, delivery: Delivery, now: datetime) -> tuple[int | None, str]:
        patience = time.monotonic() + 10
        while any(len(other.sent) < 3 for other in self.after) and time.monotonic() < patience:
            time.sleep(0.005)
        if self.error is not None:
            raise self.error
        self.sent.append((delivery.recipient, time.monotonic()))
        return None, "taken"

    def check(self) -> None:
        return None

    def describe(self) -> str:
        return self.name


@pytest.mark.parametrize("bound", [2, 8])
def test_a_hanging_channel_delays_no_other(tmp_path: Path, bound: int) -> None:
    """Three quick channels finish while a fourth still hangs in its first message."""
    quick = [Target(f"quick{n}") for n in range(3)]
    targets = [Target("stuck", after=quick), *quick]
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            app.__dict__["channels"] = {target.name: target for target in targets}
            subscription = replace(app.subscriptions[0], channels=tuple(app.channels))
            app.settings = replace(
                app.settings,
                subscriptions=(subscription,),
                delivery=app.settings.delivery.model_copy(update={"parallel": bound}),
            )
            tell(world, app)
            deliverer = deliver.Deliverer(app)
            deliverer.tick()
            deliverer.tick()
            assert deliverer.drain().counts == {"sent": 12}
            deliverer.close()
        first_of_stuck = min(at for _, at in targets[0].sent)
        for target in quick:
            assert len(target.sent) == 3
            assert max(at for _, at in target.sent) <= first_of_stuck
        assert len(targets[0].sent) == 3


def test_a_turn_that_breaks_off_wants_attention(tmp_path: Path) -> None:
    """Where an attempt can be made but not settled, the pass does not count as done."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            tell(world, app)
            app.random = iter(()).__next__
            report = deliver.run(app)
            assert (report.counts, report.ok) == ({"failed": 1}, False)
            assert [delivery.state for delivery in app.store.deliveries()] == ["leased"]


def test_a_channels_own_bug_is_an_attempt_like_any_other(tmp_path: Path) -> None:
    """What a channel raises that it should not is logged as a failed attempt and tried again."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            buggy = Target("buggy", error=KeyError("oops"))
            app.__dict__["channels"] = {"buggy": buggy}
            app.settings = replace(
                app.settings, subscriptions=(replace(app.subscriptions[0], channels=("buggy",)),)
            )
            tell(world, app)
            report = deliver.run(app)
            assert (report.counts, report.ok) == ({"pending": 3}, False)
            waiting = app.store.deliveries()
            assert {delivery.last_error for delivery in waiting} == {"KeyError: 'oops'"}
            assert all(d.next_at and d.next_at - world.clock() >= timedelta(seconds=5) for d in waiting)


def test_a_channel_that_left_the_config_keeps_its_deliveries(tmp_path: Path) -> None:
    """Nothing is sent for a channel that is configured no longer, and nothing is thrown away."""
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            tell(world, app)
            app.__dict__["channels"] = {}
            assert deliver.run(app).counts == {}
        world.configure(IMMEDIATE)
        with world.app() as app:
            assert deliver.run(app).counts == {"sent": 1}


def test_a_dead_letter_breeds_no_other(tmp_path: Path) -> None:
    """The message that tells of dead letters dies as well, and that is not told: there would be no end."""
    refusing = Target("hook", error=DeliveryRejectedError("no such mailbox", status=550))
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            app.__dict__["channels"] = {"hook": refusing}
            tell(world, app)
            made: list[Digest] = []
            for _ in range(6):
                deliver.run(app)
                world.clock.forward(days=1)
                made += compose.run(app).digests
            assert [{notice.kind for notice in digest.notices} for digest in made] == [{"dead_letter"}]
            assert {delivery.state for delivery in app.store.deliveries()} == {"dead"}
            assert len([n for n in app.store.notices() if n.kind == "dead_letter"]) == 1
