"""Deriving anew: changes and findings out of the versions held, by today's code and rules.

The payloads are the truth and are never touched. Pairs of versions compared once are compared again, and
neighbors in time that had nothing to tell then. What cannot be read any more is left as it was told.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from monitor.compare import judged_on
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange, RecordedFinding, Stamp, stamp_changes
from monitor.core.rule import RuleTable
from monitor.core.watching import Snapshot, in_order, stamp_between
from monitor.errors import MonitorError
from monitor.pipeline.neighbors import compared
from monitor.registries import Reader
from monitor.store import ChangeQuery, DroppedError, Store
from monitor.store.values import Derived, Rewritten

log = logging.getLogger(__name__)

EXAMPLES = 10
"""Differences told one by one; the rest is counted."""


@dataclass(slots=True)
class RederiveReport:
    """What deriving anew did, or would do."""

    counts: Counter[str] = field(default_factory=Counter)
    """`trials` looked at and `differing` among them; changes `added`, `altered`, `removed`, `kept`;
    `findings`; trials `unreadable`, and pairs of versions left alone because one is `dropped`."""
    examples: list[tuple[TrialId, str, str]] = field(default_factory=list)
    """The first differences: trial, what happens to it, and the change in words."""


def run(
    store: Store,
    trials: Iterable[TrialId],
    *,
    readers: Mapping[str, Reader],
    rules: RuleTable,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> RederiveReport:
    """Derive trials anew, each in one transaction; one that cannot be read is left alone and counted."""
    report = RederiveReport()
    for trial in trials:
        report.counts["trials"] += 1
        try:
            recorded = store.changes(ChangeQuery(trials=(trial,)))
            derived, left = _derived(store, trial, recorded, readers[trial.registry], rules)
            done = store.rewrite(trial, derived, dry_run=dry_run)
        except MonitorError as error:
            log.warning("trial not derived anew", extra={"trial": str(trial), "why": error.message})
            report.counts["unreadable"] += 1
            continue
        report.counts["dropped"] += left
        _count(report, trial, done, {one.id: one for one in (*recorded, *derived.changes)})
        progress(report.counts["trials"])
    return report


def _derived(
    store: Store, trial: TrialId, recorded: Sequence[RecordedChange], reader: Reader, rules: RuleTable
) -> tuple[Derived, int]:
    """What is derived of a trial, and how many pairs of its versions are left alone."""
    snapshots = {one.seq: one for one in in_order(store.snapshots(trial))}
    order = {seq: place for place, seq in enumerate(snapshots)}
    pairs = _pairs(snapshots, recorded, reader)
    over = {(stamp.identity_from, stamp.identity_to) for stamp in pairs}
    past = [one for one in recorded if (one.stamp.identity_from, one.stamp.identity_to) not in over]
    changes: list[RecordedChange] = []
    findings: list[RecordedFinding] = []
    for stamp in sorted(pairs, key=lambda one: _clock(one, order)):
        before, after = snapshots[stamp.snapshot_from or 0], snapshots[stamp.snapshot_to or 0]
        try:
            bodies = store.bodies([before.digest, after.digest])
        except DroppedError:
            over.discard((stamp.identity_from, stamp.identity_to))
            past += [one for one in recorded if one.stamp == stamp]
            continue
        clocks = sorted(((_clock(one.stamp, order), one) for one in past), key=lambda pair: pair[0])
        found = compared(
            reader,
            rules,
            (before, bodies[before.digest]),
            (after, bodies[after.digest]),
            [one.to_dict() for clock, one in clocks if clock < _clock(stamp, order)],
            confirmed=_stood_until(stamp, after),
        )
        these, stories = stamp_changes(found, stamp)
        changes += these
        findings += stories
        past += these
    return Derived(tuple(changes), tuple(findings), frozenset(over)), len(pairs) - len(over)


def _stood_until(stamp: Stamp, after: Snapshot) -> date | None:
    """How long the version before was seen to stand: of a polled trial, until the next one came.

    When it was last looked at is not on record. Where polls had stopped for long this leaves a remark out;
    it never tells of versions unseen that nobody missed.
    """
    return judged_on(after.first_seen) if stamp.origin == "poll" else None


def _pairs(
    snapshots: Mapping[int, Snapshot], recorded: Sequence[RecordedChange], reader: Reader
) -> list[Stamp]:
    """Where two versions, given oldest first, met, or would have, had they been found to differ."""
    found: dict[tuple[int, int], Stamp] = {}
    for change in sorted(recorded, key=lambda one: one.number or 0):
        stamp = change.stamp
        before, after = snapshots.get(stamp.snapshot_from or 0), snapshots.get(stamp.snapshot_to or 0)
        if before is None or after is None or before is after:
            continue
        if (stamp.identity_from, stamp.identity_to) == (before.identity, after.identity):
            found.setdefault((before.seq, after.seq), stamp)
    order = {seq: place for place, seq in enumerate(snapshots)}
    for before, after in pairwise(snapshots.values()):
        if before.digest != after.digest and not any(_spans(order, pair, after) for pair in found):
            found.setdefault((before.seq, after.seq), _silent(before, after, reader))
    return list(found.values())


def _spans(order: Mapping[int, int], pair: tuple[int, int], one: Snapshot) -> bool:
    """Does a pair lead over this version's time, or up to it? Then nothing is cut anew there."""
    before, after = pair
    return order[before] < order[one.seq] <= order[after]


def _silent(before: Snapshot, after: Snapshot, reader: Reader) -> Stamp:
    """For versions between which nothing is on record: what is found there now is no news."""
    url = reader.url(after.trial)
    return stamp_between(before, after, url=url, observed_at=after.observed_at, origin="backfill")


def _clock(stamp: Stamp, order: Mapping[int, int]) -> tuple[str, int, str]:
    """The registry's clock, the place of the version among the others, then our clock."""
    seen = stamp.observed_at.isoformat()
    day = stamp.posted_on or stamp.submitted_on or seen[:10]
    return day, order.get(stamp.snapshot_to or 0, len(order)), seen


def _count(
    report: RederiveReport, trial: TrialId, done: Rewritten, changes: Mapping[str, RecordedChange]
) -> None:
    report.counts["differing"] += not done.is_nothing
    report.counts["findings"] += done.findings
    for what, change in _told(done):
        report.counts[what] += 1
        if what != "kept" and len(report.examples) < EXAMPLES:
            report.examples.append((trial, what, changes[change].summary))


def _told(done: Rewritten) -> Iterator[tuple[str, str]]:
    for what, ids in (
        ("added", done.added),
        ("altered", done.altered),
        ("removed", done.removed),
        ("kept", done.kept),
    ):
        yield from ((what, one) for one in ids)
