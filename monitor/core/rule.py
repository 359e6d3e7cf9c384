"""What a significance rule is, and a table of them with a reader's own levels and thresholds in force.

A rule here is words and numbers; whether it fits a change is asked in `core.fits`. This module knows no
rule by name and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from monitor.core.change import LEVELS, Significance
from monitor.errors import ConfigError

_NO_THRESHOLDS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table; thresholds are named in `condition` as `{name}`."""

    id: str
    name: str
    level: Significance
    condition: str
    fields: tuple[str, ...]
    """Catalogue names (`*` for any ending) whose changes it may decide; empty where it reads many changes."""
    source: str
    thresholds: Mapping[str, float] = field(default_factory=lambda: _NO_THRESHOLDS)
    on: Literal["change", "finding"] = "change"
    """Where it decides: a rule about roll-ups decides findings, and only joins a change in `facts.also`."""

    @property
    def text(self) -> str:
        """The condition with the thresholds in force."""
        return self.condition.format(**{name: f"{value:g}" for name, value in self.thresholds.items()})

    def covers(self, name: str) -> bool:
        """Is the rule asked about changes of this field?"""
        return any(fnmatchcase(name, pattern) for pattern in self.fields)


@dataclass(frozen=True, slots=True)
class Shift:
    """A circumstance that makes changes weigh one level more or less (rules, "Context")."""

    name: str
    steps: Literal[-1, 1]
    """1 for up, towards critical."""
    condition: str
    only: tuple[str, ...] = ()
    """Rules it is about; all where empty."""
    never: tuple[str, ...] = ()
    at: Significance | None = None
    """The level it is about, the rule's own or the one the other circumstances leave; all where None."""
    days: int = 0

    def touches(self, rule: str) -> bool:
        """Is it about changes this rule decides, whatever their level?"""
        return (not self.only or rule in self.only) and rule not in self.never


@dataclass(frozen=True)
class RuleTable:
    """An ordered, total table: the first rule that fits decides, and the last but noise always fits."""

    rules: tuple[Rule, ...]
    catch_all: str

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    @cached_property
    def _by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def _rank(self) -> dict[str, int]:
        return {rule.id: place for place, rule in enumerate(self.rules)}

    @cached_property
    def _by_field(self) -> dict[str, tuple[Rule, ...]]:
        return {}

    def __getitem__(self, rule: str) -> Rule:
        """The rule with this id; KeyError where there is none."""
        return self._by_id[rule]

    def level(self, rule: str) -> Significance:
        """The level in force."""
        return self._by_id[rule].level

    def limit(self, rule: str, name: str) -> float:
        """The threshold in force."""
        return self._by_id[rule].thresholds[name]

    def rank(self, rule: str) -> int:
        """The rule's place in the table, worst first."""
        return self._rank[rule]

    def for_field(self, name: str) -> tuple[Rule, ...]:
        """The rules to ask about a change of this field, in order, the catch-all aside."""
        known = self._by_field.get(name)
        if known is None:
            known = tuple(rule for rule in self.rules if rule.id != self.catch_all and rule.covers(name))
            self._by_field[name] = known
        return known

    def with_overrides(self, overrides: Mapping[str, Mapping[str, object]]) -> RuleTable:
        """The table with levels and thresholds replaced by rule id.

        Raises ConfigError naming every unknown rule, unknown key and bad value at once.
        """
        mistakes: list[tuple[str, str]] = []
        changed: dict[str, Rule] = {}
        for rule_id, settings in overrides.items():
            rule = self._by_id.get(rule_id)
            if rule is None:
                mistakes.append((f"rules.{rule_id}", "no such rule"))
            else:
                changed[rule_id] = _overridden(rule, settings, mistakes)
        if mistakes:
            listed = "; ".join(f"{key}: {what}" for key, what in mistakes)
            raise ConfigError(
                listed, key=mistakes[0][0], remedy="`trialwire rules` lists ids and thresholds."
            )
        return RuleTable(tuple(changed.get(rule.id, rule) for rule in self.rules), self.catch_all)


def _overridden(rule: Rule, settings: Mapping[str, object], mistakes: list[tuple[str, str]]) -> Rule:
    level, thresholds = rule.level, dict(rule.thresholds)
    for key, value in settings.items():
        dotted = f"rules.{rule.id}.{key}"
        if key == "level":
            if value in LEVELS:
                level = LEVELS[LEVELS.index(value)]
            else:
                mistakes.append((dotted, f"{value!r} is not one of {', '.join(LEVELS)}"))
        elif key not in thresholds:
            known = ", ".join(["level", *thresholds])
            mistakes.append((dotted, f"no such threshold; this rule has {known}"))
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e6:
            mistakes.append((dotted, f"{value!r} is not a number from 0 up"))
        else:
            thresholds[key] = float(value)
    return replace(rule, level=level, thresholds=MappingProxyType(thresholds))
