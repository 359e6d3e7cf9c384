"""An invented trial with all of its results posted, in the registry's shape."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from monitor.core.record import Json, JsonObject
from tests.support.payloads import at
from tests.support.records import put
from tests.support.rule_examples import COMPLETE, act, trial

FLOW = "participantFlowModule"
BASELINE = "baselineCharacteristicsModule"
MEASURES = "outcomeMeasuresModule"
EVENTS = "adverseEventsModule"
Edits = Mapping[tuple[str | int, ...], Json]
"""Values to put, by path below `resultsSection`; None takes the member away."""


def posted_trial(edits: Edits | None = None) -> JsonObject:
    """The trial, its results posted two months before this version, with `edits` made in them."""
    payload = trial(**COMPLETE, has_results=True, results_posted=act("2026-06-10"))
    results = copy.deepcopy(_RESULTS)
    for path, value in (edits or {}).items():
        parent, step = at(results, path[:-1]), path[-1]
        if isinstance(parent, list) and isinstance(step, int):
            parent[step : step + 1] = [] if value is None else [value]
        elif isinstance(parent, dict) and value is None:
            del parent[str(step)]
        elif isinstance(parent, dict):
            parent[str(step)] = value
    put(payload, "resultsSection", results)
    return payload


def _groups(letter: str) -> list[Json]:
    return [
        {"id": f"{letter}G000", "title": "Veltomab"},
        {"id": f"{letter}G001", "title": "Chemotherapy"},
    ]


def _counts(letter: str, name: str, *numbers: Json) -> list[Json]:
    return [{"groupId": f"{letter}G00{place}", name: number} for place, number in enumerate(numbers)]


def _term(system: str, term: str, *affected: int) -> JsonObject:
    stats: list[Json] = [
        {"groupId": f"EG00{place}", "numEvents": number + 1, "numAffected": number, "numAtRisk": 120}
        for place, number in enumerate(affected)
    ]
    return {"term": term, "organSystem": system, "stats": stats}


_RESULTS: JsonObject = {
    FLOW: {
        "groups": _groups("F"),
        "periods": [
            {
                "title": "Overall Study",
                "milestones": [
                    {"type": "STARTED", "achievements": _counts("F", "numSubjects", "120", "118")},
                    {"type": "COMPLETED", "achievements": _counts("F", "numSubjects", "100", "90")},
                    {"type": "NOT COMPLETED", "achievements": _counts("F", "numSubjects", "20", "28")},
                ],
                "dropWithdraws": [
                    {"type": "Adverse Event", "reasons": _counts("F", "numSubjects", "12", "18")},
                    {"type": "Withdrawal by Subject", "reasons": _counts("F", "numSubjects", "8", "10")},
                ],
            }
        ],
    },
    BASELINE: {
        "groups": _groups("B"),
        "denoms": [{"units": "Participants", "counts": _counts("B", "value", "120", "118")}],
        "measures": [
            {
                "title": "Age, Continuous",
                "paramType": "MEAN",
                "dispersionType": "STANDARD_DEVIATION",
                "unitOfMeasure": "years",
                "classes": [{"categories": [{"measurements": _counts("B", "value", "61.2", "60.8")}]}],
            },
            {
                "title": "Sex: Female, Male",
                "paramType": "COUNT_OF_PARTICIPANTS",
                "unitOfMeasure": "Participants",
                "classes": [
                    {
                        "categories": [
                            {"title": "Female", "measurements": _counts("B", "value", "50", "52")},
                            {"title": "Male", "measurements": _counts("B", "value", "70", "66")},
                        ]
                    }
                ],
            },
        ],
    },
    MEASURES: {
        "outcomeMeasures": [
            {
                "type": "PRIMARY",
                "title": "Progression-free survival",
                "unitOfMeasure": "months",
                "paramType": "MEDIAN",
                "reportingStatus": "POSTED",
                "groups": _groups("O"),
                "denoms": [{"units": "Participants", "counts": _counts("O", "value", "120", "118")}],
                "classes": [{"categories": [{"measurements": _counts("O", "value", "9.1", "6.4")}]}],
                "analyses": [
                    {
                        "groupIds": ["OG000", "OG001"],
                        "statisticalMethod": "Log Rank",
                        "paramType": "Hazard Ratio (HR)",
                        "paramValue": "0.71",
                        "pValue": "0.04",
                        "ciPctValue": "95",
                        "ciLowerLimit": "0.55",
                        "ciUpperLimit": "0.98",
                    }
                ],
            },
            {
                "type": "SECONDARY",
                "title": "Quality of life",
                "unitOfMeasure": "points",
                "dispersionType": "Standard Deviation",
                "groups": _groups("O"),
                "classes": [
                    {
                        "title": f"Week {week}",
                        "categories": [{"measurements": _counts("O", "value", "7.1", "6.9")}],
                    }
                    for week in (6, 12, 18)
                ],
            },
        ]
    },
    EVENTS: {
        "frequencyThreshold": "5",
        "eventGroups": [
            {
                **group,
                "deathsNumAffected": 40,
                "deathsNumAtRisk": 120,
                "seriousNumAffected": 31,
                "seriousNumAtRisk": 120,
            }
            for group in _groups("E")
            if isinstance(group, dict)
        ],
        "seriousEvents": [
            _term("Cardiac disorders", "Atrial fibrillation", 3, 1),
            _term("Infections and infestations", "Sepsis", 5, 6),
            _term("Gastrointestinal disorders", "Colitis", 9, 2),
        ],
        "otherEvents": [_term("Gastrointestinal disorders", "Nausea", 60, 58)],
    },
    "moreInfoModule": {
        "certainAgreement": {"restrictiveAgreement": True, "restrictionType": "OTHER"},
        "pointOfContact": {"title": "Clinical lead", "organization": "Alpha Bio", "phone": "555-0100"},
    },
}
