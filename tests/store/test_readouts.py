"""The clock's trials out of the tables, on each engine; facts kept at a recording, and described anew."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sqlalchemy import update

from monitor.core.partial_date import PartialDate
from monitor.core.readouts import TrialClock, Window, by_kind
from monitor.core.subscription import Subscription
from monitor.core.watching import Snapshot
from monitor.store import Recording, Store, TrialFacts
from monitor.store.tables import TABLES
from tests.store.making import DAY, NOW, amended, first, trial
from tests.support.clocks import STATUSES, TODAY

EVERYBODY = Subscription("morning", ("hook",), "hourly")
WINDOW = Window.of(TODAY, 90)
FIELD = "status.primaryCompletionDate"
COMPLETIONS = (
    None, "2005-03", "2007-12-26", "2024", "2025-10", "2025-11", "2025-11-20", "2025-11-21", "2026",
    "2026-02-19", "2026-02-20", "2026-10", "2026-11", "2026-11-20", "2026-11-21", "2027-02", "2027-02-20",
    "2028",
)  # fmt: skip


def held(count: int) -> list[TrialClock]:
    """Invented trials in every state that decides, the same each time."""
    chance = Random(7)

    def maybe(day: PartialDate | None) -> PartialDate | None:
        return day if chance.random() < 0.15 else None

    found = []
    for number in range(1, count + 1):
        completion = chance.choice(COMPLETIONS)
        found.append(
            TrialClock(
                trial=trial(number),
                title=f"Trial {number}",
                sponsor=chance.choice(["Alpha Bio", "ÉLAN Pharma", None]),
                phases=("PHASE2",),
                overall_status=chance.choice(STATUSES),
                study_type=chance.choice(["INTERVENTIONAL", "INTERVENTIONAL", "OBSERVATIONAL", None]),
                primary_completion=PartialDate.parse(completion) if completion else None,
                primary_completion_type=chance.choice(["ACTUAL", "ESTIMATED", None]),
                results_posted_on="2026-01-05" if chance.random() < 0.15 else None,
                results_submitted_on=maybe(PartialDate(2026, 3, 2)),
                results_waived=chance.random() < 0.1,
                delay_certified_on=maybe(PartialDate(2025, 5)),
            )
        )
    return found


def recorded(clock: TrialClock, *conditions: str) -> Recording:
    """A first sight with these facts."""

    def text(day: PartialDate | None) -> str | None:
        return None if day is None else str(day)

    return replace(
        first(clock.trial),
        facts=TrialFacts(
            title=clock.title,
            sponsor=clock.sponsor,
            overall_status=clock.overall_status,
            phases=clock.phases,
            study_type=clock.study_type,
            primary_completion=text(clock.primary_completion),
            primary_completion_type=clock.primary_completion_type,
            results_posted_on=clock.results_posted_on,
            results_submitted_on=text(clock.results_submitted_on),
            results_waived=clock.results_waived,
            delay_certified_on=text(clock.delay_certified_on),
            conditions=conditions,
        ),
    )


def test_the_tables_judge_as_the_core_does(store: Store) -> None:
    """Kinds, counts and the first of each are what `core.readouts` says of the same trials."""
    trials = held(240)
    store.add_watches([one.trial for one in trials], now=NOW)
    store.record([recorded(one) for one in trials])
    for most in (3, 1000):
        assert store.readouts(EVERYBODY, WINDOW, most=most) == by_kind(trials, WINDOW, most=most)
    later = Window.of(TODAY.replace(year=2028, month=2, day=29), 0)
    assert store.readouts(EVERYBODY, later, most=5) == by_kind(trials, later, most=5)
    elan = [one for one in trials if "élan" in (one.sponsor or "").casefold()]
    narrowed = replace(EVERYBODY, sponsors=("élan",))
    assert store.readouts(narrowed, WINDOW, most=3) == by_kind(elan, WINDOW, most=3)


def test_only_covered_trials_that_are_there_are_on_the_clock(store: Store) -> None:
    """Tags, numbers and conditions narrow it; who is gone or no longer watched is not on it."""
    soon = [replace(held(1)[0], trial=trial(n), overall_status="RECRUITING", study_type="INTERVENTIONAL",
                    primary_completion=PartialDate(2026, 12), primary_completion_type="ESTIMATED",
                    results_submitted_on=None) for n in range(1, 6)]  # fmt: skip
    store.add_watches([one.trial for one in soon[:2]], now=NOW, tags=("akeso",))
    store.add_watches([one.trial for one in soon[2:]], now=NOW)
    store.record([recorded(one, "Gastric  Cancer", "EGFR") for one in soon[:4]])
    store.record([recorded(soon[4], "Asthma")])
    store.record([Recording(trial=trial(4), checked_at=NOW + DAY, presence="gone")])
    store.remove_watches([trial(3)])

    def on(subscription: Subscription) -> list[int]:
        found = store.readouts(subscription, WINDOW, most=10).get("expected", (0, ()))
        return [int(one.trial.id[-2:]) for one in found[1]]

    assert on(EVERYBODY) == [1, 2, 5]
    assert on(replace(EVERYBODY, tags=("akeso",))) == [1, 2]
    assert on(replace(EVERYBODY, trials=(trial(2).id,))) == [2]
    assert on(replace(EVERYBODY, conditions=("gastric cancer",))) == [1, 2]
    state = store.trial(trial(1))
    assert state is not None
    assert state.conditions == ("Gastric Cancer", "EGFR")


def test_older_versions_do_not_overwrite_newer_facts(store: Store) -> None:
    """What a back-fill or an import of the past records leaves the facts of today."""
    store.add_watches([trial()], now=NOW)
    now = replace(held(1)[0], trial=trial(), primary_completion=PartialDate(2027, 1))
    store.record([recorded(now)])
    old = recorded(replace(now, primary_completion=PartialDate(2025, 1)))
    assert old.snapshot is not None
    past = replace(old.snapshot, seq=2, digest="0" * 64, first_seen="v1", origin="backfill")
    store.record([replace(old, snapshot=past, current=False, checked_data_version=None)])
    found = store.readouts(EVERYBODY, Window.of(TODAY, 365), most=5)
    clocks = [one for _, each in found.values() for one in each]
    assert [str(one.primary_completion) for one in clocks] == ["2027-01"] * len(clocks)


def test_pasts_hold_values_of_one_field_and_all_versions(store: Store) -> None:
    """Moves of the date come whole; of other changes only between which versions they were."""
    store.record([first()])
    before = first().snapshot
    assert isinstance(before, Snapshot)
    move = amended(before, "B", seq=2, at=NOW + DAY, fields=(FIELD,))
    assert move.snapshot is not None
    other = amended(move.snapshot, "C", seq=3, at=NOW + 2 * DAY, fields=("status.overallStatus",))
    store.record([move, other])
    (past,) = store.pasts([trial(), trial(9)], FIELD).values()
    assert [one["snapshot"] for one in past] == [{"to": 3}, {"from": 1, "to": 2}]
    assert [one.get("field") for one in past if "old" in one] == [FIELD]


def test_trials_of_an_earlier_version_are_described_once(store: Store) -> None:
    """Page by page; what was recorded meanwhile stays, and what cannot be read is not asked again."""
    store.record([first(trial(number)) for number in (1, 2, 3)])
    with store._db.write() as connection:
        connection.execute(update(TABLES["trial"]).values(facts_form=0, conditions=""))
    state = store.trial(trial(1))
    assert state is not None
    assert state.conditions is None
    page = store.undescribed(after=0, most=2)
    assert [one.trial for one in page] == [trial(1), trial(2)]
    (rest,) = store.undescribed(after=page[-1].row, most=2)
    snapshot = first(trial(3)).snapshot
    assert snapshot is not None
    newer = amended(snapshot, "B", seq=2, at=NOW + DAY)
    assert newer.facts is not None
    store.record([replace(newer, facts=replace(newer.facts, conditions=("Asthma",)))])
    store.describe(
        [(page[0], TrialFacts("A", conditions=("Gastric",))), (page[1], None), (rest, TrialFacts("C"))]
    )
    assert store.undescribed(after=0, most=5) == ()
    told = {n: state.conditions for n in (1, 2, 3) if (state := store.trial(trial(n)))}
    assert told == {1: ("Gastric",), 2: (), 3: ("Asthma",)}
