"""A digest in blocks, for chats and feeds: the outline without layout, and as much of it as a target takes.

What a target will not take is folded as in mail: ever less is said in full, and the rest is counted, with the
command or the page that shows it. No sentence is cut to fit but at a word, with an ellipsis; the last form is
one line. Nothing here knows a target: it is handed in what one takes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from monitor.core.change import Significance
from monitor.core.dialects import PLAIN, Mark, Phrase, Piece, written
from monitor.core.digest import Digest, tally
from monitor.core.entries import Entry, Limits
from monitor.core.links import Links
from monitor.core.outline import Across, Card, Outline, Section, command_for, outline
from monitor.core.phrases import Span, clip, plural

Made = TypeVar("Made")

STEPS: tuple[Limits, ...] = (
    Limits(stories=30, entries=4, lines=6, clip=400, spans=16, items=12),
    Limits(stories=24, entries=4, lines=4, clip=300, spans=12, items=10),
    Limits(stories=18, entries=3, lines=3, clip=240, spans=10, items=8),
    Limits(stories=14, entries=3, lines=2, quiet=2, clip=200, spans=8, items=6),
    Limits(stories=10, entries=2, lines=2, quiet=1, clip=180, spans=6, items=5),
    Limits(stories=7, entries=2, lines=1, quiet=1, clip=160, spans=0, items=4),
    Limits(stories=5, entries=1, lines=1, quiet=0, clip=140, spans=0, items=3),
    Limits(stories=3, entries=1, lines=0, quiet=0, clip=120, spans=0, items=2),
    Limits(stories=1, entries=1, lines=0, quiet=0, clip=100, spans=0, items=1),
)
"""Ever less in full; a chat is read on the way, so it begins with less than mail does."""
HEADLINES: tuple[Limits, ...] = tuple(
    Limits(stories=number, entries=1, lines=0, quiet=0, clip=clip, spans=0, items=1)
    for number, clip in ((8, 120), (5, 120), (3, 100), (2, 80), (1, 80))
)
"""For targets that take a few hundred characters: nothing but the headlines of the worst."""

_READOUTS = 3
"""Trials of one kind named on the readout clock."""
_AMPLE = 6
"""Limits of so many items to a list leave room for more than counts."""
_COUNTED = re.compile(r"and [\d,]+ more: trialwire [a-z ]+")
_SPAN_MARKS: dict[str, Mark] = {"=": "", "-": "struck", "+": "added"}


@dataclass(frozen=True, slots=True)
class Item:
    """Something told: a trial with its stories, an edit of several trials, or a line of a list."""

    heading: Phrase
    lines: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Items under a title."""

    title: str
    items: tuple[Item, ...]
    level: Significance | None = None
    more: Phrase = ()
    """How much more there is, with what shows it; empty where all is said."""


@dataclass(frozen=True, slots=True)
class Brief:
    """A digest in blocks."""

    title: str
    """The subject line."""
    lead: tuple[Phrase, ...]
    """How many of which level, and how new the data is."""
    blocks: tuple[Block, ...]
    foot: tuple[Phrase, ...]


def fitted(
    digest: Digest,
    links: Links | None,
    build: Callable[[Brief], Made],
    fits: Callable[[Made], bool],
    *,
    steps: Sequence[Limits] = STEPS,
) -> Made:
    """What `build` makes of the longest brief that `fits`, or of one line where none does.

    The one line is not asked about: whoever builds from it must be able to send it.
    """
    for style, ladder in ((brief, steps), (compact, HEADLINES)):
        for limits in ladder:
            made = build(style(digest, outline(digest, limits, links), limits))
            if fits(made):
                return made
    return build(in_short(digest, links))


def brief(digest: Digest, said: Outline, limits: Limits) -> Brief:
    """The outline of the digest, made within these limits, in blocks."""
    blocks = (
        *_listed("Needs attention", said.attention),
        *(_told(section) for section in said.sections),
        *_newcomers(said),
        *_clock(said, _READOUTS if limits.items >= _AMPLE else 0),
        *_listed("Told before", said.before),
        *_listed("First sight", said.watching),
        *_listed("Could not check", said.unread if digest.unread else ()),
    )
    return Brief(clip(said.subject, 200), tuple(_lead(said)), blocks, tuple(_foot(digest, said)))


def compact(digest: Digest, said: Outline, limits: Limits) -> Brief:  # noqa: ARG001 - the shape of a style
    """Headlines alone, and one line that counts all the rest."""
    items, news = [Item(_line(line)) for line in said.attention], 0
    for section in said.sections:
        for headline, stories in _headlines(digest, section):
            items.append(Item(headline))
            news += stories
    rest = sum(tally(digest).values()) - news
    counts = (
        (rest, f"{rest:,} more"),
        (len(digest.baselines), f"{plural(len(digest.baselines), 'first sight')}"),
        (len(digest.unread), f"{len(digest.unread):,} could not be checked"),
        (digest.folded, f"{plural(digest.folded, 'change')} not shown"),
    )
    words = "; ".join(said for number, said in counts if number)
    show = _page(said) or (Piece(_command(digest), "code"),)
    foot: Phrase = show if news else ()
    if words:
        foot = (Piece(f"and {words}: " if items else f"{words}: "), *show)
    return Brief(
        clip(said.subject, 200), tuple(_lead(said)), (Block("", tuple(items)),), (foot,) if foot else ()
    )


def _headlines(digest: Digest, section: Section) -> Iterator[tuple[Phrase, int]]:
    """What a level tells, a line each, and how many stories each line stands for."""
    of_level = [story for story in digest.stories if story.level == section.level and not story.is_of_search]
    stories = Counter(story.trial.trial.id for story in of_level)
    for one in section.programmes:
        if one.folded:
            for mention in one.mentions:
                yield (Piece(mention.number, "strong"), Piece(f" {mention.text}")), stories[mention.number]
        else:
            yield (Piece(one.headline),), one.stories
    for card in section.cards:
        for entry in card.entries:
            yield (Piece(card.number, "strong"), Piece(f" {entry.headline}")), 1


def in_short(digest: Digest, links: Links | None = None) -> Brief:
    """The digest in a line or two: the worst of it, with how to read all; the subject counts the rest."""
    said = outline(digest, HEADLINES[-1], links)
    worst = ((Piece(clip(said.worst.text, 100)),),) if said.worst else ()
    show = _page(said) or (Piece(_command(digest), "code"),)
    return Brief(clip(said.subject, 120), worst, (), (show,))


def as_text(said: Brief) -> str:
    """A brief as plain text, for targets that know no marks."""
    lines = [written(phrase, PLAIN) for phrase in said.lead]
    for block in said.blocks:
        lines += ["", block.title.upper()] if block.title else []
        for item in block.items:
            lines.append(_plain(item.heading))
            lines += [f"· {_plain(phrase)}" for phrase in item.lines]
        lines += [written(block.more, PLAIN)] if block.more else []
    return "\n".join([*lines, "", *(written(phrase, PLAIN) for phrase in said.foot)]).strip()


def _plain(phrase: Phrase) -> str:
    """A line of plain text, where an address before a sentence would take the room of one."""
    return written((*(replace(piece, url="") for piece in phrase[:-1]), *phrase[-1:]), PLAIN)


def _command(digest: Digest) -> str:
    return clip(command_for(digest, digest.subscription.min_significance), 200)


def _foot(digest: Digest, said: Outline) -> Iterator[Phrase]:
    if said.folded:
        yield _commanded(said.folded)
    if said.marks:
        yield (
            Piece("Struck", "struck"),
            Piece(" words were removed, "),
            Piece("these", "added"),
            Piece(" added."),
        )
    if not digest.unread:
        yield (Piece(f"Could not check: {said.unread[0]}."),)
    yield (Piece(said.covers),)
    if said.page:
        yield _page(said)


def _lead(said: Outline) -> Iterator[Phrase]:
    tally: list[Piece] = []
    for level, number in said.tally:
        tally += [Piece(" · ")] if tally else []
        tally.append(Piece(f"{number:,} {level}", "strong"))
    yield (*tally, Piece(f" {clip(said.scope, 400)}" if tally else clip(said.scope, 400)))
    for source in said.freshness:
        yield (Piece(clip(source, 300)),)


def _told(section: Section) -> Block:
    across = (_across(one) for one in section.programmes)
    cards = (_card(card) for card in section.cards)
    return Block(section.level.capitalize(), (*across, *cards), section.level, _commanded(section.more))


def _across(one: Across) -> Item:
    lines: list[Phrase] = [
        (Piece(mention.number, url=mention.url), Piece(f" {mention.text}")) for mention in one.mentions
    ]
    if one.more:
        lines.append((Piece(f"and {plural(one.more, 'more trial')}"),))
    return Item((Piece(one.headline, "strong"),), tuple(lines))


def _card(card: Card) -> Item:
    title = f" {card.title}" + (f" · {card.context}" if card.context else "")
    lines = [line for entry in card.entries for line in _entry(entry, card.number)]
    lines += [(Piece(picture.alternative),) for picture in card.pictures]
    lines += [_commanded(card.more)] if card.more else []
    lines += [(Piece("history", url=card.page),)] if card.page else []
    return Item((Piece(card.number, "strong", card.url), Piece(title)), tuple(lines))


def _entry(entry: Entry, number: str) -> Iterator[Phrase]:
    yield (Piece(entry.headline, "strong"),)
    for line in entry.lines:
        bars = "; ".join(f"{bar.name} {bar.date}" for bar in line.bars) if not line.text else ""
        text = line.text or bars
        spans = _spans(line.spans)
        if text or spans:
            yield (*((Piece(text),) if text else ()), *((Piece(" "),) if text and spans else ()), *spans)
    if entry.more:
        yield _commanded(f"and {entry.more:,} more in this version: trialwire history {number}")
    if entry.compare_url:
        yield (Piece(f"compare {entry.compare}", url=entry.compare_url),)


def _spans(spans: Sequence[Span]) -> Phrase:
    return tuple(Piece(text, _SPAN_MARKS[sign]) for sign, text in spans)


def _newcomers(said: Outline) -> Iterator[Block]:
    if not (said.newcomers or said.more_newcomers):
        return
    items = tuple(
        Item(
            (Piece(one.search, "strong"), Piece(": "), Piece(one.number, url=one.url), Piece(f" {one.text}"))
        )
        for one in said.newcomers
    )
    yield Block("New in your searches", items, more=_commanded(said.more_newcomers))


def _clock(said: Outline, most: int) -> Iterator[Block]:
    """The readout clock: each list with its count, and the first of it."""
    items = []
    for one in said.clock:
        lines: list[Phrase] = [
            (Piece(readout.number, url=readout.url), Piece(f" {readout.text}"))
            for readout in one.items[:most]
        ]
        rest = one.more + len(one.items) - len(lines)
        lines += [(Piece(f"and {rest:,} more"),)] if lines and rest else []
        items.append(Item((Piece(one.title, "strong"),), tuple(lines)))
    if items:
        caveat = (Piece(said.clock_caveat),) if said.clock_caveat else ()
        yield Block("Readout clock", tuple(items), more=caveat)


def _listed(title: str, lines: Sequence[str]) -> tuple[Block, ...]:
    return (Block(title, tuple(Item(_line(line)) for line in lines)),) if lines else ()


def _line(text: str) -> Phrase:
    """A line of a list; what is no count of ours may hold a registry's words and names no command."""
    return _commanded(text) if _COUNTED.fullmatch(text) else (Piece(text),)


def _commanded(text: str) -> Phrase:
    """A sentence of ours that ends with a command, marked as one, or an address, to which it leads."""
    words, colon, address = text.partition(": http")
    if colon:
        return (Piece(words, url=f"http{address}"),)
    words, colon, command = text.partition(": trialwire ")
    if not colon:
        return (Piece(text),) if text else ()
    return (Piece(f"{words}: "), Piece(f"trialwire {command}", "code"))


def _page(said: Outline) -> Phrase:
    return (Piece("All of this digest", url=said.page),) if said.page else ()
