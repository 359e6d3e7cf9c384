"""`db`: what the commands on the database say, and how they end."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import orjson
import pytest

from monitor.demo.scenario import editions
from tests.cli.command import Command


@pytest.fixture
def filled(trialwire: Command) -> Command:
    """Two versions of each of the demo's trials."""
    for name, edition in zip(("first", "second"), editions(), strict=False):
        lines = b"\n".join(orjson.dumps(study) for study in edition.studies.values())
        (trialwire.folder / f"{name}.jsonl").write_bytes(lines)
        assert trialwire("import", f"{name}.jsonl").code == 0
    return trialwire


def database(command: Command) -> Path:
    """Its file."""
    return next(command.folder.rglob("trialwire.db"))


def test_a_backup_is_made_and_restored(filled: Command) -> None:
    """What was in the database is there again, and the one before is kept."""
    assert filled("db", "check").code == 0
    made = filled("db", "backup", "copy.db")
    assert made.code == 0
    assert "proven" in made.err
    refused = filled("db", "backup", "copy.db")
    assert refused.code == 78
    assert "--force" in refused.err
    before = filled("changes", "--format", "json").json()
    database(filled).write_bytes(b"noise")
    assert filled("changes").code != 0
    restored = filled("db", "restore", "copy.db")
    assert restored.code == 0
    assert "before-restore" in restored.err
    assert filled("changes", "--format", "json").json() == before


def test_what_is_no_copy_is_told_by_its_own_name(filled: Command) -> None:
    """A file that cannot be restored, or a folder that is not there, is named; the database is left alone."""
    (filled.folder / "noise.db").write_text("no database, whatever its name says")
    refused = filled("db", "restore", "noise.db")
    assert refused.code == 1
    assert "noise.db is damaged or no database" in refused.err
    assert "trialwire.db is" not in refused.err
    assert filled("db", "check").code == 0
    nowhere = filled("db", "backup", "nowhere/copy.db")
    assert nowhere.code == 78
    assert "there is no folder nowhere" in nowhere.err


def test_rederiving_what_is_not_held(filled: Command) -> None:
    """A trial of which nothing is stored is told as everywhere else, and nothing is written."""
    ran = filled("db", "rederive", "NCT09100099")
    assert ran.code == 1
    assert "nothing is stored of it" in ran.err


def test_a_file_that_is_no_record_is_told_with_what_is_one(filled: Command) -> None:
    """`diff` of a file that is no JSON fails, and says what to give instead."""
    (filled.folder / "odd.json").write_text("[odd")
    ran = filled("diff", "odd.json", "odd.json")
    assert ran.code == 1
    assert "--format raw" in ran.err


def test_damage_is_told_with_its_trial(filled: Command) -> None:
    """A damaged payload is a line with trial, version and remedy, and the command ends with 3."""
    connection = sqlite3.connect(database(filled))
    connection.execute("UPDATE body SET data = x'00' WHERE base IS NOT NULL")
    connection.commit()
    connection.close()
    ran = filled("db", "check")
    assert ran.code == 3
    assert "@s2: a stored payload is damaged" in ran.out
    assert "db restore FILE" in ran.out


def test_compacting_honors_retention(filled: Command) -> None:
    """With a retention the versions in between go; asked for, they say so; the changes stay."""
    (filled.folder / "trialwire.toml").write_text("[retention]\npayload_days = 1\n")
    third = list(editions())[-1]
    (filled.folder / "third.jsonl").write_bytes(b"\n".join(map(orjson.dumps, third.studies.values())))
    assert filled("import", "third.jsonl").code == 0
    before = filled("changes", "--format", "json").json()
    ran = filled("db", "compact")
    assert ran.code == 0
    assert " dropped" in ran.err
    assert " 0 dropped" not in ran.err
    assert filled("changes", "--format", "json").json() == before
    assert filled("db", "check").code == 0
    exported = filled("export", "--all-versions", *_trials(filled))
    assert exported.code == 0
    assert "Left out: version s2" in exported.err


def _trials(command: Command) -> list[str]:
    found = command("changes", "--format", "json").json()
    assert isinstance(found, list)
    return sorted({str(change["trial"]["id"]) for change in found})  # type: ignore[index, call-overload]
