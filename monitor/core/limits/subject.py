"""What a criterion is about once its limits are left out: two wordings of one limit are one criterion.

Terms are put under one name (`ANC` for "absolute neutrophil count (ANC)"); words that say no more than that
something is measured do not count. Nothing is said here of how a limit moved.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from monitor.core.limits.reading import limits_in
from monitor.core.limits.terms import mentions

_WORD = re.compile(r"\w+(?:[-/]\w+)*|[≥≤<>]=?")
# fmt: off
_SAYS_NOTHING = frozenset({
    "a", "an", "and", "are", "as", "be", "by", "count", "counts", "defined", "has", "have", "is",
    "level", "levels", "must", "of", "participants", "patients", "performance", "ps", "score", "serum",
    "status", "subjects", "the", "value", "values", "with",
})
# fmt: on
_OF_SEVERAL_KINDS = frozenset(
    {
        "QTc",
        "lesion size",
        "measurable lesions",
        "pack-years",
        "prior lines of therapy",
        "relapses",
        "viral load",
    }
)
"""Terms whose spellings are not all of one thing: HIV RNA and HBV DNA, lines of this and of that therapy."""
_BRITISH = re.compile(r"is(?=(?:e|ed|es|ing|ations?)$)")
_CONDITIONS = frozenset({"for", "if", "in", "among", "unless", "when", "direct", "indirect", "only"})
"""Words that come or go with those whom a limit is for, or with what it is of."""
_OF_AGE = frozenset({"age", "aged", "old", "older", "or", "over", "years", "year", "adult", "adults"})
_LONGEST = 200
"""Characters of a criterion that may be about nothing but its limits."""
_WORDS, _DIFFERENT = 6, 4
"""How many other words either may have, and by how many they may differ."""


class Subject(NamedTuple):
    """The terms that are limited, and the other words of weight."""

    terms: frozenset[str]
    words: frozenset[str]


def same_subject(old: str, new: str) -> bool:
    """Are both about the limits of the same terms, and of little else?"""
    if max(len(old), len(new)) > _LONGEST:
        return False
    first, second = _subject(old), _subject(new)
    return (
        bool(first.terms)
        and first.terms == second.terms
        and not first.terms & _OF_SEVERAL_KINDS
        and max(len(first.words), len(second.words)) <= _WORDS
        and len(first.words ^ second.words) <= _DIFFERENT
    )


def same_but_terms(old: str, new: str) -> bool:
    """Do two texts say the same in the same order, whatever their terms are called?"""
    return _in_terms(old) == _in_terms(new)


def is_of_others(old: str, new: str) -> bool:
    """Is a short criterion, its limits apart, about others now: another measure, others on a condition?"""
    if max(len(old), len(new)) > _LONGEST:
        return False
    before, after = (
        frozenset(word.removesuffix("s") for word in _in_terms(text) if word not in _OF_AGE)
        for text in (old, new)
    )
    gained, lost = after - before, before - after
    return bool(gained and lost) or not _CONDITIONS.isdisjoint(gained | lost)


@lru_cache(maxsize=512)
def _subject(text: str) -> Subject:
    limits = limits_in(text)
    terms = frozenset(limit.what for limit in limits if limit.what and not limit.window)
    if not terms:
        return Subject(terms, frozenset())
    parts, at = [], 0
    for limit in sorted(limits, key=lambda limit: limit.bound.start):
        parts.append(text[at : limit.bound.start])
        at = max(at, limit.bound.end)
    named = {word for mention in mentions(text) for word in mention.term.name.casefold().split()}
    rest = _in_terms(" ".join([*parts, text[at:]]))
    return Subject(terms, frozenset(rest) - named)


def _in_terms(text: str) -> tuple[str, ...]:
    """Its words with every term under its name, once where it is named twice in a row."""
    parts, at = [], 0
    for mention in mentions(text):
        if mention.start >= at and mention.term.name not in _OF_SEVERAL_KINDS:
            parts += [text[at : mention.start], f" {mention.term.name} "]
            at = mention.end
    words: list[str] = []
    for word in _WORD.findall("".join(parts) + text[at:]):
        folded = _BRITISH.sub("iz", word.casefold())
        if folded not in _SAYS_NOTHING and words[-1:] != [folded]:
            words.append(folded)
    return tuple(words)
