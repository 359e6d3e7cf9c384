"""Posted results as a tree: where a difference stands in it, in the names people read there.

The registry's results are lists in lists, keyed by identity: groups by number, terms by organ system, periods
by title. A `Spot` names the way to one difference. Nothing is worded or weighed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from monitor.core.lazy import kept
from monitor.core.record import Items, Tree, Value
from monitor.core.scene import Case, Scene, shown

FLOW, BASELINE, MEASURES, EVENTS = (
    "results.participantFlow",
    "results.baselineCharacteristics",
    "results.outcomeMeasures",
    "results.adverseEvents",
)
POSTED = (MEASURES, EVENTS, FLOW, BASELINE)
"""The modules whose revision counts (rules, M13), the one that says most first."""
BY_GROUP = frozenset({"stats", "achievements", "reasons", "measurements", "counts"})
"""Lists whose items are one group each."""
_GROUPS = ("groups", "eventGroups")
_NAMES = ("title", "term", "type", "units")


@dataclass(frozen=True, slots=True)
class Step:
    """One list on the way, and the item of it: `Step("periods", "Overall Study", {…})`."""

    list: str
    name: str
    item: Tree
    of: int
    """How many items the list has."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one difference stands."""

    steps: tuple[Step, ...]
    group: str
    """The title of the group it is about; empty where it is about none."""
    leaf: str
    """The attribute that differs; empty where a whole item came or went."""
    root: Tree = field(repr=False)
    """The module, or the outcome measure, it stands in."""
    titles: Mapping[str, str] = field(repr=False)
    """Those of its groups, by their folded numbers."""

    def step(self, *lists: str) -> Step | None:
        """The step through one of these lists."""
        return next((step for step in self.steps if step.list in lists), None)

    @property
    def renames(self) -> bool:
        """Is the difference one in the name of the innermost item, a group aside?"""
        return self.leaf in _NAMES and bool(self.steps) and self.steps[-1].list not in _GROUPS

    @property
    def item(self) -> Tree:
        """The innermost item on the way; the root where there is none."""
        return self.steps[-1].item if self.steps else self.root


def spot(case: Case) -> Spot:
    """Where the difference stands, read in the version that holds it."""
    delta = case.delta
    gone = delta.op == "removed" and bool(delta.at)
    root, titles = _root(case, before=delta.op == "removed")
    path: Sequence[str] = delta.from_at if gone and delta.from_at is not None else delta.at
    steps: list[Step] = []
    node: Value | None = root
    group, place = "", 0
    while place < len(path) and isinstance(node, Mapping):
        name = path[place]
        member = node.get(name)
        if isinstance(member, Items) and place + 1 < len(path):
            key = path[place + 1]
            found = member.get(key)
            item: Tree = found if isinstance(found, Mapping) else {}
            if name in BY_GROUP or name in _GROUPS:
                numbered = "" if key.startswith("#") else key.upper()
                group = titles.get(_group_key(item, key), "") or numbered
            steps.append(Step(name, _name(item), item, len(member)))
            node, place = item, place + 2
        else:
            steps += [Step(name, "", member, 1)] if isinstance(member, Mapping) else []
            node, place = member, place + 1
    whole = isinstance(value_of(case), Mapping)
    return Spot(tuple(steps), group, "" if whole or not path else path[-1], root, titles)


def value_of(case: Case) -> Value | None:
    """What came, went or stands there now."""
    return case.delta.old if case.delta.new is None else case.delta.new


_Root: TypeAlias = tuple[Tree, Mapping[str, str]]
"""A module or an outcome measure, with the titles of its groups."""


@kept
def _roots(scene: Scene) -> dict[tuple[str, str | None, bool], _Root]:  # noqa: ARG001
    """Those looked up so far: each may hold hundreds of differences."""
    return {}


def _root(case: Case, *, before: bool) -> _Root:
    delta, roots = case.delta, _roots(case.scene)
    key = delta.from_key or delta.key if before else delta.key
    known = roots.get((delta.field, key, before))
    if known is None:
        record = case.scene.before if before else case.scene.after
        found = record.get(delta.field) if key is None else record.items(delta.field).get(key)
        root = found if isinstance(found, Mapping) else {}
        known = roots[delta.field, key, before] = root, _group_titles(root)
    return known


def _group_titles(root: Tree) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name in _GROUPS:
        groups = root.get(name)
        if isinstance(groups, Items):
            found.update({_group_key(group, key): shown(group.get("title")) for key, group in groups.items()})
    return found


def _group_key(item: Tree, key: str) -> str:
    return shown(item.get("groupId") or item.get("id")).casefold() or key


def _name(item: Tree) -> str:
    return next((told for name in _NAMES if (told := shown(item.get(name)))), "")
