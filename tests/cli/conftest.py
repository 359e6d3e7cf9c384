"""The command for tests: one in an empty folder, and one that has a database there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.support.world import empty_database


@pytest.fixture
def untouched(tmp_path: Path) -> Command:
    """The command where nothing was ever done."""
    return Command(tmp_path)


@pytest.fixture
def trialwire(untouched: Command) -> Command:
    """The command where a database was made, and nothing else: making one costs more than most tests."""
    untouched.database.parent.mkdir(parents=True)
    untouched.database.write_bytes(empty_database())
    return untouched
