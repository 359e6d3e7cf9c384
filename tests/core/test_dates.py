"""Dates: what became of each, by precision and type; how far, how often, which way, and by which rule."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import compare
from monitor.core.change import Change
from monitor.core.partial_date import PartialDate, days_between
from monitor.core.record import Json, JsonObject
from tests.support.records import ABSENT
from tests.support.rule_examples import CD, PCD, START, act, est, trial

E, A = "ESTIMATED", "ACTUAL"
NAMES = {"pcd": PCD, "cd": CD, "start": START}

# (which, before, after, rule, kind, slip in days, the sentence)
TABLE: tuple[tuple[str, object, object, str, str, int | None, str], ...] = (
    ("pcd", est("2026-12"), est("2026-12-15"), "n4", "refined", 0,
     "Primary completion given to the day: Dec 2026 → 15 Dec 2026."),
    ("pcd", est("2026-12-15"), est("2026-12"), "n4", "coarsened", 0,
     "Primary completion now given to the month only: 15 Dec 2026 → Dec 2026."),
    ("pcd", est("2027"), est("2027-12"), "m2", "refined", 0,
     "Primary completion given to the month: 2027 → Dec 2027."),
    ("pcd", est("2027-12-01"), est("2027"), "m2", "coarsened", 0,
     "Primary completion now given to the year only: 1 Dec 2027 → 2027."),
    ("pcd", est("2027"), est("2028-01"), "C6", "moved", 365,
     "Primary completion 12 months later: 2027 → Jan 2028 (estimated)."),
    ("pcd", est("2027-01-31"), est("2027-02-01"), "m2", "moved", 1,
     "Primary completion 1 day later: 31 Jan 2027 → 1 Feb 2027 (estimated)."),
    ("pcd", est("2027-01-31"), est("2027-02"), "m2", "moved", 29,
     "Primary completion 29 days later: 31 Jan 2027 → Feb 2027 (estimated)."),
    ("pcd", est("2027-03-15"), est("2027-02-15"), "m2", "moved", -28,
     "Primary completion 28 days earlier: 15 Mar 2027 → 15 Feb 2027 (estimated)."),
    ("pcd", est("2027-03-01"), est("2027-04-15"), "M2", "moved", 45,
     "Primary completion 45 days later: 1 Mar 2027 → 15 Apr 2027 (estimated)."),
    ("pcd", est("2027-03-01"), est("2027-04-16"), "M2", "moved", 46,
     "Primary completion 2 months later: 1 Mar 2027 → 16 Apr 2027 (estimated)."),
    ("pcd", est("2026-07-20"), act("2026-07-20"), "M3", "confirmed", 0,
     "Primary completion confirmed: 20 Jul 2026 (as estimated)."),
    ("pcd", est("2026-07"), act("2026-07-20"), "M3", "confirmed", 0,
     "Primary completion confirmed: 20 Jul 2026 (was estimated Jul 2026)."),
    ("pcd", est("2026-07-20"), act("2026-07-02"), "M3", "confirmed", -18,
     "Primary completion confirmed: 2 Jul 2026 (was estimated 20 Jul 2026)."),
    ("pcd", est("2026-12-01"), act("2026-06-05"), "M3", "confirmed", -179,
     "Primary completion confirmed: 5 Jun 2026, 6 months earlier than estimated (1 Dec 2026)."),
    ("pcd", est("2026-12-01"), act("2026-06-04"), "C6", "confirmed", -180,
     "Primary completion confirmed: 4 Jun 2026, 6 months earlier than estimated (1 Dec 2026)."),
    ("pcd", act("2026-07-20"), est("2026-12"), "M14", "reopened", 153,
     "Primary completion estimated again, 5 months later: 20 Jul 2026 (actual) → Dec 2026 (estimated)."),
    ("pcd", act("2026-07-20"), est("2026-07-20"), "M14", "reopened", 0,
     "Primary completion estimated again: 20 Jul 2026 (actual) → 20 Jul 2026 (estimated)."),
    ("pcd", act("2026-07-01"), act("2026-08-01"), "M14", "corrected", 31,
     "Actual primary completion corrected 31 days later: 1 Jul 2026 → 1 Aug 2026."),
    ("pcd", act("2026-07-02"), act("2026-08-01"), "m2", "corrected", 30,
     "Actual primary completion corrected 30 days later: 2 Jul 2026 → 1 Aug 2026."),
    ("pcd", ABSENT, est("2027-03"), "m2", "given", None, "Primary completion given: Mar 2027 (estimated)."),
    ("pcd", est("2027-03"), ABSENT, "m2", "removed", None,
     "Primary completion no longer given (was Mar 2027 (estimated))."),
    ("cd", est("2028-01-01"), est("2028-03-30"), "m2", "moved", 89,
     "Study completion 3 months later: 1 Jan 2028 → 30 Mar 2028 (estimated)."),
    ("cd", est("2028-03-31"), est("2028-01-01"), "M4", "moved", -90,
     "Study completion 3 months earlier: 31 Mar 2028 → 1 Jan 2028 (estimated)."),
    ("cd", est("2026-08"), act("2026-08-02"), "M4", "confirmed", 0,
     "Study completion confirmed: 2 Aug 2026 (was estimated Aug 2026)."),
    ("start", est("2026-10-01"), est("2026-10-31"), "m2", "moved", 30,
     "Start 30 days later: 1 Oct 2026 → 31 Oct 2026 (estimated)."),
    ("start", est("2026-10-01"), est("2026-11-01"), "M18", "moved", 31,
     "Start 31 days later: 1 Oct 2026 → 1 Nov 2026 (estimated)."),
    ("start", est("2026-02-01"), act("2026-07-30"), "m2", "confirmed", 179,
     "Start confirmed: 30 Jul 2026, 6 months later than estimated (1 Feb 2026)."),
    ("start", est("2026-02-01"), act("2026-07-31"), "M18", "confirmed", 180,
     "Start confirmed: 31 Jul 2026, 6 months later than estimated (1 Feb 2026)."),
    ("start", act("2026-02-01"), act("2026-02"), "n4", "coarsened", 0,
     "Start now given to the month only: 1 Feb 2026 → Feb 2026."),
)  # fmt: skip


def changed(which: str, before: object, after: object, history: Sequence[JsonObject] = ()) -> Change:
    """The change of one date, all else equal."""
    found = compare(trial(**{which: before}), trial(**{which: after}), history=history)
    (change,) = (change for change in found if change.field == NAMES[which])
    return change


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}-{row[3]}-{row[4]}-{row[5]}")
def test_what_becomes_of_a_date(row: tuple[str, object, object, str, str, int | None, str]) -> None:
    """Rule, kind, slip, direction and sentence follow from the two dates, their precision and their types."""
    which, before, after, rule, kind, slip, sentence = row
    change = changed(which, before, after)
    assert (change.rule, change.facts["kind"], change.facts.get("slip_days")) == (rule, kind, slip)
    assert change.summary == sentence
    if slip is not None:
        assert change.facts["direction"] == ("later" if slip > 0 else "earlier" if slip else "none")


def move(old: str, new: str, seq: int) -> JsonObject:
    """An earlier move of the estimated primary completion, in one version after another."""
    place: Json = {"from": seq, "to": seq + 1}
    return {"field": PCD, "old": est(old), "new": est(new), "snapshot": place}


@pytest.mark.parametrize(
    ("history", "before", "after", "told"),
    [
        (
            [("2026-12", "2027-03")],
            "2027-03",
            "2027-10",
            " Second move in the 3 versions seen, 10 months in all.",
        ),
        (
            [("2026-12", "2027-03")],
            "2027-03",
            "2026-12",
            " Second move in the 3 versions seen, back to the first date.",
        ),
        (
            [("2026-12", "2027-10")],
            "2027-10",
            "2027-06",
            " Second move in the 3 versions seen, 6 months later in all.",
        ),
        (
            [("2026-12", "2027-06"), ("2027-06", "2027-09")],
            "2027-09",
            "2026-06",
            " Third move in the 4 versions seen, 6 months earlier in all.",
        ),
        ([], "2027-03", "2027-10", ""),
    ],
)
def test_moves_add_up(history: list[tuple[str, str]], before: str, after: str, told: str) -> None:
    """With the earlier moves known: which one it is, how far in all, and which way where that differs."""
    earlier = [move(old, new, seq) for seq, (old, new) in enumerate(history, 1)]
    change = changed("pcd", est(before), est(after), earlier)
    assert change.summary.partition("(estimated).")[2] == told
    if history:
        first = history[0][0]
        assert change.facts["first_date"] == est(first)
        assert change.facts["slips"] == len(history) + 1
        whole = days_between(PartialDate.parse(first), PartialDate.parse(after))
        assert change.facts["slip_from_original_days"] == whole


def test_a_refinement_is_no_slip() -> None:
    """A date given more precisely adds no move to those that are counted."""
    earlier = [move("2026-12", "2027-03", 1), move("2027-03", "2027-03-15", 2)]
    change = changed("pcd", est("2027-03-15"), est("2027-10"), earlier)
    assert change.facts["slips"] == 2
    assert "Second move" in change.summary


_DAYS = st.dates().map(lambda day: PartialDate(day.year, day.month, day.day))
_PARTIAL = st.builds(PartialDate.coarsened, _DAYS, st.sampled_from(["year", "month", "day"]))


@given(_PARTIAL, _PARTIAL)
def test_slips_are_antisymmetric(old: PartialDate, new: PartialDate) -> None:
    """There and back is no way at all, and a date is no distance from itself at any precision."""
    assert days_between(old, new) == -days_between(new, old)
    assert all(days_between(new, new.coarsened(precision)) == 0 for precision in ("year", "month", "day"))


def test_a_date_that_keeps_moving_says_so() -> None:
    """With its history a slip is told as a pattern."""
    history = [
        {"field": PCD, "old": {"date": f"202{n}-12"}, "new": {"date": f"202{n + 1}-12"}} for n in (4, 5)
    ]
    (change,) = compare(trial(pcd=est("2026-12")), trial(pcd=est("2027-03")), history=history)  # type: ignore[arg-type]
    assert change.summary == (
        "Primary completion 3 months later: Dec 2026 → Mar 2027 (estimated). Third move, 27 months in all."
    )


def test_a_pattern_names_the_versions_it_was_seen_in() -> None:
    """Where the history says which snapshots it is made of, they are counted, quiet ones too."""
    history: list[JsonObject] = [
        {"field": PCD, "old": est("2026-06"), "new": est("2026-12"), "snapshot": {"from": 1, "to": 2}},
        {"field": "conditions.keywords", "old": None, "new": None, "snapshot": {"from": 2, "to": 3}},
        {"field": "registry.presence", "old": "gone", "new": "present", "snapshot": {"from": 3, "to": 3}},
    ]
    (change,) = compare(trial(pcd=est("2026-12")), trial(pcd=est("2027-03")), history=history)
    assert change.summary.endswith("(estimated). Second move in the 4 versions seen, 9 months in all.")


def test_a_corrected_fact_says_how_long_it_stood() -> None:
    """With its history, an actual date corrected names the days since it was first given as actual."""
    estimated: JsonObject = {"date": "2026-08", "type": "ESTIMATED"}
    history: list[JsonObject] = [
        {"field": PCD, "old": estimated, "new": act("2026-08-02"), "data_version": "2026-08-16"},
        {"field": START, "old": None, "new": act("2025-11-03"), "data_version": "2026-08-17"},
    ]
    before, after = trial(pcd=act("2026-08-02")), trial(pcd=act("2026-06-02"))
    told = "Actual primary completion corrected 2 months earlier: 2 Aug 2026 → 2 Jun 2026"
    (change,) = compare(before, after, history=history)
    assert change.summary == f"{told}; first given as actual 3 days before."
    assert compare(before, after)[0].summary == f"{told}."
