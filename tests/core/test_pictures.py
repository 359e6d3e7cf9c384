"""Pictures of a trial's past: which are drawn, how long each bar is, and what is said to who sees none."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.pictures import COUNT, COUNT_TYPE, MOST_ROWS, pictures
from monitor.core.record import Json, TrialId
from monitor.core.recorded import RecordedChange, Stamp
from monitor.core.watching import Snapshot

TRIAL = TrialId("ctgov", "NCT00000001")
NOW = datetime(2026, 11, 21, tzinfo=UTC)
COMPLETION = "status.primaryCompletionDate"


def versions(count: int) -> tuple[Snapshot, ...]:
    """So many versions, a month apart."""
    days = [f"{2024 + place // 12}-{place % 12 + 1:02d}-05" for place in range(count)]
    return tuple(
        Snapshot(
            TRIAL, place + 1, f"{place:064}", f"v{place + 1}", NOW, "backfill", None, place + 1, day, day, "A"
        )
        for place, day in enumerate(days)
    )


def change(field: str, seq: int, old: Json, new: Json) -> RecordedChange:
    """A change from the version before `seq` to it."""
    stamp = Stamp(TRIAL, "A", "", "", "", seq - 1, seq, NOW, "backfill")
    return RecordedChange(f"chg_{field}{seq}", stamp, {"field": field, "old": old, "new": new}, number=seq)


def dates(*texts: str) -> list[RecordedChange]:
    """Primary completion, another in each version."""
    ends: list[Json] = [{"date": text, "type": "ESTIMATED"} for text in texts]
    return [change(COMPLETION, place + 2, ends[place], ends[place + 1]) for place in range(len(ends) - 1)]


def test_three_dates_make_a_picture_and_two_do_not() -> None:
    """The first version, and each from which on another date stood; the latest date has the longest bar."""
    assert pictures(versions(2), dates("2026-08", "2027-05")) == ()
    (drawn,) = pictures(versions(3), dates("2026-08", "2027-05", "2027-10"))
    assert drawn.title == "Primary completion over the versions, estimated"
    assert [(row.label, row.text) for row in drawn.rows] == [
        ("v1 · 5 Jan 2024", "Aug 2026"),
        ("v2 · 5 Feb 2024", "May 2027"),
        ("v3 · 5 Mar 2024", "Oct 2027"),
    ]
    shares = [row.share or 0 for row in drawn.rows]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert drawn.alternative == (
        "Primary completion over the versions, estimated: Aug 2026 (v1 · 5 Jan 2024), May 2027 "
        "(v2 · 5 Feb 2024) then Oct 2027 (v3 · 5 Mar 2024); 2 moves, 14 months later."
    )


def test_a_date_that_was_confirmed_says_which_is_which() -> None:
    """Where the registry's word for the dates differs, each has its own."""
    steps = dates("2026-08", "2027-05")
    steps.append(change(COMPLETION, 3, steps[-1].body["new"], {"date": "2027-06-02", "type": "ACTUAL"}))
    (drawn,) = pictures(versions(3), steps)
    assert drawn.title == "Primary completion over the versions"
    assert [row.text for row in drawn.rows[1:]] == ["May 2027 (estimated)", "2 Jun 2027 (actual)"]


def test_the_middle_of_a_long_past_is_folded_with_its_count() -> None:
    """The first and the newest four keep their bars."""
    (drawn,) = pictures(versions(9), dates(*(f"2027-0{month}" for month in range(1, 10))))
    assert len(drawn.rows) == MOST_ROWS
    fold = drawn.rows[1]
    assert (fold.label, fold.share, fold.text) == ("4 more between", None, "")
    assert drawn.rows[0].label.startswith("v1 ")
    assert [row.label[:2] for row in drawn.rows[2:]] == ["v6", "v7", "v8", "v9"]
    assert "4 more, " in drawn.alternative


def test_enrollment_says_planned_and_actual() -> None:
    """Number and type that change together are one step; a type that never changed is that of today."""
    steps = [
        change(COUNT, 2, 420, 300),
        change(COUNT, 3, 300, 210),
        change(COUNT_TYPE, 3, "ESTIMATED", "ACTUAL"),
    ]
    (drawn,) = pictures(versions(3), steps)
    assert [(row.text, row.share) for row in drawn.rows] == [
        ("420 planned", 1.0),
        ("300 planned", 0.7143),
        ("210 actual", 0.5),
    ]
    assert drawn.alternative.endswith("; −50 %.")
    (other,) = pictures(versions(3), steps[:2], count_type="ESTIMATED")
    assert [row.text for row in other.rows] == ["420 planned", "300 planned", "210 planned"]


def test_changes_of_versions_that_are_not_held_are_left_out() -> None:
    """Nothing is drawn of what has no place among the versions."""
    assert pictures(versions(2), dates("2026-08", "2027-05", "2027-10")) == ()
    assert pictures((), dates("2026-08", "2027-05", "2027-10")) == ()


@given(st.lists(st.sampled_from(["2022", "2025-03", "2026-03-14", "2030-11"]), min_size=1, max_size=12))
def test_bars_stay_within_their_room_in_whatever_order_changes_come(texts: list[str]) -> None:
    """Shares lie between 0 and 1, rows are at most six, and the order of the changes does not matter."""
    steps = dates(*texts)
    drawn = pictures(versions(len(texts)), steps)
    assert drawn == pictures(versions(len(texts)), steps[::-1])
    assert len(drawn) == (len(texts) >= 3)
    for one in drawn:
        assert len(one.rows) <= MOST_ROWS
        assert all(row.share is None or 0 <= row.share <= 1 for row in one.rows)
