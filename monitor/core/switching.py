"""Outcome switching: which class of the literature a change of an outcome is, and when it came.

Holst 2023 and Mathieu 2009 name the classes (added, dropped, promoted, demoted, time frame changed,
re-worded); Ramagopalan 2014 shows that the time gives them their meaning. What they are worth is for the
rules. Also here: which change of an outcome tells the others, where several parts of it changed at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.change import Delta
from monitor.core.durations import duration_days, shift_of
from monitor.core.fits.outcomes import PRIMARY, edited
from monitor.core.record import Json, JsonObject
from monitor.core.scene import Case, Scene
from monitor.core.text import same_words

OUTCOMES = ("outcomes.primary", "outcomes.secondary", "outcomes.other")
_PARTS = ("measure", "timeFrame", "description")


def switch(case: Case) -> JsonObject:
    """`class` and `timing`; `from` and `to` the lists of a moved outcome, `days` of a time frame by length.

    Classes: added, dropped, promoted, demoted, moved (between secondary and other outcomes),
    time_frame_changed, reworded. A time frame that lasts as long as before is reworded. `similarity` is that
    of the two wordings, 1 where case, punctuation or white space alone differ.
    """
    facts: JsonObject = {"class": _class(case), "timing": timing(case.scene)}
    delta = case.delta
    if delta.op == "moved":
        facts |= {"from": _list_name(delta.from_field or ""), "to": _list_name(delta.field)}
    elif facts["class"] == "time_frame_changed":
        lengths: list[Json] = [_length(case.old), _length(case.new)]
        facts |= {"days": lengths} if None not in lengths else {}
    elif facts["class"] == "reworded" and case.old and case.new:
        facts["similarity"] = round(case.similarity, 2)
    return facts


def timing(scene: Scene) -> str:
    """When, by the dates of the record after: before_start, after_start, after_primary_completion,
    at_results_posting (within the window of C4 either way), after_results_posting.
    """
    if scene.results_near:
        return "at_results_posting"
    if scene.after.get("results.hasResults") is True:
        return "after_results_posting"
    if not scene.started:
        return "before_start"
    return "after_start" if scene.completed_by is None else "after_primary_completion"


def lead(case: Case) -> Delta | None:
    """The difference whose sentence tells this one, too; None where it tells itself.

    Parts of one outcome that changed at once are told with the one that weighs most: its move, else the
    first of measure, time frame and description that is beyond the thresholds, else the first. Time frames
    that moved alike in several outcomes, and nothing else in them, are told with the first of those.
    """
    mine = parts(case)
    if len(mine) > 1:
        first = min(mine, key=lambda delta: _weight(delta, case))
        return None if first is case.delta else first
    alike = same_shift(case)
    return alike[0] if alike and alike[0] is not case.delta else None


def parts(case: Case) -> Sequence[Delta]:
    """All differences of the outcome that this is one of."""
    return case.scene.by_outcome.get((case.delta.field, case.delta.key or ""), ())


def same_shift(case: Case) -> Sequence[Delta]:
    """The time frames that moved as this one did, primary outcomes first; empty where it is the only one."""
    if case.part != "timeFrame" or len(parts(case)) > 1:
        return ()
    alike = case.scene.same_shifts.get(shift_of(case.old, case.new), ())
    return alike if len(alike) > 1 else ()


def _class(case: Case) -> str:
    delta = case.delta
    if delta.op == "moved":
        if delta.field == PRIMARY:
            return "promoted"
        return "demoted" if delta.from_field == PRIMARY else "moved"
    if not delta.at:
        return "added" if delta.op == "added" else "dropped"
    if case.part == "timeFrame" and not same_words(case.old, case.new):
        old, new = duration_days(case.old), duration_days(case.new)
        if old is None or new is None or old != new:
            return "time_frame_changed"
    return "reworded"


def _weight(delta: Delta, case: Case) -> tuple[bool, bool, int]:
    """Lower tells first."""
    if not delta.at:
        return False, False, 0
    of_part = Case(delta, case.scene)
    heavy = delta.field == PRIMARY and edited(of_part, case.limit("M6", "similarity")) is not None
    place = _PARTS.index(of_part.part) if of_part.part in _PARTS else len(_PARTS)
    return True, not heavy, place


def _length(time_frame: str) -> float | None:
    days = duration_days(time_frame)
    return None if days is None else round(days, 1)


def _list_name(field: str) -> str:
    return field.rpartition(".")[2]
