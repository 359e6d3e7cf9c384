"""Names of endpoints: the field's abbreviations spelled out, and who assesses left aside.

"DLTs" are dose-limiting toxicities, and progression-free survival by the investigator and by a blinded review
are one endpoint, defined otherwise. Only abbreviations of one meaning in outcomes are known here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from monitor.core.catalogue import fold

_SPELLED = {
    "AE": "adverse event",
    "AESI": "adverse event of special interest",
    "BOR": "best overall response",
    "CBR": "clinical benefit rate",
    "DCR": "disease control rate",
    "DFS": "disease-free survival",
    "DLT": "dose-limiting toxicity",
    "DOR": "duration of response",
    "DoR": "duration of response",
    "EFS": "event-free survival",
    "MACE": "major adverse cardiovascular event",
    "MFS": "metastasis-free survival",
    "MTD": "maximum tolerated dose",
    "ORR": "objective response rate",
    "OS": "overall survival",
    "pCR": "pathological complete response",
    "PFS": "progression-free survival",
    "RFS": "relapse-free survival",
    "RP2D": "recommended phase 2 dose",
    "SAE": "serious adverse event",
    "TEAE": "treatment-emergent adverse event",
    "TTP": "time to progression",
    "TTR": "time to response",
}
_SHORT = re.compile(rf"\b({'|'.join(sorted(_SPELLED, key=len, reverse=True))})(s?)\b")
_BRACKET = re.compile(rf"\s*\((?:{'|'.join(_SPELLED)})s?\)")
_ASSESSED = re.compile(
    r",?\s*\(?\b(?:as\s+)?(?:assessed\s+|evaluated\s+|determined\s+|measured\s+)?(?:by|per|according\s+to|based\s+on)"
    r"\s+(?:(?:the|a|an|local|site|and|blinded|independent|central|cent(?:er|re)|radiological|radiology|review"
    r"|reviews|reviewers?|committee|assessment|investigators?['’]?s?|BICR|BIRC|IRC|ICR|IRRC|RECIST|v(?:ersion)?"
    r"|v?1\.1|criteria|by|per)\b[\s,.()]*)+",
    re.I,
)


@lru_cache(maxsize=2048)
def spelled_out(name: str) -> str:
    """The name without abbreviations: `Number of DLTs` is `Number of dose-limiting toxicities`."""
    bare = _BRACKET.sub("", name)
    return _SHORT.sub(_word, bare if bare.strip() else name)


def same_endpoint(old: str, new: str) -> bool:
    """Are two names of one endpoint, whoever assesses it?"""
    return _unassessed(old) == _unassessed(new)


@lru_cache(maxsize=2048)
def _unassessed(name: str) -> str:
    said = fold(_ASSESSED.sub(" ", spelled_out(name)))
    return " ".join(said.replace("overall response rate", "objective response rate").split()).strip(" .,;")


def _word(found: re.Match[str]) -> str:
    word = _SPELLED[found[1]]
    if not found[2]:
        return word
    return f"{word[:-1]}ies" if word.endswith("ty") else f"{word}s"
