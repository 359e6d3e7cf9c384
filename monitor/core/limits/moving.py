"""How the limits of a criterion moved between two wordings of it.

Limits pair by what they are about; a pair of one value, perhaps in other units, is restated; any other pair
moved, `loosened` or `tightened` where that is plain and `changed` where it is not. A wrong direction is
worse than none: negations, conditions, exceptions, other units and limits without a partner are `changed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypeAlias

from monitor.core.limits.limit import INTERVAL, WINDOW, Limit
from monitor.core.limits.reading import limits_in
from monitor.core.limits.subject import is_of_others

Direction: TypeAlias = Literal["loosened", "tightened", "changed"]
_INFINITY = float("inf")
_EXACT = 1e-9
_COUNTED = frozenset({"ECOG", "measurable lesions", "prior lines of therapy", "relapses", "seizures"})
_CALENDAR = 0.1
"""By what share 3 months and 12 weeks differ at most, or a month and 4 weeks."""
_FAR = 1 << 30
"""The place of a limit that is not there: after all others."""


@dataclass(frozen=True, slots=True)
class Move:
    """A limit before and after; None where there was, or is, none of it."""

    what: str
    old: Limit | None
    new: Limit | None
    direction: Direction


@dataclass(frozen=True, slots=True)
class Moves:
    """What became of the limits of a criterion."""

    moved: tuple[Move, ...]
    restated: tuple[Move, ...]
    """The same limit in other units or another spelling."""
    spliced: str
    """The old wording with every paired limit as the new one puts it: what else differs, differs in words."""

    @property
    def direction(self) -> Direction | None:
        """The direction all moved limits agree on; None where they do not or none moved."""
        ways = {move.direction for move in self.moved}
        return ways.pop() if len(ways) == 1 else None


@lru_cache(maxsize=64)
def moves(old: str, new: str, section: str) -> Moves:
    """Pair the limits of two wordings of a criterion in `inclusion` or `exclusion`."""
    before, after = limits_in(old), limits_in(new)
    moved: list[Move] = []
    restated: list[Move] = []
    pairs: list[tuple[Limit, Limit]] = []
    for what in dict.fromkeys(_group(limit) for limit in (*after, *before)):
        olds = [limit for limit in before if _group(limit) == what]
        news = [limit for limit in after if _group(limit) == what]
        paired = _paired(olds, news)
        pairs += paired
        for one, other in paired:
            if _same(one, other):
                if not _same_unit(one, other):
                    restated.append(Move(_name(one, section), one, other, "changed"))
            else:
                moved.append(Move(_name(other, section), one, other, _direction(one, other, section)))
        if what:
            taken = {id(limit) for pair in paired for limit in pair}
            moved += [
                Move(_name(limit, section), limit, None, "changed")
                for limit in olds
                if id(limit) not in taken
            ]
            moved += [
                Move(_name(limit, section), None, limit, "changed")
                for limit in news
                if id(limit) not in taken
            ]
    moved.sort(key=_place)
    spliced = _splice(old, new, pairs)
    if is_of_others(spliced, new):
        moved = [replace(move, direction="changed") for move in moved]
    return Moves(tuple(moved), tuple(restated), spliced)


def _group(limit: Limit) -> str:
    """Windows of time pair with each other, whatever therapies are named around them."""
    return WINDOW if limit.window else limit.what


def _name(limit: Limit, section: str) -> str:
    """What a window of time is called depends on whether it keeps people out: then it is a wash-out."""
    if not limit.window:
        return limit.what
    _, _, of = limit.what.partition(" of ")
    if not of and limit.bound.high is None:
        return ""
    if limit.what == INTERVAL or not (
        section == "exclusion" or limit.sense.turned or limit.bound.high is None
    ):
        return INTERVAL
    if not of:
        return WINDOW
    return "wash-out" if of == "therapy" else f"wash-out of {of}"


def _place(move: Move) -> tuple[int, int]:
    return (
        move.new.bound.start if move.new else _FAR,
        move.old.bound.start if move.old else _FAR,
    )


def _paired(olds: Sequence[Limit], news: Sequence[Limit]) -> list[tuple[Limit, Limit]]:
    """Equal ones first; of the rest those that bound the same side in the same family, if as many."""
    pairs: list[tuple[Limit, Limit]] = []
    if list(map(_side, olds)) == list(map(_side, news)) and _in_place(olds, news):
        return list(zip(olds, news, strict=True))
    rest = list(news)
    left = []
    for old in olds:
        same = next((new for new in rest if _same(old, new)), None)
        if same is None:
            left.append(old)
        else:
            rest.remove(same)
            pairs.append((old, same))
    for kind in dict.fromkeys(map(_side, left)):
        ours = [limit for limit in left if _side(limit) == kind]
        theirs = [limit for limit in rest if _side(limit) == kind]
        if len(ours) == len(theirs):
            pairs += zip(ours, theirs, strict=True)
    taken = {id(limit) for pair in pairs for limit in pair}
    left = [limit for limit in left if id(limit) not in taken]
    rest = [limit for limit in rest if id(limit) not in taken]
    if len(left) == len(rest) == 1 and left[0].what:
        pairs.append((left[0], rest[0]))
    return sorted(pairs, key=lambda pair: pair[0].bound.start)


def _in_place(olds: Sequence[Limit], news: Sequence[Limit]) -> bool:
    """Do as many limits stay where they stood as stay at all?"""
    staying = sum(map(_same, olds, news))
    rest = list(news)
    for old in olds:
        if (twin := next((new for new in rest if _same(old, new)), None)) is not None:
            rest.remove(twin)
    return staying == len(news) - len(rest)


def _side(limit: Limit) -> tuple[str, bool, bool, bool]:
    bound = limit.bound
    return bound.unit.family, bound.low is None, bound.high is None, limit.window


def _same(one: Limit, other: Limit) -> bool:
    """The same limit, perhaps in another unit of the family."""
    a, b = one.bound, other.bound
    first, second = _closed(one), _closed(other)
    return (
        a.unit.family == b.unit.family
        and first[1] == second[1]
        and all(_equal(x, y) for x, y in zip(first[0], second[0], strict=True))
    )


def _closed(limit: Limit) -> tuple[tuple[float | None, float | None], tuple[bool, bool]]:
    """The ends and whether they are open; of what is counted, more than 1 is at least 2."""
    (low, high), bound = limit.bound.based, limit.bound
    if limit.what not in _COUNTED:
        return (low, high), (bound.low_open, bound.high_open)
    return (
        low + 1 if low is not None and bound.low_open else low,
        high - 1 if high is not None and bound.high_open else high,
    ), (False, False)


def _equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _EXACT * max(abs(one), abs(other))


def _same_unit(one: Limit, other: Limit) -> bool:
    return one.bound.unit.shown == other.bound.unit.shown


def _direction(old: Limit, new: Limit, section: str) -> Direction:
    if section not in ("inclusion", "exclusion") or not (_is_plain(old, section) and _is_plain(new, section)):
        return "changed"
    alike = (
        old.sense.turned == new.sense.turned
        and old.window == new.window
        and old.required == new.required
        and old.bound.unit.family == new.bound.unit.family
    )
    wider = _wider(old, new) if alike and not _by_calendar_alone(old, new) else None
    if wider is None:
        return "changed"
    lets_in = wider == (section == "inclusion" or new.required)
    return "loosened" if lets_in != new.sense.turned else "tightened"


def _is_plain(limit: Limit, section: str) -> bool:
    sense = limit.sense
    aside = sense.forbidden if section == "inclusion" else sense.permitted
    return sense.plain and not aside


def _wider(old: Limit, new: Limit) -> bool | None:
    """Does the new bound hold all the old one held, and more? None where neither holds the other."""
    (old_low, old_high), (new_low, new_high) = _ends(old), _ends(new)
    if (old_low, old_high) == (new_low, new_high):
        return None
    if new_low <= old_low and new_high >= old_high:
        return True
    if new_low >= old_low and new_high <= old_high:
        return False
    return None


def _by_calendar_alone(old: Limit, new: Limit) -> bool:
    """Is one in months or years, the other in weeks or days, and only the calendar between them?"""
    counted = [limit.bound.unit.shown in ("months", "years") for limit in (old, new)]
    if counted[0] == counted[1]:
        return False
    ends = zip(old.bound.based, new.bound.based, strict=True)
    return all(
        one is other
        or (one is not None and other is not None and abs(one - other) <= _CALENDAR * max(one, other))
        for one, other in ends
    )


def _ends(limit: Limit) -> tuple[float, float]:
    (low, high), _ = _closed(limit)
    return -_INFINITY if low is None else low, _INFINITY if high is None else high


def _splice(old: str, new: str, pairs: Sequence[tuple[Limit, Limit]]) -> str:
    """The old text with its limits as the new text puts them."""
    parts, at = [], 0
    for one, other in sorted(pairs, key=lambda pair: pair[0].bound.start):
        start, end = one.bound.start, one.bound.end
        if start < at:
            continue
        parts += [old[at:start], new[other.bound.start : other.bound.end]]
        at = end
    return "".join(parts) + old[at:]
