"""Sentences about who may take part: criteria and age limits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitor.core.fits.eligibility import limits_of, qualifiers_moved
from monitor.core.limits import Move, Moves, moved_words, same_but_terms, way_words
from monitor.core.numerals import numbers_in
from monitor.core.record import Age
from monitor.core.scene import Case
from monitor.core.sentences.record import plain
from monitor.core.sentences.words import capital, changed_words, listing, quoted, word
from monitor.core.text import similarity

_COVERING = frozenset({"+any", "+irrespective", "+regardless"})
_NARROWING = frozenset({"−require", "−required", "−requires"})
"""Qualifiers whose gain, and whose loss, lets a criterion cover more."""
_ONE_SEX = {
    **dict.fromkeys(("male", "males", "men", "man", "boys"), "m"),
    **dict.fromkeys(("female", "females", "women", "woman", "girls"), "f"),
}
_SOME = re.compile(
    r"\b(?:cohorts?|(?:part|arm|group)s?\s+(?:[A-Z]|\d+[a-z]?|[IV]+)|phase\s+[\dIV]+[ab]?|(?:fe)?males?|women|woman|man"
    r"|men|boys|girls|children|adolescents|pa?ediatric|infants)\b",
    re.I,
)
"""Words of a criterion that is not for everyone; both sexes named are everyone."""
_EDITS = 4
"""Edits of wording shown of one criterion; more are counted."""
_LIMITS = 3
"""Limits named of one criterion; more are counted."""


def criterion(case: Case) -> str:
    """A criterion came, went or changed."""
    section = capital(case.of_item("section") or "eligibility")
    if not case.delta.at:
        return f"{section} {case.delta.op}: {quoted(case.of_item('text'), 240)}."
    if case.part == "section":
        old, new = case.old or "no section", case.new or "no section"
        return f"Criterion moved from {old} to {new}: {quoted(case.of_item('text'))}."
    return f"{section}, {_difference(case)}."


def criterion_given(case: Case) -> str:
    """A criterion of a record seen for the first time."""
    section = capital(case.of_item("section") or "eligibility")
    return f"{section}: {quoted(case.of_item('text'), 240)}."


def direction(case: Case) -> str:
    """`loosened` or `tightened`, where all that moved is limits or one qualifier of plain meaning."""
    limits = limits_of(case)
    if limits.moved:
        way = limits.direction if _only_limits(limits, case.new) else None
        return "" if way in (None, "changed") else str(way)
    section = case.of_item("section")
    if section not in ("inclusion", "exclusion") or not _covers_any(limits.spliced, case.new):
        return ""
    return "loosened" if section == "inclusion" else "tightened"


def age_limit(case: Case) -> str:
    """An age limit moved."""
    label = "Minimum age" if case.delta.field.endswith("minAge") else "Maximum age"
    old, new = case.delta.old, case.delta.new
    words = [value.shown.lower() if isinstance(value, Age) else "no limit" for value in (old, new)]
    count, _, unit = words[0].partition(" ")
    if unit and words[1].partition(" ")[2] == unit:
        words[0] = count
    lowest = label == "Minimum age"
    none = 0.0 if lowest else float("inf")
    before, after = (value.days if isinstance(value, Age) else none for value in (old, new))
    return f"{label} {words[0]} → {words[1]} ({'loosened' if (after < before) == lowest else 'tightened'})."


def sex(case: Case) -> str:
    """Who may take part by sex."""
    if not case.old or not case.new:
        return plain(case)
    way = {"ALL": " (loosened)"}.get(case.new) or {"ALL": " (tightened)"}.get(case.old, "")
    return f"Sex {word(case.old)} → {word(case.new)}{way}."


def _difference(case: Case) -> str:
    """The limits that moved, then what else differs in words."""
    limits = limits_of(case)
    named = [move for move in limits.moved if move.what and move.old and move.new]
    if not named:
        way = direction(case)
        told = changed_words(case.old, case.new, _EDITS) + (f" ({way})" if way else "")
        again = limits.restated and not limits.moved and same_but_terms(limits.spliced, case.new)
        return f"same limit in other units: {told}" if again else told
    return _limits_told(named) + _other_words(case, limits, named)


def _limits_told(named: Sequence[Move]) -> str:
    """Up to three limits, their direction said once where they agree on it."""
    ways = {move.direction for move in named}
    if len(ways) == 1:
        told = listing((moved_words(move) for move in named), _LIMITS)
        return told + way_words(named[0])
    return listing((moved_words(move) + way_words(move) for move in named), _LIMITS)


def _other_words(case: Case, limits: Moves, named: Sequence[Move]) -> str:
    """What the named limits do not tell of the difference."""
    if len(named) < len(limits.moved):
        return f"; {changed_words(case.old, case.new, _EDITS)}"
    if _only_limits(limits, case.new):
        return f" in {quoted(case.new, 80)}" if _of_some(case.new) else ""
    # Quoted is what the record says: the old text with the new limits is no text of the record.
    told = sorted(numbers_in(limits.spliced)) == sorted(numbers_in(case.new))
    words = changed_words(case.old, case.new, _EDITS, figures=not told)
    return f"; {words}" if words else ""


def _of_some(text: str) -> bool:
    """Does it hold for some of the participants alone: a cohort, one sex, children?"""
    found = {_ONE_SEX.get(word.casefold(), "some") for word in _SOME.findall(text)}
    return "some" in found or len(found) == 1


def _only_limits(limits: Moves, now: str) -> bool:
    """With its limits as they are now, does the old text say the same? (`1 prior line`, `2 prior lines`)"""
    return similarity(limits.spliced, now) == 1.0 or same_but_terms(limits.spliced, now)


def _covers_any(old: str, new: str) -> bool:
    """Does it now cover more, by a word such as "any", with no qualifier that could take it back?"""
    changed = set(qualifiers_moved(old, new))
    covers = changed & _COVERING
    return bool(covers) and changed <= covers | _NARROWING and numbers_in(old) == numbers_in(new)
