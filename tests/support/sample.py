"""One invented digest with something of everything, to look at and to hold the forms against each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from monitor.core.digest import Digest
from monitor.core.partial_date import PartialDate
from monitor.core.pictures import Picture, PictureRow
from monitor.core.readouts import Readout, ReadoutKind, ReadoutList, Readouts
from monitor.core.record import JsonObject
from monitor.core.recorded import RecordedChange, RecordedFinding
from monitor.core.searches import DISCOVERED, SEARCH
from monitor.core.watching import TrialState
from tests.support.chains import chain
from tests.support.digests import (
    NOW,
    FakePending,
    change,
    composed,
    finding,
    gathered,
    notice,
    subscription,
    trial,
)
from tests.support.records import study


def sample_digest() -> Digest:
    """Two critical, two major and two minor stories in five trials, a first sight and an unread trial."""
    lung = trial(1, "Veltomab Versus Standard Care in Previously Treated Lung Cancer")
    stopped = change(
        lung,
        "Recruiting → Suspended. Reason given: “Sponsor decision, portfolio review” (classed business).",
        level="critical",
        rule="C1",
        category="status",
        field_name="status.overallStatus",
        old="RECRUITING",
        new="SUSPENDED",
        number=4812,
    )
    enrolled = change(
        lung,
        "202 of 420 planned enrolled so far (48 %).",
        level="major",
        rule="M5",
        category="enrollment",
        field_name="design.enrollmentCount",
        number=4813,
    )
    wiped = change(lung, "Site statuses no longer shown at 41 sites.", level="noise", rule="n7", number=4814)

    liver = trial(2, "Oral Nirotinib After Resection in Liver Cancer", "Beta Pharma")
    outcome = change(
        liver,
        "Primary outcome replaced before primary completion: “Progression-free survival” → "
        "“Objective response rate, 24 weeks”.",
        level="critical",
        rule="C4",
        category="outcomes",
        field_name="outcomes.primary",
        number=4815,
    )

    stomach = trial(3, "Veltomab Plus Chemotherapy in Resectable Esophageal Cancer")
    slipped = change(
        stomach,
        "Primary completion 5 months later: May 2027 → Oct 2027 (estimated). "
        "Third move in the 9 versions seen, 14 months in all.",
        level="major",
        rule="M2",
        category="dates",
        field_name="status.primaryCompletionDate",
        old={"date": "2027-05", "type": "ESTIMATED"},
        new={"date": "2027-10", "type": "ESTIMATED"},
        facts={"slip_days": 153, "first_date": "2026-12"},
        number=4816,
    )
    loosened = change(
        stomach,
        "Inclusion, ECOG 0–1 → 0–2 (loosened).",
        level="major",
        rule="M9",
        category="eligibility",
        field_name="eligibility.criteria",
        key="inclusion|ecog",
        facts={
            "text_diff": [
                ["=", "Eastern Cooperative Oncology Group (ECOG) performance status of "],
                ["-", "0–1"],
                ["+", "0–2"],
                ["=", " within seven days before the first dose of any study drug, as judged by the doctor"],
            ]
        },
        number=4817,
    )
    arms = change(
        liver,
        "Arm added: “Low dose, every 6 weeks” (experimental).",
        level="major",
        rule="M7",
        category="arms",
        field_name="armsInterventions.arms",
        number=4818,
    )

    skin = trial(4, "Topical Lumadex for Chronic Plaques", "Northern Cancer Group")
    opened = change(skin, "4 sites now recruiting (China 3, Japan 1).", number=4819)
    bowel = trial(5, "Cortivane Maintenance in Ulcerative Colitis", "Delta Medicines")
    sites = change(bowel, "2 sites added (United States 2).", number=4820)
    renamed = change(
        bowel,
        "Title: “Cortivane in Colitis” is now “Cortivane Maintenance in Ulcerative Colitis”.",
        number=4821,
    )

    pending = gathered(
        (
            lung,
            finding(lung, "Recruitment suspended with 202 of 420 enrolled", stopped, enrolled, wiped),
            (stopped, enrolled, wiped),
        ),
        (liver, finding(liver, "Primary outcome replaced before primary completion", outcome), (outcome,)),
        (stomach, finding(stomach, slipped.summary, slipped, loosened), (slipped, loosened)),
        (liver, finding(liver, arms.summary, arms), (arms,)),
        (skin, finding(skin, opened.summary, opened), (opened,)),
        (bowel, finding(bowel, "Sites and title", sites, renamed), (sites, renamed)),
        baselines=(
            notice(
                "baseline",
                "Now watching NCT09000006: Phase 2, recruiting, 90 planned, completes Dec 2031 (17 fields)",
                number=9,
            ),
        ),
        unread=(trial(7, "Sequential Immunotherapy in Bladder Cancer"),),
    )
    return composed(pending)


def window_digest() -> Digest:
    """One trial over several versions: a suspension gone back on, and two slips that are one."""
    status = "protocolSection__statusModule__overallStatus"
    completion = "protocolSection__statusModule__primaryCompletionDateStruct"

    def version(state: str, date: str) -> JsonObject:
        return study("NCT09000001", **{status: state, completion: {"date": date, "type": "ESTIMATED"}})

    forms = (("RECRUITING", "2027-01"), ("SUSPENDED", "2027-05"), ("RECRUITING", "2027-09"))
    digest = chain(*(version(*form) for form in forms)).digest()
    assert digest is not None
    return digest


def programme_digest() -> Digest:
    """The same suspension in three trials of one sponsor, one of which changed in more ways."""
    stories = []
    for n in (1, 2, 3):
        state = trial(n)
        stop = change(
            state,
            "Recruiting → Suspended.",
            level="critical",
            rule="C1",
            category="status",
            field_name="status.overallStatus",
            old="RECRUITING",
            new="SUSPENDED",
            number=n,
        )
        more = (change(state, "2 sites added.", number=10),) if n == 1 else ()
        stories.append((state, finding(state, stop.summary, stop, *more), (stop, *more)))
    return composed(gathered(*stories))


def rich_digest(layout: Literal["digest", "threads"] = "digest") -> Digest:
    """Everything a digest can hold at once, beside what `sample_digest` has: as full as a morning gets."""
    plain = sample_digest()
    base = FakePending(
        tuple(c for story in plain.stories for c in story.changes),
        tuple(story.finding for story in plain.stories),
        plain.baselines,
        trials={story.trial.trial: story.trial for story in plain.stories},
        unread=plain.unread,
    )
    extra = (_taken_back(), _at_odds(), _newcomer(), *_small_news())
    pending = replace(
        base,
        changes=(*base.changes, *(change for _, found in extra for change in found[1])),
        findings=(*base.findings, *(found[0] for _, found in extra)),
        trials={**base.trials, **{state.trial: state for state, _ in extra}},
        notices=(
            notice("channel_disabled", "Channel ops answered 410: `trialwire channels enable ops`", number=7),
        ),
    )
    made = composed(pending, replace(subscription(), layout=layout))
    return replace(made, pictures={trial(3).trial: (_slips(), _targets())}, readouts=_clock())


_Told = tuple[TrialState, tuple[RecordedFinding, tuple[RecordedChange, ...]]]


def _taken_back() -> _Told:
    state = trial(20, "Veltomab Maintenance in Ovarian Cancer")
    steps = tuple(
        change(
            state,
            words,
            level="major",
            rule="M1",
            category="status",
            field_name="status.overallStatus",
            number=n,
        )
        for n, words in ((4830, "Recruiting → Suspended."), (4831, "Suspended → Recruiting."))
    )
    told = finding(
        state, "Overall status went Recruiting → Suspended → Recruiting within this digest.", *steps
    )
    return state, (replace(told, net="reverted"), steps)


def _at_odds() -> _Told:
    state = trial(21, "Lumadex Follow-Up Registry", "Northern Cancer Group")
    noise = change(state, "Verified Oct 2026.", level="noise", rule="n1", category="admin", number=4832)
    words = "Still recruiting, though its primary completion date (Jan 2026) has passed."
    return state, (finding(state, words, noise, level="minor", rule="m18"), (noise,))


def _newcomer() -> _Told:
    state = trial(22, "AK104 With Chemotherapy in Biliary Tract Cancer", "Gamma University")
    came = change(
        state,
        "Came into the search.",
        level="major",
        rule=DISCOVERED,
        category="registry",
        field_name="registry.search",
        key="AK104",
        facts={
            "search": "AK104",
            "event": "entered",
            "context": "Phase 1/2, not yet recruiting, Gamma University",
            "matched": {"name": "AK104", "place": "interventions"},
        },
        number=4833,
    )
    return state, (replace(finding(state, came.summary, came), kind=SEARCH), (came,))


def _small_news() -> tuple[_Told, ...]:
    told = []
    for n, (category, words) in enumerate(
        (
            ("sites", "2 sites added (China 2)"),
            ("contacts", "Contact changed: study desk"),
            ("outcomes", "Secondary outcome added: “Bone density” (24 months)."),
            ("dates", "Start confirmed: 3 Nov 2026 (was estimated 20 Oct)."),
            ("description", "Summary re-worded."),
        )
    ):
        state = trial(30 + n, f"Nirotinib in Rare Disease Number {n}", f"Small Sponsor {n}")
        news = change(state, words, category=category, field_name=f"{category}.x", number=4840 + n)
        told.append((state, (finding(state, words, news), (news,))))
    return tuple(told)


def _slips() -> Picture:
    given = (("v1 · Mar 2025", 0.2, "Aug 2026"), ("v4 · Nov 2025", 0.55, "Dec 2026"))
    rows = (*given, ("3 versions without a move", None, ""), ("v9 · May 2026", 0.7, "May 2027"))
    last = ("v15 · 19 Nov 2026", 1.0, "Oct 2027")
    return Picture(
        "Primary completion, 9 versions",
        tuple(PictureRow(*row) for row in (*rows, last)),
        "Primary completion went Aug 2026, Dec 2026, May 2027, Oct 2027 over 9 versions.",
    )


def _targets() -> Picture:
    rows = (("v1 · Mar 2025", 1.0, "420"), ("v7 · Apr 2026", 0.71, "300"), ("v15 · 19 Nov 2026", 0.5, "210"))
    return Picture(
        "Enrollment, 9 versions", tuple(PictureRow(*row) for row in rows), "Enrollment went 420, 300, 210."
    )


def _clock() -> Readouts:
    def one(n: int, kind: ReadoutKind, when: str, text: str, slips: str = "") -> Readout:
        state = trial(50 + n, f"Cortivane Study {n} in Ulcerative Colitis", "Delta Medicines")
        url = f"https://clinicaltrials.gov/study/{state.trial.id}"
        on = PartialDate.parse(when)
        return Readout(
            kind, state.trial, state.title, state.sponsor, state.phases, on, when, text, slips, url
        )

    expected = tuple(
        one(
            n,
            "expected",
            f"2027-01-{n + 1:02d}",
            f"Primary completion {n + 1} Jan 2027 (estimated).",
            "Moved twice, 9 months in all." if n == 1 else "",
        )
        for n in range(7)
    )
    overdue = (one(9, "overdue", "2026-03", "Results due since Mar 2026, 8 months."),)
    lists = (
        ReadoutList("expected", "Expected in the next 90 days", expected, 3),
        ReadoutList("overdue", "Results overdue", overdue),
    )
    caveat = "Whether a trial must report results is not ours to judge: no record shows all it turns on."
    return Readouts(NOW.date(), 90, lists, caveat)
