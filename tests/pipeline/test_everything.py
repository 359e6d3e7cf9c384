"""A registry watched as a whole: stretches that leave out no day, and runs that go on where they stopped."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from monitor.demo.standin import Fault
from monitor.pipeline import poll
from monitor.pipeline.everything import BEGIN, LONGEST, SHORTEST, next_length, stretch
from tests.support.world import World, sample, version

TODAY = date(2026, 11, 20)
POSTED = "protocolSection__statusModule__studyFirstPostDateStruct"


@given(st.lists(st.integers(min_value=0, max_value=9000), min_size=1, max_size=40))
def test_stretches_leave_out_no_day(found: list[int]) -> None:
    """From before everything to after today, each begins where the last ended or earlier."""
    length, through = timedelta(days=30), None
    reached: date | None = None
    for index in range(2000):
        first, last = stretch(through, TODAY, length)
        assert (first is None) == (index == 0)
        if first is not None and reached is not None:
            assert first <= reached + timedelta(days=1)
        if last is None:
            break
        assert reached is None or last > reached
        reached, through = last, last.isoformat()
        length = next_length(length, found[index % len(found)])
        assert SHORTEST <= length <= LONGEST
    assert last is None
    assert reached is not None
    assert reached >= BEGIN - timedelta(days=1)


def test_a_run_broken_off_goes_on_where_it_was(tmp_path: Path) -> None:
    """A failure in the middle keeps what was taken in; the next poll takes in the rest, once each."""
    days = {1: "1999-10-01", 2: "2005-03-01", 3: "2016-05-01", 4: "2026-10-30"}
    studies = [sample(n, **{POSTED: {"date": day, "type": "ACTUAL"}}) for n, day in days.items()]
    with World(tmp_path, [version(2, *studies)]) as world, world.app() as app:
        app.store.watch_everything("ctgov", now=world.clock())
        world.registry.inject(Fault.failing(path="filter.ids=NCT00000003", times=None))
        assert not poll.cycle(app, app.registries["ctgov"]).ok
        assert app.store.followed_count("ctgov") == 2
        (whole,) = app.store.searches()
        assert whole.through is not None
        assert whole.problem
        world.registry.clear_faults()
        world.clock.forward(hours=1)
        before = len(world.registry.requests)
        assert poll.cycle(app, app.registries["ctgov"]).ok
        assert app.store.followed_count("ctgov") == 4
        (whole,) = app.store.searches()
        assert (whole.problem, whole.data_version) == ("", world.registry.version.stamp)
        asked = [seen.target for seen in world.registry.requests[before:]]
        assert not any("NCT00000001" in target or "NCT00000002" in target for target in asked)
        assert [notice.kind for notice in app.store.notices() if notice.kind == "baseline"] == []
