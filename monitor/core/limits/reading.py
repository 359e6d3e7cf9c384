"""Numeric limits of one criterion: what is limited, from where to where, in which unit.

A bound is named by the nearest term of its clause that is measured in its unit; one that no term fits stays
unnamed. Limits in time are read in `times`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from monitor.core.limits.bounds import Bound, bounds
from monitor.core.limits.limit import CONTEXT, Limit, sense_of
from monitor.core.limits.terms import Mention, mentions
from monitor.core.limits.times import TIME, in_time
from monitor.core.limits.units import NO_UNIT

_REACH = 90
"""Characters between a term and its bound, at most."""
_CLOSE = 25
"""The same for a number without a unit, of a term that is measured in some."""
_NEXT = 12
"""The same for an age without a unit."""
_CLAUSE = re.compile(r"[;•]|\.(?=\s+[A-Z])|\.\s*$")
_SEPARATED = re.compile(r"[;•]|\.(?=\s)")
_AGES = re.compile(r"\bages?\b", re.I)


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
    if bound.unit.family in TIME:
        return in_time(text, bound, before, after)
    what = _named(text, bound, found, named)
    if bound.bare and not _is_score(what, named):
        return None
    return Limit(what, bound, sense_of(before, after))


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


def _clause(text: str, bound: Bound) -> tuple[str, str]:
    """The text of the clause before and after the bound, as far as it is looked at."""
    begin = at = max(0, bound.start - CONTEXT)
    for found in _CLAUSE.finditer(text, at, bound.start):
        begin = found.end()
    far = bound.end + CONTEXT
    stop = _CLAUSE.search(text, bound.end, far)
    return text[begin : bound.start], text[bound.end : stop.start() if stop else far]
