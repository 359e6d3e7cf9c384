"""Versions of one invented trial, one after the other, as a store would have recorded them."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import timedelta

from monitor.compare import compare_records
from monitor.core.digest import Digest, compose
from monitor.core.net import Window, runs, standing
from monitor.core.record import JsonObject
from monitor.core.recorded import RecordedChange, RecordedFinding, derived_id, stamp_changes
from monitor.core.subscription import Subscription
from monitor.core.watching import Snapshot, TrialState, stamp_between
from monitor.registries.ctgov.normalize import normalize
from tests.support.digests import NOW, FakePending, occasion, source, subscription, trial


@dataclass(frozen=True)
class Chain:
    """A trial's versions with what was recorded between them."""

    state: TrialState
    payloads: tuple[JsonObject, ...]
    changes: tuple[RecordedChange, ...]
    findings: tuple[RecordedFinding, ...]

    def window(self, told: Container[str] = ()) -> Window | None:
        """What they come to, without changes told before; None where it is a single version."""
        left = [change for change in self.changes if change.id not in told]
        for run in runs(left, self.findings, self.changes):
            by_seq = dict(enumerate(self.payloads, start=1))
            ends = (run.steps[0].stamp.snapshot_from or 0, run.steps[-1].stamp.snapshot_to or 0)
            before, after = (normalize(by_seq[seq]) for seq in ends)
            history = [
                change.to_dict()
                for change in self.changes
                if change.stamp.snapshot_to is not None and change.stamp.snapshot_to < ends[1]
            ]
            stood = standing(before, after, run.apart)
            return Window(run.steps, compare_records(stood, after, today=NOW.date(), history=history))
        return None

    def pending(self, told: Container[str] = ()) -> FakePending:
        """All of it that was not told before."""
        return FakePending(
            tuple(change for change in self.changes if change.id not in told),
            tuple(one for one in self.findings if not all(change in told for change in one.changes)),
            trials={self.state.trial: self.state},
        )

    def digest(self, to: Subscription | None = None, told: Container[str] = ()) -> Digest | None:
        """The scheduled digest over all of it that was not told before."""
        window = self.window(told)
        return compose(
            to or subscription(min_significance="noise"),
            self.pending(told),
            occasion(),
            sources=(source(),),
            windows=(window,) if window else (),
        )


def chain(*payloads: JsonObject, number: int = 1) -> Chain:
    """Each payload a version of the trial, seen an hour after the one before."""
    state = trial(number)
    changes: list[RecordedChange] = []
    findings: list[RecordedFinding] = []
    snapshots = [
        Snapshot(
            trial=state.trial,
            seq=seq,
            digest=derived_id(repr(payload)),
            first_seen=f"2026-11-{seq:02d}",
            observed_at=NOW - timedelta(hours=len(payloads) - seq),
            origin="poll",
            data_version=f"2026-11-{seq:02d}",
            version=None,
            submitted_on=None,
            posted_on=None,
            title=state.title,
        )
        for seq, payload in enumerate(payloads, start=1)
    ]
    for (before, old), (after, new) in zip(
        zip(snapshots, payloads, strict=True), zip(snapshots[1:], payloads[1:], strict=True), strict=False
    ):
        found = compare_records(
            normalize(old),
            normalize(new),
            today=NOW.date(),
            history=[change.to_dict() for change in changes],
        )
        url = f"https://clinicaltrials.gov/study/{state.trial.id}"
        stamp = stamp_between(before, after, url=url, observed_at=after.observed_at, origin="poll")
        told, stories = stamp_changes(found, stamp)
        changes += told
        findings += stories
    return Chain(state, payloads, tuple(changes), tuple(findings))
