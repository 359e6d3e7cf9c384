"""Partial dates, keyed collections and what is seen of values."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.catalogue import collection
from monitor.core.partial_date import PartialDate, days_between
from monitor.core.record import (
    Age,
    Dated,
    Items,
    Named,
    Opaque,
    Section,
    Text,
    Tree,
    TrialId,
    TrialRecord,
    Value,
    comparison_json,
    numbered,
    to_json,
)


@pytest.mark.parametrize(
    ("text", "precision", "first", "last"),
    [
        ("2026", "year", date(2026, 1, 1), date(2026, 12, 31)),
        ("2024-02", "month", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-03-14", "day", date(2026, 3, 14), date(2026, 3, 14)),
    ],
)
def test_a_partial_date_keeps_its_precision(text: str, precision: str, first: date, last: date) -> None:
    """A date is exactly as precise as it was given, and says what it can mean."""
    when = PartialDate.parse(text)
    assert (str(when), when.precision, when.first, when.last) == (text, precision, first, last)
    assert when.first <= when.midpoint <= when.last


@pytest.mark.parametrize(
    "text",
    ["", "March 2026", "2026-13", "2026-02-30", "2026-3", "20260314", "2026-03-14T", "2026\n", "２０２６"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    """Anything but a year, a month or an existing day is a ValueError."""
    with pytest.raises(ValueError):
        PartialDate.parse(text)


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [
        ("2026-03-01", "2026-03-31", 30),
        ("2026-03", "2026-03-31", 0),
        ("2026-12", "2027-01-02", 31),
        ("2026", "2027-12-31", 365),
        ("2027-03", "2026-03", -365),
    ],
)
def test_slips_are_measured_at_the_coarser_precision(before: str, after: str, days: int) -> None:
    """Two dates are compared at the precision of the less precise one (rules, "Dates")."""
    assert days_between(PartialDate.parse(before), PartialDate.parse(after)) == days


@given(st.dates(), st.dates())
def test_a_slip_back_is_a_slip_forth_turned_round(one: date, other: date) -> None:
    """Between full dates the distance is symmetric but for its sign."""
    first, second = PartialDate.parse(one.isoformat()), PartialDate.parse(other.isoformat())
    assert days_between(first, second) == -days_between(second, first) == (other - one).days


def outcome(measure: str, time_frame: str) -> Tree:
    return {"measure": Text.plain(measure), "timeFrame": Text.plain(time_frame)}


def test_items_that_share_a_key_are_numbered_by_content() -> None:
    """Whatever the order of the list, the same items get the same keys."""
    items = [outcome("Survival", "1 year"), outcome("SURVIVAL", "2 years"), outcome("Safety", "1 year")]
    forward, backward = collection("outcomes.primary", items), collection("outcomes.primary", items[::-1])
    assert set(forward) == {"survival", "survival#2", "safety"}
    assert forward == backward
    assert forward.rebuilt(forward.values()) == forward


def test_a_number_never_takes_the_key_of_another_item() -> None:
    """An item whose own name reads like a number keeps it; items without a name are numbered from one."""
    assert set(numbered({"cohort": [{"a": 1}, {"a": 2}], "cohort#2": [{"a": 3}], "": [{"a": 4}]})) == {
        "cohort",
        "cohort#3",
        "cohort#2",
        "#1",
    }


@pytest.mark.parametrize(
    ("value", "shown", "compared"),
    [
        (Text("a \n b", "a b"), "a \n b", "a b"),
        (Age("18 Years", 6574.5), "18 Years", 6574.5),
        (Named("Türkiye", "turkey"), "Türkiye", "turkey"),
        (Dated(PartialDate(2026, 3), "ACTUAL"), {"date": "2026-03", "type": "ACTUAL"}, None),
        (Dated(PartialDate(2026)), {"date": "2026"}, None),
        (frozenset({"PHASE2", "PHASE1"}), ["PHASE1", "PHASE2"], None),
        (Opaque({"b": [1]}), {"b": [1]}, None),
        ({"part": {"inner": 1}}, {"part": {"inner": 1}}, None),
        (None, None, None),
        (True, True, None),
    ],
)
def test_values_are_shown_as_written_and_compared_by_form(
    value: Value, shown: object, compared: object
) -> None:
    """JSON shows what the registry wrote; the comparison form is what equality asks."""
    assert to_json(value) == shown
    if value is not None:
        assert comparison_json(value) == (shown if compared is None else compared)


def record() -> TrialRecord:
    fields: dict[str, Value] = {
        "status.overallStatus": "RECRUITING",
        "sponsor.lead": Text.plain("Alpha Bio"),
        "status.startDate": Dated(PartialDate(2026)),
        "design.enrollmentCount": 120,
        "design.phases": frozenset({"PHASE2"}),
        "status.delayedPosting": True,
        "outcomes.primary": Items({"survival": outcome("Survival", "1 year")}, lambda _: "survival"),
    }
    reads: list[object] = []

    def read(raw: object) -> dict[str, Value]:
        reads.append(raw)
        assert len(reads) == 1, "a section is read once"
        return fields

    return TrialRecord(TrialId("ctgov", "NCT09000001"), {"all": Section(1, read)}, lambda _: "all")


def test_typed_readings_take_their_own_kind_only() -> None:
    """A value of another kind reads as absent, and a section is normalized once."""
    trial = record()
    assert trial.word("status.overallStatus") == "RECRUITING"
    assert trial.word("sponsor.lead") == "Alpha Bio"
    assert trial.word("design.enrollmentCount") is None
    assert trial.number("design.enrollmentCount") == 120
    assert trial.number("status.delayedPosting") is None
    assert trial.dated("status.startDate") == Dated(PartialDate(2026))
    assert trial.dated("sponsor.lead") is None
    assert trial.words("design.phases") == {"PHASE2"}
    assert list(trial.items("outcomes.primary")) == ["survival"]
    assert not trial.items("sponsor.lead")
    assert trial.get("status.whyStopped") is None
