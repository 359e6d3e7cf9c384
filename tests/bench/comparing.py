"""`monitor.compare` against DeepDiff, pair by pair, on the same payloads; alone on the worst there are."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from deepdiff import DeepDiff

from monitor.compare import compare
from monitor.core.catalogue import fold
from tests.bench import material, worst
from tests.bench.material import Pair
from tests.bench.measure import Timing, Variant, in_turns, seconds, set_aside

OURS, THEIRS, KEYED = "monitor.compare", "DeepDiff", "DeepDiff, ignore_order"
CRITERIA = "eligibility.criteria"
_CACHED = type(fold)


def report(rounds: int) -> Iterator[str]:
    """Mean and worst of every variant over all pairs, how often ours fits into theirs; the worst cases."""
    pairs = material.pairs()
    set_aside()
    timings = [
        in_turns(
            {
                OURS: partial(compare, pair.before, pair.after),
                THEIRS: partial(DeepDiff, pair.before, pair.after),
                KEYED: partial(DeepDiff, pair.before, pair.after, ignore_order=True),
            },
            rounds=rounds,
            warmed=True,
        )
        for pair in pairs
    ]
    yield f"compare: {len(pairs)} pairs of {material.origin()}, medians of {rounds} turns"
    for variant in (OURS, THEIRS, KEYED):
        yield _row(variant, pairs, [timing[variant].median_s for timing in timings])
    yield from _by_kind(pairs, timings, rounds)
    mean = {name: statistics.fmean(each[name].median_s for each in timings) for name in (OURS, THEIRS)}
    yield f"  DeepDiff takes {mean[THEIRS] / mean[OURS]:.0f} times as long in the mean"
    yield "  goal: at least 50 times; mean at most 1 ms, or 5 where criteria changed; no pair over 250 ms"
    yield ""
    yield from _worst(rounds)


def _by_kind(pairs: Sequence[Pair], timings: Sequence[Mapping[str, Timing]], rounds: int) -> Iterator[str]:
    """Ours alone: where criteria changed and where not, and where no text was ever met before."""
    ours = [timing[OURS].median_s for timing in timings]
    touched = [any(change.field == CRITERIA for change in compare(p.before, p.after)) for p in pairs]
    for label, wanted in (("criteria unchanged", False), ("criteria changed", True)):
        chosen = [place for place, is_touched in enumerate(touched) if is_touched == wanted]
        if chosen:
            yield _row(f"… {label} ({len(chosen)})", [pairs[n] for n in chosen], [ours[n] for n in chosen])
    first = [_first_met(partial(compare, pair.before, pair.after), rounds) for pair in pairs]
    yield _row("… first met", pairs, first)


def _row(label: str, pairs: Sequence[Pair], medians: Sequence[float]) -> str:
    longest = max(range(len(pairs)), key=medians.__getitem__)
    return (
        f"  {label:24}  mean {statistics.fmean(medians) * 1e3:9.3f} ms   median "
        f"{statistics.median(medians) * 1e3:8.3f} ms   max {medians[longest] * 1e3:9.2f} ms "
        f"({pairs[longest].name})"
    )


def _first_met(variant: Variant, rounds: int) -> float:
    """The median of turns that find no cache of texts filled: records seldom repeat in real life."""
    turns = []
    for _ in range(rounds):
        _forget()
        turns.append(seconds(variant))
    return statistics.median(turns)


def _forget() -> None:
    """Empty every bounded cache of ours: those hold texts; the unbounded ones are tables made once."""
    modules = [module for name, module in sys.modules.items() if name.startswith("monitor.")]
    for cached in [value for module in modules for value in vars(module).values()]:
        if isinstance(cached, _CACHED) and cached.cache_parameters()["maxsize"] is not None:
            cached.cache_clear()


def _worst(rounds: int) -> Iterator[str]:
    yield f"worst cases, invented, first met: medians of {rounds} turns; goal: none over 250 ms"
    for pair in worst.pairs():
        variant = partial(compare, pair.before, pair.after)
        count = len(variant())
        yield f"  {pair.name:42} {_first_met(variant, rounds) * 1e3:9.1f} ms   {count:5} changes"
