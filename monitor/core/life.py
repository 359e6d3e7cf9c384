"""Changes in a trial's life that no payload holds: first seen, gone, back, renamed, in or out of a search.

They go through the same rules and sentences as any other change (contract section 2).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from monitor.core.change import ChangeSet, Delta
from monitor.core.classify import classify
from monitor.core.headlines import first_sight_line
from monitor.core.phrases import phase_words
from monitor.core.record import JsonObject, TrialId, TrialRecord
from monitor.core.rule import RuleTable
from monitor.core.searches import SEARCH, Matched, Membership
from monitor.core.sentences.words import word

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


def search_change(
    name: str,
    event: Membership,
    record: TrialRecord,
    *,
    matched: Matched | None = None,
    rules: RuleTable | None = None,
) -> ChangeSet:
    """The trial came into a saved search, came back to it, or left it; `record` is as it is now."""
    came = event != "left"
    delta = Delta(
        "registry.search",
        "added" if came else "removed",
        None if came else "entered",
        event if came else None,
        key=name,
    )
    found = _event(delta, rules)
    context = in_brief(record)
    facts: JsonObject = {"search": name, "event": event, "context": context}
    if matched is not None:
        facts["matched"] = {"name": matched.name, "place": matched.place}
    said = {"entered": "New in the search", "back": "Back in the search", "left": "No longer in the search"}
    told = ": ".join(part for part in (f"{said[event]} {name}", context if came else "") if part)
    summary = f"{told} ({matched})." if matched and came else f"{told}."
    changes = tuple(
        replace(
            change,
            summary=summary,
            reason=change.reason if came else "no longer found by the search",
            facts={**change.facts, **facts},
        )
        for change in found.changes
    )
    stories = tuple(replace(story, kind=SEARCH, headline=summary.rstrip(".")) for story in found.findings)
    return ChangeSet(changes, stories)


def in_brief(record: TrialRecord) -> str:
    """Phase, status and lead sponsor in a few words."""
    state = record.word("status.overallStatus")
    lead = record.word("sponsor.lead")
    parts = (phase_words(sorted(record.words("design.phases"))), word(state) if state else "", lead or "")
    return ", ".join(part for part in parts if part)


def _event(delta: Delta, rules: RuleTable | None) -> ChangeSet:
    nothing = TrialRecord(TrialId("", ""), {}, lambda _: None)
    return classify((delta,), nothing, nothing, rules=rules)
