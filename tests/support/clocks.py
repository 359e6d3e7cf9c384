"""Invented trials on the readout clock."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from monitor.core.partial_date import PartialDate
from monitor.core.readouts import TrialClock
from monitor.core.record import TrialId

TODAY = date(2026, 11, 21)
STATUSES = ("RECRUITING", "ACTIVE_NOT_RECRUITING", "COMPLETED", "TERMINATED", "WITHDRAWN", "UNKNOWN", None)


def clock(
    completion: str | None, kind: str | None = "ESTIMATED", status: str | None = "RECRUITING", number: int = 1
) -> TrialClock:
    """An interventional trial with this primary completion."""
    return TrialClock(
        trial=TrialId("ctgov", f"NCT{number:08d}"),
        title="Veltomab in Gastric Cancer",
        sponsor="Alpha Bio",
        phases=("PHASE2",),
        overall_status=status,
        study_type="INTERVENTIONAL",
        primary_completion=PartialDate.parse(completion) if completion else None,
        primary_completion_type=kind,
    )


def partial_dates() -> st.SearchStrategy[PartialDate]:
    """Days, months and years around `TODAY`, and back to before results were ever due."""
    days = st.dates(date(2006, 1, 1), date(2028, 12, 31)) | st.dates(date(2025, 9, 1), date(2027, 4, 1))
    cut = st.sampled_from([4, 7, 10])
    return st.builds(lambda day, size: PartialDate.parse(day.isoformat()[:size]), days, cut)


def clocks() -> st.SearchStrategy[TrialClock]:
    """Any trial."""
    return st.builds(
        TrialClock,
        trial=st.integers(1, 99).map(lambda number: TrialId("ctgov", f"NCT{number:08d}")),
        title=st.just("Veltomab in Gastric Cancer"),
        overall_status=st.sampled_from(STATUSES),
        study_type=st.sampled_from(["INTERVENTIONAL", "INTERVENTIONAL", "OBSERVATIONAL", None]),
        primary_completion=st.none() | partial_dates(),
        primary_completion_type=st.sampled_from(["ACTUAL", "ESTIMATED", None]),
        results_posted_on=st.sampled_from([None, None, "2026-01-05"]),
        results_submitted_on=st.none() | st.none() | partial_dates(),
        results_waived=st.sampled_from([False, False, False, True]),
        delay_certified_on=st.none() | st.none() | partial_dates(),
    )
