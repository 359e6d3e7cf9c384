"""Answers from what is held: the change log with its first sights, a trial's versions and its course.

A baseline is not stored: it is what `compare` finds between nothing and the first snapshot (contract
section 2). The command line and the pages ask here. Nothing here writes.
"""

from __future__ import annotations

import fnmatch
import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import orjson

from monitor.core.change import at_least
from monitor.core.record import TrialId
from monitor.core.versions import effective
from monitor.errors import NotWatchedError

if TYPE_CHECKING:
    from monitor.core.course import Stage
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
    return tuple(sorted(store.snapshots(trial), key=lambda s: (effective(s), s.seq)))


def matches(change: RecordedChange, query: ChangeQuery) -> bool:
    """Does a baseline change, which no store has rows for, pass the filters on the change itself?"""
    day = registry_day(change)
    return (
        (query.field is None or fnmatch.fnmatchcase(change.field.lower(), query.field.lower()))
        and (not query.categories or change.category in query.categories)
        and (not query.rules or change.rule in query.rules)
        and (query.min_significance is None or at_least(change.significance, query.min_significance))
        and (query.since is None or day >= query.since)
        and (query.until is None or day <= query.until)
        and (query.observed_since is None or change.stamp.observed_at >= query.observed_since)
    )


def registry_day(change: RecordedChange) -> date:
    """The registry's clock: posted, else submitted, else observed."""
    stamp = change.stamp
    said = stamp.posted_on or stamp.submitted_on
    return date.fromisoformat(said[:10]) if said else stamp.observed_at.date()


def stages(
    store: Store, held: Sequence[Snapshot], *, read: Callable[[Store, Snapshot], Stage] | None = None
) -> tuple[list[tuple[Snapshot, Stage]], int]:
    """What each version says, oldest first as `held` is; and how many cannot be read any more.

    `read` is `stage_of`, or one that remembers.
    """
    from monitor.store import DroppedError

    read = read or stage_of
    found: list[tuple[Snapshot, Stage]] = []
    stands: int | None = None
    for snapshot in held:
        try:
            said = read(store, snapshot)
        except DroppedError:
            continue
        # What posts nothing is the registry's version before, and ours alone.
        name = f"s{snapshot.seq}" if snapshot.version in (None, stands) else f"v{snapshot.version}"
        stands = snapshot.version or stands
        found.append((snapshot, replace(said, name=name, day=f"{effective(snapshot):%b %Y}")))
    return found, len(held) - len(found)


def stage_of(store: Store, snapshot: Snapshot) -> Stage:
    """What one version says of the trial's course, yet without a name; DroppedError where it is gone."""
    from monitor import registries
    from monitor.core.course import stage

    body = store.bodies([snapshot.digest])[snapshot.digest]
    return stage(registries.reader(snapshot.trial.registry).normalize(orjson.loads(body)), name="", day="")


def _age(change: RecordedChange) -> tuple[object, ...]:
    return (registry_day(change), change.stamp.observed_at, change.number or 0)
