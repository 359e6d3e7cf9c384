"""Timelines: imported versions take their places among those held of a trial, and what changed is told.

What is older than everything held fills the time before it, and no change recorded once is cut anew. Nothing
is taken that is later than our own first look at the trial: from there on the poll knows better. Nothing is
written here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

import orjson

from monitor.compare import compare_records, judged_on
from monitor.core.record import JsonObject, TrialId
from monitor.core.recorded import stamp_changes
from monitor.core.rule import RuleTable
from monitor.core.watching import Snapshot, in_order, stamp_between
from monitor.pipeline.reading import trial_facts
from monitor.registries import Facts, Reader
from monitor.store import Store
from monitor.store.values import Recording, Stored


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record on its way in, with the place it takes in time; its parsed form is let go of again."""

    trial: TrialId
    body: bytes
    digest: str
    seen: str
    """The data version it carries, else the day it was observed."""
    observed_at: datetime
    facts: Facts

    @property
    def place(self) -> str:
        """Its place in time among the trial's snapshots."""
        return self.seen[:10]


@dataclass(slots=True)
class Timelines:
    """Reads what is held, batch by batch, and decides what becomes of the versions that come."""

    store: Store
    readers: Mapping[str, Reader]
    rules: RuleTable
    now: datetime
    counts: Counter[str] = field(default_factory=Counter)
    """Records by what became of them, and changes, over all batches (`ImportReport.counts`)."""

    def recordings(self, batch: Sequence[Incoming]) -> list[Recording]:
        """What is written of a batch, whatever its order; the versions of a trial oldest first."""
        batch = sorted(batch, key=lambda one: (one.trial, one.seen))
        stored = self.store.latest({one.trial for one in batch})
        recordings: list[Recording] = []
        for trial, group in groupby(batch, key=lambda one: one.trial):
            held = stored.get(trial)
            versions = list(group)
            if held is None or held.snapshot is None:
                recordings += self._first(versions)
            elif _is_held(versions, held.snapshot):
                self.counts["held"] += len(versions)
            else:
                recordings += self._further(versions, held)
        return recordings

    def _first(self, group: Sequence[Incoming]) -> Iterator[Recording]:
        """Versions of a trial that nothing is held of, oldest first: the first one is no change."""
        yield from self._chain(None, group, last_seq=0)

    def _further(self, group: Sequence[Incoming], held: Stored) -> Iterator[Recording]:
        """Versions before everything held fill the time before; later ones go on from it."""
        timeline = in_order(self.store.snapshots(group[0].trial))
        first, last = timeline[0], timeline[-1]
        before = [one for one in group if one.place < first.place]
        between = [one for one in group if first.place <= one.place <= last.place]
        after = [one for one in group if one.place > last.place]
        if held.state.checked_data_version is not None:
            self.counts["later"] += len(after)
            after = []
        while before and before[-1].digest == first.digest:
            before.pop()
            self.counts["held"] += 1
        older = list(self._chain(None, before, held.last_seq, current=False))
        if older:
            older[-1] = self._joined(older, before[-1], first)
        inside = list(self._inside(between, timeline, held.last_seq + len(older)))
        yield from (*older, *inside)
        trial = group[0].trial
        earlier = self.store.earlier_changes([trial]).get(trial, ()) if after else ()
        yield from self._chain(last, after, held.last_seq + len(older) + len(inside), earlier=earlier)

    def _inside(
        self, between: Sequence[Incoming], timeline: Sequence[Snapshot], last_seq: int
    ) -> Iterator[Recording]:
        """Versions between two that are held: kept, but what is recorded of that time is not cut anew."""
        for one in between:
            previous = [snapshot for snapshot in timeline if snapshot.place <= one.place][-1:]
            following = [snapshot for snapshot in timeline if snapshot.place >= one.place][:1]
            if one.digest in {snapshot.digest for snapshot in (*previous, *following)}:
                self.counts["held"] += 1
                continue
            last_seq += 1
            yield self._recording(one, self._snapshot(one, last_seq), current=False)

    def _chain(
        self,
        before: Snapshot | None,
        group: Sequence[Incoming],
        last_seq: int,
        *,
        current: bool = True,
        earlier: Sequence[JsonObject] = (),
    ) -> Iterator[Recording]:
        """Each version as a change from the one before it; equal neighbors are one version.

        `earlier` are the changes up to `before`: each version's own are told with all before them in mind.
        """
        history = list(earlier)
        body = self._body(before) if before is not None and group else None
        for one in group:
            if before is not None and before.digest == one.digest:
                self.counts["held"] += 1
                continue
            last_seq += 1
            snapshot = self._snapshot(one, last_seq)
            recording = self._recording(one, snapshot, current=current)
            if before is not None and body is not None:
                recording = self._with_changes(recording, (before, body), (snapshot, one.body), history)
                history += [change.to_dict() for change in recording.changes]
            yield recording
            before, body = snapshot, one.body

    def _joined(self, older: Sequence[Recording], last: Incoming, first: Snapshot) -> Recording:
        """The newest of the older versions, with the changes that lead from it to what was held first."""
        newest = older[-1]
        assert newest.snapshot is not None
        history = [change.to_dict() for recording in older for change in recording.changes]
        after = (first, self._body(first))
        return self._with_changes(newest, (newest.snapshot, last.body), after, history)

    def _with_changes(
        self,
        recording: Recording,
        before: tuple[Snapshot, bytes],
        after: tuple[Snapshot, bytes],
        history: Sequence[JsonObject],
    ) -> Recording:
        reader = self.readers[recording.trial.registry]
        was, now = reader.level(*(orjson.loads(body) for _, body in (before, after)))
        found = compare_records(
            reader.normalize(was),
            reader.normalize(now),
            today=judged_on(reader.data_version(now)),
            history=history,
            rules=self.rules,
        )
        stamp = stamp_between(
            before[0],
            after[0],
            url=reader.url(recording.trial),
            observed_at=after[0].observed_at,
            origin="import",
        )
        changes, findings = stamp_changes(found, stamp)
        self.counts["changes"] += len(changes)
        return replace(
            recording,
            changes=(*recording.changes, *changes),
            findings=(*recording.findings, *findings),
        )

    def _snapshot(self, one: Incoming, seq: int) -> Snapshot:
        return Snapshot(
            trial=one.trial,
            seq=seq,
            digest=one.digest,
            first_seen=one.seen,
            observed_at=one.observed_at,
            origin="import",
            data_version=one.seen[:10],
            version=None,
            submitted_on=one.facts.submitted_on,
            posted_on=one.facts.posted_on,
            title=one.facts.title,
        )

    def _recording(self, one: Incoming, snapshot: Snapshot, *, current: bool) -> Recording:
        self.counts["new" if snapshot.seq == 1 else "versions"] += 1
        return Recording(
            trial=one.trial,
            checked_at=self.now,
            presence="present" if current else None,
            facts=trial_facts(one.facts) if current else None,
            snapshot=snapshot,
            body=one.body,
            current=current,
        )

    def _body(self, snapshot: Snapshot) -> bytes:
        return self.store.bodies([snapshot.digest])[snapshot.digest]


def _is_held(versions: Sequence[Incoming], current: Snapshot) -> bool:
    """Are they all the current version? An import begun anew finds little else: it is to be fast."""
    place = current.place
    return all(one.digest == current.digest and one.place == place for one in versions)
