"""Does a date rule fit? C6, M2, M3, M4, M14, M16, M18, m2, n4. Each answer is the reason, or None."""

from __future__ import annotations

from typing import Literal, TypeAlias

from monitor.core import slips
from monitor.core.partial_date import PartialDate, days_between
from monitor.core.record import Dated
from monitor.core.scene import COMPLETION, PRIMARY_COMPLETION, START, Case
from monitor.core.slips import dated

_NAMES = {START: "start", PRIMARY_COMPLETION: "primary completion", COMPLETION: "study completion"}
DateMove: TypeAlias = Literal[
    "given", "removed", "moved", "corrected", "refined", "coarsened", "confirmed", "reopened", "retyped"
]
_FINENESS = ("year", "month", "day")
_WINDOW = ("first_days", "second_days", "third_days")


def completion_shift_large(case: Case) -> str | None:
    """C6: a move of primary completion that changes plans."""
    types = _types(case)
    slip, limit = case.slip, case.limit("C6", "threshold_days")
    if slip is None or abs(slip) < limit:
        return None
    if types == ("ESTIMATED", "ESTIMATED"):
        return f"estimated primary completion {_days(slip)} (threshold {limit:g})"
    if types == ("ESTIMATED", "ACTUAL") and not case.scene.stopping and not case.scene.results_new:
        return f"actual primary completion {_days(slip)} than the last estimate (threshold {limit:g})"
    return None


def completion_shift(case: Case) -> str | None:
    """M2: a move of estimated primary completion that is no rounding."""
    slip, limit = case.slip, case.limit("M2", "threshold_days")
    if slip is None or _types(case) != ("ESTIMATED", "ESTIMATED"):
        return None
    if not limit <= abs(slip) < case.limit("C6", "threshold_days"):
        return None
    return f"estimated primary completion {_days(slip)} (threshold {limit:g})"


def completion_actual(case: Case) -> str | None:
    """M3: the last participant's primary endpoint is in."""
    if _types(case) != ("ESTIMATED", "ACTUAL") or case.slip is None:
        return None
    return f"primary completion became actual, {_days(case.slip)} than the last estimate"


def study_completion_shift(case: Case) -> str | None:
    """M4: study completion moved far, or became actual."""
    types, slip, limit = _types(case), case.slip, case.limit("M4", "threshold_days")
    if slip is None:
        return None
    if types == ("ESTIMATED", "ACTUAL"):
        return f"study completion became actual, {_days(slip)} than the last estimate"
    if types == ("ESTIMATED", "ESTIMATED") and abs(slip) >= limit:
        return f"estimated study completion {_days(slip)} (threshold {limit:g})"
    return None


def actual_date_corrected(case: Case) -> str | None:
    """M14: what was given as fact is given otherwise."""
    types, slip, limit = _types(case), case.slip, case.limit("M14", "threshold_days")
    if slip is None:
        return None
    name = _NAMES[case.delta.field]
    also = "; outcomes changed in the same version" if _outcomes_changed(case) else ""
    if types == ("ACTUAL", "ESTIMATED"):
        return f"actual {name} became estimated again{also}"
    if types == ("ACTUAL", "ACTUAL") and abs(slip) > limit:
        return f"actual {name} {_days(slip)} (threshold over {limit:g}){also}"
    return None


def cumulative_slip(case: Case) -> str | None:
    """M16: small moves that have added up."""
    crossed = crossed_slip(case)
    if crossed is None:
        return None
    total, limit = crossed
    return f"moves of primary completion add up to {total} days since first known (threshold {limit:g})"


def start_shift(case: Case) -> str | None:
    """M18: the start moved far."""
    types, slip = _types(case), case.slip
    limit, actual = case.limit("M18", "threshold_days"), case.limit("M18", "actual_days")
    if slip is None:
        return None
    if types == ("ESTIMATED", "ESTIMATED") and abs(slip) > limit:
        return f"estimated start {_days(slip)} (threshold over {limit:g})"
    if types == ("ESTIMATED", "ACTUAL") and abs(slip) >= actual:
        return f"actual start {_days(slip)} than the last estimate (threshold {actual:g})"
    return None


def small_shift(case: Case) -> str | None:
    """m2: every other move of the three dates, their first giving and their loss."""
    if precision_only(case):
        return None
    name, slip, types = _NAMES[case.delta.field], case.slip, _types(case)
    if slip is None or types is None:
        return f"{name} first given" if case.gives else f"{name} no longer given"
    if kind_of_move(case) in ("refined", "coarsened"):
        old, new = (dated.date.precision for dated in case.dates or ())
        return f"{name} by the {old} → by the {new}, not moved as far as a year tells"
    if types[0] != types[1]:
        return f"{name} {types[0]} → {types[1]}, {_days(slip)}"
    return f"{name} {_days(slip)}, below every threshold for {types[1].lower()} dates"


def precision_only(case: Case) -> str | None:
    """n4: the same time, given more or less precisely."""
    types, dates = _types(case), case.dates
    if dates is None or types is None or types[0] != types[1]:
        return None
    old, new = dates
    if case.slip == 0 and old.date.precision != new.date.precision:
        # Within the same month, not the same year: a year can mean any of twelve months.
        if "year" in (old.date.precision, new.date.precision):
            return None
        return (
            f"{_NAMES[case.delta.field]} by the {old.date.precision} → by the {new.date.precision}, not moved"
        )
    if case.slip == 0 and old.date == new.date:
        return f"{_NAMES[case.delta.field]} not moved, its type first given"
    return None


def kind_of_move(case: Case) -> DateMove:
    """What became of the date; that of a date confirmed or corrected may have moved, too."""
    types, dates = _types(case), case.dates
    if types is None or dates is None:
        return "given" if case.gives else "removed"
    if types[0] != types[1]:
        return "confirmed" if types[1] == "ACTUAL" else "reopened"
    old, new = (dated.date.precision for dated in dates)
    if case.slip == 0:
        if old == new:
            return "retyped" if dates[0].date == dates[1].date else "moved"
        return "refined" if _FINENESS.index(new) > _FINENESS.index(old) else "coarsened"
    return "corrected" if types[1] == "ACTUAL" else "moved"


def measured_at(case: Case) -> str | None:
    """The precision at which the slip was measured: the coarser of the two."""
    if case.dates is None:
        return None
    return min((dated.date.precision for dated in case.dates), key=_FINENESS.index)


def crossed_slip(case: Case) -> tuple[int, float] | None:
    """(days since the first known estimate, the highest threshold crossed by this move), if any (M16)."""
    first = first_known(case)
    new, old = case.delta.new, case.delta.old
    if first is None or not (isinstance(new, Dated) and isinstance(old, Dated)):
        return None
    total, earlier = days_between(first.date, new.date), days_between(first.date, old.date)
    limits = [case.limit("M16", name) for name in _WINDOW]
    crossed = [limit for limit in limits if abs(earlier) < limit <= abs(total)]
    return (total, max(crossed)) if crossed else None


def first_known(case: Case) -> Dated | None:
    """The date in the first known version; None where earlier versions are not known."""
    if case.scene.history is None:
        return None
    for change in case.scene.history:
        if change.get("field") == case.delta.field and isinstance(change.get("old"), dict):
            return dated(change["old"])
    return case.delta.old if isinstance(case.delta.old, Dated) else None


def moves_so_far(case: Case) -> int:
    """How many times the date moved in the history that is known, this change not counted."""
    return slips.moves(case.scene.history or (), case.delta.field)


def versions_seen(case: Case) -> int | None:
    """How many versions the history is made of, with the first and this one; None where it does not say."""
    known = slips.versions(case.scene.history or ())
    return known + 1 if known else None


def since_registration(case: Case) -> bool:
    """Is every earlier version known, from the registry's first on? What posted nothing has no number."""
    return slips.is_whole(case.scene.history or ())


def days_since_actual(case: Case) -> int | None:
    """Days since the date first stood as a fact, by the data versions; None where that is not known."""
    for change in reversed(case.scene.history or ()):
        if change.get("field") != case.delta.field:
            continue
        old, new, seen = dated(change.get("old")), dated(change.get("new")), change.get("data_version")
        if new and new.type == "ACTUAL" and (old is None or old.type != "ACTUAL"):
            if not isinstance(seen, str) or case.scene.as_of is None:
                return None
            return (case.scene.as_of - PartialDate.parse(seen[:10]).last).days
    return None


def _types(case: Case) -> tuple[str, str] | None:
    dates = case.dates
    return (dates[0].type or "ESTIMATED", dates[1].type or "ESTIMATED") if dates else None


def _days(slip: int) -> str:
    return f"{abs(slip)} day{'' if abs(slip) == 1 else 's'} {'earlier' if slip < 0 else 'later'}"


def _outcomes_changed(case: Case) -> bool:
    return case.scene.changed("outcomes.primary", "outcomes.secondary", "outcomes.other")
