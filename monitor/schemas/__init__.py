"""The JSON Schemas of what webhooks carry: one file for each, beside this one (draft 2020-12).

A schema is open: members may be added to what it describes, so whoever validates must not forbid those it
does not know. A member that goes, or comes to mean something else, makes a new version, which is the number
at the end of `$id`. Nothing is validated here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import orjson

from monitor.core.record import Json, JsonObject

PREFIX = "urn:trialwire:schema:"


def names() -> tuple[str, ...]:
    """All there are: the events' (with a dot in their names) and those they are built of."""
    return tuple(sorted(_files()))


def schema(name: str) -> JsonObject:
    """One as its file has it; it may refer to others by their `$id`. KeyError where there is none."""
    found: JsonObject = orjson.loads(_files()[name].read_bytes())
    return found


def bundled(name: str) -> JsonObject:
    """One that stands alone: those it refers to, directly or not, are in its `$defs`, with their own `$id`.

    KeyError where there is none of that name.
    """
    whole = schema(name)
    parts: JsonObject = {}
    waiting = [*_referred(whole)]
    while waiting:
        other = waiting.pop()
        if other != name and other not in parts:
            part = schema(other)
            waiting += _referred(part)
            parts[other] = {key: value for key, value in part.items() if key != "$schema"}
    own = whole.get("$defs")
    defs = {**(own if isinstance(own, dict) else {}), **{other: parts[other] for other in sorted(parts)}}
    return {**whole, "$defs": defs} if defs else whole


def version(found: Mapping[str, Json]) -> int:
    """The version of a schema: the number that ends its `$id`."""
    return int(str(found["$id"]).rpartition(":")[2])


def _referred(node: Json) -> Iterator[str]:
    """Names of the schemas that a part of one refers to."""
    match node:
        case dict():
            for key, value in node.items():
                if key == "$ref" and isinstance(value, str) and value.startswith(PREFIX):
                    yield value.removeprefix(PREFIX).rpartition(":")[0]
                else:
                    yield from _referred(value)
        case list():
            for item in node:
                yield from _referred(item)


@cache
def _files() -> Mapping[str, Path]:
    return {path.stem: path for path in Path(__file__).parent.glob("*.json")}
