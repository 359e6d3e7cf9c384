"""Sentences about arms, interventions and sites."""

from __future__ import annotations

from functools import lru_cache

from monitor.core.phrases import clip
from monitor.core.scene import Case
from monitor.core.sentences.doses import numbers_moved
from monitor.core.sentences.words import QUOTE, edited, quoted, status, stop, word


def site_given(case: Case) -> str:
    """A site of a record seen for the first time."""
    return stop(f"Site: {place(case)}")


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
    if case.part == "description" and (numbers := numbers_moved(case.old, case.new)):
        return f"Arm {name}: {numbers}."
    return f"Arm {name}, {case.part}{edited(case.old, case.new)}."


def intervention(case: Case) -> str:
    """An intervention came, went or changed."""
    name = quoted(case.of_item("name"))
    if not case.delta.at:
        kind = case.of_item("type")
        return f"Intervention {case.delta.op}: {name}{f' ({word(kind)})' if kind else ''}."
    if case.part == "name":
        return f"Intervention renamed: {quoted(case.old)} → {quoted(case.new)}."
    if case.part == "type":
        return f"Intervention {name}: {word(case.old) or 'no type'} → {word(case.new) or 'no type'}."
    label = {"armGroupLabels": "arms", "otherNames": "other names"}.get(case.part)
    if label:
        return f"Intervention {name}, {label}: {_members(case)}."
    if case.part == "description" and (numbers := numbers_moved(case.old, case.new)):
        return f"Intervention {name}: {numbers}."
    return f"Intervention {name}, {case.part}{edited(case.old, case.new)}."


def site(case: Case) -> str:
    """A site came, went or changed."""
    delta, part = case.delta, case.part
    if not part:
        return stop(f"Site {delta.op}: {place(case)}")
    if part == "status":
        if delta.new is None:
            return f"Site status no longer shown: {place(case)} (was {status(case.old)})."
        if delta.old is None:
            return f"{place(case)}: status now shown, {word(case.new)}."
        return f"{place(case)}: {status(case.old)} → {status(case.new)}."
    if part == "facility":
        where = ", ".join(text for name in ("city", "country") if (text := case.of_item(name)))
        if not (case.old and case.new):
            return f"Site in {where}: facility{edited(case.old, case.new)}."
        return f"Site renamed in {where}: {quoted(case.old)} → {quoted(case.new)}."
    if part == "contacts":
        return f"{place(case)}: contacts changed."
    if part == "geoPoint":
        return f"{place(case)}: coordinates changed."
    return f"{place(case)}, {part}{edited(case.old, case.new)}."


def place(case: Case) -> str:
    """A site in words: facility, city, country."""
    return _place(case.of_item("facility"), case.of_item("city"), case.of_item("country"))


@lru_cache(maxsize=4096)
def _place(*parts: str) -> str:
    """A site changes in several parts at once: its name is put together for all of them."""
    return clip(", ".join(filter(None, parts)), QUOTE) or "a site without a name"


def _members(case: Case) -> str:
    old, new = case.delta.old or frozenset(), case.delta.new or frozenset()
    if not (isinstance(old, frozenset) and isinstance(new, frozenset)):
        return edited(case.old, case.new).lstrip(": ")
    gone, come = sorted(old - new), sorted(new - old)
    told = [f"{sign} {clip(name, 80)}" for sign, names in (("−", gone), ("+", come)) for name in names]
    return "; ".join(told[:6]) + (f"; and {len(told) - 6} more" if len(told) > 6 else "")
