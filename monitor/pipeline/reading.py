"""One outcome of a fetch becomes one recording: what is written about a trial, decided without writing it.

Both sides are normalized now, by today's code, so that a better normalizer announces no false change. What is
not believed is held in quarantine and never diffed (rules, "Quarantine").
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never

import orjson

from monitor.compare import compare_records, judged_on
from monitor.core import life
from monitor.core.change import ChangeSet
from monitor.core.record import Json, JsonObject, TrialId, TrialRecord
from monitor.core.recorded import Stamp, stamp_changes
from monitor.core.rule import RuleTable
from monitor.core.watching import Quarantined, Snapshot, TrialState, stamp_between
from monitor.errors import MonitorError, RecordFormatError
from monitor.registries import Absent, Facts, Fetched, Payload, Reader, Rejected, RenamedTo, Unknown
from monitor.store.values import Doubt, NoticeDraft, Recording, Stored, TrialFacts


@dataclass(frozen=True, slots=True)
class Known:
    """What is held of the trials of a batch, read before the batch is decided."""

    stored: Mapping[TrialId, Stored]
    digests: Mapping[TrialId, str]
    """Content digests of the payloads that came."""
    bodies: Mapping[str, bytes]
    """Payloads by content digest, of the trials whose content changed."""
    history: Mapping[TrialId, Sequence[JsonObject]]
    doubted: Callable[[TrialId, str], Quarantined | None]
    """The same content of the same trial in quarantine, where it was not believed before."""
    held: Callable[[TrialId], bool] = lambda _: False
    """Is a version of this trial held?"""

    def current(self, trial: TrialId) -> Snapshot | None:
        """The latest snapshot of a trial."""
        held = self.stored.get(trial)
        return held.snapshot if held else None

    def is_polled(self, trial: TrialId) -> bool:
        """Has a poll ever read it, or is all that is held of it imported?"""
        state = self.state(trial)
        return state is not None and state.checked_data_version is not None

    def confirmed(self, trial: TrialId) -> str | None:
        """The data version at which a poll last saw what is held of it stand."""
        state = self.state(trial)
        return state.checked_data_version if state and state.presence == "present" else None

    def state(self, trial: TrialId) -> TrialState | None:
        """What is known of a trial."""
        held = self.stored.get(trial)
        return held.state if held else None


@dataclass(frozen=True, slots=True)
class Reading:
    """How outcomes are read: by which registry and rules, at which data version, when."""

    registry: Reader
    rules: RuleTable
    data_version: str
    now: datetime

    def recordings(self, outcome: Fetched, known: Known) -> tuple[Recording, ...]:
        """What is written of one outcome; nothing of what could not be found out."""
        match outcome:
            case Payload():
                return (self._payload(outcome, known),)
            case Absent():
                return (self._absent(outcome, known),)
            case RenamedTo():
                return self._renamed(outcome, known)
            case Rejected():
                return (self._rejected(outcome, known),)
            case Unknown():
                return ()
        assert_never(outcome)

    def failed(self, outcome: Fetched, error: Exception, known: Known) -> Recording:
        """Our own failure over one trial: held like an answer not believed, and told; the batch goes on."""
        body = outcome.body if isinstance(outcome, (Payload, Rejected)) else b""
        said = error.message if isinstance(error, MonitorError) else f"{type(error).__name__}: {error}"
        digest = known.digests.get(outcome.trial) or hashlib.sha256(body).hexdigest()
        return self._doubt(outcome.trial, f"it could not be read: {said}", digest, body, known)

    def _payload(self, outcome: Payload, known: Known, renamed_from: Snapshot | None = None) -> Recording:
        trial = outcome.trial
        digest = known.digests.get(trial) or self.registry.digest(outcome.record)
        own = known.current(trial)
        if own is not None and own.digest == digest:
            return self._unchanged(outcome, known)
        before = own or renamed_from
        held = orjson.loads(known.bodies[before.digest]) if before else None
        doubt = self.registry.disbelief(held if own else None, outcome.record)
        if doubt and not known.doubted(trial, digest):
            return self._doubt(trial, doubt, digest, outcome.body, known)
        record, facts = self.registry.normalize(outcome.record), self.registry.facts(outcome.record)
        snapshot = self._snapshot(outcome, facts, digest, known)
        recording = replace(
            self._present(trial, known),
            facts=trial_facts(facts),
            snapshot=snapshot,
            body=outcome.body,
            notices=tuple(self._doubles(trial, facts, known)),
        )
        if before is None:
            return self._first_seen(recording, record)
        found = compare_records(
            self.registry.normalize(held),
            record,
            today=self._as_of(outcome.record),
            history=known.history.get(trial, ()),
            rules=self.rules,
            confirmed=judged_on(known.confirmed(trial)) if own else None,
        )
        stamp = self.stamp(before, snapshot)
        if not own:
            return self._with_changes(recording, found, replace(stamp, snapshot_from=None))
        if known.is_polled(trial):
            return self._with_changes(recording, found, stamp)
        # What happened between an imported version and our first look is history, not news.
        return self._first_seen(self._with_changes(recording, found, replace(stamp, origin="import")), record)

    def _unchanged(self, outcome: Payload, known: Known) -> Recording:
        """The content held; where it was imported, this is our first look at it."""
        recording = self._present(outcome.trial, known)
        if known.is_polled(outcome.trial):
            return recording
        return self._first_seen(recording, self.registry.normalize(outcome.record))

    def _doubles(self, trial: TrialId, facts: Facts, known: Known) -> Iterator[NoticeDraft]:
        """Trials held whose number this one gives as its own: the store keeps each pair once."""
        for number in facts.numbers:
            other = self.registry.identify(number)
            if other is None or other == trial or not (other in known.digests or known.held(other)):
                continue
            message = (
                f"{trial} gives {other} as a number of its own: perhaps one study, registered twice. "
                "Both are watched as before."
            )
            yield NoticeDraft("duplicate", str(other), message, self.now, trial)

    def _first_seen(self, recording: Recording, record: TrialRecord) -> Recording:
        """Told in one line (contract section 2, "Baseline"); its changes are derived when asked for."""
        trial = recording.trial
        notice = NoticeDraft("baseline", str(trial), life.first_sight(trial, record), self.now, trial)
        return replace(recording, notices=(*recording.notices, notice))

    def _present(self, trial: TrialId, known: Known) -> Recording:
        """Read at this data version; a trial that was gone has come back."""
        seen = Recording(
            trial=trial, checked_at=self.now, checked_data_version=self.data_version, presence="present"
        )
        state, snapshot = known.state(trial), known.current(trial)
        if state is None or snapshot is None or state.presence != "gone":
            return seen
        back = life.presence_change("gone", "present", rules=self.rules)
        return self._lived(seen, back, snapshot, "present")

    def _absent(self, outcome: Absent, known: Known) -> Recording:
        trial, state, snapshot = outcome.trial, known.state(outcome.trial), known.current(outcome.trial)
        missing = Recording(
            trial=trial, checked_at=self.now, checked_data_version=self.data_version, presence="unknown"
        )
        if state is None or snapshot is None:
            message = f"{self.registry.label} has no trial {trial}: {outcome.reason}."
            return replace(
                missing, notices=(NoticeDraft("unknown_trial", str(trial), message, self.now, trial),)
            )
        since = state.absent_since or self.data_version
        if state.presence == "gone" or since != self.data_version:
            gone = replace(missing, presence="gone", absent_since=since)
            if state.presence == "gone":
                return gone
            return self._lived(
                gone, life.presence_change("present", "gone", rules=self.rules), snapshot, since
            )
        return replace(missing, presence="absent", absent_since=since)

    def _renamed(self, outcome: RenamedTo, known: Known) -> tuple[Recording, ...]:
        """The old number ends with a change that says so; the new one goes on from its last version."""
        trial, snapshot = outcome.trial, known.current(outcome.trial)
        ended = Recording(
            trial=trial,
            checked_at=self.now,
            checked_data_version=self.data_version,
            presence="renamed",
            renamed_to=outcome.to,
        )
        if snapshot is not None:
            found = life.alias_change(str(trial), str(outcome.to), rules=self.rules)
            ended = self._lived(ended, found, snapshot, f"renamed to {outcome.to}")
        if outcome.payload is None:
            return (ended,)
        return ended, self._payload(replace(outcome.payload, trial=outcome.to), known, snapshot)

    def _rejected(self, outcome: Rejected, known: Known) -> Recording:
        """Not a record; where the same content comes again and can be read as one, it is believed."""
        try:
            payload: Json = orjson.loads(outcome.body)
        except orjson.JSONDecodeError:
            digest = hashlib.sha256(outcome.body).hexdigest()
            return self._doubt(outcome.trial, outcome.reason, digest, outcome.body, known)
        digest = self.registry.digest(payload)
        if self._is_record_of(outcome.trial, payload) and known.doubted(outcome.trial, digest):
            return self._payload(Payload(outcome.trial, outcome.body, payload), known)
        return self._doubt(outcome.trial, outcome.reason, digest, outcome.body, known)

    def _is_record_of(self, trial: TrialId, payload: Json) -> bool:
        try:
            return self.registry.normalize(payload).trial == trial
        except RecordFormatError:
            return False

    def _doubt(self, trial: TrialId, reason: str, digest: str, body: bytes, known: Known) -> Recording:
        """Held; the first time it is told and the trial is asked for again, after that it counts as read."""
        again = known.doubted(trial, digest) is not None
        message = f"An answer about {trial} was not believed: {reason}. It is held in quarantine."
        notice = NoticeDraft("quarantine", str(trial), message, self.now, trial)
        return Recording(
            trial=trial,
            checked_at=self.now,
            checked_data_version=self.data_version if again else None,
            doubt=Doubt(reason, digest, body, self.data_version),
            notices=() if again else (notice,),
        )

    def _lived(self, recording: Recording, found: ChangeSet, snapshot: Snapshot, event: str) -> Recording:
        """A change in the trial's life happens to the snapshot held, not to a new one."""
        stamp = replace(
            self.stamp(snapshot, snapshot),
            identity_to=f"{snapshot.identity}:{event}:{self.data_version}",
            submitted_on=None,
            posted_on=None,
            data_version=self.data_version[:10],
        )
        return self._with_changes(recording, found, stamp)

    def _with_changes(self, recording: Recording, found: ChangeSet, stamp: Stamp) -> Recording:
        changes, findings = stamp_changes(found, stamp)
        return replace(recording, changes=changes, findings=findings)

    def _snapshot(self, outcome: Payload, facts: Facts, digest: str, known: Known) -> Snapshot:
        """The next snapshot of a trial."""
        held = known.stored.get(outcome.trial)
        return Snapshot(
            trial=outcome.trial,
            seq=(held.last_seq if held else 0) + 1,
            digest=digest,
            first_seen=self.data_version,
            observed_at=self.now,
            origin="poll",
            data_version=self.registry.data_version(outcome.record) or self.data_version[:10],
            version=None,
            submitted_on=facts.submitted_on,
            posted_on=facts.posted_on,
            title=facts.title,
        )

    def stamp(self, before: Snapshot, after: Snapshot) -> Stamp:
        """Where two of a trial's snapshots met, seen by a poll."""
        url = self.registry.url(after.trial)
        return stamp_between(before, after, url=url, observed_at=self.now, origin="poll")

    def _as_of(self, payload: Json) -> date | None:
        return judged_on(self.registry.data_version(payload)) or judged_on(self.data_version)


def trial_facts(facts: Facts) -> TrialFacts:
    """What the store keeps of a trial beside its snapshots."""
    return TrialFacts(
        title=facts.title,
        sponsor=facts.sponsor,
        overall_status=facts.overall_status,
        phases=facts.phases,
        study_type=facts.study_type,
        primary_completion=facts.primary_completion,
        primary_completion_type=facts.primary_completion_type,
        results_posted_on=facts.results_posted_on,
        results_submitted_on=facts.results_submitted_on,
        results_returned_on=facts.results_returned_on,
        results_waived=facts.results_waived,
        delay_certified_on=facts.delay_certified_on,
        conditions=facts.conditions,
    )
