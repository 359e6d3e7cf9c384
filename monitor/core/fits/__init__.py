"""One predicate for each rule: given a change in its scene, the reason it fits, or None.

A reason names the inputs and the thresholds it was measured by. Predicates know nothing of levels and
order; which of those that fit decides is for `core.classify`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from monitor.core.fits import dates, design, eligibility, enrollment, outcomes, record, sites, status
from monitor.core.scene import Case

Fit: TypeAlias = Callable[[Case], "str | None"]


def _other(case: Case) -> str:
    if case.scene.results_new and case.delta.field.startswith("results."):
        return "part of the first posting of results"
    return f"no rule for {case.delta.field} {case.delta.op}"


FITS: Mapping[str, Fit] = MappingProxyType(
    {
        "C1": status.stopped,
        "C2": status.resumed,
        "C3": record.results_posted,
        "C4": outcomes.primary_outcome_switched,
        "C5": outcomes.primary_outcome_after_completion,
        "C6": dates.completion_shift_large,
        "C7": enrollment.enrollment_collapse,
        "C8": design.lead_sponsor_changed,
        "C9": design.design_changed,
        "C10": status.record_removed,
        "C11": design.control_arm_lost,
        "C12": status.reopened_changed,
        "C13": record.violation,
        "M1": status.status_step,
        "M2": dates.completion_shift,
        "M3": dates.completion_actual,
        "M4": dates.study_completion_shift,
        "M5": enrollment.enrollment_change,
        "M6": outcomes.primary_outcome_edited,
        "M7": design.arm_set,
        "M8": design.intervention_set,
        "M9": eligibility.eligibility_substance,
        "M10": sites.country_set,
        "M11": status.why_stopped_edited,
        "M12": record.results_signal,
        "M13": record.results_revised,
        "M14": dates.actual_date_corrected,
        "M16": dates.cumulative_slip,
        "M17": outcomes.restated_at_results,
        "M18": dates.start_shift,
        "M19": record.publication,
        "M20": status.withheld_unveiled,
        "M21": design.design_step,
        "M22": status.discovered,
        "m1": status.status_unknown,
        "m2": dates.small_shift,
        "m3": enrollment.enrollment_small,
        "m4": outcomes.secondary_outcomes,
        "m5": design.arm_intervention_wording,
        "m6": eligibility.criteria_wording,
        "m7": sites.sites,
        "m8": record.collaborators_party,
        "m9": record.titles,
        "m10": design.organization,
        "m11": design.design_detail,
        "m12": record.listed,
        "m13": record.listed,
        "m14": record.references,
        "m15": record.documents_ipd,
        "m16": record.summary_text,
        "m17": _other,
        "n1": record.admin_dates,
        "n2": sites.contacts,
        "n3": sites.registry_side,
        "n4": dates.precision_only,
        "n5": record.keywords_links,
        "n6": record.cosmetic_text,
        "n7": sites.status_wipe,
    }
)
"""By rule id. M15 reads all sites at once and is worked out with the findings."""
