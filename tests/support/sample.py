"""One invented digest with something of everything, to look at and to hold the forms against each other."""

from __future__ import annotations

from monitor.core.digest import Digest
from monitor.core.record import JsonObject
from tests.support.chains import chain
from tests.support.digests import (
    change,
    composed,
    finding,
    gathered,
    notice,
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
