"""The change log through its filters, and its order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from monitor.core.change import Origin, Significance
from monitor.core.watching import Snapshot
from monitor.errors import StoreError
from monitor.store import ChangeQuery, Recording, Store, TrialFacts
from tests.store.making import DAY, NOW, amended, first, history, snapshot, trial


def log_of(store: Store, query: ChangeQuery) -> list[str]:
    """Which changes a query finds, as `number of the trial:field`."""
    return [f"{change.trial.id[-1]}:{change.field}" for change in store.changes(query)]


def step(
    store: Store,
    number: int,
    field: str,
    *,
    letter: str,
    seq: int,
    day: int,
    level: Significance = "major",
    posted_on: str | None = None,
    origin: Origin = "poll",
) -> None:
    """Record one amendment of one trial."""
    before: Snapshot = snapshot(who=trial(number), seq=seq - 1)
    made = amended(
        before,
        letter,
        seq=seq,
        at=NOW + day * DAY,
        fields=[field],
        significance=level,
        posted_on=posted_on,
        origin=origin,
    )
    store.record([replace(made, facts=TrialFacts("A trial", f"Sponsor {number} 100%"))])


@pytest.fixture
def log(store: Store) -> Store:
    """Two trials with five changes between them."""
    store.add_watches([trial(1)], tags=["akeso"], now=NOW)
    store.add_watches([trial(2)], tags=["other", "akeso-2"], now=NOW)
    store.record([first(trial(1)), first(trial(2))])
    step(store, 1, "status.overallStatus", letter="B", seq=2, day=1, level="critical")
    step(store, 2, "status.overall_x", letter="B", seq=2, day=1, level="minor")
    step(store, 1, "outcomes.primary", letter="C", seq=3, day=2, posted_on="2026-11")
    step(store, 2, "registry.search[akeso]", letter="C", seq=3, day=3, level="noise")
    step(store, 2, "dates.Start", letter="D", seq=4, day=4, posted_on="2020-01-02", origin="import")
    return store


TABLE: tuple[tuple[ChangeQuery, list[str]], ...] = (
    (ChangeQuery(trials=(trial(1),)), ["1:status.overallStatus", "1:outcomes.primary"]),
    (ChangeQuery(trials=(trial(3),)), []),
    (ChangeQuery(field="status.overallStatus"), ["1:status.overallStatus"]),
    (ChangeQuery(field="status.overall_*"), ["2:status.overall_x"]),
    (ChangeQuery(field="status.*"), ["2:status.overall_x", "1:status.overallStatus"]),
    (ChangeQuery(field="outcomes.prim?ry"), ["1:outcomes.primary"]),
    (ChangeQuery(field="registry.search[akeso]"), ["2:registry.search[akeso]"]),
    (ChangeQuery(field="%"), []),
    (ChangeQuery(categories=("outcomes", "dates")), ["1:outcomes.primary", "2:dates.Start"]),
    (ChangeQuery(rules=("M2",)), []),
    (ChangeQuery(min_significance="critical"), ["1:status.overallStatus"]),
    (ChangeQuery(since=date(2026, 11, 22)), ["2:registry.search[akeso]"]),
    (ChangeQuery(until=date(2026, 11, 1)), ["1:outcomes.primary", "2:dates.Start"]),
    (
        ChangeQuery(observed_since=datetime(2026, 11, 23, tzinfo=UTC)),
        ["2:registry.search[akeso]", "2:dates.Start"],
    ),
    (ChangeQuery(tags=("akeso",)), ["1:status.overallStatus", "1:outcomes.primary"]),
    (ChangeQuery(tags=("akeso", "other"), limit=1), ["2:registry.search[akeso]"]),
    (ChangeQuery(sponsor="sponsor 1"), ["1:status.overallStatus", "1:outcomes.primary"]),
    (ChangeQuery(sponsor="00%", min_significance="critical"), ["1:status.overallStatus"]),
    (ChangeQuery(sponsor="1_0"), []),
    (ChangeQuery(presences=("gone",)), []),
    (ChangeQuery(origins=("import",)), ["2:dates.Start"]),
    (ChangeQuery(limit=2), ["2:registry.search[akeso]", "2:status.overall_x"]),
)


@pytest.mark.parametrize(("query", "expected"), TABLE)
def test_each_filter_narrows(log: Store, query: ChangeQuery, expected: list[str]) -> None:
    """Every filter passes exactly what it names, and a glob is wild only in `*` and `?`."""
    assert log_of(log, query) == expected


def test_newest_first_by_the_registrys_clock(log: Store) -> None:
    """The order is by posted date, then observation, then number: an import is as old as it says."""
    assert log_of(log, ChangeQuery()) == [
        "2:registry.search[akeso]",
        "2:status.overall_x",
        "1:status.overallStatus",
        "1:outcomes.primary",
        "2:dates.Start",
    ]


def test_what_the_registry_did_not_date_is_dated_by_us(store: Store) -> None:
    """A change without posted or submitted date stands at the day we saw it."""
    store.record([first()])
    made = amended(snapshot(), "B", seq=2, at=NOW + DAY)
    undated = replace(made.changes[0], stamp=replace(made.changes[0].stamp, posted_on=None))
    store.record([replace(made, changes=(undated,))])
    assert store.changes(ChangeQuery(since=date(2026, 11, 21), until=date(2026, 11, 21))) != ()


def test_filters_by_presence(log: Store) -> None:
    """Changes of trials that are gone can be asked for."""
    log.record([Recording(trial=trial(1), checked_at=NOW + 9 * DAY, presence="gone", absent_since="v")])
    assert log_of(log, ChangeQuery(presences=("gone",))) == ["1:status.overallStatus", "1:outcomes.primary"]


def test_earlier_changes_come_oldest_first(log: Store) -> None:
    """The past of a trial is told in the registry's order, as contract objects."""
    found = log.earlier_changes([trial(1), trial(2), trial(3)])
    assert [change["field"] for change in found[trial(2)]] == [
        "dates.Start",
        "status.overall_x",
        "registry.search[akeso]",
    ]
    assert found[trial(1)][0]["posted_on"] == "2026-11"
    assert trial(3) not in found


def test_findings_by_trial_and_by_change(log: Store) -> None:
    """Findings are found by what they are about, newest first."""
    assert len(log.findings()) == 5
    assert [finding.trial for finding in log.findings(trials=[trial(1)])] == [trial(1), trial(1)]
    (change,) = log.changes(ChangeQuery(field="outcomes.primary"))
    (finding,) = log.findings(changes=[change.id])
    assert finding.changes == (change.id,)
    assert log.findings(trials=[trial(9)]) == ()


def test_versions_of_one_trial(store: Store) -> None:
    """The versions held of a trial are listed by our number; there are none of a stranger."""
    history(store, "ABC")
    assert [item.seq for item in store.snapshots(trial())] == [1, 2, 3]
    assert store.snapshots(trial(2)) == ()


@pytest.mark.parametrize("number", [2**63, 10**30])
def test_a_number_beyond_all_numbers_is_refused_in_words(store: Store, number: int) -> None:
    """Neither engine holds it; it is no mistake of ours, and said so."""
    with pytest.raises(StoreError):
        store.quarantine_item(number)
    with pytest.raises(StoreError):
        store.changes(ChangeQuery(limit=number))
