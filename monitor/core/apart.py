"""A digest taken apart for readers who keep a thread for each trial: one part each, and what is of no trial.

The parts hold what the whole does, each story once: what a programme tells of several trials is told in each
of them. What belongs to no trial (notices, searches, first sights, the readout clock, trouble with a source)
makes a message of its own, and only where there is such news.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from monitor.core.digest import Digest, Story, subject
from monitor.core.phrases import clip, plural
from monitor.core.record import TrialId
from monitor.core.stories import worst_first

_TITLE = 80
"""Characters of a title in a subject line: with the number in front, phones still show most of it."""


def by_trial(digest: Digest) -> Iterator[tuple[TrialId, Digest]]:
    """Each trial told of with its part of the digest, the worst first."""
    told: dict[TrialId, list[Story]] = {}
    for story in digest.stories:
        if not story.is_of_search:
            told.setdefault(story.trial.trial, []).append(replace(story, above=frozenset()))
    for trial, stories in told.items():
        pictures = {trial: digest.pictures[trial]} if trial in digest.pictures else {}
        yield (
            trial,
            replace(
                digest,
                stories=tuple(sorted(stories, key=worst_first)),
                programmes=(),
                pictures=pictures,
                baselines=(),
                notices=(),
                unread=(),
                folded=0,
                held=0,
                readouts=None,
                watched=1,
            ),
        )


def of_no_trial(digest: Digest) -> Digest | None:
    """The digest without its trials' stories; None where nothing of it is news."""
    searches = tuple(story for story in digest.stories if story.is_of_search)
    clock = digest.readouts is not None and digest.readouts.total > 0
    ill = any(source.state != "OK" for source in digest.sources)
    is_news = bool(digest.notices or digest.baselines or digest.held or digest.unread or clock or ill)
    if not is_news and digest.stories and not searches:
        return None
    return replace(digest, stories=searches, programmes=(), pictures={}, folded=0)


def thread_subject(part: Digest) -> str:
    """`[trialwire] NCT0… title`: the same from digest to digest, as long as the title is."""
    first = part.stories[0]
    return f"[trialwire] {first.trial.trial.id} {clip(first.trial.title or first.finding.title, _TITLE)}"


def rest_subject(digest: Digest, rest: Digest) -> str:
    """The subject line of what belongs to no trial; it is not called quiet where trials have news."""
    if not digest.stories:
        return subject(rest)
    clock = rest.readouts.total if rest.readouts else 0
    held = f"{plural(rest.held, 'change')} held" if rest.held else ""
    baselines = plural(len(rest.baselines), "new trial") if rest.baselines else ""
    unread = f"{plural(len(rest.unread), 'trial')} not read" if rest.unread else ""
    on_clock = f"{plural(clock, 'trial')} on the readout clock" if clock else ""
    return subject(rest, held or baselines or unread or on_clock or "trouble with a source")
