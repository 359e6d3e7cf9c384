"""Composing: who is told what, once a period, and that nothing is lost between periods."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from monitor.bootstrap import App
from monitor.cli.health import report
from monitor.core.digest import Digest, Rendered
from monitor.errors import ConfigError, RenderError
from monitor.pipeline import compose, deliver, poll
from monitor.render import Renderer
from tests.support.world import IMMEDIATE, World, sample, version

STATUS = "protocolSection__statusModule__overallStatus"
TITLE = "protocolSection__identificationModule__acronym"
DAILY = """
[[subscriptions]]
name = "morning"
channels = ["hook"]
cadence = "daily 07:30 Europe/London"
"""


def cycle(app: App) -> None:
    poll.cycle(app, app.registries["ctgov"])


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_a_baseline_alone_wakes_nobody(tmp_path: Path) -> None:
    """First sights and unmoved data give no digest."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1))]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            assert compose.run(app).digests == ()
            world.registry.advance()
            cycle(app)
            assert compose.run(app).digests == ()
            assert deliver.run(app).counts == {}
        assert world.hook.received == []


def test_an_immediate_subscription_is_told_at_once_and_once(tmp_path: Path) -> None:
    """A change goes out after the poll that saw it, signed, with its id, and never again."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1, **{STATUS: "SUSPENDED"}))]) as world:
        world.watch(1)
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.registry.advance()
            cycle(app)
            (made,) = compose.run(app).digests
            assert made.kind == "immediate"
            assert compose.run(app).digests == ()
            assert deliver.run(app).counts == {"sent": 1}
            assert deliver.run(app).counts == {}
        (hook,) = world.hook.received
        assert hook.verified
        data = orjson.loads(hook.body)["data"]
        recorded = {change.id for change in world.changes()}
        assert recorded <= {change["id"] for change in data["changes"]}


def test_changes_before_a_subscription_belong_to_none_of_its_digests(tmp_path: Path) -> None:
    """A subscription begins when it is first seen."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1, **{STATUS: "SUSPENDED"}))]) as world:
        world.configure("")
        world.watch(1)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            cycle(app)
        world.configure(DAILY.replace("daily 07:30 Europe/London", "immediate"))
        with world.app() as app:
            world.clock.forward(minutes=1)
            assert compose.run(app).digests == ()


def test_a_daily_digest_closes_its_period_once(tmp_path: Path) -> None:
    """What came before 07:30 is told at 07:30, what came after waits for the next day."""
    versions = [
        version(2, sample(1)),
        version(3, sample(1, **{STATUS: "SUSPENDED"}), hour=5),
        version(3, sample(1, **{STATUS: "RECRUITING", TITLE: "VELTO-2"}), hour=9),
    ]
    with World(tmp_path, versions) as world:
        world.configure(DAILY)
        world.watch(1)
        with world.app() as app:
            cycle(app)
            assert compose.run(app).digests == ()
            world.clock.now = at(3, 6)
            world.registry.advance()
            cycle(app)
            assert compose.run(app).digests == ()
            world.clock.now = at(3, 7, 31)
            (first,) = compose.run(app).digests
            assert (first.kind, first.period, first.until) == ("scheduled", "2026-11-03", at(3, 7, 30))
            assert compose.run(app).digests == ()
            world.clock.now = at(3, 10)
            world.registry.advance()
            cycle(app)
            assert compose.run(app).digests == ()
            world.clock.now = at(4, 8)
            (second,) = compose.run(app).digests
            assert (second.period, second.sequence) == ("2026-11-04", 2)
            assert set(first.told) & set(second.told) == set()
            assert {*first.told, *second.told} >= {change.id for change in world.changes()}


def test_a_quiet_period_stays_closed(tmp_path: Path) -> None:
    """Nothing to tell at 07:30 does not make the first change of the day go out at ten."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1, **{STATUS: "SUSPENDED"}))]) as world:
        world.configure(DAILY)
        world.watch(1)
        with world.app() as app:
            cycle(app)
            compose.run(app)
            world.clock.now = at(3, 8)
            assert compose.run(app).digests == ()
            world.clock.now = at(3, 10)
            world.registry.advance()
            cycle(app)
            assert compose.run(app).digests == ()
            world.clock.now = at(4, 7, 30)
            assert len(compose.run(app).digests) == 1


def test_a_week_of_downtime_is_one_digest(tmp_path: Path) -> None:
    """After downtime the latest period covers all that was missed."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1, **{STATUS: "SUSPENDED"}))]) as world:
        world.configure(DAILY)
        world.watch(1)
        with world.app() as app:
            cycle(app)
            compose.run(app)
            world.registry.advance()
            world.clock.now = at(3, 6)
            cycle(app)
        world.clock.now = at(10, 12)
        with world.app() as app:
            (made,) = compose.run(app).digests
            assert (made.period, len(made.stories)) == ("2026-11-10", 1)


def test_what_cannot_wait_does_not(tmp_path: Path) -> None:
    """`immediate_at` sends a critical finding at once; the scheduled digest does not repeat it."""
    versions = [version(2, sample(1)), version(3, sample(1, **{STATUS: "SUSPENDED"}), hour=5)]
    with World(tmp_path, versions) as world:
        world.configure(DAILY + 'immediate_at = "critical"\n')
        world.watch(1)
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.registry.advance()
            world.clock.now = at(3, 6)
            cycle(app)
            (urgent,) = compose.run(app).digests
            assert urgent.kind == "immediate"
            world.clock.now = at(3, 8)
            scheduled = compose.run(app).digests
            assert all(set(urgent.told).isdisjoint(made.told) for made in scheduled)


def test_sending_now_closes_the_window(tmp_path: Path) -> None:
    """`digest send` tells what is pending; the schedule tells the rest; a preview writes nothing."""
    versions = [version(2, sample(1)), version(3, sample(1, **{STATUS: "SUSPENDED"}))]
    with World(tmp_path, versions) as world:
        world.configure(DAILY)
        world.watch(1)
        with world.app() as app:
            compose.run(app)
            assert compose.send(app, "morning") is None
            cycle(app)
            world.registry.advance()
            world.clock.forward(days=1)
            cycle(app)
            seen = compose.preview(app, "morning")
            assert seen is not None
            sent = compose.send(app, "morning")
            assert sent is not None
            assert (sent.kind, sent.told) == ("manual", seen.told)
            assert compose.preview(app, "morning") is None
            again = compose.preview(app, "morning", since=at(1, 0))
            assert again is not None
            assert {story.finding.id for story in again.stories} == {s.finding.id for s in sent.stories}
            world.clock.now = at(4, 8)
            assert compose.run(app).digests == ()


def test_an_unknown_subscription_is_named(tmp_path: Path) -> None:
    """Asking for a subscription that is not there says which ones are."""
    with (
        World(tmp_path, [version(2)]) as world,
        world.app() as app,
        pytest.raises(ConfigError, match="no subscription 'mornin'") as caught,
    ):
        compose.send(app, "mornin")
    assert caught.value.remedy == "Known: all."


def test_source_trouble_is_told_once(tmp_path: Path) -> None:
    """Silence means quiet: a source that fails is told although no trial changed, and only once."""
    from monitor.demo.standin import Fault

    with World(tmp_path, [version(2, sample(1))]) as world:
        world.watch(1)
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.registry.inject(Fault.forbidden())
            world.clock.forward(hours=1)
            cycle(app)
            (made,) = compose.run(app).digests
            assert [notice.kind for notice in made.notices] == ["source"]
            cycle(app)
            assert compose.run(app).digests == ()


def test_one_broken_subscription_stops_no_other(tmp_path: Path) -> None:
    """A template that fails is reported for its subscription, retried later, and others are told."""
    with World(tmp_path, [version(2, sample(1)), version(3, sample(1, **{STATUS: "SUSPENDED"}))]) as world:
        world.configure(DAILY.replace("daily 07:30 Europe/London", "immediate"))
        world.watch(1)
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.registry.advance()
            world.clock.forward(days=1)
            cycle(app)
            first = app.subscriptions[0]

            class Wobbly:
                def __init__(self) -> None:
                    self.asked = 0

                def digest(self, made: object) -> object:
                    self.asked += 1
                    if self.asked == 1:
                        raise RuntimeError("a template of somebody's own")
                    return real.digest(made)  # type: ignore[arg-type]

            real = app.renderer
            app.__dict__["renderer"] = Wobbly()
            report = compose.run(app)
            assert (report.ok, set(report.failures)) == (False, {first.name})
            assert len(compose.run(app).digests) == 1


def test_what_happened_on_the_way_to_a_new_number_is_told(tmp_path: Path) -> None:
    """A trial that was merged into another is told with its new number and what changed at once."""
    merged = sample(
        2, protocolSection__identificationModule__nctIdAliases=["NCT00000001"], **{STATUS: "COMPLETED"}
    )
    with World(tmp_path, [version(2, sample(1)), version(3, merged)]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            world.clock.forward(minutes=1)
            cycle(app)
            (made,) = compose.run(app).digests
            told = {(c.trial.id, c.field) for story in made.stories for c in story.changes}
        assert ("NCT00000001", "registry.alias") in told
        assert ("NCT00000002", "status.overallStatus") in told


def test_a_quiet_period_is_told_with_what_it_covered(tmp_path: Path) -> None:
    """A heartbeat says that all was read, how the source is, and what is expected soon; once a period."""
    soon = {
        "protocolSection__statusModule__primaryCompletionDateStruct": {"date": "2027-01", "type": "ESTIMATED"}
    }
    with World(tmp_path, [version(2, sample(1, **soon))]) as world:
        world.configure(DAILY + "heartbeat = true\n")
        world.watch(1)
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.clock.now = at(3, 7, 31)
            (made,) = compose.run(app).digests
            text = app.renderer.digest(made).text
            assert compose.run(app).digests == ()
        assert "all quiet in 1 trial" in app.renderer.digest(made).subject
        assert "ClinicalTrials.gov as of 2 Nov 09:00 UTC" in text
        assert "READOUT CLOCK" in text
        assert "nothing: 1 trial read" in text


class Refusing:
    """Renders for everybody but one."""

    def __init__(self, real: Renderer, name: str) -> None:
        self._real, self._name = real, name

    def digest(self, made: Digest) -> Rendered:
        if made.subscription.name == self._name:
            raise RenderError("template digest.html.j2 (line 7): no such member", template="digest.html.j2")
        return self._real.digest(made)


def test_a_digest_that_cannot_be_composed_is_no_silence(tmp_path: Path) -> None:
    """The others are told at once and once, `status` says since when; mended, nothing is missing."""
    days = [version(2, sample(1)), version(3, sample(1, **{STATUS: "SUSPENDED"}))]
    with World(tmp_path, days) as world:
        world.configure(DAILY.replace("daily 07:30 Europe/London", "immediate") + IMMEDIATE)
        world.watch(1)
        with world.app() as app:
            compose.run(app)
            cycle(app)
            world.registry.advance()
            cycle(app)
            real, composer = app.renderer, compose.Composer(app)
            app.__dict__["renderer"] = Refusing(real, "morning")
            begun = world.clock()
            for _ in range(3):
                composer.run()
                world.clock.forward(minutes=1)
            (failing,) = app.store.failing_subscriptions()
            assert (failing.name, failing.failing_since) == ("morning", begun)
            told = [notice for notice in app.store.notices() if notice.kind == "compose"]
            said = "Digests of morning cannot be composed: RenderError: template digest.html.j2 (line 7): "
            said += "no such member. It is tried again and again."
            assert [notice.message for notice in told] == [said]
            others = [one.id for one in app.store.digests(subscription="all")]
            assert any(told[0] in app.store.digest_notices(one) for one in others)
            assert "digests of morning cannot be composed since" in str(report(app.store, app.settings))
            app.__dict__["renderer"] = real
            (made,) = composer.run().digests
            assert set(made.told) == {one.id for one in world.changes() if one.stamp.origin == "poll"}
            assert app.store.failing_subscriptions() == ()
