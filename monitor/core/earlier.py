"""What was told of a trial out of turn, referred to in the digest that is due: when, and what.

Nothing is repeated here: one sentence for a trial, with the worst of what it was told and how much more there
was. Times are the reader's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from monitor.core.change import LEVELS
from monitor.core.phrases import day_words
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange, leading
from monitor.core.stories import Story

Earlier: TypeAlias = Sequence[tuple[datetime, RecordedChange]]
"""Changes told out of turn, and when."""


@dataclass(frozen=True, slots=True)
class Before:
    """A trial of which all there is was told before."""

    trial: TrialId
    title: str
    url: str
    words: str
    """`06:12 GMT on 20 Nov 2026: Recruiting → Suspended.`"""


def by_trial(earlier: Earlier, news: Iterable[str]) -> Mapping[TrialId, Earlier]:
    """What was told before, by trial, in order; without what is among the news, by ids, all the same."""
    known, found = frozenset(news), dict[TrialId, list[tuple[datetime, RecordedChange]]]()
    for at, change in earlier:
        if change.id not in known:
            found.setdefault(change.trial, []).append((at, change))
    return found


def referred(stories: Iterable[Story], before: Mapping[TrialId, Earlier], zone: ZoneInfo) -> Iterator[Story]:
    """The stories; the first of each trial that says something by itself says what was told of it before."""
    left = dict(before)
    for story in stories:
        told = left.pop(story.trial.trial, None) if story.level is not None else None
        yield replace(story, earlier=f"Told before, {words(told, zone)}") if told else story


def alone(stories: Iterable[Story], before: Mapping[TrialId, Earlier], zone: ZoneInfo) -> Iterator[Before]:
    """The trials of which no story refers to what was told before."""
    said = {story.trial.trial for story in stories if story.earlier}
    for trial, told in before.items():
        if trial not in said:
            stamp = told[-1][1].stamp
            yield Before(trial, stamp.title, stamp.url, words(told, zone))


def words(told: Earlier, zone: ZoneInfo) -> str:
    """When the worst of it was told, and what it was."""
    said = leading([change for _, change in told])
    loudest = min(said, key=lambda change: LEVELS.index(change.significance))
    at = next(at for at, change in told if change is loudest).astimezone(zone)
    others = f" And {len(said) - 1} more." if len(said) > 1 else ""
    return f"{at:%H:%M} {_zone(at)} on {day_words(at.date())}: {loudest.summary}{others}"


def _zone(at: datetime) -> str:
    """`GMT`, `EST`; `UTC+03` where a zone's clocks have no name."""
    name = at.tzname() or "UTC"
    return name if name.isalpha() else f"UTC{name}"
