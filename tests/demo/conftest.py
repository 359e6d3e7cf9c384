"""The command for tests: one in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Command


@pytest.fixture
def trialwire(tmp_path: Path) -> Command:
    """The command where nothing was ever done."""
    return Command(tmp_path)
