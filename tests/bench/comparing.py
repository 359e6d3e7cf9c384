"""`monitor.compare` against DeepDiff, pair by pair, on the same payloads."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from functools import partial

from deepdiff import DeepDiff

from monitor.compare import compare
from tests.bench import material
from tests.bench.measure import Timing, in_turns, set_aside

OURS, THEIRS, KEYED = "monitor.compare", "DeepDiff", "DeepDiff, ignore_order"


def report(rounds: int) -> Iterator[str]:
    """Mean and worst of every variant over all pairs, and how often ours fits into theirs."""
    pairs = material.pairs()
    set_aside()
    timings: Mapping[str, Mapping[str, Timing]] = {
        f"{number} {pair.name}": in_turns(
            {
                OURS: partial(compare, pair.before, pair.after),
                THEIRS: partial(DeepDiff, pair.before, pair.after),
                KEYED: partial(DeepDiff, pair.before, pair.after, ignore_order=True),
            },
            rounds=rounds,
            warmed=True,
        )
        for number, pair in enumerate(pairs)
    }
    yield f"compare: {len(pairs)} pairs of {material.origin()}, medians of {rounds} turns"
    mean: dict[str, float] = {}
    for variant in (OURS, THEIRS, KEYED):
        medians = {name: each[variant].median_s for name, each in timings.items()}
        worst = max(medians, key=lambda name: medians[name])
        mean[variant] = statistics.fmean(medians.values())
        yield (
            f"  {variant:24}  mean {mean[variant] * 1e3:9.3f} ms   median "
            f"{statistics.median(medians.values()) * 1e3:8.3f} ms   max {medians[worst] * 1e3:9.2f} ms "
            f"({worst.partition(' ')[2]})"
        )
    yield f"  DeepDiff takes {mean[THEIRS] / mean[OURS]:.0f} times as long in the mean"
    yield "  goal: at least 50 times; mean at most 1 ms; no pair over 50 ms"
