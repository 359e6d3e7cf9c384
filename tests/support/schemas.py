"""What webhooks carry, held against the schemas that ship: as they are, and closed to members they lack."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from monitor import schemas

SCHEMAS: Mapping[str, Any] = {name: schemas.schema(name) for name in schemas.names()}


_AS_THEY_ARE = ("examples", "if", "then", "else")
"""A condition is not the whole of what it is about."""


def closed(node: Any) -> Any:
    """A schema that forbids the members it does not name, where it does not say itself what others may be."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {key: value if key in _AS_THEY_ARE else closed(value) for key, value in node.items()}
    is_object = node.get("type") == "object" and "properties" in node
    return {"additionalProperties": False, **inner} if is_object else inner


@cache
def strict(name: str) -> Draft202012Validator:
    """The validator of one, with all of them closed: what is sent must be described."""
    found = {one: closed(schema) for one, schema in SCHEMAS.items()}
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in found.values()
    )
    return Draft202012Validator(found[name], registry=registry)


def complaints(name: str, instance: object) -> list[str]:
    """What is wrong with it by the closed schema."""
    return [f"{error.json_path}: {error.message}" for error in strict(name).iter_errors(instance)]


def valid(body: bytes) -> dict[str, Any]:
    """The body of a webhook, after its type's own schema found nothing wrong with it."""
    event: dict[str, Any] = orjson.loads(body)
    wrong = complaints(str(event["type"]), event)
    assert not wrong, "\n".join(wrong[:20])
    return event
