"""A baseline import of a registry's download against its floor: parse, digest the canonical form, compress.

The floor is what cannot be left out; what the import takes on top of it is its own: finding out what is held
already, the facts of each trial, the rows, the commits.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

import orjson

from monitor import registries
from monitor.core.canonical import digest
from monitor.core.rules import default_rules
from monitor.pipeline import archives, importing
from monitor.store import Stats, open_store, upgrade
from monitor.store.blobs import TRAINED_FROM, Base, Dictionary, Packer, trained
from tests.bench import material
from tests.bench.measure import in_turns, seconds

RECORDS = 50_000
MOST_ROUNDS = 3
"""A turn takes half a minute."""
REGISTRY = 605_000
"""Trials in the registry, for what the figures come to."""
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def report(rounds: int) -> Iterator[str]:
    """Records a second of both, their ratio, the most memory each needed, and the room a record takes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = written(folder)
        fresh = count()
        timings = in_turns(
            {
                "floor": partial(floor, archive),
                "import": lambda: imported(archive, folder / f"state-{next(fresh)}"),
            },
            rounds=min(rounds, MOST_ROUNDS),
        )
        again = seconds(lambda: imported(archive, folder / "state-0", {"held": RECORDS}))
        peaks = {which: peak_mb(which, archive, folder) for which in ("nothing", *timings)}
        held = stored(folder / "state-0")
        proven = seconds(lambda: proof(folder / "state-0"))
        size = archive.stat().st_size / 1e6
    yield (
        f"baseline import: {RECORDS:,} {material.origin()}, a zip of {size:.0f} MB, medians of "
        f"{min(rounds, MOST_ROUNDS)} turns"
    )
    for which, timing in timings.items():
        yield (
            f"  {which:8}  {timing.median_s:6.2f} s   {RECORDS / timing.median_s:7,.0f} records a second   "
            f"peak memory {peaks[which]:.0f} MB, {peaks[which] - peaks['nothing']:.0f} MB of it for the work"
        )
    ratios = [a / b for a, b in zip(timings["import"].turns, timings["floor"].turns, strict=True)]
    yield f"  the import takes {statistics.median(ratios):.2f} times the floor (goal: at most 1.6)"
    yield f"  again, all of it held: {RECORDS / again:,.0f} records a second"
    yield f"  proven by db check: {RECORDS / proven:,.0f} versions a second"
    yield (
        f"  a first version takes {held.body_bytes / RECORDS:,.0f} bytes packed (goal: at most 4,500), "
        f"{(held.file_bytes or 0) / RECORDS:,.0f} in the file; {REGISTRY:,} would take "
        f"{(held.file_bytes or 0) / RECORDS * REGISTRY / 1e9:.1f} GB and "
        f"{timings['import'].median_s / RECORDS * REGISTRY / 60:.1f} minutes"
    )
    nexts = next_versions()
    yield (
        f"  a next version takes {statistics.fmean(nexts):,.0f} bytes packed, half of them at most "
        f"{statistics.median(nexts):,.0f} (goal: at most 500 on average), over {len(nexts)} pairs"
    )


def next_versions() -> list[int]:
    """Bytes that a next version of the same trial takes, packed against the one before."""
    packer = Packer()
    sizes: list[int] = []
    for pair in material.pairs():
        before, after = orjson.dumps(pair.before), orjson.dumps(pair.after)
        sizes.append(len(packer.pack(after, Base("before", before, 0)).data))
    return sizes


def written(folder: Path) -> Path:
    """The records as the registry's download has them: a zip, one member a trial."""
    path = folder / "records.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for record, number in zip(material.payloads(RECORDS), count()):
            archive.writestr(f"ctg-studies/{material.nct_number(number)}.json", orjson.dumps(record))
    return path


def floor(archive: Path) -> int:
    """Unzip, parse, canonical digest, compress by the store's own codec; returns the bytes it came to."""
    packed, packer, first = 0, Packer(), list[bytes]()
    with archives.opened(archive) as file, archives.opened(archive) as directory:
        for member in archives.members(directory):
            content = archives.content(file, member)
            digest(orjson.loads(content))
            packed += len(packer.pack(content).data)
            if len(first) < TRAINED_FROM:
                first.append(content)
                if len(first) == TRAINED_FROM:
                    dictionary = trained(first)
                    assert dictionary is not None
                    packer = Packer(Dictionary(1, dictionary))
    return packed


def imported(archive: Path, state: Path, expected: Mapping[str, int] | None = None) -> None:
    """The whole import, into a database that was just made, or once more into one."""
    state.mkdir(exist_ok=True)
    url = f"sqlite:///{state / 'trialwire.db'}"
    upgrade(url, state_dir=state, now=NOW)
    with open_store(url, state_dir=state) as store:
        readers = [registries.reader(name) for name in registries.available()]
        done = importing.run(store, [archive], readers=readers, rules=default_rules(), now=NOW)
    assert done.counts == (expected or {"new": RECORDS}), done


def stored(state: Path) -> Stats:
    """What it came to in the database."""
    with open_store(f"sqlite:///{state / 'trialwire.db'}", state_dir=state, read_only=True) as store:
        return store.stats()


def proof(state: Path) -> None:
    """What `db check` does."""
    with open_store(f"sqlite:///{state / 'trialwire.db'}", state_dir=state, read_only=True) as store:
        found = store.damage(content_digest=lambda _, body: digest(orjson.loads(body)))
        assert next(iter(found), None) is None


def peak_mb(name: str, archive: Path, folder: Path) -> float:
    """The peak memory of one variant, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.importing", name, str(archive), str(folder / "peak")]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(name: str, archive: str, state: str) -> None:
    """Run one variant and print its peak memory in MB."""
    match name:
        case "floor":
            floor(Path(archive))
        case "import":
            imported(Path(archive), Path(state))
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
