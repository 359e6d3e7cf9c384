"""A limit as a value, and what the words around it make of it.

Only of a plain limit (no negation, condition or permission around it that could turn its meaning) it may be
said which way it moved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.core.limits.bounds import Bound

WINDOW, INTERVAL = "look-back", "time window"
"""Time before the trial, and any other time between two events."""
CONTEXT = 400
"""Characters of a clause looked at on each side of a bound; nothing is plain in a longer one."""
_NO_REACH = 160
"""Characters a leading "No …" is taken to govern."""


@dataclass(frozen=True, slots=True)
class Sense:
    """What the words around a bound make of it."""

    plain: bool
    """No negation or condition but perhaps a leading "No …"."""
    turned: bool = False
    """Under a leading "No …": what the bound lets in is what the criterion keeps out."""
    permitted: bool = False
    """Something is allowed near it: within an exclusion that may be an exception."""
    forbidden: bool = False
    """Something is ruled out near it: within an inclusion that may be an exception."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound and what it is about; `what` is empty where that is not known."""

    what: str
    bound: Bound
    sense: Sense
    window: bool = False
    """A stretch of time before or after something, rather than a value."""
    required: bool = False
    """A wash-out that must be kept, in whichever section it stands."""


_NEGATION = re.compile(
    r"\b(?:no|not|never|without|none|neither|nor|unless|except\w*|exclud\w+|other\s+than|absence|lack|free\s+of"
    r"|if|when"
    r"|in\s+case|cannot|ineligible|unable|provided|whose|refus\w+|rather\s+than|instead)\b|n['’]t\b",
    re.I,
)
_SUBGROUP = re.compile(
    r"\b(?:for|in|among)\s+(?:\w+\s+){0,2}(?:subjects|patients|participants|individuals|men|women|males|females"
    r"|children|adults|adolescents|those|people)\s*(?:aged?|who\s+are|with|of)?\s*\(?$",
    re.I,
)
_PROCEDURE = re.compile(r"\b(?:scheduled|performed|measured|assessed|repeated)\b", re.I)
_COMPARISONS = re.compile(
    r"\b(?:no|not)\s+(?:more|less|greater|fewer|lower|higher|later|older|longer|below|above|to\s+exceed)\b"
    r"|\bnot\s+exceed\w*|\bbut\s+not\b(?=\s+limited)|\bwith\s+or\s+without\b",
    re.I,
)
_LEADING_NO = re.compile(
    r"^\W*(?:(?:subjects?|patients?|participants?)\s+(?:must\s+)?(?:have\s+|has\s+)?)?"
    r"(?:no|not|without|absence\s+of|ha(?:s|ve|d)\s+(?:no|not)|must\s+not(?:\s+have)?|never)\b",
    re.I,
)
_PERMITTED = re.compile(
    r"\b(?:allow\w*|permi\w+|acceptable|eligible|may|can|tolerated|(?:be|are)\s+(?:included|enrolled))\b",
    re.I,
)
_FORBIDDEN = re.compile(
    r"\b(?:exclu\w+|ineligible|prohibited"
    r"|not\s+(?:be\s+)?(?:eligible|allowed|permitted|included|enrolled))\b",
    re.I,
)


def sense_of(before: str, after: str) -> Sense:
    """What the clause before and after a bound makes of it."""
    whole = max(len(before), len(after)) < CONTEXT
    before, after = _COMPARISONS.sub(" ", before), _COMPARISONS.sub(" ", after)
    negations = len(_NEGATION.findall(before))
    closed = before.count("(") == before.count(")") and len(before) <= _NO_REACH
    turned = negations == 1 and closed and _LEADING_NO.match(before) is not None
    permitted, forbidden = (
        any(said.search(part) for part in (before, after)) for said in (_PERMITTED, _FORBIDDEN)
    )
    aside = _SUBGROUP.search(before[-60:]) or _PROCEDURE.search(before)
    return Sense(whole and not aside and (negations == 0 or turned), turned, permitted, forbidden)
