"""`readouts`: the clock for people, narrow and wide, and all of it for programs."""

from __future__ import annotations

from typing import cast

import orjson
import pytest

from monitor.core.record import JsonObject
from tests.cli.command import Command
from tests.support.world import sample

STATUS = "protocolSection__statusModule__"
OVERDUE = {
    f"{STATUS}overallStatus": "COMPLETED",
    f"{STATUS}primaryCompletionDateStruct": {"date": "2015-03", "type": "ACTUAL"},
}


@pytest.fixture
def trialwire(trialwire: Command) -> Command:
    """An installation that watches twelve trials whose results would have been due long ago."""
    for number in range(1, 13):
        (trialwire.folder / f"{number}.json").write_bytes(orjson.dumps(sample(number, **OVERDUE)))
    (trialwire.folder / "trialwire.toml").write_text("", "utf-8")
    assert trialwire("init").code in (0, 1)
    numbers = [f"NCT{number:08d}" for number in range(1, 13)]
    assert trialwire("watch", "add", *numbers[:2], "--tag", "akeso").code == 0
    assert trialwire("watch", "add", *numbers[2:]).code == 0
    assert trialwire("import", *(f"{number}.json" for number in range(1, 13))).code == 0
    return trialwire


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_it_tells_people_the_first_and_counts_the_rest(trialwire: Command, columns: int) -> None:
    """Ten of a kind, no wider than the terminal, with the caveat."""
    ran = trialwire("readouts", columns=columns)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[0] == "Results overdue: 12"
    assert sum("NCT0000" in line for line in lines) == 10
    assert "and 2 more, later ones (--limit shows more)" in lines
    said = " ".join(ran.out.split())
    assert "Results due by the end of Mar 2016" in said
    assert "whether it applies to a trial is not ours to judge." in said


def test_programs_get_all_of_it(trialwire: Command) -> None:
    """JSON holds every trial with its kind and dates; a tag narrows it, a limit bounds it."""
    rows = cast("list[JsonObject]", trialwire("readouts", "--format", "json").json())
    assert len(rows) == 12
    assert {(row["kind"], row["on"]) for row in rows} == {("overdue", "2016-03")}
    tagged = trialwire("readouts", "--tag", "akeso", "--format", "csv").out.splitlines()
    assert tagged[0] == "kind,on,trial_registry,trial_id,trial_title,trial_url,sponsor,phases,text,slips"
    assert len(tagged) == 3
    assert len(cast("list[JsonObject]", trialwire("readouts", "--limit", "4", "-f", "json").json())) == 4


def test_an_empty_clock_says_what_was_looked_at(trialwire: Command) -> None:
    """And what would widen it."""
    ran = trialwire("readouts", "--tag", "nobody")
    assert (ran.code, ran.out) == (0, "")
    assert "within 90 days" in ran.err
    assert "--days looks further ahead" in ran.err
    assert trialwire("readouts", "--days", "0").code == 2
