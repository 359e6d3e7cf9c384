"""A record as the registry's history API writes it: HTML where API v2 has Markdown, entities in every string.

The other way round than Trialwire reads it, and written apart from that: each can be held to the other.
"""

from __future__ import annotations

import html
import re

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
    blocks = re.split(r"\n\s*\n", markdown)
    if len(blocks) == 1 and not _ITEM.match(markdown):
        return _words(" ".join(markdown.split("\n")))
    return "".join(_block(block.split("\n")) for block in blocks)


def _block(lines: list[str]) -> str:
    if not _ITEM.match(lines[0]):
        return f"<p>{_words(' '.join(lines))}</p>"
    found, open_lists = "", list[tuple[int, str]]()
    for line in lines:
        item = _ITEM.match(line)
        if item is None:
            found += f"\n{_words(line.strip())}"
            continue
        depth, tag = len(item[1]), "ul" if item[2] == "*" else "ol"
        while open_lists and open_lists[-1][0] > depth:
            found += f"</li></{open_lists.pop()[1]}>"
        if open_lists and open_lists[-1][0] == depth:
            found += "</li>"
        else:
            open_lists.append((depth, tag))
            found += f"<{tag}>"
        found += f"<li>{_words(item[3])}"
    return found + "".join(f"</li></{tag}>" for _, tag in reversed(open_lists))
