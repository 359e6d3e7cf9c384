"""The levels of a digest: what each tells in full, what it folds to a line a trial, and what it only counts.

The worst is told first and has the room; minor news of several trials is one line each. What finds no room is
counted with where it is told. Nothing here escapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from monitor.core.change import LEVELS, Significance
from monitor.core.digest import Digest, Story, tally
from monitor.core.entries import Entry, Limits, entry, headline_of, linked_once
from monitor.core.links import Links
from monitor.core.mentions import Across, across, folds
from monitor.core.phrases import clip, phase_words, plural
from monitor.core.pictures import Picture
from monitor.core.programmes import Programme
from monitor.core.record import TrialId
from monitor.core.repeats import past_once, without_reason

_LEAD = 110
"""Characters from which on the worst is told without the reason given, which its story gives in full."""


@dataclass(frozen=True, slots=True)
class Card:
    """One trial with its stories of one level."""

    number: str
    title: str
    context: str
    url: str
    entries: tuple[Entry, ...]
    more: str
    """How many more stories there are, with the command that shows them; empty where all are told."""
    page: str = ""
    """Our own page of the trial; empty where none is served."""
    pictures: tuple[Picture, ...] = ()
    """Of the trial's past, at the first card of it."""


@dataclass(frozen=True, slots=True)
class Lead:
    """The worst of a digest, in a line."""

    text: str
    number: str
    """Of its trial; empty where it is told of several, or of none."""
    url: str
    title: str
    alone: bool = False
    """Is there nothing else? Then the first thing told is the worst, and it need not be said twice."""


@dataclass(frozen=True, slots=True)
class Section:
    """All that is told of one level."""

    level: Significance
    programmes: tuple[Across, ...]
    """Told before the cards; minor news folded by trial stands here, too (`Across.folded`)."""
    cards: tuple[Card, ...]
    more: str
    """How much more there is, in a sentence; empty where all is said."""


def sections(digest: Digest, limits: Limits, links: Links | None) -> Iterator[Section]:
    """All levels of which there is anything, worst first; a trial's past is told once."""
    yield from _past_once(_levels(digest, limits, links))


def _levels(digest: Digest, limits: Limits, links: Links | None) -> Iterator[Section]:
    room = limits.stories
    drawn: set[TrialId] = set()
    folding = len({story.trial.trial for story in digest.stories}) > 1
    for level in LEVELS:
        among = [one for one in digest.programmes if one.significance == level]
        stories = [story for story in digest.stories if story.level == level and not story.is_of_search]
        if not (stories or among):
            continue
        named = tuple(across(digest, one, limits) for one in among[:room])
        room -= len(named)
        if folding and level in ("minor", "noise"):
            folded, rest = folds(stories, room, limits)
            named += folded
            room -= sum(len(one.mentions) for one in folded)
            shown: list[Story] = []
        else:
            shown, rest = stories[:room], stories[room:]
            room -= len(shown)
        by_trial: dict[TrialId, list[Story]] = {}
        for story in shown:
            by_trial.setdefault(story.trial.trial, []).append(story)
        cards = tuple(
            _card(group, limits, links, () if trial in drawn else digest.pictures.get(trial, ()))
            for trial, group in by_trial.items()
        )
        drawn |= by_trial.keys()
        more = _more(digest, level, rest, among[sum(not one.folded for one in named) :], links)
        yield Section(level, named, cards, more)


def _past_once(sections: Iterable[Section]) -> Iterator[Section]:
    """The sections, with the past of a trial told once."""
    told: dict[str, set[str]] = {}
    for section in sections:
        cards = []
        for card in section.cards:
            past = told.setdefault(card.number, set())
            entries = tuple(_with_past(entry, past) for entry in card.entries)
            cards.append(replace(card, entries=entries))
        yield replace(section, cards=tuple(cards))


def _with_past(one: Entry, told: set[str]) -> Entry:
    headline = past_once(one.headline, told)
    lines = tuple(replace(line, text=past_once(line.text, told)) for line in one.lines)
    return replace(one, headline=headline, lines=lines)


def worst(digest: Digest, limits: Limits) -> Lead | None:
    """What stands first, in a line."""
    told = sorted(
        (one for one in digest.stories if one.level and not one.is_of_search),
        key=lambda one: LEVELS.index(one.level or "noise"),
    )
    most = min(limits.clip, 160)
    if digest.programmes and (
        not told or LEVELS.index(digest.programmes[0].significance) <= LEVELS.index(told[0].level or "noise")
    ):
        return Lead(clip(digest.programmes[0].headline, most), "", "", "")
    if told:
        state, url = told[0].trial, told[0].finding.url
        url = told[0].changes[0].stamp.url if told[0].changes else url
        title, alone = clip(state.title, min(limits.clip, 60)), sum(tally(digest).values()) == 1
        said = headline_of(told[0])
        if len(said) > _LEAD:
            said = without_reason(said)
        return Lead(clip(said, most), state.trial.id, url, title, alone)
    for notice in digest.notices[:1]:
        return Lead(clip(notice.message, most), "", "", "", alone=True)
    return None


def _more(
    digest: Digest,
    level: Significance,
    rest: Sequence[Story],
    among: Sequence[Programme],
    links: Links | None,
) -> str:
    """What is only counted, with the page or the command that shows it; empty where nothing is."""
    if not (rest or among):
        return ""
    changes = sum(len(story.changes) or 1 for story in rest) + sum(len(one.changes) for one in among)
    trials = len(
        {story.trial.trial for story in rest} | {member.trial for one in among for member in one.members}
    )
    where = links.digest(digest.id) if links else command_for(digest, level)
    return f"and {plural(changes, f'more {level} change')} in {plural(trials, 'trial')}: {where}"


def command_for(digest: Digest, level: Significance) -> str:
    """The command that shows what a digest only counts."""
    words = ["trialwire changes"]
    if digest.since is not None:
        words.append(f"--observed-since {digest.since:%Y-%m-%d}")
    if len(digest.subscription.tags) == 1:
        words.append(f"--tag {digest.subscription.tags[0]}")
    if len(digest.subscription.searches) == 1:
        words.append(f"--search '{digest.subscription.searches[0]}'")
    words.append(f"--min-significance {level}")
    return " ".join(words)


def _card(stories: Sequence[Story], limits: Limits, links: Links | None, pictures: Sequence[Picture]) -> Card:
    state, finding = stories[0].trial, stories[0].finding
    stamps = [change.stamp for story in stories for change in story.changes]
    context = [phase_words(state.phases), clip(state.sponsor or "", 80)]
    entries = [entry(story, limits) for story in stories[: limits.entries]]
    rest = len(stories) - len(entries)
    return Card(
        number=state.trial.id,
        title=clip(state.title or finding.title, min(limits.clip, 160)),
        context=" · ".join(part for part in context if part),
        url=stamps[0].url if stamps else "",
        entries=tuple(linked_once(entries)),
        more=f"and {plural(rest, 'more finding')}: trialwire history {state.trial.id}" if rest else "",
        page=links.trial(state.trial) if links else "",
        pictures=tuple(pictures),
    )
