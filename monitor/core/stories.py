"""Which stories pass a subscription's filters.

A story is one finding with the changes worth a line. Routing goes by findings (contract section 2): one that
passes is told whole. This module decides nothing about when a digest goes out; `core.digest` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Protocol

from monitor.core.change import LEVELS, Significance, at_least, worst
from monitor.core.net import Retold, Window, life_retold, retold, there_and_back
from monitor.core.partial_date import PartialDate
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange, RecordedFinding, derived_id, leading
from monitor.core.searches import SEARCH
from monitor.core.subscription import Subscription
from monitor.core.watching import Notice, TrialState

LATE = timedelta(days=14)
"""A version posted longer ago than this before we first saw it is never routed at once (rules, "Gaps")."""

_RULE = re.compile(r"^(\D*)(\d*)")


@dataclass(frozen=True, slots=True)
class Story:
    """One finding of one trial with its changes, ready to be told."""

    trial: TrialState
    finding: RecordedFinding
    changes: tuple[RecordedChange, ...]
    """As recorded, those worth a line."""
    words: tuple[RecordedChange, ...] = ()
    """Over several versions: what they come to, in whose words it is told."""
    above: frozenset[str] = frozenset()
    """Ids of the changes (of `lines`) that a programme tells, above the trials' own stories."""
    earlier: str = ""
    """What a digest out of turn told of the trial before, in a sentence."""

    @property
    def level(self) -> Significance | None:
        """How loud it is by itself; None where a programme tells all of it that is not noise."""
        if not self.above:
            return self.finding.significance
        rest = [change.significance for change in self.own]
        louder = worst([change.significance for change in self.lines])
        if not at_least(louder, self.finding.significance):
            return self.finding.significance
        return worst(rest) if any(level != "noise" for level in rest) else None

    @property
    def is_of_search(self) -> bool:
        """Is it about a trial that came into a search or left it? Those have a section of their own."""
        return self.finding.kind == SEARCH

    @property
    def own(self) -> tuple[RecordedChange, ...]:
        """Its lines without what a programme tells, what is told along with another, and what a sum tells."""
        return tuple(
            change
            for change in leading(self.lines)
            if change.id not in self.above and not self.finding.sums_up(change)
        )

    @property
    def lines(self) -> tuple[RecordedChange, ...]:
        """The changes in whose words it is told; none where all of them led back."""
        return self.words if self.finding.net else self.changes


class Pending(Protocol):
    """What a subscription has not been told yet, of the trials its tags and trials name."""

    @property
    def changes(self) -> Sequence[RecordedChange]:
        """Seen by a poll after the subscription began, in no digest of its own; in order of their numbers."""

    @property
    def findings(self) -> Sequence[RecordedFinding]:
        """Those over at least one of the changes."""

    @property
    def baselines(self) -> Sequence[Notice]:
        """First sights."""

    @property
    def notices(self) -> Sequence[Notice]:
        """All other notices: they pass every filter."""

    @property
    def trials(self) -> Mapping[TrialId, TrialState]:
        """The trials that changes and baselines are about."""

    @property
    def unread(self) -> Sequence[TrialState]:
        """Covered trials not read at their source's data version."""

    @property
    def held(self) -> int:
        """Changes kept back as a suspected reformatting."""

    @property
    def watched(self) -> int:
        """How many trials are covered."""


def is_urgent(subscription: Subscription, story: Story) -> bool:
    """Must it not wait for the cadence? Never so for a version posted long before we first saw it."""
    threshold = subscription.immediate_at
    if threshold is None or not at_least(story.finding.significance, threshold):
        return False
    return not any(_is_late(change) for change in story.changes)


def passing_stories(
    subscription: Subscription, pending: Pending, windows: Sequence[Window] = ()
) -> Iterator[Story]:
    """The stories that pass the filter, each with the changes worth a line; of a window the net."""
    changes = {change.id: change for change in pending.changes if change.stamp.origin == "poll"}
    findings = [finding for finding in pending.findings if finding.origin == "poll"]
    in_findings = {change for finding in findings for change in finding.changes}
    in_findings |= {step.id for window in windows for step in window.steps}
    loose = [change for change in changes.values() if change.id not in in_findings]
    findings += _loose_findings(subscription, loose)
    for told in _retold(findings, tuple(changes.values()), windows):
        finding = told.finding
        state = pending.trials.get(finding.trial)
        members = tuple(changes[member] for member in finding.changes if member in changes)
        if state is not None and _passes(subscription, state, finding, (*members, *told.words)):
            shown = tuple(change for change in members if _worth_a_line(subscription, change))
            words = tuple(change for change in told.words if _worth_a_line(subscription, change))
            yield Story(state, _with_address(finding, members), shown, words)


def _retold(
    findings: Sequence[RecordedFinding], changes: Sequence[RecordedChange], windows: Sequence[Window]
) -> Iterator[Retold]:
    """Every finding, those of a window or of a way back by what is told in their place."""
    inside = {step.id for window in windows for step in window.steps}
    lives = list(there_and_back([change for change in changes if change.id not in inside]))
    replaced = inside | {step.id for steps in lives for step in steps}
    yield from (Retold(finding) for finding in findings if not replaced.issuperset(finding.changes))
    by_trial: dict[TrialId, list[RecordedFinding]] = {}
    for finding in findings:
        by_trial.setdefault(finding.trial, []).append(finding)
    for window in windows:
        ids = {step.id for step in window.steps}
        own = by_trial.get(window.stamp.trial, ())
        yield from retold(window, [finding for finding in own if ids.issuperset(finding.changes)])
    yield from map(life_retold, lives)


def _with_address(finding: RecordedFinding, members: Sequence[RecordedChange]) -> RecordedFinding:
    """With the registry's page of its trial, which older findings were recorded without."""
    return replace(finding, url=members[0].stamp.url) if members and not finding.url else finding


def _passes(
    subscription: Subscription,
    state: TrialState,
    finding: RecordedFinding,
    members: Sequence[RecordedChange],
) -> bool:
    """Every filter that is set must fit: sponsor, condition, level, a category, a rule."""
    categories = {change.category for change in members}
    rules = {finding.rule, *(change.rule for change in members)}
    if not subscription.is_about(state):
        return False
    if finding.kind == "baseline":
        return True
    return (
        at_least(finding.significance, subscription.min_significance)
        and (not subscription.categories or not categories.isdisjoint(subscription.categories))
        and (not subscription.rules or not rules.isdisjoint(subscription.rules))
    )


def _worth_a_line(subscription: Subscription, change: RecordedChange) -> bool:
    # A story that passed is told whole, so that a critical one does not hide the minor changes beside it.
    return (
        change.baseline or change.significance != "noise" or at_least("noise", subscription.min_significance)
    )


def _loose_findings(subscription: Subscription, loose: Sequence[RecordedChange]) -> Iterator[RecordedFinding]:
    """A finding for the changes of a version that no rule made a story of, so that none is lost."""

    def version(change: RecordedChange) -> tuple[str, str, int, bool]:
        return (change.trial.registry, change.trial.id, change.stamp.snapshot_to or 0, change.baseline)

    for (*_, baseline), group in groupby(sorted(loose, key=version), key=version):
        changes = sorted(group, key=lambda change: LEVELS.index(change.significance))
        if baseline and subscription.baseline != "full":
            continue
        first, stamp = changes[0], changes[0].stamp
        headline = f"Now watching: {len(changes)} fields" if baseline else first.summary
        yield RecordedFinding(
            id="fnd_" + derived_id(*(change.id for change in changes)),
            trial=first.trial,
            title=stamp.title,
            kind="baseline" if baseline else "changes",
            headline=headline,
            significance="minor" if baseline else worst([change.significance for change in changes]),
            rule=first.rule,
            changes=tuple(change.id for change in changes),
            snapshot_from=stamp.snapshot_from,
            snapshot_to=stamp.snapshot_to,
            observed_at=stamp.observed_at,
            origin=stamp.origin,
        )


def worst_first(story: Story) -> tuple[int, str, int, str, str, int, str]:
    """A sort key: by level, then by rule, then by trial and version."""
    finding = story.finding
    found = _RULE.match(finding.rule)
    letter, number = (found[1], int(found[2] or 0)) if found else ("", 0)
    return (
        LEVELS.index(finding.significance),
        letter,
        number,
        finding.trial.registry,
        finding.trial.id,
        finding.snapshot_to or 0,
        finding.id,
    )


def _is_late(change: RecordedChange) -> bool:
    if change.stamp.posted_on is None:
        return False
    return change.stamp.observed_at.date() - PartialDate.parse(change.stamp.posted_on).last > LATE
