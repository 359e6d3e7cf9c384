"""The registry's own description of its records, read: `/studies/metadata` and `/studies/enums`. Pure.

Only what drift is told by is kept: paths, types, lengths, values. Titles, rules and links are for people.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.core.drift import FieldInfo, Schema
from monitor.core.record import Json
from monitor.errors import RecordFormatError
from monitor.registries.ctgov import belief


def schema(metadata: Json, enums: Json, api_version: str | None) -> Schema:
    """The description in the two answers; raises RecordFormatError, with a pointer, on another shape."""
    fields = dict(_fields(metadata, "", "/metadata"))
    if not fields:
        raise _unlike("at least one field", "/metadata")
    return Schema(api_version, fields, dict(_enums(enums)))


def _unlike(expected: str, pointer: str) -> RecordFormatError:
    return belief.unlike("registry's description", expected, pointer)


def _fields(nodes: Json, under: str, pointer: str) -> Iterator[tuple[str, FieldInfo]]:
    if not isinstance(nodes, list):
        raise _unlike("a list of fields", pointer)
    for index, node in enumerate(nodes):
        here = f"{pointer}/{index}"
        if not isinstance(node, dict):
            raise _unlike("a field", here)
        name, kind, most = node.get("name"), node.get("type"), node.get("maxChars")
        if not isinstance(name, str) or not isinstance(kind, str):
            raise _unlike("a field's name and type", here)
        path = f"{under}.{name}" if under else name
        yield path, FieldInfo(kind, most if isinstance(most, int) else None)
        if "children" in node:
            yield from _fields(node["children"], path, f"{here}/children")


def _enums(told: Json) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not isinstance(told, list):
        raise _unlike("a list of types", "/enums")
    for index, each in enumerate(told):
        name = each.get("type") if isinstance(each, dict) else None
        listed = each.get("values") if isinstance(each, dict) else None
        if not isinstance(name, str) or not isinstance(listed, list):
            raise _unlike("a type and its values", f"/enums/{index}")
        values = (entry.get("value") for entry in listed if isinstance(entry, dict))
        yield name, tuple(sorted(value for value in values if isinstance(value, str)))
