"""Findings: one story a subject, headlines, roll-ups, what did not move."""

from __future__ import annotations

from datetime import date

import pytest

from monitor import compare
from monitor.compare import compare_records
from monitor.core.change import LEVELS, ChangeSet, Finding
from monitor.core.life import alias_change, first_sight, presence_change
from monitor.core.record import JsonObject, TrialId
from monitor.core.rules import default_rules
from monitor.registries import reader
from tests.support.records import site
from tests.support.rule_examples import (
    CHEMO,
    CLINIC,
    COMPLETE,
    NOT_BEGUN,
    ORR,
    OS,
    PCD,
    PFS,
    VELTOMAB,
    act,
    criteria,
    est,
    many,
    trial,
)

SEVEN_MONTHS = "Primary completion 7 months later: Mar 2027 → Oct 2027 (estimated)"
REPLACED = "Primary outcome replaced before primary completion"
ONE = "1 inclusion criterion"


def story(found: ChangeSet, kind: str) -> Finding:
    """The one finding of a kind."""
    (finding,) = [finding for finding in found.findings if finding.kind == kind]
    return finding


def test_a_stop_takes_enrollment_dates_and_wiped_sites_into_its_story() -> None:
    """One headline says what stopped, with how many, and why; the parts stand below."""
    before = trial(count=40, sites=[CLINIC])
    quiet_site = {name: value for name, value in CLINIC.items() if name != "status"}
    after = trial(
        status="SUSPENDED",
        why="Sponsor decision",
        count=7,
        count_type="ACTUAL",
        pcd=est("2027-10"),
        sites=[quiet_site],
        verified="2026-09",
    )
    found = compare(before, after)
    stop = story(found, "status")
    assert stop.headline == (
        'Recruitment suspended with 7 of 40 enrolled; reason given: "Sponsor decision"; '
        "primary completion 7 months later"
    )
    assert (stop.rule, stop.significance) == ("C1", "critical")
    assert {found[i].field for i in stop.members} == {
        "status.overallStatus",
        "status.whyStopped",
        "status.primaryCompletionDate",
        "design.enrollmentCount",
        "design.enrollmentType",
        "locations",
    }
    assert "Site statuses no longer shown at 1 site." in stop.details
    assert [finding.kind for finding in found.findings] == ["status", "admin"]


@pytest.mark.parametrize(
    ("before", "after", "kind", "headline"),
    [
        ({}, {"status": "TERMINATED"}, "status", "Terminated; no reason given"),
        (
            {},
            {**COMPLETE, "count": 110, "count_type": "ACTUAL"},
            "status",
            "Completed with 110 of 120 enrolled; primary completion 10 months earlier than estimated",
        ),
        (
            {"status": "SUSPENDED"},
            {"start": act("2025-11-04")},
            "status",
            "Resumed: Suspended → Recruiting",
        ),
        (
            {"status": "ACTIVE_NOT_RECRUITING"},
            {"count": 200},
            "status",
            "Reopened to recruitment, with enrollment target changed",
        ),
        (
            {"pcd": est("2027-03"), "cd": est("2028-12")},
            {"pcd": est("2027-10"), "cd": est("2029-07")},
            "dates",
            f"{SEVEN_MONTHS}; study completion 7 months later, too",
        ),
        (
            {"primary": [PFS]},
            {"primary": [ORR]},
            "outcomes",
            f'{REPLACED}: "Progression-free survival" → "Response rate"',
        ),
        (
            {"secondary": [{**PFS, "measure": "A"}, OS, ORR]},
            {
                "secondary": [
                    {**PFS, "measure": "A", "timeFrame": "36 months"},
                    {**OS, "timeFrame": "36 months"},
                    {**ORR, "timeFrame": "36 months"},
                ]
            },
            "outcomes",
            "Time frames of 3 outcomes 24 → 36 months",
        ),
        (
            {"criteria": criteria("Adults", "ECOG 0-1")},
            {"criteria": criteria("adults", "ECOG 0-2", "Signed consent form")},
            "eligibility",
            f"Eligibility: ECOG 0–1 → 0–2 (loosened); {ONE} added, {ONE} re-worded",
        ),
        (
            {"sites": many(20)},
            {"sites": [*many(20), *(site(f"Klinik {n}", f"Stadt {n}", "Germany") for n in range(12))]},
            "sites",
            "12 sites added (Germany), first in Germany",
        ),
        (
            {"sites": many(2)},
            {
                "sites": [
                    *many(2),
                    site("Klinik", "Bonn", "Germany", status="WITHDRAWN"),
                    site("Spital", "Bern", "Switzerland", status="RECRUITING"),
                ]
            },
            "sites",
            "2 sites added (Germany 1, Switzerland 1), first in Switzerland, 1 withdrawn already",
        ),
        (
            {"sites": [*many(3, status="NOT_YET_RECRUITING"), site("City Hospital One", "Bonn", "Germany")]},
            {
                "sites": [
                    *many(2, status="RECRUITING"),
                    *many(3, status="WITHDRAWN")[2:],
                    site("City Hospital One at Bonn", "Bonn", "Germany"),
                ]
            },
            "sites",
            "2 sites now recruiting; 1 withdrawn before opening; 1 renamed",
        ),
        (
            {"sites": many(3, status="NOT_YET_RECRUITING")},
            {"sites": many(3, status="RECRUITING")},
            "sites",
            "3 sites now recruiting",
        ),
        (
            {"title": "One", "acronym": "A"},
            {"title": "Two", "acronym": "B"},
            "record",
            'Title: "One" → "Two"; acronym: "A" → "B"',
        ),
    ],
)
def test_headlines(before: dict[str, object], after: dict[str, object], kind: str, headline: str) -> None:
    """The first line says what an analyst must know."""
    assert story(compare(trial(**before), trial(**after)), kind).headline.rstrip(".") == headline


def test_a_story_of_one_change_is_told_by_its_sentence() -> None:
    """No second wording for the same thing."""
    found = compare(trial(), trial(count=130))
    assert found.findings[0].headline == found[0].summary


def test_every_change_is_in_exactly_one_story_and_stories_come_worst_first() -> None:
    """Nothing is told twice, nothing left out; a story weighs what its worst change does."""
    after = trial(
        count=50,
        pcd=est("2028-03"),
        sites=many(30),
        primary=[ORR],
        title="Other",
        verified="2026-09",
        acronym="N",
    )
    found = compare(trial(), after)
    assert sorted(i for finding in found.findings for i in finding.members) == list(range(len(found)))
    ranks = [LEVELS.index(finding.significance) for finding in found.findings]
    assert ranks == sorted(ranks)
    assert found.findings[-1].kind == "admin"
    for finding in found.findings:
        assert LEVELS.index(finding.significance) <= min(
            LEVELS.index(found[i].significance) for i in finding.members
        )


def test_country_and_surge_roll_up_on_the_sites_story() -> None:
    """Minor changes of sites make a major story, and the counts are facts."""
    found = compare(trial(sites=many(20)), trial(sites=many(8)))
    sites = story(found, "sites")
    assert {found[i].significance for i in sites.members} == {"minor"}
    assert (sites.rule, sites.significance) == ("M15", "major")
    assert sites.facts["sites_removed"] == 12
    assert sites.facts["sites_removed_by_country"] == {"China": 12}
    assert sites.facts["roll_ups"] == {"M15": "12 of 20 sites removed (threshold 10, or 20 % and 5)"}


def test_sites_are_counted_by_the_countrys_name_in_use() -> None:
    """Two names of one country are one count, and what the registry lists as left is not said twice."""
    old_name, new_name = (site(f"Clinic {n}", "Seoul", n) for n in ("Korea, Republic of", "South Korea"))
    before = trial(sites=[*many(3), site("Klinik", "Bonn", "Germany")])
    found = compare(before, trial(sites=[*many(3), old_name, new_name], removed_countries=["Germany"]))
    sites = story(found, "sites")
    assert sites.headline == (
        "2 sites added (South Korea), first in South Korea; 1 removed (Germany), no site left in Germany"
    )
    assert found[-1].summary.rstrip(".").casefold() in sites.headline.casefold()


def test_a_confirmed_date_is_told_how_far_it_moved_in_all() -> None:
    """The sentence of a confirmed date says no sum, so its story does."""
    history: list[JsonObject] = [
        {"field": PCD, "old": {"date": "2026-10-01"}, "new": {"date": "2027-03-15"}},
    ]
    actual = {"date": "2027-04-10", "type": "ACTUAL"}
    found = compare(trial(pcd=est("2027-03-15")), trial(pcd=actual), history=history)
    assert story(found, "dates").details[-1] == "Primary completion 6 months later than first known, in all."


def test_small_slips_that_add_up_make_the_story_major() -> None:
    """M16 sits on the dates story, for the first threshold crossed and each further one."""
    history: list[JsonObject] = [
        {"field": PCD, "old": {"date": "2026-10-01"}, "new": {"date": "2027-03-15"}},
    ]
    found = compare(trial(pcd=est("2027-03-15")), trial(pcd=est("2027-04-10")), history=history)
    dates = story(found, "dates")
    assert (found[0].rule, found[0].significance) == ("m2", "minor")
    assert (dates.rule, dates.significance) == ("M16", "major")
    assert found[0].summary.endswith("Second move, 6 months in all.")
    assert not any("in all" in detail for detail in dates.details), "said once, not twice"
    again = compare(trial(pcd=est("2027-04-10")), trial(pcd=est("2027-04-20")), history=history)
    assert story(again, "dates").rule == "m2"


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            {**NOT_BEGUN, "start": est("2026-11")},
            {**NOT_BEGUN, "start": est("2027-07")},
            "Primary completion not moved: still Mar 2027 (estimated).",
        ),
        ({"count": 8000}, {"count": 2500}, "Primary completion not moved: still Mar 2027 (estimated)."),
        (
            {"arms": [VELTOMAB, CHEMO]},
            {"arms": [VELTOMAB]},
            "Control arm dropped; the record still says randomized.",
        ),
        (
            {"pcd": est("2026-02")},
            {"pcd": est("2026-03")},
            "Still recruiting, though its primary completion date (Mar 2026) has passed.",
        ),
        (
            NOT_BEGUN,
            {"start": act("2025-11-03")},
            "Recruiting since 3 Nov 2025; the registry says so 9 months later.",
        ),
        (
            {"posted": act("2025-06-07")},
            {"count": 130},
            "Between the versions of 7 Jun 2025 and 19 Aug 2026 (those between not seen): at least one move.",
        ),
        ({}, {"status": "TERMINATED"}, "Primary completion not moved: still Mar 2027 (estimated)."),
    ],
)
def test_what_belongs_to_no_single_change_is_a_detail(
    before: dict[str, object], after: dict[str, object], sentence: str
) -> None:
    """Contradictions, lags, gaps and what did not move are told once, on the story they belong to."""
    found = compare(trial(**before), trial(**after))
    assert [detail for finding in found.findings for detail in finding.details].count(sentence) == 1


def test_a_withdrawn_trial_has_no_completion_to_move() -> None:
    """What never began is not told to be still on time; one remark is said once for start and target."""
    withdrawn = compare(trial(**NOT_BEGUN), trial(**{**NOT_BEGUN, "status": "WITHDRAWN"}))
    assert not story(withdrawn, "status").details
    both = compare(trial(), trial(status="SUSPENDED", count=60))
    still = "Primary completion not moved: still Mar 2027 (estimated)."
    assert story(both, "status").details == (still,)


def test_a_lag_is_the_registrys_only_where_no_version_went_unseen() -> None:
    """Between two versions far apart another may have said it: what was first seen is told as that."""
    before = {**NOT_BEGUN, "posted": act("2025-06-07")}
    found = compare(trial(**before), trial(start=act("2025-11-03")))
    lag = "Recruiting since 3 Nov 2025; the first version seen to say so came 9 months later."
    assert lag in story(found, "status").details


def test_of_a_watched_trial_no_version_goes_unseen() -> None:
    """A year between two versions is a gap only where nobody looked, not where the first one stood."""
    normalize = reader("ctgov").normalize
    before, after = normalize(trial(posted=act("2025-06-07"))), normalize(trial(count=130))
    gap = "Between the versions of 7 Jun 2025 and 19 Aug 2026 (those between not seen): at least one move."
    for confirmed, told in ((None, True), (date(2025, 9, 1), True), (date(2026, 8, 18), False)):
        found = compare_records(before, after, confirmed=confirmed)
        assert (gap in story(found, "enrollment").details) is told


def test_noise_alone_makes_one_quiet_story() -> None:
    """Administrative changes fold into a count."""
    found = compare(trial(), trial(verified="2026-09", keywords=["new"], contacts=[]))
    (finding,) = found.findings
    assert (finding.kind, finding.significance) == ("admin", "noise")
    assert finding.headline == f"{len(found)} administrative changes"


def test_a_trials_life_is_told_like_any_change() -> None:
    """Gone is critical, back and renamed are minor; no change, no story."""
    gone, back = presence_change("present", "gone"), presence_change("gone", "present")
    assert [(c.field, c.rule, c.significance) for c in gone] == [("registry.presence", "C10", "critical")]
    assert gone.findings[0].headline == "Record gone: the registry no longer has it."
    assert [(c.rule, c.summary) for c in back] == [("m17", "Record back in the registry.")]
    renamed = alias_change("NCT09000001", "NCT09000002")
    assert [(c.field, c.rule) for c in renamed] == [("registry.alias", "m13")]
    assert renamed[0].summary == "Registry number now NCT09000002 (was NCT09000001)."
    assert not presence_change("gone", "gone")
    assert not alias_change("NCT09000001", "NCT09000001")
    quiet = default_rules().with_overrides({"C10": {"level": "minor"}})
    assert presence_change("present", "gone", rules=quiet)[0].significance == "minor"


def test_a_first_sight_is_one_line() -> None:
    """What a trial is, in one line, for the notice of a new watch."""
    line = first_sight(TrialId("ctgov", "NCT09000001"), reader("ctgov").normalize(trial()))
    assert line.startswith("Now watching NCT09000001: Phase 2, recruiting, 120 planned, completes Dec 2028 (")
    assert line.endswith(" fields).")


def test_a_country_without_sites_is_one_of_those_named() -> None:
    """Several countries left are joined by `or`, as the sentence denies them."""
    gone = [site("Klinik", "Bonn", "Germany"), site("Klinik", "Graz", "Austria")]
    sites = story(compare(trial(sites=[*many(3), *gone]), trial(sites=many(3))), "sites")
    assert sites.headline == "2 sites removed (Germany 1, Austria 1), no site left in Austria or Germany"


def test_a_renamed_intervention_is_told_before_the_arms_that_name_it() -> None:
    """What only repeats the new name comes after the item that has it."""
    drug: JsonObject = {"type": "DRUG", "name": "AB-101", "armGroupLabels": ["A"]}
    arm: JsonObject = {"label": "A", "type": "EXPERIMENTAL", "interventionNames": ["Drug: AB-101"]}
    named = {**drug, "name": "Veltomab", "otherNames": ["AB-101"]}
    found = compare(
        trial(arms=[arm], interventions=[drug]),
        trial(arms=[{**arm, "interventionNames": ["Drug: Veltomab"]}], interventions=[named]),
    )
    assert story(found, "design").headline.startswith('Intervention renamed: "AB-101" → "Veltomab";')
