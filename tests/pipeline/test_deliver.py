"""Delivering: attempts and their outcomes, dead letters, disabled channels; nobody waits for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from monitor.bootstrap import App
from monitor.core.delivery import Delivery, Message
from monitor.core.digest import Digest, Rendered
from monitor.demo.sinks import Reaction
from monitor.errors import DeliveryDeferredError, DeliveryRejectedError
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
            (told,) = [
                n.message for n in app.store.notices() if n.kind in ("channel_disabled", "dead_letter")
            ]
            (delivery,) = app.store.deliveries()
            assert "410" in delivery.last_error
            assert told == (
                f"Channel hook is disabled: {delivery.last_error}. A message was given up. Once it is right: "
                "`trialwire channels enable hook`, then `trialwire deliveries retry --all --channel hook`."
            )
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


def configure(app: App, *channels: Target, **delivery: int) -> None:
    """Have these channels, all of them told by the one subscription."""
    app.__dict__["channels"] = {channel.name: channel for channel in channels}
    app.settings = replace(
        app.settings,
        subscriptions=(replace(app.subscriptions[0], channels=tuple(app.channels)),),
        delivery=app.settings.delivery.model_copy(update=delivery),
    )


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


class Crowd(Target):
    """A channel with many readers, which sees how many messages are under way together."""

    def __init__(self, name: str, *, size: int, meets: int = 1, error: Exception | None = None) -> None:
        super().__init__(name, error=error)
        self.size = size
        self.together: list[int] = []
        """At each message, how many were under way."""
        self._under_way = 0
        self._lock = threading.Lock()
        self._met = threading.Barrier(meets)
        self._meets = meets

    def messages(self, digest: Digest, rendered: Rendered) -> Sequence[Message]:
        return [Message(f"{n}@example.org", 1, b"hello", "digest.created") for n in range(self.size)]

    def send(self, delivery: Delivery, now: datetime) -> tuple[int | None, str]:
        with self._lock:
            self._under_way += 1
            self.together.append(self._under_way)
            waits = 1 < len(self.together) <= 1 + self._meets
        if waits:  # the first of those that may go together wait for one another
            self._met.wait(timeout=10)
        with self._lock:
            self._under_way -= 1
        if self.error is not None:
            raise self.error
        return None, "taken"


@pytest.mark.parametrize(("bound", "stuck"), [(1, 1), (8, 20)])
def test_however_many_hang_they_delay_no_other(tmp_path: Path, bound: int, stuck: int) -> None:
    """Three quick channels finish while others, more than the bound, still hang in their first message."""
    quick = [Target(f"quick{n}") for n in range(3)]
    hanging = [Target(f"a-stuck{n}", after=quick) for n in range(stuck)]
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            app.monotonic = count(step=0.99).__next__
            configure(app, *hanging, *quick, parallel=bound)
            tell(world, app)
            deliverer = deliver.Deliverer(app)
            deliverer.tick()
            deliverer.tick()
            assert deliverer.drain().counts == {"sent": 3 * (stuck + 3)}
            deliverer.close()
        first_of_stuck = min(at for target in hanging for _, at in target.sent)
        for target in quick:
            assert len(target.sent) == 3
            assert max(at for _, at in target.sent) <= first_of_stuck
        assert all(len(target.sent) == 3 for target in hanging)


@pytest.mark.parametrize(("parallel", "per_channel", "expected"), [(8, 4, 4), (3, 4, 3)])
def test_one_channel_sends_several_at_once_within_the_bounds(
    tmp_path: Path, parallel: int, per_channel: int, expected: int
) -> None:
    """The first message goes alone; once it was taken, as many go together as both bounds allow."""
    crowd = Crowd("mail", size=9, meets=expected)
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            configure(app, crowd, parallel=parallel, per_channel=per_channel)
            tell(world, app)
            assert deliver.run(app).counts == {"sent": 9}
    assert crowd.together[0] == 1
    assert max(crowd.together) == expected


def test_a_target_that_was_silent_is_tried_with_one_message(tmp_path: Path) -> None:
    """Of nine messages one times out; the others wait without an attempt until the target has rested."""
    silent = Crowd("mail", size=9, error=DeliveryDeferredError("no answer in time"))
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            configure(app, silent)
            tell(world, app)
            deliverer = deliver.Deliverer(app)
            for seconds, tried in ((0, 1), (0, 1), (5, 2), (5, 2), (10, 3), (30, 4), (60, 5)):
                world.clock.forward(seconds=seconds)
                deliverer.tick()
                deliverer.drain()
                assert len(silent.together) == tried
            assert deliverer.resting() == {"mail"}
            silent.error = None
            deliverer.tick()
            assert deliverer.drain().counts == {}
            deliverer.tick(at_once=["mail"])
            assert set(deliverer.drain().counts) == {"sent"}
            world.clock.forward(hours=1)
            deliverer.tick()
            deliverer.drain()
            assert {one.state for one in app.store.deliveries()} == {"sent"}
            deliverer.close()


def test_five_hundred_dead_letters_are_one_notice(tmp_path: Path) -> None:
    """Every dead letter keeps its row; the notice is one, and the next outage is told again."""
    crowd = Crowd("mail", size=50, error=DeliveryRejectedError("550 no such user", status=550))
    with World(tmp_path, TWO) as world:
        world.watch(1)
        with world.app() as app:
            configure(app, crowd)
            tell(world, app)
            assert deliver.run(app).counts == {"dead": 50}
            (told,) = [n for n in app.store.notices() if n.kind == "dead_letter"]
            assert told.subject == "mail"
            assert told.message.startswith("A message to mail was given up: 550 no such user.")
            assert "@" not in told.message, "every subscription is told, and no reader of another"
            assert "49 more wait for it." in told.message
            assert "`trialwire deliveries retry --all --channel mail` sends them again." in told.message
            world.clock.forward(hours=25)
            app.store.retry(app.store.delivery_ids(states=("dead",))[:9], world.clock())
            assert deliver.run(app).counts == {"dead": 9}
            assert len([n for n in app.store.notices() if n.kind == "dead_letter"]) == 2


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
