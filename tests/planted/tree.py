"""The record tree of `record_tree.txt`: where each place of a payload belongs, and a record with all of them.

An oracle: it is made of the table beside it and of raw payloads, and knows nothing of the product's mapping.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path as File

from monitor.core.record import Json, JsonObject
from tests.support.payloads import Path
from tests.support.records import study

_LINE = re.compile(
    r"(?P<name>\w+)(?P<kind>\^\^|\{\}|\[[^\]]*\]|[!~?#%@&^*+])?"
    r"(?: = (?P<field>[\w.]+)(?: \((?P<under>\w+)\))?)?$"
)
KINDS = {"": "text", "!": "word", "~": "markdown", "?": "flag", "#": "count", "%": "number", "@": "date"}
KINDS |= {"&": "dated", "^": "age", "*": "words", "+": "names", "{}": "flags", "^^": "criteria"}
VALUES = frozenset({"dated", "words", "flags"})
"""Kinds whose JSON has an inside that is no part of its own in a change."""


@dataclass
class Node:
    """A member of the tree; a leaf where it has no children."""

    name: str
    kind: str
    identity: tuple[tuple[str, ...], ...] = ()
    field: str | None = None
    under: tuple[str, ...] = ()
    children: dict[str, Node] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Spot:
    """Where a place of a payload belongs: field, item, part."""

    field: str
    kind: str
    key: str | None = None
    at: tuple[str, ...] = ()
    identity: bool = False
    """Is it one of the members that its item is known by?"""
    nested: bool = False
    """Is the item it belongs to within an item or a tree?"""
    plain: bool = True
    """Can the keys on the way be told from the raw payload: none shared, none of another form?"""


@cache
def tree() -> Node:
    """The root of the table."""
    root = Node("", "object")
    above: list[tuple[int, Node]] = [(-1, root)]
    for line in File(__file__).with_name("record_tree.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        depth = len(line) - len(line.lstrip())
        while above[-1][0] >= depth:
            above.pop()
        told = line.strip()
        for word in [told] if "=" in told or "[" in told else told.split():
            node = _node(word)
            above[-1][1].children[node.name] = node
        above.append((depth, node))
    _settle(root)
    return root


def _node(word: str) -> Node:
    found = _LINE.match(word)
    assert found, word
    kind, under = found["kind"] or "", found["under"]
    where = {"field": found["field"], "under": (under,) if under else ()}
    if kind.startswith("["):
        identity = tuple(tuple(part.split("/")) for part in kind[1:-1].split())
        return Node(found["name"], "list", identity, **where)  # type: ignore[arg-type]
    return Node(found["name"], KINDS[kind], **where)  # type: ignore[arg-type]


def _settle(node: Node) -> None:
    """What has members and is neither a list nor a value is an object."""
    if node.children and node.kind not in ("list", "flags"):
        node.kind = "object"
    for child in node.children.values():
        _settle(child)


def spot(payload: JsonObject, path: Path) -> Spot:
    """Where the place at `path` belongs; it must be one that the tree knows, inside some field."""
    node, found = tree(), Spot("", "object")
    raw: Json = payload
    for step in path:
        if node.kind in VALUES:
            break
        if isinstance(step, int):
            assert isinstance(raw, list)
            found = _item(found, node, raw, step)
            raw = raw[step]
        else:
            assert isinstance(raw, dict)
            inner = node.children[step]
            found = _member(found, node, inner)
            node, raw = inner, raw[step]
    return found


def _member(found: Spot, node: Node, inner: Node) -> Spot:
    if inner.field:
        return Spot(inner.field, inner.kind, None, inner.under)
    known_by = node.kind == "list" and any(inner.name in names for names in node.identity)
    path = (*found.at, inner.name) if found.field else ()
    return replace(found, kind=inner.kind, at=path, identity=known_by)


def _item(found: Spot, node: Node, raw: list[Json], index: int) -> Spot:
    keys = [_key(node, item) for item in raw]
    key = keys[index]
    plain = found.plain and keys.count(key) == 1 and key not in ("", None) and _is_plain(node, raw[index])
    if node.kind == "names":
        return replace(found, key=key, at=("name",), identity=True, plain=plain)
    if node.field and not node.under:
        return replace(found, kind="item", key=key, plain=plain)
    return replace(found, kind="item", at=(*found.at, str(key)), nested=True, plain=plain)


def _key(node: Node, item: Json) -> str:
    if not isinstance(item, dict):
        return _folded(item)
    return "|".join(
        next((_folded(item[name]) for name in names if item.get(name)), "") for names in node.identity
    )


def _is_plain(node: Node, item: Json) -> bool:
    """Countries have several names, Markdown has escapes: their keys cannot be told from the raw text."""
    if not isinstance(item, dict):
        return "&" not in str(item)
    known_by = {name for names in node.identity for name in names}
    odd = any(node.children[name].kind == "markdown" for name in known_by)
    return not odd and "country" not in known_by and not any("&" in str(item.get(name)) for name in known_by)


def _folded(value: Json) -> str:
    return " ".join(str(value).split()).casefold()


def places(payload: JsonObject) -> Iterator[tuple[Path, str]]:
    """Every leaf and every item of a payload that the tree knows, with the name of its kind."""
    yield from _members(payload, tree(), (), "")


def _members(raw: JsonObject, node: Node, path: Path, leaf: str) -> Iterator[tuple[Path, str]]:
    for name, member in raw.items():
        inner = node.children.get(name)
        if inner is not None:
            yield from _within(member, inner, (*path, name), f"{leaf}.{name}")
        elif node.kind in VALUES:
            yield (*path, name), f"{leaf}.{name}"


def _within(raw: Json, node: Node, path: Path, leaf: str) -> Iterator[tuple[Path, str]]:
    if isinstance(raw, list):
        for index, item in enumerate(raw):
            yield (*path, index), f"{leaf}[]"
            if isinstance(item, dict):
                yield from _members(item, node, (*path, index), leaf)
    elif isinstance(raw, dict):
        yield from _members(raw, node, path, leaf)
    else:
        yield path, leaf


# --------------------------------------------------------------------------------- a record that holds all


@cache
def whole_record() -> JsonObject:
    """An invented record with every leaf of the tree, two of every item; what `study` says is kept."""
    made = _object(tree(), "")
    _overlay(made, study())
    return made


def _object(node: Node, place: str) -> JsonObject:
    return {name: _value(child, f"{place} {name}") for name, child in node.children.items()}


def _value(node: Node, place: str) -> Json:
    number = sum(map(ord, place))
    words = " ".join(re.sub(r"([A-Z])", r" \1", part).lower() for part in place.split()[-3:])
    match node.kind:
        case "object":
            return _object(node, place)
        case "list":
            return [_object(node, f"{place} {_ORDINALS[which]}") for which in (0, 1)]
        case "names" | "words":
            return [f"{words} one".title(), f"{words} two".title()]
        case "flag":
            return True
        case "flags":
            return dict.fromkeys(node.children, True)
        case "count":
            return number
        case "number":
            return number + 0.5
        case "date":
            return f"20{10 + number % 15}-0{1 + number % 9}-1{number % 10}"
        case "dated":
            return {"date": f"2025-0{1 + number % 9}-1{number % 10}", "type": "ACTUAL"}
        case "age":
            return f"{number % 60} Years"
        case "word":
            return f"{node.name}_{number}".upper()
        case _:
            return f"The {words}, number {number}."


_ORDINALS = ("alpha", "omega")


def _overlay(made: JsonObject, told: JsonObject) -> None:
    for name, member in told.items():
        if isinstance(member, dict):
            inner = made[name]
            assert isinstance(inner, dict)
            _overlay(inner, member)
        elif not isinstance(member, list) and name != "versionHolder":
            made[name] = member
