"""Doses and schedules: the numbers that changed in a text whose words stayed.

Where words changed too, nothing is said here: the edit is told as any other.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![\w.,\-–/])\d+(?:[.,]\d+)*(?![\w])|(?<![\w.,\-–/])\d+(?:[.,]\d+)*(?=[a-zµμ%]+\b)")
_UNIT = re.compile(
    r"(?!\s(?:and|or|of|to|in|on|for|with|the|at|by|then|per|from|a|x)\b)(?:-(?:day|week|month|hour)s?\b|\s?(?:[A-Za-zµμ%][\w²³µμ%]*(?:/[\w²³]+)*|/[\w²³]+))"
)
_LEAD = re.compile(r"(?:every|for|up to|day|days|week|weeks|cycle|cycles|over|on|after|at|of)\s$", re.I)
_DOSE = re.compile(
    r"\s?(?:(?:m|k|µ|μ|mc|u|n)?g|m?[lL]|IU|MU|U|units?|Gy|cGy|mmol|mol|mEq|AUC|vg|PFU|cells?|tablets?|capsules?)"
    r"(?:/\S+)?$"
)
_BEFORE_A_DOSE = frozenset({"of", "at", "for"})
"""Words that say nothing of a dose: `of 0.25 mg`."""
_TOLD = 3
"""Numbers named in one sentence."""


def numbers_moved(old: str, new: str) -> str:
    """`dose 10 → 15 mg/kg, every 3 → 2 weeks`; empty unless numbers are all that changed."""
    before, after = list(_NUMBER.finditer(old)), list(_NUMBER.finditer(new))
    if len(before) != len(after) or _words(old) != _words(new):
        return ""
    moved = [
        _moved(old, new, first, second)
        for first, second in zip(before, after, strict=True)
        if first.group() != second.group()
    ]
    # A number that neither a unit nor a word before it explains is better quoted in its text.
    return ", ".join(dict.fromkeys(moved)) if 0 < len(moved) <= _TOLD and all(moved) else ""


def _moved(old: str, new: str, first: re.Match[str], second: re.Match[str]) -> str:
    found = _UNIT.match(new, second.end())
    unit = found.group().rstrip(".") if found else ""
    lead = _LEAD.search(new[max(0, second.start() - 10) : second.start()])
    was = _UNIT.match(old, first.end())
    shift = f"{first.group()} → {second.group()}{unit}"
    dose = was and _DOSE.match(unit)
    if lead and _fits(lead, new, second) and not (dose and lead.group().strip().lower() in _BEFORE_A_DOSE):
        return f"{lead.group().strip().lower()} {shift}"
    if not unit:
        return ""
    return f"dose {shift}" if dose else shift


def _fits(lead: re.Match[str], text: str, number: re.Match[str]) -> bool:
    """Is the word before the number a whole one?"""
    at = number.start() - len(lead.group())
    return at <= 0 or not text[at - 1].isalnum()


def _words(text: str) -> str:
    """The text with its numbers taken out."""
    return " ".join(_NUMBER.sub("#", text).split()).casefold()
