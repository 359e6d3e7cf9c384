"""Words for values: how the sentences put dates, spans, shares, enum values and changed text.

Real minus and en dash, sign and unit always, dates as precise as the record (voice, "Numbers").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from monitor.core.partial_date import PartialDate
from monitor.core.phrases import clip, day_words
from monitor.core.record import Dated, Value
from monitor.core.scene import shown
from monitor.core.text import same_words, word_diff

STOPS = {"TERMINATED": "Terminated", "SUSPENDED": "Recruitment suspended", "WITHDRAWN": "Withdrawn"}
"""How a headline begins that tells of a stop, by the status it came to."""
QUOTE = 160
"""Characters quoted of one text."""
_MONTH = 30.4375
_MONTHS_FROM = 46
_ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
_KEEP_CAPITALS = {"NIH", "FDA", "IRB", "EUDRACT", "CTIS", "ECT", "SAP", "ICF", "CSR", "NA"}
_WORDS = {
    "ACTIVE_NOT_RECRUITING": "active, not recruiting",
    "ENROLLING_BY_INVITATION": "enrolling by invitation",
    "NA": "not applicable",
    "EARLY_PHASE1": "early phase 1",
    "NON_RANDOMIZED": "non-randomized",
    "NONE": "none (open label)",
    "DIETARY_SUPPLEMENT": "dietary supplement",
    "NON_PROBABILITY_SAMPLE": "non-probability sample",
    "SAP": "analysis plan",
    "ICF": "consent form",
    "CSR": "clinical study report",
    "OLDER_ADULT": "older adult",
    "FED": "federal agency",
    "INDIV": "individual",
    "AMBIG": "ambiguous",
    "OTHER_GOV": "other government",
}
_ENUM = re.compile(r"^[A-Z]+(?:_[A-Z]+)*$")
_AROUND = 60
"""Characters of unchanged text looked at on each side of an edit."""
_LEAD = 4
"""Words quoted before an edit."""
_FIRST_WORDS = re.compile(r"\s*(?:\S+\s*){0,2}")
_WITH_ARTICLE = re.compile(
    r"^(?:United |Netherlands$|Philippines$|Bahamas$|Maldives$)|\b(?:Republic|Islands|Emirates|Territory)\b"
)
_PHASE = re.compile(r"^PHASE(\d)$")


@lru_cache(maxsize=1024)
def word(value: str) -> str:
    """An enum value in words; anything else unchanged."""
    if value in _WORDS:
        return _WORDS[value]
    if found := _PHASE.match(value):
        return f"phase {found[1]}"
    if not _ENUM.match(value) or value in _KEEP_CAPITALS:
        return value
    return value.replace("_", " ").lower()


def status(value: str | None) -> str:
    """A status in words, as a sentence begins: `Active, not recruiting`."""
    return capital(word(value)) if value else "No status"


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def quoted(text: str, limit: int = QUOTE) -> str:
    """Registry text in quotation marks, shortened between words, without its own full stop."""
    said = clip(text, limit).rstrip(".")
    return f"“{said}”" if '"' in said else f'"{said}"'


def when(value: Dated | PartialDate | date) -> str:
    """`Mar 2027`, `14 Mar 2027`, `2027`."""
    return day_words(value.date if isinstance(value, Dated) else value)


def stretch(days: int) -> str:
    """A length of time: days, and months once it passes 45 days."""
    days = abs(days)
    if days < _MONTHS_FROM:
        return f"{days} day{'' if days == 1 else 's'}"
    months = round(days / _MONTH)
    return f"{months} month{'' if months == 1 else 's'}"


def moved(days: int) -> str:
    """`7 months later`, `12 days earlier`."""
    return f"{stretch(days)} {'later' if days > 0 else 'earlier'}"


def percent(old: int, new: int) -> str:
    """`−29 %`, `+40 %`; empty where there is nothing to compare with."""
    if old == 0:
        return ""
    share = 100 * (new - old) / old
    digits = 0 if abs(share) >= 1 else 1
    return f"{'+' if share >= 0 else '−'}{abs(share):.{digits}f} %"


def ordinal(number: int) -> str:
    """`Third`, `12th`."""
    if number <= len(_ORDINALS):
        return _ORDINALS[number - 1]
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def times(number: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def listing(names: Iterable[str], limit: int = 5, *, last: str = "and") -> str:
    """`a, b and c`; past `limit` the rest is counted."""
    known = list(names)
    if len(known) > limit:
        known = [*known[: limit - 1], f"{len(known) - limit + 1} more"]
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} {last} {known[-1]}" if known else ""


def in_country(name: str) -> str:
    """A country as it follows `in`: `Japan`, `the United States`."""
    return f"the {name}" if _WITH_ARTICLE.search(name) else name


def value_words(value: Value | None) -> str:
    """Any simple value in words."""
    match value:
        case frozenset():
            return ", ".join(word(name) for name in sorted(value)) or "none"
        case Dated():
            return when(value) + (f" ({value.type.lower()})" if value.type else "")
        case str():
            return clip(word(value), QUOTE)
    return clip(shown(value), QUOTE)


def stop(sentence: str) -> str:
    """With exactly one full stop at its end."""
    return sentence if sentence.endswith(".") else f"{sentence}."


def changed_words(old: str, new: str, edits: int = 2, *, figures: bool = True) -> str:
    """What differs between two texts, with a few words around it: `"ECOG 0-1" → "ECOG 0-2"`.

    So many edits are shown, the rest is counted. Without `figures`, an edit of nothing but numbers is left
    out of longer texts, for who has told it already; empty where nothing else is left.
    """
    if same_words(old, new):
        return f"only case or punctuation changed: {quoted(new, QUOTE // 2)}"
    if len(old) + len(new) <= 2 * QUOTE // 3:
        return f"{quoted(old)} → {quoted(new)}"
    regions = [region for region in _regions(old, new) if not same_words(region[1], region[2])]
    if not figures:
        regions = [region for region in regions if any(c.isalpha() for c in region[1] + region[2])]
    told = [_region(*region) for region in regions[:edits]]
    more = len(regions) - len(told)
    return "; ".join(told) + (f"; and {more} more edit{'' if more == 1 else 's'}" if more else "")


def _region(before: str, removed: str, added: str, after: str) -> str:
    tail = _FIRST_WORDS.match(after[:_AROUND])
    head, foot = _last_words(before[-_AROUND:]), tail.group() if tail else ""
    if not removed.strip():
        return f"added {quoted(added)} after {quoted(head)}" if head else f"begins {quoted(added)}"
    if not added.strip():
        return f"removed {quoted(removed)} after {quoted(head)}" if head else f"removed {quoted(removed)}"
    return f"{quoted(head + removed + foot)} → {quoted(head + added + foot)}"


def _last_words(text: str) -> str:
    rest, *words = text.rsplit(None, _LEAD) or [""]
    return (text[len(rest) :] if len(words) == _LEAD else text).lstrip()


def _regions(old: str, new: str) -> list[tuple[str, str, str, str]]:
    """(words before, removed, added, words after) of each stretch that differs."""
    found: list[tuple[str, str, str, str]] = []
    kept, removed, added = "", "", ""
    for step in word_diff(old, new):
        match step:
            case ["-", str(text)]:
                removed += text
            case ["+", str(text)]:
                added += text
            case ["=", str(text)]:
                if removed or added:
                    found.append((kept, removed, added, text))
                kept, removed, added = text, "", ""
    if removed or added:
        found.append((kept, removed, added, ""))
    return found


def edited(old: str, new: str) -> str:
    """A part of an item, to follow its name: given, dropped or changed."""
    if not old:
        return f" given: {quoted(new)}"
    if not new:
        return f" no longer given (was {quoted(old)})"
    return f": {changed_words(old, new)}"
