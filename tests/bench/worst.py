"""The worst pairs there can be, invented by rote: thousands of numbers, sites, outcomes and criteria at once.

Nothing is drawn by chance that is not drawn alike every time; no name, site or outcome is real.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from monitor.core.record import Json, JsonObject
from tests.bench.material import Pair
from tests.support.records import site, study

_SITES, _OUTCOMES, _CRITERIA = 1154, 200, 100
_NAMES = [
    f"{head}{tail}"
    for head in ("Abel", "Bront", "Carver", "Dunmor", "Elst", "Ferrin", "Galt", "Hollow", "Ister", "Jarrow")
    for tail in ("", "son", "ton", "ville", "wick", "ford")
]
_SAYING = """
change rate percentage patients baseline week response overall survival progression free lipid serum
concentration adverse events score total walking distance depression scale placebo dose area under curve
maximum plasma time duration function quality life index
"""
_WORDS = _SAYING.split()


def pairs() -> Iterator[Pair]:
    """Each with what is bad about it for a name."""
    yield Pair("every number of posted results", _with_results(0), _with_results(1))
    yield Pair("1,154 sites wiped of their status", _with_sites(1, 60), _with_sites(1, 60, status=None))
    yield Pair("1,154 sites of other names in one city", _with_sites(1, 1), _with_sites(2, 1))
    yield Pair("1,154 sites of other names in 28 cities", _with_sites(1, 28), _with_sites(2, 28))
    outcomes = _outcomes(random.Random(3))
    yield Pair("200 outcomes re-worded", _with_outcomes(outcomes), _with_outcomes(_re_worded(outcomes)))
    yield Pair("200 outcomes against 200 others", _with_outcomes(outcomes), _other_outcomes())
    yield Pair("100 criteria, each with a limit moved", _with_criteria(0), _with_criteria(1))


def _text(chance: random.Random, words: Sequence[str], count: int) -> str:
    return " ".join(chance.choice(words) for _ in range(count))


def _with_sites(seed: int, cities: int, *, status: str | None = "RECRUITING") -> JsonObject:
    chance = random.Random(seed)
    told: dict[str, Json] = {} if status is None else {"status": status}
    sites: list[Json] = [
        site(f"{_text(chance, _NAMES, 2)} Hospital", f"Port {_NAMES[n % cities]}", "Iceland", **told)
        for n in range(_SITES)
    ]
    return study(protocolSection__contactsLocationsModule__locations=sites)


def _outcomes(chance: random.Random) -> list[dict[str, str]]:
    return [
        {
            "measure": _text(chance, _WORDS, 9),
            "description": _text(chance, _WORDS, 40),
            "timeFrame": f"{number} weeks",
        }
        for number in range(_OUTCOMES)
    ]


def _re_worded(outcomes: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Each with another word in its measure and its description, and one more."""
    chance = random.Random(4)
    return [
        {
            **outcome,
            "measure": f"{outcome['measure'].partition(' ')[2]} {_text(chance, _WORDS, 2)}",
            "description": f"{outcome['description'].partition(' ')[2]} {_text(chance, _WORDS, 1)}",
        }
        for outcome in outcomes
    ]


def _other_outcomes() -> JsonObject:
    return _with_outcomes(_outcomes(random.Random(5)))


def _with_outcomes(outcomes: Sequence[dict[str, str]]) -> JsonObject:
    lists = {"primaryOutcomes": outcomes[:10], "secondaryOutcomes": outcomes[10:]}
    return study(protocolSection__outcomesModule=lists)


def _with_criteria(more: int) -> JsonObject:
    chance = random.Random(6)
    lines = [
        f"* {_text(chance, _WORDS, 12)} ≥ {number + more} mg/dL within {number + 9} days\n"
        for number in range(_CRITERIA)
    ]
    half = _CRITERIA // 2
    text = f"Inclusion Criteria:\n\n{''.join(lines[:half])}\nExclusion Criteria:\n\n{''.join(lines[half:])}"
    return study(protocolSection__eligibilityModule__eligibilityCriteria=text)


def _with_results(more: int) -> JsonObject:
    """Some 4,000 numbers: 64 measures of 4 groups in 6 rows, 300 terms of adverse events in 4 groups."""
    groups: Json = [{"id": f"G{n}", "title": f"Arm {n}"} for n in range(4)]
    values: Json = [{"groupId": f"G{n}", "value": str(n + more)} for n in range(4)]
    classes: Json = [{"title": f"Row {n}", "categories": [{"measurements": values}]} for n in range(6)]
    measures: Json = [
        {
            "type": "SECONDARY",
            "title": f"Measure {number} of {_WORDS[number % len(_WORDS)]}",
            "unitOfMeasure": "mg/dL",
            "groups": groups,
            "classes": classes,
        }
        for number in range(64)
    ]
    stats: Json = [{"groupId": f"G{n}", "numAffected": n + more, "numAtRisk": 100 + more} for n in range(4)]
    events: Json = [
        {"term": f"Term {number}", "organSystem": f"System {number % 20}", "stats": stats}
        for number in range(300)
    ]
    return study(
        hasResults=True,
        resultsSection__outcomeMeasuresModule__outcomeMeasures=measures,
        resultsSection__adverseEventsModule={"eventGroups": groups, "otherEvents": events},
    )
