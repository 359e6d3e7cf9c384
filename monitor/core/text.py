"""Registry text: Markdown to plain, word-level differences.

Text is read, never judged: what a difference means is for the rules. No function here loses a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rapidfuzz.distance import Indel

from monitor.core.record import Json

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
# A mark counts before un-escaping: `\*` is an asterisk of the sponsor's, `*` a bullet of the registry's.
# Since August 2025 typed lists come escaped (`1\) …`, `\- …`); before, they came bare.
_MARK = re.compile(r"^\s*(?:(?:[*•●▪◦·‣]|\\?[-–])(?:\s+|$)|\(?\d{1,3}(?:\\?\.\d{1,2})*\\?[.)]\s+)")
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_WORD = re.compile(r"\w+|[^\w\s.,;:!?()\[\]{}\"'“”‘’`*_•]")
_PLURAL = re.compile(r"(?<=[a-z]{3}[^\Wsu])s$")
_SAME_SIGNS = str.maketrans(
    {
        "≥": ">=",
        "≤": "<=",
        **dict.fromkeys("‐‑‒–—−", "-"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
    }
)
"""Signs written in two ways, and what shows as nothing."""


def unescape_markdown(text: str) -> str:
    """The text as people read it: Markdown escapes resolved, nothing else touched."""
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def markdown_form(text: str) -> str:
    """The comparison form of a markup field: no list marks, no escapes, single blanks."""
    return collapse(unescape_markdown("\n".join(_MARK.sub("", line) for line in text.split("\n"))))


def collapse(text: str) -> str:
    """Every run of white space as one blank, none at the ends."""
    return " ".join(text.split())


def unaccented(text: str) -> str:
    """The text with every letter as the plain one under it, and wide or joined signs as simple ones."""
    if text.isascii():
        return text
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


# -------------------------------------------------------------------------------------- differences


def similarity(old: str, new: str) -> float:
    """0 to 1: the share of words two texts have in common, in order.

    Case, punctuation and a plural or verbal -s do not count.
    """
    before, after = _words(old), _words(new)
    if before == after:
        return 1.0
    numbered = _numbered(*([_PLURAL.sub("", word) for word in words] for words in (before, after)))
    return float(Indel.normalized_similarity(*numbered))


def same_words(old: str, new: str) -> bool:
    """Do two texts differ in case, punctuation and list form at most?"""
    return _words(old) == _words(new)


def word_diff(old: str, new: str) -> list[Json]:
    """Word-level operations `["=", text]`, `["-", text]`, `["+", text]`, readable before minimal.

    Law: the `=` and `+` texts joined are `new`, the `=` and `-` texts joined are `old`.
    """
    return [[sign, text] for sign, text in _word_diff(old, new)]


@lru_cache(maxsize=64)
def _word_diff(old: str, new: str) -> tuple[tuple[str, str], ...]:
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    steps: list[tuple[str, str, str]] = []
    for step in Indel.opcodes(*_numbered(before, after)):
        removed = "".join(before[step.src_start : step.src_end])
        added = "".join(after[step.dest_start : step.dest_end])
        kind = "=" if step.tag == "equal" else "~"
        if steps and kind == "~" and steps[-1][0] == "~":
            steps[-1] = ("~", steps[-1][1] + removed, steps[-1][2] + added)
        else:
            steps.append((kind, removed, added))
    return tuple(_operations(_without_gaps(steps)))


def _without_gaps(steps: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Differences that only a blank or a short word holds apart, made one."""
    merged: list[tuple[str, str, str]] = []
    for index, (kind, removed, added) in enumerate(steps):
        gap = kind == "=" and 0 < index < len(steps) - 1 and len(_WORD.findall(removed)) <= 1
        joins = bool(merged) and merged[-1][0] == "~" and (gap or kind == "~")
        if joins:
            merged[-1] = ("~", merged[-1][1] + removed, merged[-1][2] + added)
        else:
            merged.append((kind, removed, added))
    return merged


def _operations(steps: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    for kind, removed, added in steps:
        if kind == "=":
            yield "=", removed
            continue
        if removed:
            yield "-", removed
        if added:
            yield "+", added


@lru_cache(maxsize=64)
def _words(text: str) -> tuple[str, ...]:
    """Kept for a while: of two texts it is asked whether they are the same, how alike they are, and where."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_SAME_SIGNS)
    return tuple(_WORD.findall(text.casefold()))


def _numbered(before: Sequence[str], after: Sequence[str]) -> tuple[list[int], list[int]]:
    """Words as small numbers: comparing those is quick, and never depends on Python's seeded hashes."""
    numbers: dict[str, int] = {}
    return (
        [numbers.setdefault(word, len(numbers)) for word in before],
        [numbers.setdefault(word, len(numbers)) for word in after],
    )
