"""Every move of the overall status: which rule decides it, and how it reads."""

from __future__ import annotations

import pytest

from monitor import compare
from monitor.core.change import Change
from tests.support.records import ABSENT
from tests.support.rule_examples import trial

STATUSES = (
    "ACTIVE_NOT_RECRUITING",
    "COMPLETED",
    "ENROLLING_BY_INVITATION",
    "NOT_YET_RECRUITING",
    "RECRUITING",
    "SUSPENDED",
    "TERMINATED",
    "WITHDRAWN",
    "AVAILABLE",
    "NO_LONGER_AVAILABLE",
    "TEMPORARILY_NOT_AVAILABLE",
    "APPROVED_FOR_MARKETING",
    "WITHHELD",
    "UNKNOWN",
)
STOPS = {"SUSPENDED", "TERMINATED", "WITHDRAWN"}
ACTIVE = {"ACTIVE_NOT_RECRUITING", "ENROLLING_BY_INVITATION", "NOT_YET_RECRUITING", "RECRUITING", "AVAILABLE"}
SENTENCES = {
    ("NOT_YET_RECRUITING", "RECRUITING"): "Not yet recruiting → Recruiting.",
    ("RECRUITING", "ACTIVE_NOT_RECRUITING"): "Recruiting → Active, not recruiting: recruitment closed.",
    ("ACTIVE_NOT_RECRUITING", "RECRUITING"): "Active, not recruiting → Recruiting: reopened to recruitment.",
    ("RECRUITING", "NOT_YET_RECRUITING"): "Recruiting → Not yet recruiting: a step back.",
    ("SUSPENDED", "RECRUITING"): "Suspended → Recruiting: resumed.",
    ("WITHDRAWN", "NOT_YET_RECRUITING"): "Withdrawn → Not yet recruiting: resumed.",
    ("TERMINATED", "COMPLETED"): "Terminated → Completed.",
    ("COMPLETED", "ACTIVE_NOT_RECRUITING"): "Completed → Active, not recruiting: active again.",
    ("UNKNOWN", "RECRUITING"): "Unknown → Recruiting: the record is kept up again.",
    ("UNKNOWN", "COMPLETED"): "Unknown → Completed: the record is kept up again.",
    ("ACTIVE_NOT_RECRUITING", "COMPLETED"): "Active, not recruiting → Completed.",
    ("AVAILABLE", "NO_LONGER_AVAILABLE"): "Available → No longer available: expanded access ended.",
    ("AVAILABLE", "TEMPORARILY_NOT_AVAILABLE"): "Available → Temporarily not available.",
    ("AVAILABLE", "APPROVED_FOR_MARKETING"): "Available → Approved for marketing.",
    ("RECRUITING", "TERMINATED"): "Recruiting → Terminated. No reason given.",
    ("RECRUITING", "WITHHELD"): "Recruiting → Withheld: the registry hides the record.",
    ("WITHHELD", "RECRUITING"): "Record unveiled: Withheld → Recruiting.",
}


def expected(old: str, new: str) -> str:
    """The deciding rule by the reviewed rules, first match first: C1, C2, C10, M1, M20, m1."""
    if new in STOPS:
        return "C1"
    if old in STOPS | {"COMPLETED"} and new in ACTIVE:
        return "C2"
    if new == "WITHHELD":
        return "C10"
    if old == "WITHHELD":
        return "M20"
    if new == "UNKNOWN" or (old == "UNKNOWN" and new in ACTIVE):
        return "m1"
    return "M1"


def moved(old: str, new: str) -> list[Change]:
    """The changes of status between two versions that differ in nothing else."""
    last = {status: "RECRUITING" if status == "UNKNOWN" else ABSENT for status in (old, new)}
    found = compare(trial(status=old, last_known=last[old]), trial(status=new, last_known=last[new]))
    return [change for change in found if change.field == "status.overallStatus"]


@pytest.mark.parametrize("old", STATUSES)
def test_every_move_has_its_rule(old: str) -> None:
    """All moves from a status, those of expanded access too, meet the rule that the table says."""
    for new in STATUSES:
        changes = moved(old, new)
        assert len(changes) == (old != new)
        for change in changes:
            assert change.rule == expected(old, new), (old, new)
            assert change.summary.endswith(".")
            assert "_" not in change.summary


@pytest.mark.parametrize("move", SENTENCES, ids="-".join)
def test_a_move_reads_like_this(move: tuple[str, str]) -> None:
    """Both words of the registry, and what the step means where they do not say so."""
    (change,) = moved(*move)
    assert change.summary == SENTENCES[move]


def test_unknown_says_who_computed_it() -> None:
    """A status that the registry computes is never told as the sponsor's act."""
    for old in set(STATUSES) - {"UNKNOWN", "WITHHELD"}:
        (change,) = moved(old, "UNKNOWN")
        assert "The registry sets this itself" in change.summary
