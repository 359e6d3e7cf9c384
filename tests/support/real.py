"""Real registry records, read in place where they are at hand; tests over them skip cleanly elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from monitor.core.record import JsonObject

SHARED = Path(__file__).resolve().parents[3] / "shared"
STUDIES = SHARED / "data" / "studies"

needs_real_records = pytest.mark.skipif(not STUDIES.is_dir(), reason="real records are not at hand")


def load(path: Path) -> JsonObject:
    """One payload."""
    payload: JsonObject = orjson.loads(path.read_bytes())
    return payload


def study_files() -> list[Path]:
    """Every stored version of every real trial, in order of trial and date."""
    return sorted(STUDIES.glob("*/*.json"))


def pairs() -> Iterator[tuple[Path, Path]]:
    """Consecutive versions of the same trial."""
    for folder in sorted(STUDIES.iterdir()):
        files = sorted(folder.glob("*.json"))
        yield from itertools.pairwise(files)
