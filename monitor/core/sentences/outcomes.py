"""Sentences about outcomes."""

from __future__ import annotations

import re

from monitor.core.phrases import clip
from monitor.core.scene import Case
from monitor.core.sentences.words import capital, changed_words, edited, quoted, stop

_LISTS = {"outcomes.primary": "primary", "outcomes.secondary": "secondary", "outcomes.other": "other"}
_FRAME = re.compile(r"(?P<amount>\d[\d.,]*)\s+(?P<unit>[A-Za-z]+)\.?$")
_PARTS = {"timeFrame": "Time frame", "description": "Description", "measure": "Measure"}


def outcome(case: Case) -> str:
    """An outcome came, went, moved or changed."""
    delta, kind = case.delta, _LISTS.get(case.delta.field, "other")
    name = quoted(case.of_item("measure"))
    if delta.op == "moved" and not delta.at:
        source = _LISTS.get(delta.from_field or "", "other")
        return f"{name} moved from {source} to {kind} outcomes."
    if not delta.at:
        frame = case.of_item("timeFrame")
        within = f" ({clip(frame, 80)})" if frame else ""
        return f"{capital(kind)} outcome {delta.op}: {name}{within}."
    if case.part == "measure":
        return f"{capital(kind)} outcome re-worded: {changed_words(case.old, case.new)}."
    part = _PARTS.get(case.part, case.part)
    if case.part == "timeFrame" and case.old and case.new and max(len(case.old), len(case.new)) <= 60:
        return stop(f"{part} of {kind} outcome {name}{re_timed(case.old, case.new)}")
    return f"{part} of {kind} outcome {name}{edited(case.old, case.new)}."


def re_timed(old: str, new: str) -> str:
    """How a time frame moved, to follow a name: ` 24 → 36 months`, else both quoted."""
    before, after = _FRAME.match(old), _FRAME.match(new)
    if not (before and after):
        return f": {quoted(old)} → {quoted(new)}"
    same = before["unit"].casefold().rstrip("s") == after["unit"].casefold().rstrip("s")
    return f" {before['amount'] if same else old} → {new}"
