"""Changes and findings as values: what a diff emits, and what the rules add.

Delta       diff      which field, item and part differs, and how
Change      classify  the delta with category, significance, rule, reason, facts and a sentence
ChangeSet   compare   all changes between two records, and the findings over them

What becomes of them in the store, with ids and clocks, is `core.recorded`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args, overload

from monitor.core.record import Json, JsonObject, Tree, Value, to_json

Op: TypeAlias = Literal["added", "removed", "changed", "moved"]
Origin: TypeAlias = Literal["poll", "backfill", "import"]
Significance: TypeAlias = Literal["critical", "major", "minor", "noise"]
LEVELS: tuple[Significance, ...] = get_args(Significance)
"""Worst first."""


def at_least(level: Significance, minimum: Significance) -> bool:
    """Is `level` as bad as `minimum`, or worse?"""
    return LEVELS.index(level) <= LEVELS.index(minimum)


def worst(levels: Sequence[Significance]) -> Significance:
    """The worst of some levels; noise where there are none."""
    return min(levels, key=LEVELS.index, default="noise")


@dataclass(frozen=True, slots=True)
class Delta:
    """One difference between two records, in comparison values.

    `key` is the item's identity now and `from_key` its identity before where that differs; `at` is the
    path of names inside the item or tree, empty where the whole field or item is meant; `from_field` is
    the list a moved item came from; `from_at` is the path before, where items inside are numbered anew.
    """

    field: str
    op: Op
    old: Value | None
    new: Value | None
    key: str | None = None
    at: tuple[str, ...] = ()
    from_key: str | None = None
    from_field: str | None = None
    from_at: tuple[str, ...] | None = None
    item: Tree | None = dataclasses.field(default=None, compare=False, repr=False)
    """The item a part of which differs, as far as the diff has read it: the rest is in the record."""

    @property
    def part(self) -> str | None:
        """The attribute inside the item, for people and programs."""
        return ".".join(self.at) or None

    @property
    def path(self) -> str:
        """Field, key and part joined with dots, for people."""
        return ".".join(part for part in (self.field, self.key, self.part) if part)


@dataclass(frozen=True, slots=True)
class Change:
    """A delta with its meaning; `category`, `rule` and the rest are those of contract section 2."""

    delta: Delta
    category: str
    significance: Significance
    rule: str
    reason: str
    summary: str
    facts: Mapping[str, Json] = field(default_factory=dict)

    @property
    def field(self) -> str:
        """The catalogue name."""
        return self.delta.field

    def to_dict(self) -> JsonObject:
        """The members of contract section 2 that no store is needed for."""
        delta = self.delta
        moved: JsonObject = {
            name: value
            for name, value in (("from_key", delta.from_key), ("from_field", delta.from_field))
            if value is not None
        }
        return {
            "field": delta.field,
            "key": delta.key,
            "part": delta.part,
            "path": delta.path,
            "op": delta.op,
            **moved,
            "old": to_json(delta.old),
            "new": to_json(delta.new),
            "category": self.category,
            "significance": self.significance,
            "rule": self.rule,
            "reason": self.reason,
            "facts": dict(self.facts),
            "summary": self.summary,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """A story over some changes of one trial in one version; `members` index into the change set."""

    kind: str
    headline: str
    significance: Significance
    rule: str
    members: tuple[int, ...]
    details: tuple[str, ...] = ()
    """Sentences of the story that belong to no single change: roll-ups, contradictions, what did not move."""
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeSet(Sequence[Change]):
    """All changes between two records, in the record's order, and the findings over them, worst first."""

    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    baseline: bool = False
    """Is it the first sight of a record?"""

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Change, ...]: ...
    def __getitem__(self, index: int | slice) -> Change | tuple[Change, ...]:
        return self.changes[index]

    def __len__(self) -> int:
        return len(self.changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def to_dicts(self) -> list[JsonObject]:
        """Contract section 2 objects, without the members that a store gives."""
        return [{**change.to_dict(), "baseline": self.baseline} for change in self.changes]
