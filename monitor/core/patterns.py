"""What shows only when a digest's stories are laid beside each other.

net        one field of one trial changed several times within the digest, perhaps back again
programme  the same edit in several trials of one sponsor (rules, "Findings")

Patterns are told beside the stories, never instead of them, and never counted among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.core.catalogue import field
from monitor.core.change import LEVELS, Significance, worst
from monitor.core.partial_date import PartialDate
from monitor.core.phrases import day_words
from monitor.core.record import Json, TrialId
from monitor.core.recorded import RecordedChange
from monitor.core.sentences.words import capital, times, word
from monitor.core.stories import Story

SEVERAL = 3
"""From how many trials on the same edit is a pattern."""
NAMED = 6
"""Trials named in one sentence."""
_OF_ONE_TRIAL = frozenset({"sites", "contacts", "admin", "registry"})
"""Categories whose sentences are alike by chance: two sites added here and two there are no programme."""
_SHORT = frozenset({"status", "dates", "enrollment"})
"""Categories whose values are short enough to be told step by step."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence over several changes."""

    kind: Literal["net", "programme"]
    headline: str
    significance: Significance
    trials: tuple[TrialId, ...]
    changes: tuple[str, ...]
    """The steps of a net change, oldest first; else one change of each trial."""
    net: Literal["changed", "reverted"] | None = None


def patterns(stories: Sequence[Story]) -> tuple[Pattern, ...]:
    """All patterns over the stories, worst first."""
    found = [*_net(stories), *_programmes(stories)]
    return tuple(sorted(found, key=lambda p: (LEVELS.index(p.significance), p.kind, p.headline)))


def _net(stories: Sequence[Story]) -> Iterator[Pattern]:
    groups: dict[tuple[TrialId, str, str | None, Json], dict[int, RecordedChange]] = {}
    for change in _changes(stories):
        if change.body["op"] == "changed" and change.stamp.snapshot_to is not None:
            place = (change.trial, change.field, change.key, str(change.body.get("part") or ""))
            groups.setdefault(place, {})[change.stamp.snapshot_to] = change
    for (trial, *_), by_version in groups.items():
        steps = [by_version[version] for version in sorted(by_version)]
        if len(steps) > 1:
            reverted = steps[0].body["old"] == steps[-1].body["new"]
            if sentence := _net_sentence(trial, steps, reverted=reverted):
                yield Pattern(
                    "net",
                    sentence,
                    worst([step.significance for step in steps]),
                    (trial,),
                    tuple(step.id for step in steps),
                    "reverted" if reverted else "changed",
                )


def _net_sentence(trial: TrialId, steps: Sequence[RecordedChange], *, reverted: bool) -> str:
    label = field(steps[0].field).label
    values = [_say(value) for value in (steps[0].body["old"], *(step.body["new"] for step in steps))]
    if steps[0].category in _SHORT and all(values):
        told = " → ".join(values)
        how = "went" if reverted else f"moved {times(len(steps))}:"
        return f"{trial}: {label} {how} {told} within this digest."
    return f"{trial}: {label} changed and changed back within this digest." if reverted else ""


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


def _say(value: Json) -> str:
    """A short value in words; empty for anything longer."""
    match value:
        case {"date": str(text)}:
            return day_words(PartialDate.parse(text))
        case bool():
            return ""
        case int():
            return f"{value:,}"
        case str():
            return capital(word(value))
    return ""
