"""`timeline`: drawn for people, as rows for programs."""

from __future__ import annotations

import csv
from typing import cast

import orjson
import pytest

from monitor.core.record import JsonObject
from tests.cli.command import Command
from tests.support.pasts import slipped

ONE = "NCT00000001"


@pytest.fixture
def trialwire(trialwire: Command) -> Command:
    """An installation that holds five versions of a trial, imported."""
    for place in range(5):
        study = slipped(1, place, derivedSection__miscInfoModule__versionHolder=f"2024-0{place + 1}-05")
        (trialwire.folder / f"{place}.json").write_bytes(orjson.dumps(study))
    (trialwire.folder / "trialwire.toml").write_text("", "utf-8")
    assert trialwire("init").code in (0, 1)
    assert trialwire("import", *(f"{place}.json" for place in range(5))).code == 0
    return trialwire


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_it_draws_what_is_held(trialwire: Command, columns: int) -> None:
    """A band and step lines over all versions, no wider than the terminal."""
    ran = trialwire("timeline", ONE, columns=columns)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= columns
    assert "Primary completion  4 moves, 14 months later" in lines
    assert "Study completion  not moved" in lines
    drawn = "".join(lines[lines.index("Primary completion  4 moves, 14 months later") + 1 :][:5])
    assert drawn.count("┌") == drawn.count("┘") == 4


def test_it_draws_in_ascii_where_it_must(trialwire: Command) -> None:
    """In the C locale with `NO_COLOR`."""
    ran = trialwire("timeline", ONE, NO_COLOR="1", LANG="C", LC_ALL="C")
    assert ran.code == 0
    assert ran.out.isascii()
    assert "Mar 2027  ---------+" in ran.out


def test_it_gives_a_row_for_each_version(trialwire: Command) -> None:
    """Oldest first, with both dates and types, in every format."""
    found = cast("list[JsonObject]", trialwire("timeline", ONE, "--format", "json").json())
    assert [row["primary_completion"] for row in found] == [
        {"date": day, "type": "ESTIMATED"} for day in ("2027-03", "2027-06", "2027-11", "2028-01", "2028-05")
    ]
    assert {row["status"] for row in found} == {"RECRUITING"}
    rows = list(csv.DictReader(trialwire("timeline", ONE, "--format", "csv").out.splitlines()))
    assert [row["enrollment_count"] for row in rows] == ["120"] * 5
    page = trialwire("timeline", ONE, "--format", "markdown").out.splitlines()
    assert len(page) == 7
    assert "2027-03 (estimated)" in page[2]


def test_what_is_not_held_cannot_be_drawn(trialwire: Command) -> None:
    """A trial nobody watches, and one not read yet."""
    assert trialwire("timeline", "NCT00000009").code == 1
    trialwire("watch", "add", "NCT00000009")
    unread = trialwire("timeline", "NCT00000009")
    assert (unread.code, unread.out) == (0, "")
    assert "`trialwire poll` reads it" in unread.err
