"""What a version did to posted results, summed up by module: numbers, terms, totals, participants.

History holds each number that differs; a digest is told the sum, and the estimates of the primary outcome in
full. Sums are counts of differences and the registry's own totals: nothing is reckoned from results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from monitor.core.change import Delta
from monitor.core.lazy import kept
from monitor.core.phrases import plural
from monitor.core.posted import BASELINE, EVENTS, FLOW, MEASURES, POSTED, spot
from monitor.core.record import Items, JsonObject, Text, Tree, Value
from monitor.core.scene import Case, Scene, shown
from monitor.core.sentences.words import quoted

FEW = 3
"""Differences of one module that are told one by one."""
_TOTALS_TOLD = 3
_ESTIMATES = ("pValue", "paramValue")
_TERMS = ("seriousEvents", "otherEvents")
_TOTALS = {
    "deathsNumAffected": "deaths",
    "seriousNumAffected": "serious events",
    "otherNumAffected": "other events",
}
_MILESTONES = ("STARTED", "COMPLETED", "NOT COMPLETED")
_LEADS = {
    MEASURES: "Posted outcome measures",
    EVENTS: "Posted adverse events",
    FLOW: "Posted participant flow",
    BASELINE: "Posted baseline characteristics",
}
_LISTS = {
    MEASURES: ("measure", ("",)),
    EVENTS: ("term", _TERMS),
    FLOW: ("period", ("periods",)),
    BASELINE: ("measure", ("measures",)),
}
"""What the numbers of a module are counted in, and the lists that hold it."""


def is_summed(case: Case) -> bool:
    """Is the difference one of so many in posted results that a digest tells their sum?

    The primary outcomes' p-values and estimates are always told in full.
    """
    delta, scene = case.delta, case.scene
    if delta.field not in POSTED or not _stay_posted(scene) or len(scene.by_field[delta.field]) <= FEW:
        return False
    return not _is_primary_estimate(case)


def weight(case: Case) -> tuple[int, int]:
    """What of revised results is told first, lowest first: primary outcomes, harm, flow, the rest."""
    delta = case.delta
    first, leaf = (delta.at[0], delta.at[-1]) if delta.at else ("", "")
    match delta.field:
        case "results.outcomeMeasures" if case.of_item("type") == "PRIMARY":
            if first == "analyses":
                return 0, _ESTIMATES.index(leaf) if leaf in _ESTIMATES else len(_ESTIMATES)
            return 1, 0
        case "results.adverseEvents" if leaf.startswith("deaths"):
            return 2, 0
        case "results.adverseEvents" if leaf.startswith("serious") or first == "seriousEvents":
            return 2, 1
        case "results.participantFlow":
            return 3, 0
        case "results.outcomeMeasures" | "results.adverseEvents":
            return 4, 0
    return 5, 0


@kept
def sums(scene: Scene) -> Mapping[str, str]:
    """One sentence for each module of posted results with more differences than are told one by one."""
    return {name: told for name in POSTED if (told := _sum(scene, name))}


@kept
def first_posting(scene: Scene) -> JsonObject:
    """`outcome_measures`, `primary_outcome_measures`, `participants` who started, `serious_event_terms`."""
    facts: JsonObject = {}
    added = [delta for delta in scene.by_field.get(MEASURES, ()) if delta.op == "added" and not delta.at]
    if added:
        kinds = [_part(delta.new, "type") for delta in added]
        facts["outcome_measures"] = len(added)
        facts["primary_outcome_measures"] = kinds.count("PRIMARY")
    for name, fact, count in (
        (FLOW, "participants", _started),
        (EVENTS, "serious_event_terms", _serious_terms),
    ):
        whole = next((delta.new for delta in scene.by_field.get(name, ()) if not delta.at), None)
        if isinstance(whole, Mapping) and (number := count(whole)) is not None:
            facts[fact] = number
    return facts


def first_posting_line(facts: JsonObject) -> str:
    """`First posted: 8 outcome measures (2 primary), 120 participants, 24 serious adverse event terms.`"""
    told = []
    measures, primary = facts.get("outcome_measures"), facts.get("primary_outcome_measures")
    if isinstance(measures, int):
        told.append(plural(measures, "outcome measure") + (f" ({primary} primary)" if primary else ""))
    if isinstance(people := facts.get("participants"), int):
        told.append(plural(people, "participant"))
    if isinstance(terms := facts.get("serious_event_terms"), int):
        told.append(plural(terms, "serious adverse event term"))
    return f"First posted: {', '.join(told)}." if told else ""


@kept
def _stay_posted(scene: Scene) -> bool:
    return all(record.get("results.hasResults") is True for record in (scene.before, scene.after))


def _is_primary_estimate(case: Case) -> bool:
    at = case.delta.at
    return bool(at) and at[0] == "analyses" and at[-1] in _ESTIMATES and case.of_item("type") == "PRIMARY"


def _sum(scene: Scene, name: str) -> str:
    cases = [case for delta in scene.by_field.get(name, ()) if is_summed(case := Case(delta, scene))]
    if not cases:
        return ""
    told = [f"{_LEADS[name]} revised: {'; '.join(_counts(name, cases))}"]
    if name == EVENTS:
        told += _totals(cases)
    elif name == FLOW:
        told += _moved_on(cases)
    return f"{'; '.join(told)}."


def _counts(name: str, cases: Sequence[Case]) -> Iterator[str]:
    """`14 numbers in 6 terms`, `2 terms added`, `1 text`."""
    noun, lists = _LISTS[name]
    numbers: list[Delta] = []
    came: Counter[str] = Counter()
    texts = 0
    for case in cases:
        delta = case.delta
        if _is_whole(delta, lists):
            came[delta.op] += 1
        elif name == EVENTS and _is_total(delta):
            continue
        elif isinstance(delta.old, Text) or isinstance(delta.new, Text):
            texts += 1
        else:
            numbers.append(delta)
    within = {_within(delta, lists) for delta in numbers} - {None}
    if numbers:
        places = f" in {plural(len(within), noun)}" if within else ""
        primary = sum(1 for key in within if key and key.startswith("primary|")) if name == MEASURES else 0
        yield plural(len(numbers), "number") + places + (f" ({primary} primary)" if primary else "")
    for op, number in sorted(came.items()):
        yield f"{plural(number, noun)} {op}"
    if texts:
        yield plural(texts, "text")


def _is_whole(delta: Delta, lists: Sequence[str]) -> bool:
    """Did a whole term, period or measure come or go?"""
    if lists == ("",):
        return not delta.at
    return len(delta.at) == 2 and delta.at[0] in lists and delta.op != "changed"


def _within(delta: Delta, lists: Sequence[str]) -> str | None:
    if lists == ("",):
        return delta.key
    return "|".join(delta.at[:2]) if len(delta.at) > 1 and delta.at[0] in lists else None


def _is_total(delta: Delta) -> bool:
    return bool(delta.at) and delta.at[0] == "eventGroups" and delta.at[-1] in _TOTALS


def _totals(cases: Sequence[Case]) -> Iterator[str]:
    """`serious events in "Veltomab" 31 → 33 of 120`, deaths first, a few of them."""
    found = sorted(
        (case for case in cases if _is_total(case.delta)),
        key=lambda case: (list(_TOTALS).index(case.delta.at[-1]), case.delta.at),
    )
    for case in found[:_TOTALS_TOLD]:
        at, leaf = spot(case), case.delta.at[-1]
        whole = shown(at.item.get(leaf.replace("Affected", "AtRisk")))
        of = f" of {whole}" if whole else ""
        yield f"{_TOTALS[leaf]} in {quoted(at.group, 60)} {case.old or 'none'} → {case.new or 'none'}{of}"
    if len(found) > _TOTALS_TOLD:
        yield plural(len(found) - _TOTALS_TOLD, "more total")


def _moved_on(cases: Sequence[Case]) -> Iterator[str]:
    """`3 more completed`: how many participants more or fewer passed each milestone."""
    moved: Counter[str] = Counter()
    for case in cases:
        old, new = _whole_number(case.delta.old), _whole_number(case.delta.new)
        if "milestones" in case.delta.at and case.delta.at[-1] == "numSubjects" and None not in (old, new):
            step = spot(case).step("milestones")
            moved[step.name if step else ""] += (new or 0) - (old or 0)
    for name in _MILESTONES:
        if number := moved[name]:
            yield f"{abs(number):,} {'more' if number > 0 else 'fewer'} {name.lower()}"


def _started(flow: Tree) -> int | None:
    """Participants who started; of several periods the one that most did."""
    counts = []
    for period in _items(flow.get("periods")):
        for milestone in _items(period.get("milestones")):
            if shown(milestone.get("type")) == "STARTED":
                people = [
                    _whole_number(stat.get("numSubjects")) for stat in _items(milestone.get("achievements"))
                ]
                counts.append(sum(number for number in people if number is not None))
    return max(counts, default=None)


def _serious_terms(events: Tree) -> int | None:
    terms = events.get("seriousEvents")
    return len(terms) if isinstance(terms, Items) else None


def _items(value: Value | None) -> Iterator[Tree]:
    return iter(value.values()) if isinstance(value, Items) else iter(())


def _part(value: Value | None, name: str) -> str:
    return shown(value.get(name)) if isinstance(value, Mapping) else ""


def _whole_number(value: Value | None) -> int | None:
    text = shown(value).replace(",", "")
    return int(text) if text.isascii() and text.isdigit() else None
