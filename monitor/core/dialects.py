"""How a phrase is written where it is read: Slack's, Teams' and Discord's markup, HTML, or plain text.

A phrase is pieces of text with a mark and perhaps a link. Everything but our own marks is escaped, so that
registry text calls nobody, hides no address behind words and begins no list: Slack by its three entities (no
other escape exists there), Markdown by backslashes, HTML by entities. Which pieces there are is not decided
here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import quote

from monitor.core.phrases import clean

Mark: TypeAlias = Literal["", "strong", "struck", "added", "code"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text; blanks at its edges stay outside of its mark."""

    text: str
    mark: Mark = ""
    url: str = ""


Phrase: TypeAlias = tuple[Piece, ...]
"""One line."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of writing."""

    escape: Callable[[str], str]
    link: Callable[[str, str], str]
    """Of words, written already, and an address."""
    marks: Mapping[Mark, tuple[str, str]]
    spoilers: frozenset[str] = frozenset()
    """Characters that would end a mark and cannot be escaped: words that hold one get plain marks."""
    code: Callable[[str], str] | None = None
    """How text between code marks is escaped; as all other text where not given."""


_PLAIN_MARKS: Mapping[Mark, tuple[str, str]] = {"struck": ("[-", "-]"), "added": ("{+", "+}")}
_MARKDOWN = re.compile(r"([\\`*_~|{}\[\]<>#@&]|:(?=//))")
_LIKE_A_BULLET = re.compile(r"^([-+])(?=\s|$)")
_LIKE_A_NUMBER = re.compile(r"^(\d+)([.)])(?=\s|$)")


def written(phrase: Phrase, dialect: Dialect) -> str:
    """The phrase in a dialect, on one line."""
    return "".join(_piece(piece, dialect) for piece in phrase)


def _piece(piece: Piece, dialect: Dialect) -> str:
    text = clean(piece.text)
    if not text:
        return " " if piece.text else ""
    before, after = " " * piece.text[:1].isspace(), " " * piece.text[-1:].isspace()
    left, right = dialect.marks.get(piece.mark, ("", ""))
    if left and dialect.spoilers & set(text):
        left, right = _PLAIN_MARKS.get(piece.mark, ("", ""))
    is_code = bool(left) and piece.mark == "code"
    said = dialect.code(text) if is_code and dialect.code else dialect.escape(text)
    address = web_address(piece.url)
    return f"{before}{left}{dialect.link(said, address) if address else said}{right}{after}"


def web_address(url: str) -> str:
    """The address with everything percent-encoded that could end it early; empty where it is none."""
    return quote(url, safe=":/?#!$&'*+,;=%~-._") if url.startswith(("https://", "http://")) else ""


def markdown(text: str) -> str:
    """Text that reads the same in Markdown, whatever it contains; an address in it is no link."""
    safe = _MARKDOWN.sub(r"\\\1", text)
    return _LIKE_A_NUMBER.sub(r"\1\\\2", _LIKE_A_BULLET.sub(r"\\\1", safe))


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _no_backtick(text: str) -> str:
    return text.replace("`", "'")


def _bracketed(words: str, url: str) -> str:
    return f"[{words}]({url})"


PLAIN = Dialect(escape=str, link=lambda words, url: f"{words} ({url})", marks=_PLAIN_MARKS)
SLACK = Dialect(
    escape=_slack,
    link=lambda words, url: f"<{_slack(url)}|{words}>",
    marks={"strong": ("*", "*"), "struck": ("~", "~"), "added": ("*", "*"), "code": ("`", "`")},
    spoilers=frozenset("*~`"),
)
TEAMS = Dialect(
    escape=markdown,
    link=_bracketed,
    # An adaptive card knows no struck text; an open bracket would begin a link with what follows.
    marks={"strong": ("**", "**"), "struck": ("\\[-", "-\\]"), "added": ("{+", "+}")},
)
DISCORD = Dialect(
    escape=markdown,
    link=_bracketed,
    marks={"strong": ("**", "**"), "struck": ("~~", "~~"), "added": ("__", "__"), "code": ("`", "`")},
    code=_no_backtick,
)
HTML = Dialect(
    escape=html.escape,
    link=lambda words, url: f'<a href="{html.escape(url)}">{words}</a>',
    marks={
        "strong": ("<strong>", "</strong>"),
        "struck": ("<del>", "</del>"),
        "added": ("<ins>", "</ins>"),
        "code": ("<code>", "</code>"),
    },
)
