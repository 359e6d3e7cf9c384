"""Changes in a trial's life that no payload holds: first seen, gone from the registry, back, renamed.

They go through the same rules and sentences as any other change (contract section 2).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from monitor.core.change import ChangeSet, Delta
from monitor.core.classify import classify
from monitor.core.headlines import first_sight_line
from monitor.core.record import TrialId, TrialRecord
from monitor.core.rule import RuleTable

Presence: TypeAlias = Literal["present", "gone"]


def presence_change(old: Presence | None, new: Presence, *, rules: RuleTable | None = None) -> ChangeSet:
    """The record went from the registry, or came back; empty where nothing changed."""
    if old == new:
        return ChangeSet()
    return _event(Delta("registry.presence", "changed" if old else "added", old, new), rules)


def alias_change(old: str, new: str, *, rules: RuleTable | None = None) -> ChangeSet:
    """The registry merged number `old` into `new`; empty where they are the same."""
    if old == new:
        return ChangeSet()
    return _event(Delta("registry.alias", "changed", old, new), rules)


def first_sight(trial: TrialId, record: TrialRecord) -> str:
    """The first sight of a record in one line: `Now watching NCT0…: Phase 2, recruiting, … (17 fields).`"""
    return f"{first_sight_line(replace(record, trial=trial))}."


def _event(delta: Delta, rules: RuleTable | None) -> ChangeSet:
    nothing = TrialRecord(TrialId("", ""), {}, lambda _: None)
    return classify((delta,), nothing, nothing, rules=rules)
