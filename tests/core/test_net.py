"""Net change over a window: several versions of one trial told as what they come to."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.compare import compare_records
from monitor.core.change import at_least, worst
from monitor.core.digest import Digest, compose
from monitor.core.net import runs
from monitor.core.record import Json
from monitor.core.stories import Story
from monitor.registries.ctgov.normalize import normalize
from tests.support.chains import Chain, chain
from tests.support.digests import NOW, change, finding, gathered, occasion, subscription, trial
from tests.support.payloads import EDITS, edit
from tests.support.records import ABSENT, site, study

STATUS = "protocolSection__statusModule__overallStatus"
REASON = "protocolSection__statusModule__whyStopped"
COMPLETION = "protocolSection__statusModule__primaryCompletionDateStruct"
TARGET = "protocolSection__designModule__enrollmentInfo__count"
SITES = "protocolSection__contactsLocationsModule__locations"
PRIMARY = "protocolSection__outcomesModule__primaryOutcomes"
SECONDARY = "protocolSection__outcomesModule__secondaryOutcomes"
TITLE = "protocolSection__identificationModule__briefTitle"

PFS: Json = {"measure": "Progression-free survival", "timeFrame": "24 months"}
ORR: Json = {"measure": "Objective response rate", "timeFrame": "24 weeks"}
DOR: Json = {"measure": "Duration of response", "timeFrame": "24 months"}
ONE = site("City Hospital One", "Riverton", "China")
TWO = site("Lakeside Clinic", "Lakeside", "China")


def due(date: str) -> dict[str, Json]:
    """An estimated primary completion."""
    return {"date": date, "type": "ESTIMATED"}


def versions(*edits: Mapping[str, object]) -> Chain:
    """One trial in these forms, one after the other."""
    return chain(*(study("NCT09000001", **members) for members in edits))


def told(digest: Digest | None) -> tuple[Story, ...]:
    """The stories above noise."""
    return tuple(s for s in digest.stories if s.finding.significance != "noise") if digest else ()


STOP = {STATUS: "SUSPENDED", REASON: "Drug supply"}
TABLE: dict[str, tuple[tuple[Mapping[str, object], ...], list[tuple[str, str | None, str, int]]]] = {
    "once": (
        ({}, STOP),
        [('Recruitment suspended; reason given: "Drug supply"', None, "C1", 0)],
    ),
    "there and back": (
        ({}, STOP, {}),
        [
            (
                "Overall status went Recruiting → Suspended → Recruiting within this digest.",
                "reverted",
                "C1",
                4,
            )
        ],
    ),
    "and on": (
        ({}, STOP, {STATUS: "TERMINATED", REASON: "Sponsor decision"}),
        [('Terminated; reason given: "Sponsor decision"', "changed", "C1", 4)],
    ),
    "there, back and there": (
        ({}, STOP, {}, STOP),
        [('Recruitment suspended; reason given: "Drug supply"', "changed", "C1", 6)],
    ),
    "two slips are one": (
        ({COMPLETION: due("2027-01")}, {COMPLETION: due("2027-05")}, {COMPLETION: due("2027-09")}),
        [
            (
                "Primary completion 8 months later: Jan 2027 → Sep 2027",
                "changed",
                "C6",
                2,
            )
        ],
    ),
    "a slip mostly taken back is as loud as it was": (
        ({COMPLETION: due("2027-01")}, {COMPLETION: due("2027-12")}, {COMPLETION: due("2027-02")}),
        [
            (
                "Primary completion 29 days later: Jan 2027 → Feb 2027",
                "changed",
                "C6",
                2,
            )
        ],
    ),
    "an outcome added, then removed": (
        ({SECONDARY: [ORR]}, {SECONDARY: [ORR, DOR]}, {SECONDARY: [ORR]}),
        [
            (
                'Secondary outcomes: "Duration of response" added and removed again within this digest.',
                "reverted",
                "m4",
                2,
            )
        ],
    ),
    "a site removed, then added back": (
        ({SITES: [ONE, TWO]}, {SITES: [ONE]}, {SITES: [ONE, TWO]}),
        [('Sites: "Lakeside Clinic" removed and added back within this digest.', "reverted", "m7", 2)],
    ),
    "an outcome moved up and back": (
        (
            {PRIMARY: [PFS], SECONDARY: [ORR]},
            {PRIMARY: [PFS, ORR], SECONDARY: ABSENT},
            {PRIMARY: [PFS], SECONDARY: [ORR]},
        ),
        [
            (
                'Primary outcomes: "Objective response rate" moved to primary outcomes and back',
                "reverted",
                "C4",
                2,
            )
        ],
    ),
    "a title re-worded twice": (
        (
            {TITLE: "Veltomab in gastric cancer"},
            {TITLE: "Veltomab for gastric cancer"},
            {TITLE: "Veltomab for advanced gastric cancer"},
        ),
        [
            (
                'Title: "Veltomab in gastric cancer" → "Veltomab for advanced gastric cancer".',
                "changed",
                "m9",
                2,
            )
        ],
    ),
    "status and dates over three versions": (
        (
            {COMPLETION: due("2027-01")},
            {COMPLETION: due("2027-01"), **STOP},
            {COMPLETION: due("2027-05"), **STOP},
            {COMPLETION: due("2027-09"), **STOP},
        ),
        [
            (
                'Recruitment suspended; reason given: "Drug supply"; primary completion 8 months later',
                "changed",
                "C1",
                4,
            )
        ],
    ),
    "what only one version touched is told as recorded": (
        ({}, {TARGET: 60}, {TARGET: 60, TITLE: "Veltomab in gastric cancer, stage III"}),
        [
            ("Target 120 → 60 (−50 %).", None, "C7", 0),
            (
                'Title: "Veltomab Plus Chemotherapy in Gastric Cancer" → ',
                None,
                "m9",
                0,
            ),
        ],
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_window_is_told_as_its_net(name: str) -> None:
    """A→B→C is one change A→C, A→B→A is reverted, and the steps are kept."""
    edits, expected = TABLE[name]
    stories = told(versions(*edits).digest(subscription(min_significance="minor")))
    findings = [story.finding for story in stories]
    assert [(f.net, f.rule, len(f.steps)) for f in findings] == [(net, *rest) for _, net, *rest in expected]
    for found, (beginning, *_) in zip(findings, expected, strict=True):
        assert found.headline.startswith(beginning)
    assert all(s.finding.changes == s.finding.steps for s in stories if s.finding.net)


def test_the_way_is_told_below_the_net() -> None:
    """A finding over several steps says how the value went."""
    (story,) = told(versions(*TABLE["two slips are one"][0]).digest())
    assert story.finding.details[0] == (
        "Primary completion went Jan 2027 → May 2027 → Sep 2027 within this digest."
    )
    assert [change.summary for change in story.changes] != [line.summary for line in story.lines]


def test_the_way_names_the_types_where_they_changed() -> None:
    """A date confirmed and corrected within one digest does not read as if it stood still."""
    forms = (("2026-11-02", "ESTIMATED"), ("2026-11-02", "ACTUAL"), ("2025-11-11", "ACTUAL"))
    (story,) = told(versions(*({COMPLETION: {"date": day, "type": kind}} for day, kind in forms)).digest())
    assert story.finding.details[0] == (
        "Primary completion went 2 Nov 2026 (estimated) → 2 Nov 2026 (actual) → 11 Nov 2025 (actual) within "
        "this digest."
    )


def test_net_begins_after_what_was_told() -> None:
    """Of a field that was told in part the rest is told as recorded; other fields are told as their net."""
    edits: dict[str, object] = {TITLE: "Veltomab in gastric cancer", TARGET: 110}
    whole = versions({}, edits, {**edits, **STOP}, edits, {})
    stop = next(one for one in whole.findings if one.kind == "status")
    digest = whole.digest(subscription(min_significance="minor"), told=set(stop.changes))
    stories = {story.finding.headline: story.finding.net for story in told(digest)}
    assert stories == {
        "Title changed and changed back within this digest.": "reverted",
        "Enrollment went 120 → 110 → 120 within this digest.": "reverted",
        "Resumed: Suspended → Recruiting": None,
    }
    assert digest is not None
    assert {*digest.told, *stop.changes} == {change.id for change in whole.changes}


def test_only_versions_in_a_row_are_merged() -> None:
    """A version that came in between from elsewhere ends the run."""
    whole = versions({}, STOP, {}, STOP)
    (run,) = runs(whole.changes, whole.findings, whole.changes)
    assert run.steps == whole.changes
    strange = [
        replace(change, stamp=replace(change.stamp, identity_from="x"))
        if change.stamp.snapshot_to == 3
        else change
        for change in whole.changes
    ]
    (run,) = runs(strange, whole.findings)
    assert {change.stamp.snapshot_to for change in run.steps} == {3, 4}


def test_a_record_that_went_and_came_back_is_one_story() -> None:
    """What happened in a trial's life within one digest and ended where it began is reverted."""
    state = trial(1)
    gone, back = (
        change(
            state,
            f"{old} → {new}",
            level="critical",
            rule="C10",
            category="registry",
            field_name="registry.presence",
            old=old,
            new=new,
            snapshots=(3, 3),
            number=number,
        )
        for number, (old, new) in enumerate((("present", "gone"), ("gone", "present")), start=1)
    )
    pending = gathered(*((state, finding(state, one.summary, one), (one,)) for one in (gone, back)))
    digest = compose(subscription(), pending, occasion(), sources=())
    (story,) = told(digest)
    assert story.finding.headline == "Gone from the registry and back within this digest."
    assert (story.finding.net, story.finding.steps) == ("reverted", (gone.id, back.id))


def test_a_finding_is_at_least_as_loud_as_its_steps() -> None:
    """Routing goes by findings: a reverted suspension passes a filter that its step would have passed."""
    gone_back = versions(*TABLE["there and back"][0])
    digest = gone_back.digest(subscription(min_significance="critical"))
    assert [story.finding.net for story in told(digest)] == ["reverted"]
    assert digest is not None
    assert set(digest.told) == {change.id for change in gone_back.changes}


def test_a_net_finding_passes_a_filter_by_its_own_rule() -> None:
    """Two slips of four months are one of eight to a subscription that asks for C6 only."""
    slips = versions(*TABLE["two slips are one"][0])
    assert len(told(slips.digest(subscription(rules=("C6",))))) == 1
    assert told(slips.digest(subscription(rules=("C1",)))) == ()


def test_ids_are_stable() -> None:
    """Composed again, or with another filter, the same steps give the same finding."""
    edits = TABLE["status and dates over three versions"][0]
    once, again = (told(versions(*edits).digest()) for _ in range(2))
    assert [story.finding.id for story in once] == [story.finding.id for story in again]
    assert len({story.finding.id for story in once}) == len(once)


@settings(max_examples=60, derandomize=True)
@given(seed=st.integers(0, 2**32), length=st.integers(2, 4))
def test_the_net_is_what_the_ends_differ_in(seed: int, length: int) -> None:
    """Whatever the steps: each is in exactly one story, and the words are those of first against last."""
    chance = random.Random(seed)
    payloads = [study()]
    for _ in range(length):
        payload = study() if chance.random() < 0.2 else _edited(payloads[-1], chance)
        payloads.append(payload)
    trial = chain(*payloads)
    digest = trial.digest()
    if digest is None:
        assert not trial.changes
        return
    ids = [change for story in digest.stories for change in story.finding.changes]
    assert sorted(ids) == sorted(change.id for change in trial.changes)
    assert set(digest.told) == set(ids)
    by_id = {change.id: change for change in trial.changes}
    for story in digest.stories:
        assert at_least(
            story.finding.significance, worst([by_id[c].significance for c in story.finding.changes])
        )
    window = trial.window()
    if window is not None and len({c.stamp.snapshot_to for c in trial.changes}) == length:
        net = compare_records(normalize(payloads[0]), normalize(payloads[-1]), today=NOW.date())
        words = [line for story in digest.stories for line in story.lines]
        # Not by key: a story that is told as recorded calls an item what it was called then.
        assert sorted((w.field, str(w.body["part"]), str(w.body["op"])) for w in words) == sorted(
            (change.field, str(change.delta.part), change.delta.op) for change in net
        )


def _edited(payload: dict[str, Json], chance: random.Random) -> dict[str, Json]:
    """A copy with up to three edits anywhere."""
    made = copy.deepcopy(payload)
    for _ in range(chance.randint(1, 3)):
        edit(made, chance.choice(sorted(EDITS)), chance.randrange(10_000))
    return made
