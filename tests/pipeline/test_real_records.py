"""Real records, two dates, polled: what is recorded is exactly what `compare` finds between them."""

from __future__ import annotations

from pathlib import Path

from monitor import registries
from monitor.bootstrap import App
from monitor.compare import compare
from monitor.core.record import JsonObject
from monitor.core.recorded import RecordedChange
from monitor.demo.standin import DataVersion
from monitor.pipeline import compose, poll
from monitor.store.values import ChangeQuery
from tests.support.real import load, needs_real_records, pairs
from tests.support.world import World, number_of

BEFORE, AFTER, LATER = "2026-11-18T09:00:05", "2026-11-19T09:00:05", "2026-11-20T09:00:05"


def two_dates() -> tuple[dict[str, JsonObject], dict[str, JsonObject]]:
    """The last pair of versions of every real trial that has two."""
    before: dict[str, JsonObject] = {}
    after: dict[str, JsonObject] = {}
    for old, new in pairs():
        earlier, later = load(old), load(new)
        if number_of(earlier) == number_of(later):
            before[number_of(later)], after[number_of(later)] = earlier, later
    return before, after


@needs_real_records
def test_real_amendments_are_recorded_exactly(tmp_path: Path) -> None:
    """Every real change and no other is recorded; the same records in a new data version are silence."""
    before, after = two_dates()
    reader = registries.reader("ctgov")
    versions = [DataVersion(BEFORE, before), DataVersion(AFTER, after), DataVersion(LATER, after)]
    with World(tmp_path, versions) as world, world.app() as app:
        trials = [registries.identify(number) for number in after]
        app.store.add_watches(trials, now=world.clock())
        registry = app.registries["ctgov"]
        assert poll.cycle(app, registry).counts["new"] == len(trials) > 20
        world.registry.advance()
        world.clock.forward(minutes=1)
        assert poll.cycle(app, registry).counts.get("quarantined", 0) == 0
        found = {(c.trial.id, c.field, c.key, c.body["part"], c.body["op"]) for c in recorded(app)}
        expected = set()
        for number, earlier in before.items():
            for change in compare(earlier, after[number]).to_dicts():
                place = (change["field"], change["key"], change["part"], change["op"])
                expected.add((number, *place))
        assert found == expected
        assert {reader.identify(number) for number, *_ in found} <= set(trials)

        (made,) = compose.run(app).digests
        assert {story.trial.trial.id for story in made.stories} <= set(after)
        before_last = recorded(app)
        world.registry.advance()
        world.clock.forward(minutes=1)
        report = poll.cycle(app, registry)
        assert {word: n for word, n in report.counts.items() if n} == {"unchanged": len(trials)}
        assert recorded(app) == before_last
        assert compose.run(app).digests == ()


def recorded(app: App) -> tuple[RecordedChange, ...]:
    return app.store.changes(ChangeQuery())
