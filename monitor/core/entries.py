"""One story as lines: its headline and what it rests on, the worst first, nothing said twice.

`Limits` bound how much is said in full; what gets no line is counted. Nothing here knows of a digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from monitor.core.change import LEVELS, at_least
from monitor.core.contradictions import is_contradiction
from monitor.core.partial_date import PartialDate
from monitor.core.phrases import SOURCES, Span, clip, clip_span, day_words, diff_spans
from monitor.core.record import Json
from monitor.core.recorded import RecordedChange
from monitor.core.repeats import bare, gives_reason, news_of, without_reason
from monitor.core.stories import Story


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is said in full."""

    stories: int = 200
    entries: int = 8
    """Stories of one trial at one level."""
    lines: int = 12
    """Lines of one story."""
    quiet: int = 3
    """Lines of minor changes in a louder story, or of sites."""
    clip: int = 600
    """Characters of one sentence."""
    spans: int = 40
    """Runs of changed and unchanged words in one long text."""
    items: int = 40
    """Entries of one list: first sights, unread trials, notices."""


BACK_AGAIN = "Back again"
"""Says that what changed was taken back."""
AT_ODDS = "Does not fit together"
"""Says that the record contradicts itself."""
_SUMMED = frozenset({"results", "sites"})
"""Kinds of stories whose details are sums over their changes, and come first."""
_LABEL = re.compile(r"^(.*?)[:,] (?:added |removed )?[\"“]")
"""What a re-worded text is called, before its old and new words."""
_ABOVE = "The rest of it is told above, with other trials."


@dataclass(frozen=True, slots=True)
class Bar:
    """The time left to a date, as a share of the longest in its group."""

    name: str
    share: float
    date: str


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, perhaps with the words that changed, or bars of the time left."""

    text: str
    spans: tuple[Span, ...] = ()
    bars: tuple[Bar, ...] = ()
    bars_from: str = ""
    """The day the bars begin at."""
    is_all_marked: bool = False
    """Do the spans hold every word that changed?"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One story of a trial: its headline and what it rests on."""

    headline: str
    lines: tuple[Line, ...]
    more: int
    """Changes of the story that got no line."""
    compare: str = ""
    compare_url: str = ""


def linked_once(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Two stories of the same two versions share the link of the last one."""
    for index, entry in enumerate(entries):
        again = any(entry.compare_url == later.compare_url for later in entries[index + 1 :])
        yield replace(entry, compare="", compare_url="") if again else entry


def headline_of(story: Story) -> str:
    """The story's headline; what was taken back and what cannot be so is named as such."""
    changes = sorted(story.own, key=lambda change: LEVELS.index(change.significance))
    # What a programme tells above is not said again: the story begins with what is its own.
    said = changes[0].summary if story.above and changes else story.finding.headline
    if story.finding.net == "reverted":
        return f"{BACK_AGAIN}: {said}"
    return f"{AT_ODDS}: {said}" if is_contradiction(said) else said


def entry(story: Story, limits: Limits) -> Entry:
    """The story, its loud changes before its quiet ones, within the limits."""
    changes = sorted(story.own, key=lambda change: LEVELS.index(change.significance))
    loud = [change for change in changes if not _is_quiet(story, change)]
    quiet = changes[len(loud) :]
    if story.finding.kind == "status":
        # The headline has the numbers: from what to what is the first to add.
        loud.sort(key=lambda change: change.category != "status")
    told = [_line(change, limits) for change in loud]
    details = [Line(clip(_detail(detail), limits.clip)) for detail in story.finding.details]
    told = [*details, *told] if story.finding.kind in _SUMMED else [*told, *details]
    told += [_line(change, limits) for change in quiet[: limits.quiet]]
    told += [Line(_ABOVE)] if story.above else []
    told += [Line(clip(story.earlier, limits.clip))] if story.earlier else []
    said = headline_of(story)
    is_below = any(gives_reason(line.text) for line in told)
    headline = clip(without_reason(said) if is_below else said, limits.clip)
    lines = _unsaid(headline, told)
    hidden = max(0, len(lines) - limits.lines) + len(quiet[limits.quiet :])
    compare, compare_url = _compare(story) if _is_loud(story) else ("", "")
    return Entry(headline, tuple(lines[: limits.lines]), hidden, compare, compare_url)


def _detail(sentence: str) -> str:
    return f"{AT_ODDS}: {sentence}" if is_contradiction(sentence) else sentence


def _is_loud(story: Story) -> bool:
    """Is it worth a link to the two versions side by side?"""
    return at_least(story.level or "noise", "major")


def _is_quiet(story: Story, change: RecordedChange) -> bool:
    """A minor change in a louder story, or one site of many: a few of them show what the rest is like."""
    beside = _is_loud(story) or change.category == "sites"
    return beside and not at_least(change.significance, "major")


def _line(change: RecordedChange, limits: Limits) -> Line:
    operations = diff_spans(change.facts.get("text_diff"))
    spans = tuple(clip_span(span, limits.clip) for span in operations[: limits.spans])
    bars = _bars(change)
    begins = day_words(change.stamp.observed_at.date()) if bars else ""
    whole = all(len(text.strip()) <= limits.clip for _, text in operations)
    marked = whole and len(operations) <= limits.spans
    return Line(clip(change.summary, limits.clip), spans, bars, begins, marked)


def _unsaid(headline: str, lines: Sequence[Line]) -> list[Line]:
    """The lines without what the headline or a longer line says already; marks and bars stay."""
    said = [bare(line.text) for line in lines]
    kept: list[Line] = []
    for line in lines:
        own = bare(line.text)
        is_told = any(own in other and own != other for other in said) or own in (bare(k.text) for k in kept)
        line = replace(line, text="" if is_told else news_of(line.text, headline))
        if line.text or line.spans or line.bars:
            kept.append(line)
    return [_labelled(line) for line in kept]


def _labelled(line: Line) -> Line:
    """Only the label of a text whose changed words are all marked below it."""
    found = _LABEL.match(line.text) if line.spans and line.is_all_marked else None
    return replace(line, text=f"{found[1]}:") if found else line


def _bars(change: RecordedChange) -> tuple[Bar, ...]:
    """Time left to an estimated primary completion before and after, seen from the day we saw it."""
    if change.field != "status.primaryCompletionDate" or not at_least(change.significance, "major"):
        return ()
    named = (
        ("first", change.facts.get("first_date")),
        ("before", change.body.get("old")),
        ("now", change.body.get("new")),
    )
    dates = [(name, when) for name, value in named if (when := _estimated(value)) is not None]
    if [name for name, _ in dates[:2]] == ["first", "before"] and dates[0][1] == dates[1][1]:
        dates = dates[1:]
    seen = change.stamp.observed_at.date()
    left = {name: (when.midpoint - seen).days for name, when in dates}
    if not {"before", "now"} <= left.keys() or min(left["before"], left["now"]) < 31:
        return ()
    longest = max(left.values())
    return tuple(Bar(name, left[name] / longest, day_words(when)) for name, when in dates if left[name] > 0)


def _estimated(value: Json) -> PartialDate | None:
    match value:
        case {"date": str(text), "type": "ESTIMATED"} | str(text):
            return PartialDate.parse(text)
    return None


def _compare(story: Story) -> tuple[str, str]:
    """Where the registry itself shows the two versions beside each other, where it can."""
    names = SOURCES.get(story.finding.trial.registry)
    for change in story.lines:
        stamp = change.stamp
        if names and names.compare and stamp.version_from and stamp.version_to:
            url = names.compare.format(url=stamp.url, a=stamp.version_from, b=stamp.version_to)
            return f"v{stamp.version_from} → v{stamp.version_to}", url
    return "", ""
