"""Invented amendments, each a whole record before and after; short forms as in the labelled tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from monitor.core.record import Json, JsonObject
from tests.labelled.reading import CIRCUMSTANCES, trial_of


@dataclass(frozen=True)
class Amendment:
    """What was edited, in words, and the two records; `earlier` are changes that went before."""

    name: str
    before: JsonObject
    after: JsonObject
    earlier: Sequence[JsonObject] = field(default=())


_DATA_VERSION = "derivedSection.miscInfoModule.versionHolder"


def _amendment(
    name: str,
    before: Mapping[str, Json],
    after: Mapping[str, Json],
    *,
    under: str = "",
    posted: str = "2026-09-16",
    earlier: Sequence[JsonObject] = (),
) -> Amendment:
    base: Mapping[str, Json] = {**CIRCUMSTANCES.get(under, {}), **before}
    told = {"posted": f"act {posted}", "verified": posted[:7], _DATA_VERSION: posted, **after}
    return Amendment(name, trial_of(base), trial_of({**base, **told}), earlier)


def _sites(number: int, country: str, status: str = "RECRUITING") -> list[Json]:
    return [f"{country} Clinic {n} | Town {n} | {country} | {status} | {n:05}" for n in range(1, number + 1)]


def _slip(old: str, new: str, day: str) -> JsonObject:
    return {
        "field": "status.primaryCompletionDate",
        "key": None,
        "part": None,
        "op": "changed",
        "old": {"date": old, "type": "ESTIMATED"},
        "new": {"date": new, "type": "ESTIMATED"},
        "posted_on": day,
    }


_PFS, _OS = "Progression-free survival | 24 months", "Overall survival | 36 months"
_ORR = "Objective response rate | 24 weeks"
_VELTOMAB = "Veltomab | EXPERIMENTAL | Veltomab plus chemotherapy"
_CHEMO = "Chemotherapy | ACTIVE_COMPARATOR"
_DRUG = "DRUG | Veltomab | 10 mg/kg every 3 weeks"
_PAPER = "DERIVED | 11 | Example A, Sample B. Veltomab in gastric cancer. J Ex. 2026."
_CRITERIA: list[Json] = [
    "+ Age >= 18 years",
    "+ ECOG performance status 0-1",
    "+ Platelets >= 100 x 10^9/L",
    "- Prior systemic therapy",
    "- Active infection",
]

AMENDMENTS: tuple[Amendment, ...] = (
    _amendment(
        "Suspended with a third enrolled, site statuses gone",
        {"sites": _sites(6, "China")},
        {
            "status": "SUSPENDED",
            "why": "Sponsor decision, portfolio reprioritisation",
            "count": 38,
            "count_type": "ACTUAL",
            "sites": _sites(6, "China", ""),
        },
    ),
    _amendment(
        "Terminated by the regulator, dates follow",
        {},
        {
            "status": "TERMINATED",
            "why": "FDA",
            "count": 7,
            "count_type": "ACTUAL",
            "pcd": "act 2026-08-20",
            "cd": "act 2026-08-25",
        },
    ),
    _amendment(
        "Withdrawn before the first participant",
        {},
        {
            "status": "WITHDRAWN",
            "why": "Business decision; not driven by safety concerns",
            "count": 0,
            "count_type": "ACTUAL",
        },
        under="not begun",
    ),
    _amendment("Everything half a year later", {}, {"pcd": "est 2027-10", "cd": "est 2029-07"}),
    _amendment(
        "A third slip, past a year in all",
        {"pcd": "est 2027-03"},
        {"pcd": "est 2027-10"},
        earlier=(
            _slip("2026-08", "2026-11", "2026-02-01"),
            _slip("2026-11", "2027-03", "2026-05-01"),
        ),
    ),
    _amendment(
        "The start eight months later, nothing else moves",
        {"start": "est 2026-10"},
        {"start": "est 2027-06"},
        under="not begun",
    ),
    _amendment(
        "The target cut by two thirds, dates unmoved",
        {"count": 390},
        {"count": 120},
    ),
    _amendment(
        "Outcomes switched before primary completion",
        {"primary": [_PFS], "secondary": [_OS, _ORR]},
        {"primary": [_ORR], "secondary": [_OS, _PFS]},
    ),
    _amendment(
        "All time frames longer",
        {"primary": [_PFS], "secondary": ["Response | 24 months", "Safety | 24 months"]},
        {
            "primary": ["Progression-free survival | 36 months"],
            "secondary": ["Response | 36 months", "Safety | 36 months"],
        },
    ),
    _amendment(
        "Primary outcome re-worded after primary completion",
        {"primary": ["Survival of patients | 24 months"]},
        {"primary": ["Survival of patients without progression | 24 months"]},
        under="completed",
    ),
    _amendment(
        "Eligibility loosened in two places, tightened in one",
        {"criteria": _CRITERIA},
        {
            "criteria": [
                "+ Age >= 18 years",
                "+ ECOG performance status 0-2",
                "+ Platelets >= 75 x 10^9/L",
                "- Prior systemic therapy",
                "- Active infection",
                "- Prior exposure to any CTLA-4 inhibitor",
            ]
        },
    ),
    _amendment(
        "The control arm dropped from a randomized trial",
        {"arms": [_VELTOMAB, _CHEMO]},
        {"arms": [_VELTOMAB]},
    ),
    _amendment(
        "An arm and a drug more, a dose doubled",
        {"arms": [_VELTOMAB, _CHEMO], "interventions": [_DRUG]},
        {
            "arms": [_VELTOMAB, _CHEMO, "Low dose, every 6 weeks | EXPERIMENTAL"],
            "interventions": ["DRUG | Veltomab | 20 mg/kg every 3 weeks", "DRUG | Cisplatin"],
        },
    ),
    _amendment(
        "Twelve sites more, the first in two countries",
        {"sites": _sites(4, "China")},
        {"sites": [*_sites(4, "China"), *_sites(8, "Japan"), *_sites(4, "United States")]},
    ),
    _amendment(
        "One site more, the first in its country",
        {"sites": _sites(4, "China")},
        {"sites": [*_sites(4, "China"), "B Hospital | Amsterdam | Netherlands | RECRUITING | 1011"]},
    ),
    _amendment(
        "Sites of one country gone",
        {"sites": [*_sites(4, "China"), *_sites(3, "Germany")]},
        {"sites": _sites(4, "China"), "removed_countries": ["Germany"]},
    ),
    _amendment(
        "Recruitment begins, long after the first participant",
        {**CIRCUMSTANCES["not begun"], "sites": _sites(3, "China", "NOT_YET_RECRUITING")},
        {"status": "RECRUITING", "start": "act 2026-04-11", "sites": _sites(3, "China")},
    ),
    _amendment(
        "Completed as planned, the statuses of its sites no longer shown",
        {
            "status": "ACTIVE_NOT_RECRUITING",
            "pcd": "est 2026-08",
            "cd": "est 2026-09",
            "sites": _sites(5, "China"),
        },
        {
            "status": "COMPLETED",
            "pcd": "act 2026-08-20",
            "cd": "act 2026-09-01",
            "count": 118,
            "count_type": "ACTUAL",
            "sites": _sites(5, "China", ""),
        },
    ),
    _amendment(
        "Results posted, the primary outcome restated",
        {"primary": [_PFS, _OS]},
        {
            "primary": [_PFS, "Overall survival, all participants | 36 months"],
            "has_results": True,
            "results_submitted": "2026-08-01",
            "results_posted": "act 2026-09-15",
            "flow": "Twelve hospitals",
        },
        under="completed",
    ),
    _amendment(
        "Status unknown, by the registry alone",
        {"verified": "2024-08", "posted": "act 2024-08-20"},
        {"verified": "2024-08", "posted": "act 2024-08-20", "status": "UNKNOWN", "last_known": "RECRUITING"},
    ),
    _amendment(
        "Results submitted and returned",
        {},
        {"unposted": ["RELEASE 2026-08-01", "RESET 2026-08-20"]},
        under="completed",
    ),
    _amendment("A paper, long awaited", {}, {"references": [_PAPER]}, under="completed"),
    _amendment(
        "Another sponsor, another title, another contact",
        {},
        {
            "lead": "Beta Pharma | INDUSTRY",
            "organization": "Beta Pharma | INDUSTRY",
            "title": "Veltomab Alone in Gastric Cancer",
            "contacts": [{"name": "Other Desk", "role": "CONTACT", "phone": "111"}],
        },
    ),
    _amendment(
        "Reopened with other criteria and a larger target",
        {"status": "ACTIVE_NOT_RECRUITING", "criteria": _CRITERIA},
        {"status": "RECRUITING", "criteria": [*_CRITERIA, "- Interstitial lung disease"], "count": 160},
    ),
    _amendment(
        "Still recruiting after its primary completion",
        {"pcd": "est 2026-09-01"},
        {"contacts": [{"name": "Other Desk", "role": "CONTACT"}]},
        posted="2026-10-20",
    ),
    _amendment("Administrative dates alone", {}, {}),
    _amendment(
        "Two years between two versions",
        {"posted": "act 2024-06-07", "verified": "2024-06"},
        {"pcd": "est 2028-03"},
        posted="2026-07-01",
    ),
)
"""In the order of the text."""
