"""The significance rules as data: what a change is worth, and why we think so.

Ordered and total: the first rule that fits decides, critical before major before minor before noise, and
`m17` fits whatever nothing else does. Written to be reviewed by a medical reader; `trialwire rules` prints
it. Nothing is decided here: the conditions are carried out in `core.fits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from monitor.core.rule import Rule, RuleTable, Shift

_HOLST = "Holst 2023 (PLoS Med 20(10):e1004306)"
_MATHIEU = "Mathieu 2009 (JAMA 302:977)"
_COMPARE = "COMPare: the pre-specified outcome is the last entry before the trial began"
_ACCRUAL = "Carlisle 2015 (Clin Trials): unsuccessful accrual is below 85 % of the target"
_LOW = "Bennette 2016 (JNCI): low accrual is below half"
_STOPS = "Williams 2015 (PLoS ONE): the reason decides what a stop means"
_CFR = "42 CFR 11.64: status within 30 days"
_EU = "EU 536/2014 art. 2.2.13: substantial modification"
_SLIPS = "pdtrialtracker: slips of 90 days show"
_FDAAA = "FDAAA 801, 42 CFR 11"
_PRACTICE = "tried on real amendments"
_REGISTRY = "registry housekeeping, not the sponsor's act"

_STATUS = ("status.overallStatus", "status.lastKnownStatus", "status.whyStopped")
_PCD = ("status.primaryCompletionDate",)
_DATES = ("status.startDate", "status.primaryCompletionDate", "status.completionDate")
_ENROLLMENT = ("design.enrollmentCount", "design.enrollmentType")
_PRIMARY = ("outcomes.primary",)
_OUTCOMES = ("outcomes.*",)
_ARMS = ("armsInterventions.arms",)
_DESIGN = ("design.phases", "design.allocation", "design.interventionModel", "design.masking")
_ELIGIBILITY = (
    "eligibility.criteria",
    "eligibility.minAge",
    "eligibility.maxAge",
    "eligibility.sex",
    "eligibility.healthyVolunteers",
)
_TITLES = ("identification.briefTitle", "identification.officialTitle", "identification.acronym")
_BODIES = ("sponsor.lead", "sponsor.collaborators", "identification.organization")
_SUMMARIES = ("description.*",)


def _at(**thresholds: float) -> Mapping[str, float]:
    return MappingProxyType(thresholds)


# fmt: off
CRITICAL = (
    Rule("C1", "stopped", "critical",
         "overall status → terminated, suspended or withdrawn; with the reason given",
         _STATUS, _STOPS),
    Rule("C2", "resumed", "critical",
         "terminated, suspended or withdrawn → a recruiting or active status; completed → an active "
         "status",
         _STATUS, _CFR),
    Rule("C3", "results_posted", "critical",
         "results first posted",
         ("results.hasResults", "status.resultsFirstPostDate"), _FDAAA),
    Rule("C4", "primary_outcome_switched", "critical",
         "after start: the paired set of primary outcomes gains or loses a member, or one moves to or "
         "from another list; within ±{window_days} days of results posting only a member dropped "
         "unreplaced, promoted or demoted",
         _OUTCOMES, f"{_HOLST}; {_MATHIEU}; {_COMPARE}", _at(window_days=31)),
    Rule("C5", "primary_outcome_after_completion", "critical",
         "a primary outcome re-worded (similarity < {similarity}) or its time frame changed as in M6 "
         "while primary completion is actual or past, and not around results posting",
         _PRIMARY, "Ramagopalan 2014: after completion, odds 1.84", _at(similarity=0.9)),
    Rule("C6", "completion_shift_large", "critical",
         "estimated primary completion moved by ≥ {threshold_days} days either way, or became actual "
         "that far off the last estimate, the trial neither stopped nor its results posted",
         _PCD, _SLIPS, _at(threshold_days=180)),
    Rule("C7", "enrollment_collapse", "critical",
         "enrollment falls by ≥ {threshold_percent} % with its type unchanged, or the actual is below "
         "that share of the last estimate",
         _ENROLLMENT, _LOW, _at(threshold_percent=50)),
    Rule("C8", "lead_sponsor_changed", "critical",
         "lead sponsor's name changed beyond spelling, not just re-named",
         ("sponsor.lead",), _PRACTICE),
    Rule("C9", "design_changed", "critical",
         "after start: phases gain phase 3 or step down; allocation or intervention model changed; "
         "masking none ↔ any",
         _DESIGN, _EU),
    Rule("C10", "record_removed", "critical",
         "gone after two data versions, or withheld",
         ("registry.presence", "status.overallStatus"), _PRACTICE),
    Rule("C11", "control_arm_lost", "critical",
         "after start: a placebo, active, sham or no-intervention arm removed and not paired",
         _ARMS, _EU),
    Rule("C12", "reopened_changed", "critical",
         "active, not recruiting → recruiting together with a change of eligibility, arms or enrollment "
         "target",
         ("status.overallStatus",), _EU),
    Rule("C13", "violation", "critical",
         "a notice of violation appears",
         ("annotation.violationEvents", "oversight.fdaaa801Violation"), _FDAAA),
)

MAJOR = (
    Rule("M1", "status_step", "major",
         "any other move of the overall status, backward ones included, but not to unknown",
         _STATUS, _CFR),
    Rule("M2", "completion_shift", "major",
         "estimated primary completion moved by ≥ {threshold_days} days, short of C6",
         _PCD, _SLIPS, _at(threshold_days=31)),
    Rule("M3", "completion_actual", "major",
         "primary completion estimated → actual, moved or not",
         _PCD, "data collection for the primary endpoint is over"),
    Rule("M4", "study_completion_shift", "major",
         "estimated study completion moved by ≥ {threshold_days} days (told with primary completion "
         "where both moved within {fold_days} days of each other), or became actual",
         ("status.completionDate",), _SLIPS, _at(threshold_days=90, fold_days=60)),
    Rule("M5", "enrollment_change", "major",
         "enrollment changed by > {threshold_percent} %, or ≥ {threshold_count} participants and ≥ "
         "{count_percent} %; an actual at {low_percent} % or less than {accrual_percent} % of the "
         "estimate, or ≥ {high_percent} %; an actual corrected by ≥ {corrected_percent} % or ≥ "
         "{corrected_count}; actual → estimated",
         _ENROLLMENT, _ACCRUAL,

         _at(threshold_percent=15, threshold_count=100, count_percent=5, low_percent=50, accrual_percent=85,
             high_percent=150, corrected_percent=5, corrected_count=10)),
    Rule("M6", "primary_outcome_edited", "major",
         "a primary outcome's time frame changed by ≥ {threshold_percent} % and ≥ {threshold_days} days,"
         " or re-worded where no duration can be read; its measure or description below {similarity} "
         "similarity; before start: the set changes",
         _OUTCOMES, f"{_MATHIEU}; {_HOLST}", _at(threshold_percent=10, threshold_days=14, similarity=0.9)),
    Rule("M7", "arm_set", "major",
         "an arm added, removed or of another type",
         _ARMS, _EU),
    Rule("M8", "intervention_set", "major",
         "an intervention added or removed; a dose or schedule number in its description changed",
         ("armsInterventions.interventions",), _EU),
    Rule("M9", "eligibility_substance", "major",
         "a criterion added or removed; a number in it changed; re-worded with similarity < {similarity}"
         " or a qualifier gained or lost; age limits, sex or healthy volunteers changed",
         _ELIGIBILITY, _EU, _at(similarity=0.9)),
    Rule("M10", "country_set", "major",
         "a country gained its first or lost its last site",
         ("derived.removedCountries",), _PRACTICE),
    Rule("M11", "why_stopped_edited", "major",
         "the reason for stopping added or changed without a change of status",
         ("status.whyStopped",), _STOPS),
    Rule("M12", "results_signal", "major",
         "results or a certificate of delay first submitted; events of unposted results changed; a "
         "protocol or analysis plan added",
         ("status.resultsFirstSubmitDate", "status.dispFirstSubmitDate", "status.dispFirstPostDate",
          "annotation.unpostedEvents", "derived.submissionTracking", "documents.largeDocs"),
         _FDAAA),
    Rule("M13", "results_revised", "major",
         "posted outcome measures, participant flow, baseline or adverse events changed; results no "
         "longer posted",
         ("results.outcomeMeasures", "results.participantFlow",
          "results.baselineCharacteristics", "results.adverseEvents",
          "results.hasResults", "status.resultsFirstPostDate"),
         f"{_FDAAA}: what was posted stays public"),
    Rule("M14", "actual_date_corrected", "major",
         "an actual date moved by > {threshold_days} days or became estimated again",
         _DATES, _PRACTICE, _at(threshold_days=30)),
    Rule("M15", "sites_surge", "major",
         "≥ {threshold_count} sites, or ≥ {threshold_percent} % and ≥ {percent_count}, added or removed",
         (), _PRACTICE, _at(threshold_count=10, threshold_percent=20, percent_count=5), on="finding"),
    Rule("M16", "cumulative_slip", "major",
         "the sum of moves of primary completion since the first known version crosses {first_days}, "
         "{second_days} or {third_days} days",
         _PCD, _SLIPS, _at(first_days=180, second_days=365, third_days=730), on="finding"),
    Rule("M17", "restated_at_results", "major",
         "primary outcomes re-worded or their set changed around results posting",
         _OUTCOMES, _MATHIEU),
    Rule("M18", "start_shift", "major",
         "estimated start moved by > {threshold_days} days, or the actual ≥ {actual_days} days off the "
         "estimate",
         ("status.startDate",), _PRACTICE, _at(threshold_days=30, actual_days=180)),
    Rule("M19", "publication", "major",
         "the first publication of results after primary completion while none are posted; any "
         "retraction",
         ("references.references",), _PRACTICE),
    Rule("M21", "design_step", "major",
         "any other change of phases; any other change of masking after start; what is C9 after start, "
         "before it",
         _DESIGN, _EU),
    Rule("M22", "discovered", "major",
         "a trial comes into one of your searches, or comes back to it",
         ("registry.search",), _PRACTICE),
    Rule("M20", "withheld_unveiled", "major",
         "withheld → any other status: the details are published",
         ("status.overallStatus",), _FDAAA),
)

MINOR = (
    Rule("m1", "status_unknown", "minor",
         "→ unknown, computed by the registry; unknown → an active status",
         _STATUS, "Jones 2017 (BMJ Open): registry lag"),
    Rule("m2", "small_shift", "minor",
         "other moves of start, primary completion and completion; a confirmed start",
         _DATES, _SLIPS),
    Rule("m3", "enrollment_small", "minor",
         "other changes of enrollment and its type",
         _ENROLLMENT, _ACCRUAL),
    Rule("m4", "secondary_outcomes", "minor",
         "secondary and other outcomes; primary time frame or wording below M6",
         _OUTCOMES, _HOLST),
    Rule("m5", "arm_intervention_wording", "minor",
         "text, other names and labels of arms and interventions",
         ("armsInterventions.*",), _PRACTICE),
    Rule("m6", "criteria_wording", "minor",
         "criterion wording below M9; age groups; population and sampling text",
         ("eligibility.*",), _PRACTICE),
    Rule("m7", "sites", "minor",
         "sites added or removed below M15; a site's status; a facility renamed",
         ("locations",), _PRACTICE),
    Rule("m8", "collaborators_party", "minor",
         "collaborators, responsible party",
         ("sponsor.collaborators", "sponsor.responsibleParty"), _PRACTICE),
    Rule("m9", "titles", "minor",
         "titles, acronym",
         _TITLES, _PRACTICE),
    Rule("m10", "organization", "minor",
         "organization; lead sponsor re-named but the same: class and organization unchanged, a telling word "
         "of the name kept",
         ("identification.organization", "sponsor.lead", "sponsor.leadClass"), _PRACTICE),
    Rule("m11", "design_detail", "minor",
         "other details of the design; oversight flags; expanded access",
         ("design.*", "oversight.*", "status.expandedAccess"), _EU),
    Rule("m12", "conditions", "minor",
         "conditions added or removed",
         ("conditions.conditions",), _PRACTICE),
    Rule("m13", "identifiers", "minor",
         "secondary ids, organization's study id, aliases",
         ("identification.nctId", "identification.aliases", "identification.orgStudyId",
          "identification.secondaryIds", "registry.alias"),
         _PRACTICE),
    Rule("m14", "references", "minor",
         "other changes of publications of results",
         ("references.references",), _PRACTICE),
    Rule("m15", "documents_ipd", "minor",
         "other documents; sharing of participant data",
         ("documents.*", "ipdSharing.*", "references.availIpds"), _PRACTICE),
    Rule("m16", "summary_text", "minor",
         "summary or description below {similarity} similarity, or with a number changed",
         _SUMMARIES, _PRACTICE, _at(similarity=0.95)),
    Rule("m17", "other", "minor",
         "anything no other rule fits",
         ("*",), _PRACTICE),
    Rule("m18", "contradiction", "minor",
         "the record says what cannot all be so: a completion date that passed while recruiting, an "
         "actual date still to come; once, when it comes to be so",
         (), _PRACTICE, on="finding"),
)

NOISE = (
    Rule("n1", "admin_dates", "noise",
         "verification, submission, quality control and posting dates",
         ("status.statusVerifiedDate", "status.lastUpdate*", "status.firstSubmit*",
          "status.firstPostDate", "status.*QcDate", "status.resultsFirstPostDate",
          "status.dispFirstPostDate"),
         _REGISTRY),
    Rule("n2", "contacts", "noise",
         "central contacts, officials, site contacts",
         ("contacts.*", "locations"), _REGISTRY),
    Rule("n3", "registry_side", "noise",
         "terms and coordinates the registry derives; city or state re-spelled with the same facility or"
         " zip",
         ("derived.*", "locations", "other.*", "design.expandedAccessPointers"), _REGISTRY),
    Rule("n4", "precision_only", "noise",
         "a date given more or less precisely within the same month",
         _DATES, "ctgov-api: refined, not moved"),
    Rule("n5", "keywords_links", "noise",
         "keywords, links, background references",
         ("conditions.keywords", "references.seeAlso", "references.references"), _REGISTRY),
    Rule("n6", "cosmetic_text", "noise",
         "long text with no number changed and short of m16; a title's punctuation; a sponsor's, "
         "collaborator's or organization's name in another spelling; file sizes",
         (*_SUMMARIES, *_TITLES, *_BODIES, "documents.largeDocs"), _REGISTRY),
    Rule("n7", "status_wipe", "noise",
         "site statuses no longer shown because the trial stopped, closed or completed",
         ("locations",), _REGISTRY),
)
# fmt: on

RULES = CRITICAL + MAJOR + MINOR + NOISE

FIRST_SIGHT = Rule(
    "n0", "first_sight", "noise", "the first sight of a record: derived, never news", ("*",), _REGISTRY
)
"""Not in the table: a baseline is no change, so no rule decides it and none can be overridden for it."""

NEVER_SHIFTED = ("C1", "C3", "C8", "C10", "C13", "M12", "M13")

OBSERVATIONAL = Shift(
    "observational study",
    -1,
    "observational studies: critical → major",
    never=NEVER_SHIFTED,
    at="critical",
)
LONG_COMPLETED = Shift(
    "completed over a year ago", -1, "completed for over a year", never=(*NEVER_SHIFTED, "C4", "C5"), days=365
)
NEAR_COMPLETION = Shift(
    "near primary completion",
    1,
    "outcomes, criteria or completion dates changed within 60 days before primary completion",
    only=("M4", "M6", "M9"),
    days=60,
)

SHIFTS = (OBSERVATIONAL, LONG_COMPLETED, NEAR_COMPLETION)

_DEFAULT = RuleTable(RULES, catch_all="m17")


def default_rules() -> RuleTable:
    """The table as reviewed, before anybody's overrides."""
    return _DEFAULT
