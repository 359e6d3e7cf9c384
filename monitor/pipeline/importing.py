"""Import: snapshots out of files into the history, as a stream. They are never news.

    documents    what the files hold, as bytes (archives: members of a zip, as a stream)
    importing    records out of documents, in batches: one is written while the next is read
    timeline     each version between those held of its trial, and what changed from one to the next

A first snapshot is taken in without being normalized. Versions of one trial are put in order within a batch.
What holds no record is refused and told, and stops nothing.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from itertools import islice
from pathlib import Path

from monitor.compare import judged_on
from monitor.core.recorded import isoformat
from monitor.core.rule import RuleTable
from monitor.errors import MonitorError, RecordFormatError
from monitor.pipeline.documents import Document, documents
from monitor.pipeline.timeline import Incoming, Timelines
from monitor.registries import Payload, Reader
from monitor.store import Store

log = logging.getLogger(__name__)

BATCH = 500
"""Records written in one transaction; twice as many are held in memory at a time."""
MAX_TOLD = 20
"""Refused documents told one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did."""

    counts: Mapping[str, int]
    """Records by what became of them: `new` (first snapshots), `versions` (further ones), `held` (there
    already), `later` (after our own first look), `refused`; and `changes`, the number of changes recorded."""
    refused: tuple[tuple[str, str], ...]
    """The first documents that hold no record: where, and why."""


def run(
    store: Store,
    paths: Iterable[Path],
    *,
    readers: Sequence[Reader],
    rules: RuleTable,
    now: datetime,
    observed_at: datetime | None = None,
    progress: Callable[[int, float], None] = lambda *_: None,
) -> ImportReport:
    """Take in every record the files hold, and what was taken in before only pass over.

    After each batch `progress` is told how many records were read, and the share of the files that is (0 to
    1). A path is a payload, a list response, JSON lines, a zip of these, any of them gzipped, or a folder.
    `observed_at` is when they were downloaded, for records that do not say. What is no record is refused and
    told; a file that cannot be opened raises OSError.
    """
    by_name = {reader.name: reader for reader in readers}
    intake, timelines = _Intake(by_name, observed_at, now), Timelines(store, by_name, rules, now)
    incoming = intake.incoming(documents(paths))
    read = 0

    def write(batch: Sequence[Incoming]) -> None:
        store.record(timelines.recordings(batch))

    # One batch is written while the next is parsed: compressing and committing hold no interpreter lock.
    with _unburdened(), ThreadPoolExecutor(1, thread_name_prefix="import") as writer:
        writing: Future[None] | None = None
        while batch := list(islice(incoming, BATCH)):
            if writing is not None:
                writing.result()
            writing = writer.submit(write, batch)
            read += len(batch)
            progress(read, intake.through)
        if writing is not None:
            writing.result()
    refused = {"refused": intake.refusals} if intake.refusals else {}
    return ImportReport({**timelines.counts, **refused}, tuple(intake.refused))


@contextmanager
def _unburdened() -> Iterator[None]:
    """Spare the collector what was there before: each parsed record has it look for garbage all over."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@dataclass(slots=True)
class _Intake:
    """Records out of documents, by the first registry that knows them."""

    readers: Mapping[str, Reader]
    observed_at: datetime | None
    now: datetime
    refusals: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    """The first of them."""
    through: float = 0.0
    """The share of the files read."""

    def incoming(self, found: Iterable[Document]) -> Iterator[Incoming]:
        """Records with digest and place in time; documents that hold none are told and left out."""
        for document in found:
            self.through = document.through
            if document.trouble:
                self._refuse(document.where, document.trouble)
                continue
            try:
                for payload in self._records(document.content):
                    yield self._incoming(payload)
            except MonitorError as error:
                self._refuse(document.where, error.message)
            except Exception as error:
                log.exception("document could not be read", extra={"document": document.where})
                self._refuse(document.where, f"{type(error).__name__}: {error}")

    def _refuse(self, where: str, why: str) -> None:
        self.refusals += 1
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
        day = judged_on(data_version)
        published_at = datetime.combine(day, time(), UTC) if day else observed_at
        return data_version, self.observed_at or published_at
