"""Numeric limits of one criterion: what is limited, from where to where, in which unit.

A bound is named by the nearest term of its clause that is measured in its unit; one that no term fits stays
unnamed. Whether a limit is plain (no negation, condition or permission around it that could turn its
meaning) is told with it: only of plain limits it may be said which way they moved.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from monitor.core.limits.bounds import Bound, bounds
from monitor.core.limits.terms import THERAPIES, Mention, mentions
from monitor.core.limits.units import NO_UNIT

WINDOW, INTERVAL = "look-back", "time window"
"""Time before the trial, and any other time between two events."""
_REACH = 90
"""Characters between a term and its bound, at most."""
_CONTEXT = 400
"""Characters of a clause looked at on each side of a bound; nothing is plain in a longer one."""
_NO_REACH = 160
"""Characters a leading "No …" is taken to govern."""
_CLOSE = 25
"""The same for a number without a unit, of a term that is measured in some."""
_NEXT = 12
"""The same for an age without a unit."""


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


_CLAUSE = re.compile(r"[;•]|\.(?=\s+[A-Z])|\.\s*$")
_SEPARATED = re.compile(r"[;•]|\.(?=\s)")
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
_PLANNED = re.compile(r"\b(?:plan\w*|intend\w*|anticipat\w+|expect\w*|schedul\w+)\b", re.I)
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
_WITHIN = re.compile(
    r"\b(?:within|in|during|over|for)\s+(?:(?:the|a|an)\s+)?(?:(?:last|past|previous|preceding|prior)\s+)?$",
    re.I,
)
_LAST = re.compile(r"\b(?:last|past|previous|preceding|prior)\s+$", re.I)
_RELATIVE = re.compile(
    r"\W*(?:\(\s*[^()]{0,40}\)\s*)?(?:prior|before|preceding|previous|of\s+(?:the\s+)?(?:\w+\s+){0,3}?"
    r"(?:screening|randomi|enrol|first|study|treatment|registration|start|dosing|baseline|inclusion|consent|day"
    r"|visit|cycle|C1|allocation|entry|signing)"
    r"|from|since|after|following|apart|elapsed|wash-?out|have\s+elapsed|must\s+have"
    r"|to\s+(?:screening|randomi|enrol|first))",
    re.I,
)
_PAST = re.compile(
    r"\W*(?:\(\s*[^()]{0,40}\)\s*)?(?:prior|before|preceding|to\s+(?:screening|randomi|enrol|first)"
    r"|of\s+(?:the\s+)?(?:\w+\s+){0,3}?"
    r"(?:screening|randomi|enrol|first|study|registration|baseline|inclusion|consent|visit|day))",
    re.I,
)
_EXPECTED = re.compile(
    r"(?:life\s+expectancy|expected\s+(?:survival|lifespan)|survival\s+expectancy"
    r"|expected\s+to\s+(?:live|survive))[^.;]{0,60}$",
    re.I,
)
_INSIDE = re.compile(r"\bwithin\s+(?:the\s+)?$", re.I)
_OR_NUMBER = re.compile(r"\s*(?:\([^()]{0,40}\)\s*)?or\s+\d", re.I)
_ELSEWHERE = re.compile(r"\W*(?:after|following|of|from|since|to)\b", re.I)
_THROUGHOUT = re.compile(r"\b(?:for|over|during|throughout)\s+(?:\w+\s+){0,2}$", re.I)
_STEADY = re.compile(
    r"\b(?:stable|unchanged|average|mean|per|daily|continuous\w*|consecutive|constant|every)\b", re.I
)
_SINCE = re.compile(r"\W*(?:since|from|elapsed|have\s+elapsed|must\s+have)\b", re.I)
_STOPPED = re.compile(r"\b(?:discontinu\w+|stop\w*|complet\w+|ceas\w+|last|withdr\w+)\b", re.I)
_OR_LONGER = re.compile(r"\bwithin\s+\S+\s+\S+\s+(?:\([^()]*\)\s*)?or\s*$", re.I)
_EVENT = re.compile(
    r"\b(?:infarction|stroke|angina|infections?|bleed\w*|ha?emorrhag\w+|thromb\w+|events?|disease|failure|abuse)\b",
    re.I,
)
_SEVERAL = re.compile(r"\bor\b|\band\b|[,/]", re.I)
_WASHOUT = re.compile(r"\bwash[\s\-‑]?out\b", re.I)
_OLD = re.compile(r"\W*(?:of\s+age|old|olds)\b", re.I)
_AGES = re.compile(r"\bages?\b", re.I)
_AGED = re.compile(r"\b(?:age[ds]?|older\s+than|younger\s+than)\b", re.I)
_OF_DISEASE = re.compile(
    r"\b(?:since|history|duration|diagnos\w+|onset|follow-?up|contracepti\w+|interval|stable|survival)\b",
    re.I,
)
_INSTANT = frozenset({"time", "half-lives"})


@lru_cache(maxsize=256)
def limits_in(text: str) -> tuple[Limit, ...]:
    """The numeric limits of a criterion, in order. Total: any text has an answer, if only an empty one."""
    found = bounds(text)
    named = list(mentions(text)) if found else []
    limits: list[Limit] = []
    for bound in found:
        limit = _limit(text, bound, found, named)
        if limit is not None:
            limits.append(limit)
    return tuple(limits)


def _limit(text: str, bound: Bound, found: Sequence[Bound], named: Sequence[Mention]) -> Limit | None:
    before, after = _clause(text, bound)
    if bound.unit.family in _INSTANT:
        return _in_time(text, bound, before, after)
    what = _named(text, bound, found, named)
    if bound.bare and not _is_score(what, named):
        return None
    return Limit(what, bound, _sense(before, after))


def _is_score(what: str, named: Sequence[Mention]) -> bool:
    return any(mention.term.score and mention.term.name == what for mention in named)


def _named(text: str, bound: Bound, found: Sequence[Bound], named: Sequence[Mention]) -> str:
    """The nearest fitting term before the bound within its clause, else the first one right after."""
    fitting = [mention for mention in named if bound.unit.family in mention.term.families]
    before = [
        m
        for m in fitting
        if m.end <= bound.start
        and _near(text, m.end, bound.start)
        and (m.term.name != "age" or bound.start - m.end <= _NEXT)
    ]
    if before:
        return _joined(before, bound, found)
    if bound.unit is NO_UNIT and _AGES.search(text, bound.start, bound.end):
        return "age"
    for mention in fitting:
        gap = text[bound.end : mention.start]
        if mention.start >= bound.end and len(gap) <= 40 and not re.search(r"[;:,(]|\band\b|\bor\b|\d", gap):
            return mention.term.name
    return ""


def _near(text: str, end: int, start: int) -> bool:
    return start - end <= _REACH and not _SEPARATED.search(text, end, start)


def _joined(before: Sequence[Mention], bound: Bound, found: Sequence[Bound]) -> str:
    """`AST/ALT` where one bound stands for both; a bound between a term and this one takes the term."""
    nearest = before[-1]
    between = [other for other in found if nearest.end <= other.start and other.end <= bound.start]
    if bound.unit is NO_UNIT and any(not other.bare for other in between):
        return ""
    if bound.unit is NO_UNIT and len(nearest.term.families) > 1 and bound.start - nearest.end > _CLOSE:
        return ""
    name = nearest.term.name
    if name in ("AST", "ALT"):
        last = max((other.end for other in found if other.end <= nearest.start and not other.bare), default=0)
        if {m.term.name for m in before if m.start >= last} >= {"AST", "ALT"}:
            return "AST/ALT"
    return name


def _in_time(text: str, bound: Bound, before: str, after: str) -> Limit | None:
    """Age, life expectancy, a wash-out or a window of time; an unnamed length of time otherwise."""
    sense = _sense(before, after)
    years = bound.unit.shown in ("years", "months", "days", "weeks")
    rest = text[bound.end : bound.end + 60]
    if _EXPECTED.search(before):
        return None if bound.bare else Limit("life expectancy", bound, sense)
    if years and not bound.bare and _is_age(text, bound, before, rest):
        return Limit("age", bound, sense)
    if _WASHOUT.search(before) or _WASHOUT.match(rest.lstrip(" -")):
        if bound.bare:
            bound = as_least(bound)
            return Limit(_wash_out(before), bound, sense, required=True)
        return Limit(_wash_out(before), bound, sense)
    lead = text[max(0, bound.start - 32) : bound.start]
    if bound.bare and bound.low == bound.high and (_WITHIN.search(lead) or _LAST.search(lead)):
        if not (
            _LAST.search(lead) or _INSIDE.search(lead) or _RELATIVE.match(rest) or _OR_NUMBER.match(rest)
        ):
            return None
        past = _LAST.search(lead) or _PAST.match(rest) or not _ELSEWHERE.match(rest)
        if _THROUGHOUT.search(lead) or _STEADY.search(before):
            sense = replace(sense, plain=False)
        past = past and not _PLANNED.search(before)
        return Limit(_window(before) if past else INTERVAL, as_most(bound), sense, window=True)
    if bound.bare and bound.unit.family == "half-lives" and re.search(r"\bor\s*$", lead):
        return Limit(_window(before), as_most(bound), sense, window=True)
    if bound.bare:
        return None
    if _RELATIVE.match(rest):
        return Limit(_interval(bound, before, rest), bound, sense, window=True)
    return Limit("", bound, sense)


def _is_age(text: str, bound: Bound, before: str, rest: str) -> bool:
    if _OLD.match(rest) or re.search(r"\b(?:ages?|old|older|younger)\b", text[bound.start : bound.end], re.I):
        return not _OF_DISEASE.search(before[-60:])
    ends = [found.end() for found in _AGED.finditer(before)]
    return bool(ends) and len(before) - ends[-1] <= 60 and not _OF_DISEASE.search(before[ends[-1] :])


def as_least(bound: Bound) -> Bound:
    """A bare length as the least that must be kept."""
    return Bound(bound.start, bound.end, bound.low, None, bound.unit, low_shown=bound.low_shown, bare=True)


def as_most(bound: Bound) -> Bound:
    """A bare length as the end of a window."""
    return Bound(bound.start, bound.end, None, bound.high, bound.unit, high_shown=bound.high_shown, bare=True)


def _therapies(clause: str) -> list[str]:
    return [name for name, said in THERAPIES.items() if said.search(clause)]


def _wash_out(clause: str) -> str:
    known = _therapies(clause)
    return f"wash-out of {known[0]}" if len(known) == 1 else "wash-out"


def _window(clause: str) -> str:
    """The look-back of the one therapy a clause names, of several, or of something else."""
    clause = _OR_LONGER.sub("", clause)
    known = _therapies(clause)
    if not known:
        return WINDOW
    several = _SEVERAL.search(clause) is not None
    if _EVENT.search(clause) or (len(known) == 1 and several):
        return WINDOW
    return f"{WINDOW} of therapy" if len(known) > 1 else f"{WINDOW} of {known[0]}"


def _interval(bound: Bound, before: str, rest: str) -> str:
    """Time since a therapy is its wash-out, and so is time after it was stopped; other time is neither."""
    if _SINCE.match(rest):
        return _window(rest) if _therapies(rest) else INTERVAL
    if not _PAST.match(rest):
        return INTERVAL
    if bound.high is None and not _STOPPED.search(before):
        return INTERVAL
    return _window(before)


def _clause(text: str, bound: Bound) -> tuple[str, str]:
    """The text of the clause before and after the bound, as far as it is looked at."""
    begin = at = max(0, bound.start - _CONTEXT)
    for found in _CLAUSE.finditer(text, at, bound.start):
        begin = found.end()
    far = bound.end + _CONTEXT
    stop = _CLAUSE.search(text, bound.end, far)
    return text[begin : bound.start], text[bound.end : stop.start() if stop else far]


def _sense(before: str, after: str) -> Sense:
    whole = max(len(before), len(after)) < _CONTEXT
    before, after = _COMPARISONS.sub(" ", before), _COMPARISONS.sub(" ", after)
    negations = len(_NEGATION.findall(before))
    closed = before.count("(") == before.count(")") and len(before) <= _NO_REACH
    turned = negations == 1 and closed and _LEADING_NO.match(before) is not None
    permitted, forbidden = (
        any(said.search(part) for part in (before, after)) for said in (_PERMITTED, _FORBIDDEN)
    )
    aside = _SUBGROUP.search(before[-60:]) or _PROCEDURE.search(before)
    return Sense(whole and not aside and (negations == 0 or turned), turned, permitted, forbidden)
