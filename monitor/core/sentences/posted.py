"""Sentences about posted results: one number, text or item of them that is not what it was.

Measured values are the registry's strings and are quoted, never reckoned with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from monitor.core.phrases import clip
from monitor.core.posted import BASELINE, BY_GROUP, EVENTS, FLOW, MEASURES, Spot, spot, value_of
from monitor.core.record import Items, Text, Tree, Value
from monitor.core.scene import Case, shown
from monitor.core.sentences.record import plain
from monitor.core.sentences.words import edited, quoted, stop, word

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TITLE = 80
_HEADS = {FLOW: "Participant flow", BASELINE: "Baseline", EVENTS: "Adverse events"}
_TYPES = {"OTHER_PRE_SPECIFIED": "other pre-specified", "POST_HOC": "post-hoc"}
_LEAVES = {
    "populationDescription": "population",
    "unitOfMeasure": "unit",
    "paramType": "kind of value",
    "dispersionType": "kind of dispersion",
    "denomUnitsSelected": "units analyzed",
    "typeUnitsAnalyzed": "units analyzed",
    "frequencyThreshold": "frequency threshold (%)",
    "allCauseMortalityComment": "comment on all-cause mortality",
    "pValue": "p-value",
    "ciPctValue": "confidence level (%)",
    "ciNumSides": "sides of the confidence interval",
    "statisticalMethod": "method",
    "groupDescription": "description of the comparison",
    "groupIds": "groups compared",
    "assessmentType": "assessment",
    "sourceVocabulary": "vocabulary",
    "calculatePct": "percentages calculated",
    "anticipatedPostingDate": "anticipated posting",
    "preAssignmentDetails": "details before assignment",
}
_TOTALS = {
    "deaths": "deaths from any cause",
    "serious": "participants with serious events",
    "other": "participants with other events",
}
_TOTAL = re.compile(r"(deaths|serious|other)Num(Affected|AtRisk)")


def posted(case: Case) -> str:
    """A difference in posted results."""
    if case.delta.field == MEASURES and not case.delta.at:
        return f"Posted result {case.delta.op}: {_measure(case)}."
    if not case.delta.at:
        label = plain(case).partition(" given")[0].partition(" no longer")[0].rstrip(".")
        return f"{label} {'posted' if case.delta.op == 'added' else 'no longer posted'}."
    at = spot(case)
    head = ", ".join([_head(case, at), *_where(at)])
    return stop(f"{head}{_what(case, at)}")


def _head(case: Case, at: Spot) -> str:
    if case.delta.field == MEASURES:
        return f"Posted result of {_measure(case)}"
    if at.step("seriousEvents"):
        return "Adverse events, serious"
    return "Adverse events, other" if at.step("otherEvents") else _HEADS[case.delta.field]


def _measure(case: Case) -> str:
    kind = case.of_item("type")
    words = _TYPES.get(kind, word(kind))
    return f"{words + ' ' if words else ''}outcome measure {quoted(case.of_item('title'), _TITLE)}"


def _where(at: Spot) -> list[str]:
    """The way to the difference, innermost last, the group aside."""
    told: list[str] = []
    for step in at.steps:
        last = step is at.steps[-1]
        name, named = "" if last and at.renames else clip(step.name, _TITLE), last and not at.leaf
        match step.list:
            case "seriousEvents" | "otherEvents":
                system = clip(shown(step.item.get("organSystem")), _TITLE)
                told.append(" · ".join(filter(None, (system, name))))
            case "periods" | "measures" if named:
                told.append(f"{_KINDS[step.list]} {quoted(name)}")
            case "periods":
                told += [name] if step.of > 1 else []
            case "milestones":
                told.append(name.capitalize() if name.isupper() else name)
                told += ["a milestone"] if named and not name else []
            case "dropWithdraws":
                told.append(f"not completed · {name}" if name else "not completed")
            case "measures" | "classes" | "categories" if not named:
                told.append(name)
            case "analyses":
                told += [_analysis(step.item)] if step.of > 1 else []
    return [part for part in told if part]


def _analysis(item: Tree) -> str:
    """Which analysis it is, where there are several."""
    method, about = shown(item.get("statisticalMethod")), shown(item.get("groupDescription"))
    return f"analysis {quoted(about or method, 60)}" if about or method else "an analysis"


def _what(case: Case, at: Spot) -> str:
    """What differs there, to follow the way to it."""
    if not at.leaf:
        return _item(case, at)
    number = _number(case, at)
    if number is not None:
        return f": {number}"
    label = _LEAVES.get(at.leaf, _HUMP.sub(" ", at.leaf).lower())
    if at.renames or (at.leaf == "title" and at.group):
        kind = _KINDS.get(at.steps[-1].list, "item")
        if not (case.old and case.new):
            return f", name of a {kind}{edited(case.old, case.new)}"
        return f", {kind} renamed: {quoted(case.old)} → {quoted(case.new)}"
    group = f", {quoted(at.group, _TITLE)}" if at.group else ""
    old, new = case.delta.old, case.delta.new
    if isinstance(old, Text) or isinstance(new, Text):
        return f"{group}, {label}{edited(case.old, case.new)}"
    if at.leaf == "groupIds":
        return f", {label}: {_shift(_titled(old, at), _titled(new, at))}"
    return f"{group}, {label}: {_shift(_said(case.old), _said(case.new))}"


def _titled(value: Value | None, at: Spot) -> str:
    """Numbers of groups by their titles."""
    ids = sorted(value) if isinstance(value, frozenset) else []
    return ", ".join(quoted(at.titles.get(number.casefold()) or number, 60) for number in ids)


def _said(value: str) -> str:
    return word(clip(value, 120)) if value else ""


def _number(case: Case, at: Spot) -> str | None:
    """A number in its unit; None for any other attribute."""
    leaf, item = at.leaf, at.item
    shift = partial(_shift, case.old, case.new, group=f" in {quoted(at.group, _TITLE)}" if at.group else "")
    if total := _TOTAL.fullmatch(leaf):
        what = _TOTALS[total[1]]
        if total[2] == "AtRisk":
            return f"at risk ({what}) {shift()}"
        return f"{what} {shift(_of(item, f'{total[1]}NumAtRisk'))}"
    match leaf:
        case "numAffected":
            return shift(f"{_of(item, 'numAtRisk')} affected")
        case "numAtRisk":
            return f"at risk {shift()}"
        case "numEvents":
            return shift(" events")
        case "numSubjects":
            return shift(" participants")
        case "numUnits":
            return shift(" units")
        case "value" if at.step("counts"):
            return f"{_units(at)} analyzed {shift()}"
        case "value":
            return shift(_unit(at))
        case "spread":
            return f"{_dispersion(at)} {shift()}"
        case "lowerLimit" | "upperLimit":
            return f"{leaf.removesuffix('Limit')} limit {shift()}"
        case "pValue":
            return f"p-value {shift()}"
        case "paramValue":
            return f"{word(shown(item.get('paramType'))) or 'estimate'} {shift()}"
        case "dispersionValue":
            return f"{word(shown(item.get('dispersionType'))).lower() or 'dispersion'} {shift()}"
        case "ciLowerLimit" | "ciUpperLimit":
            level = shown(item.get("ciPctValue"))
            side = "lower" if leaf == "ciLowerLimit" else "upper"
            return f"{side} limit of the {f'{level} % ' if level else ''}confidence interval {shift()}"
    return None


def _shift(old: str, new: str, after: str = "", group: str = "") -> str:
    if not (old and new):
        one = (
            after.removesuffix("s") if "1" in (old, new) and after in (" participants", " events") else after
        )
        told = f"{old or new}{one}"
        return f"no longer given{group} (was {told})" if old else f"{told}{group} (not given before)"
    return f"{old} → {new}{after}{group}"


def _of(item: Tree, name: str) -> str:
    whole = shown(item.get(name))
    return f" of {whole}" if whole else ""


def _measured(at: Spot) -> Tree:
    """What says of a measurement in which unit it is: the baseline measure, or the outcome measure."""
    step = at.step("measures")
    return step.item if step else at.root


def _units(at: Spot) -> str:
    """What was counted: participants, eyes, lesions."""
    step = at.step("denoms")
    return (step.name if step else "").lower() or "units"


def _unit(at: Spot) -> str:
    unit = shown(_measured(at).get("unitOfMeasure"))
    return f" {clip(unit, 40)}" if unit else ""


def _dispersion(at: Spot) -> str:
    return word(shown(_measured(at).get("dispersionType"))).lower() or "dispersion"


def _item(case: Case, at: Spot) -> str:
    """An item that came or went, with its numbers where they are few."""
    value = value_of(case)
    item: Tree = value if isinstance(value, Mapping) and not isinstance(value, Items) else {}
    came = case.delta.op == "added"
    innermost = at.steps[-1].list if at.steps else ""
    if innermost in BY_GROUP:
        number = _one(item) or "numbers"
        counted = f"{_units(at)} analyzed " if innermost == "counts" else ""
        group = f" in {quoted(at.group, _TITLE)}" if at.group else ""
        return f": {counted}{_shift('' if came else number, number if came else '', group=group)}"
    numbers = _numbers_of(item, at.titles)
    told = f" ({numbers})" if numbers else ""
    if innermost in _SAID:
        return f": {case.delta.op}{told}"
    title = at.group or (at.steps[-1].name if at.steps else "")
    name = quoted(title, _TITLE) if title else ""
    return f", {' '.join(filter(None, (_kind(case), name)))} {case.delta.op}{told}"


_SAID = frozenset({"seriousEvents", "otherEvents", "dropWithdraws", "milestones", "measures", "periods"})
"""Lists whose items the way itself names."""


def _kind(case: Case) -> str:
    """What the thing is: the innermost list's name in words."""
    at = case.delta.at
    names = [name for name in at if name in _KINDS]
    return _KINDS[names[-1]] if names else _HUMP.sub(" ", at[-1]).lower()


_KINDS = {
    "groups": "group",
    "eventGroups": "group",
    "stats": "numbers",
    "achievements": "numbers",
    "reasons": "numbers",
    "measurements": "values",
    "counts": "number analyzed",
    "denoms": "numbers analyzed",
    "milestones": "milestone",
    "dropWithdraws": "reason",
    "seriousEvents": "term",
    "otherEvents": "term",
    "classes": "row",
    "categories": "row",
    "analyses": "analysis",
    "periods": "period",
    "measures": "measure",
}


def _numbers_of(item: Tree, titles: Mapping[str, str]) -> str:
    """`3 of 120 in "Veltomab", 1 of 118 in "Placebo"`, of an item with numbers by group."""
    for name in ("stats", "achievements", "reasons", "measurements"):
        by_group = item.get(name)
        if isinstance(by_group, Items):
            told = [
                f"{number} in {quoted(title, 40)}"
                for stat in list(by_group.values())[:3]
                if (number := _one(stat))
                and (title := titles.get(shown(stat.get("groupId")).casefold(), shown(stat.get("groupId"))))
            ]
            more = len(by_group) - len(told)
            return ", ".join(told) + (f" and {more} more groups" if told and more > 1 else "")
    return _one(item)


def _one(stat: Tree) -> str:
    for name, of in (("numAffected", "numAtRisk"), ("numSubjects", ""), ("value", "")):
        if told := shown(stat.get(name)):
            return f"{told}{_of(stat, of)}"
    return ""
