"""Held digests from the command line: seen, released, dismissed, each safe to say twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from monitor.core.record import JsonObject
from monitor.pipeline import compose, poll
from tests.cli.command import Command
from tests.support.world import World, sample, version

TITLE = "protocolSection__identificationModule__briefTitle"
MANY = range(1, 13)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Twelve trials, all of which got another title in one data version."""
    odd = [sample(number, **{TITLE: f"Otherwise {number}"}) for number in MANY]
    with World(tmp_path, [version(2, *map(sample, MANY)), version(3, *odd)]) as found:
        found.watch(*MANY)
        with found.app() as app:
            compose.run(app)
            poll.cycle(app, app.registries["ctgov"])
            found.registry.advance()
            poll.cycle(app, app.registries["ctgov"])
        yield found


def command(world: World) -> Command:
    """The command line on the same installation."""
    return Command(world.folder, {name: world.env[name] for name in ("TRIALWIRE_CONFIG", "HOOK_SECRET")})


def test_what_is_held_is_seen_and_released(world: World) -> None:
    """`status` asks for attention, `digest list` shows why and what, `release` lets it go, twice as once."""
    trialwire = command(world)
    status = trialwire("status")
    assert status.code == 3
    assert "12 of 12 watched trials changed outside administrative fields" in " ".join(status.out.split())
    assert "digest release 2" in " ".join(status.out.split())
    listed = trialwire("digest", "list").out
    assert "12 changes in 12 trials" in listed
    assert "identification.briefTitle in 12 trials" in listed
    assert listed.count("Otherwise") == 3
    (row,) = cast("list[JsonObject]", trialwire("digest", "list", "--held", "--format", "json").json())
    assert (row["id"], row["state"], row["fields"]) == (2, "held", {"identification.briefTitle": 12})
    assert "Nothing to tell" not in trialwire("digest", "preview", "all", "--since", "2026-11-01").err
    first = trialwire("digest", "release", "2")
    assert (first.code, "12 changes in 12 trials go into the next digests" in first.err) == (0, True)
    again = trialwire("digest", "release", "2")
    assert (again.code, "was released already" in again.err) == (0, True)
    assert trialwire("digest", "dismiss", "2").code == 1
    assert "Nothing is held" in trialwire("digest", "list", "--held").err
    assert cast("JsonObject", trialwire("status", "--format", "json").json())["holds"] == []
    with world.app() as app:
        (made,) = compose.run(app).digests
    assert len(made.told) == 12


def test_what_is_dismissed_stays_in_the_history(world: World) -> None:
    """`dismiss` settles it untold; the changes can still be looked up."""
    trialwire = command(world)
    assert "stay in the history" in trialwire("digest", "dismiss", "2").err
    assert trialwire("digest", "dismiss", "2").code == 0
    assert trialwire("digest", "release", "2").code == 1
    assert "Otherwise 7" in trialwire("history", "NCT00000007").out
    with world.app() as app:
        assert [story for made in compose.run(app).digests for story in made.stories] == []


def test_a_number_that_is_no_hold_is_refused(world: World) -> None:
    """Nothing is held under another number: said so, with what to do."""
    ran = command(world)("digest", "release", "7")
    assert (ran.code, ran.out) == (1, "")
    assert "digest list" in ran.err
