"""Digests over several versions, read from the store: nets, programmes, and what is told when that fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import orjson

from monitor.bootstrap import App
from monitor.core.digest import Digest
from monitor.pipeline import compose, deliver, poll
from tests.support.world import World, sample, version

STATUS = "protocolSection__statusModule__overallStatus"
REASON = "protocolSection__statusModule__whyStopped"
TITLE = "protocolSection__identificationModule__briefTitle"
COMPLETION = "protocolSection__statusModule__primaryCompletionDateStruct"
DAILY = """
[[subscriptions]]
name = "morning"
channels = ["hook"]
cadence = "daily 07:30 UTC"
"""


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def due(date: str) -> dict[str, str]:
    return {"date": date, "type": "ESTIMATED"}


def cycle(app: App) -> None:
    poll.cycle(app, app.registries["ctgov"])


def seen(world: World, app: App, *hours: int) -> None:
    """Poll the next data versions at these hours of the third."""
    for hour in hours:
        world.registry.advance()
        world.clock.now = at(3, hour)
        cycle(app)


def nets(digest: Digest) -> list[tuple[str, str | None]]:
    return [(story.finding.kind, story.finding.net) for story in digest.stories]


def three_versions(*members: Mapping[str, object]) -> Iterable[object]:
    """The second, then at five, six and seven o'clock of the third."""
    hours = (9, 4, 5, 6)
    return [
        version(2 if number == 0 else 3, sample(1, **edits), hour=hours[number])
        for number, edits in enumerate(members)
    ]


def test_two_slips_in_a_day_are_one(tmp_path: Path) -> None:
    """The record before the first version is compared with that after the last; the steps are kept."""
    versions = three_versions(
        {COMPLETION: due("2027-01")}, {COMPLETION: due("2027-05")}, {COMPLETION: due("2027-09")}
    )
    with World(tmp_path, list(versions)) as world:  # type: ignore[arg-type]
        world.configure(DAILY)
        world.watch(1)
        with world.app() as app:
            cycle(app)
            compose.run(app)
            seen(world, app, 5, 6)
            preview = compose.preview(app, "morning")
            world.clock.now = at(3, 8)
            (made,) = compose.run(app).digests
            assert deliver.run(app).counts == {"sent": 1}
        assert nets(made) == [("dates", "changed")]
        finding = made.stories[0].finding
        assert (finding.rule, finding.significance) == ("C6", "critical")
        assert "8 months later: Jan 2027 → Sep 2027" in finding.headline
        assert preview is not None
        assert [story.finding.id for story in preview.stories] == [finding.id]
        data = orjson.loads(world.hook.received[0].body)["data"]
        assert data["findings"][0]["net"] == "changed"
        assert data["findings"][0]["trial"]["url"].endswith("/study/NCT00000001")
        assert data["findings"][0]["steps"] == [change["id"] for change in data["changes"]]
        assert {change["rule"] for change in data["changes"]} == {"M2"}


def test_a_net_counts_each_of_its_steps_once(tmp_path: Path) -> None:
    """Also where the date stands still in the last version of the window: two moves are no third."""
    versions = three_versions(
        {COMPLETION: due("2027-01")},
        {COMPLETION: due("2027-05")},
        {COMPLETION: due("2027-09")},
        {COMPLETION: due("2027-09"), TITLE: "Veltomab, renamed"},
    )
    with World(tmp_path, list(versions)) as world:  # type: ignore[arg-type]
        world.configure(DAILY)
        world.watch(1)
        with world.app() as app:
            cycle(app)
            compose.run(app)
            seen(world, app, 5, 6, 7)
            world.clock.now = at(3, 8)
            (made,) = compose.run(app).digests
        finding = next(story.finding for story in made.stories if story.finding.net == "changed")
        assert "8 months later: Jan 2027 → Sep 2027" in finding.headline
        assert "Second move in the 4 versions seen" in finding.headline


def test_what_is_held_of_a_later_version_parts_no_net(tmp_path: Path) -> None:
    """A date that went there and back is told as that, though its next move waits for a person."""
    dates = ("2027-01", "2027-05", "2027-01", "2028-01")
    versions = three_versions(*({COMPLETION: due(date)} for date in dates))
    with World(tmp_path, list(versions)) as world:  # type: ignore[arg-type]
        world.configure("[brakes]\nmin_trials = 1\n" + DAILY)
        world.watch(1)
        with world.app() as app:
            cycle(app)
            compose.run(app)
            seen(world, app, 5, 6, 7)
            *early, _ = sorted(hold.id for hold in app.store.holds())
            for number in early:
                app.store.decide_hold(number, "released", world.clock())
            world.clock.now = at(3, 8)
            (made,) = compose.run(app).digests
        assert nets(made) == [("dates", "reverted")]


def test_net_begins_after_what_was_told_at_once(tmp_path: Path) -> None:
    """A suspension told at once is told no second time; the digest has the rest, and refers to it."""
    stop = {STATUS: "SUSPENDED", REASON: "Drug supply"}
    versions = three_versions({}, {TITLE: "Veltomab, first"}, {TITLE: "Veltomab, first", **stop}, {**stop})
    with World(tmp_path, list(versions)) as world:  # type: ignore[arg-type]
        world.configure(DAILY + 'immediate_at = "critical"\n')
        world.watch(1)
        with world.app() as app:
            cycle(app)
            compose.run(app)
            seen(world, app, 5)
            assert compose.run(app).digests == ()
            seen(world, app, 6)
            (urgent,) = compose.run(app).digests
            assert nets(urgent) == [("status", None)]
            seen(world, app, 7)
            world.clock.now = at(3, 8)
            (made,) = compose.run(app).digests
            assert (
                "Told before, 06:00 UTC on 3 Nov 2026: Recruiting → Suspended."
                in app.renderer.digest(made).text
            )
        assert {story.finding.rule for story in made.stories} == {"m9"}
        assert set(made.told).isdisjoint(urgent.told)
        recorded = {change.id for change in world.changes()}
        assert recorded <= {*made.told, *urgent.told}


def test_versions_that_cannot_be_read_are_told_one_by_one(tmp_path: Path) -> None:
    """Where a payload is lost the trial's versions are told as recorded, and nothing is lost with it."""
    versions = three_versions({}, {STATUS: "SUSPENDED"}, {})
    with World(tmp_path, list(versions)) as world:  # type: ignore[arg-type]
        world.configure(DAILY)
        world.watch(1)
        with world.app() as app:
            cycle(app)
            compose.run(app)
            seen(world, app, 5, 6)
            whole = app.store

            class Forgetful:
                """A store that has lost its payloads."""

                def __getattr__(self, name: str) -> object:
                    return getattr(whole, name)

                def bodies(self, digests: object) -> Mapping[str, bytes]:
                    return {}

            app.__dict__["store"] = Forgetful()
            world.clock.now = at(3, 8)
            (made,) = compose.run(app).digests
            app.__dict__["store"] = whole
        assert [story.finding.net for story in made.stories] == [None, None]
        assert {change.id for change in world.changes()} <= set(made.told)


def test_the_asset_is_read_off_the_trials(tmp_path: Path) -> None:
    """The same move in two trials of one drug is a programme of that drug."""
    stop = {STATUS: "SUSPENDED", REASON: "Drug supply"}
    versions = [
        version(2, sample(1), sample(2)),
        version(3, sample(1, **stop), sample(2, **stop), hour=4),
    ]
    with World(tmp_path, versions) as world:
        world.configure(DAILY)
        world.watch(1, 2)
        with world.app() as app:
            cycle(app)
            compose.run(app)
            seen(world, app, 5)
            world.clock.now = at(3, 8)
            (made,) = compose.run(app).digests
            assert deliver.run(app).counts == {"sent": 1}
        (one,) = made.programmes
        assert one.headline == (
            'Recruitment suspended in 2 trials of Veltomab (Alpha Bio); reason given: "Drug supply".'
        )
        data = orjson.loads(world.hook.received[0].body)["data"]
        assert [finding["kind"] for finding in data["findings"]] == ["programme", "status", "status"]
        assert data["digest"]["counts"]["findings"]["critical"] == 1
