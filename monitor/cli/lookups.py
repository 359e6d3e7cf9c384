"""Answers from the change log: what was recorded, and the first sight derived from the first snapshot.

A baseline is not stored: it is what `compare` finds between nothing and the first snapshot (contract
section 2). Nothing here writes.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import orjson

from monitor.cli.filters import matches, registry_day
from monitor.core.record import TrialId
from monitor.errors import NotWatchedError

if TYPE_CHECKING:
    from monitor.core.recorded import RecordedChange, Stamp
    from monitor.core.watching import Snapshot, TrialState
    from monitor.store import Store
    from monitor.store.values import ChangeQuery


def known_trial(store: Store, trial: TrialId) -> TrialState:
    """What is known of a trial; NotWatchedError where nothing is."""
    state = store.trial(trial)
    if state is not None:
        return state
    raise NotWatchedError(
        f"{trial} is not on the watch list, and nothing is stored of it.",
        remedy=f"`trialwire watch add {trial}` starts watching; the next poll reads it.",
    )


def with_baselines(
    store: Store, found: Sequence[RecordedChange], query: ChangeQuery
) -> Iterator[RecordedChange]:
    """Recorded changes and first sights together, newest first by the registry's clock.

    A first sight is derived when its turn comes, so that the newest few of many trials cost little.
    """
    firsts = (
        change
        for first in store.first_sights(query)
        for change in _baseline(store, first)
        if matches(change, query)
    )
    return itertools.islice(heapq.merge(found, firsts, key=_age, reverse=True), query.limit)


def baseline(store: Store, trial: TrialId) -> tuple[RecordedChange, ...]:
    """The first sight of a trial as changes; empty where no snapshot is held."""
    snapshots = store.snapshots(trial)
    return _baseline(store, snapshots[0]) if snapshots else ()


def _baseline(store: Store, first: Snapshot) -> tuple[RecordedChange, ...]:
    from monitor.compare import compare
    from monitor.core.recorded import baseline_changes

    trial = first.trial
    payload = orjson.loads(store.body(trial, first.seq))
    return baseline_changes(compare(None, payload, registry=trial.registry), stamp(None, first))


def stamp(before: Snapshot | None, after: Snapshot) -> Stamp:
    """The place of changes between two snapshots of one trial, as its observation would have it."""
    from monitor import registries
    from monitor.core.watching import stamp_between

    url = registries.reader(after.trial.registry).url(after.trial)
    return stamp_between(before, after, url=url, observed_at=after.observed_at, origin=after.origin)


def versions(store: Store, trial: TrialId) -> tuple[Snapshot, ...]:
    """All versions held, oldest first by the registry's clock."""
    from monitor.cli.references import effective

    return tuple(sorted(store.snapshots(trial), key=lambda s: (effective(s), s.seq)))


def _age(change: RecordedChange) -> tuple[object, ...]:
    return (registry_day(change), change.stamp.observed_at, change.number or 0)
