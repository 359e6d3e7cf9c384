"""HTML of a registry's history as the Markdown of its record, so that one text has one form in both.

It knows the handful of tags such texts hold and leaves everything else that looks like one alone: `<5` and
`a <c and d>` are words of the sponsor's, which is why no HTML parser reads them. It decides no difference.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_BLOCK = "p|ul|ol|li|br|div"
_INLINE = "a|b|i|u|em|strong|sub|sup|span|mark|tt|pre|code"
# An attribute may hold a closing bracket inside its quotes; no opening one, so that no search goes past it.
_ATTRIBUTES = r"(?:\s(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)?"
_TAG = re.compile(rf"(<(/?)({_BLOCK}|{_INLINE}){_ATTRIBUTES}\s*/?>)", re.I)
_BLOCKS = frozenset(_BLOCK.split("|"))
# Not `html.unescape` of everything: `&copy=1` in an address is no entity here, for it has no semicolon.
ENTITY = re.compile(r"(?<!\\)&(?:#\d{1,7}|#x[0-9a-f]{1,6}|lt|gt|amp|quot|apos|nbsp);", re.I)
"""A character of HTML by its number or name, not escaped as Markdown."""
_COMMENT = re.compile(r"[ \t]*<!--[ \t]*-->[ \t]*\n?")
_SPECIAL = re.compile(r"([\\*_\[\]<>^~&|`])")
# What would begin a list item at the start of a line, and is said to be words by being escaped.
_LIKE_A_MARK = re.compile(r"^(?:([-+])(?=\s|$)|(\d+)([.)])(?=\s|$))")


def from_html(text: str) -> str:
    """The Markdown of an HTML text: paragraphs, lists and nested lists keep their shape, words their letters.

    White space in running text is one blank, inline tags leave no trace, what Markdown would read as markup
    is escaped.
    """
    writer = _Writer()
    pieces = _TAG.split(without_comments(text))
    for said, tag in zip(pieces[::4], [*_tags(pieces), None], strict=True):
        writer.words(said)
        if tag is not None:
            writer.tag(tag[0], closing=tag[1])
    return writer.finished()


def plain_from_html(text: str) -> str:
    """The words of an HTML text on one line: blocks stand apart, inline tags leave no trace."""
    said = _TAG.sub(_gap, text) if "<" in text else text
    return " ".join(without_entities(" ".join(said.split())).split())


def without_comments(text: str) -> str:
    """The text without `<!-- -->`, by which two lists that follow each other are parted."""
    return _COMMENT.sub("", text) if "<!--" in text else text


def without_entities(text: str) -> str:
    """The text with HTML entities as the characters they stand for, each resolved once."""
    return ENTITY.sub(_character, text) if "&" in text else text


def _tags(pieces: list[str]) -> Iterator[tuple[str, bool]]:
    for closing, name in zip(pieces[2::4], pieces[3::4], strict=True):
        yield name.lower(), closing == "/"


def _gap(found: re.Match[str]) -> str:
    return " " if found[3].lower() in _BLOCKS else ""


def _character(found: re.Match[str]) -> str:
    return html.unescape(found.group().lower())


@dataclass(slots=True)
class _Level:
    """A list that is open: its kind, and how many items it has had."""

    ordered: bool
    items: int = 0
    width: int = 0
    """Of the last item's mark: what stands under the item is indented by it."""


@dataclass(slots=True)
class _Writer:
    lines: list[str] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """The words of the block being read."""
    mark: str = ""
    """Of an item whose first words are still to come."""
    tight: bool = True
    """Does the next block follow the last without an empty line?"""

    def words(self, text: str) -> None:
        if text:
            self.said.append(text)

    def tag(self, name: str, *, closing: bool) -> None:
        if name not in _BLOCKS:
            return
        self._flush()
        match name:
            case "br":
                self.tight = True
            case "li" if not closing:
                self._open_item()
            case "ul" | "ol" if not closing:
                self.tight = False
                self.levels.append(_Level(ordered=name == "ol"))
            case "ul" | "ol":
                if self.levels:
                    self.levels.pop()
                self.mark, self.tight = "", False
            case "li":
                self.mark, self.tight = "", True
            case _:
                self.tight = self.tight and bool(self.mark)

    def finished(self) -> str:
        self._flush()
        return "\n".join(self.lines)

    def _open_item(self) -> None:
        if not self.levels:
            self.levels.append(_Level(ordered=False))
        level = self.levels[-1]
        self.tight = self.tight or level.items > 0
        level.items += 1
        self.mark = f"{level.items}. " if level.ordered else "* "
        level.width = len(self.mark)

    def _flush(self) -> None:
        """The block read so far as one line, under its mark, at its depth."""
        said = " ".join("".join(self.said).split())
        self.said.clear()
        said = " ".join(without_entities(said).split())
        if not said:
            return
        if self.lines and not self.tight:
            self.lines.append("")
        depth = sum(level.width for level in self.levels) - len(self.mark)
        self.lines.append(" " * depth + self.mark + _escaped(said))
        self.mark, self.tight = "", False


def _escaped(said: str) -> str:
    marked = _LIKE_A_MARK.match(said)
    safe = _SPECIAL.sub(r"\\\1", said)
    if marked is None:
        return safe
    return f"\\{safe}" if marked[1] else f"{marked[2]}\\{safe[len(marked[2]) :]}"
