"""Reads the labelled tables: short forms of members become parts of an invented trial.

Dates are `est 2027-03` or `act 2026-08-01`; items of lists are texts whose parts are divided by bars, in the
order of `PARTS`; criteria are lines that begin with `+` (inclusion) or `-` (exclusion); `absent` removes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.core.record import Json, JsonObject
from tests.support.records import ABSENT, put, study
from tests.support.rule_examples import ALIASES

_PROTOCOL = "protocolSection"
MEMBERS: Mapping[str, str] = {
    **ALIASES,
    "other": f"{_PROTOCOL}.outcomesModule.otherOutcomes",
    "max_age": f"{_PROTOCOL}.eligibilityModule.maximumAge",
    "sex": f"{_PROTOCOL}.eligibilityModule.sex",
    "healthy": f"{_PROTOCOL}.eligibilityModule.healthyVolunteers",
    "model": f"{_PROTOCOL}.designModule.designInfo.interventionModel",
    "dmc": f"{_PROTOCOL}.oversightModule.oversightHasDmc",
}
_OUTCOME = ("measure", "timeFrame", "description")
PARTS: Mapping[str, Sequence[str]] = {
    "primary": _OUTCOME,
    "secondary": _OUTCOME,
    "other": _OUTCOME,
    "arms": ("label", "type", "description"),
    "interventions": ("type", "name", "description"),
    "sites": ("facility", "city", "country", "status", "zip"),
    "references": ("type", "pmid", "citation", "retracted_by"),
    "documents": ("typeAbbrev", "filename"),
    "ids": ("type", "id"),
    "collaborators": ("name", "class"),
    "lead": ("name", "class"),
    "organization": ("fullName", "class"),
    "unposted": ("type", "date"),
    "violations": ("type", "issuedDate"),
}
CIRCUMSTANCES: Mapping[str, Mapping[str, Json]] = {
    "completed": {"status": "COMPLETED", "pcd": "act 2026-05-01", "cd": "act 2026-06-01"},
    "not begun": {"status": "NOT_YET_RECRUITING", "start": "est 2027-01"},
}
"""What else is so on both sides: `with` in the tables."""


@dataclass(frozen=True)
class Row:
    """One labelled change."""

    edit: str
    before: JsonObject
    after: JsonObject
    field: str
    rule: str
    level: str
    says: str


def rows() -> Iterator[Row]:
    """All tables, file by file."""
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        for told in tomllib.loads(path.read_text(encoding="utf-8"))["change"]:
            base = CIRCUMSTANCES.get(told.get("with", ""), {})
            before = {**base, **told.get("before", {})}
            yield Row(
                edit=told["edit"],
                before=trial_of(before),
                after=trial_of({**before, **told.get("after", {})}),
                **{name: told[name] for name in ("field", "rule", "level", "says")},
            )


def trial_of(members: Mapping[str, Json]) -> JsonObject:
    """The invented trial with these members, in their short forms."""
    payload = study()
    for name, told in members.items():
        put(payload, MEMBERS.get(name, name), ABSENT if told == "absent" else _value(name, told))
    return payload


def _value(name: str, told: Json) -> Json:
    match told:
        case str() if told[:4] in ("est ", "act "):
            return {"date": told[4:], "type": "ESTIMATED" if told.startswith("est") else "ACTUAL"}
        case str() if name in PARTS:
            return _item(name, told)
        case list() if name == "criteria":
            return _criteria([str(line) for line in told])
        case list() if name in PARTS:
            return [_item(name, str(item)) for item in told]
    return told


def _item(name: str, told: str) -> JsonObject:
    divided = [part.strip() for part in (told.split("|") if "|" in told else told.split(" "))]
    parts = dict(zip(PARTS[name], divided, strict=False))
    retracted = parts.pop("retracted_by", "")
    item: JsonObject = {part: said for part, said in parts.items() if said}
    if retracted:
        item["retractions"] = [{"pmid": retracted, "source": "J Ex. 2026"}]
    if name == "documents":
        kind = parts["typeAbbrev"]
        item |= {"hasProtocol": "Prot" in kind, "hasSap": "SAP" in kind, "hasIcf": "ICF" in kind}
    return item


def _criteria(lines: Sequence[str]) -> str:
    listed = {mark: "\n".join(f"* {line[2:]}" for line in lines if line[0] == mark) for mark in "+-"}
    exclusion = listed["-"] or "* Active infection"
    return f"Inclusion Criteria:\n\n{listed['+'] or '* Adults'}\n\nExclusion Criteria:\n\n{exclusion}"
