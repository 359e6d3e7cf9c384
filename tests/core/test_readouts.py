"""The readout clock: which list a trial is on, on which day, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.partial_date import PartialDate
from monitor.core.readouts import (
    CAVEAT,
    KINDS,
    TrialClock,
    Window,
    by_kind,
    due_on,
    kind_of,
    readouts,
    slip_words,
)
from monitor.core.record import JsonObject, TrialId
from monitor.core.slips import Slips, slips
from monitor.registries import reader
from tests.support.clocks import TODAY, clock, clocks
from tests.support.real import needs_real_records, study_files

WINDOW = Window.of(TODAY, 90)
AHEAD = [str(TODAY + timedelta(days=days)) for days in (80, 5, 40)]
FIELD = "status.primaryCompletionDate"

EXPECTED = [
    # primary completion, type, status → list (today is 21 Nov 2026, the window ends 19 Feb 2027)
    ("2026-11-20", "ESTIMATED", "RECRUITING", "passed"),
    ("2026-11-21", "ESTIMATED", "RECRUITING", "expected"),
    ("2026-10", "ESTIMATED", "RECRUITING", "passed"),
    ("2026-11", "ESTIMATED", "RECRUITING", "expected"),
    ("2027-02-19", "ESTIMATED", "RECRUITING", "expected"),
    ("2027-02-20", "ESTIMATED", "RECRUITING", None),
    ("2027-02", "ESTIMATED", "NOT_YET_RECRUITING", "expected"),
    ("2027-03", "ESTIMATED", "RECRUITING", None),
    ("2025", "ESTIMATED", "RECRUITING", "passed"),
    ("2026", "ESTIMATED", "SUSPENDED", "expected"),
    ("2027-01", None, "RECRUITING", "expected"),
    ("2026-10", None, "RECRUITING", None),
    ("2023-06", "ESTIMATED", "UNKNOWN", "passed"),
    ("2027-01", "ESTIMATED", "WITHDRAWN", None),
    ("2027-01", "ESTIMATED", "TERMINATED", None),
    (None, None, "RECRUITING", None),
]
RESULTS = [
    ("2025-11-20", "ACTUAL", "COMPLETED", "overdue"),
    ("2025-11-21", "ACTUAL", "COMPLETED", "due"),
    ("2025-10", "ACTUAL", "COMPLETED", "overdue"),
    ("2025-11", "ACTUAL", "COMPLETED", "due"),
    ("2024", "ACTUAL", "COMPLETED", "overdue"),
    ("2025", "ACTUAL", "COMPLETED", "due"),
    ("2026-02-19", "ACTUAL", "ACTIVE_NOT_RECRUITING", "due"),
    ("2026-02-20", "ACTUAL", "ACTIVE_NOT_RECRUITING", None),
    ("2025-01", "ESTIMATED", "TERMINATED", "overdue"),
    ("2025-01", "ACTUAL", "WITHDRAWN", None),
    ("2007-12-25", "ACTUAL", "COMPLETED", None),
    ("2007-12-26", "ACTUAL", "COMPLETED", "overdue"),
    ("2005-03", "ACTUAL", "COMPLETED", None),
]


@pytest.mark.parametrize(("completion", "kind", "status", "expected"), [*EXPECTED, *RESULTS])
def test_the_list_follows_from_date_type_and_status(
    completion: str | None, kind: str | None, status: str, expected: str | None
) -> None:
    """A month has passed when its last day has; results are due a year later; who withdrew owes nothing."""
    assert kind_of(clock(completion, kind, status), WINDOW) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"study_type": "OBSERVATIONAL"}, None),
        ({"study_type": None}, None),
        ({"results_posted_on": "2026-01-02"}, None),
        ({"results_waived": True}, None),
        ({"delay_certified_on": PartialDate(2025, 5, 2)}, "delayed"),
        ({"results_submitted_on": PartialDate(2026, 3, 2)}, "submitted"),
        ({"results_submitted_on": PartialDate(2026, 3, 2), "results_posted_on": "2026-05-02"}, None),
    ],
)
def test_what_else_is_known_of_results_decides(members: dict[str, object], expected: str | None) -> None:
    """Only an interventional trial without results, waiver, certificate or submission is called overdue."""
    held = clock("2025-01", "ACTUAL", "COMPLETED")
    assert kind_of(replace(held, **members), WINDOW) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (clock("2026-12"), "Primary completion in Dec 2026 (estimated)."),
        (clock("2026-12-04", status="SUSPENDED"), "Primary completion on 4 Dec 2026 (estimated). Suspended."),
        (
            clock("2026-06"),
            "Primary completion estimated in Jun 2026, 5 months ago, and not given as actual.",
        ),
        (
            clock("2025-01", "ACTUAL", "COMPLETED"),
            "Results due by the end of Jan 2026, overdue by 10 months: primary completion in Jan 2025.",
        ),
        (
            clock("2025-12-03", "ACTUAL", "TERMINATED"),
            "Results due by 3 Dec 2026: primary completion on 3 Dec 2025. Terminated.",
        ),
        (
            replace(clock("2025-01", "ACTUAL", "COMPLETED"), delay_certified_on=PartialDate(2025, 5, 2)),
            "Delay of results certified on 2 May 2025; without it due by the end of Jan 2026.",
        ),
        (
            replace(clock("2025-01", "ACTUAL", "COMPLETED"), results_submitted_on=PartialDate(2026, 3, 2)),
            "Results submitted on 2 Mar 2026, not posted yet.",
        ),
        (
            replace(
                clock("2025-01", "ACTUAL", "COMPLETED"),
                results_submitted_on=PartialDate(2026, 3, 2),
                results_returned_on=PartialDate(2026, 4, 1),
            ),
            "Results submitted on 2 Mar 2026, returned on 1 Apr 2026, not posted yet.",
        ),
    ],
)
def test_each_list_has_its_words(held: TrialClock, text: str) -> None:
    """Dates as precise as the record; months from 45 days on."""
    made = readouts(by_kind([held], WINDOW, most=5), WINDOW)
    assert [item.text for one in made.lists for item in one.items] == [text]
    owing = made.lists[0].kind in ("due", "overdue", "delayed")
    assert made.caveat == (CAVEAT if owing else "")


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (None, ""),
        (Slips(0, 0, 1, since_registration=False), ""),
        (Slips(0, 0, 4, since_registration=False), "Not moved in the 4 versions seen."),
        (Slips(0, 0, 4, since_registration=True), "Not moved since registration."),
        (Slips(1, 92, 2, since_registration=True), "Moved once since registration, 3 months later."),
        (
            Slips(3, 426, 9, since_registration=False),
            "Moved 3 times in the 9 versions seen, 14 months later in all.",
        ),
        (Slips(2, 0, 5, since_registration=True), "Moved twice since registration, back to the first date."),
    ],
)
def test_slips_claim_only_what_was_seen(known: Slips | None, words: str) -> None:
    """ "Since registration" stands only where every version is known."""
    assert slip_words(known) == words


def change(old: str, new: str, numbers: tuple[int, int] | None, seq: int) -> JsonObject:
    """A recorded move of primary completion."""
    first, second = numbers or (None, None)
    return {
        "field": FIELD,
        "old": {"date": old, "type": "ESTIMATED"},
        "new": {"date": new, "type": "ESTIMATED"},
        "version": {"from": first, "to": second},
        "snapshot": {"from": seq - 1, "to": seq},
        "posted_on": "2026-01-01",
        "submitted_on": None,
    }


def test_a_past_with_a_gap_is_not_since_registration() -> None:
    """A date given more precisely has not moved; a version that was skipped ends the claim."""
    whole = [change("2026-01", "2026-01-20", (1, 2), 2), change("2026-01-20", "2026-07", (2, 3), 3)]
    gap = [whole[0], change("2026-01-20", "2026-07", (2, 5), 3)]
    unnumbered = [change("2026-01", "2026-07", None, 2)]
    assert slips(whole, FIELD) == Slips(1, 181, 3, since_registration=True)
    assert not slips(gap, FIELD).since_registration
    assert slips(unnumbered, FIELD) == Slips(1, 181, 2, since_registration=False)
    assert slips([], FIELD) == Slips(0, 0, 1, since_registration=False)


@given(clocks(), st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 365))
def test_due_days_mean_what_they_say(held: TrialClock, today: date, days: int) -> None:
    """Overdue is what was wholly due before today, due what can fall by the horizon."""
    kind = kind_of(held, Window.of(today, days))
    completion = held.primary_completion
    if completion is None or kind not in ("due", "overdue"):
        return
    due = due_on(completion)
    assert due.precision == completion.precision
    assert (kind == "overdue") == due.ends_before(today)
    assert due.first <= today + timedelta(days=days)


@given(st.dates(date(2015, 1, 1), date(2032, 1, 1)), st.integers(-40, 130))
def test_no_day_is_left_out_of_the_year(today: date, offset: int) -> None:
    """A completion whose results fall due in the window is on the clock, whatever the year."""
    completed = today - timedelta(days=365) + timedelta(days=offset)
    exact = PartialDate(completed.year, completed.month, completed.day)
    held = replace(clock("2025-01", "ACTUAL", "COMPLETED"), primary_completion=exact)
    due = due_on(exact).first
    expected = "overdue" if due < today else "due" if due <= today + timedelta(days=90) else None
    assert kind_of(held, Window.of(today, 90)) == expected


@given(st.lists(clocks(), max_size=12, unique_by=lambda one: one.trial), st.randoms(), st.integers(1, 4))
def test_order_of_arrival_does_not_matter(held: list[TrialClock], chance: object, most: int) -> None:
    """The same trials give the same clock; nobody is on two lists, and none is lost without being counted."""
    shuffled = list(held)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    made = readouts(by_kind(held, WINDOW, most=most), WINDOW)
    assert made == readouts(by_kind(shuffled, WINDOW, most=most), WINDOW)
    shown = [item.trial for one in made.lists for item in one.items]
    assert len(shown) == len(set(shown))
    assert made.total == sum(kind_of(one, WINDOW) is not None for one in held)
    assert [one.kind for one in made.lists] == [
        kind for kind in KINDS if kind in {x.kind for x in made.lists}
    ]
    for one in made.lists:
        assert 0 < len(one.items) <= most


def test_what_is_next_comes_first() -> None:
    """A list of what is to come begins with the day nearest to today."""
    held = [replace(clock(day), trial=TrialId("ctgov", f"NCT0000000{n}")) for n, day in enumerate(AHEAD)]
    (one,) = readouts(by_kind(held, WINDOW, most=2), WINDOW).lists
    assert (one.kind, [item.trial.id[-1] for item in one.items], one.more) == ("expected", ["1", "2"], 1)


def test_what_passed_last_comes_first_and_the_silent_last() -> None:
    """A list that grows for years begins with its news; a trial of unknown status is after all others."""
    held = [
        replace(clock("2026-03"), trial=TrialId("ctgov", "NCT00000001")),
        replace(clock("2023-03", status="UNKNOWN"), trial=TrialId("ctgov", "NCT00000002")),
        replace(clock("2026-01-15"), trial=TrialId("ctgov", "NCT00000003")),
    ]
    (one,) = readouts(by_kind(held, WINDOW, most=2), WINDOW).lists
    assert [item.trial.id[-1] for item in one.items] == ["1", "3"]
    assert (one.more, one.total) == (1, 3)


@needs_real_records
def test_real_records_have_their_clock() -> None:
    """What is kept of real records says the same as the records do."""
    from monitor.pipeline.reading import trial_facts

    latest = {path.parent.name: path for path in study_files()}
    for path in list(latest.values())[::8]:
        payload = orjson.loads(path.read_bytes())
        facts = trial_facts(reader("ctgov").facts(payload))
        record = reader("ctgov").normalize(payload)
        dated = record.dated(FIELD)
        assert facts.primary_completion == (str(dated.date) if dated else None)
        assert facts.primary_completion_type == (dated.type if dated else None)
        assert (facts.results_posted_on is not None) == (record.get("results.hasResults") is True)
        named = {*record.items("conditions.conditions"), *record.items("conditions.keywords")}
        assert bool(facts.conditions) == bool(named)
