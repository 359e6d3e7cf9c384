"""Deriving anew: the same versions under today's rules, with the ids they had, and never as news."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor import registries
from monitor.bootstrap import App
from monitor.core.recorded import RecordedChange
from monitor.core.rule import RuleTable
from monitor.core.rules import default_rules
from monitor.core.subscription import Subscription
from monitor.pipeline import poll, rederiving
from monitor.pipeline.rederiving import RederiveReport
from monitor.store import ChangeQuery
from monitor.store.tables import TABLES
from tests.store.making import digest
from tests.support.real import needs_real_records, pairs
from tests.support.world import World, sample, trial, version

STATUS = "protocolSection__statusModule__overallStatus"
STOPPED = "protocolSection__statusModule__whyStopped"
POSTED = "protocolSection__statusModule__lastUpdatePostDateStruct"
COUNT = "protocolSection__designModule__enrollmentInfo__count"
ALL = Subscription("morning", ("ops",), "daily 07:30 UTC")


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that holds a trial polled in three versions, the first of them long unchanged."""
    folder = tmp_path_factory.mktemp("polled")
    steps: tuple[dict[str, object], ...] = (
        {POSTED: {"date": "2025-06-07", "type": "ACTUAL"}},
        {POSTED: {"date": "2026-11-03", "type": "ACTUAL"}, STATUS: "SUSPENDED", COUNT: 900},
        {POSTED: {"date": "2026-11-04", "type": "ACTUAL"}, STATUS: "TERMINATED", STOPPED: "Slow accrual"},
    )
    versions = [version(2 + number, sample(1, **step)) for number, step in enumerate(steps)]
    with World(folder, versions) as world, world.app() as app:
        app.store.add_watches([trial(1)], now=app.clock())
        app.store.begin_subscription(ALL.name, app.clock())
        for number in range(len(versions)):
            if number:
                world.registry.advance()
            assert poll.cycle(app, app.registries["ctgov"]).ok
    return folder / "state" / "trialwire.db"


@pytest.fixture
def app(polled: Path, tmp_path: Path) -> Iterator[App]:
    """An installation on a copy of it."""
    with World(tmp_path, [version(2)]) as world:
        shutil.copy(polled, tmp_path / "state" / "trialwire.db")
        with world.app() as app:
            yield app


def derive(app: App, *, rules: RuleTable | None = None, dry_run: bool = False) -> RederiveReport:
    return rederiving.run(
        app.store,
        app.store.trials_with_history(),
        readers={"ctgov": registries.reader("ctgov")},
        rules=rules or app.rules,
        dry_run=dry_run,
    )


def recorded(app: App) -> dict[str, RecordedChange]:
    return {change.id: change for change in app.store.changes(ChangeQuery())}


def sql(app: App, statement: str) -> None:
    with app.store._db.write() as connection:
        assert connection.exec_driver_sql(statement).rowcount > 0


def told(app: App) -> None:
    """Tell all that is pending."""
    pending = app.store.pending(ALL, app.clock() + timedelta(days=9))
    assert app.store.enqueue(digest(name=ALL.name), [], told=[change.id for change in pending.changes])


def test_nothing_differs_where_nothing_changed(app: App) -> None:
    """Derived anew by the same code and rules, everything is as it was, to the byte."""
    before, stories = recorded(app), app.store.findings()
    assert len(before) >= 3
    assert +derive(app).counts == {"trials": 1}
    assert (recorded(app), app.store.findings()) == (before, stories)


def test_another_level_is_written_under_the_same_id(app: App) -> None:
    """With a rule's level overridden, changes and findings carry the new one, and a second time nothing."""
    rule = next(change.rule for change in recorded(app).values() if change.field == "status.overallStatus")
    rules = default_rules().with_overrides({rule: {"level": "noise"}})
    before = recorded(app)
    assert derive(app, rules=rules, dry_run=True).counts["altered"] > 0
    assert recorded(app) == before
    report = derive(app, rules=rules)
    assert report.counts["altered"] > 0
    assert report.examples[0][:2] == (trial(1), "altered")
    after = recorded(app)
    assert after.keys() == before.keys()
    assert {one.number for one in after.values()} == {one.number for one in before.values()}
    assert {one.significance for one in after.values() if one.rule == rule} == {"noise"}
    assert +derive(app, rules=rules).counts == {"trials": 1}


def test_what_is_found_only_now_is_no_news(app: App) -> None:
    """A change that was missing is recorded, belongs to its versions, and to no digest."""
    lost = next(one for one in recorded(app).values() if one.field == "status.whyStopped")
    told(app)
    sql(app, "DELETE FROM digest_change")
    sql(app, f"DELETE FROM finding_change WHERE change_id = '{lost.id}'")
    sql(app, f"DELETE FROM change WHERE id = '{lost.id}'")
    assert derive(app).counts["added"] == 1
    found = recorded(app)[lost.id]
    assert (found.stamp.origin, found.body) == ("backfill", lost.body)
    pending = app.store.pending(ALL, app.clock() + timedelta(days=9))
    assert lost.id not in {change.id for change in pending.changes}
    assert +derive(app).counts == {"trials": 1}


@pytest.mark.parametrize("was_told", [True, False])
def test_what_is_no_longer_derived_goes_unless_it_was_told(app: App, was_told: bool) -> None:
    """A change that today's code does not find is removed; one that was told stays as it was."""
    right = next(one for one in recorded(app).values() if one.field == "status.whyStopped")
    if was_told:
        told(app)
    with app.store._db.write() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for table, column in (("finding_change", "change_id"), ("change", "id")):
            connection.exec_driver_sql(
                f"UPDATE {table} SET {column} = 'chg_old' WHERE {column} = '{right.id}'"
            )
    counts = derive(app).counts
    assert (counts["added"], counts["removed"], counts["kept"]) == (1, int(not was_told), int(was_told))
    assert ("chg_old" in recorded(app)) == was_told
    assert right.id in recorded(app)
    assert list(app.store.damage()) == []


def test_versions_that_had_nothing_to_tell_are_compared_again(app: App) -> None:
    """Without a single change on record, all of them are found again from the versions."""
    before = recorded(app)
    with app.store._db.write() as connection:
        for table in ("digest_change", "finding_change", "finding", "change"):
            connection.execute(TABLES[table].delete())
    assert derive(app).counts["added"] == len(before)
    assert {one.id: one.body for one in recorded(app).values()} == {
        one.id: one.body for one in before.values()
    }


def test_versions_no_longer_kept_are_left_alone(app: App) -> None:
    """Where retention dropped a payload its changes stay as they were."""
    before = recorded(app)
    app.store.compact(now=app.clock(), keep_since=app.clock() + timedelta(days=99))
    rules = default_rules().with_overrides({one.rule: {"level": "noise"} for one in before.values()})
    assert derive(app, rules=rules).counts["dropped"] == 2
    assert recorded(app) == before


@needs_real_records
def test_real_versions_give_the_same_again(tmp_path: Path) -> None:
    """Imported pairs of real records are derived anew without a difference."""
    from monitor.pipeline import importing

    files = [path for pair in list(pairs())[:12] for path in pair]
    with World(tmp_path, [version(2)]) as world, world.app() as app:
        reader = registries.reader("ctgov")
        importing.run(app.store, files, readers=[reader], rules=app.rules, now=app.clock())
        report = derive(app)
        assert report.counts["trials"] > 0
        assert report.counts["differing"] == 0, report
