"""Marks: the small signs in two names that make them two things, however alike the names are.

"Cohort 2" is not "Cohort 3", "PASI 75" not "PASI 90", "hypotension" not "hypertension". A mark on one side
only says nothing: names grow. Neither do marks of two kinds ("Arm 1" became "Arm A"), nor numbers that count
time, which an amendment may well change. And two names of which each has a word of substance for itself
("blood lipids", "blood metabolites") are hardly one. Nothing is known here of medicine but such words.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import fuzz

from monitor.core.catalogue import fold

_LABEL = re.compile(
    r"\b(cohort|part|arm|group|stage|phase|grade|period|level|step|sub-?study|segment|module|panel|stratum|"
    r"schedule|regimen|class|type|factor|visit|question|domain)s?\s*[#:\-]?\s*(\d+(?:\.\d+)?|[ivx]+|[a-z])\b"
)
_NAMED = re.compile(
    r"\b([A-Z][A-Za-z]*[A-Z]|[A-Z])(?:\s|-)?(\d+)(?![\d.])(?!\s*(?:[-–]\s*)?(?:h|d|w|m|y)\w*)"
)
_SCALE = re.compile(r"\b([A-Z]{2,})-([A-Z])\b")
_BELOW_ABOVE = {"<": "below", "≤": "below", ">": "above", "≥": "above"}
_EDITIONS = frozenset({"RECIST", "CTCAE", "DSM", "NCI", "WHO", "ICD"})
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8"}
_WORDS = re.compile(r"[^\W\d_]{2,}")
_TOKENS = re.compile(r"[\w\-]{2,}")
_SIDES = (
    ("left", "right"), ("upper", "lower"), ("systolic", "diastolic"), ("minimum", "maximum"),
    ("male", "female"), ("males", "females"), ("men", "women"), ("increase", "decrease"),
    ("increased", "decreased"), ("fasting", "postprandial"), ("anterior", "posterior"),
    ("proximal", "distal"), ("inhaled", "oral"), ("oral", "intravenous"), ("prenatal", "postnatal"),
    ("responders", "non-responders"), ("positive", "negative"), ("high", "low"), ("higher", "lower"),
    ("short-term", "long-term"), ("duration", "time"), ("partial", "complete"),
    ("experimental", "control"), ("active", "placebo"), ("inpatient", "outpatient"),
)  # fmt: skip
_PREFIXES = (("hypo", "hyper"), ("pre", "post"), ("mono", "bi"), ("intra", "extra"), ("micro", "macro"))
_COMMON = frozenset(
    _TOKENS.findall(
        """
    according achieve achieved achieving after all an and any as assessed assessment at based baseline
    before best between blood by change changed changes compare concentration day days determine
    determined during each effect end endpoint evaluate evaluated evaluation experience experienced
    experiencing first for frequency from having hour hours improved improvement in incidence index
    least level levels mean measure measured measurement measures month months number numbers occurrence
    of on or outcome outcomes participant participants patient patients per percent percentage plasma
    proportion questionnaire rate rates scale score scores serum study subject subjects test than the
    time to total treatment up use using value values week weeks who with year years
        """
    )
)
_ALONE = frozenset({"serious", "non-serious", "non", "not", "never", "without"})
"""Words that tell a thing from another even where that other has nothing against them."""
_SAME_WORDS = (("overall response", "objective response"),)
_SPELLING, _LONG, _STEM = 80, 5, 4
ABBREVIATION = 8
"""An abbreviation has at most so many letters."""


class Marks(NamedTuple):
    """What of a name can tell it from another."""

    labels: frozenset[tuple[str, str]]
    words: frozenset[str]
    initials: str
    """Of its words, for who writes "PFS" for "Progression-free survival"."""


@lru_cache(maxsize=4096)
def marks(name: str) -> Marks:
    """The marks of a name, in its own letter case."""
    folded = fold(name)
    for one, other in _SAME_WORDS:
        folded = folded.replace(one, other)
    found = {(word, _ROMAN.get(sign, sign)) for word, sign in _LABEL.findall(folded)}
    found |= {(word, sign) for word, sign in _NAMED.findall(name) if word not in _EDITIONS}
    found |= {("compared", _BELOW_ABOVE[sign]) for sign in folded if sign in _BELOW_ABOVE}
    found |= set(_SCALE.findall(name))
    words = _WORDS.findall(folded)
    return Marks(
        frozenset(found), frozenset({*words, *_TOKENS.findall(folded)}), "".join(word[0] for word in words)
    )


def told_apart(old: str, new: str) -> bool:
    """Does a mark of one stand against a mark of the other?"""
    was, now = marks(old), marks(new)
    lost, won = was.labels - now.labels, now.labels - was.labels
    if any(one == other and a.isdigit() == b.isdigit() for one, a in lost for other, b in won):
        return True
    gone, come = was.words - now.words, now.words - was.words
    if not _ALONE.isdisjoint(gone | come) or _successor(lost, was, now) or _successor(won, now, was):
        return True
    for one, other in _SIDES:
        if (one in gone and other in come) or (other in gone and one in come):
            return True
    return any(_opposite(word, against) for word in gone for against in come)


def _successor(labels: frozenset[tuple[str, str]], own: Marks, other: Marks) -> bool:
    """Is one "PFS2" where the other is "PFS"?"""
    return any(
        f"{word}{sign}".casefold() in own.words and word.casefold() in other.words for word, sign in labels
    )


def _opposite(word: str, against: str) -> bool:
    for one, other in _PREFIXES:
        for low, high in ((one, other), (other, one)):
            if word.startswith(low) and against.startswith(high):
                return fuzz.ratio(word[len(low) :], against[len(high) :]) > _SPELLING
    return False


def other_words(old: str, new: str) -> bool:
    """Does each have a word of substance that the other has nothing like?"""
    was, now = marks(old), marks(new)
    if stands_for(old, new) or stands_for(new, old):
        return False
    return _has_own(was.words - now.words, now) and _has_own(now.words - was.words, was)


def _has_own(words: frozenset[str], other: Marks) -> bool:
    return any(
        word not in _COMMON
        and _WORDS.fullmatch(word) is not None
        and not any(_spelt_alike(word, against) for against in other.words)
        and word not in other.initials
        for word in words
    )


def _spelt_alike(one: str, other: str) -> bool:
    if min(len(one), len(other)) < _LONG:
        return one == other or one == other + "s" or other == one + "s"
    return one[:_STEM] == other[:_STEM] or fuzz.ratio(one, other) >= _SPELLING


def stands_for(short: str, long: str) -> bool:
    """Is one name the initials of the other, or the abbreviation it gives of itself ("… (PFS)")?"""
    if not 1 < len(short) <= ABBREVIATION or not short.isalpha():
        return False
    named, _, bracket = long.partition("(")
    return fold(short) in (marks(named).initials, fold(bracket.partition(")")[0]))
