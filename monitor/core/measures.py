"""The facts of a change: what was measured, under names programs may rely on (contract section 2)."""

from __future__ import annotations

from monitor.core.fits.dates import (
    first_known,
    kind_of_move,
    measured_at,
    moves_so_far,
    since_registration,
    versions_seen,
)
from monitor.core.fits.eligibility import CRITERIA, limits_of
from monitor.core.limits import to_facts
from monitor.core.numerals import numbers_in
from monitor.core.partial_date import days_between
from monitor.core.record import Dated, Json, JsonObject, Text, to_json
from monitor.core.revisions import is_summed
from monitor.core.scene import COMPLETION, PRIMARY_COMPLETION, START, Case
from monitor.core.sentences.documents import DOCUMENTS, lead_part
from monitor.core.sentences.eligibility import direction
from monitor.core.sentences.results import is_told_by_event
from monitor.core.stopping import stop_class
from monitor.core.switching import OUTCOMES, same_shift, switch
from monitor.core.switching import lead as lead_outcome
from monitor.core.text import word_diff

LONG_TEXT = 80
"""Texts longer than this carry their word-level difference."""
_DATES = frozenset({START, PRIMARY_COMPLETION, COMPLETION})
_JUDGED_BY_DAY = ("outcomes.", "armsInterventions.", "design.", "references.", "status.")
_COMPANIONS = {
    "status.whyStopped": "status.overallStatus",
    "status.lastKnownStatus": "status.overallStatus",
    "design.enrollmentType": "design.enrollmentCount",
    "results.hasResults": "status.resultsFirstPostDate",
    "status.dispFirstPostDate": "status.dispFirstSubmitDate",
    "annotation.unpostedResponsibleParty": "annotation.unpostedEvents",
}
"""Changes whose sentence another change of the same version already tells: `told_with` names its field."""
_VEIL = "status.overallStatus"
"""Its move to and from WITHHELD tells the whole record."""
_TRACKING = "derived.submissionTracking"
_WITH_RESULTS = frozenset({"status.resultsFirstPostDate", "status.resultsFirstSubmitDate"})
"""Dates that go when the results do."""
_ENROLLMENT = frozenset({"design.enrollmentCount", "design.enrollmentType"})


def measures(case: Case) -> JsonObject:
    """Everything measured about the change; what does not apply is absent."""
    name = case.delta.field
    if case.scene.veil is not None and name != _VEIL:
        return {"told_with": _VEIL}  # nothing is measured of what was hidden, or shown, as a whole
    if name == "locations":
        return {}
    facts: JsonObject = {}
    if name in _DATES:
        facts |= _slips(case)
    elif name in _ENROLLMENT:
        facts |= _enrollment(case)
    elif name.startswith("status."):
        facts |= _status(case)
    elif name == CRITERIA:
        facts |= _criterion(case)
    elif name in OUTCOMES:
        facts |= _outcome(case)
    elif is_summed(case):
        facts["summed"] = True
    if lead := _lead(case):
        facts["told_with"] = lead
    if case.scene.as_of and name.startswith(_JUDGED_BY_DAY):
        facts["as_of"] = case.scene.as_of.isoformat()
    old, new = case.delta.old, case.delta.new
    if isinstance(old, Text) and isinstance(new, Text) and max(len(old.shown), len(new.shown)) > LONG_TEXT:
        facts["text_diff"] = word_diff(old.shown, new.shown)
    return facts


def _lead(case: Case) -> str | None:
    """The field, or the path of a part of an item, whose change tells this one too, if there is one."""
    name, scene = case.delta.field, case.scene
    if name in OUTCOMES or name == DOCUMENTS:
        first = lead_part(case) if name == DOCUMENTS else lead_outcome(case)
        return first.path if first else None
    lead = _COMPANIONS.get(name)
    if lead is None and scene.results_new and (name.startswith("results.") or _is_over(case)):
        lead = "results.hasResults"
        lead = lead if scene.changed(lead) else _COMPANIONS[lead]
    if scene.results_gone and (name.startswith("results.") or name in _WITH_RESULTS):
        lead = "results.hasResults" if name != "results.hasResults" else None
    if lead is None and name == _TRACKING and is_told_by_event(case):
        lead = "annotation.unpostedEvents"
    return lead if lead and scene.changed(lead) else None


def _is_over(case: Case) -> bool:
    """Is it an account of unposted results that goes as they are posted?"""
    about = case.delta.field.startswith("annotation.unposted") or case.delta.field == _TRACKING
    return case.delta.op == "removed" and about and not case.delta.at


def _outcome(case: Case) -> JsonObject:
    """`switch`, by the classes of the literature; `same_shift`, how many time frames moved alike."""
    facts: JsonObject = {"switch": switch(case)}
    if alike := same_shift(case):
        facts["same_shift"] = len(alike)
    return facts


def _slips(case: Case) -> JsonObject:
    """What became of the date: `kind`, `slip_days`, its `direction` and the `precision` it was measured at.

    Where earlier versions are known, also `slip_from_original_days`, `slips`, `first_date` and, of how many
    versions they are made, `versions_seen`; `since_registration` where these are all there were.
    """
    facts: JsonObject = {"kind": kind_of_move(case)}
    if case.slip is not None:
        facts["slip_days"] = case.slip
        facts["direction"] = "later" if case.slip > 0 else "earlier" if case.slip else "none"
        facts["precision"] = measured_at(case)
    first, new = first_known(case), case.delta.new
    if first is not None and isinstance(new, Dated):
        facts["slip_from_original_days"] = days_between(first.date, new.date)
        facts["slips"] = moves_so_far(case) + bool(case.slip)
        facts["first_date"] = to_json(first)
        if seen := versions_seen(case):
            facts["versions_seen"] = seen
        if since_registration(case):
            facts["since_registration"] = True
    return facts


def _enrollment(case: Case) -> JsonObject:
    """`delta` in participants, `percent` of the count before."""
    old, new = case.scene.enrollments
    if old is None or new is None:
        return {}
    facts: JsonObject = {"delta": new.count - old.count}
    if old.count:
        facts["percent"] = round(100 * (new.count - old.count) / old.count, 1)
    return facts


def _status(case: Case) -> JsonObject:
    """The reason for a stop and its class; the last known status behind `UNKNOWN`."""
    facts: JsonObject = {}
    if case.delta.field not in ("status.overallStatus", "status.whyStopped"):
        return facts
    after = case.scene.after
    reason, known = after.word("status.whyStopped"), after.word("status.lastKnownStatus")
    if reason:
        facts["why_stopped"] = reason
        facts["why_stopped_class"] = stop_class(reason)
    if case.scene.status == "UNKNOWN" and known:
        facts["last_known_status"] = known
    return facts


def _criterion(case: Case) -> JsonObject:
    """`limits` that moved, those `restated` in other units; `direction` where it is plain for the whole."""
    facts: JsonObject = {}
    if case.part != "text":
        return facts
    limits = limits_of(case)
    if limits.moved:
        facts["limits"] = [to_facts(move) for move in limits.moved]
    elif numbers := _numbers(limits.spliced, case.new):
        facts["limits"] = numbers
    if limits.restated:
        facts["restated"] = [to_facts(move) for move in limits.restated]
    if way := direction(case):
        facts["direction"] = way
    return facts


def _numbers(old: str, new: str) -> list[Json]:
    """Numbers that moved though nothing is known of what they limit."""
    before, after = numbers_in(old), numbers_in(new)
    if len(before) != len(after):
        return []
    return [
        {"what": None, "old": _bare(was), "new": _bare(now), "direction": "changed"}
        for was, now in zip(before, after, strict=True)
        if was != now
    ]


def _bare(number: str) -> JsonObject:
    return {"min": None, "max": None, "unit": None, "text": number}
