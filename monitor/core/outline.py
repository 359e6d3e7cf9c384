"""What a digest says, in order: the one reading from which text, HTML and Markdown are written.

Every form renders the same outline, so they cannot tell different facts. `Limits` bound how much is said in
full; the rest is counted, with the command that shows it. Nothing here escapes: that is the form's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.core import cadence
from monitor.core.change import LEVELS, Significance
from monitor.core.digest import Digest, Story, in_searches, subject, tally
from monitor.core.entries import Entry, Limits, entry, linked_once
from monitor.core.links import Links
from monitor.core.phrases import (
    clean,
    clip,
    day_words,
    freshness,
    phase_words,
    plural,
)
from monitor.core.programmes import Programme
from monitor.core.record import TrialId
from monitor.core.searches import search_line
from monitor.core.watching import Notice, TrialState


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


@dataclass(frozen=True, slots=True)
class Mention:
    """One trial of a programme."""

    number: str
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Across:
    """The same edit in several trials."""

    headline: str
    mentions: tuple[Mention, ...]
    more: int
    """Trials that are only counted."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A trial that came into one of the reader's searches, or left it."""

    search: str
    number: str
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """All that is told of one level."""

    level: Significance
    programmes: tuple[Across, ...]
    cards: tuple[Card, ...]
    more: str
    """How much more there is, in a sentence; empty where all is said."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A digest, ready to be written down."""

    subject: str
    name: str
    day: str
    tally: tuple[tuple[Significance, int], ...]
    scope: str
    freshness: tuple[str, ...]
    preheader: str
    sections: tuple[Section, ...]
    newcomers: tuple[Newcomer, ...]
    more_newcomers: str
    attention: tuple[str, ...]
    watching: tuple[str, ...]
    unread: tuple[str, ...]
    """What could not be checked; one entry that says so where nothing was left out."""
    folded: str
    covers: str
    cadence: str
    page: str = ""
    """Our own page of the digest, which tells all of it; empty where none is served."""

    @property
    def marks(self) -> bool:
        """Are changed words marked anywhere, so that the marks want a word of explanation?"""
        entries = (entry for section in self.sections for card in section.cards for entry in card.entries)
        return any(line.spans for entry in entries for line in entry.lines)


def outline(digest: Digest, limits: Limits, links: Links | None = None) -> Outline:
    """Read a digest for telling; the same digest, limits and links always give the same outline."""
    local = digest.created_at.astimezone(cadence.zone_of(cadence.parse(digest.subscription.cadence)))
    year = local.year
    trials = {story.trial.trial for story in digest.stories if not story.is_of_search}
    levels = tuple(tally(digest).items())
    newcomers = tuple(_newcomer(story, limits) for story in digest.stories if story.is_of_search)
    places = [f"in {len(trials)} of {plural(digest.watched, 'trial')}"] if levels else []
    scope = "; ".join([*places, *in_searches(digest)]) or _quiet(digest)
    return Outline(
        subject=subject(digest),
        name=digest.subscription.name,
        day=f"{local:%a} {local.day} {local:%b} {local.year}",
        tally=levels,
        scope=scope,
        freshness=tuple(freshness(source, year) for source in digest.sources),
        preheader=clip("; ".join(_loudest(digest)) or scope, 180),
        sections=tuple(_sections(digest, limits)),
        newcomers=newcomers[: limits.items],
        more_newcomers=_more_newcomers(digest, len(newcomers) - limits.items),
        attention=_listed([clip(words, limits.clip) for words in _attention(digest)], limits),
        watching=_listed([_notice(notice, limits) for notice in digest.baselines], limits),
        unread=_unread(digest, limits),
        folded=_folded(digest),
        covers=_covers(digest),
        cadence=digest.subscription.cadence,
        page=links.digest(digest.id) if links else "",
    )


def _sections(digest: Digest, limits: Limits) -> Iterator[Section]:
    room = limits.stories
    for level in LEVELS:
        across = [one for one in digest.programmes if one.significance == level]
        stories = [story for story in digest.stories if story.level == level and not story.is_of_search]
        if not (stories or across):
            continue
        named = tuple(_across(digest, one, limits) for one in across[:room])
        room -= len(named)
        shown, rest = stories[:room], stories[room:]
        room -= len(shown)
        by_trial: dict[TrialId, list[Story]] = {}
        for story in shown:
            by_trial.setdefault(story.trial.trial, []).append(story)
        cards = tuple(_card(group, limits) for group in by_trial.values())
        more = _more(digest, level, rest, across[len(named) :])
        yield Section(level, named, cards, more)


def _newcomer(story: Story, limits: Limits) -> Newcomer:
    """What a reader decides by: which search, what trial, why it was found."""
    facts = story.changes[0].body.get("facts") if story.changes else None
    search = str(facts.get("search")) if isinstance(facts, dict) else ""
    title = clip(story.trial.title or story.finding.title, min(limits.clip, 160))
    parts = [title, search_line(facts) or story.finding.headline]
    url = story.changes[0].stamp.url if story.changes else story.finding.url
    return Newcomer(search, story.trial.trial.id, url, " · ".join(part for part in parts if part))


def _more_newcomers(digest: Digest, rest: int) -> str:
    if rest <= 0:
        return ""
    since = f" --observed-since {digest.since:%Y-%m-%d}" if digest.since is not None else ""
    return f"and {rest:,} more: trialwire changes{since} --field registry.search"


def _across(digest: Digest, one: Programme, limits: Limits) -> Across:
    """A programme with its trials; of those that say nothing else, with what belongs to no single change."""
    details: dict[TrialId, list[str]] = {}
    for story in digest.stories:
        if story.level is None and story.finding.id in one.findings:
            details.setdefault(story.trial.trial, []).extend(story.finding.details)
    mentions = []
    for member in one.members[: limits.items]:
        said = " ".join(dict.fromkeys([member.said, *details.get(member.trial, ())])).strip()
        text = f"{member.title}: {said}" if said else member.title
        mentions.append(Mention(member.trial.id, member.url, clip(text, limits.clip)))
    return Across(clip(one.headline, limits.clip), tuple(mentions), len(one.members) - len(mentions))


def _more(digest: Digest, level: Significance, rest: Sequence[Story], across: Sequence[Programme]) -> str:
    """What is only counted, with the command that shows it; empty where nothing is."""
    if not (rest or across):
        return ""
    changes = sum(len(story.changes) or 1 for story in rest) + sum(len(one.changes) for one in across)
    trials = len(
        {story.trial.trial for story in rest} | {member.trial for one in across for member in one.members}
    )
    command = command_for(digest, level)
    return f"and {plural(changes, f'more {level} change')} in {plural(trials, 'trial')}: {command}"


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


def _card(stories: Sequence[Story], limits: Limits) -> Card:
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
    )


def _loudest(digest: Digest) -> Iterator[str]:
    told = [(one.significance, one.headline) for one in digest.programmes]
    told += [(story.level, story.finding.headline) for story in digest.stories if story.level]
    for _, headline in sorted(told, key=lambda pair: LEVELS.index(pair[0]))[:4]:
        yield clean(headline).rstrip(".")
    for notice in digest.notices[:2]:
        yield clean(notice.message).rstrip(".")


def _quiet(digest: Digest) -> str:
    wanted = digest.subscription.min_significance
    louder = "" if wanted == "noise" else f" at or above {wanted}"
    if digest.held:
        held, trials = plural(digest.held, "change"), plural(digest.watched, "trial")
        return f"{held} held, nothing else{louder} in {trials}"
    return f"All quiet: nothing{louder} in {plural(digest.watched, 'trial')}"


def _attention(digest: Digest) -> Iterator[str]:
    """Notices, and what is still held where the notice of it was told before."""
    yield from (notice.message for notice in digest.notices)
    if digest.held and all(notice.kind != "hold" for notice in digest.notices):
        changes = plural(digest.held, "change")
        yield f"{changes} still held as a suspected reformatting: `trialwire digest list` shows what and why."


def _notice(notice: Notice, limits: Limits) -> str:
    return clip(notice.message, limits.clip)


def _listed(items: Sequence[str], limits: Limits, command: str = "status") -> tuple[str, ...]:
    rest = len(items) - limits.items
    return (*items[: limits.items], f"and {rest:,} more: trialwire {command}") if rest > 0 else tuple(items)


def _unread(digest: Digest, limits: Limits) -> tuple[str, ...]:
    if not digest.unread:
        return (
            f"nothing: {plural(digest.watched, 'trial')} read" if digest.watched else "nothing is watched",
        )

    def words(state: TrialState) -> str:
        checked = f"last read {day_words(state.checked_at.date())}" if state.checked_at else "not read yet"
        title = f" {clip(state.title, 80)}" if state.title else ""
        return f"{state.trial.id}{title}: {checked}"

    return _listed([words(state) for state in digest.unread], limits)


def _folded(digest: Digest) -> str:
    if not digest.folded:
        return ""
    command = command_for(digest, "noise")
    below = digest.subscription.min_significance
    kind = "administrative" if below in ("minor", "noise") else f"below {below} or filtered out"
    return f"{plural(digest.folded, 'change')} not shown ({kind}): {command}"


def _covers(digest: Digest) -> str:
    parts = [f"Digest {digest.sequence}", digest.period]
    if digest.covers:
        first, last = digest.covers
        parts.insert(0, f"Covers changes {first:,}–{last:,}" if first != last else f"Covers change {first:,}")
    return " · ".join(parts)
