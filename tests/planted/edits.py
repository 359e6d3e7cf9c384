"""Single edits of a payload, each with what must be reported of it and nothing else."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.core.change import Delta
from monitor.core.record import Json, JsonObject, to_json
from tests.planted.tree import Spot, places, spot
from tests.support.payloads import Path, at


@dataclass(frozen=True)
class Planted:
    """One edit: where it was made, what it does there, and the payload after it."""

    kind: str
    path: Path
    where: Spot
    old: Json
    new: Json
    after: JsonObject

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(map(str, self.path))}: {self.old!r:.60} → {self.new!r:.60}"


GONE = object()


def replaced(node: Json, path: Path, value: Json | object) -> Json:
    """A copy that shares all but the way to `path`; with `GONE` the place is no more."""
    step, *rest = path
    if isinstance(node, dict):
        members = dict(node)
        if rest or value is not GONE:
            members[str(step)] = replaced(members[str(step)], tuple(rest), value) if rest else value  # type: ignore[assignment]
        else:
            del members[str(step)]
        return members
    assert isinstance(node, list)
    assert isinstance(step, int)
    if not rest and value is GONE:
        return node[:step] + node[step + 1 :]
    inner = replaced(node[step], tuple(rest), value) if rest else value
    return [*node[:step], inner, *node[step + 1 :]]  # type: ignore[list-item]


def edits(payload: JsonObject) -> Iterator[Planted]:
    """Every edit there is: each leaf changed and dropped, each item dropped and joined by a new one."""
    for path, _ in places(payload):
        yield from edits_at(payload, path)


def edits_at(payload: JsonObject, path: Path) -> Iterator[Planted]:
    """The edits of one place; of a date, all of it goes or nothing."""
    where, old = spot(payload, path), at(payload, path)
    if where.kind == "item":
        yield _plant(payload, "drop item", path, where, old, GONE)
        yield from _joined(payload, path, where, old)
        return
    if where.kind == "dated" and path[-1] == "date":
        yield _plant(payload, "drop", path[:-1], where, at(payload, path[:-1]), GONE)
    elif where.field != "identification.nctId" and old is not False:
        yield _plant(payload, "drop", path, where, old, GONE)
    yield _plant(payload, "change", path, where, old, another(where, path, old))


def _joined(payload: JsonObject, path: Path, where: Spot, old: Json) -> Iterator[Planted]:
    """An item more, which differs from this one in every text."""
    assert isinstance(old, dict)
    new: JsonObject = {
        name: f"{member} planted" if isinstance(member, str) and not _is_date(member) else member
        for name, member in old.items()
    }
    if new == old:
        return
    *above, _ = path
    parent = at(payload, tuple(above))
    assert isinstance(parent, list)
    grown = replaced(payload, tuple(above), [*parent, new])
    assert isinstance(grown, dict)
    yield Planted("add item", (*above, len(parent)), spot(grown, (*above, len(parent))), None, new, grown)


def _plant(payload: JsonObject, kind: str, path: Path, where: Spot, old: Json, new: Json | object) -> Planted:
    after = replaced(payload, path, new)
    assert isinstance(after, dict)
    return Planted(kind, path, where, old, None if new is GONE else new, after)  # type: ignore[arg-type]


def another(where: Spot, path: Path, old: Json) -> Json:
    """A value of the same kind that means something else."""
    match old:
        case bool():
            return not old
        case int() | float():
            return old + 7
    assert isinstance(old, str)
    if where.kind == "dated" and path[-1] == "type":
        return "ESTIMATED" if old == "ACTUAL" else "ACTUAL"
    if _is_date(old):
        return ("2033" if old.startswith("2031") else "2031") + old[4:]
    if where.kind == "age":
        return f"1{old}"
    if where.field == "identification.nctId":
        return f"{old[:-1]}{9 - int(old[-1])}"
    if where.kind in ("text", "markdown", "criteria"):
        return f"{old} planted"
    return f"{old}_PLANTED"


def _is_date(text: str) -> bool:
    return text[:4].isdigit() and text[4:5] in ("-", "") and len(text) in (4, 7, 10)


# ------------------------------------------------------------------------------------- what must be said


def complaints(planted: Planted, deltas: Sequence[Delta]) -> list[str]:
    """What is wrong with what was reported of an edit; nothing where all is right."""
    wrong: list[str] = []
    if not deltas:
        return ["nothing reported"]
    where = planted.where
    elsewhere = sorted({delta.field for delta in deltas} - {where.field})
    if elsewhere:
        wrong.append(f"reported at {elsewhere}, expected {where.field}")
    if where.kind == "criteria":
        return wrong
    if where.identity and planted.kind != "add item":
        return wrong + _of_identity(planted, deltas)
    if where.field == "locations" and where.at == ("zip",) and _is_replaced(deltas):
        return wrong  # the place is all that a site with a placeholder for a name is known by
    if len(deltas) != 1:
        return [*wrong, f"{len(deltas)} changes for one edit"]
    (delta,) = deltas
    return wrong + _of_one(planted, delta)


def _of_one(planted: Planted, delta: Delta) -> list[str]:
    where, wrong = planted.where, []
    if where.plain and delta.key != where.key:
        wrong.append(f"key {delta.key!r}, expected {where.key!r}")
    if where.kind == "flag" and len(delta.at) < len(where.at):
        return wrong + _of_a_lone_flag(where, delta)
    if delta.op not in _ops(planted, delta):
        wrong.append(f"op {delta.op} for {planted.kind}")
    if not _at_right_part(where, delta, within=planted.kind != "change"):
        wrong.append(f"part {delta.at}, expected {where.at}")
    if planted.kind == "change" and where.kind in ("text", "word", "count", "markdown", "flag", "number"):
        wrong += [
            f"{side} {told!r:.60}, planted {planted_value!r:.60}"
            for side, told, planted_value in (
                ("old", delta.old, planted.old),
                ("new", delta.new, planted.new),
            )
            if not _says(told, planted_value)
        ]
    return wrong


def _of_a_lone_flag(where: Spot, delta: Delta) -> list[str]:
    """Of a flag false is absent: an object that holds nothing else comes and goes with it."""
    if where.at[: len(delta.at)] == delta.at and delta.op in ("added", "removed"):
        return []
    return [f"{delta.op} at {delta.at} for the flag at {where.at}"]


def _ops(planted: Planted, delta: Delta) -> frozenset[str]:
    """What may be done to a value that still holds something, or whose last content went, differs."""
    if planted.kind == "add item":
        return frozenset({"added"})
    if planted.kind == "drop item":
        return frozenset({"removed"})
    kind = planted.where.kind
    if planted.kind == "change" and kind != "flags":
        return frozenset({"changed"})
    if kind in ("words", "flags"):
        return frozenset(
            {"removed"} if delta.new is None else {"added"} if delta.old is None else {"changed"}
        )
    if kind == "dated" and planted.path[-1] == "type":
        return frozenset({"changed"})
    if kind == "flag":
        return frozenset({"changed"})
    return frozenset({"removed"})


def _at_right_part(where: Spot, delta: Delta, *, within: bool) -> bool:
    """Keys that cannot be told from the payload may be any; with the last member its object goes."""
    told, expected = delta.at, where.at
    if within and len(told) < len(expected):
        expected = expected[: len(told)]
    if where.plain:
        return told == expected
    return len(told) == len(expected) and (not told or where.kind == "item" or told[-1] in where.at)


def _says(told: object, planted: Json) -> bool:
    shown = to_json(told)  # type: ignore[arg-type]
    if isinstance(planted, str):
        return _bare(str(shown)) == _bare(planted)
    return shown == planted


def _bare(text: str) -> str:
    """Without white space, markup and entities."""
    return "".join(mark for mark in html.unescape(text) if mark.isalnum())


def _of_identity(planted: Planted, deltas: Sequence[Delta]) -> list[str]:
    """An item known by another name is the same item where the rest says so, else one went and one came."""
    if _is_replaced(deltas):
        return []
    if len(deltas) == 1:
        (delta,) = deltas
        if planted.kind == "drop" and delta.op == "removed":
            return []
        if delta.op == "changed" and delta.at[-1:] == planted.where.at[-1:]:
            return []
    told = [(delta.op, delta.at) for delta in deltas]
    return [f"{told} for an item known by another name"]


def _is_replaced(deltas: Sequence[Delta]) -> bool:
    return sorted(delta.op for delta in deltas) == ["added", "removed"]
