"""What a digest is told of payloads: what several versions of a trial come to, and what trials test.

Both ends of a window are read from the store and compared by today's code. Where one cannot be read, the
versions are told one by one, as recorded: nothing is lost. Nothing is written.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import orjson

from monitor import registries
from monitor.compare import compare_records, judged_on
from monitor.core.net import Run, Window, runs, standing
from monitor.core.programmes import shared
from monitor.core.programmes.assets import asset_names
from monitor.core.record import JsonObject, TrialId
from monitor.core.recorded import RecordedChange, RecordedFinding
from monitor.core.stories import Story
from monitor.errors import StoppedError
from monitor.pipeline.works import Works
from monitor.store.values import ChangeQuery, Pending

log = logging.getLogger(__name__)


def windows(works: Works, pending: Pending) -> tuple[Window, ...]:
    """The net of every trial of which two or more versions in a row are pending."""
    found: list[Window] = []
    changes: dict[TrialId, list[RecordedChange]] = {}
    for change in pending.changes:
        changes.setdefault(change.trial, []).append(change)
    findings: dict[TrialId, list[RecordedFinding]] = {}
    for finding in pending.findings:
        findings.setdefault(finding.trial, []).append(finding)
    for trial, own in changes.items():
        if len({change.stamp.identity_to for change in own}) < 2:
            continue
        if works.stop.is_set():
            raise StoppedError("stopping: the digest is composed at the next start")
        try:
            found += _trial(works, trial, own, findings.get(trial, []))
        except Exception:
            log.exception("several versions are told one by one", extra={"trial": str(trial)})
    return tuple(found)


def assets(works: Works, stories: Sequence[Story]) -> Mapping[TrialId, Sequence[str]]:
    """What the trials with an edit in common test, as their latest versions name it."""
    alike = shared(stories)
    if not alike:
        return {}
    named: dict[TrialId, Sequence[str]] = {}
    for trial, held in works.store.latest(sorted(alike)).items():
        if held.snapshot is None:
            continue
        try:
            body = works.store.bodies([held.snapshot.digest])[held.snapshot.digest]
            named[trial] = asset_names(registries.reader(trial.registry).normalize(orjson.loads(body)))
        except Exception:
            log.exception("what it tests is not known", extra={"trial": str(trial)})
    return named


def _trial(
    works: Works, trial: TrialId, own: Sequence[RecordedChange], findings: Sequence[RecordedFinding]
) -> Iterator[Window]:
    """What its versions come to, without what was told before."""
    begun = min(change.stamp.observed_at for change in own)
    query = ChangeQuery(trials=(trial,), origins=("poll",), observed_since=begun)
    history = works.store.earlier_changes([trial]).get(trial, ())
    # What is held of a version after these was not told: it parts nothing from the net of those before it.
    last = max(change.stamp.snapshot_to or 0 for change in own)
    recorded = [one for one in works.store.changes(query) if (one.stamp.snapshot_to or 0) <= last]
    for run in runs(own, findings, recorded):
        yield _window(works, trial, run, history)


def _window(works: Works, trial: TrialId, run: Run, history: Sequence[JsonObject]) -> Window:
    store, reader = works.store, registries.reader(trial.registry)
    first, last = run.steps[0].stamp, run.steps[-1].stamp
    by_seq = {snapshot.seq: snapshot for snapshot in store.snapshots(trial)}
    ends = [by_seq[seq].digest for seq in (first.snapshot_from, last.snapshot_to) if seq is not None]
    bodies = store.bodies(ends)
    before, after = (reader.normalize(orjson.loads(bodies[digest])) for digest in ends)
    versions = [next(group) for _, group in groupby(run.steps, key=lambda change: change.stamp.identity_to)]
    found = compare_records(
        standing(before, after, run.apart),
        after,
        today=judged_on(last.data_version),
        history=_before(run, history),
        rules=works.rules,
        # The version before the last one was seen to stand: nothing between went unseen.
        confirmed=judged_on(versions[-2].stamp.data_version),
    )
    return Window(run.steps, found)


def _before(run: Run, history: Sequence[JsonObject]) -> list[JsonObject]:
    """The history up to the last version of the window, each step counted once: the net is one of them (M16).

    A field's last step need not be of that version. Then its version stays, for versions are counted, too,
    and only its move is taken out.
    """
    ends: dict[tuple[str, str | None], int | None] = {}
    for step in run.steps:  # oldest version first
        ends[step.field, step.key] = step.stamp.snapshot_to
    last = run.steps[-1].stamp.snapshot_to
    return [
        {**change, "field": ""} if _is_after(change, ends.get(_what(change), last)) else change
        for change in history
        if not _is_after(change, last)
    ]


def _what(change: JsonObject) -> tuple[str, str | None]:
    key = change.get("key")
    return str(change.get("field")), key if isinstance(key, str) else None


def _is_after(change: JsonObject, seq: int | None) -> bool:
    """Is it of this version of ours, or a later one?"""
    place = change.get("snapshot")
    to = place.get("to") if isinstance(place, dict) else None
    return change.get("origin") == "poll" and isinstance(to, int) and seq is not None and to >= seq
