"""The registry's own version numbers of what a poll found changed, so that they can be told with it.

One request for each changed trial, of the history API; where that does not answer, the numbers stay unknown
until it does, and the poll goes on. A change that posted nothing has no number of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from monitor.core import backfill as planning
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange
from monitor.core.watching import Snapshot
from monitor.errors import MonitorError, StoppedError
from monitor.pipeline.pasts import Pasts
from monitor.pipeline.works import Works
from monitor.registries import KeepsHistory, Registry
from monitor.store.values import Recording

log = logging.getLogger(__name__)

MOST = 25
"""Trials of one batch whose numbers are asked for: on a day when everything changes they are not worth it."""


def numbered(works: Works, registry: Registry, recordings: Sequence[Recording]) -> list[Recording]:
    """The recordings with the registry's numbers, as far as they can be had; no trouble is raised."""
    found = list(recordings)
    if works.backfill == "off" or not isinstance(registry, KeepsHistory):
        return found
    pasts, asked = Pasts(works, registry), 0
    for place, recording in enumerate(found):
        snapshot = recording.snapshot
        if snapshot is None or not any(_is_posted(change) for change in recording.changes):
            continue
        if asked == MOST or not pasts.is_open():
            break
        asked += 1
        try:
            numbers = _numbers(works, registry, pasts, snapshot)
        except StoppedError:
            break
        except MonitorError as error:
            log.info("versions not numbered", extra={"trial": str(snapshot.trial), "why": error.message})
            continue
        found[place] = _with_numbers(recording, snapshot, numbers)
    return found


def _numbers(works: Works, registry: KeepsHistory, pasts: Pasts, snapshot: Snapshot) -> dict[int, int]:
    """By our numbers; those of versions held already are written down at once."""
    trial: TrialId = snapshot.trial
    past = pasts.ask(lambda: registry.history(trial))
    if past is None or past.trial != trial:
        return {}
    held = works.store.snapshots(trial)
    numbers = dict(planning.numbers(past, (*held, snapshot)))
    known = {one.seq for one in held if one.version is not None}
    if new := {one.seq: numbers[one.seq] for one in held if one.seq in numbers and one.seq not in known}:
        works.store.number_versions(trial, new)
    return numbers


def _with_numbers(recording: Recording, snapshot: Snapshot, numbers: dict[int, int]) -> Recording:
    def placed(change: RecordedChange) -> RecordedChange:
        stamp = change.stamp
        if not _is_posted(change):
            return change
        before, after = numbers.get(stamp.snapshot_from or 0), numbers.get(stamp.snapshot_to or 0)
        return replace(change, stamp=replace(stamp, version_from=before, version_to=after))

    return replace(
        recording,
        snapshot=replace(snapshot, version=numbers.get(snapshot.seq)),
        changes=tuple(map(placed, recording.changes)),
    )


def _is_posted(change: RecordedChange) -> bool:
    return change.stamp.posted_on is not None or change.stamp.submitted_on is not None
