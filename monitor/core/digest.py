"""Subscriptions and digests as values, and how one becomes the other.

Routing and ordering go by findings (contract section 2): a story passes a subscription's filter by its
finding, and is told with its changes, worst first. What was left out is counted. Trouble with a source, a
quarantine or a dead letter passes every filter, so that silence always means quiet; a first sight alone does
not wake anybody. Nothing here reads a clock, a store or a template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias

from monitor.core.change import LEVELS, Significance
from monitor.core.earlier import Before, Earlier, alone, by_trial, referred
from monitor.core.net import Window
from monitor.core.phrases import plural
from monitor.core.pictures import Picture
from monitor.core.programmes import Programme, programmes
from monitor.core.readouts import Readouts
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange, derived_id
from monitor.core.searches import DISCOVERED
from monitor.core.stories import Pending, Story, is_urgent, passing_stories, worst_first
from monitor.core.subscription import Subscription
from monitor.core.watching import Notice, NoticeKind, SourceHealth, TrialState

__all__ = [
    "Digest",
    "DigestKind",
    "Occasion",
    "Pending",
    "Rendered",
    "Story",
    "ThreadText",
    "compose",
    "counts",
    "digest_id",
    "in_searches",
    "subject",
    "tally",
]

DigestKind: TypeAlias = Literal["scheduled", "immediate", "manual", "preview"]


@dataclass(frozen=True, slots=True)
class Digest:
    """What one subscription is told at one time."""

    id: str
    subscription: Subscription
    kind: DigestKind
    period: str
    """The period's key, a local date or hour for scheduled ones; unique with subscription, kind, ordinal."""
    ordinal: int
    sequence: int
    """Counts a subscription's digests from 1."""
    created_at: datetime
    since: datetime | None
    until: datetime
    stories: tuple[Story, ...]
    """Worst first."""
    folded: int
    """Changes of the trials it is about that its filters left out."""
    baselines: tuple[Notice, ...]
    notices: tuple[Notice, ...]
    sources: tuple[SourceHealth, ...]
    unread: tuple[TrialState, ...]
    """Watched trials that could not be read at the source's data version."""
    watched: int
    """Trials the subscription covers."""
    covers: tuple[int, int] | None
    """First and last running number of the changes told or folded."""
    told: tuple[str, ...] = ()
    """Ids of all changes it settles, told or folded: no later digest of the subscription has them."""
    told_notices: tuple[int, ...] = ()
    """Ids of the notices it settles, baselines among them."""
    programmes: tuple[Programme, ...] = ()
    """The same edit in several trials, worst first: told once, above the stories of the trials."""
    held: int = 0
    """Changes kept back as a suspected reformatting: where there are any, nothing is quiet."""
    readouts: Readouts | None = None
    """What is expected and due soon: it rides along and wakes nobody. None where it was not asked for."""
    before: tuple[Before, ...] = ()
    """Trials of which all there is was told out of turn: referred to, and no reason for a digest."""
    pictures: Mapping[TrialId, tuple[Picture, ...]] = field(default_factory=dict)
    """How dates and enrollment went over the versions, for trials that are told loudly."""


@dataclass(frozen=True, slots=True)
class ThreadText:
    """One trial's part of a digest, where each trial has a thread of its own."""

    trial: TrialId
    title: str
    """As it is shown: cleaned and clipped."""
    subject: str
    """The same from digest to digest, so that a reader's program keeps them together."""
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A digest in every form a channel may want, all with the same facts."""

    subject: str
    text: str
    """With `threads`, of what belongs to no trial; empty where there is no such news."""
    html: str
    markdown: str
    threads: tuple[ThreadText, ...] = ()
    """Only where the subscription's layout is `threads`: one for each trial told of, worst first."""
    csv: bytes = b""
    """Every change told, one a line; only where some are just counted and no page of ours has them."""
    csv_name: str = ""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Which digest of a subscription is being composed, and when."""

    kind: DigestKind
    period: str
    """The cadence's `period_key`; the UTC date for immediate and manual ones."""
    ordinal: int
    """Counts the digests of this kind in this period from 1; scheduled ones are always 1."""
    sequence: int
    """Counts all digests of the subscription from 1."""
    since: datetime | None
    """When the digest before was closed, or the subscription began."""
    now: datetime
    until: datetime | None = None
    """When the period closed: what was recorded later belongs to the next; None: now.

    For scheduled ones the cadence's `last_due`, and what is pending is asked for until then: so a period that
    closed with nothing to tell stays closed, and a change an hour later waits for the next.
    """

    @property
    def closed(self) -> datetime:
        """When the period closed."""
        return self.until or self.now


URGENT_NOTICES: frozenset[NoticeKind] = frozenset(
    {"source", "channel_disabled", "database", "hold", "compose"}
)
"""Notices that do not wait for the cadence where findings need not: they say that silence is no quiet.

A dead letter is not among them: the other readers have had their copy of what it held.
"""


def compose(
    subscription: Subscription,
    pending: Pending,
    occasion: Occasion,
    *,
    sources: Sequence[SourceHealth],
    windows: Sequence[Window] = (),
    assets: Mapping[TrialId, Sequence[str]] | None = None,
    earlier: Earlier = (),
) -> Digest | None:
    """What the subscription is told on this occasion, or None where nothing passed its filter.

    `windows` are what several versions of one trial come to; an immediate digest has no use for them, as it
    leaves the versions before to the cadence. `assets` are the names of what trials test, by which the same
    edit in several of them is one programme. `earlier` is what was told out of turn, and when: it is referred
    to, not repeated, and makes no digest by itself.

    An immediate digest holds only what must not wait and leaves the rest pending; where the cadence itself
    is `immediate`, that is everything. A scheduled one without anything to tell exists only as a heartbeat,
    where the subscription asks for one, and never for a period that closed before the subscription began.
    """
    if occasion.kind == "scheduled" and occasion.since is not None and occasion.closed <= occasion.since:
        return None
    at_once = occasion.kind == "immediate" and subscription.cadence != "immediate"
    stories = passing_stories(subscription, pending, () if at_once else windows)
    told = tuple(sorted((s for s in stories if not at_once or is_urgent(subscription, s)), key=worst_first))
    notices = tuple(_notices(subscription, pending, at_once=at_once))
    if not (told or notices or (subscription.heartbeat and occasion.kind == "scheduled")):
        return None
    across = programmes(told, assets)
    zone, before = subscription.zone, by_trial(earlier, (change.id for change in pending.changes))
    told = tuple(referred(_below(told, across), before, zone))
    baselines = () if at_once else tuple(pending.baselines)
    settled = _settled(pending, told, at_once=at_once)
    elsewhere = {trial for trial, state in pending.trials.items() if not subscription.is_about(state)}
    return Digest(
        id=digest_id(subscription.name, occasion.period, occasion.kind, occasion.ordinal),
        subscription=subscription,
        kind=occasion.kind,
        period=occasion.period,
        ordinal=occasion.ordinal,
        sequence=occasion.sequence,
        created_at=occasion.now,
        since=occasion.since,
        until=occasion.closed,
        stories=told,
        folded=_folded(settled, told, elsewhere),
        baselines=tuple(notice for notice in baselines if notice.trial not in elsewhere),
        notices=notices,
        sources=tuple(sources),
        unread=tuple(pending.unread),
        watched=pending.watched,
        held=pending.held,
        covers=_span(settled),
        told=tuple(change.id for change in settled),
        told_notices=tuple(notice.id for notice in (*notices, *baselines)),
        programmes=across,
        before=tuple(alone(told, before, zone)),
    )


def _folded(settled: Iterable[RecordedChange], told: Iterable[Story], elsewhere: Container[TrialId]) -> int:
    shown = {change.id for story in told for change in story.changes}
    return sum(change.id not in shown and change.trial not in elsewhere for change in settled)


def _span(settled: Iterable[RecordedChange]) -> tuple[int, int] | None:
    """The first and the last running number."""
    numbers = [change.number for change in settled if change.number is not None]
    return (min(numbers), max(numbers)) if numbers else None


def _below(stories: Iterable[Story], across: Sequence[Programme]) -> Iterator[Story]:
    """The stories, knowing what the programmes above them tell."""
    above = frozenset[str]().union(*(one.told for one in across))
    for story in stories:
        yield replace(story, above=above & {line.id for line in story.lines}) if above else story


def digest_id(subscription: str, period: str, kind: DigestKind, ordinal: int) -> str:
    """`dig_…`, derived: composing the same digest again gives the same id."""
    return "dig_" + derived_id(subscription, period, kind, str(ordinal))


def counts(digest: Digest) -> Mapping[Significance, int]:
    """How many stories of each level it tells, worst first; levels without any are absent.

    A programme is one; stories of which it tells all are not counted again.
    """
    found = Counter(one.significance for one in digest.programmes)
    found.update(story.level for story in digest.stories if story.level is not None)
    return {level: found[level] for level in LEVELS if found[level]}


def tally(digest: Digest) -> Mapping[Significance, int]:
    """The same without who came into a search or left it: that has a section of its own."""
    return counts(replace(digest, stories=tuple(one for one in digest.stories if not one.is_of_search)))


def in_searches(digest: Digest) -> tuple[str, ...]:
    """Who came into your searches, and who left them, in words: `2 new in your searches`."""
    about = [story for story in digest.stories if story.is_of_search]
    came = {story.trial.trial for story in about if story.finding.rule == DISCOVERED}
    new, left = len(came), len({story.trial.trial for story in about} - came)
    told = ((new, "new in your searches"), (left, "no longer in your searches"))
    return tuple(f"{number} {words}" for number, words in told if number)


def subject(digest: Digest, otherwise: str = "") -> str:
    """The subject line: how many and how bad (contract section 8), then whose digest and which day.

    `otherwise` is said instead of how quiet it is, where there is nothing to count.
    """
    told = tally(digest)
    loud = [f"{told[level]} {level}" for level in ("critical", "major") if level in told]
    quiet = [f"{number} {level}" for level, number in told.items()]
    kinds = Counter(notice.kind for notice in digest.notices if not told or notice.kind in URGENT_NOTICES)
    notices = [f"{number} {NOTICE_WORDS[kind][number > 1]}" for kind, number in kinds.items()]
    counted = ", ".join([*(loud or quiet), *in_searches(digest), *notices])
    day = digest.created_at.astimezone(digest.subscription.zone)
    what = counted or otherwise or _subject_without_news(digest)
    return f"Trialwire: {what} · {digest.subscription.name} · {day.day} {day:%b}"


def _subject_without_news(digest: Digest) -> str:
    if digest.held:
        return f"{plural(digest.held, 'change')} held"
    if digest.unread:
        return f"{len(digest.unread):,} of {plural(digest.watched, 'trial')} not read"
    return f"all quiet in {plural(digest.watched, 'trial')}"


NOTICE_WORDS: Mapping[NoticeKind, tuple[str, str]] = {
    "source": ("source notice", "source notices"),
    "quarantine": ("answer in quarantine", "answers in quarantine"),
    "dead_letter": ("channel with messages given up", "channels with messages given up"),
    "channel_disabled": ("channel disabled", "channels disabled"),
    "unknown_trial": ("unknown trial", "unknown trials"),
    "baseline": ("new trial", "new trials"),
    "database": ("database notice", "database notices"),
    "hold": ("hold on digests", "holds on digests"),
    "schema": ("schema notice", "schema notices"),
    "duplicate": ("double registration", "double registrations"),
    "search": ("search begun", "searches begun"),
    "search_refused": ("search refused", "searches refused"),
    "compose": ("digest not composed", "digests not composed"),
}
"""One of a kind, and several."""


def _notices(subscription: Subscription, pending: Pending, *, at_once: bool) -> Iterator[Notice]:
    if at_once and subscription.immediate_at is None:
        return
    for notice in pending.notices:
        if not at_once or notice.kind in URGENT_NOTICES:
            yield notice


def _settled(pending: Pending, told: Sequence[Story], *, at_once: bool) -> tuple[RecordedChange, ...]:
    """The changes no later digest shall have: those told, and unless it is immediate all that were seen."""
    members = {change for story in told for change in story.finding.changes}
    return tuple(change for change in pending.changes if not at_once or change.id in members)
