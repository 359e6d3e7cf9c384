"""A large watch list: cycles over 50,000 watched trials, 250 of them changed, and what they need.

The registry stands in this process and the monitor in one of its own, so that memory and work are its own.
The whole list is read in each cycle, as where `[poll] sweep` is set high enough. The pause between two
requests is left out: it is politeness, and by far the most of a real cycle.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count

import orjson

from monitor import bootstrap
from monitor.core.record import JsonObject, TrialId
from monitor.core.subscription import Subscription
from monitor.demo.standin import DataVersion, StandIn
from monitor.pipeline import poll
from tests.bench import material
from tests.bench.importing import most_memory_mb
from tests.bench.measure import seconds

TRIALS, CHANGED = 50_000, 250
START = datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC)
PHASES = (
    ("watched", 0),
    ("first sight of all", 0),
    ("the same data version", 0),
    (f"{CHANGED} changed", 1),
    ("what is news of it", 0),
    ("new data version, no change", 1),
)
"""What the monitor does, and by how many data versions the registry goes on before."""


@dataclass(frozen=True)
class Studies(Mapping[str, JsonObject]):
    """Very many studies, made when they are asked for; the first ones amended."""

    amended: int

    @cached_property
    def _records(self) -> list[JsonObject]:
        return list(material.payloads(963))

    def __getitem__(self, number: str) -> JsonObject:
        place = int(number.removeprefix("NCT")) - 90_000_000
        if not 0 <= place < TRIALS:
            raise KeyError(number)
        record = material.renumbered(self._records[place % len(self._records)], number)
        return material.amended(record) if place < self.amended else record

    def __iter__(self) -> Iterator[str]:
        return map(material.nct_number, range(TRIALS))

    def __len__(self) -> int:
        return TRIALS


class Unkept(DataVersion):
    """A data version that keeps nothing of what it served."""

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """None of them was renamed."""
        return {}

    def served(self, number: str) -> bytes:
        """A study as it goes over the wire, made anew."""
        self._wire.clear()
        return super().served(number)


def report(_: int) -> Iterator[str]:
    """Seconds and memory of every phase, one turn."""
    versions = [
        Unkept((START + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%S"), Studies(CHANGED if day else 0))
        for day in range(3)
    ]
    yield f"watching: {TRIALS:,} trials, {material.origin()}, one turn"
    with StandIn(versions) as registry, tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.watching", registry.base_url, folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as monitor:
            assert monitor.stdin is not None
            assert monitor.stdout is not None
            for name, steps in PHASES:
                for _ in range(steps):
                    registry.advance()
                worked = time.process_time()
                monitor.stdin.write("\n")
                monitor.stdin.flush()
                told = orjson.loads(monitor.stdout.readline())
                theirs = time.process_time() - worked
                yield (
                    f"  {name:28}  {told['seconds']:8.2f} s, {told['worked']:.2f} s of work, the stand-in's "
                    f"{theirs:.2f} s   {TRIALS / told['seconds']:10,.0f} trials a second   "
                    f"peak memory so far {told['peak_mb']:4.0f} MB   {told['said']}"
                )
            monitor.stdin.close()
            assert monitor.wait() == 0


def main(base_url: str, folder: str) -> None:
    """The monitor's part: a phase for each line on stdin, a line of JSON for each on stdout."""
    env = {
        "TRIALWIRE_REGISTRIES__CTGOV__BASE_URL": base_url,
        "TRIALWIRE_STORE__STATE_DIR": f"{folder}/state",
        "TRIALWIRE_POLL__SWEEP": str(TRIALS),
        "TRIALWIRE_POLL__BACKFILL": "off",
        "HOME": folder,
    }
    ticks = count()
    settings = bootstrap.load_settings(None, env)
    with bootstrap.App(settings, env=env, monotonic=lambda: float(next(ticks))) as app:
        source = app.registries["ctgov"]
        everyone = Subscription("all", ("nobody",), "daily 07:30 UTC")
        app.store.begin_subscription(everyone.name, START)
        said: list[str] = []

        def watch() -> None:
            trials = (TrialId("ctgov", material.nct_number(number)) for number in range(TRIALS))
            app.store.add_watches(trials, now=START)

        def cycle() -> None:
            done = poll.cycle(app, source)
            assert done.ok, done
            said.append(", ".join(f"{number:,} {word}" for word, number in done.counts.items() if number))

        def news() -> None:
            found = app.store.pending(everyone, app.clock())
            said.append(f"{len(found.changes):,} changes pending")

        acts = {"watched": watch, "what is news of it": news}
        for name, _ in PHASES:
            sys.stdin.readline()
            said.clear()
            worked = time.process_time()
            took = seconds(acts.get(name, cycle))
            worked = time.process_time() - worked
            told = {"seconds": took, "worked": worked, "peak_mb": most_memory_mb(), "said": "".join(said)}
            print(orjson.dumps(told).decode(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
