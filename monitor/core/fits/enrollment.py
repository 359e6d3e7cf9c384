"""Does an enrollment rule fit? C7, M5, m3. Each answer is the reason, or None.

The type shares the count's rule: both changes are judged by count and type before and after.
"""

from __future__ import annotations

from monitor.core.scene import Case, Enrollment


def enrollment_collapse(case: Case) -> str | None:
    """C7: half of the participants are gone, or never came."""
    pair = _pair(case)
    if pair is None or pair[0].count == 0:
        return None
    old, new = pair
    limit = case.limit("C7", "threshold_percent")
    share = 100 * new.count / old.count
    if old.type == new.type and share <= 100 - limit:
        return f"enrollment {old.count} → {new.count}, {100 - share:.0f} % less (threshold {limit:g} %)"
    if (old.type, new.type) == ("ESTIMATED", "ACTUAL") and share < limit:
        return (
            f"actual enrollment {new.count} of {old.count} estimated, {share:.0f} % (threshold {limit:g} %)"
        )
    return None


def enrollment_change(case: Case) -> str | None:
    """M5: a change that alters what the trial can show."""
    pair = _pair(case)
    if pair is None:
        return None
    old, new = pair
    match old.type, new.type:
        case "ACTUAL", "ESTIMATED":
            return f"actual enrollment {old.count} became estimated again"
        case "ESTIMATED", "ACTUAL":
            return _off_target(case, old.count, new.count)
        case "ACTUAL", "ACTUAL":
            return _moved(case, old.count, new.count) or _corrected(case, old.count, new.count)
        case _:
            return _moved(case, old.count, new.count)


def enrollment_small(case: Case) -> str | None:
    """m3: the rest."""
    pair = _pair(case)
    if pair is None:
        return "enrollment first given, or no longer"
    old, new = pair
    if old.count == new.count:
        return f"enrollment {old.type.lower()} → {new.type.lower()}, count unchanged"
    return f"enrollment {old.count} → {new.count} ({new.count - old.count:+d}), below every threshold"


def _pair(case: Case) -> tuple[Enrollment, Enrollment] | None:
    old, new = case.scene.enrollments
    return (old, new) if old and new else None


def _moved(case: Case, old: int, new: int) -> str | None:
    share, count, floor = (
        case.limit("M5", name) for name in ("threshold_percent", "threshold_count", "count_percent")
    )
    moved = abs(new - old)
    # In whole numbers: exactly 15 % must not turn on how a quotient rounds.
    if moved * 100 > share * old:
        return f"enrollment {old} → {new}, {_percent(old, new)} (threshold over {share:g} %)"
    if moved >= count and moved * 100 >= floor * old:
        return f"enrollment {old} → {new}, {moved} participants (threshold {count:g} and {floor:g} %)"
    return None


def _corrected(case: Case, old: int, new: int) -> str | None:
    share, count = case.limit("M5", "corrected_percent"), case.limit("M5", "corrected_count")
    moved = abs(new - old)
    if moved and (moved * 100 >= share * old or moved >= count):
        return f"actual enrollment corrected {old} → {new} (threshold {share:g} % or {count:g})"
    return None


def _off_target(case: Case, old: int, new: int) -> str | None:
    low, accrual, high = (
        case.limit("M5", name) for name in ("low_percent", "accrual_percent", "high_percent")
    )
    if low * old <= new * 100 < accrual * old:
        return f"actual enrollment {new} of {old} estimated (threshold {accrual:g} %)"
    if new * 100 >= high * old and new:
        return f"actual enrollment {new} of {old} estimated (threshold {high:g} %)"
    return None


def _percent(old: int, new: int) -> str:
    return f"{100 * (new - old) / old:+.0f} %" if old else f"from 0 to {new}"
