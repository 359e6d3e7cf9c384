"""Does a status rule fit? C1, C2, C10, C12, M1, M11, M20, m1. Each answer is the reason, or None."""

from __future__ import annotations

from monitor.core.fits.design import arm_set
from monitor.core.fits.eligibility import SUBSTANTIAL, eligibility_substance
from monitor.core.scene import ACTIVE, STOPPED, Case, Scene

_WHY = "status.whyStopped"
_LAST_KNOWN = "status.lastKnownStatus"


def _move(case: Case) -> tuple[str, str] | None:
    """The status move the change belongs to: its own, or for a reason given the one beside it."""
    move = case.scene.status_move
    if move is None or case.delta.field == _LAST_KNOWN:
        return None
    return move[0] or "none", move[1] or "none"


def stopped(case: Case) -> str | None:
    """C1: the status moved to a stop."""
    move = _move(case)
    return f"overall status {move[0]} → {move[1]}" if move and move[1] in STOPPED else None


def resumed(case: Case) -> str | None:
    """C2: the status moved from a stop, or from completed, back to activity."""
    move = _move(case)
    if move and (move[0] in STOPPED or move[0] == "COMPLETED") and move[1] in ACTIVE:
        return f"overall status {move[0]} → {move[1]}"
    return None


def record_removed(case: Case) -> str | None:
    """C10: the registry withholds the record, or no longer has it."""
    if case.delta.field == "registry.presence":
        return "the registry no longer has the record" if case.delta.new == "gone" else None
    return "overall status → WITHHELD" if case.scene.veil == "drawn" else None


def reopened_changed(case: Case) -> str | None:
    """C12: recruiting again, and not under the same protocol."""
    if case.scene.status_move != ("ACTIVE_NOT_RECRUITING", "RECRUITING"):
        return None
    changed = changed_beside_reopening(case.scene)
    return f"reopened to recruitment with a change of {', '.join(changed)}" if changed else None


def status_step(case: Case) -> str | None:
    """M1: any other move, not to unknown nor from it to activity."""
    move = _move(case)
    if move is None or "WITHHELD" in move or stopped(case) or resumed(case) or status_unknown(case):
        return None
    return f"overall status {move[0]} → {move[1]}"


def why_stopped_edited(case: Case) -> str | None:
    """M11: the reason changed though the status did not."""
    if case.delta.field != _WHY or case.scene.status_move:
        return None
    return f"reason for stopping {case.delta.op} without a change of status"


def withheld_unveiled(case: Case) -> str | None:
    """M20: the registry publishes what it withheld."""
    return f"overall status WITHHELD → {case.scene.status}" if case.scene.veil == "lifted" else None


def discovered(case: Case) -> str | None:
    """M22: it was not in the search before."""
    if case.delta.op != "added":
        return None
    return "back in a search" if case.delta.new == "back" else "new in a search"


def status_unknown(case: Case) -> str | None:
    """m1: the registry's own computation, and its undoing."""
    if case.delta.field == _LAST_KNOWN:
        return "the registry shows it only while it computes unknown"
    move = _move(case)
    if move and move[1] == "UNKNOWN":
        return "the registry computes unknown: completion has passed and two years without verification"
    if move and move[0] == "UNKNOWN" and move[1] in ACTIVE:
        return f"overall status UNKNOWN → {move[1]}"
    return None


def changed_beside_reopening(scene: Scene) -> tuple[str, ...]:
    """What else is different in a trial that recruits again: eligibility, arms, enrollment target."""
    eligibility = any(
        delta.field in SUBSTANTIAL and eligibility_substance(Case(delta, scene)) for delta in scene.deltas
    )
    arms = any(
        delta.field == "armsInterventions.arms" and arm_set(Case(delta, scene)) for delta in scene.deltas
    )
    now = scene.enrollments[1]
    target = scene.changed("design.enrollmentCount") and now is not None and now.type == "ESTIMATED"
    found = (("eligibility", eligibility), ("arms", arms), ("enrollment target", target))
    return tuple(name for name, changed in found if changed)
