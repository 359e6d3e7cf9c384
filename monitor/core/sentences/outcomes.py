"""Sentences about outcomes: what became of one, when that matters, and what else of it changed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitor.core import switching
from monitor.core.change import Delta
from monitor.core.fits.outcomes import PRIMARY
from monitor.core.phrases import clip, plural
from monitor.core.scene import PRIMARY_COMPLETION, Case, Scene
from monitor.core.sentences.words import capital, changed_words, edited, quoted, stop, when
from monitor.core.text import same_words

_LISTS = {"outcomes.primary": "primary", "outcomes.secondary": "secondary", "outcomes.other": "other"}
_FRAME = re.compile(r"(?P<amount>\d[\d.,]*)\s+(?P<unit>[A-Za-z]+)\.?$")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)?")
_UNIT = re.compile(r"(?:minute|hour|day|week|month|year)s?[.,;]?", re.I)
_PARTS = {"timeFrame": "Time frame", "description": "Description", "measure": "Measure"}
_FRAME_LENGTH = 60
"""Characters up to which two time frames are told in full beside each other."""


def outcome(case: Case) -> str:
    """An outcome came, went, moved or changed; with it its other parts that changed at once."""
    if switching.lead(case) is not None:
        return own(case)
    tails = [_tail(Case(delta, case.scene)) for delta in _others(case)]
    return stop("; ".join([own(case).rstrip("."), *tails]))


def brief(case: Case) -> str:
    """The same for a headline: of long texts only that they changed."""
    tails = [_brief_tail(Case(delta, case.scene)) for delta in _others(case)]
    return stop("; ".join([own(case).rstrip("."), *tails]))


def own(case: Case) -> str:
    """What this one difference says, and nothing else."""
    delta, kind = case.delta, _LISTS.get(case.delta.field, "other")
    name = quoted(case.of_item("measure"))
    if delta.op == "moved" and not delta.at:
        source = _LISTS.get(delta.from_field or "", "other")
        late = _late(case) if PRIMARY in (delta.field, delta.from_field) else ""
        return f"{name} moved from {source} to {kind} outcomes{late}."
    if not delta.at:
        frame = case.of_item("timeFrame")
        within = f" ({clip(frame, 80)})" if frame else ""
        timed = f" {timing_words(case.scene)}" if delta.field == PRIMARY else ""
        return f"{capital(kind)} outcome {delta.op}{timed}: {name}{within}."
    return f"{_part(case, kind, name)}{_late(case) if delta.field == PRIMARY else ''}."


def timing_words(scene: Scene) -> str:
    """When the outcomes changed, to follow what became of them."""
    match switching.timing(scene):
        case "before_start":
            return "before start"
        case "after_primary_completion" if scene.completed_by is not None:
            # A plan that has passed is no completion: the trial may well be recruiting still.
            actual = scene.after.dated(PRIMARY_COMPLETION)
            planned = "" if actual and actual.type == "ACTUAL" else "the estimated "
            return f"after {planned}primary completion ({when(scene.completed_by)})"
        case "at_results_posting":
            return "at results posting"
        case "after_results_posting":
            return "after results were posted"
    return "before primary completion"


def re_timed(old: str, new: str) -> str:
    """How a time frame moved, to follow a name: ` 24 → 36 months`, ` week 12 → 24`, else both quoted."""
    before, after = _FRAME.match(old), _FRAME.match(new)
    if before and after:
        same = before["unit"].casefold().rstrip("s") == after["unit"].casefold().rstrip("s")
        return f" {before['amount'] if same else old} → {new}"
    return _one_number(old.split(), new.split()) or f": {quoted(old)} → {quoted(new)}"


def _one_number(old: Sequence[str], new: Sequence[str]) -> str:
    """Of two texts that differ in one number alone, that number with its unit; else empty."""
    if len(old) != len(new):
        return ""
    places = [place for place, words in enumerate(zip(old, new, strict=True)) if words[0] != words[1]]
    if len(places) != 1:
        return ""
    place = places[0]
    was, now = old[place].rstrip(".,;"), new[place].rstrip(".,;")
    if not (_FIGURE.fullmatch(was) and _FIGURE.fullmatch(now)):
        return ""
    after = new[place + 1] if place + 1 < len(new) else ""
    if was == old[place] and _UNIT.fullmatch(after):
        return f" {was} → {now} {after.rstrip('.,;')}"
    before = new[place - 1] if place else ""
    return f" {before.lower()} {was} → {now}" if _UNIT.fullmatch(before) else ""


def _part(case: Case, kind: str, name: str) -> str:
    """A part that differs, without the full stop."""
    if case.part == "measure":
        return f"{capital(kind)} outcome re-worded: {changed_words(case.old, case.new)}"
    part = _PARTS.get(case.part, case.part)
    if case.part == "timeFrame" and _is_short(case):
        return f"{part} of {kind} outcome {name}{re_timed(case.old, case.new).rstrip('.')}{_alike(case)}"
    return f"{part} of {kind} outcome {name}{edited(case.old, case.new)}{_alike(case)}"


def _is_short(case: Case) -> bool:
    return bool(case.old and case.new) and max(len(case.old), len(case.new)) <= _FRAME_LENGTH


def _alike(case: Case) -> str:
    """`; the same in 17 more outcomes`, where the first of them tells it."""
    more = [delta for delta in switching.same_shift(case) if delta is not case.delta]
    if not more or switching.lead(case) is not None:
        return ""
    if len(more) == 1:
        return f"; the same for {quoted(Case(more[0], case.scene).of_item('measure'), 80)}"
    return f"; the same in {plural(len(more), 'more outcome')}"


def _late(case: Case) -> str:
    """When an edit came, where that tells: not while the trial runs as planned, nor before it began."""
    match switching.timing(case.scene):
        case "before_start":
            return " before start" if case.delta.op == "moved" else ""
        case "after_start":
            return ""
        case "at_results_posting":
            return ", restated at results posting"
    return f", {timing_words(case.scene)}"


def _others(case: Case) -> list[Delta]:
    """What else of this outcome changed, where this is the one that tells it."""
    if switching.lead(case) is not None:
        return []
    return [delta for delta in switching.parts(case) if delta is not case.delta]


def _tail(case: Case) -> str:
    """Another part that changed, to follow the sentence of the first."""
    if case.part == "measure":
        return f"re-worded: {changed_words(case.old, case.new)}" if case.old and case.new else "re-worded"
    label = _PARTS.get(case.part, case.part).lower()
    if case.part == "timeFrame" and _is_short(case):
        return f"{label}{re_timed(case.old, case.new)}".rstrip(".")
    return f"{label}{edited(case.old, case.new)}"


def _brief_tail(case: Case) -> str:
    if case.part == "timeFrame" and _is_short(case) and not same_words(case.old, case.new):
        return _tail(case)
    label = _PARTS.get(case.part, case.part).lower()
    return f"{label} {'given' if not case.old else 'no longer given' if not case.new else 're-worded'}"
