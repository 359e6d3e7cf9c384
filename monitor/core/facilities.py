"""Names of facilities: which are only stand-ins, and when two name the same house (rules, "Pairing first").

A name is read by the words that tell one house from another: not what every hospital is called in a dozen
languages, not the city. Two names that each have such a word the other lacks are two houses, however alike
they look ("First" and "Second Affiliated Hospital"). Nothing is looked up, and nothing is known of any house.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import fuzz

from monitor.core.text import unaccented

_NUMBER = r"(?:\W*(?:number|no)?\W*[a-z]{0,4}[\w\-]*\d[\w\-]*)"
_PREFIX = r"(?:[\w&.'\-]+\s+){0,2}?"
_PLACEHOLDER = re.compile(
    rf"""^(?:
        {_PREFIX}(?:investigat(?:ional|ive|or)|research|study|clinical|trial)\s+sites?{_NUMBER}?
      | (?:local|investigat(?:ional|ive)|research|study)\s+(?:institution|cent(?:er|re)|facility){_NUMBER}?
      | {_PREFIX}(?:sites?|institution|investigator|facility){_NUMBER}
      | [a-z]{{0,4}}[\s\-]?\d[\d\-]*
      | sites?
      | for\s+additional\s+information\b.*
    )[\s.)]*$""",
    re.I | re.X,
)
_DIGIT = re.compile(r"\d")
_SPACE = re.compile(r"[\W_]+")
_SITE_NUMBER = re.compile(
    r"\(?\b(?:site|centre|center|institution|investigator)\s*(?:no\.?|number|#)?\s*:?\s*\d[\w\-]*\)?"
    r"|/?\s*\bID\s*#\s*:?\s*\d+",
    re.I,
)
_GENERIC = re.compile(
    r"the|of|and|at|in|for|de|del|della|di|da|do|dos|das|der|des|die|du|el|la|le|les|los|las|et|y|e|d|l|s|im|i|v|w|u|"
    r"ltd\w*|inc|llc|gmbh|foundation|fondazione|fundacion|fundacao|trust|nhs|irccs|group|pllc|pc|pa|sa|"
    r"hosp|hospital\w*|hopita\w*|hospices?|hospita\w*|ospedal\w*|azienda|nemocnice|fakultni|szpital\w*|sjukhus\w*|sygehus|"
    r"kranken\w*|klini[ck]\w*|universitatsklini\w*|universitaetsklini\w*|ziekenhui\w*|uz|az|umc|chu|chru|ch|cliniques?|"
    r"clinic|clinica\w*|clinico|policlini\w*|poliklini\w*|hastane\w*|egitim|arastirma|tip|faculty|facult\w*|fakult\w*|"
    r"univ|universi\w*|uniwersyt\w*|egyetem\w*|yliopist\w*|medical|medica|medico|medicine|medicina|medizin\w*|med|"
    r"cent(?:er|re|ers|res|ro|rum|rul|r)|institut\w*|instytut|ustav|school|college|department|dept|service|"
    r"research|research|pesquisas?|investigacion\w*|affiliated|campus|health|healthcare|care|system|systems|"
    r"general|regional\w*|centralny|clinical|sciences?|site"
)
_WEAK = re.compile(
    r"cancer|transplant\w*|hematology|haematology|mccc|unit|trials?|specialists?|associates?|practice|complex"
)
_CANCER = re.compile(r"on[ck]olog\w*|tumor\w*|tumour\w*|cancer\w*")
_ORDINALS = {
    word: str(number)
    for number, words in enumerate(
        (
            "first 1st",
            "second 2nd",
            "third 3rd",
            "fourth 4th",
            "fifth 5th",
            "sixth 6th",
            "seventh 7th",
            "eighth 8th",
            "ninth 9th",
            "tenth 10th",
        ),
        start=1,
    )
    for word in words.split()
}
_SPELLING, _EXACT, _LONG = 80, 85, 5


class Facility(NamedTuple):
    """A facility's name, read."""

    letters: str
    telling: tuple[str, ...]
    """The words that most facilities do not have."""
    ordinals: frozenset[str]
    placeholder: bool
    numbered: bool


@lru_cache(maxsize=4096)
def facility(shown: str) -> Facility:
    """Read a name once."""
    plain = letters(shown)
    words = [_ORDINALS.get(word, word) for word in letters(_SITE_NUMBER.sub(" ", shown)).split()]
    telling = [_CANCER.sub("cancer", word) for word in words if not _GENERIC.fullmatch(word)]
    return Facility(
        letters=plain,
        telling=tuple(dict.fromkeys(telling)),
        ordinals=frozenset(word for word in telling if word.isdigit()),
        placeholder=not shown or is_placeholder(shown),
        numbered=bool(_DIGIT.search(shown)),
    )


def is_placeholder(name: str) -> bool:
    """Is it no name but a stand-in for one?"""
    return bool(_PLACEHOLDER.match(name))


def has_number(name: str) -> bool:
    """Does a stand-in say which one it is?"""
    return bool(_DIGIT.search(name))


def name_likeness(old: Facility, new: Facility, city: str, *, exact: bool) -> float:
    """How sure two names in or near one city name the same house: 0 for not, else up to 1.

    `exact` asks for spelling alone: no word more or less.
    """
    if old.ordinals != new.ordinals:
        return 0.0
    if exact and fuzz.token_sort_ratio(old.letters, new.letters) < _EXACT:
        return 0.0
    olds, news = _without(old.telling, city), _without(new.telling, city)
    more, less = _unmatched(olds, news), _unmatched(news, olds)
    if not more and not less:
        return 0.95 if olds or news else max(0.5, fuzz.ratio(old.letters, new.letters) / 100)
    if more and less and _runs_alike(more, less):
        return 0.9
    if exact or len(more) == len(olds) or len(less) == len(news):
        return 0.0
    if not more or not less:
        return 0.85
    return 0.7 if all(_WEAK.fullmatch(word) for word in (*more, *less)) else 0.0


def _runs_alike(more: list[str], less: list[str]) -> bool:
    """Is it one word spelt otherwise, or with white space lost or won?"""
    return fuzz.ratio("".join(more), "".join(less)) >= _SPELLING


@lru_cache(maxsize=4096)
def _without(words: tuple[str, ...], city: str) -> tuple[str, ...]:
    return tuple(_unmatched(words, city.split()))


def _unmatched(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """Those that no other is spelled like."""
    long = [other for other in others if len(other) >= _LONG]
    return [
        word
        for word in words
        if word not in others
        and (len(word) < _LONG or True not in [_spelt_alike(word, other) for other in long])
    ]


@lru_cache(maxsize=16384)
def _spelt_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one) or fuzz.ratio(one, other) >= _SPELLING


@lru_cache(maxsize=4096)
def letters(text: str) -> str:
    """A name by its letters and digits alone: no case, accents, punctuation or broken encoding."""
    return _SPACE.sub(" ", unaccented(_mended(text)).casefold()).strip()


def _mended(text: str) -> str:
    """UTF-8 once read as Latin-1 or Windows-1252, put right."""
    if text.isascii():
        return text
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
    return text
