"""Reading page by page: the places of a digest's changes, days in numbers, and what waits."""

from __future__ import annotations

from datetime import date, timedelta

from monitor.store import Store
from monitor.store.values import ChangeQuery
from tests.store.making import DAY, NOW, amended, delivery, digest, history, outbox, trial


def test_days_are_counted_by_level(store: Store) -> None:
    """What polls saw, by the registry's day; administrative changes and other origins are left out."""
    history(store, "ABC")
    before = store.latest([trial()])[trial()].snapshot
    assert before is not None
    at = NOW + 5 * DAY
    store.record([amended(before, "D", seq=4, at=at, significance="noise")])
    store.record([amended(before, "E", seq=5, at=at, significance="critical", origin="import")])
    assert store.daily(date(2026, 11, 1)) == {
        date(2026, 11, 21): {"major": 1},
        date(2026, 11, 22): {"major": 1},
    }
    assert store.daily(date(2026, 11, 22)) == {date(2026, 11, 22): {"major": 1}}


def test_a_digests_places_keep_stories_together_the_worst_first(store: Store) -> None:
    """Each change once, with the story it belongs to, and no other digest's."""
    history(store, "AB", trial(1))
    history(store, "A", trial(2))
    before = store.latest([trial(2)])[trial(2)].snapshot
    assert before is not None
    fields = ("status.overallStatus", "design.enrollmentCount")
    store.record([amended(before, "B", seq=2, at=NOW + DAY, fields=fields, significance="critical")])
    told = digest([change.id for change in store.changes(ChangeQuery())])
    assert store.enqueue(told, (), told=told.told)
    places = store.told(told.id)
    assert [(place.trial, place.significance) for place in places] == [
        (trial(2), "critical"),
        (trial(2), "critical"),
        (trial(1), "major"),
    ]
    assert len({place.finding for place in places}) == 2
    assert store.told("dig_other") == ()
    ids = [place.change for place in places]
    assert set(store.changes_by_id(ids)) == set(ids)
    assert {found.id for found in store.findings_over(ids)} == {place.finding for place in places}
    assert store.findings_by_id(["fnd_none"]) == {}


def test_a_page_goes_on_where_the_one_before_ended(store: Store) -> None:
    """From the place of a change on, nothing is given twice and nothing left out, also within one day."""
    for number in range(1, 5):
        history(store, "ABC", trial(number))
    whole = store.changes(ChangeQuery())
    found = list(store.changes(ChangeQuery(limit=3)))
    while True:
        last = found[-1]
        day = date.fromisoformat(last.stamp.posted_on or "")
        assert last.number is not None
        page = store.changes(ChangeQuery(before=(day, last.stamp.observed_at, last.number), limit=3))
        if not page:
            break
        found += page
    assert tuple(found) == whole


def test_recorded_changes_are_read_in_their_order(store: Store) -> None:
    """After a number, oldest first, through the same filters."""
    history(store, "ABCD")
    numbers = [change.number for change in store.recorded_after(ChangeQuery(limit=10), 0)]
    assert numbers == sorted(n for n in numbers if n) == numbers
    assert [c.number for c in store.recorded_after(ChangeQuery(limit=1), numbers[0] or 0)] == numbers[1:2]
    assert store.recorded_after(ChangeQuery(rules=("C9",), limit=10), 0) == ()


def test_the_oldest_message_that_waits(store: Store) -> None:
    """Of the channels asked for, that are on; None where nothing waits."""
    assert store.waiting_since(["ci-team"]) is None
    outbox(store, delivery(1, at=NOW), delivery(2, at=NOW - timedelta(hours=1)), delivery(3, channel="hook"))
    assert store.waiting_since(["ci-team", "hook"]) == NOW - timedelta(hours=1)
    assert store.waiting_since(["other"]) is None
    store.disable_channel("ci-team", "410", NOW)
    assert store.waiting_since(["ci-team"]) is None


def test_what_is_unknown_is_absent(store: Store) -> None:
    """Asking for nothing gives nothing."""
    assert store.changes_by_id(["chg_none"]) == {}
    assert store.findings_over([]) == ()
