"""Contradictions: each fires where the record cannot mean both, stays away where it can, and is told once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from monitor import compare
from monitor.core.change import ChangeSet
from monitor.core.contradictions import CONTRADICTIONS, Said, is_contradiction
from monitor.core.record import JsonObject
from monitor.registries import reader
from tests.support.real import load, needs_real_records, study_files
from tests.support.records import ABSENT, put
from tests.support.rule_examples import CHEMO, VELTOMAB, act, est, trial

POSTED = "2026-09-05"
"""The day the amended version was posted; the version before it is of the day that follows."""
BEFORE = "2026-06-01"
DONE = {"pcd": act("2026-05-01"), "cd": act("2026-06-01"), "count_type": "ACTUAL"}

# (name, what the amended version says, the sentence; None: it stays away)
TABLE: tuple[tuple[str, Mapping[str, object], str | None], ...] = (
    (
        "completion_passed",
        {"pcd": est("2026-08")},
        "Still recruiting, though its primary completion date (Aug 2026) has passed.",
    ),
    ("completion_passed", {"pcd": est("2026-09")}, None),
    ("completion_passed", {"pcd": est("2026")}, None),
    ("completion_passed", {"pcd": est("2026-08"), "status": "ACTIVE_NOT_RECRUITING"}, None),
    (
        "completion_passed",
        {"pcd": est("2026-08"), "status": "NOT_YET_RECRUITING", "start": est("2026-01")},
        "Not yet recruiting, though its primary completion date (Aug 2026) has passed.",
    ),
    (
        "start_passed",
        {"status": "NOT_YET_RECRUITING", "start": est("2026-09-04")},
        "Not yet recruiting, though its start date (4 Sep 2026) has passed.",
    ),
    ("start_passed", {"status": "NOT_YET_RECRUITING", "start": est("2026-09-05")}, None),
    ("start_passed", {"status": "WITHDRAWN", "start": est("2026-09-04")}, None),
    (
        "actual_to_come",
        {**DONE, "cd": act("2026-12-03"), "status": "COMPLETED"},
        "Given as actual though still to come: study completion (3 Dec 2026).",
    ),
    (
        "actual_to_come",
        {"start": act("2026-10-01"), "pcd": act("2026-11"), "cd": est("2027-01")},
        "Given as actual though still to come: start (1 Oct 2026), primary completion (Nov 2026).",
    ),
    ("actual_to_come", {"pcd": act("2026-09-05")}, None),
    ("actual_to_come", {"pcd": act("2026-09"), "cd": act("2026")}, None),
    ("start_to_come", {"start": est("2026-10")}, "Recruiting, though its start (Oct 2026) is still to come."),
    ("start_to_come", {"start": est("2026-09")}, None),
    ("start_to_come", {"start": est("2026-10"), "status": "NOT_YET_RECRUITING"}, None),
    (
        "begun",
        {"status": "NOT_YET_RECRUITING", "start": act("2026-08-01")},
        "Not yet recruiting, though its start is given as actual (1 Aug 2026).",
    ),
    ("begun", {"status": "RECRUITING", "start": act("2026-08-01")}, None),
    (
        "completed_ahead",
        {**DONE, "status": "COMPLETED", "cd": est("2027-12")},
        "Completed, though its study completion (Dec 2027) is an estimate still to come.",
    ),
    (
        "completed_ahead",
        {**DONE, "status": "COMPLETED", "pcd": est("2027-12"), "cd": ABSENT},
        "Completed, though its primary completion (Dec 2027) is an estimate still to come.",
    ),
    ("completed_ahead", {**DONE, "status": "COMPLETED", "cd": est("2026-09")}, None),
    ("completed_ahead", {**DONE, "status": "TERMINATED", "cd": est("2027-12")}, None),
    (
        "primary_in",
        {"pcd": act("2026-08-02")},
        "Recruiting, though primary completion is given as actual (2 Aug 2026).",
    ),
    ("primary_in", {"pcd": act("2026-08-02"), "status": "ACTIVE_NOT_RECRUITING"}, None),
    (
        "wrong_way_round",
        {"pcd": est("2028-03"), "cd": est("2028-01")},
        "Primary completion (Mar 2028) is given later than study completion (Jan 2028).",
    ),
    ("wrong_way_round", {"pcd": est("2028-03-15"), "cd": est("2028-03")}, None),
    ("wrong_way_round", {"pcd": est("2028-03"), "cd": est("2028")}, None),
    (
        "wrong_way_round",
        {"start": act("2026-03-01"), "pcd": est("2026-02")},
        "Primary completion (Feb 2026) is given earlier than the start (1 Mar 2026).",
    ),
    ("wrong_way_round", {"start": act("2026-03-01"), "pcd": est("2026-03")}, None),
    (
        "enrolled_open",
        {"count": 38, "count_type": "ACTUAL"},
        "Recruiting, though enrollment is given as actual (38).",
    ),
    ("enrolled_open", {"count": 0, "count_type": "ACTUAL"}, None),
    ("enrolled_open", {"count": 38, "count_type": "ACTUAL", "status": "SUSPENDED"}, None),
    (
        "enrolled_none",
        {"status": "WITHDRAWN", "count": 12, "count_type": "ACTUAL"},
        "Withdrawn, though 12 are given as enrolled.",
    ),
    ("enrolled_none", {"status": "WITHDRAWN", "count": 0, "count_type": "ACTUAL"}, None),
    ("enrolled_none", {"status": "WITHDRAWN"}, None),
    (
        "enrolled_none",
        {**DONE, "status": "COMPLETED", "count": 0},
        "Completed, though nobody is given as enrolled.",
    ),
    ("enrolled_none", {**DONE, "status": "COMPLETED", "count": 1}, None),
    (
        "planned_still",
        {**DONE, "status": "COMPLETED", "count_type": "ESTIMATED"},
        "Completed, though enrollment (120) is still given as an estimate.",
    ),
    ("planned_still", {**DONE, "status": "COMPLETED"}, None),
    ("planned_still", {"status": "ACTIVE_NOT_RECRUITING"}, None),
    ("results_open", {"has_results": True}, "Results are posted, though the trial is recruiting."),
    ("results_open", {"has_results": True, "status": "ACTIVE_NOT_RECRUITING"}, None),
    ("one_arm", {"arms": [VELTOMAB], "allocation": "NA"}, None),
    ("one_arm", {"arms": [VELTOMAB, CHEMO], "allocation": "RANDOMIZED"}, None),
)


def amended(members: Mapping[str, object], posted: str = POSTED) -> JsonObject:
    """The invented trial with these members, posted on a day."""
    payload = trial(**{"posted": {"date": posted, "type": "ACTUAL"}, **members})
    put(payload, "derivedSection.miscInfoModule.versionHolder", posted)
    return payload


def told(found: ChangeSet) -> list[str]:
    """The sentences of all stories that belong to no change."""
    return [sentence for finding in found.findings for sentence in finding.details]


def all_sentences(payload: JsonObject) -> dict[str, str]:
    """What holds of a record on its last update."""
    record = reader("ctgov").normalize(payload)
    posted = record.dated("status.lastUpdatePostDate")
    assert posted
    found = {one.name: one.told(Said(record, posted.date.first)) for one in CONTRADICTIONS}
    return {name: sentence for name, sentence in found.items() if sentence}


@pytest.mark.parametrize(
    ("name", "members", "sentence"), TABLE, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_contradiction_holds_or_does_not(
    name: str, members: Mapping[str, object], sentence: str | None
) -> None:
    """Each is told where the amended version brings it, and only there."""
    held = all_sentences(amended(members)).get(name)
    assert (held is None) == (sentence is None)
    if sentence:
        assert sentence in told(compare(amended({}, BEFORE), amended(members)))
        assert held in (sentence, f"Still {sentence[:1].lower()}{sentence[1:]}")


def test_one_arm_in_a_randomized_trial_is_told_where_none_was_lost() -> None:
    """An allocation that became randomized over one arm is a contradiction; a lost arm is told as lost."""
    one = {"arms": [VELTOMAB]}
    sentence = "One arm is given, though the record says randomized."
    assert all_sentences(amended(one)) == {"one_arm": sentence}
    assert sentence in told(compare(amended({**one, "allocation": "NA"}, BEFORE), amended(one)))
    lost = told(compare(amended({"arms": [VELTOMAB, CHEMO]}, BEFORE), amended(one)))
    assert lost == ["Control arm dropped; the record still says randomized."]


def test_a_told_contradiction_is_known_again() -> None:
    """By its sentence, which is all that a story keeps; what the registry says with the same word is none."""
    told = [sentence for _, _, sentence in TABLE if sentence]
    assert [sentence for sentence in told if not is_contradiction(sentence)] == []
    assert not is_contradiction("Why stopped: “Slow accrual, though the sponsor goes on”.")


def test_every_contradiction_is_in_the_table_with_a_hit_and_a_miss() -> None:
    """None goes without an example that fires and one that does not."""
    assert {one.name for one in CONTRADICTIONS} == {name for name, _, hit in TABLE if hit} | {"one_arm"}
    assert {one.name for one in CONTRADICTIONS} == {name for name, _, hit in TABLE if not hit}


@pytest.mark.parametrize(
    ("name", "members", "sentence"), TABLE, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_contradiction_is_not_told_again(
    name: str, members: Mapping[str, object], sentence: str | None
) -> None:
    """A later version that moves nothing it is read from keeps silent about it."""
    again = compare(amended(members, "2026-10-05"), amended({**members, "acronym": "NEW"}, "2026-10-07"))
    assert sentence not in told(again), name


def test_a_date_that_passes_between_two_versions_is_told_once() -> None:
    """The first version after the date says so, whatever it changes; the next one does not."""
    late: dict[str, object] = {"pcd": est("2026-06-15")}
    versions = [
        amended(late, "2026-06-01"),
        amended({**late, "acronym": "A"}, "2026-07-01"),
        amended({**late, "acronym": "B"}, "2026-08-01"),
    ]
    sentence = "Still recruiting, though its primary completion date (15 Jun 2026) has passed."
    assert sentence in told(compare(versions[0], versions[1]))
    assert told(compare(versions[1], versions[2])) == []


def test_a_version_of_administrative_changes_alone_is_told_for_it() -> None:
    """Where nothing else moved, what became true is the story, and no noise any more (m18)."""
    late: dict[str, object] = {"pcd": est("2026-06-15")}
    found = compare(amended(late, "2026-06-01"), amended(late, "2026-07-01"))
    (finding,) = found.findings
    assert (finding.significance, finding.rule) == ("minor", "m18")
    assert finding.headline.startswith("Still recruiting, though")


def test_what_a_silent_change_brings_is_no_contradiction() -> None:
    """Without a new version of the sponsor's, a date that passed is not told with the registry's changes."""
    late: dict[str, object] = {"pcd": est("2026-06-15")}
    before, after = amended(late, "2026-06-01"), amended({**late, "acronym": "A"}, "2026-06-01")
    assert told(compare(before, after)) == []


@needs_real_records
def test_no_real_record_contradicts_itself_in_a_way_no_reader_would_see() -> None:
    """Over the real records each sentence names values the payload holds, and few records bring one."""
    files = study_files()[::9]
    found = [sentence for path in files for sentence in all_sentences(load(path)).values()]
    assert all(sentence.endswith(".") for sentence in found)
    assert len(found) < len(files) / 4
