"""Sentences about status, dates and enrollment."""

from __future__ import annotations

from monitor.core.fits.dates import (
    days_since_actual,
    first_known,
    kind_of_move,
    moves_so_far,
    precision_only,
    since_registration,
    versions_seen,
)
from monitor.core.fits.status import changed_beside_reopening
from monitor.core.partial_date import days_between
from monitor.core.record import Dated
from monitor.core.scene import ACTIVE, STOPPED, Case
from monitor.core.sentences.words import (
    listing,
    moved,
    ordinal,
    percent,
    quoted,
    status,
    stop,
    stretch,
    value_words,
    when,
    word,
)
from monitor.core.stopping import stop_class

_ENROLLING = frozenset({"RECRUITING", "ENROLLING_BY_INVITATION"})
_COUNTING = _ENROLLING | {"SUSPENDED"}
"""Statuses under which an actual number is not the last one."""
_BEGUN = _ENROLLING | {"ACTIVE_NOT_RECRUITING"}
_FAR = 31
"""Days from which a confirmed date is told by its distance from the estimate."""
_LABELS = {
    "status.startDate": "Start",
    "status.primaryCompletionDate": "Primary completion",
    "status.completionDate": "Study completion",
}


def overall_status(case: Case) -> str:
    """The status moved."""
    old, new = case.old, case.new
    after = case.scene.after
    if new == "UNKNOWN":
        verified, known = (
            after.dated("status.statusVerifiedDate"),
            after.word("status.lastKnownStatus") or old,
        )
        last = f"last verified {when(verified)}; " if verified else ""
        return (
            f"Status unknown: {last}was {status(known)}. "
            "The registry sets this itself; the sponsor changed nothing."
        )
    if case.scene.veil == "drawn":
        return f"{status(old)} → Withheld: the registry hides the record."
    if case.scene.veil == "lifted":
        return f"Record unveiled: Withheld → {status(new)}."
    sentence = f"{status(old)} → {status(new)}"
    if case.scene.stopping:
        reason = after.word("status.whyStopped")
        return f"{sentence}. {given(reason)}" if reason else f"{sentence}. No reason given."
    beside = (
        changed_beside_reopening(case.scene) if new == "RECRUITING" and old == "ACTIVE_NOT_RECRUITING" else ()
    )
    if beside:
        return f"{sentence}, with {listing(beside)} changed."
    meaning = _meaning(old, new)
    return f"{sentence}: {meaning}." if meaning else f"{sentence}."


def _meaning(old: str, new: str) -> str:
    """What a step of the status means, where its two words do not say so; empty where they do."""
    if old in STOPPED and new in ACTIVE:
        return "resumed"
    if old == "COMPLETED" and new in ACTIVE:
        return "active again"
    if old == "UNKNOWN":
        return "the record is kept up again"
    if old in _ENROLLING and new == "ACTIVE_NOT_RECRUITING":
        return "recruitment closed"
    if old == "ACTIVE_NOT_RECRUITING" and new in _ENROLLING:
        return "reopened to recruitment"
    if old in _BEGUN and new == "NOT_YET_RECRUITING":
        return "a step back"
    return "expanded access ended" if (old, new) == ("AVAILABLE", "NO_LONGER_AVAILABLE") else ""


def given(reason: str) -> str:
    """The reason, always quoted first and classed second (rules, "Stop classes")."""
    return f"Reason given: {quoted(reason)} (classed {stop_class(reason).replace('_', ' or ')})."


def why_stopped(case: Case) -> str:
    """The reason for stopping was given, changed or dropped."""
    if not case.new:
        return stop(f"Reason for stopping no longer given (was {quoted(case.old)})")
    if not case.old:
        return given(case.new)
    return (
        f"Reason for stopping changed: {quoted(case.old)} → {given(case.new).removeprefix('Reason given: ')}"
    )


def last_known_status(case: Case) -> str:
    """The registry remembers, or forgets, the last status."""
    if case.new:
        return f"Last known status: {status(case.new)}."
    return f"Last known status no longer shown (was {status(case.old)})."


def main_date(case: Case) -> str:
    """Start, primary completion or completion moved."""
    label, dates, slip = _LABELS[case.delta.field], case.dates, case.slip
    if dates is None or slip is None:
        if case.delta.new is not None:
            return f"{label} given: {value_words(case.delta.new)}."
        return f"{label} no longer given (was {value_words(case.delta.old)})."
    old, new = dates
    if precision_only(case) and old.date == new.date:
        return f"{label} {when(new)} now marked {(new.type or 'estimated').lower()}."
    match kind_of_move(case):
        case "refined":
            return f"{label} given to the {new.date.precision}: {when(old)} → {when(new)}."
        case "coarsened":
            return f"{label} now given to the {new.date.precision} only: {when(old)} → {when(new)}."
    match old.type, new.type:
        case "ESTIMATED", "ACTUAL":
            return _confirmed(label, old, new, slip)
        case "ACTUAL", "ESTIMATED":
            far = f", {moved(slip)}" if slip else ""
            return f"{label} estimated again{far}: {when(old)} (actual) → {when(new)} (estimated)."
        case "ACTUAL", "ACTUAL":
            since = days_since_actual(case)
            first = f"; first given as actual {stretch(since)} before" if since else ""
            return f"Actual {label.lower()} corrected {moved(slip)}: {when(old)} → {when(new)}{first}."
    return f"{label} {moved(slip)}: {when(old)} → {when(new)} (estimated).{_so_far(case)}"


def _confirmed(label: str, old: Dated, new: Dated, slip: int) -> str:
    if abs(slip) < _FAR:
        was = "as estimated" if old.date == new.date else f"was estimated {when(old)}"
        return f"{label} confirmed: {when(new)} ({was})."
    return f"{label} confirmed: {when(new)}, {moved(slip)} than estimated ({when(old)})."


def _so_far(case: Case) -> str:
    """How often and how far it has moved in all, where earlier versions are known."""
    first, earlier = first_known(case), moves_so_far(case)
    if first is None or not earlier or not isinstance(case.delta.new, Dated) or case.slip is None:
        return ""
    total, versions = days_between(first.date, case.delta.new.date), versions_seen(case)
    among = f" in the {versions} versions seen" if versions else ""
    if since_registration(case):
        among = " since registration"
    if total == 0:
        return f" {ordinal(earlier + 1)} move{among}, back to the first date."
    # A plan that slips is the usual case and needs no direction; any other sum says which way it went.
    slips = total > 0 and case.slip > 0
    return f" {ordinal(earlier + 1)} move{among}, {stretch(total) if slips else moved(total)} in all."


def enrollment_count(case: Case) -> str:
    """The number of participants changed."""
    old, new = case.scene.enrollments
    if old is None or new is None:
        if new:
            return f"Enrollment given: {new.count:,} ({word(new.type)})."
        return f"Enrollment no longer given (was {case.old})."
    change = percent(old.count, new.count)
    shift = f"{old.count:,} → {new.count:,}" + (f" ({change})" if change else "")
    match old.type, new.type:
        case "ESTIMATED", "ACTUAL":
            return _against_target(case, old.count, new.count)
        case "ACTUAL", "ESTIMATED":
            return f"Enrollment estimated again: {old.count:,} (actual) → {new.count:,} (estimated)."
        case "ACTUAL", "ACTUAL":
            if case.scene.status in _COUNTING:
                return f"Enrolled so far {shift}."
            return f"Actual enrollment corrected {shift}."
    return f"Target {shift}."


def against_target(now: str | None, planned: int, actual: int) -> str:
    """An actual number beside the plan; final only where the trial is over (voice, "enrollment")."""
    share = f" ({_share(actual, planned)} %)" if planned else ""
    if now in ("COMPLETED", "TERMINATED"):
        if planned == actual:
            return f"Final enrollment {actual:,}, as planned."
        return f"Final enrollment {actual:,} of {planned:,} planned{share}."
    if actual == 0:
        return f"Nobody enrolled{' so far' if now in _COUNTING else ''}, {planned:,} planned."
    so_far = " so far" if now in _COUNTING else ""
    return f"{actual:,} of {planned:,} planned enrolled{so_far}{share}."


def _against_target(case: Case, planned: int, actual: int) -> str:
    """The same in a story; that recruitment is closed is said where no step of the status says so."""
    told = against_target(case.scene.status, planned, actual)
    if case.scene.status == "ACTIVE_NOT_RECRUITING" and case.scene.status_move is None:
        return f"{told.rstrip('.')}; recruitment is closed."
    return told


def _share(actual: int, planned: int) -> str:
    share = 100 * actual / planned
    return "<1" if 0 < share < 1 else f"{share:.0f}"


def enrollment_type(case: Case) -> str:
    """The number became actual, or an estimate again."""
    counted, new = case.scene.enrollments
    if counted and new and (counted.type, new.type) == ("ESTIMATED", "ACTUAL"):
        return _against_target(case, counted.count, new.count)
    count = f" {new.count:,}" if new and not case.scene.changed("design.enrollmentCount") else ""
    old = f"{word(case.old)} → " if case.old else ""
    return f"Enrollment{count}: {old}{word(case.new) or 'no type'}."
