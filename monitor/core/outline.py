"""What a digest says, in order: the one reading from which text, HTML and Markdown are written.

Every form renders the same outline, so they cannot tell different facts. `Limits` bound how much is said in
full; the rest is counted, with the command that shows it. Nothing here escapes: that is the form's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.core.change import LEVELS, Significance
from monitor.core.digest import Digest, Story, in_searches, subject, tally
from monitor.core.entries import Entry, Limits
from monitor.core.links import Links
from monitor.core.mentions import Across, Mention
from monitor.core.phrases import clean, clip, day_words, freshness, plural
from monitor.core.readouts import Readout
from monitor.core.searches import search_line
from monitor.core.sections import Card, Lead, Section, command_for, sections, worst
from monitor.core.watching import Notice, TrialState

__all__ = [
    "Across",
    "Card",
    "ClockList",
    "Entry",
    "Lead",
    "Mention",
    "Newcomer",
    "Outline",
    "Section",
    "command_for",
    "outline",
]

_QUIET = 12
"""First sights, and trials that could not be read, by name: how many there are stands above them."""
_TITLE = 80
_ON_THE_CLOCK = 5
"""Trials of one kind named on the readout clock: it is looked at in passing."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A trial that came into one of the reader's searches, or left it."""

    search: str
    number: str
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class ClockList:
    """Trials that are expected to read out, or whose results are due."""

    title: str
    items: tuple[Mention, ...]
    more: int
    """Trials that are only counted."""


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
    """The loudest headlines in a line, for a template that begins with something else."""
    sections: tuple[Section, ...]
    newcomers: tuple[Newcomer, ...]
    more_newcomers: str
    attention: tuple[str, ...]
    before: tuple[str, ...]
    """Trials of which all there is was told out of turn, and when."""
    watching: tuple[str, ...]
    unread: tuple[str, ...]
    """What could not be checked; one entry that says so where nothing was left out."""
    folded: str
    covers: str
    cadence: str
    page: str = ""
    """Our own page of the digest, which tells all of it; empty where none is served."""
    worst: Lead | None = None
    behind: str = ""
    """How many trials could not be read, and since when; empty where all were."""
    clock: tuple[ClockList, ...] = ()
    clock_caveat: str = ""
    shortened: bool = False
    """Is anything only counted, or told in fewer words, for want of room?"""
    attached: str = ""
    """Where a mail of it holds what is only counted; empty where nothing is, or a page of ours tells it."""

    @property
    def marks(self) -> bool:
        """Are changed words marked anywhere, so that the marks want a word of explanation?"""
        entries = (entry for section in self.sections for card in section.cards for entry in card.entries)
        return any(line.spans for entry in entries for line in entry.lines)


def outline(digest: Digest, limits: Limits, links: Links | None = None) -> Outline:
    """Read a digest for telling; the same digest, limits and links always give the same outline."""
    local = digest.created_at.astimezone(digest.subscription.zone)
    year = local.year
    trials = {story.trial.trial for story in digest.stories if not story.is_of_search}
    levels = tuple(tally(digest).items())
    newcomers = tuple(_newcomer(story, limits) for story in digest.stories if story.is_of_search)
    places = [f"in {len(trials)} of {plural(digest.watched, 'trial')}"] if levels else []
    scope = "; ".join([*places, *in_searches(digest)]) or _quiet(digest)
    levels_told = tuple(sections(digest, limits, links))
    return Outline(
        subject=subject(digest),
        name=digest.subscription.name,
        day=f"{local:%a} {local.day} {local:%b} {local.year}",
        tally=levels,
        scope=scope,
        freshness=tuple(freshness(source, year) for source in digest.sources),
        preheader=clip("; ".join(_loudest(digest)) or scope, 180),
        sections=levels_told,
        newcomers=newcomers[: limits.items],
        more_newcomers=_more_newcomers(digest, len(newcomers) - limits.items),
        attention=_listed([clip(words, limits.clip) for words in _attention(digest)], limits),
        before=_listed(
            list(_before(digest, limits)), limits, most=_QUIET, where=command_for(digest, "minor")
        ),
        watching=_listed([_notice(notice, limits) for notice in digest.baselines], limits, most=_QUIET),
        unread=_unread(digest, limits),
        folded=_folded(digest),
        covers=_covers(digest),
        cadence=digest.subscription.cadence,
        page=links.digest(digest.id) if links else "",
        shortened=limits != Limits() or any(one.more for one in levels_told),
        worst=worst(digest, limits),
        behind=_behind(digest, year),
        clock=tuple(_clock(digest, limits)),
        clock_caveat=digest.readouts.caveat if digest.readouts else "",
    )


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
    if digest.unread:
        read = max(digest.watched - len(digest.unread), 0)
        if not read:
            return f"None of {plural(digest.watched, 'trial')} could be read"
        return f"Nothing{louder} in the {plural(read, 'trial')} that could be read"
    said = f"nothing{louder} in {plural(digest.watched, 'trial')}"
    return said.capitalize() if digest.notices else f"All quiet: {said}"


def _attention(digest: Digest) -> Iterator[str]:
    """Notices, and what is still held where the notice of it was told before."""
    yield from (notice.message for notice in digest.notices)
    if digest.held and all(notice.kind != "hold" for notice in digest.notices):
        changes = plural(digest.held, "change")
        yield f"{changes} still held as a suspected reformatting: `trialwire digest list` shows what and why."


def _notice(notice: Notice, limits: Limits) -> str:
    return clip(notice.message, limits.clip)


def _behind(digest: Digest, year: int) -> str:
    """`3 trials could not be read, the longest since 18 Nov 09:00 UTC`."""
    if not digest.unread:
        return ""
    many = len(digest.unread) > 1
    words = f"{plural(len(digest.unread), 'trial')} could not be read"
    checked = [state.checked_at for state in digest.unread if state.checked_at]
    if not checked:
        return f"{words} yet"
    first = min(checked)
    since = day_words(first.date()).removesuffix(f" {year}")
    return f"{words}{', the longest' if many else ''} since {since} {first:%H:%M} UTC"


def _clock(digest: Digest, limits: Limits) -> Iterator[ClockList]:
    if digest.readouts is None:
        return
    most = min(_ON_THE_CLOCK, limits.items)
    for one in digest.readouts.lists:
        items = tuple(_readout(readout, limits) for readout in one.items[:most])
        yield ClockList(f"{one.title} ({one.total:,})", items, one.total - len(items))


def _readout(one: Readout, limits: Limits) -> Mention:
    said = " ".join(part for part in (one.text, one.slips) if part)
    title = clip(one.title, min(limits.clip, 60))
    return Mention(one.trial.id, one.url, clip(f"{title}: {said}", limits.clip))


def _listed(
    items: Sequence[str], limits: Limits, *, most: int | None = None, where: str = "trialwire status"
) -> tuple[str, ...]:
    shown = limits.items if most is None else min(most, limits.items)
    rest = len(items) - shown
    return (*items[:shown], f"and {rest:,} more: {where}") if rest > 0 else tuple(items)


def _before(digest: Digest, limits: Limits) -> Iterator[str]:
    for one in digest.before:
        yield clip(f"{one.trial.id} {clip(one.title, _TITLE)}: {one.words}", limits.clip)


def _unread(digest: Digest, limits: Limits) -> tuple[str, ...]:
    if not digest.unread:
        return (
            f"nothing: {plural(digest.watched, 'trial')} read" if digest.watched else "nothing is watched",
        )

    def words(state: TrialState) -> str:
        checked = f"last read {day_words(state.checked_at.date())}" if state.checked_at else "not read yet"
        title = f" {clip(state.title, _TITLE)}" if state.title else ""
        return f"{state.trial.id}{title}: {checked}"

    return _listed([words(state) for state in digest.unread], limits, most=_QUIET)


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
