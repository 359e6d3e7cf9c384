"""How long a time frame lasts: the longest span or the latest point that it names, in days.

Read from figures and words alike ("up to 2 years", "Week 24", "30 days; one year"). What is named by an
event alone ("until progression") has no length here, and a margin ("± 3 days") is none. Nothing is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from monitor.core.numerals import CARDINALS, ONES, ORDINALS, TENS, plain_number

_LONGEST = 1_000
"""Characters of a time frame that are read; the registry takes 255."""
SPELLED = {"a": 1, "an": 1, **CARDINALS, **ORDINALS}
_DAYS = {
    "second": 1 / 86400,
    "sec": 1 / 86400,
    "minute": 1 / 1440,
    "min": 1 / 1440,
    "hour": 1 / 24,
    "hr": 1 / 24,
    "h": 1 / 24,
    "day": 1.0,
    "week": 7.0,
    "wk": 7.0,
    "month": 30.4375,
    "mo": 30.4375,
    "year": 365.25,
    "yr": 365.25,
}
_TEN = rf"(?:{'|'.join(TENS)})"
_WORDS = rf"{_TEN}[-\s](?:{'|'.join(ONES)})|" + "|".join(
    sorted((word for word in SPELLED if "-" not in word), key=len, reverse=True)
)
_FIGURE = r"\d+(?:,\d{3})*(?:[.,]\d+)?"
_HALF = r"(?:\s*½|\s+1/2|\s+and\s+(?:a|one)\s+half)"
_UNIT = r"(?P<unit>seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|weeks?|wks?|months?|mos?|years?|yrs?)\b"
_ANY_UNIT = _UNIT.replace("?P<unit>", "?:")
_THEN_UNIT = rf"\s*[-‑]?\s*{_ANY_UNIT}"
_BETWEEN = r"(?:(?:\s*[;/&]\s*|\s*,\s+)(?:and\s+|or\s+)?|\s+(?:and|or|to|through)\s+|\s*[-–—]\s*)"

_AMOUNT = (
    rf"(?<![\d.±])(?:(?P<half>half)(?:\s+an?)?|(?P<amount>{_FIGURE}|\b(?:{_WORDS})\b)"
    rf"(?:\s?(?:st|nd|rd|th)\b)?(?P<plus>{_HALF})?|(?P<bare>½))"
)
_LENGTH = re.compile(
    rf"(?P<more>(?:\b{_FIGURE}{_BETWEEN})*){_AMOUNT}"
    r"(?:\s*(?:±|\+/-)\s*\d+)?\s*(?:\([^()]{0,20}\))?[\s\-‑]*"
    rf"(?:(?:calendar|full|complete|consecutive|additional|postoperative)\s+)?{_UNIT}",
    re.I,
)
_POINT = re.compile(
    rf"\b(?P<unit>second|minute|hour|day|week|month|year)s?\s*(?:#\s*)?(?P<list>{_FIGURE}(?!\d|{_THEN_UNIT})"
    rf"(?:(?:{_BETWEEN}{_FIGURE})+(?!\d|[.,]\d|(?:{_BETWEEN}{_FIGURE})*{_THEN_UNIT}))?)",
    re.I,
)
_CYCLE = re.compile(r"\bcycles?\s*(?P<last>\d+)\b|\b(?P<count>\d+)\s+cycles\b", re.I)
_CYCLE_LENGTH = re.compile(
    rf"\bcycles?\b[^.;]{{0,40}}?\b(?P<amount>{_FIGURE})[\s\-‑]*(?P<unit>day|week|month)s?\b"
    rf"|\b(?P<amount_>{_FIGURE})[\s\-‑]*(?P<unit_>day|week|month)s?[\s\-‑]+cycles?\b",
    re.I,
)
_NUMBERS = re.compile(_FIGURE)
_BARE_LIST = re.compile(r"\b\d+(?:,\d{1,2}){2,}\b|\b\d{2},\d{2}\b")
"""`1,3,6,12` and `36,52` are lists, `1,5` is a fraction."""
_MARGIN = re.compile(rf"(?:±|\+/-|\+\s*/\s*-)\s*{_FIGURE}\s*-?\s*(?:{_ANY_UNIT})?", re.I)


@lru_cache(maxsize=4096)
def duration_days(time_frame: str) -> float | None:
    """The longest duration a time frame names, in days ("up to 2 years", "week 24"); None where none is."""
    text = time_frame[:_LONGEST]
    if "±" in text or "+" in text:
        text = _MARGIN.sub(_unit_kept, text)
    if "," in text:
        text = _BARE_LIST.sub(lambda found: found.group().replace(",", ", "), text)
    return max((*_lengths(text), *_points(text), *_cycles(text)), default=None)


def shift_of(old: str, new: str) -> tuple[object, object]:
    """What two time frames that moved alike share: both lengths, else both texts."""
    before, after = duration_days(old), duration_days(new)
    if before is None or after is None or before == after:
        return old.casefold(), new.casefold()
    return before, after


def _unit_kept(margin: re.Match[str]) -> str:
    """`12 ± 2 weeks` is 12 weeks: the margin goes, the unit that both numbers share stays."""
    before = margin.string[: margin.start()].rstrip()
    shared = before[-1:].isdigit()
    return " " + margin.group().lstrip("±+/- 0123456789.,") if shared else " "


def _lengths(text: str) -> Iterator[float]:
    for found in _LENGTH.finditer(text):
        unit = _unit_days(found["unit"])
        yield _number(found) * unit
        yield from (float(plain_number(figure)) * unit for figure in _NUMBERS.findall(found["more"]))


def _number(found: re.Match[str]) -> float:
    if found["half"] or found["bare"]:
        return 0.5
    amount = found["amount"].casefold()
    spelled = SPELLED.get("-".join(amount.split()))
    number = float(plain_number(amount)) if spelled is None else float(spelled)
    return number + 0.5 if found["plus"] else number


def _points(text: str) -> Iterator[float]:
    for found in _POINT.finditer(text):
        unit = _unit_days(found["unit"])
        yield from (float(figure) * unit for figure in re.findall(r"\d+(?:\.\d+)?", found["list"]))


def _cycles(text: str) -> Iterator[float]:
    """`Cycle 6 (each cycle is 21 days)`: so many cycles of that length."""
    length = _CYCLE_LENGTH.search(text)
    if length is None:
        return
    days = float(plain_number(length["amount"] or length["amount_"])) * _unit_days(
        length["unit"] or length["unit_"]
    )
    yield from (float(found["last"] or found["count"]) * days for found in _CYCLE.finditer(text))


def _unit_days(unit: str) -> float:
    unit = unit.casefold()
    return _DAYS[unit] if unit in _DAYS else _DAYS[unit.removesuffix("s")]
