"""A record as the registry's history API writes it: HTML where API v2 has Markdown, entities in every string.

The other way round than Trialwire reads it, and written apart from that: each can be held to the other.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from monitor.core.record import Json
from monitor.registries.ctgov.past import is_markup

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_ITEM = re.compile(r"( *)(\*|\d+\.) +(.*)")
_SENTENCE_END = re.compile(r"\. (?=\S)")


def as_html(value: Json, name: str = "", under: str = "") -> Json:
    """The value with every string in the history's form; `name` is the member it is, `under` its parent's."""
    match value:
        case str():
            return _document(value) if is_markup(name, under) else _encoded(value)
        case list():
            return [as_html(item, name, under) for item in value]
        case dict():
            return {inner: as_html(member, inner, name) for inner, member in value.items()}
        case _:
            return value


def _encoded(text: str) -> str:
    return html.escape(text).replace("/", "&#x2F;")


def _words(markdown: str) -> str:
    """Running text breaks after each sentence, as it does since August 2025."""
    return _SENTENCE_END.sub(".\n", _encoded(_ESCAPE.sub(r"\1", markdown)))


def _document(markdown: str) -> str:
    """Line by line: an item opens at its depth, a line after a gap is a paragraph of what it stands under."""
    if "\n" not in markdown and not _ITEM.match(markdown):
        return _words(markdown)
    writer = _Writer()
    for line in markdown.split("\n"):
        item = _ITEM.match(line)
        if item is not None:
            writer.item(len(item[1]), "ul" if item[2] == "*" else "ol", item[3])
        else:
            writer.line(len(line) - len(line.lstrip()), line.strip())
    return writer.finished()


class _Writer:
    def __init__(self) -> None:
        self._html = ""
        self._lists: list[tuple[int, str]] = []
        self._paragraph: list[str] = []

    def item(self, depth: int, tag: str, said: str) -> None:
        self._end_paragraph()
        self._close(lambda open_depth: open_depth > depth)
        if self._lists and self._lists[-1] == (depth, tag):
            self._html += "</li>"
        else:
            self._close(lambda open_depth: open_depth >= depth)
            self._lists.append((depth, tag))
            self._html += f"<{tag}>"
        self._html += "<li>"
        self._paragraph = [said]

    def line(self, depth: int, said: str) -> None:
        if not said:
            self._end_paragraph()
            return
        if not self._paragraph:
            self._close(lambda open_depth: open_depth >= depth)
        self._paragraph.append(said)

    def finished(self) -> str:
        self._end_paragraph()
        self._close(lambda _: True)
        return self._html

    def _end_paragraph(self) -> None:
        if self._paragraph:
            self._html += f"<p>{_words(' '.join(self._paragraph))}</p>"
            self._paragraph = []

    def _close(self, ends: Callable[[int], bool]) -> None:
        while self._lists and ends(self._lists[-1][0]):
            self._html += f"</li></{self._lists.pop()[1]}>"
