"""Brakes: is what changed at one data version more than sponsors do in a day?

Then the registry has more likely altered its own form than half the trials their design, and digests are
held until a person has looked. Pure: counts in, a verdict out; who is told, and when, is for the pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from typing import Literal, TypeAlias

from monitor.core.catalogue import CATALOGUE

HoldState: TypeAlias = Literal["counting", "clear", "held", "released", "dismissed"]
"""`counting`: its data version is being read. `clear`: nothing odd. The last two are a person's decisions."""

PATH_SHARE = 0.5
"""One path that changes in more of the watched trials than this is a reformatting."""
WEEK = 5
"""Data versions a week. One change in eight moves no date, so a week's such changes are those of a day."""

UNCOUNTED = frozenset(
    name for name in CATALOGUE if name.startswith("derived.") and CATALOGUE[name].category == "registry"
) | {"registry.search"}
"""The registry's own index terms, revised for thousands of trials every year, and what a search finds."""
ADMINISTRATIVE = UNCOUNTED | {name for name, known in CATALOGUE.items() if known.category == "admin"}
"""Fields in which a change does not make a trial one of those that changed."""


@dataclass(frozen=True, slots=True)
class Brakes:
    """`[brakes]`: what goes unquestioned."""

    changed_share: float = 0.2
    """The share of the watched trials that may change in one data version."""
    min_trials: int = 10
    """Fewer changed trials than this are never a reformatting: three of three are no sample."""


@dataclass(frozen=True, slots=True)
class Changed:
    """How many trials changed, by when the registry says they did."""

    dated: Mapping[str, int] = field(default_factory=dict)
    """By the day they were posted on: those whose own dates moved."""
    silent: int = 0
    """Those whose own dates stand."""

    @property
    def trials(self) -> int:
        """All of them."""
        return sum(self.dated.values()) + self.silent


@dataclass(frozen=True, slots=True)
class Tally:
    """What was seen of one data version, of trials that had been seen before: no first sights."""

    watched: int
    read: int
    """Of those, read at this data version so far."""
    moved: int
    """Of those read, how many have dates of their own that moved, whatever else changed."""
    versions: int
    """Data versions since the last one that was read; 1 where none was missed."""
    outside: Changed
    """Changed outside administrative fields."""
    fields: Mapping[str, Changed]
    """By catalogue field, administrative ones too."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Held, and why."""

    reason: str
    """A clause: `45 of 120 watched trials changed outside administrative fields (over 20 %)`."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What was recorded at one data version of a registry, and whether digests may have it."""

    id: int
    registry: str
    data_version: str
    since_version: str | None
    """The last data version that was read before it."""
    state: HoldState
    reason: str
    """Why it is or was held; empty where it never was."""
    opened_at: datetime
    settled_at: datetime | None
    decided_at: datetime | None


def judge(tally: Tally, brakes: Brakes) -> Verdict | None:
    """Why this data version's digests are to be held; None where they are not."""
    if tally.outside.trials >= brakes.min_trials and share(tally.outside, tally) > brakes.changed_share:
        over = f"over {brakes.changed_share * 100:g} %"
        changed = f"{_of(tally.outside, tally)} changed outside administrative fields"
        return Verdict(f"{changed} ({over}{_so_far(tally)})")
    found = {name: changed for name, changed in tally.fields.items() if name not in UNCOUNTED}
    for name in sorted(found, key=lambda name: (-share(found[name], tally), name)):
        if found[name].trials >= brakes.min_trials and share(found[name], tally) > PATH_SHARE:
            return Verdict(f"{name} changed in {_of(found[name], tally)} (over half{_so_far(tally)})")
    return None


def share(changed: Changed, tally: Tally) -> float:
    """The share of the watched trials that changed in one data version, at the worst.

    Where none was missed that is all that changed. After a gap, trials count for the day they were posted on,
    and the worst day is taken. Trials whose dates stand are counted among those read, as the registry's
    updates are read first, and taken to stand for the rest; after weeks they are shared out over these.
    """
    if not tally.watched:
        return 0.0
    dated = changed.dated.values()
    posted = sum(dated) if tally.versions <= 1 else max(dated, default=0)
    standing = max(tally.read - tally.moved, changed.silent, 1)
    silent = min(changed.silent / standing, 1.0)
    weeks = max(ceil(tally.versions / WEEK), 1)
    a_version = 1.0 - float((1.0 - silent) ** (1.0 / weeks))
    unmoved = max(tally.watched - tally.moved, changed.silent)
    return min((posted + a_version * unmoved) / tally.watched, 1.0)


def versions_since(before: str | None, now: str) -> int:
    """How many data versions a registry publishes from one to another: one each working day, at least 1."""
    first, last = _day(before), _day(now)
    if first is None or last is None or last <= first:
        return 1
    weeks, rest = divmod((last - first).days, 7)
    days = (first + timedelta(days=number) for number in range(1, rest + 1))
    return max(weeks * WEEK + sum(day.weekday() < WEEK for day in days), 1)


def _of(changed: Changed, tally: Tally) -> str:
    return f"{changed.trials:,} of {tally.watched:,} watched trials"


def _so_far(tally: Tally) -> str:
    return "" if tally.read >= tally.watched else f"; {tally.read:,} are read so far"


def _day(version: str | None) -> date | None:
    try:
        return date.fromisoformat((version or "")[:10])
    except ValueError:
        return None
