"""What the benchmarks run on: real records where they are at hand, invented ones in their shape elsewhere."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

import orjson

from monitor.core.record import Json, JsonObject
from tests.support import real
from tests.support.records import site, study

INVENTED_TRIALS = 200


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions of one trial."""

    name: str
    before: JsonObject
    after: JsonObject


def are_real() -> bool:
    """Are the real records at hand?"""
    return real.STUDIES.is_dir()


def origin() -> str:
    """Which records a result is about, for the report."""
    return "real records" if are_real() else "INVENTED records: the real ones are not at hand"


def pairs() -> list[Pair]:
    """Versions of the same trial that follow each other."""
    if are_real():
        return [Pair(old.parent.name, real.load(old), real.load(new)) for old, new in real.pairs()]
    return [Pair(nct_number(n), _invented(n), amended(_invented(n))) for n in range(60)]


def payloads(count: int) -> Iterator[JsonObject]:
    """`count` trials under invented numbers, one version each; records repeat where there are too few."""
    for number, record in enumerate(islice(cycle(_records()), count)):
        yield renumbered(record, nct_number(number))


def renumbered(record: JsonObject, number: str) -> JsonObject:
    """The same record as another trial's."""
    protocol = _object(record["protocolSection"])
    identification = {
        k: v for k, v in _object(protocol["identificationModule"]).items() if k != "nctIdAliases"
    }
    return record | {
        "protocolSection": protocol | {"identificationModule": identification | {"nctId": number}}
    }


def amended(record: JsonObject) -> JsonObject:
    """The record after an ordinary amendment: suspended, completion moved, a site more."""
    after = copy.deepcopy(record)
    protocol = _object(after["protocolSection"])
    status = _object(protocol["statusModule"])
    status["overallStatus"] = "SUSPENDED"
    status["primaryCompletionDateStruct"] = {"date": "2031-06", "type": "ESTIMATED"}
    module = protocol.setdefault("contactsLocationsModule", {})
    sites = _object(module).setdefault("locations", [])
    assert isinstance(sites, list)
    sites.insert(0, site("Harbor Clinic", "Port Alma", "Iceland", status="RECRUITING"))
    return after


def nct_number(number: int) -> str:
    """A number no real trial has."""
    return f"NCT{90_000_000 + number:08d}"


def _records() -> list[JsonObject]:
    if are_real():
        return [real.load(sorted(folder.glob("*.json"))[0]) for folder in sorted(real.STUDIES.iterdir())]
    return [_invented(n) for n in range(INVENTED_TRIALS)]


def _invented(number: int) -> JsonObject:
    sites: list[Json] = [
        site(f"Clinic {n}", f"City {n % 7}", "Iceland", status="RECRUITING") for n in range(number % 90)
    ]
    criteria = "Inclusion Criteria:\n\n" + "".join(
        f"* Criterion {n} of many\n" for n in range(5 + number % 25)
    )
    return study(
        nct_number(number),
        protocolSection__contactsLocationsModule__locations=sites,
        protocolSection__eligibilityModule__eligibilityCriteria=criteria,
    )


def _object(value: Json) -> JsonObject:
    assert isinstance(value, dict), orjson.dumps(value)[:80]
    return value
