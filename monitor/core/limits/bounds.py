"""Quantities of a text and the bounds they make: `≥ 18 years`, `between 18 and 75`, `0 or 1`.

A bound says nothing of what is bounded: that is for `reading`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from monitor.core.limits.units import NO_UNIT, Unit, unit_at
from monitor.core.numerals import CARDINALS, numbers_in

_READ = """
    one two three four five six seven eight nine ten eleven twelve fourteen fifteen sixteen eighteen twenty
    twenty-one twenty-four twenty-eight thirty sixty sixty-five ninety
"""
_SPELLED = {"zero": 0} | {word: CARDINALS[word] for word in _READ.split()}
"""The words that limits are written with: each of them is looked for at every place of a text."""
_FIGURE = r"\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?|\d{1,3}(?: 000)+(?!\d)|\d+(?:[.,·]\d+)?"
_SPELLINGS = "|".join(sorted(_SPELLED, key=len, reverse=True))
_AMOUNT = re.compile(
    rf"(?<![\w.,/^])(?:(?P<figure>{_FIGURE})(?:\s*\(\s*(?:{_SPELLINGS})\s*\))?"
    rf"|(?P<word>{_SPELLINGS})(?:\s*\(\s*(?P<again>\d+)\s*\))?)(?![\d.]*\d)(?![a-wyz]\d)",
    re.I,
)
_SIGN = re.compile(r"(?:[<>≤≥=]|\b(?:than|to|of|below|above|under|over|least|most))\s*[-−–]$", re.I)
_AT_LEAST = (
    r"≥|>\s*/?\s*=|=\s*>|⩾|≧|>\s*or\s*=|(?:at\s+least|(?:not|no)\s+(?:less|fewer)\s+than"
    r"|(?:a\s+)?minimum\s+of|not\s+lower\s+than|not\s+below"
    r"|(?:greater|more|higher|older|larger|longer)\s+than\s+or\s+equal(?:s)?\s+to"
    r"|equal\s+to\s+or\s+(?:greater|more|higher|older|larger|above|over)(?:\s+than)?"
    r"|greater\s+or\s+equal\s+(?:to|than))"
)
_AT_MOST = (
    r"≤|<\s*/?\s*=|=\s*<|⩽|≦|<\s*or\s*="
    r"|(?:at\s+most|(?:no|not)\s+(?:more|greater|higher|longer|older|later|larger)\s+than"
    r"|not\s+(?:to\s+)?exceed(?:ing)?|does\s+not\s+exceed|up\s+to|(?:a\s+)?maximum\s+of|not\s+above"
    r"|(?:less|lower|fewer|smaller|shorter|younger)\s+than\s+or\s+equal(?:s)?\s+to"
    r"|equal\s+to\s+or\s+(?:less|lower|fewer|smaller|below|under|younger)(?:\s+than)?"
    r"|less\s+or\s+equal\s+(?:to|than))"
)
_ABOVE = (
    r">|(?:greater|more|higher|older|larger|longer|worse)\s+than|exceed(?:s|ing)|in\s+excess\s+of|above|over"
)
_BELOW = r"<|(?:less|lower|fewer|smaller|shorter|younger)\s+than|below|under"
_COMPARATOR = rf"(?P<least>{_AT_LEAST})|(?P<most>{_AT_MOST})|(?P<above>{_ABOVE})|(?P<below>{_BELOW})"
_BEFORE = re.compile(
    rf"(?:^|(?<=[^\w])|(?<=\w)(?=[<>≤≥=⩾⩽≧≦]))(?:{_COMPARATOR})"
    r"\s*(?:\(\s*[<>≤≥=]+\s*\)|the\s+age\s+of|age|the\s+(?:last|past))?\s*$",
    re.I,
)
_AFTER = re.compile(
    r"\s*(?:of\s+age|old|in\s+(?:size|diameter))?\s*,?\s*[(]?\s*(?:"
    r"(?P<least>(?:and|or|&)\s*(?:older|above|over|more|greater|higher|longer|up|upwards?|larger|elder)\b"
    r"|/older|\+(?!\d)|minimum\b)"
    r"|(?P<most>(?:and|or|&)\s*(?:younger|below|under|less|lower|fewer|shorter|smaller)\b|maximum\b))",
    re.I,
)
_JOIN = re.compile(
    r"\s*(?:(?P<span>-|–|—|−|~|～|‑|to|through|till|until|up\s+to)|(?P<both>and|but|,)|or|,\s*or|/)\s*$",
    re.I,
)
_GAP = 60
"""Characters between the two ends of a range, at most."""
_AND = re.compile(r"\s*(?:of\s+age|old)?\s*(?:and|to|but|,|-|–)?\s*", re.I)
_BETWEEN = re.compile(r"\b(?P<between>between)\s*(?:the\s+ages?\s+of\s*)?$", re.I)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit at a place of a text."""

    start: int
    number: int
    """Where the number itself ends, its unit not counted."""
    end: int
    value: float
    shown: str
    unit: Unit
    figure: bool
    """Written in figures."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What numbers are let in: from `low` to `high` in `unit`, `None` where there is no end.

    `low_open` and `high_open` say that the end itself is out. A `bare` bound is a number that no word
    compares: only what it is about can tell what it means.
    """

    start: int
    end: int
    low: float | None
    high: float | None
    unit: Unit
    low_shown: str = ""
    high_shown: str = ""
    low_open: bool = False
    high_open: bool = False
    bare: bool = False
    counted: bool = False
    """Both ends come from a listing (`0, 1 or 2`)."""

    @property
    def based(self) -> tuple[float | None, float | None]:
        """Both ends in the base unit of the family."""
        factor = self.unit.factor
        return (
            None if self.low is None else round(self.low * factor, 12),
            None if self.high is None else round(self.high * factor, 12),
        )


def quantities(text: str) -> list[Quantity]:
    """Every number of a text that is not part of a name."""
    found = []
    taken = 0
    for amount in _AMOUNT.finditer(text):
        if amount.start() < taken:
            continue
        figure = amount["figure"] or amount["again"]
        value = _value(figure) if figure else float(_SPELLED[amount["word"].casefold()])
        start = amount.start()
        sign = _SIGN.search(text[max(0, start - 12) : start])
        if sign and not (start >= 2 and text[start - 2].isdigit()):
            start, value = start - 1, -value
        shown = figure or f"{value:g}"
        plus = text[amount.end() : amount.end() + 1] == "+"
        unit, end = unit_at(text, amount.end() + plus)
        if plus and unit is NO_UNIT:
            end = amount.end()
        if unit is NO_UNIT and amount.end() < len(text) and _glued(text, amount.end()):
            continue
        taken = end
        found.append(
            Quantity(
                start, amount.end(), end, value, f"−{shown}" if value < 0 else shown, unit, figure is not None
            )
        )
    return found


def _value(figure: str) -> float:
    return float(
        numbers_in(figure.replace("·", ".").replace(" ", "").replace("\u00a0", "").replace("\u202f", ""))[0]
    )


def _glued(text: str, at: int) -> bool:
    """Does a letter follow at once, as in `3A4`?"""
    return text[at].isalpha()


def bounds(text: str) -> list[Bound]:
    """The bounds of a text, in order, each number in one of them at most."""
    numbers = quantities(text)
    made: list[Bound] = []
    index = 0
    while index < len(numbers):
        bound, used = _bound(text, numbers, index, made[-1].end if made else 0)
        made.append(bound)
        index += used
    return made


class _Compared(NamedTuple):
    """Where a bound begins, which end its number is (None: no word compares it), and whether it is out."""

    start: int
    lower: bool | None
    out: bool = False


def _bound(text: str, numbers: Sequence[Quantity], index: int, floor: int) -> tuple[Bound, int]:
    first = numbers[index]
    said = _compared(text, first, floor)
    if index + 1 < len(numbers):
        ranged = _range(text, first, numbers[index + 1], said)
        if ranged is not None:
            return ranged, 2
    if said.lower is not None:
        return _one_sided(first, said), 1
    return _listed(text, numbers, index) or (_postfixed(text, first), 1)


def _compared(text: str, number: Quantity, floor: int) -> _Compared:
    begin = max(floor, number.start - 48)
    found = _BEFORE.search(text[begin : number.start])
    if found is None:
        return _Compared(number.start, None)
    kind = found.lastgroup
    return _Compared(begin + found.start(), kind in ("least", "above"), kind in ("above", "below"))


def _one_sided(number: Quantity, said: _Compared) -> Bound:
    if said.lower:
        return Bound(said.start, number.end, number.value, None, number.unit, number.shown, low_open=said.out)
    return Bound(
        said.start, number.end, None, number.value, number.unit, high_shown=number.shown, high_open=said.out
    )


def _range(text: str, first: Quantity, second: Quantity, said: _Compared) -> Bound | None:
    """`18 to 75 years`, `between 18 and 75`, `≥ 18 and ≤ 75`, `≥ 18 to 75`."""
    unit = _shared_unit(first, second)
    if unit is None or second.start - first.end > _GAP or first.value >= second.value:
        return None
    other = _compared(text, second, first.end)
    start, low_open, high_open = said.start, False, False
    joined = _JOIN.match(text[first.end : other.start])
    if said.lower is None and other.lower is None:
        between = _BETWEEN.search(text[max(0, first.start - 30) : first.start])
        if joined is None or not (joined["span"] or (between and joined["both"])):
            return None
        start = max(0, first.start - 30) + between.start() if between else first.start
    elif said.lower and other.lower is False:
        if not _AND.fullmatch(text[first.end : other.start]):
            return None
        low_open, high_open = said.out, other.out
    elif not said.lower or said.out or other.lower is not None or joined is None or not joined["span"]:
        return None
    return Bound(
        start, second.end, first.value, second.value, unit, first.shown, second.shown, low_open, high_open
    )


def _shared_unit(first: Quantity, second: Quantity) -> Unit | None:
    if first.unit is NO_UNIT or first.unit == second.unit:
        return second.unit
    return first.unit if second.unit is NO_UNIT else None


def _listed(text: str, numbers: Sequence[Quantity], index: int) -> tuple[Bound, int] | None:
    """`0 or 1`, `0, 1 or 2`: consecutive whole numbers."""
    last = index
    while last + 1 < len(numbers) and numbers[last + 1].value == numbers[last].value + 1:
        gap = text[numbers[last].end : numbers[last + 1].start]
        if (
            not re.fullmatch(r"\s*(?:,|or|and|,\s*or|,\s*and|/|and/or)\s*", gap, re.I)
            or numbers[last].unit is not NO_UNIT
        ):
            break
        last += 1
    if last == index:
        return None
    low, high = numbers[index], numbers[last]
    bound = Bound(
        low.start, high.end, low.value, high.value, high.unit, low.shown, high.shown, bare=True, counted=True
    )
    return bound, last - index + 1


def _postfixed(text: str, number: Quantity) -> Bound:
    if text[number.number : number.number + 1] == "+":
        return _one_sided(number, _Compared(number.start, lower=True))
    found = _AFTER.match(text, number.end)
    if found is None:
        return Bound(
            number.start,
            number.end,
            number.value,
            number.value,
            number.unit,
            number.shown,
            number.shown,
            bare=True,
        )
    said = _Compared(number.start, found.lastgroup == "least")
    return replace(_one_sided(number, said), end=found.end())


def as_least(bound: Bound) -> Bound:
    """A bare length as the least that must be kept."""
    return Bound(bound.start, bound.end, bound.low, None, bound.unit, low_shown=bound.low_shown, bare=True)


def as_most(bound: Bound) -> Bound:
    """A bare length as the end of a window."""
    return Bound(bound.start, bound.end, None, bound.high, bound.unit, high_shown=bound.high_shown, bare=True)
