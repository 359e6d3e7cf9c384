"""What shows only when a digest's stories are laid beside each other.

programme  the same edit in several trials of one sponsor (rules, "Findings")

Patterns are told beside the stories, never instead of them, and never counted among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.core.change import LEVELS, Significance, worst
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange
from monitor.core.stories import Story

SEVERAL = 3
"""From how many trials on the same edit is a pattern."""
NAMED = 6
"""Trials named in one sentence."""
_OF_ONE_TRIAL = frozenset({"sites", "contacts", "admin", "registry"})
"""Categories whose sentences are alike by chance: two sites added here and two there are no programme."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence over several changes."""

    kind: Literal["programme"]
    headline: str
    significance: Significance
    trials: tuple[TrialId, ...]
    changes: tuple[str, ...]
    """One change of each trial."""


def patterns(stories: Sequence[Story]) -> tuple[Pattern, ...]:
    """All patterns over the stories, worst first."""
    return tuple(
        sorted(_programmes(stories), key=lambda found: (LEVELS.index(found.significance), found.headline))
    )


def _programmes(stories: Sequence[Story]) -> Iterator[Pattern]:
    sponsors = {story.trial.trial: story.trial.sponsor for story in stories}
    groups: dict[tuple[str, str, str], dict[TrialId, RecordedChange]] = {}
    for change in _changes(stories):
        sponsor = sponsors.get(change.trial)
        if sponsor and not change.baseline and change.category not in _OF_ONE_TRIAL:
            groups.setdefault((sponsor, change.field, change.summary), {})[change.trial] = change
    for (sponsor, _, summary), by_trial in groups.items():
        if len(by_trial) >= SEVERAL:
            trials = sorted(by_trial)
            named = ", ".join(trial.id for trial in trials[:NAMED])
            rest = f" and {len(trials) - NAMED} more" if len(trials) > NAMED else ""
            yield Pattern(
                "programme",
                f"The same in {len(trials)} trials of {sponsor}: {summary} ({named}{rest})",
                worst([change.significance for change in by_trial.values()]),
                tuple(trials),
                tuple(by_trial[trial].id for trial in trials),
            )


def _changes(stories: Iterable[Story]) -> Iterator[RecordedChange]:
    return (change for story in stories for change in story.changes)
