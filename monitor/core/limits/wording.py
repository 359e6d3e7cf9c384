"""Limits in few words (`ECOG 0–1 → 0–2`, `platelets ≥ 100 → ≥ 75 × 10⁹/L`) and as the facts of a change.

Units are put in one way, numbers as the record has them. Nothing is converted in what people read.
"""

from __future__ import annotations

from monitor.core.limits.bounds import Bound
from monitor.core.limits.limit import Limit
from monitor.core.limits.moving import Move
from monitor.core.record import JsonObject

_SINGULAR = {
    name: name[:-1] for name in ("minutes", "hours", "days", "weeks", "months", "years", "pack-years")
} | {"half-lives": "half-life"}


def moved_words(move: Move) -> str:
    """`platelets ≥ 100 → ≥ 75 × 10⁹/L`, without the direction."""
    old, new = move.old, move.new
    name = f"{move.what} " if move.what else ""
    if old is None or new is None:
        kept = old or new
        assert kept is not None
        return f"{name}{limit_words(kept)} {'no longer given' if new is None else 'given'}"
    shared = old.bound.unit == new.bound.unit
    before = _range(old) if shared else limit_words(old)
    return f"{name}{before} → {limit_words(new)}"


def way_words(move: Move) -> str:
    """` (loosened)`, to follow the words of a move; empty where no direction is plain."""
    return "" if move.direction == "changed" else f" ({move.direction})"


def limit_words(limit: Limit) -> str:
    """`≥ 100 × 10⁹/L`, `0–1`, `18–75 years`; a window or a wash-out to be kept without its sign."""
    return f"{_range(limit)}{_unit(limit.bound)}"


def to_facts(move: Move) -> JsonObject:
    """`what`, `old`, `new` (`min`, `max`, `unit`, `text`) and `direction`; `what` is null where unknown."""
    return {
        "what": move.what or None,
        "old": _facts(move.old),
        "new": _facts(move.new),
        "direction": move.direction,
    }


def _facts(limit: Limit | None) -> JsonObject | None:
    if limit is None:
        return None
    bound = limit.bound
    return {
        "min": _number(bound.low),
        "max": _number(bound.high),
        "unit": bound.unit.shown or None,
        "text": limit_words(limit),
    }


def _number(value: float | None) -> int | float | None:
    return int(value) if value is not None and value == int(value) else value


def _range(limit: Limit) -> str:
    bound = limit.bound
    if bound.low is not None and bound.high is not None:
        if bound.low == bound.high:
            return bound.low_shown
        open_ends = bound.low_open or bound.high_open
        if open_ends:
            signs = (">" if bound.low_open else "≥", "<" if bound.high_open else "≤")
            return f"{signs[0]} {bound.low_shown} and {signs[1]} {bound.high_shown}"
        return f"{bound.low_shown}–{bound.high_shown}"
    shown = bound.low_shown if bound.high is None else bound.high_shown
    sign = _sign(bound)
    return shown if bound.bare else f"{sign} {shown}"


def _sign(bound: Bound) -> str:
    if bound.high is None:
        return ">" if bound.low_open else "≥"
    return "<" if bound.high_open else "≤"


def _unit(bound: Bound) -> str:
    shown = bound.unit.shown
    if not shown or shown.startswith("/"):
        return shown
    value = bound.high if bound.high is not None else bound.low
    return f" {_SINGULAR.get(shown, shown) if value == 1 else shown}"
