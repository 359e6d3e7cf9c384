"""A baseline import against its floor: parse each record, digest its canonical form, compress it.

The floor is what cannot be left out; what the import takes on top of it is its own: finding out what is held
already, the facts of each trial, the rows, the commits.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

import orjson
import zstandard

from monitor import registries
from monitor.core.canonical import digest
from monitor.core.rules import default_rules
from monitor.pipeline import importing
from monitor.store import open_store, upgrade
from tests.bench import material
from tests.bench.measure import in_turns

RECORDS = 3_000
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def report(rounds: int) -> Iterator[str]:
    """Records a second of both, their ratio, and the most memory each one needed."""
    with tempfile.TemporaryDirectory() as folder:
        lines = written(Path(folder))
        fresh = count()
        timings = in_turns(
            {
                "floor": partial(floor, lines),
                "import": lambda: imported(lines, Path(folder) / f"state-{next(fresh)}"),
            },
            rounds=rounds,
        )
        peaks = {name: peak_mb(name, lines, Path(folder)) for name in ("nothing", *timings)}
        size = lines.stat().st_size / 1e6
    yield f"baseline import: {RECORDS:,} {material.origin()}, {size:.0f} MB, medians of {rounds} turns"
    for name, timing in timings.items():
        yield (
            f"  {name:8}  {timing.median_s:6.2f} s   {RECORDS / timing.median_s:7,.0f} records a second   "
            f"peak memory {peaks[name]:.0f} MB, {peaks[name] - peaks['nothing']:.0f} MB of it for the work"
        )
    ratios = [a / b for a, b in zip(timings["import"].turns, timings["floor"].turns, strict=True)]
    yield f"  the import takes {statistics.median(ratios):.2f} times the floor (goal: at most 1.6)"


def written(folder: Path) -> Path:
    """The records as JSON lines, one version of each trial."""
    path = folder / "records.jsonl"
    with path.open("wb") as lines:
        for record in material.payloads(RECORDS):
            lines.write(orjson.dumps(record) + b"\n")
    return path


def floor(lines: Path) -> int:
    """Parse, canonical digest, compress; returns the bytes it came to."""
    packer = zstandard.ZstdCompressor(level=3, write_checksum=True)
    packed = 0
    with lines.open("rb") as content:
        for line in content:
            digest(orjson.loads(line))
            packed += len(packer.compress(line))
    return packed


def imported(lines: Path, state: Path) -> None:
    """The whole import, into a database that was just made."""
    state.mkdir()
    url = f"sqlite:///{state / 'trialwire.db'}"
    upgrade(url, state_dir=state, now=NOW)
    with open_store(url, state_dir=state) as store:
        readers = [registries.reader(name) for name in registries.available()]
        done = importing.run(store, [lines], readers=readers, rules=default_rules(), now=NOW)
    assert done.counts == {"new": RECORDS}, done


def peak_mb(name: str, lines: Path, folder: Path) -> float:
    """The peak memory of one variant, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.importing", name, str(lines), str(folder / "peak")]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(name: str, lines: str, state: str) -> None:
    """Run one variant and print its peak memory in MB."""
    match name:
        case "floor":
            floor(Path(lines))
        case "import":
            imported(Path(lines), Path(state))
        case _:
            pass
    print(most_memory_mb())


def most_memory_mb() -> float:
    """The most this process ever held; Linux's `ru_maxrss` begins with the parent's, so it is asked last."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(n.split()[1]) / 1e3 for n in status.read_text().splitlines() if n.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    main(*sys.argv[1:])
