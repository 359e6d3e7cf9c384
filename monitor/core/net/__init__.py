"""Net change over a window: what several versions of one trial come to in the end (rules, "Findings").

A→B→C is one change A→C, judged as such: two slips of four months are one of eight. A→B→A is `reverted`. The
changes as recorded stay what they are: they are the steps, and each belongs to exactly one story. Nothing
here reads a store: what the versions come to is compared by who has both ends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from monitor.core.change import LEVELS, ChangeSet, worst
from monitor.core.net.threads import Threads, family, family_of
from monitor.core.net.undone import Undone, undone, way
from monitor.core.record import Section, TrialId, TrialRecord
from monitor.core.recorded import (
    RecordedChange,
    RecordedFinding,
    Stamp,
    derived_id,
    leading,
    stamp_changes,
)

_QUIET = "admin"
"""The kind of the story that holds what is noise and nothing else."""


@dataclass(frozen=True, slots=True)
class Window:
    """Versions of one trial that follow one another, and what they come to."""

    steps: tuple[RecordedChange, ...]
    """Their changes as recorded, oldest version first, without what was told before."""
    found: ChangeSet
    """The record before the first of them against that after the last."""

    @property
    def stamp(self) -> Stamp:
        """From the version before the first to the last."""
        first, last = self.steps[0].stamp, self.steps[-1].stamp
        return replace(
            last,
            identity_from=first.identity_from,
            snapshot_from=first.snapshot_from,
            version_from=first.version_from,
        )


@dataclass(frozen=True, slots=True)
class Retold:
    """A finding with the changes in whose words it is told, where these are not the recorded ones."""

    finding: RecordedFinding
    words: tuple[RecordedChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """What of several versions of one trial in a row is still to be told."""

    steps: tuple[RecordedChange, ...]
    """Oldest version first."""
    apart: frozenset[str]
    """Fields (or families of lists) of which something was told before: their rest is told as recorded."""


def runs(
    changes: Sequence[RecordedChange],
    findings: Sequence[RecordedFinding],
    recorded: Collection[RecordedChange] = (),
) -> Iterator[Run]:
    """The changes of every two or more versions of a trial that follow one another.

    `recorded` are all changes of the trials' versions, those told before among them. Of a field that was told
    in part nothing is merged, nor of what stands in one story with it: net change begins after what was told.
    """
    there = {change.id for change in changes}
    by_version: dict[tuple[TrialId, str], list[RecordedChange]] = {}
    everything = {change.id: change for change in (*changes, *recorded)}.values()
    for change in sorted(everything, key=lambda change: (change.trial, change.stamp.snapshot_to or 0)):
        if _is_of_content(change):
            by_version.setdefault((change.trial, change.stamp.identity_to), []).append(change)
    row: list[RecordedChange] = []
    for (trial, _), members in by_version.items():
        begins = members[0].stamp.identity_from
        if row and (row[-1].trial, row[-1].stamp.identity_to) != (trial, begins):
            yield from _run(row, there, findings)
            row = []
        row += members
    yield from _run(row, there, findings)


def _run(
    row: Sequence[RecordedChange], there: Collection[str], findings: Sequence[RecordedFinding]
) -> Iterator[Run]:
    families = {change.id: family_of(change) for change in row}
    apart = {families[change.id] for change in row if change.id not in there}
    stories = [{families[change] for change in finding.changes if change in families} for finding in findings]
    while more := [story for story in stories if story & apart and story - apart]:
        apart.update(*more)
    steps = tuple(change for change in row if change.id in there and families[change.id] not in apart)
    if any(one.stamp.identity_to != other.stamp.identity_to for one, other in pairwise(steps)):
        yield Run(steps, frozenset(apart))


def standing(before: TrialRecord, after: TrialRecord, apart: Collection[str]) -> TrialRecord:
    """The record before, as if the fields in `apart` had been then what they are after."""
    if not apart:
        return before
    fields = {name: value for name, value in before.fields.items() if family(name) not in apart}
    fields |= {name: value for name, value in after.fields.items() if family(name) in apart}
    return TrialRecord(before.trial, {"": Section(None, lambda _: fields)}, lambda _: "")


def retold(window: Window, findings: Sequence[RecordedFinding]) -> Iterator[Retold]:
    """The stories of a window in place of those of its versions, worst first.

    `findings` are those recorded over its steps. One that tells the whole already is told as it is.
    """
    words, net_findings = stamp_changes(window.found, window.stamp)
    threads = Threads(window.steps, words)
    as_recorded = {frozenset(finding.changes): finding for finding in findings}
    for finding, ids, members in _one_story_each(net_findings, words, threads):
        steps = [step for step in window.steps if step.id in ids]
        if known := as_recorded.get(ids):
            yield Retold(known)
        else:
            yield Retold(_net(finding, steps, members, threads), tuple(members))
    kinds = {change: finding.kind for finding in findings for change in finding.changes}
    by_kind: dict[str, list[Undone]] = {}
    for steps_undone in threads.undone:
        by_kind.setdefault(kinds.get(steps_undone[0].id, "record"), []).append(Undone(steps_undone))
    for kind, groups in by_kind.items():
        yield Retold(_reverted(kind, groups, window))


def there_and_back(changes: Sequence[RecordedChange]) -> Iterator[tuple[RecordedChange, ...]]:
    """What happened in a trial's life (gone, back) and ended where it began, oldest first."""
    lives: dict[tuple[TrialId, str], list[RecordedChange]] = {}
    for change in sorted(changes, key=lambda change: change.number or 0):
        if not _is_of_content(change) and change.key is None:
            lives.setdefault((change.trial, change.field), []).append(change)
    for steps in lives.values():
        if len(steps) > 1 and steps[0].body["old"] == steps[-1].body["new"]:
            yield tuple(steps)


def life_retold(steps: Sequence[RecordedChange]) -> Retold:
    """One story of a record that went and came back."""
    window = Window(tuple(steps), ChangeSet())
    return Retold(_reverted("status", [Undone(tuple(steps))], window))


def _is_of_content(change: RecordedChange) -> bool:
    """Is it between two versions of a record, and no event in the trial's life or another number's?"""
    stamp = change.stamp
    return stamp.snapshot_from is not None and stamp.snapshot_from != stamp.snapshot_to


def _one_story_each(
    findings: Sequence[RecordedFinding], words: Sequence[RecordedChange], threads: Threads
) -> Iterator[tuple[RecordedFinding, frozenset[str], Sequence[RecordedChange]]]:
    """Each net finding with its steps and its words; where two share all steps, the worse tells both."""
    told: list[tuple[RecordedFinding, frozenset[str], list[RecordedChange]]] = []
    taken: set[str] = set()
    for finding in findings:
        inside = frozenset(finding.changes)
        members = [change for change in words if change.id in inside]
        wanted = frozenset(step for change in members for step in threads.steps[change.id])
        if own := wanted - taken:
            told.append((finding, own, members))
            taken |= own
        else:
            for _, ids, words_of in told:
                if ids & wanted:
                    words_of += members
                    break
    yield from told


def _net(
    finding: RecordedFinding,
    steps: Sequence[RecordedChange],
    words: Sequence[RecordedChange],
    threads: Threads,
) -> RecordedFinding:
    """The net finding over its steps: at least as loud as the worst of them (contract, "A finding")."""
    ids = tuple(step.id for step in steps)
    by_id = {step.id: step for step in steps}
    ways = [
        way([by_id[step] for step in threads.steps[change.id] if step in by_id]) for change in leading(words)
    ]
    loudest = min(steps, key=lambda step: LEVELS.index(step.significance))
    level = worst([finding.significance, loudest.significance])
    return replace(
        finding,
        id=_derived(finding.kind, steps),
        significance=level,
        rule=finding.rule if level == finding.significance else loudest.rule,
        changes=ids,
        details=(*dict.fromkeys(filter(None, ways)), *finding.details),
        net="changed",
        steps=ids,
    )


def _reverted(kind: str, groups: Sequence[Undone], window: Window) -> RecordedFinding:
    undone_ids = {step.id for group in groups for step in group.steps}
    steps = [step for step in window.steps if step.id in undone_ids]
    loudest = min(steps, key=lambda step: LEVELS.index(step.significance))
    stamp, said = window.stamp, undone(groups)
    quiet = kind == _QUIET and len(said) > 1
    return RecordedFinding(
        id=_derived(f"{kind}:reverted", steps),
        trial=stamp.trial,
        title=stamp.title,
        kind=kind,
        headline=f"{len(steps)} administrative changes, undone within this digest" if quiet else said[0],
        significance=loudest.significance,
        rule=loudest.rule,
        changes=tuple(step.id for step in steps),
        snapshot_from=stamp.snapshot_from,
        snapshot_to=stamp.snapshot_to,
        observed_at=stamp.observed_at,
        origin=stamp.origin,
        details=() if quiet else tuple(said[1:]),
        net="reverted",
        steps=tuple(step.id for step in steps),
    )


def _derived(kind: str, steps: Sequence[RecordedChange]) -> str:
    return "fnd_" + derived_id("net", kind, *(step.id for step in steps))
