"""T1: a batch becomes rows once, all of it or nothing, and payloads come back as they were served."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.watching import Snapshot
from monitor.errors import LockedError, NotWatchedError, StoreError
from monitor.store import ChangeQuery, Doubt, NoticeDraft, Recording, Store, TrialFacts
from tests.store.making import (
    DATA_VERSION,
    DAY,
    NOW,
    amended,
    body_of,
    digest_of,
    first,
    history,
    snapshot,
    trial,
)
from tests.support.real import load, needs_real_records, study_files


def counted(store: Store) -> dict[str, int]:
    """Rows by table, without empty ones."""
    return {table: count for table, count in store.stats().rows.items() if count}


def test_a_first_sight_is_a_trial_a_snapshot_and_a_body(store: Store) -> None:
    """What is known of a trial after its first reading is all there."""
    store.record([first()])
    state = store.trial(trial())
    assert state is not None
    assert (state.presence, state.title, state.sponsor) == (
        "present",
        "Veltomab in Gastric Cancer",
        "Alpha Bio",
    )
    assert (state.overall_status, state.phases) == ("RECRUITING", ("PHASE2", "PHASE3"))
    assert (state.snapshot_seq, state.checked_data_version, state.checked_at) == (1, DATA_VERSION, NOW)
    assert state.changed_at is None
    assert store.snapshots(trial()) == (snapshot(),)
    assert store.body(trial(), 1) == body_of("A", trial())
    assert counted(store) == {"trial": 1, "snapshot": 1, "body": 1}


def test_an_amendment_moves_the_trial(store: Store) -> None:
    """The next version is current, its changes are on record, and the trial says when it changed."""
    history(store, "AB")
    held = store.latest([trial()])[trial()]
    assert held.last_seq == 2
    assert held.snapshot is not None
    assert held.snapshot.digest == digest_of("B", trial())
    assert (held.state.overall_status, held.state.changed_at) == ("B", NOW + DAY)
    assert [change.stamp.snapshot_to for change in store.changes(ChangeQuery())] == [2]
    assert len(store.findings()) == 1


def test_nothing_new_only_moves_the_check(store: Store) -> None:
    """A trial read without news keeps its facts and its change date."""
    history(store, "AB")
    before = store.trial(trial())
    store.record(
        [Recording(trial=trial(), checked_at=NOW + 2 * DAY, checked_data_version="v", presence="present")]
    )
    after = store.trial(trial())
    assert before is not None
    assert after == replace(before, checked_at=NOW + 2 * DAY, checked_data_version="v")


def test_the_same_batch_twice_is_the_same_database(store: Store) -> None:
    """Recording a batch again adds nothing."""
    one = first()
    assert one.snapshot is not None
    batch = [
        replace(one, notices=(NoticeDraft("baseline", "NCT09000001", "now watching", NOW, trial()),)),
        amended(one.snapshot, "B", seq=2, at=NOW + DAY),
        Recording(trial=trial(2), checked_at=NOW, doubt=Doubt("no status", "f" * 64, b"{}")),
    ]
    store.record(batch)
    once = counted(store)
    store.record(batch)
    assert counted(store) == once


def test_back_and_forth_stays_three_changes(store: Store) -> None:
    """A, B, A, B are three changes with three ids over four snapshots, and two bodies."""
    history(store, "ABAB")
    assert len({change.id for change in store.changes(ChangeQuery())}) == 3
    assert [item.seq for item in store.snapshots(trial())] == [1, 2, 3, 4]
    assert counted(store)["body"] == 2
    assert store.body(trial(), 1) == store.body(trial(), 3)


def test_back_within_one_data_version_is_the_snapshot_held(store: Store) -> None:
    """A, B and A again in one data version: two snapshots, two changes, and A is current."""
    one = snapshot("A", first_seen="v")
    store.record([replace(first(), snapshot=one)])
    two = amended(one, "B", seq=2, at=NOW, first_seen="v")
    store.record([two])
    assert two.snapshot is not None
    store.record([amended(two.snapshot, "A", seq=3, at=NOW, first_seen="v")])
    held = store.latest([trial()])[trial()]
    assert held.snapshot == one
    assert (held.state.snapshot_seq, held.last_seq) == (1, 2)
    assert sorted((c.stamp.snapshot_from, c.stamp.snapshot_to) for c in store.changes(ChangeQuery())) == [
        (1, 2),
        (2, 1),
    ]


def test_equal_content_is_kept_as_first_served(store: Store) -> None:
    """Two payloads with the same digest share one body: the first one's bytes."""
    store.record([first(trial(1))])
    other = first(trial(2))
    assert other.snapshot is not None
    same = replace(other.snapshot, digest=digest_of("A", trial(1)))
    store.record([replace(other, snapshot=same, body=b"the same content, served otherwise")])
    assert store.body(trial(2), 1) == body_of("A", trial(1))
    assert counted(store)["body"] == 1


def test_later_versions_are_stored_as_differences(store: Store) -> None:
    """Twenty versions of one trial take little more room than one, and each comes back whole."""
    letters = "ABCDEFGHIJKLMNOPQRST"
    history(store, letters)
    assert [store.body(trial(), n) for n in range(1, 21)] == [body_of(x, trial()) for x in letters]
    one, all_of_them = store.bodies([digest_of("A", trial())]), store.stats().body_bytes
    assert all_of_them < 3 * len(one[digest_of("A", trial())])


def test_versions_in_one_batch_are_differences_too(store: Store) -> None:
    """An import of several versions at once packs the later ones against the first."""
    one = first()
    assert one.snapshot is not None
    two = amended(one.snapshot, "B", seq=2, at=NOW + DAY, origin="import")
    store.record([one, two])
    assert store.body(trial(), 2) == body_of("B", trial())
    assert store.stats().body_bytes < 1.2 * len(body_of("A", trial()))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(st.binary(max_size=2000), min_size=1, max_size=6))
def test_payloads_come_back_byte_for_byte(sqlite_store: Store, bodies: list[bytes]) -> None:
    """Whatever bytes are served, in whatever order: exactly they are given back."""
    who = trial(sqlite_store.stats().rows["trial"] + 1)
    recordings = [
        Recording(
            trial=who,
            checked_at=NOW,
            presence="present",
            facts=TrialFacts("A trial"),
            snapshot=replace(
                snapshot(who=who, seq=number),
                digest=hashlib.sha256(f"{who}{number}".encode()).hexdigest(),
                first_seen=str(number),
            ),
            body=body,
        )
        for number, body in enumerate(bodies, start=1)
    ]
    sqlite_store.record(recordings[:1])
    sqlite_store.record(recordings[1:])
    assert [sqlite_store.body(who, number) for number in range(1, len(bodies) + 1)] == bodies


@needs_real_records
def test_real_payloads_come_back_byte_for_byte(store: Store) -> None:
    """Versions of a real trial are given back as they were served."""
    files = study_files()[:40]
    for number, path in enumerate(files, start=1):
        payload = path.read_bytes()
        assert load(path)
        made = replace(
            snapshot(seq=number), digest=hashlib.sha256(payload).hexdigest(), first_seen=str(number)
        )
        store.record([replace(first(), snapshot=made, body=payload)])
    assert [store.body(trial(), number) for number in range(1, 41)] == [path.read_bytes() for path in files]


def test_an_unknown_version_is_named(store: Store) -> None:
    """Asking for a payload that is not there says which, and where to look."""
    history(store, "A")
    with pytest.raises(NotWatchedError, match="no version s2 of NCT09000001") as caught:
        store.body(trial(), 2)
    assert "versions" in str(caught.value.remedy)
    assert store.bodies(["f" * 64]) == {}


def failing() -> Iterator[Recording]:
    """Two recordings, then a failure."""
    yield first(trial(1))
    yield first(trial(2))
    raise RuntimeError("the registry broke off")


def test_a_source_that_fails_half_way_records_nothing(store: Store) -> None:
    """A batch that cannot be read to its end leaves no trace."""
    with pytest.raises(RuntimeError):
        store.record(failing())
    assert counted(store) == {}


def test_a_batch_is_all_or_nothing(store: Store) -> None:
    """A recording the database refuses takes the whole batch back, its trials and bodies too."""
    bad = first(trial(2))
    assert bad.snapshot is not None
    broken = replace(bad, checked_at=datetime(2026, 11, 20, 9))  # noqa: DTZ001 - a naive time is the fault
    with pytest.raises(StoreError):
        store.record([first(trial(1)), broken])
    assert counted(store) == {}


def test_a_snapshot_without_a_body_is_refused(store: Store) -> None:
    """Nothing points to a payload that is not there."""
    with pytest.raises(StoreError):
        store.record([replace(first(), body=None)])
    assert counted(store) == {}


def test_who_comes_late_reads_again(store: Store) -> None:
    """A version prepared over an older state is refused with exit 75, and all of its batch with it."""
    history(store, "AB")
    late = amended(snapshot(), "C", seq=2, at=NOW + 2 * DAY)
    with pytest.raises(LockedError, match="NCT09000001 gained version s2") as caught:
        store.record([first(trial(2)), late])
    assert caught.value.exit_code == 75
    assert store.trial(trial(2)) is None


def test_an_older_version_joins_the_history_only(store: Store) -> None:
    """A back-filled version is numbered next and changes nothing about the trial as it is."""
    history(store, "AB")
    before = store.trial(trial())
    old = replace(
        amended(snapshot("Z", at=NOW - 9 * DAY), "Y", seq=3, at=NOW - 5 * DAY, origin="backfill"),
        current=False,
    )
    store.record([old])
    assert store.trial(trial()) == before
    held = store.latest([trial()])[trial()]
    assert (held.state.snapshot_seq, held.last_seq) == (2, 3)
    assert [change.stamp.origin for change in store.changes(ChangeQuery())] == ["poll", "backfill"]


def test_doubted_content_is_held_and_found_again(store: Store) -> None:
    """An answer not believed is kept with its bytes, once, and found when it comes again."""
    doubt = Doubt("overallStatus is missing", "f" * 64, b"as served", "2026-11-20")
    store.record([Recording(trial=trial(), checked_at=NOW, doubt=doubt)])
    store.record([Recording(trial=trial(), checked_at=NOW + DAY, doubt=doubt)])
    (held,) = store.quarantined()
    assert (held.trial, held.reason, held.state) == (trial(), "overallStatus is missing", "held")
    assert (held.observed_at, held.data_version) == (NOW, "2026-11-20")
    assert store.quarantine_item(held.id) == (held, b"as served")
    assert store.quarantine_seen(trial(), "f" * 64) == held
    assert store.quarantine_seen(trial(2), "f" * 64) is None


def test_recorded_content_is_no_longer_doubted(store: Store) -> None:
    """A snapshot of quarantined content settles the quarantine with it."""
    store.record(
        [Recording(trial=trial(), checked_at=NOW, doubt=Doubt("odd", digest_of("A", trial()), b"x"))]
    )
    store.record([first()])
    assert store.quarantined() == ()
    assert [item.digest for item in store.quarantined(state="accepted")] == [digest_of("A", trial())]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.datetimes(
        min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - the zone is drawn beside it
        max_value=datetime(2100, 1, 1),  # noqa: DTZ001
        timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
def test_times_come_back_aware_and_equal(sqlite_store: Store, at: datetime) -> None:
    """A time from any zone is the same instant when it comes back, aware and in UTC."""
    sqlite_store.record([Recording(trial=trial(), checked_at=at)])
    state = sqlite_store.trial(trial())
    assert state is not None
    assert state.checked_at == at
    assert state.checked_at.tzinfo is UTC


def test_times_come_back_aware_on_every_engine(store: Store) -> None:
    """Times of a trial, a snapshot and a change are aware, in UTC and to the microsecond."""
    at = datetime(2026, 11, 20, 14, 30, 5, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    one = first(at=at)
    assert one.snapshot is not None
    store.record([one, amended(one.snapshot, "B", seq=2, at=at)])
    (change,) = store.changes(ChangeQuery())
    times = [item.observed_at for item in store.snapshots(trial())] + [change.stamp.observed_at]
    assert {time.isoformat() for time in times} == {"2026-11-20T09:00:05.123456+00:00"}


def test_a_change_comes_back_as_it_was_recorded(store: Store) -> None:
    """Changes and findings are the same values after the round trip, but for their numbers."""
    one = first()
    assert one.snapshot is not None
    two = amended(
        one.snapshot, "B", seq=2, at=NOW + DAY, fields=("status.overallStatus", "status.whyStopped")
    )
    store.record([one, two])
    changes = [replace(change, number=None) for change in store.changes(ChangeQuery())]
    assert sorted(changes, key=lambda change: change.field) == list(two.changes)
    assert [replace(finding, number=None) for finding in store.findings()] == list(two.findings)
    assert store.change(two.changes[0].id) == store.changes(ChangeQuery(field="status.overallStatus"))[0]
    assert store.change("chg_none") is None


def test_a_large_batch_crosses_the_chunks(store: Store) -> None:
    """More records than one statement takes parameters for are recorded together."""
    batch = [first(trial(number)) for number in range(1234)]
    store.record(batch)
    held = store.latest([one.trial for one in batch])
    assert len(held) == 1234
    assert all(isinstance(one.snapshot, Snapshot) for one in held.values())
    digests = [one.snapshot.digest for one in batch if one.snapshot]
    assert len(store.bodies(digests)) == 1234


def test_an_empty_batch_is_nothing(store: Store) -> None:
    """Recording nothing does nothing."""
    store.record([])
    assert counted(store) == {}
