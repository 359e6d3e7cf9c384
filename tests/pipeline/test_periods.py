"""Periods: each told once, over the nights the clocks move, downtime, restarts and a clock set back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from monitor.bootstrap import App
from monitor.core.delivery import Delivery, Message
from monitor.core.digest import Digest, Rendered
from monitor.errors import MonitorError
from monitor.pipeline import compose
from monitor.store import NoticeDraft
from tests.store.making import amended, first, snapshot, trial
from tests.support.world import World, sample, version

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Plain:
    """Renders nothing: what is said is tried elsewhere."""

    def digest(self, made: Digest) -> Rendered:
        return Rendered(made.id, "", "", "")


class Tray:
    """A channel that takes everything, for its own name."""

    type = "tray"

    def __init__(self, name: str, *recipients: str) -> None:
        self.name, self._recipients = name, recipients or (name,)

    def messages(self, digest: Digest, rendered: Rendered) -> Sequence[Message]:
        said = "\n".join(notice.message for notice in digest.notices).encode()
        return [Message(one, 1, said, "digest.created") for one in self._recipients]

    def send(self, delivery: Delivery, now: datetime) -> tuple[int | None, str]:
        return 200, ""


@dataclass
class Office:
    """An installation whose daemon composes at every tick, and may be restarted between any two."""

    world: World
    app: App
    composer: compose.Composer
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    changed: list[str] = field(default_factory=list)
    told: dict[str, list[Digest]] = field(default_factory=dict)

    def restart(self) -> None:
        """What was in memory is gone."""
        self.composer = compose.Composer(self.app)

    def change(self) -> None:
        """Somebody amends a trial of their own, and it is seen now."""
        number, now = next(self.numbers), self.world.clock()
        # Each a field of its own: the same edit in many trials would be one programme.
        recording = amended(snapshot(who=trial(number)), "B", seq=2, at=now, fields=[f"other.edit{number}"])
        self.app.store.record([recording])
        self.changed += [change.id for change in recording.changes]

    def tick(self) -> list[Digest]:
        """Compose what is due."""
        report = self.composer.run()
        assert report.failures == {}
        for made in report.digests:
            self.told.setdefault(made.subscription.name, []).append(made)
        return list(report.digests)

    def run(self, until: datetime, *, every: timedelta, changing: int) -> None:
        """Tick from now on, a change before every so many ticks, a restart before every seventh."""
        for number in count():
            if self.world.clock() > until:
                return
            if number % 7 == 0:
                self.restart()
            if number % changing == 0:
                self.change()
            self.tick()
            self.world.clock.now += every

    def assert_each_told_once(self) -> None:
        """Every subscription was told of each change once, and of nothing else."""
        for subscription in self.app.subscriptions:
            told = [change for made in self.told.get(subscription.name, ()) for change in made.told]
            assert sorted(told) == sorted(self.changed), subscription.name


@contextmanager
def office(folder: Path, config: str, start: datetime, *, trials: int = 40) -> Iterator[Office]:
    """An office that has just begun, with trials it has seen once."""
    with World(folder, [version(2, sample(1))]) as world:
        world.configure(config)
        world.clock.now = start - 2 * DAY
        with world.app() as app:
            who = [trial(number) for number in range(1, trials + 1)]
            app.store.add_watches(who, now=world.clock())
            app.store.record([first(one) for one in who])
            app.__dict__["renderer"] = Plain()
            app.__dict__["channels"] = {channel.name: Tray(channel.name) for channel in app.settings.channels}
            world.clock.now = start
            found = Office(world, app, compose.Composer(app))
            found.tick()
            found.told.clear()
            yield found


def subscribed(name: str, cadence: str, *more: str) -> str:
    """A subscription to the world's one channel."""
    head = ("[[subscriptions]]", f'name = "{name}"', 'channels = ["hook"]', f'cadence = "{cadence}"')
    return "\n".join((*head, "readout_days = 0", *more)) + "\n"


def cadences(zone: str, hour: int = 1) -> str:
    """Every kind of cadence, at times within what a night skips or repeats and outside; cron's hour."""
    return "".join(
        (
            subscribed("early", f"daily 01:30 {zone}", "heartbeat = true"),
            subscribed("late", f"daily 02:30 {zone}", 'immediate_at = "critical"'),
            subscribed("morning", f"daily 07:30 {zone}", f'quiet_hours = "22:00-08:15 {zone}"'),
            subscribed("sunday", f"weekly sun 01:30 {zone}"),
            subscribed("cron", f"cron 30 {hour} * * * {zone}"),
            subscribed("nights", "hourly", f'quiet_hours = "00:30-03:30 {zone}"', "heartbeat = true"),
            subscribed("now", "immediate", f'quiet_hours = "22:00-01:30 {zone}"'),
        )
    )


def moments(*times: str) -> list[datetime]:
    """Moments in UTC, of the year 2026."""
    return [datetime.fromisoformat(f"2026-{time}").replace(tzinfo=UTC) for time in times]


# Clocks in London go forward on 29 March at 01:00 UTC and back on 25 October at 01:00 UTC; in New York
# forward on 8 March at 07:00 UTC and back on 1 November at 06:00 UTC. For each night: when it begins for us,
# and when the periods of each cadence close that are told until the second morning after it.
NIGHTS = {
    "London, spring": (
        "Europe/London",
        1,
        "03-28T18:05",
        {
            "early": moments("03-29T01:30", "03-30T00:30"),
            "late": moments("03-29T01:30", "03-30T01:30"),
            "morning": moments("03-29T06:30", "03-30T06:30"),
            "sunday": moments("03-29T01:30"),
            "cron": moments("03-29T01:00", "03-30T00:30"),
        },
        ("03-29T00:30", "03-29T02:35"),
        ("03-28T21:35", "03-29T01:35"),
    ),
    "London, autumn": (
        "Europe/London",
        1,
        "10-24T18:05",
        {
            "early": moments("10-25T00:30", "10-26T01:30"),
            "late": moments("10-25T02:30", "10-26T02:30"),
            "morning": moments("10-25T07:30", "10-26T07:30"),
            "sunday": moments("10-25T00:30"),
            "cron": moments("10-25T00:30", "10-26T01:30"),
        },
        ("10-24T23:30", "10-25T03:35"),
        ("10-24T20:35", "10-25T00:35"),
    ),
    "New York, spring": (
        "America/New_York",
        2,
        "03-07T23:05",
        {
            "early": moments("03-08T06:30", "03-09T05:30"),
            "late": moments("03-08T07:30", "03-09T06:30"),
            "morning": moments("03-08T11:30", "03-09T11:30"),
            "sunday": moments("03-08T06:30"),
            "cron": moments("03-08T07:00", "03-09T06:30"),
        },
        ("03-08T05:30", "03-08T07:35"),
        ("03-08T02:35", "03-08T06:35"),
    ),
    "New York, autumn": (
        "America/New_York",
        1,
        "10-31T22:05",
        {
            "early": moments("11-01T05:30", "11-02T06:30"),
            "late": moments("11-01T07:30", "11-02T07:30"),
            "morning": moments("11-01T12:30", "11-02T12:30"),
            "sunday": moments("11-01T05:30"),
            "cron": moments("11-01T05:30", "11-02T06:30"),
        },
        ("11-01T04:30", "11-01T08:35"),
        ("11-01T01:35", "11-01T05:35"),
    ),
}


@pytest.mark.parametrize("night", NIGHTS)
def test_each_period_is_told_once_in_a_night_the_clocks_move(night: str, tmp_path: Path) -> None:
    """Whenever it is due: one digest a period, in order, and every change in exactly one of them."""
    zone, hour, start, expected, quiet_hourly, quiet_immediate = NIGHTS[night]
    (begin,) = moments(start)
    with office(tmp_path, cadences(zone, hour), begin) as here:
        here.run(begin + 40 * HOUR, every=timedelta(minutes=30), changing=6)
        for name, closed in expected.items():
            told = here.told[name]
            assert [made.until for made in told] == closed, name
            assert len({made.period for made in told}) == len(told), name
        asleep, awake = moments(*quiet_hourly)
        hours = [made.until for made in here.told["nights"] if made.created_at < asleep]
        assert hours == [begin.replace(minute=0) + n * HOUR for n in range(1, len(hours) + 1)]
        assert timedelta() < asleep - hours[-1] <= HOUR
        # No hour is told in the quiet ones: the last of them, when they end, has what all of them had.
        first_night = [made for made in here.told["nights"] if made.created_at < begin + DAY]
        assert not any(asleep <= made.created_at < awake for made in first_night)
        (waking,) = (made for made in first_night if made.created_at == awake)
        assert waking.until == awake.replace(minute=0)
        assert waking.since is not None
        assert waking.until - waking.since >= 2 * HOUR
        asleep, awake = moments(*quiet_immediate)
        assert not any(asleep < made.created_at < awake for made in here.told["now"])
        assert [len(made.told) for made in here.told["now"] if made.created_at == awake] != [0]
        here.world.clock.now += 8 * DAY  # the last of the week, and what came after the last period
        here.tick()
        here.assert_each_told_once()


def test_a_week_of_downtime_is_told_in_one_digest_each(tmp_path: Path) -> None:
    """Polls went on, composing did not: each is told all of it, once, and the next period the rest."""
    (begin,) = moments("10-22T12:05")
    with office(tmp_path, cadences("Europe/London"), begin) as here:
        for _ in range(7):
            here.world.clock.now += DAY
            here.change()
        here.world.clock.now += HOUR
        here.restart()
        here.tick()
        assert {subscription.name for subscription in here.app.subscriptions} == set(here.told)
        assert {len(made) for made in here.told.values()} == {1}
        here.restart()
        assert here.tick() == []
        here.change()
        here.world.clock.now += 7 * DAY
        here.tick()
        here.assert_each_told_once()
        assert max(len(made) for made in here.told.values()) == 2


@pytest.mark.parametrize("back", [3 * HOUR, 2 * DAY])
def test_a_clock_set_back_loses_and_repeats_nothing(back: timedelta, tmp_path: Path) -> None:
    """What is seen meanwhile waits for the next period that was not told yet; none is told again."""
    config = subscribed("daily", "daily 07:30 Europe/London") + subscribed("now", "immediate")
    config += subscribed("hourly", "hourly", "heartbeat = true")
    (begin,) = moments("11-20T05:05")
    with office(tmp_path, config, begin) as here:
        here.run(begin + 6 * HOUR, every=HOUR, changing=2)
        here.world.clock.now -= back
        here.run(here.world.clock() + back + 2 * DAY, every=HOUR, changing=9)
        here.world.clock.now += DAY
        here.tick()
        here.assert_each_told_once()
        for told in here.told.values():
            assert len({(made.kind, made.period, made.ordinal) for made in told}) == len(told)


def test_a_tick_that_finds_nothing_new_looks_at_nothing(tmp_path: Path) -> None:
    """Between two changes a tick asks what moved and no more; every ten minutes it looks all the same."""
    (begin,) = moments("11-20T12:05")
    with office(tmp_path, subscribed("now", "immediate"), begin) as here:
        asked: list[datetime] = []
        pending = here.app.store.pending

        def counting(*words: object, **names: object) -> object:
            asked.append(here.world.clock())
            return pending(*words, **names)  # type: ignore[arg-type]

        here.app.store.pending = counting  # type: ignore[method-assign,assignment]
        here.restart()
        for _ in range(12):
            here.tick()
            here.world.clock.forward(minutes=1)
        assert asked == [begin, begin + timedelta(minutes=10)]
        here.change()
        assert len(here.tick()) == 1
        here.assert_each_told_once()


def test_a_pause_keeps_everything_for_later(tmp_path: Path) -> None:
    """Nothing is composed while it lasts, not by hand either; afterwards each change is told, once."""
    config = subscribed("daily", "daily 07:30 Europe/London", 'immediate_at = "major"')
    config += subscribed("now", "immediate")
    (begin,) = moments("11-20T05:05")
    with office(tmp_path, config, begin) as here:
        store = here.app.store
        assert store.pause_subscription("daily", "on leave", begin)
        assert not store.pause_subscription("daily", "", begin + HOUR)
        here.run(begin + 3 * DAY, every=6 * HOUR, changing=2)
        assert set(here.told) == {"now"}
        with pytest.raises(MonitorError, match="daily is paused since 2026-11-20 05:05 UTC") as refused:
            compose.send(here.app, "daily")
        assert "subscriptions resume daily" in str(refused.value.remedy)
        assert store.resume_subscription("daily")
        assert not store.resume_subscription("daily")
        here.tick()
        here.world.clock.now += DAY
        here.tick()
        here.assert_each_told_once()


def test_a_digest_refers_to_what_was_told_at_once_by_the_readers_clock(tmp_path: Path) -> None:
    """A trial that was told out of turn and nothing since has one line, and makes no digest by itself."""
    config = subscribed("morning", "daily 07:30 America/New_York", 'immediate_at = "major"')
    (begin,) = moments("11-20T15:05")
    with office(tmp_path, config, begin - HOUR) as here:
        here.world.clock.now = begin
        here.change()
        (urgent,) = here.tick()
        assert urgent.kind == "immediate"
        here.world.clock.now = begin + DAY
        assert here.tick() == []
        minor = amended(snapshot(who=trial(9)), "B", seq=2, at=begin + DAY, significance="minor")
        here.app.store.record([minor])
        here.world.clock.now = begin + 2 * DAY
        (made,) = here.tick()
        assert [(one.trial, one.words) for one in made.before] == [
            (trial(1), "10:05 EST on 20 Nov 2026: other.edit1 changed.")
        ]
        assert [story.trial.trial for story in made.stories] == [trial(9)]
        again = amended(snapshot("B", who=trial(9), seq=2), "C", seq=3, at=begin + 2 * DAY)
        here.app.store.record([again])
        here.world.clock.now = begin + 3 * DAY
        assert [made.before for made in here.tick()] == [()]


ALERTS = """
[[channels]]
name = "spare"
type = "webhook"
url = "https://spare.example.com"
secret_env = "HOOK_SECRET"

[alerts]
channels = ["hook", "spare"]
"""


def told_to(here: Office, made: Digest) -> dict[str, str]:
    """What each channel was told, by its name."""
    return {one.channel: one.content.decode() for one in here.app.store.deliveries(digest=made.id)}


def test_trouble_is_told_at_once_on_another_channel(tmp_path: Path) -> None:
    """Alerts hold notices alone; what is wrong with one channel is told on the others."""
    (begin,) = moments("11-20T05:05")
    config = subscribed("daily", "daily 07:30 Europe/London") + ALERTS
    with office(tmp_path, config, begin) as here:
        here.change()
        assert here.tick() == []
        trouble = (
            NoticeDraft("dead_letter", "hook", "A message to hook was given up.", begin),
            NoticeDraft("source", "ctgov", "ClinicalTrials.gov is DOWN.", begin),
        )
        here.app.store.add_notices(trouble[:1])
        (first_alert,) = here.tick()
        assert (first_alert.subscription.name, first_alert.kind) == ("alerts", "immediate")
        assert told_to(here, first_alert) == {"spare": "A message to hook was given up."}
        here.app.store.add_notices(trouble[1:])
        (second,) = here.tick()
        assert told_to(here, second) == dict.fromkeys(("hook", "spare"), "ClinicalTrials.gov is DOWN.")
        assert here.tick() == []
        here.world.clock.now = begin + DAY
        (daily,) = here.tick()
        assert {notice.message for notice in daily.notices} == {draft.message for draft in trouble}
        assert len(daily.told) == 1


def test_the_only_alert_channel_is_told_of_itself(tmp_path: Path) -> None:
    """Where there is no other, better told late than not; a preview of alerts writes nothing."""
    (begin,) = moments("11-20T05:05")
    with office(tmp_path, ALERTS.replace('"hook", ', ""), begin) as here:
        said = NoticeDraft("channel_disabled", "spare", "Channel spare is disabled.", begin)
        here.app.store.add_notices([said])
        seen = compose.preview(here.app, "alerts")
        assert seen is not None
        assert [notice.message for notice in seen.notices] == ["Channel spare is disabled."]
        (made,) = here.tick()
        assert told_to(here, made) == {"spare": "Channel spare is disabled."}


def test_a_digest_that_all_readers_have_left_is_kept_all_the_same(tmp_path: Path) -> None:
    """Nothing is sent to who wants no more; the changes are settled, and the digest is on record."""
    (begin,) = moments("11-20T05:05")
    with office(tmp_path, subscribed("now", "immediate"), begin) as here:
        here.app.store.opt_out("hook", "hook", begin)
        here.change()
        (made,) = here.tick()
        assert here.app.store.deliveries(digest=made.id) == ()
        assert here.app.store.digest(made.id) is not None
        assert here.tick() == []
        here.assert_each_told_once()
