"""Does a rule about design, arms or sponsor fit? C8, C9, C11, M7, M8, M21, m5, m8, m10, m11."""

from __future__ import annotations

import re
from collections import Counter

from monitor.core.bodies import resemble, same_name
from monitor.core.numerals import numbers_in
from monitor.core.scene import CONTROL_ARMS, Case

PHASES = ("EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4")
_TOLD = 4
_FREQUENCY = re.compile(r"\b(?:once|twice|thrice|qd|od|bid|tid|daily|weekly|biweekly|fortnightly|monthly)\b")
_TIMES = {"qd": "once", "od": "once", "bid": "twice", "tid": "thrice"}
"""Numbers named in one reason."""
_ORGANIZATION = "identification.organization"
_INTERVENTIONS = "armsInterventions.interventions"


def lead_sponsor_changed(case: Case) -> str | None:
    """C8: somebody else answers for the trial."""
    if is_same_body(case):
        return None
    return f"lead sponsor {case.old or 'none'} → {case.new or 'none'}"


def design_changed(case: Case) -> str | None:
    """C9: after start, another kind of trial."""
    what = _kind_of_trial(case)
    return f"{what} after start" if what and case.scene.started else None


def control_arm_lost(case: Case) -> str | None:
    """C11: the comparison is gone."""
    kind = case.of_item("type")
    if case.delta.op != "removed" or case.delta.at or kind not in CONTROL_ARMS or not case.scene.started:
        return None
    return f"arm of type {kind} removed after start"


def arm_set(case: Case) -> str | None:
    """M7: arms added, removed, of another type."""
    if not case.delta.at:
        return f"arm {case.delta.op}"
    return f"arm type {case.old or 'none'} → {case.new or 'none'}" if case.part == "type" else None


def intervention_set(case: Case) -> str | None:
    """M8: other treatments, or the same in other doses."""
    if not case.delta.at:
        return f"intervention {case.delta.op}"
    if case.part != "description":
        return None
    old, new = Counter(numbers_in(case.old)), Counter(numbers_in(case.new))
    if old == new:
        return _other_frequency(case.old, case.new)
    gone, come = (
        ", ".join(list((one - other).elements())[:_TOLD]) for one, other in ((old, new), (new, old))
    )
    return f"numbers in the intervention's description changed: {gone or 'none'} → {come or 'none'}"


def _other_frequency(old: str, new: str) -> str | None:
    """`once daily` became `twice daily`; a word given for the first time, or left out, says nothing."""
    before, after = (
        {_TIMES.get(word, word) for word in _FREQUENCY.findall(text.casefold().replace(".", ""))}
        for text in (old, new)
    )
    gone, come = sorted(before - after), sorted(after - before)
    return f"frequency in the intervention's description: {gone[0]} → {come[0]}" if gone and come else None


def design_step(case: Case) -> str | None:
    """M21: phases and masking otherwise, and before start what is C9 after it."""
    what = _kind_of_trial(case)
    if what:
        return None if case.scene.started else f"{what} before start"
    match case.delta.field:
        case "design.phases":
            return f"phases {case.old or 'none'} → {case.new or 'none'}"
        case "design.masking" if case.scene.started:
            return f"masking {case.old or 'none'} → {case.new or 'none'} after start"
        case "design.allocation" | "design.interventionModel" if not (case.old and case.new):
            return f"{case.delta.field.rpartition('.')[2]} first given, or no longer"
    return None


def arm_intervention_wording(case: Case) -> str:
    """m5: the rest."""
    thing = "intervention" if case.delta.field == _INTERVENTIONS else "arm"
    return f"{thing}'s {case.delta.part or 'entry'} {case.delta.op}"


def organization(case: Case) -> str | None:
    """m10: the same body under another name."""
    if case.delta.field == "sponsor.lead":
        if same_name(case.old, case.new):
            return None
        return "lead sponsor re-named: same class, same organization" if is_same_body(case) else None
    if case.part == "fullName" and same_name(case.old, case.new):
        return None
    return f"{case.delta.field.rpartition('.')[2]} {case.delta.op}"


def design_detail(case: Case) -> str | None:
    """m11: the rest of the design."""
    if case.delta.field in ("design.enrollmentCount", "design.enrollmentType", "design.studyType"):
        return None
    if case.delta.field == "design.expandedAccessPointers":
        return None
    return f"{case.delta.field.rpartition('.')[2]} {case.delta.op}"


def _kind_of_trial(case: Case) -> str | None:
    """What changed about the kind of trial, if anything did (C9, before start M21)."""
    if not (case.old and case.new):
        return None
    match case.delta.field:
        case "design.phases":
            return _phase_step(case)
        case "design.allocation" | "design.interventionModel":
            return f"{case.delta.field.rpartition('.')[2]} {case.old} → {case.new}"
        case "design.masking" if "NONE" in (case.old, case.new):
            return f"masking {case.old} → {case.new}"
    return None


def _phase_step(case: Case) -> str | None:
    old, new = case.delta.old, case.delta.new
    if not (isinstance(old, frozenset) and isinstance(new, frozenset)):
        return None
    if "PHASE3" in new - old:
        return "phases gain phase 3"
    ranks = [
        max((PHASES.index(phase) for phase in value if phase in PHASES), default=-1) for value in (old, new)
    ]
    return "phases step down" if 0 <= ranks[1] < ranks[0] else None


def is_same_body(case: Case) -> bool:
    """The same sponsor: only spelled otherwise, or renamed with class and organization unchanged.

    An unchanged organization alone does not tell: it stands over trials of other leads, too (investigators,
    institutes, subsidiaries). The two names have to be of one body by their words.
    """
    if not (case.old and case.new):
        return False
    if same_name(case.old, case.new):
        return True
    if case.scene.changed("sponsor.leadClass") or not resemble(case.old, case.new):
        return False
    organization = (Case(delta, case.scene) for delta in case.scene.by_field.get(_ORGANIZATION, ()))
    return all(other.part == "fullName" and same_name(other.old, other.new) for other in organization)
