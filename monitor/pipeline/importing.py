"""Import: snapshots out of files into the history, as a stream. They are never news.

A first snapshot is taken in without being normalized. Versions of one trial are put in order within a batch;
what is older than everything held fills the time before it, and no change recorded once is cut anew. Nothing
is taken that is later than our own first look at the trial: from there on the poll knows better.
"""

from __future__ import annotations

import gc
import logging
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from itertools import groupby, islice
from pathlib import Path

import orjson

from monitor.compare import compare_records, judged_on
from monitor.core.record import JsonObject, TrialId
from monitor.core.recorded import isoformat, stamp_changes
from monitor.core.rule import RuleTable
from monitor.core.watching import Snapshot
from monitor.errors import MonitorError, RecordFormatError
from monitor.pipeline.reading import stamp_between, trial_facts
from monitor.registries import Facts, Payload, Reader
from monitor.store import Store
from monitor.store.values import Recording, Stored

log = logging.getLogger(__name__)

BATCH = 500
"""Records written in one transaction; twice as many are held in memory at a time."""
MAX_TOLD = 20
"""Refused documents told one by one; the rest is counted."""

_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did."""

    counts: Mapping[str, int]
    """Records by what became of them: `new` (first snapshots), `versions` (further ones), `held` (there
    already), `later` (after our own first look), `refused`; and `changes`, the number of changes recorded."""
    refused: tuple[tuple[str, str], ...]
    """The first documents that hold no record: where, and why."""


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


def run(
    store: Store,
    paths: Iterable[Path],
    *,
    readers: Sequence[Reader],
    rules: RuleTable,
    now: datetime,
    observed_at: datetime | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """Take in every record the files hold; `progress` is told how many were read after each batch.

    A path is a payload, a list response, JSON lines, a zip of payloads, or a folder of any of these.
    `observed_at` is when they were downloaded, for records that do not say. What is no record is refused and
    told; a file that cannot be opened raises OSError.
    """
    importer = _Importer(store, {reader.name: reader for reader in readers}, rules, now, observed_at)
    incoming = importer.incoming(documents(paths))
    read = 0
    # One batch is written while the next is parsed: compressing and committing hold no interpreter lock.
    with _unburdened(), ThreadPoolExecutor(1, thread_name_prefix="import") as writer:
        writing: Future[None] | None = None
        while batch := list(islice(incoming, BATCH)):
            if writing is not None:
                writing.result()
            writing = writer.submit(importer.take, batch)
            read += len(batch)
            progress(read)
        if writing is not None:
            writing.result()
    return ImportReport(dict(importer.counts), tuple(importer.refused))


@contextmanager
def _unburdened() -> Iterator[None]:
    """Spare the collector what was there before: each parsed record has it look for garbage all over."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def documents(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Every document in the files and what people call it; folders in order of their paths."""
    for path in paths:
        if path.is_dir():
            inside = (p for p in path.rglob("*") if p.suffix in (".json", ".zip", *_LINES) and p.is_file())
            yield from documents(sorted(inside))
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.endswith(".json"):
                        yield f"{path}:{name}", archive.read(name)
        elif path.suffix in _LINES:
            with path.open("rb") as lines:
                yield from (
                    (f"{path}:{n}", line) for n, line in enumerate(lines, start=1) if not line.isspace()
                )
        else:
            yield str(path), path.read_bytes()


@dataclass(slots=True)
class _Importer:
    store: Store
    readers: Mapping[str, Reader]
    rules: RuleTable
    now: datetime
    observed_at: datetime | None
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str]] = field(default_factory=list)

    def incoming(self, found: Iterable[tuple[str, bytes]]) -> Iterator[Incoming]:
        """Records with digest and place in time; documents that hold none are told and left out."""
        for where, content in found:
            try:
                for payload in self._records(content):
                    yield self._incoming(payload)
            except MonitorError as error:
                self._refuse(where, error.message)
            except Exception as error:
                log.exception("document could not be read", extra={"document": where})
                self._refuse(where, f"{type(error).__name__}: {error}")

    def _refuse(self, where: str, why: str) -> None:
        self.counts["refused"] += 1
        if len(self.refused) < MAX_TOLD:
            self.refused.append((where, why))

    def _incoming(self, payload: Payload) -> Incoming:
        reader = self.readers[payload.trial.registry]
        seen, observed_at = self._when(reader.data_version(payload.record))
        return Incoming(
            trial=payload.trial,
            body=payload.body,
            digest=reader.digest(payload.record),
            seen=seen,
            observed_at=observed_at,
            facts=reader.facts(payload.record),
        )

    def take(self, batch: Sequence[Incoming]) -> None:
        """Write one batch in one transaction."""
        batch = sorted(batch, key=lambda one: (one.trial, one.seen))
        stored = self.store.latest({one.trial for one in batch})
        recordings: list[Recording] = []
        for trial, group in groupby(batch, key=lambda one: one.trial):
            held = stored.get(trial)
            if held is None or held.snapshot is None:
                recordings += self._first(list(group))
            else:
                recordings += self._further(list(group), held)
        self.store.record(recordings)

    def _records(self, content: bytes) -> Iterator[Payload]:
        """By the first registry that knows them."""
        wrong: RecordFormatError | None = None
        for reader in self.readers.values():
            try:
                yield from reader.records(content)
            except RecordFormatError as error:
                wrong = wrong or error
            else:
                return
        if wrong is not None:
            raise wrong

    def _when(self, data_version: str | None) -> tuple[str, datetime]:
        """The data version, or the day it was observed; and when we say that it was observed."""
        observed_at = self.observed_at or self.now
        if data_version is None:
            return isoformat(observed_at), observed_at
        try:
            day = datetime.combine(date.fromisoformat(data_version[:10]), time(), UTC)
        except ValueError:
            day = observed_at
        return data_version, self.observed_at or day

    def _first(self, group: Sequence[Incoming]) -> Iterator[Recording]:
        """Versions of a trial that nothing is held of, oldest first: the first one is no change."""
        yield from self._chain(None, group, last_seq=0)

    def _further(self, group: Sequence[Incoming], held: Stored) -> Iterator[Recording]:
        """Versions before everything held fill the time before; later ones go on from it."""
        timeline = sorted(self.store.snapshots(group[0].trial), key=_place)
        first, last = timeline[0], timeline[-1]
        before = [one for one in group if one.place < _place(first)]
        between = [one for one in group if _place(first) <= one.place <= _place(last)]
        after = [one for one in group if one.place > _place(last)]
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
            previous = [snapshot for snapshot in timeline if _place(snapshot) <= one.place][-1:]
            following = [snapshot for snapshot in timeline if _place(snapshot) >= one.place][:1]
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
        was, now = (orjson.loads(body) for _, body in (before, after))
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


def _place(snapshot: Snapshot) -> str:
    """A snapshot's place in time."""
    return snapshot.data_version or isoformat(snapshot.observed_at)
