"""Deltas in context → changes: category, deciding rule, significance, reason, facts, sentence.

Total: every delta gets exactly one rule, the first of the table that fits; the others that fit are kept in
`facts.also`. Deterministic: nothing is read but the two records, the day given and the history given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache, partial
from typing import TypeAlias

from monitor.core.catalogue import field
from monitor.core.change import LEVELS, Change, ChangeSet, Delta, Significance
from monitor.core.findings import first_sight, tell
from monitor.core.fits import FITS
from monitor.core.measures import measures
from monitor.core.record import JsonObject, TrialRecord
from monitor.core.rule import RuleTable
from monitor.core.rules import FIRST_SIGHT, default_rules
from monitor.core.scene import Case, Scene
from monitor.core.sentences import by_field
from monitor.core.weight import circumstances, weigh

_STATUS = "status.overallStatus"

Weigher: TypeAlias = "Callable[[str], tuple[Significance, tuple[str, ...]]]"
"""By a rule: the level circumstances leave its changes, and which ones they are."""


def classify(
    deltas: Sequence[Delta],
    before: TrialRecord | None,
    after: TrialRecord,
    *,
    today: date | None = None,
    history: Sequence[JsonObject] | None = None,
    rules: RuleTable | None = None,
    confirmed: date | None = None,
) -> ChangeSet:
    """Judge every difference between two versions and tell their stories.

    `today` is the day things are judged on, by default the after record's last update; `history` holds the
    trial's earlier changes (contract section 2), oldest first, None where they are not known;
    `confirmed` is the last day on which the earlier version was seen to stand, where it was looked at again.
    Without `before` it is the first sight of a record: no news, so every change is noise by `n0`.
    """
    table = rules or default_rules()
    earlier = before or TrialRecord(after.trial, {}, lambda _: None)
    scene = Scene(earlier, after, tuple(deltas), table, today, history, confirmed)
    cases = [Case(delta, scene) for delta in scene.deltas]
    if before is None:
        changes = tuple(_first_seen(case) for case in cases)
        return ChangeSet(changes, (first_sight(scene),) if changes else (), baseline=True)
    weigher = cache(partial(weigh, table=table, shifts=circumstances(scene)))
    changes = tuple(judge(case, weigher) for case in cases)
    return ChangeSet(changes, tell(scene, changes))


def judge(case: Case, weigher: Weigher) -> Change:
    """One difference, weighed: the deciding rule, its reason, and the level circumstances leave it."""
    rule, reason, also = _decide(case)
    facts = measures(case)
    level, why = weigher(rule)
    if why:
        facts["context"] = list(why)
        reason = f"{reason}; {_shifted(case.scene.rules.level(rule), level)}: {', '.join(why)}"
    if also:
        facts["also"] = list(also)
    if thresholds := case.scene.rules[rule].thresholds:
        facts["thresholds"] = dict(thresholds)
        if "similarity" in thresholds and case.old and case.new and case.part != "timeFrame":
            facts["similarity"] = round(case.similarity, 3)
    category = field(case.delta.field).category
    return Change(case.delta, category, level, rule, reason, by_field.summary(case), facts)


def _decide(case: Case) -> tuple[str, str, tuple[str, ...]]:
    """(the deciding rule, its reason, the others that fit).

    Minor and noise rules are about the rest: they are asked only if nothing else decides.
    """
    table, name = case.scene.rules, case.delta.field
    deciding: tuple[str, str] | None = None
    also: list[str] = []
    veiled = case.scene.veil is not None and name != _STATUS
    for rule in table.for_field(name):
        is_rest = rule.id[0] in "mn"
        if (deciding and is_rest) or (veiled and rule.id[0] != "n"):
            continue
        reason = FITS[rule.id](case)
        if reason is None:
            continue
        if deciding is None and rule.on == "change":
            deciding = rule.id, reason
        else:
            also.append(rule.id)
        if is_rest:
            break
    if deciding is None:
        deciding = table.catch_all, _beside_the_veil(case) or FITS[table.catch_all](case) or ""
    return *deciding, tuple(also)


def _beside_the_veil(case: Case) -> str | None:
    """What a record hides or shows as a whole is one story (M20, C10), not two hundred."""
    match case.scene.veil:
        case "drawn":
            return "hidden with the whole record"
        case "lifted":
            return "shown with the whole record"
    return None


def _first_seen(case: Case) -> Change:
    return Change(
        delta=case.delta,
        category=field(case.delta.field).category,
        significance=FIRST_SIGHT.level,
        rule=FIRST_SIGHT.id,
        reason="first sight of the record",
        summary=by_field.first_sight(case),
    )


def _shifted(base: Significance, level: Significance) -> str:
    if base == level:
        return f"stays {level}"
    return f"{base} → {level}" if LEVELS.index(base) < LEVELS.index(level) else f"{base} raised to {level}"
