"""Which earlier versions are wanted, whose number is which, and what is compared with what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.backfill import earlier, first_look, missing, numbers, pairs
from monitor.core.change import Origin
from monitor.core.past import Past, PastVersion
from monitor.core.record import TrialId
from monitor.core.watching import Snapshot, in_order, stamp_between

TRIAL = TrialId("ctgov", "NCT09000001")
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def past(*days: str) -> Past:
    """Versions submitted on these days, from number 1."""
    return Past(TRIAL, tuple(PastVersion(number, day) for number, day in enumerate(days, start=1)))


def held(
    seq: int,
    submitted_on: str | None,
    *,
    origin: Origin = "poll",
    version: int | None = None,
    posted_on: str | None = None,
    seen: str | None = None,
) -> Snapshot:
    """A version as we hold it; it was posted the day it was submitted, unless said otherwise."""
    posted = posted_on or submitted_on
    return Snapshot(
        trial=TRIAL,
        seq=seq,
        digest=f"digest {seq}",
        first_seen=f"v{version}" if origin == "backfill" else seen or posted or "",
        observed_at=NOW + timedelta(minutes=seq),
        origin=origin,
        data_version=None if origin == "backfill" else seen or posted,
        version=version,
        submitted_on=submitted_on,
        posted_on=posted,
        title="A trial",
    )


def test_polled_versions_are_found_in_the_index() -> None:
    """By the day they were submitted; what posted nothing is still the version before."""
    index = past("2024-01-03", "2024-02-03", "2024-03-03")
    polled = (held(1, "2024-02-03"), held(2, "2024-02-03", seen="2024-02-20"), held(3, "2024-03-03"))
    assert numbers(index, polled) == {1: 2, 2: 2, 3: 3}


def test_of_several_on_one_day_the_last_are_those_we_saw() -> None:
    """Two postings of one submission day are the last two versions of that day, in their order."""
    index = past("2024-01-03", "2024-02-03", "2024-02-03", "2024-02-03", "2024-03-03")
    polled = (
        held(1, "2024-02-03", posted_on="2024-02-05"),
        held(2, "2024-02-03", posted_on="2024-02-07"),
        held(3, "2024-03-03"),
    )
    assert numbers(index, polled) == {1: 3, 2: 4, 3: 5}
    assert numbers(index, (held(1, "2024-02-03"),)) == {1: 4}


def test_a_number_once_known_stays() -> None:
    """What is numbered already is not numbered otherwise when the index has grown."""
    index = past("2024-01-03", "2024-01-03")
    one = held(1, "2024-01-03", version=1)
    assert numbers(index, (one, held(2, "2024-01-03", posted_on="2024-01-09"))) == {1: 1, 2: 2}


def test_what_the_index_does_not_know_has_no_number() -> None:
    """Nothing is guessed of a version submitted on another day."""
    assert numbers(past("2024-01-03"), (held(1, "2024-01-04"), held(2, None, posted_on="2024-05-01"))) == {}


def test_only_what_is_before_our_first_look_is_wanted() -> None:
    """The newest first, and what is held is not asked for again."""
    index = past("2024-01-03", "2024-02-03", "2024-03-03", "2024-04-03")
    polled = held(1, "2024-03-03")
    assert earlier(index, (polled, held(2, "2024-04-03"))) == (2, 1)
    filled = held(3, "2024-02-03", origin="backfill", version=2)
    assert missing(earlier(index, (polled, filled)), (polled, filled)) == (1,)
    assert earlier(index, (held(1, "2024-02-20"),)) == (2, 1)
    assert earlier(index, ()) == ()


def test_imported_versions_are_no_first_look_of_a_polled_trial() -> None:
    """Where a poll has looked, the versions imported from before count as held."""
    index = past("2024-01-03", "2024-02-03", "2024-03-03")
    snapshots = (held(1, "2024-02-03", origin="import", version=2), held(2, "2024-03-03"))
    assert first_look(snapshots) == snapshots[1]
    assert missing(earlier(index, snapshots), snapshots) == (1,)
    assert first_look(snapshots[:1]) == snapshots[0]
    assert first_look(()) is None


def test_nothing_recorded_is_cut_anew() -> None:
    """Between imported versions whose changes are recorded no pair is compared; before and after it is."""
    first = held(1, "2024-03-01", origin="import", version=2)
    second = held(2, "2024-05-01", origin="import", version=4)
    polled = held(3, "2024-06-01", version=5)
    v1, v3 = (held(3 + n, f"2024-0{n}-15", origin="backfill", version=n) for n in (1, 3))
    snapshots = (first, second, polled, v3, v1)
    assert [one.version for one in in_order(snapshots)] == [1, 2, 3, 4, 5]
    assert pairs(snapshots, {(1, 2), (2, 3)}) == [(v1, first)]
    assert pairs(snapshots, {(2, 3)}) == [(v1, first), (first, v3), (v3, second)]
    assert pairs((), ()) == []


def test_numbers_go_before_days() -> None:
    """A version that was posted after a younger one still comes before it."""
    late = held(2, "2024-02-03", origin="backfill", version=1, posted_on="2024-04-05")
    early = held(3, "2024-03-03", origin="backfill", version=2, posted_on="2024-03-05")
    assert in_order((early, held(1, "2024-05-01"), late))[:2] == (late, early)


@settings(max_examples=60)
@given(st.permutations(range(1, 7)), st.integers(1, 5))
def test_the_order_does_not_depend_on_when_we_looked(order: list[int], most: int) -> None:
    """Versions fetched in any order stand in the order of their numbers, before what was polled."""
    filled = [
        held(seq + 1, "2024-01-03", origin="backfill", version=version) for seq, version in enumerate(order)
    ]
    snapshots = (held(0, "2024-01-03", version=7), *filled[:most])
    ordered = in_order(snapshots)
    assert [one.version for one in ordered] == sorted(one.version or 0 for one in snapshots)
    assert len(pairs(snapshots, ())) == most


def test_two_versions_of_one_day_are_no_silent_change() -> None:
    """They have dates and numbers; two records of one number have neither."""
    one = held(1, "2024-01-03", origin="backfill", version=1)
    two = held(2, "2024-01-03", origin="backfill", version=2)
    stamp = stamp_between(one, two, url="", observed_at=NOW, origin="backfill")
    assert (stamp.version_from, stamp.version_to, stamp.posted_on) == (1, 2, "2024-01-03")
    silent = stamp_between(two, held(3, "2024-01-03", version=2), url="", observed_at=NOW, origin="poll")
    assert (silent.version_from, silent.version_to, silent.posted_on) == (None, None, None)
