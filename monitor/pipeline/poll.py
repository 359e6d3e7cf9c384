"""Poll: ask a registry whether there is anything new, read what was not read yet, record it batch by batch.

Done is kept per trial: a cycle stops after the probe only where every watched trial was read at that data
version. Each batch ends in one transaction (T1); what a killed cycle left unread is read by the next.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal, TypeAlias

from monitor.compare import judged_on
from monitor.core.record import TrialId
from monitor.core.recorded import isoformat
from monitor.core.searches import SavedSearch
from monitor.core.watching import SourceHealth
from monitor.errors import (
    LockedError,
    RecordFormatError,
    RegistryError,
)
from monitor.pipeline import discover, drifting, everything, health, holding, planning
from monitor.pipeline.numbering import numbered
from monitor.pipeline.reading import Known, Reading
from monitor.pipeline.works import Works, failpoint
from monitor.registries import Fetched, Payload, Probe, Registry, RenamedTo, Unknown
from monitor.store.values import Recording

log = logging.getLogger(__name__)

Scope: TypeAlias = Literal["unread", "all"]
"""`all` asks whatever the source's state, and reads every watched trial again, be it at older data."""

MAX_ROUNDS = 3
"""Rounds in one cycle while the registry publishes under it; what is left is read at the next tick."""
MAX_FAILURES = 3
"""Batches that may fail one after the other before a cycle gives up."""
RETRY_AFTER = timedelta(minutes=10)
"""A source that could not be reached is asked again this soon, where polls are further apart."""


@dataclass(frozen=True, slots=True)
class CycleReport:
    """What one cycle did with one registry."""

    registry: str
    health: SourceHealth | None
    """How the source is doing after it; None where it was never asked."""
    waiting_until: datetime | None = None
    """Nothing was asked: the source wants to be left alone until then."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Trials by what became of them: `unchanged`, `changed`, `new`, `absent`, `gone`, `renamed`, `unknown`,
    `quarantined`, `unread`; `changes`, the number of changes recorded, and `moved`, of trials that came into
    a search or left it."""
    held: str = ""
    """Why its changes are kept out of digests; empty where they are not."""

    @property
    def ok(self) -> bool:
        """Was everything read that there was to read, and believed?"""
        healthy = self.health is not None and self.health.state in ("OK", "STALE")
        missed = self.counts.get("unread") or self.counts.get("quarantined")
        return healthy and self.waiting_until is None and not missed and not self.held


def due(works: Works, registry: str, every_s: float) -> bool:
    """Is it time for a cycle? Also where a trial was added to the watch list since the last one."""
    now, known = works.clock(), works.store.source(registry)
    if known is None or known.last_attempt_at is None:
        return True
    if _is_set_back(now, known):
        return True
    if known.not_before is not None:
        return now >= known.not_before
    every = timedelta(seconds=every_s)
    wait = min(every, RETRY_AFTER) if known.state in ("DOWN", "BROKEN") else every
    return now >= known.last_attempt_at + wait or works.store.has_unseen(
        registry, added_after=known.last_attempt_at
    )


def cycle(works: Works, registry: Registry, *, scope: Scope = "unread") -> CycleReport:
    """One cycle over one registry; what the registry does wrong is told in the report, not raised.

    Subscriptions that are new begin before it, so that what it finds is theirs.
    """
    for subscription in works.subscriptions:
        works.store.begin_subscription(subscription.name, works.clock())
    old = works.store.source(registry.name)
    now = works.clock()
    waits = old is not None and old.not_before is not None and now < old.not_before
    if scope == "unread" and old is not None and waits and not _is_set_back(now, old):
        held = holding.settle(works, registry)
        return CycleReport(registry.name, old, waiting_until=old.not_before, held=held)
    run = _Cycle(works, registry, old or health.unborn(registry.name, now))
    new = run.to_the_end(scope)
    held = holding.settle(works, registry)
    failpoint("before_source")
    works.store.put_source(new, notices=health.notices(old, new, label=registry.label))
    report = CycleReport(registry.name, new, counts=run.counts, held=held)
    log.info("polled", extra={"registry": registry.name, "state": new.state, **run.counts})
    if run.counts and new.state in ("OK", "STALE"):
        drifting.look(works, registry, new.data_version)
    return report


@dataclass(slots=True)
class _Cycle:
    works: Works
    registry: Registry
    old: SourceHealth
    counts: Counter[str] = field(default_factory=Counter)
    stamp: str | None = None
    """The data version being read; None where the registry names none."""
    trouble: RegistryError | None = None
    """What kept us from knowing all that was updated."""

    def to_the_end(self, scope: Scope) -> SourceHealth:
        """Probe and read until the data version stands still under us."""
        known = Probe(self.old.data_version, self.old.etag) if self.old.data_version else None
        probe: Probe | None = None
        for _ in range(MAX_ROUNDS):
            try:
                before, probe = probe, self.registry.probe(probe or known)
            except RegistryError as error:
                return health.after_failure(self.old, error, self.works.clock(), probe=probe)
            if before is not None and before.data_version == probe.data_version:
                break
            if before is not None and _is_backwards(before.data_version, probe.data_version):
                probe = before  # a server that lags behind its neighbors: it is not followed back
                break
            if scope == "unread" and _is_backwards(health.believed(self.old), probe.data_version):
                return health.after_backwards(self.old, str(probe.data_version), self.works.clock())
            self.stamp = probe.data_version
            version = self.stamp or isoformat(self.works.clock())
            searches = discover.due(self.works, self.registry, version)
            unread = self._unread(version, scope if before is None else "unread")
            if not (unread or searches):
                break
            holding.begin(self.works, self.registry, version)
            failure = self._round(version, unread, searches)
            if failure is not None:
                return health.after_failure(self.old, failure, self.works.clock(), probe=probe)
            if self.works.stop.is_set():
                break
        assert probe is not None
        if self.trouble is not None:
            return health.after_failure(self.old, self.trouble, self.works.clock(), probe=probe)
        return health.after_success(self.old, probe, self.works.clock())

    def _unread(self, version: str, scope: Scope) -> Sequence[TrialId]:
        if scope == "unread":
            trials, self.trouble = planning.unread(self.works, self.registry, version)
            return trials
        return self.works.store.to_read(self.registry.name)

    def _round(
        self, version: str, unread: Sequence[TrialId], searches: Sequence[SavedSearch]
    ) -> RegistryError | None:
        """Searches first, so that who is about to leave one is still read; then the rest, then newcomers."""
        done: set[TrialId] = set()

        def read(trials: Sequence[TrialId], quiet: Collection[TrialId]) -> RegistryError | None:
            done.update(trials)
            return self._read(trials, version, quiet=quiet)

        found = discover.Discovery(self.works, self.registry, version, read)
        found.run(searches)
        self.counts["moved"] += found.moved
        if discover.is_storm(found.trouble):
            return found.trouble
        rest = [trial for trial in unread if trial not in done]
        failure = self._read(rest, version) or found.trouble
        if failure is not None or self.works.stop.is_set():
            return failure
        whole = everything.Everything(self.works, self.registry, version, read)
        whole.run(searches)
        return whole.trouble

    def _read(
        self, trials: Sequence[TrialId], version: str, *, quiet: Collection[TrialId] = ()
    ) -> RegistryError | None:
        """Read trials in batches; a batch that fails delays no other, a registry that refuses stops it.

        Of the `quiet` ones no first sight is told.
        """
        worst: RegistryError | None = None
        failures = 0
        for batch in _batches(trials, self.registry.batch_size):
            if self.works.stop.is_set():
                break
            try:
                self._read_batch(batch, version, quiet)
                failures = 0
            except LockedError as error:
                log.warning("batch not recorded", extra={"registry": self.registry.name, "why": str(error)})
                self.counts["unread"] += len(batch)
            except RegistryError as error:
                log.warning("batch not read", extra={"registry": self.registry.name, "why": str(error)})
                self.counts["unread"] += len(batch)
                worst, failures = error, failures + 1
                if discover.is_storm(error) or failures == MAX_FAILURES:
                    break
        return worst

    def _read_batch(self, batch: Sequence[TrialId], version: str, quiet: Collection[TrialId]) -> None:
        outcomes = self._fetched(batch)
        reading = Reading(self.registry, self.works.rules, version, self.works.clock())
        known = self._known(batch, outcomes)
        recordings: list[Recording] = []
        for outcome in outcomes:
            try:
                recordings += reading.recordings(outcome, known)
            except RecordFormatError as error:
                log.warning("no record", extra={"trial": str(outcome.trial), "why": error.message})
                recordings.append(reading.failed(outcome, error, known))
            except Exception as error:
                log.exception("trial could not be read", extra={"trial": str(outcome.trial)})
                recordings.append(reading.failed(outcome, error, known))
        recordings = numbered(self.works, self.registry, recordings)
        failpoint("before_t1")
        self.works.store.record([_untold(one) if one.trial in quiet else one for one in recordings])
        failpoint("after_t1")
        self._count(recordings, known)
        self.counts["unread"] += sum(isinstance(outcome, Unknown) for outcome in outcomes)

    def _fetched(self, batch: Sequence[TrialId]) -> list[Fetched]:
        """One outcome a trial. What carries another data version is fetched once more, then believed."""
        outcomes = list(self.registry.fetch(batch))
        odd = [
            outcome.trial for outcome in outcomes if isinstance(outcome, Payload) and self._is_odd(outcome)
        ]
        if odd:
            log.warning(
                "records carry another data version",
                extra={"registry": self.registry.name, "trials": len(odd), "data_version": self.stamp},
            )
            again = {outcome.trial: outcome for outcome in self.registry.fetch(odd)}
            outcomes = [again.get(outcome.trial, outcome) for outcome in outcomes]
        return [self._followed(outcome) for outcome in outcomes]

    def _is_odd(self, outcome: Payload) -> bool:
        own = self.registry.data_version(outcome.record)
        return own is not None and self.stamp is not None and own[:10] != self.stamp[:10]

    def _followed(self, outcome: Fetched) -> Fetched:
        """A new number is read at once, so that nothing is lost between it and the old one."""
        if not isinstance(outcome, RenamedTo) or outcome.payload is not None:
            return outcome
        found = next(iter(self.registry.fetch([outcome.to])), None)
        return RenamedTo(outcome.trial, outcome.to, found) if isinstance(found, Payload) else outcome

    def _known(self, batch: Sequence[TrialId], outcomes: Sequence[Fetched]) -> Known:
        """What is held of a batch; payloads only of trials whose content changed."""
        payloads = dict(_payloads(outcomes))
        stored = self.works.store.latest({*batch, *payloads})
        digests = dict(self._digests(payloads))
        current = {trial: held.snapshot.digest for trial, held in stored.items() if held.snapshot}
        renamed = {outcome.trial for outcome in outcomes if isinstance(outcome, RenamedTo)}
        changed = {
            trial for trial, digest in digests.items() if current.get(trial, digest) != digest
        } | renamed
        return Known(
            stored=stored,
            digests=digests,
            bodies=self.works.store.bodies({current[trial] for trial in changed if trial in current}),
            history=self.works.store.earlier_changes(changed) if changed else {},
            doubted=self.works.store.quarantine_seen,
            held=self._is_held,
        )

    def _is_held(self, trial: TrialId) -> bool:
        state = self.works.store.trial(trial)
        return state is not None and state.snapshot_seq is not None

    def _digests(self, payloads: Mapping[TrialId, Payload]) -> Iterator[tuple[TrialId, str]]:
        """Content digests; a payload that has none (nested too deep, say) fails alone, when it is read."""
        for trial, payload in payloads.items():
            try:
                yield trial, self.registry.digest(payload.record)
            except Exception:
                log.exception("payload has no digest", extra={"trial": str(trial)})

    def _count(self, recordings: Sequence[Recording], known: Known) -> None:
        for recording in recordings:
            self.counts[_word(recording, known)] += 1
            self.counts["changes"] += len(recording.changes)


def _untold(recording: Recording) -> Recording:
    """Without its first sight: it is told as coming into a search, or with the search's own beginning."""
    return replace(recording, notices=tuple(item for item in recording.notices if item.kind != "baseline"))


def _word(recording: Recording, known: Known) -> str:
    if recording.doubt is not None:
        return "quarantined"
    if recording.presence is not None and recording.presence != "present":
        return recording.presence
    if recording.snapshot is None:
        return "unchanged"
    return "changed" if recording.changes or known.current(recording.trial) else "new"


def _payloads(outcomes: Sequence[Fetched]) -> Iterator[tuple[TrialId, Payload]]:
    for outcome in outcomes:
        match outcome:
            case Payload():
                yield outcome.trial, outcome
            case RenamedTo(to=to, payload=Payload() as payload):
                yield to, payload
            case _:
                pass


def _batches(trials: Iterable[TrialId], size: int) -> Iterator[tuple[TrialId, ...]]:
    rest = iter(trials)
    while batch := tuple(islice(rest, size)):
        yield batch


def _is_backwards(known: str | None, seen: str | None) -> bool:
    """Is `seen` older? Stamps that are no dates cannot be compared: they would hold off every later one."""
    dated = judged_on(known) is not None and judged_on(seen) is not None
    return dated and str(seen) < str(known)


def _is_set_back(now: datetime, known: SourceHealth) -> bool:
    """Was the clock set back since the last attempt? Then the times held say nothing any more."""
    return known.last_attempt_at is not None and now < known.last_attempt_at
