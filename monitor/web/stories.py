"""Stories as a page tells them: changes gathered by the finding they belong to, in the words of digests.

What no rule made a story of is a story of its own, so that nothing recorded goes untold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.core.change import LEVELS, Significance, worst
from monitor.core.entries import Entry, Limits, Line, entry
from monitor.core.links import trial_path
from monitor.core.phrases import clip, day_words
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange, RecordedFinding, derived_id
from monitor.core.stories import Story
from monitor.core.watching import TrialState
from monitor.pipeline.lookups import registry_day

LIMITS = Limits(lines=12, quiet=4, clip=400, spans=30)
"""How much of a story a page says."""
WHOLE = Limits(lines=120, quiet=120, clip=1000, spans=60)
"""Where a page promises all of it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One story, ready for a template."""

    trial: TrialId
    title: str
    address: str
    """Our page of the trial."""
    level: Significance
    rule: str
    day: str
    version: str
    entry: Entry
    lines: tuple[Line, ...]
    """Those of the entry that are sentences or changed words: bars are drawn once, over all versions."""
    compare: str
    """Our page of the two versions beside each other; empty where there are no two."""
    origin: str
    """Where it comes from, in words; empty for what a poll saw."""
    place: tuple[str, int]
    """The registry's day and our number of the version."""


_ORIGINS = {"backfill": "from the registry's past", "import": "imported"}


def told(
    states: Iterable[TrialState],
    changes: Sequence[RecordedChange],
    findings: Sequence[RecordedFinding],
    limits: Limits = LIMITS,
) -> tuple[Told, ...]:
    """The stories of these changes, in the order of the changes."""
    known = {state.trial: state for state in states}
    of = {change: one for one in reversed(findings) for change in one.changes}
    groups: dict[tuple[str, ...], list[RecordedChange]] = {}
    for change in changes:
        finding = of.get(change.id)
        key = (finding.id,) if finding else (str(change.trial), str(change.stamp.snapshot_to), "loose")
        groups.setdefault(key, []).append(change)
    found = []
    for group in groups.values():
        state = known.get(group[0].trial)
        if state is not None:
            found.append(_told(state, group, of.get(group[0].id), limits))
    return tuple(found)


def _told(
    state: TrialState, changes: Sequence[RecordedChange], finding: RecordedFinding | None, limits: Limits
) -> Told:
    finding = finding or _loose(changes)
    stamp = changes[0].stamp
    story = Story(state, finding, tuple(changes))
    day = registry_day(changes[0])
    address = trial_path(state.trial)
    two = stamp.snapshot_from is not None and stamp.snapshot_to is not None
    said = entry(story, limits)
    return Told(
        trial=state.trial,
        title=clip(state.title or stamp.title, 200) or state.trial.id,
        address=address,
        level=finding.significance,
        rule=finding.rule,
        day=day_words(day),
        version=_version(stamp.version_to, stamp.snapshot_to),
        entry=said,
        lines=tuple(line for line in said.lines if line.text or line.spans),
        compare=f"{address}/compare?from=@s{stamp.snapshot_from}&to=@s{stamp.snapshot_to}" if two else "",
        origin=_ORIGINS.get(finding.origin, ""),
        place=(day.isoformat(), stamp.snapshot_to or 0),
    )


def _version(theirs: int | None, ours: int | None) -> str:
    return f"v{theirs}" if theirs is not None else f"s{ours}" if ours is not None else ""


def _loose(changes: Sequence[RecordedChange]) -> RecordedFinding:
    """A story for changes that no rule made one of."""
    ordered = sorted(changes, key=lambda change: LEVELS.index(change.significance))
    first, stamp = ordered[0], ordered[0].stamp
    return RecordedFinding(
        id="fnd_" + derived_id(*(change.id for change in ordered)),
        trial=first.trial,
        title=stamp.title,
        kind="changes",
        headline=first.summary,
        significance=worst([change.significance for change in ordered]),
        rule=first.rule,
        changes=tuple(change.id for change in ordered),
        snapshot_from=stamp.snapshot_from,
        snapshot_to=stamp.snapshot_to,
        observed_at=stamp.observed_at,
        origin=stamp.origin,
        url=stamp.url,
    )
