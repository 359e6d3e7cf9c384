"""Which sentence tells a change: one for each field of the catalogue, a plain one for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from monitor.core.scene import COMPLETION, PRIMARY_COMPLETION, START, Case
from monitor.core.sentences import documents, eligibility, items, outcomes, posted, record, results, trial
from monitor.core.sentences.record import plain

Sentence: TypeAlias = Callable[[Case], str]

_SENTENCES: Mapping[str, Sentence] = MappingProxyType(
    {
        "status.overallStatus": trial.overall_status,
        "status.whyStopped": trial.why_stopped,
        "status.lastKnownStatus": trial.last_known_status,
        START: trial.main_date,
        PRIMARY_COMPLETION: trial.main_date,
        COMPLETION: trial.main_date,
        "status.resultsFirstSubmitDate": results.results_signal,
        "status.dispFirstSubmitDate": results.results_signal,
        "status.dispFirstPostDate": results.results_signal,
        "status.resultsFirstPostDate": results.results_post_date,
        "design.enrollmentCount": trial.enrollment_count,
        "design.enrollmentType": trial.enrollment_type,
        "design.phases": record.phases,
        "outcomes.primary": outcomes.outcome,
        "outcomes.secondary": outcomes.outcome,
        "outcomes.other": outcomes.outcome,
        "eligibility.criteria": eligibility.criterion,
        "eligibility.minAge": eligibility.age_limit,
        "eligibility.maxAge": eligibility.age_limit,
        "eligibility.sex": eligibility.sex,
        "armsInterventions.arms": items.arm,
        "armsInterventions.interventions": items.intervention,
        "locations": items.site,
        "sponsor.lead": record.sponsor,
        "sponsor.collaborators": record.collaborator,
        "identification.organization": record.organization,
        "identification.secondaryIds": record.secondary_id,
        "results.hasResults": results.has_results,
        "results.participantFlow": posted.posted,
        "results.baselineCharacteristics": posted.posted,
        "results.outcomeMeasures": posted.posted,
        "results.adverseEvents": posted.posted,
        "results.moreInfo": results.more_info,
        "references.references": record.reference,
        "documents.largeDocs": documents.document,
        "annotation.unpostedEvents": results.unposted_event,
        "annotation.violationEvents": results.violation,
        "oversight.fdaaa801Violation": results.violation,
        "derived.submissionTracking": results.submission_tracking,
        "derived.removedCountries": record.removed_countries,
        "registry.presence": record.presence,
        "registry.alias": record.alias,
    }
)


def summary(case: Case) -> str:
    """The change in one line."""
    return _SENTENCES.get(case.delta.field, plain)(case)


def first_sight(case: Case) -> str:
    """A field or item of a record seen for the first time, in one line."""
    return _FIRST_SIGHTS.get(case.delta.field, record.first_sight)(case)


_FIRST_SIGHTS: Mapping[str, Sentence] = MappingProxyType(
    {"eligibility.criteria": eligibility.criterion_given, "locations": items.site_given}
)
