"""Does an outcome rule fit? C4, C5, M6, M17, m4. Each answer is the reason, or None."""

from __future__ import annotations

from monitor.core.durations import duration_days
from monitor.core.scene import Case
from monitor.core.text import same_words

PRIMARY = "outcomes.primary"


def primary_outcome_switched(case: Case) -> str | None:
    """C4: after start, the primary outcomes are not the same set any more."""
    scene = case.scene
    what = set_change(case)
    if what is None or not scene.started:
        return None
    if not scene.results_near:
        return f"{what} after start"
    dropped = case.delta.op == "removed" and scene.primary_losses > 0
    if case.delta.op == "moved" or dropped:
        return f"{what}{', unreplaced,' if dropped else ''} around results posting"
    return None


def primary_outcome_after_completion(case: Case) -> str | None:
    """C5: the question changed when the answers were in."""
    done = case.scene.completed_by
    if done is None or case.scene.results_near:
        return None
    what = edited(case, case.limit("C5", "similarity"))
    return f"{what}, primary completion was {done}" if what else None


def primary_outcome_edited(case: Case) -> str | None:
    """M6: the primary outcome is measured otherwise; before start, the set changes."""
    if case.scene.results_near:
        return None
    what = set_change(case)
    if what and not case.scene.started:
        return f"{what} before start"
    return edited(case, case.limit("M6", "similarity"))


def restated_at_results(case: Case) -> str | None:
    """M17: what posting results makes every sponsor restate."""
    if not case.scene.results_near:
        return None
    what = set_change(case) or edited(case, case.limit("M6", "similarity"))
    return f"{what} around results posting" if what else None


def secondary_outcomes(case: Case) -> str | None:
    """m4: the rest."""
    if case.delta.field == PRIMARY:
        return "primary outcome changed in wording or time frame below the thresholds of M6"
    return f"{case.delta.field.rpartition('.')[2]} outcome {case.delta.op}"


def set_change(case: Case) -> str | None:
    """How the set of primary outcomes changed, if this change is of that kind."""
    delta = case.delta
    if delta.at:
        return None
    if delta.op == "moved":
        if delta.field == PRIMARY:
            return "an outcome promoted to primary"
        return "a primary outcome demoted" if delta.from_field == PRIMARY else None
    return f"a primary outcome {delta.op}" if delta.field == PRIMARY and delta.op != "changed" else None


def edited(case: Case, limit: float) -> str | None:
    """How a paired primary outcome was re-worded or re-timed beyond the thresholds, if so."""
    if case.delta.field != PRIMARY or not case.delta.at:
        return None
    if case.part == "timeFrame":
        return _re_timed(case)
    if case.part not in ("measure", "description") or not (case.old and case.new):
        return None
    if case.similarity < limit:
        return f"{case.part} similarity {case.similarity:.2f} (threshold {limit:g})"
    return None


def _re_timed(case: Case) -> str | None:
    old, new = duration_days(case.old), duration_days(case.new)
    if old is None or new is None:
        return None if same_words(case.old, case.new) else "time frame re-worded, no duration to compare"
    percent, days = case.limit("M6", "threshold_percent"), case.limit("M6", "threshold_days")
    moved = abs(new - old)
    if moved >= days and moved * 100 >= percent * old:
        return f"time frame {old:.0f} → {new:.0f} days (thresholds {percent:g} % and {days:g} days)"
    return None
