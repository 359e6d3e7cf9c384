"""Posted results: each number told by its place, many told as a sum, the worst of them first."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import compare
from monitor.core.change import ChangeSet
from monitor.core.record import Json, JsonObject
from monitor.core.recorded import stamp_changes
from monitor.core.stories import Story
from tests.support.digests import change as recorded_change
from tests.support.digests import trial as state
from tests.support.payloads import nodes
from tests.support.posted import BASELINE, EVENTS, FLOW, MEASURES, Edits, posted_trial
from tests.support.records import ABSENT, put
from tests.support.rule_examples import COMPLETE, act, trial

PERIOD = (FLOW, "periods", 0)
PFS = (MEASURES, "outcomeMeasures", 0)
QOL = (MEASURES, "outcomeMeasures", 1)
FIBRILLATION = (EVENTS, "seriousEvents", 0)
VALUE = ("categories", 0, "measurements", 0, "value")
ON_PFS = 'Posted result of primary outcome measure "Progression-free survival"'

SENTENCES: tuple[tuple[Edits, str], ...] = (
    (
        {(*FIBRILLATION, "stats", 0, "numAffected"): 4},
        (
            "Adverse events, serious, Cardiac disorders · Atrial fibrillation: "
            '3 → 4 of 120 affected in "Veltomab".'
        ),
    ),
    (
        {(*FIBRILLATION, "stats", 1, "numAtRisk"): 118},
        (
            "Adverse events, serious, Cardiac disorders · Atrial fibrillation: "
            'at risk 120 → 118 in "Chemotherapy".'
        ),
    ),
    (
        {(*FIBRILLATION, "stats", 1, "numEvents"): None},
        (
            "Adverse events, serious, Cardiac disorders · Atrial fibrillation: "
            'no longer given in "Chemotherapy" (was 2 events).'
        ),
    ),
    (
        {(EVENTS, "seriousEvents", 2): None},
        (
            "Adverse events, serious, Gastrointestinal disorders · Colitis: "
            'removed (9 of 120 in "Veltomab", 2 of 120 in "Chemotherapy").'
        ),
    ),
    (
        {(EVENTS, "otherEvents", 0, "stats", 1): None},
        (
            "Adverse events, other, Gastrointestinal disorders · Nausea: "
            'no longer given in "Chemotherapy" (was 58 of 120).'
        ),
    ),
    (
        {(EVENTS, "eventGroups", 0, "deathsNumAffected"): 41},
        'Adverse events: deaths from any cause 40 → 41 of 120 in "Veltomab".',
    ),
    (
        {(EVENTS, "eventGroups", 0, "seriousNumAffected"): 33},
        'Adverse events: participants with serious events 31 → 33 of 120 in "Veltomab".',
    ),
    ({(EVENTS, "frequencyThreshold"): "3"}, "Adverse events, frequency threshold (%): 5 → 3."),
    (
        {(*PERIOD, "milestones", 1, "achievements", 0, "numSubjects"): "103"},
        'Participant flow, Completed: 100 → 103 participants in "Veltomab".',
    ),
    (
        {(*PERIOD, "dropWithdraws", 0, "reasons", 1, "numSubjects"): "17"},
        'Participant flow, not completed · Adverse Event: 18 → 17 participants in "Chemotherapy".',
    ),
    (
        {(FLOW, "groups", 1, "title"): "Oxaliplatin"},
        'Participant flow, group renamed: "Chemotherapy" → "Oxaliplatin".',
    ),
    (
        {(BASELINE, "measures", 0, "classes", 0, *VALUE): "61.9"},
        'Baseline, Age, Continuous: 61.2 → 61.9 years in "Veltomab".',
    ),
    (
        {(BASELINE, "measures", 1, "classes", 0, *VALUE): "51"},
        'Baseline, Sex: Female, Male, Female: 50 → 51 Participants in "Veltomab".',
    ),
    (
        {(BASELINE, "denoms", 0, "counts", 1, "value"): "117"},
        'Baseline: participants analyzed 118 → 117 in "Chemotherapy".',
    ),
    ({(*PFS, "analyses", 0, "pValue"): "0.06"}, f"{ON_PFS}: p-value 0.04 → 0.06."),
    ({(*PFS, "analyses", 0, "paramValue"): "0.81"}, f"{ON_PFS}: Hazard Ratio (HR) 0.71 → 0.81."),
    (
        {(*PFS, "analyses", 0, "ciUpperLimit"): "1.02"},
        f"{ON_PFS}: upper limit of the 95 % confidence interval 0.98 → 1.02.",
    ),
    ({(*PFS, "classes", 0, *VALUE): "8.7"}, f'{ON_PFS}: 9.1 → 8.7 months in "Veltomab".'),
    (
        {(*PFS, "denoms", 0, "counts", 0, "value"): "119"},
        f'{ON_PFS}: participants analyzed 120 → 119 in "Veltomab".',
    ),
    (
        {(*QOL, "classes", 1, *VALUE): "7.4"},
        (
            'Posted result of secondary outcome measure "Quality of life", Week 12: '
            '7.1 → 7.4 points in "Veltomab".'
        ),
    ),
    (
        {(*QOL, "populationDescription"): "All treated."},
        'Posted result of secondary outcome measure "Quality of life", population given: "All treated".',
    ),
    (
        {(*PERIOD, "dropWithdraws", 0, "type"): "Adverse event or death"},
        'Participant flow, not completed, reason renamed: "Adverse Event" → "Adverse event or death".',
    ),
    (
        {(*PFS, "analyses", 0, "groupIds"): ["OG000"]},
        f'{ON_PFS}, groups compared: "Veltomab", "Chemotherapy" → "Veltomab".',
    ),
    (
        {QOL: None},
        'Posted result removed: secondary outcome measure "Quality of life".',
    ),
    (
        {("moreInfoModule", "certainAgreement", "restrictiveAgreement"): None},
        "Results, agreement with investigators, restricts publication: yes → no.",
    ),
    (
        {("moreInfoModule", "pointOfContact", "phone"): "555-0199"},
        'Results, point of contact, phone: "555-0100" → "555-0199".',
    ),
)
MANY_EVENTS: Edits = {
    (EVENTS, "eventGroups", 0, "seriousNumAffected"): 33,
    **{(EVENTS, "seriousEvents", term, "stats", 0, "numAffected"): 10 + term for term in range(3)},
    (EVENTS, "otherEvents", 0, "stats", 0, "numAffected"): 61,
}
MANY_EVENTS_TOLD = (
    'Posted adverse events revised: 4 numbers in 4 terms; serious events in "Veltomab" 31 → 33 of 120'
)
MANY_MEASURED: Edits = {
    (*PFS, "analyses", 0, "pValue"): "0.06",
    **{(*QOL, "classes", week, *VALUE): "8.8" for week in range(3)},
}
MANY_FLOW: Edits = {
    (*PERIOD, "milestones", 1, "achievements", 0, "numSubjects"): "103",
    (*PERIOD, "milestones", 2, "achievements", 0, "numSubjects"): "17",
    (*PERIOD, "dropWithdraws", 0, "reasons", 0, "numSubjects"): "10",
    (*PERIOD, "dropWithdraws", 1, "reasons", 0, "numSubjects"): "7",
}


def revised(edits: Edits) -> ChangeSet:
    """What these edits of posted results are."""
    return compare(posted_trial(), posted_trial(edits))


@pytest.mark.parametrize(("edits", "sentence"), SENTENCES, ids=lambda value: "")
def test_a_number_is_told_by_its_place(edits: Edits, sentence: str) -> None:
    """A difference in posted results names its module, term or measure, group, unit and both values."""
    assert [change.summary for change in revised(edits)] == [sentence]


def test_every_leaf_of_posted_results_is_a_change() -> None:
    """Whatever member of the results goes, at least one change tells it, and each in its own words."""
    payload = posted_trial()
    results = payload["resultsSection"]
    paths = [path for path, node in nodes(results) if len(path) > 1 and node is not False]
    for path in paths:
        found = revised({path: None})
        assert found, path
        assert all(change.category == "results" for change in found), path
        assert all(change.rule == ("m17" if path[0] == "moreInfoModule" else "M13") for change in found), path


@pytest.mark.parametrize(
    ("edits", "headline", "details"),
    [
        (MANY_EVENTS, MANY_EVENTS_TOLD, [f"{MANY_EVENTS_TOLD}."]),
        (
            MANY_FLOW,
            "Posted participant flow revised: 4 numbers in 1 period; 3 more completed; 3 fewer not completed",
            [
                (
                    "Posted participant flow revised: 4 numbers in 1 period; 3 more completed; "
                    "3 fewer not completed."
                )
            ],
        ),
        (
            MANY_MEASURED,
            f"{ON_PFS}: p-value 0.04 → 0.06; and 3 more changes about results",
            ["Posted outcome measures revised: 3 numbers in 1 measure."],
        ),
        (
            {**MANY_FLOW, **MANY_EVENTS},
            f"{MANY_EVENTS_TOLD}; and 4 more changes about results",
            [
                f"{MANY_EVENTS_TOLD}.",
                (
                    "Posted participant flow revised: 4 numbers in 1 period; 3 more completed; "
                    "3 fewer not completed."
                ),
            ],
        ),
    ],
)
def test_many_differences_of_a_module_are_a_sum(edits: Edits, headline: str, details: list[str]) -> None:
    """The story begins with the worst: primary analyses, then serious events, then flow, then the rest."""
    (finding,) = revised(edits).findings
    assert (finding.kind, finding.significance, finding.rule) == ("results", "major", "M13")
    assert finding.headline.rstrip(".") == headline
    assert list(finding.details) == details


def test_a_digest_tells_the_sum_and_history_every_number() -> None:
    """Changes that a sum tells stay changes, but are no lines of a story; a primary p-value stays one."""
    found = revised(MANY_MEASURED)
    assert len(found) == 4
    changes, (finding,) = stamp_changes(found, recorded_change(state(1), "").stamp)
    story = Story(state(1), finding, changes)
    assert [change.summary for change in story.own] == [f"{ON_PFS}: p-value 0.04 → 0.06."]


def test_few_differences_are_told_one_by_one() -> None:
    """A sum is for what would be too much to read; three numbers are not."""
    found = revised(dict(list(MANY_FLOW.items())[:3]))
    assert not any("summed" in change.facts for change in found)
    assert not found.findings[0].details


def test_a_first_posting_is_one_event_with_counts() -> None:
    """When results are first posted, the story says how much of what, and lists no numbers."""
    before = trial(**COMPLETE)
    after = posted_trial()
    found = compare(before, after)
    finding = found.findings[0]
    assert finding.rule == "C3"
    assert finding.headline == "Results posted 10 Jun 2026, 40 days after primary completion."
    assert list(finding.details) == [
        "First posted: 2 outcome measures (1 primary), 238 participants, 3 serious adverse event terms."
    ]
    assert finding.facts["posted"] == {
        "outcome_measures": 2,
        "primary_outcome_measures": 1,
        "participants": 238,
        "serious_event_terms": 3,
    }


def test_results_no_longer_posted_are_one_line() -> None:
    """Results that are taken back weigh as a revision, told once with the day they had been posted."""
    after: JsonObject = trial(**COMPLETE, has_results=False)
    put(after, "resultsSection", ABSENT)
    found = compare(posted_trial(), after)
    (finding,) = found.findings
    told = [change for change in found if "told_with" not in change.facts]
    assert [change.summary for change in told] == ["Results no longer posted (were posted 10 Jun 2026)."]
    assert (told[0].rule, told[0].significance, finding.headline) == ("M13", "major", told[0].summary)


def test_results_posted_again_are_a_first_posting() -> None:
    """Taken back and posted again, results are news again."""
    before = trial(**COMPLETE, has_results=False, results_posted=act("2026-06-10"))
    assert compare(before, posted_trial()).findings[0].rule == "C3"


_NUMBERS: dict[tuple[str | int, ...], Json] = {
    path: 997 if isinstance(node, int) else "997"
    for path, node in nodes(posted_trial()["resultsSection"])
    if path and path[0] != "moreInfoModule" and str(node).isdigit()
}


@settings(max_examples=40)
@given(st.sets(st.sampled_from(sorted(_NUMBERS, key=str)), min_size=1, max_size=30))
def test_every_revised_number_is_told_by_itself_or_in_a_sum(paths: set[tuple[str | int, ...]]) -> None:
    """Each number that differs is one change, and a story has a sum for exactly the modules it sums up."""
    found = revised({path: _NUMBERS[path] for path in paths})
    assert len(found) == len(paths)
    (finding,) = found.findings
    summed = {change.field for change in found if "summed" in change.facts}
    sums = finding.facts.get("sums", {})
    assert isinstance(sums, dict)
    assert set(sums) == summed
    assert set(finding.details) == set(sums.values())
