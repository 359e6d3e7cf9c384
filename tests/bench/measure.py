"""How a benchmark measures: variants take turns in one process, and medians are compared.

Turns, because a machine that slows down half-way must slow all variants alike, and one of each before any is
timed, so that no variant fills caches for the next; medians, because one pause of the machine is not the
code's; garbage is collected before each turn, because it is the last turn's. Short turns are warmed, too:
what a variant finds in the processor's caches and in freed memory is then its own, not its neighbor's.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Variant = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of every turn of one variant."""

    turns: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """The typical turn."""
        return statistics.median(self.turns)


def in_turns(variants: Mapping[str, Variant], *, rounds: int, warmed: bool = False) -> dict[str, Timing]:
    """Time every variant `rounds` times, one after the other in each round, after a turn not timed.

    Where turns are `warmed`, each one follows a turn of its own variant that is not timed.
    """
    for variant in variants.values():
        variant()
    turns: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, variant in variants.items():
            if warmed:
                variant()
            turns[name].append(seconds(variant))
    return {name: Timing(tuple(each)) for name, each in turns.items()}


def set_aside() -> None:
    """Take what is loaded for a benchmark from the garbage collector, which would walk it in every turn."""
    gc.collect()
    gc.freeze()


def seconds(variant: Variant) -> float:
    """One turn; a variant pays for the garbage it makes itself."""
    gc.collect()
    start = time.perf_counter()
    variant()
    return time.perf_counter() - start
