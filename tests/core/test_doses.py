"""Doses and schedules: the number that changed is named, where it changed alone."""

from __future__ import annotations

import pytest

from monitor import compare
from monitor.core.record import JsonObject
from monitor.core.sentences.doses import numbers_moved
from tests.support.rule_examples import trial


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("10 mg/kg every 3 weeks", "15 mg/kg every 3 weeks", "dose 10 → 15 mg/kg"),
        ("10 mg/kg every 3 weeks", "10 mg/kg every 2 weeks", "every 3 → 2 weeks"),
        ("10 mg/kg every 3 weeks", "15 mg/kg every 2 weeks", "dose 10 → 15 mg/kg, every 3 → 2 weeks"),
        ("75 mg/m2 in each 21-day cycle", "60 mg/m2 in each 28-day cycle", "dose 75 → 60 mg/m2, 21 → 28-day"),
        ("Up to 24 cycles.", "Up to 36 cycles.", "up to 24 → 36 cycles"),
        ("start at a dose of 0.25 mg", "start at a dose of 0.5 mg", "dose 0.25 → 0.5 mg"),
        ("infusions of 30 minutes", "infusions of 60 minutes", "of 30 → 60 minutes"),
        ("200mg on day 1", "300mg on day 1", "dose 200 → 300mg"),
        ("10 mg/kg every 3 weeks", "15 mg/kg given every 3 weeks", ""),
        ("AB101, 10 mg", "AB102, 10 mg", ""),
        ("Cohort 1 and others", "Cohort 2 and others", ""),
        ("0.5-1 mg", "0.5-2 mg", ""),
        ("10 mg", "10 mg", ""),
    ],
)
def test_a_number_that_changed_alone_is_named(old: str, new: str, told: str) -> None:
    """A dose or a schedule is told by its number and unit; where words changed too, the text is quoted."""
    assert numbers_moved(old, new) == told
    drug: JsonObject = {"type": "DRUG", "name": "Veltomab"}
    pair = [trial(interventions=[{**drug, "description": text}]) for text in (old, new)]
    summaries = [change.summary for change in compare(*pair)]
    assert [f'Intervention "Veltomab": {told}.'] == summaries if told else f": {told}" not in summaries
    found = [change.rule for change in compare(*pair)]
    assert found == (["M8"] if old != new else [])


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("10 mg once daily", "10 mg twice daily", "M8"),
        ("10 mg QD", "10 mg BID", "M8"),
        ("10 mg daily", "10 mg weekly", "M8"),
        ("10 mg daily", "10 mg once daily", "m5"),
        ("10 mg QD", "10 mg once, orally", "m5"),
    ],
)
def test_another_frequency_is_another_dose(old: str, new: str, rule: str) -> None:
    """Once a day and twice a day are two doses though no figure differs; a word more says nothing."""
    drug: JsonObject = {"type": "DRUG", "name": "Veltomab"}
    (change,) = compare(*(trial(interventions=[{**drug, "description": text}]) for text in (old, new)))
    assert change.rule == rule
