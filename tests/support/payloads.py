"""Edits of invented payloads: what changes a record, and what is only another way to write it."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator

import orjson

from monitor.core.record import Json, JsonObject
from tests.support.records import put, site, study

Path = tuple[str | int, ...]


def rich_study(nct_id: str = "NCT09000001") -> JsonObject:
    """A study that holds every section, items that share a key, and members no catalogue knows."""
    payload = study(nct_id)
    put(payload, "hasResults", True)
    put(payload, "resultsSection", _results())
    put(payload, "documentSection.largeDocumentModule.largeDocs", _DOCUMENTS)
    put(payload, "annotationSection.annotationModule.unpostedAnnotation", _UNPOSTED)
    put(payload, "derivedSection.miscInfoModule.removedCountries", ["Turkey", "France"])
    put(payload, "derivedSection.miscInfoModule.submissionTracking", _TRACKING)
    put(payload, "derivedSection.miscInfoModule.guess", {"deep": {"low": 1, "high": 2}, "list": [3, 1]})
    put(payload, "derivedSection.conditionBrowseModule.browseLeaves", [{"id": "M1", "name": "Stomach"}])
    put(payload, "derivedSection.interventionBrowseModule.browseLeaves", [{"id": "M2", "name": "Drugs"}])
    put(payload, "protocolSection.newModule", {"novelty": "yes", "flags": [True]})
    outcomes: list[Json] = [
        {"measure": "Overall survival", "timeFrame": "36 months"},
        {"measure": "Overall survival", "timeFrame": "60 months"},
        {"measure": "Safety", "description": "Adverse events\\, graded."},
    ]
    put(payload, "protocolSection.outcomesModule.secondaryOutcomes", outcomes)
    sites: list[Json] = [
        site("Research Site", "Riverton", "China", zip="1", status="RECRUITING"),
        site("Research Site", "Riverton", "China", zip="2", contacts=[{"name": "A. B.", "role": "CONTACT"}]),
        site("Lakeside Clinic", "Lakeside", "United States", state="Ohio", geoPoint={"lat": 1.5, "lon": 2}),
        {"city": "Nowhere", "novel": {"a": 1}},
    ]
    put(payload, "protocolSection.contactsLocationsModule.locations", sites)
    told: JsonObject = orjson.loads(orjson.dumps(payload))  # no two places share a list
    return told


def edit(payload: JsonObject, kind: str, place: int) -> None:
    """One change in place: `kind` of `EDITS`, at the place (counted round) among the nodes that allow it."""
    allowed, change = EDITS[kind]
    paths = [path for path, node in nodes(payload) if path and not _fixed(path) and allowed(node, path)]
    if paths:
        path = paths[place % len(paths)]
        parent = at(payload, path[:-1])
        change(parent, path[-1])


def nodes(node: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Every node of a JSON value with its path, outermost first."""
    yield path, node
    if isinstance(node, dict):
        for name, member in node.items():
            yield from nodes(member, (*path, name))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from nodes(item, (*path, index))


def at(node: Json, path: Path) -> Json:
    """The node at a path."""
    for step in path:
        if isinstance(node, dict):
            node = node[str(step)]
        else:
            assert isinstance(node, list)
            node = node[int(step)]
    return node


def registry_path(path: Path) -> str:
    """A path in the registry's own terms: dotted, without places in lists."""
    return ".".join(step for step in path if isinstance(step, str))


def other_value(value: Json) -> Json:
    """Another value of the same kind that means something else."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 7
        case str() if value[:2] in ("19", "20") and "-" in value:
            return "2031" + value[4:]
        case str() if value.endswith((" Years", " Months")):
            return f"1{value}"
        case _:
            return f"{value} again"


def rewritten(payload: JsonObject, chance: random.Random) -> JsonObject:
    """The same record, written another way: order of keys and lists, white space, nulls, denials."""
    return {name: _rewritten(member, chance) for name, member in _shuffled(payload, chance)}


def _rewritten(node: Json, chance: random.Random) -> Json:
    match node:
        case dict():
            members: JsonObject = {
                name: member if name == "eligibilityCriteria" else _rewritten(member, chance)
                for name, member in _shuffled(node, chance)
            }
            if chance.random() < 0.1:
                members["neverHeardOf"] = chance.choice([None, False, [], {}])
            return members
        case list():
            items = [_rewritten(item, chance) for item in node]
            chance.shuffle(items)
            return items
        case str():
            return _spaced(node, chance)
        case _:
            return node


def _shuffled(node: JsonObject, chance: random.Random) -> list[tuple[str, Json]]:
    members = list(node.items())
    chance.shuffle(members)
    return members


def _spaced(text: str, chance: random.Random) -> str:
    if text.startswith("NCT"):
        return text
    return chance.choice([text, f" {text}", text.replace(" ", "  "), text.replace(" ", "\n", 1), f"{text} "])


def _fixed(path: Path) -> bool:
    return path[-1] in ("nctId", "protocolSection", "identificationModule", "versionHolder")


def _drop(parent: Json, step: str | int) -> None:
    if isinstance(parent, dict):
        parent.pop(str(step))
    elif isinstance(parent, list):
        parent.pop(int(step))


def _double(parent: Json, step: str | int) -> None:
    assert isinstance(parent, list)
    parent.append(copy.deepcopy(parent[int(step)]))


def _say(parent: Json, step: str | int) -> None:
    if isinstance(parent, dict):
        parent[str(step)] = other_value(parent[str(step)])
    elif isinstance(parent, list):
        parent[int(step)] = other_value(parent[int(step)])


def _move(parent: Json, step: str | int) -> None:
    """An outcome into the other list."""
    assert isinstance(parent, dict)
    lists = [name for name in ("primaryOutcomes", "secondaryOutcomes", "otherOutcomes") if parent.get(name)]
    origin = parent[lists[0]]
    target = parent.setdefault("otherOutcomes" if lists[0] != "otherOutcomes" else "primaryOutcomes", [])
    assert isinstance(origin, list)
    assert isinstance(target, list)
    target.append(origin.pop())


Allowed = Callable[[Json, Path], bool]
EDITS: dict[str, tuple[Allowed, Callable[[Json, str | int], None]]] = {
    "drop": (lambda node, path: True, _drop),
    "double": (lambda node, path: isinstance(path[-1], int), _double),
    "say": (lambda node, path: not isinstance(node, dict | list), _say),
    "move": (lambda node, path: path[-1] == "primaryOutcomes" and bool(node), lambda p, s: _move(p, s)),
}


def _results() -> JsonObject:
    analysis: JsonObject = {"groupIds": ["OG000"], "statisticalMethod": "Log Rank", "pValue": "0.03"}
    classes: list[Json] = [
        {
            "categories": [
                {"measurements": [{"groupId": "OG000", "value": "4.5"}, {"groupId": "OG001", "value": "3"}]}
            ]
        }
    ]
    events: list[Json] = [
        {"term": "Anemia", "organSystem": "Blood", "stats": [{"groupId": "EG000", "numAffected": 3}]},
        {"term": "Anemia", "organSystem": "Blood", "stats": [{"groupId": "EG000", "numAffected": 4}]},
        {"term": "Nausea", "organSystem": "Gut", "stats": [{"groupId": "EG000", "numAffected": 5}]},
    ]
    return {
        "participantFlowModule": {
            "groups": [{"id": "FG000", "title": "Veltomab"}],
            "periods": [
                {
                    "title": "Overall Study",
                    "milestones": [
                        {"type": "STARTED", "achievements": [{"groupId": "FG000", "numSubjects": "60"}]}
                    ],
                }
            ],
        },
        "outcomeMeasuresModule": {
            "outcomeMeasures": [
                {
                    "type": "PRIMARY",
                    "title": "Progression-free survival",
                    "calculatePct": False,
                    "classes": classes,
                    "analyses": [analysis, {**analysis, "pValue": "0.05"}, {**analysis, "pValue": "0.07"}],
                },
                {"type": "SECONDARY", "title": "Overall survival"},
            ]
        },
        "adverseEventsModule": {"frequencyThreshold": "5", "seriousEvents": events},
        "moreInfoModule": {"certainAgreement": {"piSponsorEmployee": True, "restrictiveAgreement": False}},
        "moduleToCome": {"a": ["b", {"c": 1}]},
    }


_DOCUMENTS: list[Json] = [
    {"typeAbbrev": "Prot", "hasProtocol": True, "hasSap": False, "filename": "Prot_000.pdf", "size": 1000},
    {"typeAbbrev": "SAP", "hasProtocol": False, "hasSap": True, "filename": "SAP_001.pdf", "size": 2000},
]
_UNPOSTED: JsonObject = {
    "unpostedResponsibleParty": "Alpha Bio",
    "unpostedEvents": [{"type": "RELEASE", "date": "2026-03-02"}, {"type": "RESET", "date": "2026-03-20"}],
}
_TRACKING: JsonObject = {
    "estimatedResultsFirstSubmitDate": "2026-03-02",
    "submissionInfos": [{"releaseDate": "2026-03-02", "resetDate": "2026-03-20"}],
}
