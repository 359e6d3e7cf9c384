"""Names of sponsors and collaborators: two spellings of one body are the same body (rules C8, m8, m10).

Case, punctuation, accents, articles, common short forms and a legal form given or left out are spelling;
every other word counts, and so do two different legal forms (a GmbH is not an Inc.). No body is looked up,
and none is known by name.
"""

from __future__ import annotations

import re
from functools import lru_cache

from monitor.core.text import unaccented

# Legal forms as whole words, dots dropped before: "Co., Ltd.", "S.p.A.", "GmbH & Co. KGaA".
# fmt: off
_LEGAL = frozenset({
    "ab", "ag", "and", "aps", "as", "asa", "bhd", "bv", "co", "companies", "company", "corp",
    "corporation", "de", "del", "di", "et", "gmbh", "inc", "incorporated", "kabushiki", "kaisha", "kg",
    "kgaa", "kk", "limited", "llc", "llp", "lp", "ltd", "ltda", "mbh", "nv", "of", "oy", "oyj", "plc",
    "private", "pte", "pty", "pvt", "sa", "sarl", "sas", "sasu", "sdn", "se", "sl", "slu", "spa", "srl",
    "sro", "the", "und", "y",
})
_FORMS = _LEGAL - {"and", "co", "companies", "company", "de", "del", "di", "et", "of", "the", "und", "y"}
"""Those that two bodies of one name may differ by."""
_LONG_FORMS = {"incorporated": "inc", "corporation": "corp", "limited": "ltd", "private": "pvt"}
_COMMON = frozenset({
    "affiliated", "bio", "biomedical", "biopharma", "biopharmaceutical", "bioscience", "biosciences",
    "biotech", "biotechnology", "cancer", "care", "center", "central", "city", "clinic", "clinical",
    "college", "department", "development", "dr", "faculty", "first", "foundation", "general", "global",
    "group", "health", "healthcare", "holding", "holdings", "hospital", "institute", "institutes",
    "international", "laboratory", "md", "medical", "medicine", "medicines", "national", "oncology",
    "people", "peoples", "pharma", "pharmaceutical", "phd", "prof", "professor", "research", "saint",
    "school", "science", "sciences", "second", "state", "study", "technology", "therapeutic", "third",
    "trials", "university",
})
"""Words that many bodies are called by: to share one of them is no likeness."""
# fmt: on
_INITIALS = 3
_SHORT = {
    "univ": "university",
    "hosp": "hospital",
    "inst": "institute",
    "natl": "national",
    "nat": "national",
    "intl": "international",
    "dept": "department",
    "ctr": "center",
    "centre": "center",
    "med": "medical",
    "pharm": "pharmaceutical",
    "pharmaceuticals": "pharmaceutical",
    "biopharmaceuticals": "biopharmaceutical",
    "therapeutics": "therapeutic",
    "laboratories": "laboratory",
    "labs": "laboratory",
    "lab": "laboratory",
    "st": "saint",
}
_DOTTED = re.compile(r"\b(?:\w\.){2,}\w?|(?<=\w)[.'’](?=\w)")
_NOT_WORD = re.compile(r"[^\w]+")


@lru_cache(maxsize=2048)
def plain_name(name: str) -> str:
    """A body's name by the words that tell it from others; the name itself where none is left."""
    words = _words(name)
    return " ".join(word for word in words if word not in _LEGAL) or " ".join(words)


def _words(name: str) -> list[str]:
    bare = unaccented(name).casefold()
    bare = _DOTTED.sub(
        lambda found: re.sub(r"[.'’]", "", found.group()), bare.replace("&", " and ").replace("a/s", "as")
    )
    return [_SHORT.get(word, word) for word in _NOT_WORD.sub(" ", bare.replace("_", " ")).split()]


def same_name(old: str, new: str) -> bool:
    """Are two names one name in two spellings?"""
    if not (old and new):
        return False
    first, second = plain_name(old), plain_name(new)
    if first != second and first.replace(" ", "") != second.replace(" ", ""):
        return False
    forms, others = _forms(old), _forms(new)
    return not (forms and others) or bool(forms & others)


def resemble(old: str, new: str) -> bool:
    """May the names be of one body: do they share a telling word, or is one the other's initials?"""
    first, second = plain_name(old).split(), plain_name(new).split()
    if (set(first) & set(second)) - _COMMON:
        return True
    return _abbreviates(first, second) or _abbreviates(second, first)


def _abbreviates(short: list[str], long: list[str]) -> bool:
    return len(long) >= _INITIALS and "".join(word[0] for word in long) in short


def _forms(name: str) -> set[str]:
    return {_LONG_FORMS.get(word, word) for word in _words(name) if word in _FORMS}
