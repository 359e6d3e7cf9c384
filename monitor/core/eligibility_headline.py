"""The headline of an eligibility story: the limit that matters most first, then the rest, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from monitor.core.change import Change
from monitor.core.fits.eligibility import CRITERIA, limits_of
from monitor.core.limits import Move, moved_words, way_words
from monitor.core.scene import Case, Scene

_NAMED = 2
"""Limits named; the criteria of the others are counted."""
_FOREMOST = ("age", "ECOG", "Karnofsky", "Lansky", "prior lines of therapy", "life expectancy")
_LAST = ("time window", "look-back", "wash-out")
_OPS = ("added", "removed", "changed", "moved", "re-worded")


def eligibility_headline(scene: Scene, lead: Sequence[Change]) -> str:
    """`Eligibility: ECOG 0–1 → 0–2 (loosened); 2 exclusion criteria added`, over two changes or more."""
    fields = [_within(change.summary) for change in lead if change.field != CRITERIA]
    foremost = [
        (min(moves, key=_rank), place)
        for place, change in enumerate(lead)
        if (moves := _named(scene, change))
    ]
    foremost.sort(key=lambda two: _rank(two[0]))
    shown = foremost[: max(0, _NAMED - len(fields))]
    told = [*fields[:_NAMED], *(f"{moved_words(move)}{way_words(move)}" for move, _ in shown)]
    said = {place for _, place in shown}
    counted = _counted(
        [change for place, change in enumerate(lead) if change.field == CRITERIA and place not in said]
    )
    if len(fields) > _NAMED:
        counted = ", ".join(filter(None, (counted, f"{len(fields) - _NAMED} more changed")))
    return f"Eligibility: {'; '.join(filter(None, (*told, counted)))}"


def _named(scene: Scene, change: Change) -> Sequence[Move]:
    """The limits of a criterion that moved and have a name."""
    case = Case(change.delta, scene)
    if change.field != CRITERIA or case.part != "text":
        return ()
    return [move for move in limits_of(case).moved if move.what and move.old and move.new]


def _rank(move: Move) -> tuple[int, int]:
    """People and performance, then laboratory values, then spans of time; plain directions first."""
    if move.what in _FOREMOST:
        place = _FOREMOST.index(move.what)
    else:
        place = len(_FOREMOST) + any(move.what.startswith(what) for what in _LAST)
    return place, move.direction == "changed"


def _counted(changes: Sequence[Change]) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    for change in changes:
        section = (change.delta.key or "").partition("|")[0] or "eligibility"
        told = "re-worded" if change.rule == "m6" else "changed" if change.delta.at else change.delta.op
        counts[told, section] += 1
    ordered = sorted(counts.items(), key=lambda two: (_OPS.index(two[0][0]), two[0][1] == "exclusion"))
    return ", ".join(
        f"{number} {section} criteri{'on' if number == 1 else 'a'} {told}"
        for (told, section), number in ordered
    )


def _within(sentence: str) -> str:
    """A sentence as a part of another one."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")
