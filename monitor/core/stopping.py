"""The class of a reason for stopping (rules, "Stop classes"): read from words, negation understood.

A class is a hint for sorting. The reason itself is always quoted first; no class replaces it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias, get_args

StopClass: TypeAlias = Literal[
    "safety",
    "efficacy_futility",
    "accrual",
    "business",
    "funding",
    "supply",
    "regulatory",
    "logistics",
    "investigator",
    "other",
]
STOP_CLASSES: tuple[StopClass, ...] = get_args(StopClass)

_WORDS: Mapping[StopClass, str] = {
    "safety": r"""safety; toxicit; toxic\b; adverse (?:event|reaction|effect); side effects?; tolerab; harm\b;
        deaths?\b""",
    "efficacy_futility": r"""futil; efficacy; ineffective; effectiveness; lack of (?:benefit|effect|activity);
        no (?:perceivable |significant |clinical )?(?:effect|benefit|activity); interim (?:analysis|results?);
        negative (?:preliminary |interim )?(?:analysis|results?|data); (?:did|does|do) not (?:meet|show);
        primary endpoint; unlikely to (?:meet|show|succeed); event rate""",
    "accrual": r"""accru; recruit; enrol; feasib;
        (?:few|no|lack of|insufficient|inadequate|not enough|limited) (?:eligible )?patients?;
        (?:few|no|lack of|insufficient|inadequate|not enough|limited) (?:participants?|subjects?)""",
    "funding": r"fund(?:s|ed|ing)?\b; financ; budget; grants?\b; (?:insufficient|lack of) resources",
    "supply": r"""supply; shortage; manufactur; out of stock; unavailability;
        (?:drug|product|device|medication|vaccine) (?:is |was )?(?:not|no longer) available""",
    "regulatory": r"""fda\b; ema\b; regulat; health authorit; competent authorit; clinical hold; ethics;
        irb\b; inspection; marketing authori[sz]ation; not approved; approval""",
    "investigator": r"""investigators?\b; pi\b; physician left; left the (?:institution|university|hospital);
        staff; retire; relocat""",
    "logistics": r"""covid; pandemic; coronavirus; war\b; conflict; logistic; operational; contract; capacit;
        technical; equipment; site (?:closed|closure); no participating sites; cooperation; competing stud""",
    "business": r"""business; strateg; portfolio; commercial; company; corporate; sponsor; priorit; merger;
        acqui(?:red|sition); development (?:program|plan|was|of); internal decision; no interest; landscape;
        discontinu(?:ed|ation) of (?:the )?(?:development|program); licen[cs]""",
}
"""What each class is read from: beginnings of words, separated by semicolons."""

_CLASS = {
    name: re.compile(rf"\b(?:{'|'.join(part.strip() for part in words.split(';'))})", re.I)
    for name, words in _WORDS.items()
}
_CLAUSE = re.compile(r"[.;]\s+|[.;]$|\bbut\b|\bhowever\b|\binstead\b|\brather due to\b|\n", re.I)
# "not driven by safety concerns": everything after it in the clause is denied, whatever it names.
_DENIED = re.compile(
    r"\b(?:not|never|neither|nor)\b(?:\W+\w+){0,4}?\W+(?:related|due|based|driven|because|caused|attributable|"
    r"result|associated|linked|connected|motivated|prompted|response|reasons?|concern\w*)\b|"
    r"\bunrelated\b|\bregardless of\b|\brather than\b|\bother than\b|\bnot for\b|\bnot a\b",
    re.I,
)
# "no safety signal": only data and authorities are cleared so; "no funding" is the reason itself.
_ABSENT = re.compile(r"\b(?:no|without|any|absence of|free of)\b(?:\W+\w+){0,5}\W*$", re.I)
_CLEARED = frozenset({"safety", "regulatory"})
_STRONG: tuple[StopClass, ...] = ("safety", "efficacy_futility")
_WEAK: tuple[StopClass, ...] = ("business",)


def stop_class(reason: str) -> StopClass:
    """The class of a reason: data before the rest, then whichever is named first, a bare decision last."""
    found = sorted(_mentions(reason))
    named = [name for _, name in found]
    for name in _STRONG:
        if name in named:
            return name
    firm = [name for name in named if name not in _WEAK]
    return next(iter([*firm, *named]), "other")


def _mentions(reason: str) -> Iterator[tuple[int, StopClass]]:
    """(where, class) of every mention that is not denied."""
    start = 0
    for clause in _CLAUSE.split(reason):
        denied = _DENIED.search(clause)
        end = denied.start() if denied else len(clause)
        for name, pattern in _CLASS.items():
            for found in pattern.finditer(clause):
                absent = name in _CLEARED and _ABSENT.search(clause[: found.start()])
                if found.start() < end and not absent:
                    yield start + found.start(), name
        start += len(clause) + 1
