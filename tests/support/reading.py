"""What a rendered digest says to who reads it, held against the outline it was written from."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from monitor.core.digest import Digest, Rendered
from monitor.core.folding import LADDER
from monitor.core.links import Links
from monitor.core.outline import Outline, outline
from monitor.render import uncoded


@dataclass
class Page(HTMLParser):
    """The words, links and tags of a page; hidden ones are left out."""

    words: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    depth: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        members = dict(attrs)
        self.tags.append((tag, members))
        if tag in ("style", "title", "script") or "display:none" in (members.get("style") or ""):
            self.depth += 1
        if tag == "a":
            self.links.append(members.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        """Leave what is hidden."""
        if self.depth and tag in ("style", "title", "script", "div"):
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        """Keep visible words."""
        if not self.depth:
            self.words.append(data)

    @property
    def text(self) -> str:
        """All visible words in one line."""
        return flat(" ".join(self.words))


def read(html: str) -> Page:
    """Parse a page."""
    page = Page()
    page.feed(html)
    page.close()
    return page


def flat(text: str) -> str:
    """Text in one line, with ordinary spaces."""
    return " ".join(text.replace("\u00a0", " ").split())


def facts(said: Outline) -> list[str]:
    """Every sentence and number an outline holds."""
    found = [said.name, said.day, said.scope, said.folded, said.covers, said.cadence, said.behind]
    found += [*said.freshness, *said.unread, said.attached, said.clock_caveat, said.more_newcomers]
    found += [uncoded(item) for item in (*said.attention, *said.watching)]
    found += [said.worst.text, said.worst.number] if said.worst and not said.worst.alone else []
    found += [words for one in said.newcomers for words in (one.search, one.number, one.text)]
    for one in said.clock:
        found += [one.title, *(f"{m.number} {m.text}" for m in one.items)]
        found += [f"and {one.more} more"] if one.more else []
    found += [f"{number} {level}" for level, number in said.tally]
    for section in said.sections:
        found += [section.level.upper(), section.more]
        for across in section.programmes:
            found += [across.headline, *(f"{m.number} {m.text}" for m in across.mentions)]
        for card in section.cards:
            found += [card.number, card.title, card.context, card.more]
            found += [words for one in card.pictures for row in one.rows for words in (row.label, row.text)]
            found += [one.title for one in card.pictures]
            for entry in card.entries:
                found += [entry.headline, entry.compare, *(line.text for line in entry.lines)]
                found += [f"and {entry.more} more in this version"] if entry.more else []
                found += [] if card.pictures else [b.date for line in entry.lines for b in line.bars]
                found += [text for line in entry.lines for _, text in line.spans]
    return [flat(fact) for fact in found if fact]


def said_in(digest: Digest, rendered: Rendered, links: Links | None = None) -> Outline:
    """The outline the rendered forms were written from."""
    closest: list[str] = []
    for limits in LADDER:
        said = outline(digest, limits, links)
        page = read(rendered.html).text
        if not (missing := [fact for fact in facts(said) if fact not in page]):
            return said
        closest = min(closest, missing, key=len) if closest else missing
    raise AssertionError(f"no outline is told in full by the HTML; the closest misses {closest}")


def addresses(said: Outline) -> set[str]:
    """Every address that text and HTML both have to lead to."""
    entries = [entry for section in said.sections for card in section.cards for entry in card.entries]
    found = {entry.compare_url for entry in entries} | {one.url for one in said.newcomers} | {said.page}
    found |= {m.url for section in said.sections for one in section.programmes for m in one.mentions}
    found |= {card.page for section in said.sections for card in section.cards}
    return {address for address in found | {m.url for one in said.clock for m in one.items} if address}


def named(said: Outline) -> set[str]:
    """Addresses behind a trial's number, which the text gives as a number."""
    found = {card.url for section in said.sections for card in section.cards}
    return found | ({said.worst.url} if said.worst and said.worst.number and not said.worst.alone else set())
