"""Classification: total, in context, with reasons and facts that can be disputed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import compare
from monitor.core.catalogue import CATALOGUE, CATEGORIES
from monitor.core.change import LEVELS, Change, Delta
from monitor.core.classify import classify
from monitor.core.partial_date import PartialDate
from monitor.core.record import (
    Age,
    Dated,
    JsonObject,
    Named,
    Opaque,
    Section,
    Text,
    Tree,
    TrialId,
    TrialRecord,
    Value,
)
from monitor.core.rules import default_rules
from monitor.core.stopping import STOP_CLASSES, stop_class
from tests.support.records import ABSENT, put, study
from tests.support.rule_examples import COMPLETE, COUNT, LONG_TEXT, act, criteria, est, outcome, trial

PCD = "status.primaryCompletionDate"


def only(changes: Iterable[Change], field: str) -> Change:
    """The one change of a field."""
    (change,) = [change for change in changes if change.field == field]
    return change


def changed(before: JsonObject, after: JsonObject, field: str, **options: object) -> Change:
    return only(compare(before, after, **options).changes, field)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------- totality

DATES = st.builds(
    Dated,
    st.sampled_from(
        [PartialDate(2026), PartialDate(2026, 8), PartialDate(2027, 2, 28), PartialDate(1901, 1)]
    ),
    st.sampled_from([None, "ACTUAL", "ESTIMATED", "OTHER"]),
)
TEXTS = st.sampled_from(["", "Age ≥ 18", "12 months", LONG_TEXT]).map(Text.plain)
LEAVES: st.SearchStrategy[Value] = st.one_of(
    DATES,
    TEXTS,
    st.sampled_from(["RECRUITING", "TERMINATED", "WITHHELD", "UNKNOWN", "PLACEBO_COMPARATOR", "gone"]),
    st.integers(0, 99_999_999),
    st.booleans(),
    st.just(Age("18 Years", 6570.0)),
    st.just(Named("China", "cn")),
    st.just(Opaque({"a": [1]})),
    st.frozensets(st.sampled_from(["PHASE2", "PHASE3", "France"])),
)
PARTS = [
    "measure",
    "timeFrame",
    "description",
    "label",
    "type",
    "name",
    "status",
    "facility",
    "text",
    "section",
]
TREES: st.SearchStrategy[Tree] = st.dictionaries(st.sampled_from(PARTS), LEAVES, max_size=3)
VALUES = st.none() | LEAVES | TREES
FIELDS = st.sampled_from(
    [*CATALOGUE, "other.protocolSection.new", "registry.search[akeso]", "never.heard.of"]
)


@st.composite
def deltas(draw: st.DrawFn) -> Delta:
    key = draw(st.none() | st.just("key"))
    at = (draw(st.sampled_from(PARTS)),) if key and draw(st.booleans()) else ()
    op = draw(st.sampled_from(["added", "removed", "changed", "moved"]))
    moved = draw(st.sampled_from(["outcomes.primary", "outcomes.secondary"])) if op == "moved" else None
    return Delta(draw(FIELDS), op, draw(VALUES), draw(VALUES), key, at, None, moved)  # type: ignore[arg-type]


def record(**fields: Value) -> TrialRecord:
    values: dict[str, Value] = {name.replace("__", "."): value for name, value in fields.items()}
    return TrialRecord(
        TrialId("ctgov", "NCT09000001"), {"all": Section(None, lambda _: values)}, lambda _: "all"
    )


@settings(max_examples=400)
@given(st.lists(deltas(), max_size=4), st.sampled_from(["RECRUITING", "COMPLETED", "WITHHELD"]))
def test_every_delta_gets_exactly_one_rule(found: list[Delta], status: str) -> None:
    """Whatever the delta, one rule of the table decides it, and one story holds it."""
    before, after = record(status__overallStatus="RECRUITING"), record(status__overallStatus=status)
    told = classify(tuple(found), before, after, today=date(2026, 9, 1))
    table = default_rules()
    assert [change.delta for change in told] == found
    for change in told:
        assert table[change.rule].on == "change"
        assert change.significance in LEVELS
        assert change.category in CATEGORIES
        assert change.reason
        assert change.summary.strip()
    assert sorted(i for finding in told.findings for i in finding.members) == list(range(len(found)))
    for finding in told.findings:
        worst = min(LEVELS.index(told[i].significance) for i in finding.members)
        assert LEVELS.index(finding.significance) <= worst


# ------------------------------------------------------------------------------- reasons, facts, also


def test_a_reason_names_inputs_and_thresholds() -> None:
    """A reader can dispute a judgment: what was measured and against what stands in it."""
    change = changed(trial(pcd=est("2029-12")), trial(pcd=est("2030-07")), PCD)
    assert change.reason == "estimated primary completion 212 days later (threshold 180)"
    assert change.facts == {
        "kind": "moved",
        "slip_days": 212,
        "direction": "later",
        "precision": "month",
        "thresholds": {"threshold_days": 180},
        "as_of": "2026-08-19",
    }


def test_facts_that_add_up_need_the_history() -> None:
    """With the earlier changes known: how often, how far in all, and the roll-up's rule beside."""
    history: list[JsonObject] = [
        {
            "field": PCD,
            "old": {"date": "2026-12", "type": "ESTIMATED"},
            "new": {"date": "2027-03", "type": "ESTIMATED"},
        }
    ]
    before, after = trial(pcd=est("2027-03")), trial(pcd=est("2027-07"))
    change = changed(before, after, PCD, history=history)
    assert change.facts["slip_from_original_days"] == 212
    assert change.facts["slips"] == 2
    assert change.facts["first_date"] == {"date": "2026-12", "type": "ESTIMATED"}
    assert (change.rule, change.facts["also"]) == ("M2", ["M16"])
    assert "slips" not in changed(before, after, PCD).facts


def test_other_rules_that_fit_are_kept() -> None:
    """The deciding rule is the first; what else fits stays visible."""
    change = changed(trial(), trial(count=30), "design.enrollmentCount")
    assert (change.rule, change.facts["also"]) == ("C7", ["M5"])
    assert (change.facts["delta"], change.facts["percent"]) == (-90, -75.0)


def test_long_text_carries_its_word_difference() -> None:
    """Word-level operations come with long texts, and replay them."""
    change = changed(
        trial(summary=LONG_TEXT + "one"), trial(summary=LONG_TEXT + "two"), "description.briefSummary"
    )
    operations = change.facts["text_diff"]
    assert isinstance(operations, list)
    assert operations[-2:] == [["-", "one"], ["+", "two"]]


def test_numeric_limits_that_moved_are_facts() -> None:
    """A criterion's limits are told with their direction where that is plain."""
    before, after = trial(criteria=criteria("ECOG ≤ 1")), trial(criteria=criteria("ECOG ≤ 2"))
    change = changed(before, after, "eligibility.criteria")
    assert change.facts["limits"] == [
        {
            "what": "ECOG",
            "old": {"min": None, "max": 1, "unit": None, "text": "≤ 1"},
            "new": {"min": None, "max": 2, "unit": None, "text": "≤ 2"},
            "direction": "loosened",
        }
    ]
    assert change.facts["direction"] == "loosened"


def test_the_after_record_decides_and_the_clock_is_never_read() -> None:
    """The day of judgment is the after record's own, or the one given."""
    before, after = (
        trial(primary=[outcome("A longer name", "24 months")]),
        trial(primary=[outcome("A longer name", "48 months")]),
    )
    assert changed(before, after, "outcomes.primary").rule == "M6"
    later = changed(before, after, "outcomes.primary", today=date(2027, 6, 1))
    assert (later.rule, later.facts["as_of"]) == ("C5", "2027-06-01")


# -------------------------------------------------------------------------------------------- context


def test_observational_studies_weigh_less_where_they_are_critical() -> None:
    """Critical becomes major, named in the reason; a stop stays what it is."""
    change = changed(
        trial(type="OBSERVATIONAL"), trial(type="OBSERVATIONAL", count=30), "design.enrollmentCount"
    )
    assert (change.rule, change.significance) == ("C7", "major")
    assert change.facts["context"] == ["observational study"]
    assert change.reason.endswith("critical → major: observational study")
    stop = changed(
        trial(type="OBSERVATIONAL"), trial(type="OBSERVATIONAL", status="TERMINATED"), "status.overallStatus"
    )
    assert stop.significance == "critical"


def test_ups_and_downs_of_an_observational_study_add_up() -> None:
    """Nothing raises it to critical: one up and one down are summed and both named."""
    near = {"type": "OBSERVATIONAL", "pcd": est("2026-09-15")}
    before, after = trial(**near, criteria=criteria("ECOG 0-1")), trial(**near, criteria=criteria("ECOG 0-2"))
    change = changed(before, after, "eligibility.criteria")
    assert (change.rule, change.significance) == ("M9", "major")
    assert change.reason.endswith("stays major: observational study, near primary completion")
    quiet = default_rules().with_overrides({"C7": {"level": "major"}})
    softer = changed(trial(type="OBSERVATIONAL"), trial(type="OBSERVATIONAL", count=30), COUNT, rules=quiet)
    assert (softer.rule, softer.significance) == ("C7", "major"), "only what is critical weighs less"


def test_a_trial_long_completed_weighs_less() -> None:
    """A year after completion changes weigh one level less, but not the switch of a primary outcome."""
    old = {**COMPLETE, "cd": act("2025-05-01"), "pcd": act("2025-04-01")}
    change = changed(trial(**old), trial(**old, acronym="NEW"), "identification.acronym")
    assert (change.rule, change.significance) == ("m9", "noise")
    pfs, quality = outcome("Progression-free survival"), outcome("Quality of life")
    before, after = trial(**old, primary=[pfs]), trial(**old, primary=[pfs, quality])
    assert changed(before, after, "outcomes.primary").significance == "critical"
    results = changed(trial(**old), trial(**old, has_results=True), "results.hasResults")
    assert results.significance == "critical"


def test_the_version_that_says_completed_is_no_aftermath() -> None:
    """A completion told late is news at its full level."""
    late = {"status": "COMPLETED", "pcd": act("2025-04-01"), "cd": act("2025-05-01")}
    assert changed(trial(), trial(**late), "status.overallStatus").significance == "major"


def test_changes_just_before_primary_completion_weigh_more() -> None:
    """A criterion changed in the last 60 days before primary completion is critical."""
    near = {"pcd": est("2026-09-15")}
    before, after = trial(**near, criteria=criteria("ECOG 0-1")), trial(**near, criteria=criteria("ECOG 0-2"))
    change = changed(before, after, "eligibility.criteria")
    assert (change.rule, change.significance) == ("M9", "critical")
    assert "raised to critical: near primary completion" in change.reason


# --------------------------------------------------------------------------------- veil, first sight


def test_an_unveiled_record_is_one_story() -> None:
    """WITHHELD to any other status: the status is the news, the rest its parts."""
    hidden = study(
        protocolSection__statusModule__overallStatus="WITHHELD",
        protocolSection__outcomesModule=ABSENT,
        protocolSection__armsInterventionsModule=ABSENT,
        protocolSection__contactsLocationsModule=ABSENT,
    )
    found = compare(hidden, study())
    assert only(found.changes, "status.overallStatus").rule == "M20"
    assert {change.rule for change in found if change.field.startswith(("outcomes", "arms", "loc"))} == {
        "m17"
    }
    (finding,) = found.findings
    assert (finding.rule, finding.significance) == ("M20", "major")
    assert finding.headline == "Record unveiled: Withheld → Recruiting."


def test_a_first_sight_is_no_news() -> None:
    """Every field of a record first seen is noise under its own mark, in one story."""
    found = compare(None, study())
    assert {change.rule for change in found} == {"n0"}
    assert {change.significance for change in found} == {"noise"}
    assert {change.delta.op for change in found} == {"added"}
    (finding,) = found.findings
    assert finding.kind == "baseline"
    assert finding.headline == (
        "Now watching NCT09000001: Phase 2, recruiting, 120 planned, completes Dec 2028 (50 fields)"
    )


# --------------------------------------------------------------------------------------- stop classes


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("Safety concerns raised by the committee", "safety"),
        ("Unexpected toxicity in the high dose arm", "safety"),
        ("Terminated for business reasons, not related to safety", "business"),
        ("Not driven by safety concerns as no new safety signals were seen", "other"),
        ("Futility at the interim analysis. The decision was not based on safety.", "efficacy_futility"),
        ("Interim analysis pending", "other"),
        ("Slow accrual", "accrual"),
        ("No participants enrolled", "accrual"),
        ("Portfolio reprioritization", "business"),
        ("Sponsor decision", "business"),
        ("The project was not funded", "funding"),
        ("Lack of drug supply", "supply"),
        ("FDA clinical hold", "regulatory"),
        ("COVID-19 pandemic", "logistics"),
        ("PI left the institution", "investigator"),
        ("Other", "other"),
    ],
)
def test_reasons_are_classed_with_negation(reason: str, expected: str) -> None:
    """A denied reason is not the reason; data come before money, and a bare decision comes last."""
    assert stop_class(reason) == expected
    assert expected in STOP_CLASSES


def test_a_stop_carries_its_reason() -> None:
    """The reason and its class are facts of the status change and of its own."""
    found = compare(trial(), trial(status="TERMINATED", why="Slow accrual"))
    for field in ("status.overallStatus", "status.whyStopped"):
        facts = only(found.changes, field).facts
        assert (facts["why_stopped"], facts["why_stopped_class"]) == ("Slow accrual", "accrual")
    assert only(found.changes, "status.whyStopped").facts["told_with"] == "status.overallStatus"


def test_what_a_posting_of_results_brings_is_told_by_it() -> None:
    """Parts of results first posted, and the account of a submission told by its event, have a lead."""
    posted = compare(trial(**COMPLETE), trial(**COMPLETE, has_results=True, flow="Recruited in 2025"))
    assert only(posted.changes, "results.participantFlow").facts["told_with"] == "results.hasResults"
    waiting = trial(**COMPLETE, unposted=[{"type": "RELEASE", "date": "2026-08-01"}])
    over = only(compare(waiting, trial(**COMPLETE, has_results=True)).changes, "annotation.unpostedEvents")
    assert over.facts["told_with"] == "results.hasResults"
    revised = compare(
        trial(**COMPLETE, has_results=True, flow="Old"), trial(**COMPLETE, has_results=True, flow="New")
    )
    assert "told_with" not in only(revised.changes, "results.participantFlow").facts
    entry: JsonObject = {"releaseDate": "2026-08-01"}
    returned: JsonObject = {**entry, "resetDate": "2026-08-12"}
    before, after = (tracked(entry), tracked(returned))
    put(after, "annotationSection.annotationModule.unpostedAnnotation.unpostedEvents", RETURNED)
    told = only(compare(before, after).changes, "derived.submissionTracking")
    assert told.facts["told_with"] == "annotation.unpostedEvents"
    assert "told_with" not in only(compare(before, tracked(returned)).changes, told.field).facts


RETURNED: list[JsonObject] = [{"type": "RESET", "date": "2026-08-12"}]


def tracked(entry: JsonObject) -> JsonObject:
    """A trial whose results were submitted and not yet posted."""
    payload = trial(**COMPLETE)
    put(payload, "derivedSection.miscInfoModule.submissionTracking.submissionInfos", [entry])
    return payload
