"""Names of sponsors and collaborators: two spellings of one body are the same body (rules C8, m8, m10).

Case, punctuation, accents, legal forms, articles and common short forms are spelling; every other word
counts. No body is looked up, and none is known by name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Legal forms as whole words, dots dropped before: "Co., Ltd.", "S.p.A.", "GmbH & Co. KGaA".
# fmt: off
_LEGAL = frozenset({
    "ab", "ag", "and", "aps", "as", "asa", "bhd", "bv", "co", "companies", "company", "corp",
    "corporation", "de", "del", "di", "et", "gmbh", "inc", "incorporated", "kabushiki", "kaisha", "kg",
    "kgaa", "kk", "limited", "llc", "llp", "lp", "ltd", "ltda", "mbh", "nv", "of", "oy", "oyj", "plc",
    "private", "pte", "pty", "pvt", "sa", "sarl", "sas", "sasu", "sdn", "se", "sl", "slu", "spa", "srl",
    "sro", "the", "und", "y",
})
# fmt: on
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
    "pharma": "pharmaceutical",
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
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()
    bare = _DOTTED.sub(
        lambda found: re.sub(r"[.'’]", "", found.group()), bare.replace("&", " and ").replace("a/s", "as")
    )
    words = [_SHORT.get(word, word) for word in _NOT_WORD.sub(" ", bare.replace("_", " ")).split()]
    return " ".join(word for word in words if word not in _LEGAL) or " ".join(words)


def same_name(old: str, new: str) -> bool:
    """Are two names one name in two spellings?"""
    if not (old and new):
        return False
    first, second = plain_name(old), plain_name(new)
    return first == second or first.replace(" ", "") == second.replace(" ", "")
