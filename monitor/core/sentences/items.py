"""Sentences about outcomes, eligibility, arms, interventions and sites."""

from __future__ import annotations

import re

from monitor.core.fits.eligibility import qualifiers_moved
from monitor.core.phrases import clip
from monitor.core.record import Age
from monitor.core.scene import Case
from monitor.core.sentences.words import QUOTE, capital, changed_words, quoted, status, stop, word
from monitor.core.text import numbers_in

_LISTS = {"outcomes.primary": "primary", "outcomes.secondary": "secondary", "outcomes.other": "other"}
_PERIOD = re.compile(r"\b(?:within|last|past|prior|before|after|since|washout|half-li)", re.I)
"""Where a limit is a length of time, more of it may let in more people or fewer."""
_FRAME = re.compile(r"(?P<amount>\d[\d.,]*)\s+(?P<unit>[A-Za-z]+)\.?$")
_PARTS = {"timeFrame": "Time frame", "description": "Description", "measure": "Measure"}


def outcome(case: Case) -> str:
    """An outcome came, went, moved or changed."""
    delta, kind = case.delta, _LISTS.get(case.delta.field, "other")
    name = quoted(case.of_item("measure"))
    if delta.op == "moved" and not delta.at:
        source = _LISTS.get(delta.from_field or "", "other")
        return f"{name} moved from {source} to {kind} outcomes."
    if not delta.at:
        frame = case.of_item("timeFrame")
        within = f" ({clip(frame, 80)})" if frame else ""
        return f"{capital(kind)} outcome {delta.op}: {name}{within}."
    if case.part == "measure":
        return f"{capital(kind)} outcome re-worded: {changed_words(case.old, case.new)}."
    part = _PARTS.get(case.part, case.part)
    if case.part == "timeFrame" and case.old and case.new and max(len(case.old), len(case.new)) <= 60:
        return stop(f"{part} of {kind} outcome {name}{re_timed(case.old, case.new)}")
    return f"{part} of {kind} outcome {name}{_edit(case)}."


def re_timed(old: str, new: str) -> str:
    """How a time frame moved, to follow a name: ` 24 → 36 months`, else both quoted."""
    before, after = _FRAME.match(old), _FRAME.match(new)
    if not (before and after):
        return f": {quoted(old)} → {quoted(new)}"
    same = before["unit"].casefold().rstrip("s") == after["unit"].casefold().rstrip("s")
    return f" {before['amount'] if same else old} → {new}"


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


def site_given(case: Case) -> str:
    """A site of a record seen for the first time."""
    return stop(f"Site: {place(case)}")


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


def arm(case: Case) -> str:
    """An arm came, went or changed."""
    name = quoted(case.of_item("label"))
    if not case.delta.at:
        kind = case.of_item("type")
        return f"Arm {case.delta.op}: {name}{f' ({word(kind)})' if kind else ''}."
    if case.part == "label":
        return f"Arm renamed: {quoted(case.old)} → {quoted(case.new)}."
    if case.part == "type":
        return f"Arm {name}: {word(case.old) or 'no type'} → {word(case.new) or 'no type'}."
    if case.part == "interventionNames":
        return f"Arm {name}, interventions: {_members(case)}."
    return f"Arm {name}, {case.part}{_edit(case)}."


def intervention(case: Case) -> str:
    """An intervention came, went or changed."""
    name = quoted(case.of_item("name"))
    if not case.delta.at:
        kind = case.of_item("type")
        return f"Intervention {case.delta.op}: {name}{f' ({word(kind)})' if kind else ''}."
    if case.part == "name":
        return f"Intervention renamed: {quoted(case.old)} → {quoted(case.new)}."
    label = {"armGroupLabels": "arms", "otherNames": "other names"}.get(case.part)
    if label:
        return f"Intervention {name}, {label}: {_members(case)}."
    return f"Intervention {name}, {case.part}{_edit(case)}."


def site(case: Case) -> str:
    """A site came, went or changed."""
    delta, part = case.delta, case.part
    if not part:
        return stop(f"Site {delta.op}: {place(case)}")
    if part == "status":
        if delta.new is None:
            return f"Site status no longer shown: {place(case)} (was {status(case.old)})."
        if delta.old is None:
            return f"{place(case)}: {status(case.new)}."
        return f"{place(case)}: {status(case.old)} → {status(case.new)}."
    if part == "facility":
        where = ", ".join(text for name in ("city", "country") if (text := case.of_item(name)))
        if not (case.old and case.new):
            return f"Site in {where}: facility{_edit(case)}."
        return f"Site renamed in {where}: {quoted(case.old)} → {quoted(case.new)}."
    if part == "contacts":
        return f"{place(case)}: contacts changed."
    if part == "geoPoint":
        return f"{place(case)}: coordinates changed."
    return f"{place(case)}: {part}{_edit(case)}."


def place(case: Case) -> str:
    """A site in words: facility, city, country."""
    parts = map(case.of_item, ("facility", "city", "country"))
    return clip(", ".join(filter(None, parts)), QUOTE) or "a site without a name"


def _edit(case: Case) -> str:
    """A part of an item, to follow its name: given, dropped or changed."""
    if not case.old:
        return f" given: {quoted(case.new)}"
    if not case.new:
        return f" no longer given (was {quoted(case.old)})"
    return f": {changed_words(case.old, case.new)}"


def _members(case: Case) -> str:
    old, new = case.delta.old or frozenset(), case.delta.new or frozenset()
    if not (isinstance(old, frozenset) and isinstance(new, frozenset)):
        return _edit(case).lstrip(": ")
    gone, come = sorted(old - new), sorted(new - old)
    told = [f"{sign} {clip(name, 80)}" for sign, names in (("−", gone), ("+", come)) for name in names]
    return "; ".join(told[:6]) + (f"; and {len(told) - 6} more" if len(told) > 6 else "")


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
