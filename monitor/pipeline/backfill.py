"""Back-fill: the registry's own earlier versions of a trial, from before our first look, into its history.

Versions are fetched newest first and kept one by one; when all that are wanted are held, they are compared
oldest first, each change told with all before it in mind. Both can be broken off anywhere and go on from what
is held. Nothing of it is news, nothing recorded once is cut anew, and polls go first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from monitor.core import backfill as planning
from monitor.core.backfill import Backfill
from monitor.core.past import Past, PastRecord
from monitor.core.record import JsonObject, TrialId
from monitor.core.recorded import RecordedChange, stamp_changes
from monitor.core.watching import Snapshot, in_order, stamp_between
from monitor.errors import LockedError, RecordFormatError, RegistryError, StoppedError
from monitor.pipeline.neighbors import compared
from monitor.pipeline.pasts import Pasts, is_odd, wait_after
from monitor.pipeline.works import Works, failpoint
from monitor.registries import KeepsHistory, Registry
from monitor.store import ChangeQuery, DroppedError
from monitor.store.values import Recording

log = logging.getLogger(__name__)

MOST_TRIALS, MOST_VERSIONS = 500, 50
"""What `backfill = "auto"` reads by itself: so many trials in all, so many versions of each."""
MOST_ATTEMPTS = 8
"""A trial whose past cannot be read so often in a row, though others' can, is given up."""

MayAsk = Callable[[], bool]
"""Asked before each request: may there be another one?"""


def enlist(works: Works) -> int:
    """Want the past of new watches, as the settings say; return how many there are."""
    if works.backfill == "off":
        return 0
    limits = (None, None) if works.backfill == "all" else (MOST_TRIALS, MOST_VERSIONS)
    return sum(
        works.store.enlist_backfills(name, trials=limits[0], most=limits[1])
        for name, registry in works.registries.items()
        if isinstance(registry, KeepsHistory)
    )


def run(
    works: Works,
    *,
    may_ask: MayAsk,
    asked: bool = False,
    progress: Callable[[Backfill], None] = lambda _: None,
) -> int:
    """Read what is due until nothing is, or `may_ask` says no; return how many trials were finished.

    With `asked` only what a command asked for, even where the source wants to be left alone.
    """
    finished = 0
    for registry in works.registries.values():
        if isinstance(registry, KeepsHistory):
            finished += _of(works, registry, may_ask, progress, asked=asked)
    return finished


def _of(
    works: Works,
    registry: Registry,
    may_ask: MayAsk,
    progress: Callable[[Backfill], None],
    *,
    asked: bool,
) -> int:
    assert isinstance(registry, KeepsHistory)
    pasts, finished = Pasts(works, registry), 0
    while (asked or pasts.is_open()) and may_ask() and not works.stop.is_set():
        item = works.store.next_backfill(registry.name, works.clock(), asked=asked)
        if item is None:
            break
        try:
            item = _Reading(works, registry, registry, pasts, may_ask, progress).read(item)
        except RegistryError as error:
            item = _after_failure(works, item, error)
            if not item.attempts:
                break  # not the trial's fault: the source will not answer for others either
        except LockedError as error:
            log.warning("past not recorded", extra={"trial": str(item.trial), "why": error.message})
            break
        except StoppedError:
            break
        except Exception as error:
            log.exception("past could not be read", extra={"trial": str(item.trial)})
            item = _put_off(works, item, f"{type(error).__name__}: {error}")
        progress(item)
        finished += item.state != "waiting"
    pasts.settle()
    return finished


def _after_failure(works: Works, item: Backfill, error: RegistryError) -> Backfill:
    """Kept for later; an answer of another shape may be this trial's alone, all else is the source's."""
    if is_odd(error):
        return _put_off(works, item, error.message)
    known = works.store.backfills([item.trial]).get(item.trial, item)
    item = replace(known, error=error.message, attempts=0)
    works.store.put_backfill(item)
    return item


def _put_off(works: Works, item: Backfill, why: str) -> Backfill:
    """Tried again later and later, and given up after so many times."""
    known = works.store.backfills([item.trial]).get(item.trial, item)
    attempts = known.attempts + 1
    item = replace(
        known,
        state="failed" if attempts >= MOST_ATTEMPTS else known.state,
        error=why,
        attempts=attempts,
        next_at=wait_after(attempts, works.clock()),
    )
    works.store.put_backfill(item)
    return item


@dataclass(frozen=True, slots=True)
class _Reading:
    """How one trial's past is read."""

    works: Works
    registry: Registry
    source: KeepsHistory
    pasts: Pasts
    may_ask: MayAsk
    progress: Callable[[Backfill], None]

    def read(self, item: Backfill) -> Backfill:
        """Go on with it as long as we may. Raises RegistryError and LockedError."""
        trial, store = item.trial, self.works.store
        past = self.pasts.ask(lambda: self.source.history(trial))
        if past is None or past.trial != trial:
            why = f"merged into {past.trial}" if past else "the registry tells no history of it"
            return self._done(replace(item, error=why, total=0, held=0))
        store.number_versions(trial, planning.numbers(past, store.snapshots(trial)))
        snapshots = self._identified(trial, past)
        all_earlier = planning.earlier(past, snapshots)
        wanted = all_earlier[: item.most]
        item = self._kept(item, wanted, snapshots, total=len(all_earlier))
        item, unknown = self._fetched(item, past, wanted)
        if item.state == "waiting" and planning.missing(wanted, store.snapshots(trial)) != unknown:
            return item
        changes = self._joined(trial)
        failpoint("before_backfill_done")
        gone = f"{len(unknown)} versions are not told by the registry" if unknown else ""
        return self._done(replace(item, changes=item.changes + changes, error=gone))

    def _identified(self, trial: TrialId, past: Past) -> Sequence[Snapshot]:
        """What is held; a first look whose day the index does not have is told by its record's dates."""
        store = self.works.store
        snapshots = store.snapshots(trial)
        first, wanted = planning.first_look(snapshots), planning.earlier(past, snapshots)
        if first is None or first.version is not None or not planning.missing(wanted[:1], snapshots):
            return snapshots
        newest = wanted[0]
        found = self.pasts.ask(partial(self.source.version, trial, newest)) if self.may_ask() else None
        if found is None:
            return snapshots
        facts = self.registry.facts(found.record)
        if (facts.submitted_on, facts.posted_on) == (first.submitted_on, first.posted_on):
            store.number_versions(trial, {first.seq: newest})
        else:
            self._keep(found, past.submitted_on(newest))
        return store.snapshots(trial)

    def _fetched(self, item: Backfill, past: Past, wanted: Sequence[int]) -> tuple[Backfill, tuple[int, ...]]:
        """Fetch and keep what is missing, newest first; also which versions the registry does not tell."""
        unknown: list[int] = []
        for number in planning.missing(wanted, self.works.store.snapshots(item.trial)):
            if self.works.stop.is_set() or not self.may_ask():
                break
            found = self.pasts.ask(partial(self.source.version, item.trial, number))
            if found is None:
                unknown.append(number)
                continue
            self._keep(found, past.submitted_on(number))
            failpoint("after_backfill_version")
            held = self.works.store.snapshots(item.trial)
            item = self._kept(replace(item, attempts=0, error=""), wanted, held, total=item.total)
        return item, tuple(unknown)

    def _keep(self, found: PastRecord, submitted_on: str) -> None:
        """One version into the history; the trial stays as it is."""
        store, now, trial = self.works.store, self.works.clock(), found.trial
        facts = self.registry.facts(found.record)
        held = store.latest([trial]).get(trial)
        store.add_version_notes(trial, found.number, found.comments)
        snapshot = Snapshot(
            trial=trial,
            seq=(held.last_seq if held else 0) + 1,
            digest=self.registry.digest(found.record),
            first_seen=f"v{found.number}",
            observed_at=now,
            origin="backfill",
            data_version=None,
            version=found.number,
            submitted_on=submitted_on,
            posted_on=facts.posted_on,
            title=facts.title,
        )
        store.record(
            [Recording(trial=trial, checked_at=now, snapshot=snapshot, body=found.body, current=False)]
        )

    def _kept(
        self, item: Backfill, wanted: Sequence[int], snapshots: Sequence[Snapshot], *, total: int
    ) -> Backfill:
        left = planning.missing(wanted, snapshots)
        item = replace(
            item,
            total=total,
            held=len(wanted) - len(left),
            next_version=left[0] if left else None,
            next_at=None,
        )
        self.works.store.put_backfill(item)
        self.progress(item)
        return item

    def _done(self, item: Backfill) -> Backfill:
        item = replace(
            item, state="done", next_version=None, attempts=0, next_at=None, done_at=self.works.clock()
        )
        self.works.store.put_backfill(item)
        log.info(
            "past read", extra={"trial": str(item.trial), "versions": item.held, "changes": item.changes}
        )
        return item

    def _joined(self, trial: TrialId) -> int:
        """Compare neighbors, oldest first, each pair in a transaction of its own; how many changes came."""
        store = self.works.store
        snapshots = in_order(store.snapshots(trial))
        order = {one.seq: place for place, one in enumerate(snapshots)}
        known = list(reversed(store.changes(ChangeQuery(trials=(trial,)))))
        pairs = {(one.stamp.snapshot_from or 0, one.stamp.snapshot_to or 0) for one in known}
        count = 0
        for before, after in planning.pairs(snapshots, {(a, b) for a, b in pairs if a != b}):
            recording = self._between(before, after, _up_to(before, known, order))
            if recording is None:
                continue
            store.record([recording])
            failpoint("after_backfill_pair")
            known += recording.changes
            count += len(recording.changes)
        return count

    def _between(self, before: Snapshot, after: Snapshot, history: Sequence[JsonObject]) -> Recording | None:
        """The changes from one version to the next; None where one cannot be read, or nothing differs."""
        now, registry = self.works.clock(), self.registry
        try:
            bodies = self.works.store.bodies([before.digest, after.digest])
            found = compared(
                registry,
                self.works.rules,
                (before, bodies[before.digest]),
                (after, bodies[after.digest]),
                history,
            )
        except (RecordFormatError, DroppedError) as error:
            log.warning("versions not compared", extra={"trial": str(after.trial), "why": error.message})
            return None
        stamp = stamp_between(
            before, after, url=registry.url(after.trial), observed_at=now, origin="backfill"
        )
        changes, findings = stamp_changes(found, stamp)
        if not changes:
            return None
        return Recording(trial=after.trial, checked_at=now, changes=changes, findings=findings, current=False)


def _up_to(before: Snapshot, known: Sequence[RecordedChange], order: Mapping[int, int]) -> list[JsonObject]:
    """The changes that had happened by then, oldest first."""
    last = order[before.seq]
    earlier = [(order.get(one.stamp.snapshot_to or 0, last + 1), one) for one in known]
    return [one.to_dict() for place, one in sorted(earlier, key=lambda each: each[0]) if place <= last]
