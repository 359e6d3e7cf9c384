"""Does an eligibility rule fit? M9, m6. Each answer is the reason, or None."""

from __future__ import annotations

import re
from collections import Counter

from monitor.core.criteria import is_criteria_heading
from monitor.core.limits import Moves, moved_words, moves, same_but_terms
from monitor.core.numerals import numbers_in
from monitor.core.scene import Case
from monitor.core.text import same_words, similarity

CRITERIA = "eligibility.criteria"
SUBSTANTIAL = frozenset(
    {
        CRITERIA,
        "eligibility.minAge",
        "eligibility.maxAge",
        "eligibility.sex",
        "eligibility.healthyVolunteers",
    }
)
"""Fields that decide who may take part."""
_QUALIFIERS = re.compile(
    r"\b(?:any|irrespective|regardless|unless|prior|previous|previously|required?|requires|permitted|allowed|"
    r"except|excepting|excluding|only|not|no|none|without|must|history)\b|"
    r"(?P<least>>=|≥|\bat least\b)|(?P<most><=|≤|\bat most\b|\bup to\b)|[<>]",
    re.I,
)


def eligibility_substance(case: Case) -> str | None:
    """M9: other people may take part."""
    delta = case.delta
    if delta.field != CRITERIA:
        return f"{delta.field.rpartition('.')[2]} {delta.op}"
    if not delta.at:
        heading = is_criteria_heading(case.of_item("text"))
        return None if heading else f"{_section(case)} criterion {delta.op}"
    if case.part == "section":
        return f"criterion moved from {case.old or 'no section'} to {case.new or 'no section'}"
    if same_words(case.old, case.new):
        return None
    limits = limits_of(case)
    if limits.moved:
        told = ", ".join(moved_words(move) for move in limits.moved if move.old and move.new)
        return f"{_section(case)} criterion: a numeric limit changed{f' ({told})' if told else ''}"
    if sorted(numbers_in(limits.spliced)) != sorted(numbers_in(case.new)):
        return f"{_section(case)} criterion: a numeric limit changed"
    if moved := qualifiers_moved(limits.spliced, case.new):
        return f"{_section(case)} criterion: qualifier {', '.join(moved)}"
    threshold = case.limit("M9", "similarity")
    alike = similarity(limits.spliced, case.new)
    if alike < threshold and not same_but_terms(limits.spliced, case.new):
        return f"{_section(case)} criterion re-worded, similarity {alike:.2f} (threshold {threshold:g})"
    return None


def criteria_wording(case: Case) -> str | None:
    """m6: the rest."""
    if case.delta.field == CRITERIA and not case.delta.at:
        return f"a heading of the criteria {case.delta.op}, no criterion"
    if case.delta.field == CRITERIA and limits_of(case).restated and not same_words(case.old, case.new):
        return "the same limit in other units"
    if case.delta.field == CRITERIA:
        return "criterion changed in wording, no number, no qualifier, above the similarity of M9"
    return f"{case.delta.field.rpartition('.')[2]} {case.delta.op}"


def limits_of(case: Case) -> Moves:
    """What became of the numeric limits of a criterion whose text changed."""
    return moves(case.old, case.new, case.of_item("section"))


def qualifiers_moved(old: str, new: str) -> tuple[str, ...]:
    """Qualifiers gained (`+any`) and lost (`−any`), in alphabetic order; `≥` and "at least" are one."""
    before, after = (
        Counter([_qualifier(found) for found in _QUALIFIERS.finditer(text)]) for text in (old, new)
    )
    if before == after:
        return ()
    gained, lost = after - before, before - after
    return tuple(f"+{word}" for word in sorted(gained)) + tuple(f"−{word}" for word in sorted(lost))


def _qualifier(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "least":
            return "≥"
        case "most":
            return "≤"
    return found.group().casefold()


def _section(case: Case) -> str:
    return case.of_item("section") or "eligibility"
