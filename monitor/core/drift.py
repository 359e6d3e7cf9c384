"""What a registry says of its own fields, and what changed between two such descriptions, in words.

A description is small and storable; it is compared with the one before it, never with what Trialwire knows.
Nothing here decides whom a drift is told to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never

from monitor.core.record import Json, JsonObject

__all__ = ["Drift", "DriftKind", "FieldInfo", "Schema", "drifts", "schema_from_json"]

DriftKind: TypeAlias = Literal[
    "field added", "field removed", "type changed", "length changed", "value added", "value removed"
]
_ORDER: tuple[DriftKind, ...] = (
    *("field added", "field removed", "type changed"),
    *("value added", "value removed", "length changed"),
)


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """What a registry says of one field."""

    type: str
    max_chars: int | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """A registry's description of its records, as of one version of its API."""

    api_version: str | None = None
    fields: Mapping[str, FieldInfo] = field(default_factory=dict)
    """By the field's path in a record."""
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The values of each enumerated type, sorted."""

    def to_json(self) -> JsonObject:
        """For keeping; `schema_from_json` reads it."""
        return {
            "api_version": self.api_version,
            "fields": {path: [info.type, info.max_chars] for path, info in sorted(self.fields.items())},
            "enums": {name: list(values) for name, values in sorted(self.enums.items())},
        }


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between two descriptions."""

    kind: DriftKind
    where: str
    """The field's path, or the enumerated type."""
    old: str | None = None
    new: str | None = None

    @property
    def summary(self) -> str:
        """One sentence."""
        match self.kind:
            case "field added":
                return f"New field: {self.where} ({self.new})."
            case "field removed":
                return f"Field no longer described: {self.where} ({self.old})."
            case "type changed":
                return f"{self.where} is of another type: {self.old} → {self.new}."
            case "length changed":
                return f"{self.where} may be of another length: {self.old} → {self.new} characters."
            case "value added":
                return f"New value of {self.where}: {self.new}."
            case "value removed":
                return f"Value of {self.where} no longer listed: {self.old}."
        assert_never(self.kind)


def drifts(before: Schema, after: Schema) -> tuple[Drift, ...]:
    """Every difference, fields before values before lengths, each kind in alphabetical order.

    An enumerated type that is new, or gone, drifts by its values. The API's version is no difference.
    """
    found = [*_of_fields(before.fields, after.fields), *_of_enums(before.enums, after.enums)]
    return tuple(sorted(found, key=lambda d: (_ORDER.index(d.kind), d.where, d.old or "", d.new or "")))


def schema_from_json(kept: JsonObject) -> Schema:
    """What `Schema.to_json` gave; ValueError on anything else."""
    fields, enums, api_version = kept.get("fields"), kept.get("enums"), kept.get("api_version")
    if not isinstance(fields, dict) or not isinstance(enums, dict):
        raise ValueError("not a kept schema")
    return Schema(
        api_version if isinstance(api_version, str) else None,
        {path: _info(info) for path, info in fields.items()},
        {name: _values(values) for name, values in enums.items()},
    )


def _info(kept: Json) -> FieldInfo:
    match kept:
        case [str() as kind, int() | None as most]:
            return FieldInfo(kind, most)
        case _:
            raise ValueError(f"not a kept field: {kept!r}")


def _values(kept: Json) -> tuple[str, ...]:
    if not isinstance(kept, list):
        raise ValueError(f"not a kept list of values: {kept!r}")
    return tuple(str(value) for value in kept)


def _of_fields(before: Mapping[str, FieldInfo], after: Mapping[str, FieldInfo]) -> Iterator[Drift]:
    for path in before.keys() | after.keys():
        old, new = before.get(path), after.get(path)
        if old is None and new is not None:
            yield Drift("field added", path, new=new.type)
        elif new is None and old is not None:
            yield Drift("field removed", path, old=old.type)
        elif old is not None and new is not None:
            if old.type != new.type:
                yield Drift("type changed", path, old.type, new.type)
            if old.max_chars != new.max_chars:
                yield Drift("length changed", path, _length(old.max_chars), _length(new.max_chars))


def _of_enums(before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]) -> Iterator[Drift]:
    for name in before.keys() | after.keys():
        old, new = set(before.get(name, ())), set(after.get(name, ()))
        yield from (Drift("value added", name, new=value) for value in new - old)
        yield from (Drift("value removed", name, old=value) for value in old - new)


def _length(most: int | None) -> str:
    return "any number of" if most is None else str(most)
