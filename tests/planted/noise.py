"""Other ways to write the same record, one kind at a time: nothing of it is a change."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Callable, Mapping

from monitor.core.record import Json, JsonObject
from tests.planted.tree import Node, tree

Rewrite = Callable[[Json, Node, random.Random], Json]


def _everywhere(change: Rewrite) -> Callable[[JsonObject, random.Random], JsonObject]:
    """The rewriting of a whole payload, innermost values first."""

    def rewrite(raw: Json, node: Node, chance: random.Random) -> Json:
        if isinstance(raw, dict):
            inner = {
                name: rewrite(member, node.children.get(name, _STRANGE), chance)
                for name, member in raw.items()
            }
            return change(inner, node, chance)
        if isinstance(raw, list):
            return change([rewrite(item, _item_of(node), chance) for item in raw], node, chance)
        return change(raw, node, chance)

    def whole(payload: JsonObject, chance: random.Random) -> JsonObject:
        told = rewrite(payload, tree(), chance)
        assert isinstance(told, dict)
        return told

    return whole


_STRANGE = Node("", "strange")
_TEXTS = ("text", "markdown", "criteria")


def _item_of(node: Node) -> Node:
    return Node(node.name, "text" if node.kind in ("words", "names") else "object", children=node.children)


def _key_order(raw: Json, node: Node, chance: random.Random) -> Json:
    if not isinstance(raw, dict):
        return raw
    members = list(raw.items())
    chance.shuffle(members)
    return dict(members)


def _list_order(raw: Json, node: Node, chance: random.Random) -> Json:
    if isinstance(raw, list):
        chance.shuffle(raw)
    return raw


def _white_space(raw: Json, node: Node, chance: random.Random) -> Json:
    """Doubled blanks, blanks around it; in Markdown lines end in blanks too."""
    if not isinstance(raw, str) or node.kind not in _TEXTS:
        return raw
    doubled = re.sub(r"(?<=\S) (?=\S)", "  ", raw) if node.kind != "criteria" else raw
    return f" {doubled.replace(chr(10), '  ' + chr(10))} "


def _escapes(marks: str) -> Rewrite:
    """Bare marks in running Markdown get the backslash that the registry puts or put before them."""
    bare = re.compile(rf"(?<=[\w\s,;:])(?<!\\)(?<!^)[{re.escape(marks)}](?=\S)", re.M)
    listed = re.compile(r"^\s*(?:[*-]|\d{1,2}[.)]|\w[.)]|\(\w+\))", re.M)

    def escape(raw: Json, node: Node, chance: random.Random) -> Json:
        if not isinstance(raw, str) or node.kind not in ("markdown", "criteria"):
            return raw
        lines = []
        for line in raw.split("\n"):
            if "<!--" in line:  # parts two lists in the registry's Markdown, no text
                lines.append(line)
                continue
            mark = listed.match(line)
            start = mark.end() if mark else 0
            lines.append(line[:start] + bare.sub(lambda found: "\\" + found.group(), line[start:]))
        return "\n".join(lines)

    return escape


def _unescaped(raw: Json, node: Node, chance: random.Random) -> Json:
    """The escapes that the registry began to write in 2025 are taken away again."""
    if not isinstance(raw, str) or node.kind not in ("markdown", "criteria"):
        return raw
    return re.sub(r"(?<!\\)\\([.)|+_])", r"\1", raw)


def _list_marks(mark: str) -> Rewrite:
    """Bullets get another mark."""

    def remark(raw: Json, node: Node, chance: random.Random) -> Json:
        if not isinstance(raw, str) or node.kind not in ("markdown", "criteria"):
            return raw
        return re.sub(r"^( *)\* ", rf"\g<1>{mark} ", raw, flags=re.M)

    return remark


def _entities(raw: Json, node: Node, chance: random.Random) -> Json:
    """The registry's history writes HTML with entities in every string."""
    if not isinstance(raw, str) or node.kind not in _TEXTS:
        return raw
    if node.kind == "text":
        return html.escape(raw).replace("/", "&#x2F;")
    blocks = []
    for block in raw.split("\n\n"):
        lines = [_html_words(line) for line in block.split("\n")]
        if all(line.startswith("* ") for line in lines):
            blocks.append("<ul>" + "".join(f"<li>{line[2:]}</li>" for line in lines) + "</ul>")
        else:
            blocks.append("<p>" + "<br>".join(lines) + "</p>")
    return "".join(blocks)


def _html_words(line: str) -> str:
    return html.escape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", line)).replace("&quot;", "&#x22;")


def _denials(raw: Json, node: Node, chance: random.Random) -> Json:
    """A flag that is not there is denied; one that is denied goes."""
    if not isinstance(raw, dict):
        return raw
    told = {
        name: member
        for name, member in raw.items()
        if not (member is False and node.children.get(name, _STRANGE).kind == "flag" and name != "hasResults")
    }
    for name, child in node.children.items():
        if child.kind == "flag" and name not in raw and name != "hasResults":
            told[name] = False
    return told


def _ages(raw: Json, node: Node, chance: random.Random) -> Json:
    """Years in months."""
    if node.kind != "age" or not isinstance(raw, str) or not raw.endswith((" Years", " Year")):
        return raw
    return f"{int(raw.split()[0]) * 12} Months"


COUNTRIES: Mapping[str, str] = {
    "Turkey": "Turkey (Türkiye)",
    "Czech Republic": "Czechia",
    "South Korea": "Korea, Republic of",
    "Russia": "Russian Federation",
    "Iran": "Iran, Islamic Republic of",
    "Vietnam": "Viet Nam",
    "Macedonia": "North Macedonia",
    "Moldova": "Moldova, Republic of",
}
"""Two names of the same country, both of which the registry has used."""


def _countries(raw: Json, node: Node, chance: random.Random) -> Json:
    if isinstance(raw, str) and (node.name in ("country", "removedCountries")):
        return COUNTRIES.get(raw, raw)
    return raw


def _version(raw: Json, node: Node, chance: random.Random) -> Json:
    if isinstance(raw, dict) and node.name == "miscInfoModule":
        return {**raw, "versionHolder": "2026-11-21"}
    return raw


SILENT: Mapping[str, Callable[[JsonObject, random.Random], JsonObject]] = {
    "key order": _everywhere(_key_order),
    "list order": _everywhere(_list_order),
    "white space": _everywhere(_white_space),
    "escapes, old style": _everywhere(_escapes("<>[]*^&_~")),
    "escapes, new style": _everywhere(_escapes("<>[]*^&_~.-)|+")),
    "escapes gone": _everywhere(_unescaped),
    "dashes for bullets": _everywhere(_list_marks("-")),
    "flags denied": _everywhere(_denials),
    "ages in months": _everywhere(_ages),
    "countries by another name": _everywhere(_countries),
    "data version": _everywhere(_version),
}
"""Rewritings that are no change, each of a copy."""

SILENT_WHERE_TEXTS_ARE_SIMPLE: Mapping[str, Callable[[JsonObject, random.Random], JsonObject]] = {
    "numbers for bullets": _everywhere(_list_marks("1.")),
    "entities and tags": _everywhere(_entities),
}
"""Those that a text may contradict: with numbered steps inside an item, with lists inside lists."""
