"""Limits in time: an age, a life expectancy, a wash-out, a look-back or another window of time.

A length of time that is none of these is a limit without a name, or no limit at all.
"""

from __future__ import annotations

import re
from dataclasses import replace

from monitor.core.limits.bounds import Bound, as_least, as_most
from monitor.core.limits.limit import INTERVAL, WINDOW, Limit, Sense, sense_of
from monitor.core.limits.terms import THERAPIES

TIME = frozenset({"time", "half-lives"})
"""Families of units that time is measured in."""
_AGE_UNITS = frozenset({"years", "months", "weeks", "days"})
_LEAD, _REST = 32, 60
"""Characters looked at before and after a bound."""
_PLANNED = re.compile(r"\b(?:plan\w*|intend\w*|anticipat\w+|expect\w*|schedul\w+)\b", re.I)
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
_AGED = re.compile(r"\b(?:age[ds]?|older\s+than|younger\s+than)\b", re.I)
_GESTATION = re.compile(r"\bgestation\w*|\bGA\b", re.I)
_OF_DISEASE = re.compile(
    r"\b(?:since|history|duration|diagnos\w+|onset|follow-?up|contracepti\w+|interval|stable|survival)\b",
    re.I,
)


def in_time(text: str, bound: Bound, before: str, after: str) -> Limit | None:
    """Age, life expectancy, a wash-out or a window of time; an unnamed length of time otherwise."""
    sense = sense_of(before, after)
    rest = text[bound.end : bound.end + _REST]
    if _EXPECTED.search(before):
        return None if bound.bare else Limit("life expectancy", bound, sense)
    if bound.unit.shown in _AGE_UNITS and not bound.bare and _is_age(text, bound, before, rest):
        return Limit("gestational age" if _GESTATION.search(before) else "age", bound, sense)
    if _WASHOUT.search(before) or _WASHOUT.match(rest.lstrip(" -")):
        if bound.bare:
            return Limit(_wash_out(before), as_least(bound), sense, required=True)
        return Limit(_wash_out(before), bound, sense)
    lead = text[max(0, bound.start - _LEAD) : bound.start]
    if bound.bare and bound.low == bound.high and (_WITHIN.search(lead) or _LAST.search(lead)):
        return _within(bound, before, lead, rest, sense)
    if bound.bare and bound.unit.family == "half-lives" and re.search(r"\bor\s*$", lead):
        return Limit(_window(before), as_most(bound), sense, window=True)
    if bound.bare:
        return None
    if _RELATIVE.match(rest):
        return Limit(_interval(bound, before, rest), bound, sense, window=True)
    return Limit("", bound, sense)


def _within(bound: Bound, before: str, lead: str, rest: str, sense: Sense) -> Limit | None:
    """`within 6 months before screening`, `in the last year`: a window that ends there."""
    last = _LAST.search(lead)
    if not (last or _INSIDE.search(lead) or _RELATIVE.match(rest) or _OR_NUMBER.match(rest)):
        return None
    if _THROUGHOUT.search(lead) or _STEADY.search(before):
        sense = replace(sense, plain=False)
    past = (last or _PAST.match(rest) or not _ELSEWHERE.match(rest)) and not _PLANNED.search(before)
    return Limit(_window(before) if past else INTERVAL, as_most(bound), sense, window=True)


def _is_age(text: str, bound: Bound, before: str, rest: str) -> bool:
    if _OLD.match(rest) or re.search(r"\b(?:ages?|old|older|younger)\b", text[bound.start : bound.end], re.I):
        return not _OF_DISEASE.search(before[-60:])
    ends = [found.end() for found in _AGED.finditer(before)]
    return bool(ends) and len(before) - ends[-1] <= 60 and not _OF_DISEASE.search(before[ends[-1] :])


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
