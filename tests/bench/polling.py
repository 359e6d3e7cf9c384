"""One pass over 1,000 watched trials against a registry on loopback, 30 of them changed.

The floor is the same registry client reading the same trials and throwing them away. The pause between two
requests is left out of all of them: it is politeness, not work.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from monitor import bootstrap
from monitor.core.record import JsonObject, TrialId
from monitor.demo.standin import DataVersion, StandIn
from monitor.pipeline import poll
from tests.bench import material
from tests.bench.measure import Timing, seconds

TRIALS, CHANGED = 1_000, 30
START = datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC)


def report(rounds: int) -> Iterator[str]:
    """Seconds of a pass by what the registry had to tell, and how that compares with reading alone."""
    with tempfile.TemporaryDirectory() as folder:
        timings = measured(Path(folder), rounds)
    reading = timings["reading alone"].median_s
    yield f"one pass: {TRIALS:,} watched trials, {material.origin()}, medians of {rounds} turns"
    for name, timing in timings.items():
        yield (
            f"  {name:28}  {timing.median_s:7.3f} s   {TRIALS / timing.median_s:8,.0f} trials a second   "
            f"{timing.median_s / reading:5.2f} times reading alone"
        )


def measured(folder: Path, rounds: int) -> Mapping[str, Timing]:
    """All kinds of passes in turns, and reading alone among them."""
    turns: dict[str, list[float]] = {}
    versions = list(data_versions(rounds))
    ticks = count()
    with StandIn(versions) as registry:
        env = {
            "TRIALWIRE_REGISTRIES__CTGOV__BASE_URL": registry.base_url,
            "TRIALWIRE_STORE__STATE_DIR": str(folder / "state"),
            "HOME": str(folder),
        }
        settings = bootstrap.load_settings(None, env)
        with bootstrap.App(settings, env=env, monotonic=lambda: float(next(ticks))) as app:
            source = app.registries["ctgov"]
            trials = [TrialId("ctgov", number) for number in versions[0].studies]
            app.store.add_watches(trials, now=START)

            def pass_over(name: str, expected: int) -> None:
                made: list[poll.CycleReport] = []
                took = seconds(lambda: made.append(poll.cycle(app, source)))
                assert made[0].ok
                assert made[0].counts.get("changed", 0) == expected, made[0]
                turns.setdefault(name, []).append(took)

            def read() -> None:
                for first in range(0, TRIALS, source.batch_size):
                    batch = trials[first : first + source.batch_size]
                    assert len(list(source.fetch(batch))) == len(batch)

            pass_over("first sight of all", 0)
            for _ in range(rounds):
                pass_over("nothing new", 0)
                turns.setdefault("reading alone", []).append(seconds(read))
                registry.advance()
                pass_over(f"{CHANGED} changed", CHANGED)
                registry.advance()
                pass_over("new data version, no change", 0)
    return {name: Timing(tuple(each)) for name, each in turns.items()}


def data_versions(rounds: int) -> Iterator[DataVersion]:
    """A first version, then for each round one with 30 amended trials and one with none."""
    studies: dict[str, JsonObject] = {}
    for number, record in enumerate(material.payloads(TRIALS)):
        studies[material.nct_number(number)] = record
    stamp = START
    yield warm(DataVersion(stamp.strftime("%Y-%m-%dT%H:%M:%S"), dict(studies)))
    for turn in range(rounds):
        for amended in list(studies)[turn * CHANGED : (turn + 1) * CHANGED]:
            studies[amended] = material.amended(studies[amended])
        for _ in range(2):
            stamp += timedelta(days=1)
            yield warm(DataVersion(stamp.strftime("%Y-%m-%dT%H:%M:%S"), dict(studies)))


def warm(version: DataVersion) -> DataVersion:
    """Serialized beforehand, so that the stand-in's work is not in the measure."""
    for number in version.studies:
        version.served(number)
    return version
