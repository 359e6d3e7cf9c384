"""Sentences about who may take part: criteria and age limits."""

from __future__ import annotations

import re

from monitor.core.fits.eligibility import qualifiers_moved
from monitor.core.record import Age
from monitor.core.scene import Case
from monitor.core.sentences.words import capital, changed_words, quoted
from monitor.core.text import numbers_in

_PERIOD = re.compile(r"\b(?:within|last|past|prior|before|after|since|washout|half-li)", re.I)
"""Where a limit is a length of time, more of it may let in more people or fewer."""


def criterion(case: Case) -> str:
    """A criterion came, went or changed."""
    section = capital(case.of_item("section") or "eligibility")
    if not case.delta.at:
        return f"{section} {case.delta.op}: {quoted(case.of_item('text'), 240)}."
    if case.part == "section":
        old, new = case.old or "no section", case.new or "no section"
        return f"Criterion moved from {old} to {new}: {quoted(case.of_item('text'))}."
    way = direction(case)
    told = f" ({way})" if way else ""
    return f"{section}, {changed_words(case.old, case.new)}{told}."


def criterion_given(case: Case) -> str:
    """A criterion of a record seen for the first time."""
    section = capital(case.of_item("section") or "eligibility")
    return f"{section}: {quoted(case.of_item('text'), 240)}."


def direction(case: Case) -> str:
    """`loosened` or `tightened`, where one limit or qualifier moved and its meaning is plain; else empty."""
    section = case.of_item("section")
    if section not in ("inclusion", "exclusion"):
        return ""
    wider = _wider(case.old, case.new)
    if wider is None:
        return ""
    return "loosened" if wider == (section == "inclusion") else "tightened"


def age_limit(case: Case) -> str:
    """An age limit moved."""
    label = "Minimum age" if case.delta.field.endswith("minAge") else "Maximum age"
    old, new = case.delta.old, case.delta.new
    words = [value.shown.lower() if isinstance(value, Age) else "no limit" for value in (old, new)]
    lowest = label == "Minimum age"
    none = 0.0 if lowest else float("inf")
    before, after = (value.days if isinstance(value, Age) else none for value in (old, new))
    return f"{label} {words[0]} → {words[1]} ({'loosened' if (after < before) == lowest else 'tightened'})."


def _wider(old: str, new: str) -> bool | None:
    """Does the new wording let in more? None where that is not plain."""
    before, after = numbers_in(old), numbers_in(new)
    if len(before) == len(after) and before != after:
        moved = [
            (float(a), float(b), at) for at, (a, b) in enumerate(zip(before, after, strict=True)) if a != b
        ]
        return _limit_wider(new, after, *moved[0]) if len(moved) == 1 else None
    changed = set(qualifiers_moved(old, new))
    if before == after and changed & {"+any", "+irrespective", "+regardless"} and not changed & {"−any"}:
        return True
    return None


def _limit_wider(text: str, numbers: tuple[str, ...], old: float, new: float, at: int) -> bool | None:
    lead = text
    for number in numbers[:at]:
        lead = lead.partition(number)[2] if number in lead else lead
    lead = lead.partition(numbers[at])[0].rstrip().casefold()
    lower = lead.endswith(
        ("≥", ">=", ">", "at least", "minimum", "more than", "greater than", "older than", "over")
    )
    upper = lead.endswith(
        ("≤", "<=", "<", "at most", "up to", "maximum", "less than", "under", "to", "-", "–")
    )
    if lower == upper or _PERIOD.search(text):
        return None
    return (new > old) == upper
