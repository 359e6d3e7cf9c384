"""Outcome switching: each class of the literature at each time, with its rule and its words."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import compare
from monitor.core.change import Change
from monitor.core.record import JsonObject
from monitor.core.recorded import leading, stamp_changes
from tests.support.digests import change as recorded_change
from tests.support.digests import trial as state
from tests.support.rule_examples import NOT_BEGUN, ORR, OS, PFS, act, est, outcome, trial

STAMP = recorded_change(state(1), "").stamp
POSTED = {"status": "COMPLETED", "pcd": act("2026-05-01"), "has_results": True}
TIMES: Mapping[str, tuple[Mapping[str, object], str]] = {
    "before_start": (NOT_BEGUN, "before start"),
    "after_start": ({}, "before primary completion"),
    "after_primary_completion": (
        {"status": "ACTIVE_NOT_RECRUITING", "pcd": act("2026-01")},
        "after primary completion (Jan 2026)",
    ),
    "at_results_posting": ({**POSTED, "results_posted": act("2026-08-10")}, "at results posting"),
    "after_results_posting": ({**POSTED, "results_posted": act("2026-06-10")}, "after results were posted"),
}
LONGER = {**PFS, "timeFrame": "36 months"}
OTHERWISE = {**PFS, "description": "Days from the first dose to death of any cause, whichever is earlier."}
DESCRIBED = {**PFS, "description": "Time from randomization to progression by central review."}
CLASSES: Mapping[str, tuple[Mapping[str, object], Mapping[str, object], str]] = {
    "added": ({"primary": [PFS]}, {"primary": [PFS, ORR]}, "M6 C4 C4 M17 C4"),
    "dropped": ({"primary": [PFS, ORR]}, {"primary": [PFS]}, "M6 C4 C4 C4 C4"),
    "promoted": (
        {"primary": [PFS], "secondary": [OS, ORR]},
        {"primary": [PFS, OS], "secondary": [ORR]},
        "M6 C4 C4 C4 C4",
    ),
    "demoted": (
        {"primary": [PFS, OS], "secondary": [ORR]},
        {"primary": [PFS], "secondary": [OS, ORR]},
        "M6 C4 C4 C4 C4",
    ),
    "time_frame_changed": ({"primary": [PFS]}, {"primary": [LONGER]}, "M6 M6 C5 M17 C5"),
    "reworded": ({"primary": [DESCRIBED]}, {"primary": [OTHERWISE]}, "M6 M6 C5 M17 C5"),
    "moved": (
        {"secondary": [OS, ORR]},
        {"secondary": [ORR], "other": [OS]},
        "m4 m4 m4 m4 m4",
    ),
}
TABLE = [
    (kind, timing, before, after, rule)
    for kind, (before, after, rules) in CLASSES.items()
    for timing, rule in zip(TIMES, rules.split(), strict=True)
]


def only(before: Mapping[str, object], after: Mapping[str, object]) -> Change:
    """The one change of an outcome between two versions of the invented trial."""
    found = [c for c in compare(trial(**before), trial(**after)) if c.field.startswith("outcomes.")]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(("kind", "timing", "before", "after", "rule"), TABLE)
def test_each_class_at_each_time(
    kind: str, timing: str, before: Mapping[str, object], after: Mapping[str, object], rule: str
) -> None:
    """A change of an outcome names its class and its timing, and both agree with the rule that decides."""
    when = TIMES[timing][0]
    change = only({**when, **before}, {**when, **after})
    told = change.facts["switch"]
    assert isinstance(told, dict)
    assert (told["class"], told["timing"], change.rule) == (kind, timing, rule)


@pytest.mark.parametrize("timing", TIMES)
def test_a_switch_of_the_primary_outcomes_says_when(timing: str) -> None:
    """A primary outcome that came is told with the time that gives it its meaning."""
    when, words = TIMES[timing]
    change = only({**when, "primary": [PFS]}, {**when, "primary": [PFS, ORR]})
    assert change.summary == f'Primary outcome added {words}: "Response rate" (24 months).'


def test_a_plan_that_has_passed_is_no_completion() -> None:
    """A trial that still recruits past its estimated date is not said to have completed."""
    late = {"status": "RECRUITING", "pcd": est("2026-01")}
    change = only({**late, "primary": [PFS]}, {**late, "primary": [PFS, ORR]})
    assert change.summary == (
        "Primary outcome added after the estimated primary completion (Jan 2026): "
        '"Response rate" (24 months).'
    )


@pytest.mark.parametrize(
    ("timing", "tail"),
    [
        ("before_start", ""),
        ("after_start", ""),
        ("after_primary_completion", ", after primary completion (Jan 2026)"),
        ("at_results_posting", ", restated at results posting"),
        ("after_results_posting", ", after results were posted"),
    ],
)
def test_an_edit_says_when_only_where_that_tells(timing: str, tail: str) -> None:
    """While nothing has been measured, an edit of a time frame is told without its timing."""
    when = TIMES[timing][0]
    change = only({**when, "primary": [PFS]}, {**when, "primary": [LONGER]})
    assert change.summary == (
        f'Time frame of primary outcome "Progression-free survival" 24 → 36 months{tail}.'
    )
    assert change.facts["switch"] == {
        "class": "time_frame_changed",
        "timing": timing,
        "days": [730.5, 1095.8],
    }


def test_another_wording_of_the_same_time_is_reworded() -> None:
    """A time frame that lasts as long as before has not changed, only its words have."""
    change = only({"primary": [PFS]}, {"primary": [{**PFS, "timeFrame": "2 years after randomization"}]})
    assert change.facts["switch"]["class"] == "reworded"  # type: ignore[index,call-overload]


def test_parts_of_one_outcome_are_one_line() -> None:
    """An outcome that moved and changed besides is two changes, told by the move."""
    before = trial(primary=[PFS], secondary=[outcome("Overall survival", "24 months")])
    after = trial(primary=[PFS, outcome("Overall survival", "36 months")], secondary=[])
    found = compare(before, after)
    assert [change.delta.op for change in found] == ["moved", "changed"]
    changes, findings = stamp_changes(found, STAMP)
    assert [change.summary for change in leading(changes)] == [
        '"Overall survival" moved from secondary to primary outcomes; time frame 24 → 36 months.'
    ]
    assert findings[0].headline == leading(changes)[0].summary


def test_a_part_told_with_another_still_tells_itself() -> None:
    """Where a filter leaves out the change that tells, the other is shown with its own sentence."""
    before = trial(primary=[DESCRIBED])
    after = trial(primary=[{**OTHERWISE, "timeFrame": "36 months"}])
    changes, _ = stamp_changes(compare(before, after), STAMP)
    told = leading(changes)
    (other,) = (change for change in changes if change not in told)
    assert leading([other]) == [other]
    assert other.summary.startswith('Description of primary outcome "Progression-free survival": ')
    assert "; description: " in told[0].summary


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Up to 24 months", "Up to 36 months", " 24 → 36 months"),
        ("Week 12", "Week 24", " week 12 → 24"),
        ("Baseline and 6 months", "Baseline and 12 months", " 6 → 12 months"),
        ("6 months", "1 year", " 6 months → 1 year"),
        ("Weeks 4, 8 and 12", "Weeks 4, 8 and 24", ': "Weeks 4, 8 and 12" → "Weeks 4, 8 and 24"'),
    ],
)
def test_time_frames_that_moved_alike_are_one_line(old: str, new: str, told: str) -> None:
    """The same shift in many outcomes is one headline and one line; each stays a change."""
    names = ("Response rate", "Duration of response", "Overall survival", "Quality of life")

    def record(frame: str) -> JsonObject:
        return trial(primary=[PFS], secondary=[outcome(name, frame) for name in names])

    found = compare(record(old), record(new))
    changes, findings = stamp_changes(found, STAMP)
    assert len(found) == 4
    assert findings[0].headline == f"Time frames of 4 outcomes{told}"
    (line,) = leading(changes)
    assert line.summary == (
        f'Time frame of secondary outcome "Duration of response"{told}; the same in 3 more outcomes.'
    )


def test_a_replacement_names_both_and_when() -> None:
    """One primary outcome dropped and one added is a replacement; around results posting it is restated."""
    for timing, (when, words) in TIMES.items():
        found = compare(trial(**when, primary=[PFS]), trial(**when, primary=[ORR]))
        assert found.findings[0].headline == (
            f'Primary outcome replaced {words}: "Progression-free survival" → "Response rate"'
        )
        assert {change.rule for change in found} == {
            {"before_start": "M6", "at_results_posting": "M17"}.get(timing, "C4")
        }


_MEASURES = ("Overall survival", "Overall survival at two years", "Quality of life", "Response rate")
_OUTCOMES = st.lists(
    st.builds(
        outcome,
        st.sampled_from(_MEASURES),
        st.sampled_from(["24 months", "36 months", "Week 24"]),
        st.sampled_from(["", "By central review.", "By central review of every scan."]),
    ),
    max_size=4,
)
_LISTS = st.fixed_dictionaries({"primary": _OUTCOMES, "secondary": _OUTCOMES, "other": _OUTCOMES})


@settings(max_examples=80)
@given(_LISTS, _LISTS)
def test_every_change_of_an_outcome_is_told_once(
    before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    """Each change has a class and a timing; what is told with another is told by one that tells itself."""
    found = compare(trial(**before), trial(**after))
    telling = {change.delta.path for change in found if "told_with" not in change.facts}
    for change in found:
        told = change.facts["switch"]
        assert isinstance(told, dict)
        assert told["class"] in CLASSES or told["class"] == "reworded"
        assert told["timing"] == "after_start"
        assert change.facts.get("told_with", change.delta.path) in telling
