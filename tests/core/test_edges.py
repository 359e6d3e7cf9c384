"""Thresholds and circumstances, a day, a participant or a site on either side of each."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from monitor import compare
from monitor.core.change import Change
from monitor.core.record import JsonObject
from tests.support.records import put, site
from tests.support.rule_examples import (
    COUNT,
    NOT_BEGUN,
    ORR,
    PCD,
    PFS,
    PRIMARY,
    VELTOMAB,
    act,
    est,
    many,
    outcome,
    trial,
)

JUDGED = "2026-08-19"
"""The data version of the invented trial."""


def changed(field: str, before: Mapping[str, object], after: Mapping[str, object]) -> Change:
    """The worst change of a field."""
    found = [c for c in compare(trial(**before), trial(**after)) if c.field == field]
    return min(found, key=lambda change: ("critical", "major", "minor", "noise").index(change.significance))


@pytest.mark.parametrize(
    ("posted", "rule"),
    [("2026-07-19", "M17"), ("2026-07-18", "C4"), ("2026-09-19", "M17"), ("2026-09-20", "C4")],
)
def test_the_window_around_results_posting(posted: str, rule: str) -> None:
    """Within 31 days of results posting on either side a re-stated set is M17, a day further it is C4."""
    done = {
        "status": "COMPLETED",
        "pcd": act("2026-01-01"),
        "cd": act("2026-02-01"),
        "has_results": True,
        "results_posted": act(posted),
    }
    change = changed(PRIMARY, {**done, "primary": [PFS]}, {**done, "primary": [PFS, ORR]})
    assert change.rule == rule


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ((100, "ESTIMATED"), (84, "ACTUAL"), "M5"),
        ((100, "ESTIMATED"), (85, "ACTUAL"), "m3"),
        ((100, "ESTIMATED"), (149, "ACTUAL"), "m3"),
        ((100, "ESTIMATED"), (150, "ACTUAL"), "M5"),
        ((100, "ESTIMATED"), (50, "ACTUAL"), "M5"),
        ((100, "ESTIMATED"), (49, "ACTUAL"), "C7"),
        ((100, "ESTIMATED"), (50, "ESTIMATED"), "C7"),
        ((100, "ESTIMATED"), (51, "ESTIMATED"), "M5"),
        ((100, "ESTIMATED"), (85, "ESTIMATED"), "m3"),
        ((100, "ESTIMATED"), (84, "ESTIMATED"), "M5"),
        ((2000, "ESTIMATED"), (1900, "ESTIMATED"), "M5"),
        ((2001, "ESTIMATED"), (2101, "ESTIMATED"), "m3"),
        ((1000, "ACTUAL"), (1009, "ACTUAL"), "m3"),
        ((1000, "ACTUAL"), (1010, "ACTUAL"), "M5"),
        ((100, "ACTUAL"), (104, "ACTUAL"), "m3"),
        ((100, "ACTUAL"), (95, "ACTUAL"), "M5"),
        ((100, "ACTUAL"), (40, "ACTUAL"), "C7"),
        ((100, "ACTUAL"), (101, "ESTIMATED"), "M5"),
        ((0, "ESTIMATED"), (20, "ESTIMATED"), "M5"),
        ((0, "ESTIMATED"), (0, "ACTUAL"), "m3"),
    ],
)
def test_enrollment_on_either_side(before: tuple[int, str], after: tuple[int, str], rule: str) -> None:
    """Each share and count of C7, M5 and m3, a participant apart."""
    old, new = ({"count": count, "count_type": kind} for count, kind in (before, after))
    field = COUNT if before[0] != after[0] else "design.enrollmentType"
    assert changed(field, old, new).rule == rule


@pytest.mark.parametrize(
    ("had", "added", "rule"),
    [(100, 9, "m7"), (100, 10, "M15"), (25, 5, "M15"), (26, 5, "m7"), (20, 4, "m7"), (0, 12, "m7")],
)
def test_a_surge_of_sites(had: int, added: int, rule: str) -> None:
    """Ten sites, or a fifth and five; from an empty list it is none."""
    here = [site(f"Clinic {n}", f"Town {n}", "China") for n in range(had + added)]
    found = compare(trial(sites=here[:had]), trial(sites=here))
    assert {finding.rule for finding in found.findings} == {rule}


@pytest.mark.parametrize(
    ("total", "crossed"),
    [(179, None), (180, 180), (364, 180), (365, 365), (729, 365), (730, 730), (900, 730)],
)
def test_moves_that_add_up(total: int, crossed: int | None) -> None:
    """The sum of moves since the first known version, on either side of each threshold."""
    before, after = (trial(pcd=est(str(_day(days)))) for days in (20, total))
    history: list[JsonObject] = [{"field": PCD, "old": est(str(_day(0))), "new": est(str(_day(20)))}]
    (finding,) = compare(before, after, history=history).findings
    rolled = finding.facts.get("roll_ups")
    assert (isinstance(rolled, dict) and "M16" in rolled) == (crossed is not None)
    if crossed:
        assert f"threshold {crossed}" in str(rolled)


def _day(days: int) -> object:
    from datetime import date, timedelta

    return date(2027, 1, 1) + timedelta(days=days)


@pytest.mark.parametrize(
    ("done", "level"),
    [
        ("2026-10-18", "critical"),
        ("2026-10-19", "major"),
        ("2026-08-19", "critical"),
        ("2026-08-18", "major"),
    ],
)
def test_near_primary_completion_an_edit_weighs_more(done: str, level: str) -> None:
    """Within 60 days before primary completion M6 is raised; the day before the window it is not."""
    late = {"pcd": est(done), "cd": est("2028-12")}
    edited = {**PFS, "timeFrame": "36 months"}
    change = changed(PRIMARY, {**late, "primary": [PFS]}, {**late, "primary": [edited]})
    if done == "2026-08-18":
        assert (change.rule, change.significance) == ("C5", "critical")
    else:
        assert (change.rule, change.significance) == ("M6", level)
        assert ("near primary completion" in change.reason) == (level == "critical")


@pytest.mark.parametrize(("done", "level"), [("2025-08-19", "major"), ("2025-08-18", "minor")])
def test_long_completed_trials_weigh_less(done: str, level: str) -> None:
    """A year and a day after completion a major change is minor; on the day of the year it is not."""
    over = {"status": "COMPLETED", "pcd": act("2025-01-01"), "cd": act(done), "arms": [VELTOMAB]}
    change = changed(
        "armsInterventions.arms", over, {**over, "arms": [VELTOMAB, {"label": "B", "type": "EXPERIMENTAL"}]}
    )
    assert (change.rule, change.significance) == ("M7", level)


def test_observational_studies_are_never_critical_but_for_the_excepted() -> None:
    """A collapse is major there; a stop stays critical, and what is major stays major."""
    seen = {"type": "OBSERVATIONAL"}
    assert changed(COUNT, seen, {**seen, "count": 20}).significance == "major"
    assert changed("status.overallStatus", seen, {**seen, "status": "TERMINATED"}).significance == "critical"
    assert changed(COUNT, seen, {**seen, "count": 90}).significance == "major"


def test_two_circumstances_move_one_level_at_most() -> None:
    """An observational study long completed is moved down by one level, not two."""
    over = {"type": "OBSERVATIONAL", "status": "COMPLETED", "pcd": act("2024-01-01"), "cd": act("2024-02-01")}
    change = changed(COUNT, {**over, "count_type": "ACTUAL"}, {**over, "count_type": "ACTUAL", "count": 20})
    assert (change.rule, change.significance) == ("C7", "major")
    assert change.facts["context"] == ["observational study", "completed over a year ago"]


@pytest.mark.parametrize(("frame", "rule"), [("26 months", "m4"), ("27 months", "M6")])
def test_a_time_frame_on_either_side(frame: str, rule: str) -> None:
    """A tenth of a time frame of 24 months is 2.4 months."""
    old, new = outcome("Survival", "24 months"), outcome("Survival", frame)
    assert changed(PRIMARY, {"primary": [old]}, {"primary": [new]}).rule == rule


@pytest.mark.parametrize(("frame", "rule"), [("43 days", "m4"), ("44 days", "M6")])
def test_a_time_frame_of_days(frame: str, rule: str) -> None:
    """Less than two weeks are no other time frame, whatever their share."""
    old, new = outcome("Survival", "30 days"), outcome("Survival", frame)
    assert changed(PRIMARY, {"primary": [old]}, {"primary": [new]}).rule == rule


def test_a_trial_not_begun_has_its_outcomes_edited_not_switched() -> None:
    """Started by an actual start in the past, by nothing else than a status of activity otherwise."""
    assert changed(PRIMARY, {**NOT_BEGUN, "primary": [PFS]}, {**NOT_BEGUN, "primary": [ORR]}).rule == "M6"
    begun = {**NOT_BEGUN, "start": act(JUDGED)}
    assert changed(PRIMARY, {**begun, "primary": [PFS]}, {**begun, "primary": [ORR]}).rule == "C4"
    ahead = {**NOT_BEGUN, "start": act("2026-08-20")}
    assert changed(PRIMARY, {**ahead, "primary": [PFS]}, {**ahead, "primary": [ORR]}).rule == "M6"


@pytest.mark.parametrize(("last", "told"), [("2026-03-05", False), ("2026-03-04", True)])
def test_versions_far_apart_say_so(last: str, told: bool) -> None:
    """More than 180 days between two versions: both dates, and at least one move."""
    before, after = trial(pcd=est("2027-01")), trial(pcd=est("2027-05"))
    put(before, "protocolSection.statusModule.lastUpdatePostDateStruct", act(last))
    put(after, "protocolSection.statusModule.lastUpdatePostDateStruct", act("2026-09-01"))
    details = [sentence for finding in compare(before, after).findings for sentence in finding.details]
    assert any("at least one move" in sentence for sentence in details) == told


def test_sites_of_many_are_all_in_the_changes() -> None:
    """A roll-up leaves every site in the detail."""
    found = compare(trial(sites=many(3)), trial(sites=many(20)))
    assert len([change for change in found if change.field == "locations"]) == 17
