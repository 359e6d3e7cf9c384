"""Schema drift against a stand-in: what is new in the registry's own description is told once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.bootstrap import App
from monitor.core.drift import Drift, drifts
from monitor.demo.standin import DataVersion, Fault
from monitor.demo.standin.schema import PIECES
from monitor.pipeline import drifting, poll
from tests.support.world import World, sample, version

DESCRIBED = r"/studies/(metadata|enums)"


def cycle(app: App) -> poll.CycleReport:
    return poll.cycle(app, app.registries["ctgov"])


def told(app: App) -> list[str]:
    return [notice.message for notice in app.store.notices() if notice.kind == "schema"]


def asked(world: World) -> int:
    return sum("metadata" in seen.target for seen in world.registry.requests)


def days(*more: Mapping[str, object]) -> list[DataVersion]:
    """Data versions of one trial that never changes, each described as the one before and otherwise."""
    found = [version(2, sample(1))]
    for day, members in enumerate(more, start=3):
        found.append(replace(version(day, sample(1)), **members))  # type: ignore[arg-type]
    return found


NEW: Mapping[str, object] = {"enum_values": {"Phase": ["PHASE5"]}, "api_version": "2.0.6", "pieces": PIECES}


def test_what_is_new_is_told_once(tmp_path: Path) -> None:
    """The first description is no news; a value and a field that come are one notice, and never another."""
    fewer: Mapping[str, object] = {"pieces": PIECES[1:]}
    first, *rest = days(fewer, NEW, NEW)
    with World(tmp_path, [replace(first, pieces=PIECES[1:]), *rest]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            world.registry.advance()
            cycle(app)
            assert told(app) == []
            world.registry.advance()
            cycle(app)
            (said,) = told(app)
            assert said.startswith("ClinicalTrials.gov 2.0.6: 1 new field (")
            assert "1 new value (Phase PHASE5)" in said
            assert said.endswith("; what Trialwire does not know yet appears under other.….")
            kept = app.store.kept_schema("ctgov")
            assert kept is not None
            assert (kept.schema.api_version, kept.drifted_at) == ("2.0.6", world.clock())
            assert kept.drift in said
            before = asked(world)
            cycle(app)
            assert asked(world) == before
            world.registry.advance()
            cycle(app)
            assert (asked(world), len(told(app))) == (before + 1, 1)


@pytest.mark.parametrize("fault", [Fault.failing(500), Fault.forbidden(), Fault.garbled(), Fault.html()])
def test_a_description_that_cannot_be_had_fails_no_poll(tmp_path: Path, fault: Fault) -> None:
    """The poll is whole and the source well; it is asked for again at the next data version."""
    with World(tmp_path, days({}, NEW)) as world:
        world.watch(1)
        with world.app() as app:
            world.registry.inject(replace(fault, path=DESCRIBED, times=None))
            report = cycle(app)
            assert (report.ok, report.counts["new"]) == (True, 1)
            assert app.store.kept_schema("ctgov") is None
            world.registry.clear_faults()
            world.registry.advance()
            assert cycle(app).ok
            assert app.store.kept_schema("ctgov") is not None


def test_many_are_counted_and_the_first_named() -> None:
    """Five of a kind are named, the rest counted; another greatest length is not told."""
    found = [Drift("field added", f"a.{letter}", new="TEXT") for letter in "abcdefg"]
    assert drifting.told(found).startswith("7 new fields (a.a, a.b, a.c, a.d, a.e and 2 more)")
    assert drifting.told([Drift("length changed", "a", "5", "6")]) == ""
    assert drifting.told(drifts_of_a_type()) == "1 field of another type (a: TEXT → DATE)"


def drifts_of_a_type() -> tuple[Drift, ...]:
    from monitor.core.drift import FieldInfo, Schema

    return drifts(Schema("1", {"a": FieldInfo("TEXT")}), Schema("2", {"a": FieldInfo("DATE")}))
