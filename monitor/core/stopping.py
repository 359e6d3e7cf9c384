"""The class of a reason for stopping (rules, "Stop classes"): read from words, negation understood.

A class is a hint for sorting. The reason itself is always quoted first; no class replaces it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
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

_LONGEST = 2_000
"""Characters of a reason that are read; the registry takes 250."""

_PEOPLE = r"(?:patients?|participants?|subjects?|volunteers?|cases|pts)"
_FEW = r"(?:few|fewer|no|lack of|insufficient|inadequate|not enough|limited|unable to find|small number of)"
_JOINING = r"(?:acc?ru|accural|recr[ui]+t|reclut|enrol|inclusions?\b|(?:patient|participant) uptake)"
_TROUBLE = (
    r"(?:slow|low|poor|insufficien|inadequa|lack|difficult|diffcult|unable|inab|impossib|fail|no\b|"
    r"not\b|never|few|limit|challeng|problem|issue|delay|under|only|less|small|hard|hinder|unsuccess|"
    r"behind|weak|bad\b|too long|shortfall|falta|baja|faible|stagna|declin)"
)
_WHY = r"(?:due|because|owing|after|since|with|from|by)"
_STEP = rf"(?:(?!{_WHY}\b)[\w'’%]+\W+)"

_WORDS: Mapping[StopClass, str] = {
    "safety": r"""safety; unsafe; toxicit; \w+toxicit; toxic\b; adverse (?:drug )?(?:event|reaction|effect);
        s?aes?\b; susars?\b; side.?effects?; tolerab; harm\b; deaths?\b; mortality; dlts?\b;
        (?:benefit|risk)[\W_]{1,3}(?:to\W)?(?:benefit|risk); severe (?:bleeding|infections?); carcinogen;
        liver (?:injury|damage); hepatic injury; bleeding (?:risk|events?); thrombo\w+ events?""",
    "efficacy_futility": r"""futil; efficacy; ineffective; effectiveness;
        lack of (?:clinical )?(?:benefit|effect|activity|response);
        (?:low|poor|insufficient|limited) (?:clinical )?(?:activity|response|benefit);
        no (?:perceivable |significant |clinical |additional |measurable )?(?:effects?|benefit|activity|
        superiority|difference|response);
        (?<!pending )(?<!awaiting )interim (?:analys[ie]s|results?|data|look)(?!\W+(?:pending|awaited));
        inferior;
        (?:negative|disappointing) (?:\w+ )?(?:analys[ie]s|results?|data|trial|study|outcome);
        (?:results?|data) (?:did|does|do) not support;
        not (?:reach|reached|achieved?) (?:the |its )?(?:primary|endpoint|statistical);
        (?:did|does|do) not (?:meet|show); failed to (?:meet|show|demonstrate); primary end.?point;
        unlikely to (?:meet|show|succeed|demonstrate); event rate""",
    "accrual": rf"""
        {_FEW} (?:of )?(?:\w+ )?{_PEOPLE}(?!\W+(?:\w+\W+){{0,2}}?(?:enrol|recruit|randomi|treated|dosed|
        exposed|included|consented)); feasib; {_TROUBLE}\w*\W+{_STEP}{{0,5}}?{_JOINING};
        {_JOINING}\w*\W+{_STEP}{{0,3}}?{_TROUBLE}""",
    "funding": r"""fund(?:s|ed|er|ing|ings)?\b; defund; financ; budget; grants?\b; money\b; economic;
        costs?\b; (?:insufficient|lack of|limited|no) resources; sponsorship (?:ended|withdrawn|lost)""",
    "supply": r"""suppl(?:y|ies|ier)\b;
        (?<!staff )(?<!personnel )shortages?\b(?! of (?:\w+ )?(?:staff|personnel|nurs)); manufactur(?!er);
        production\b; out of stock; unavailab; expir; recall;
        lack of (?:study |investigational )?(?:drugs?|medication|product|imp|placebo)\b;
        (?:drugs?|products?|devices?|medications?|vaccines?|imp|placebo|kits?|compound) (?:is |was |
        were |are )?(?:not|no longer|never) (?:available|manufactured|produced|provided|supplied|
        delivered)""",
    "regulatory": r"""fda\b; ema\b; mhra\b; ansm\b; bfarm\b; pmda\b; nmpa\b; cfda\b; anvisa\b;
        health canada; swissmedic; regulat; health authorit; competent authorit; clinical hold; ethics;
        ethical; irb\b; irbs\b; iec\b; inspection; marketing authori[sz]ation; not approved; approval;
        authori[sz]ation (?:was )?(?:refused|denied|withdrawn)""",
    "investigator": r"""
        (?:p\.?i\.?|investigators?|doctor|physician|chair|professor|student|fellow|
        researcher)s?\b (?:\W+(?:has|have|had|is|was|will be|who|no longer|at|our|site|being|the|
        interest))*\W+(?:left|leav|moved|moving|retir|relocat|resign|died|passed|depart|chang|transfer|
        unavailable|graduat|no longer);
        (?:departure|retirement|relocation|resignation|change|loss|leave) of (?:the |
        our )?(?:\w+ )?(?:pi\b|investigator); (?:new|change in) (?:pi\b|(?:principal )?investigator);
        left the (?:institution|university|hospital|institute|site|study team);
        (?:no|lack of) (?:\w+ ){0,3}investigators?\b""",
    "logistics": r"""covid; pandemic; coronavirus; sars.cov; war\b; conflict\b; earthquake; hurricane;
        logisti; operational; contract; capacit; technical; equipment; staff; personnel; manpower; workload;
        sites? (?:closed|closure|closing|activat); closure of (?:the )?(?:sites?|cent|unit|clinic);
        no participating sites; cooperation; competing (?:stud|trial|protocol); organi[sz]ational;
        lockdown""",
    "business": r"""business; strateg; portfolio; commercial; compan(?:y|ies)\b; corporate; sponsor\b;
        priorit; merge[rd]; bankrupt; insolven; acqui(?:red|sition); divest; landscape;
        standard of care (?:has )?chang; (?:development|clinical|drug) (?:program(?:me)?|plan|was|of);
        development (?:was |has been )?(?:stopp|discontinu|halt|terminat|ceas);
        (?:discontinu\w*|stop\w*|ceas\w*|terminat\w*|halt\w*) (?:of )?(?:the )?(?:clinical |
        drug )?(?:development|program); internal decision; no interest; licen[cs];
        (?:focus\w*|work\w*) (?:in|on) other; management decision""",
}
"""What each class is read from: beginnings of words, separated by semicolons."""

# Named without a cause beside it, these are the last to count: "PI unable to recruit", "20 were enrolled".
_BARE: Mapping[StopClass, str] = {
    "accrual": _JOINING,
    "investigator": r"investigators?\b; p\.?i\b; doctoral",
}


def _compiled(words: str) -> re.Pattern[str]:
    listed = "|".join(" ".join(part.split()) for part in words.split(";"))
    return re.compile(rf"\b(?:{listed})".replace("(?: ", "(?:").replace("| ", "|"), re.I)  # where lines broke


@cache
def _patterns() -> tuple[tuple[int, Mapping[StopClass, re.Pattern[str]]], ...]:
    # Compiled when a reason is first read: few look-ups ever need them.
    listed = ((0, _WORDS), (1, _BARE))
    return tuple((weak, {name: _compiled(words) for name, words in table.items()}) for weak, table in listed)


# What names a class without being a reason: bodies, protocol parts, how far it came, who agreed.
_BESIDE = re.compile(
    r"\bdata (?:and |& )?safety (?:and |& )?monitoring(?: (?:board|committee))?|"
    r"\bsafety (?:monitoring|review|run.in|lead.in|follow.?up|board|committee|cohort|analysis set)\b|"
    r"\bsafety (?:and|&) monitoring\b|"
    r"\b(?:death|passing) of (?:the |our )?(?:\w+ ){0,2}?(?=investigator|pi\b)|"
    r"\bin (?:agreement|accordance|consultation|discussion|alignment) with (?:the )?(?:us |"
    r"u\.s\. )?(?:fda|ema|health authorit\w+|regulat\w+(?: (?:authorit\w+|agenc\w+))?|"
    r"competent authorit\w+|ethics committees?|irbs?)\b|"
    r"\b(?:prior to|before) (?:any )?(?:\w+ )?(?:enrol\w*|recruit\w*|accru\w*|inclusion\w*)|"
    r"\b(?:not|never) (?:yet )?(?:begin|began|begun|start|started|open|opened|initiate|initiated)"
    r" (?:\w+ )?(?:enrol\w*|recruit\w*|accru\w*)|"
    r"\b(?:enrol\w*|recruit\w*|accru\w*) (?:is |was |were |has been |had been )?(?:completed?\b|on hold|"
    r"hold|halted|paused|suspended|never (?:started|began|opened)|(?:not|never) (?:yet )?(?:begun|"
    r"started|opened))|"
    r"\b(?:good|acceptable|favou?rable|well) (?:safety|tolerab)\w*(?: profile)?|"
    r"\bnon.?safety\b",
    re.I,
)
_CLAUSE = re.compile(
    r"[.;:]\s+|[.;:]$|[()\n]|\s[-–—]\s|\bbut\b|\bhowever\b|\binstead\b|\brather due to\b|\bfurthermore\b",
    re.I,
)
# "not driven by safety concerns": what follows in the clause is denied, until another cause is given.
_DENIED = re.compile(
    r"(?:\b(?:not|never|neither|nor)\b|n['’]t\b)(?:\W+\w+){0,4}?\W+(?:related|relating|due|based|driven|"
    r"because|caused|attributable|result|results|associated|linked|connected|motivated|prompted|"
    r"response|reasons?(?! (?:for|behind))|concern\w*|consequence|indicat\w+|reflect\w*|triggered|"
    r"affect\w*|influenced|on account)\b|\bunrelated\b|\bregardless of\b|"
    r"\birrespective of\b|\bindependent(?:ly)? (?:of|from)\b|"
    r"\brather than\b|\bother than\b|\bnot for\b|\bnot a\b|"
    r"\bnothing to do with\b|"
    r"\b(?:not|neither|nor) (?:about |any )?(?:safety|efficacy|toxicity|regulatory)\b|"
    r"\bno (?:\w+ )?(?:relation|link|connection|relationship)(?:ship)? (?:to|with)\b",
    re.I,
)
_AFTER_ALL = re.compile(
    r"(?:,|\band\b)\s*(?:it (?:was|is)\s*)?(?:but |rather |solely |only |mainly |purely )?(?:(?:was |"
    r"is )?due to|because|owing to|as a result of|caused by|(?:was |were )?(?:based|made|taken) (?:on|"
    r"for|due))",
    re.I,
)
# "Safety was not a factor": what comes before is denied.
_NO_PART = re.compile(
    r"\b(?:not|no|never)\b(?: (?:a|an|the|any|in any way))?(?: \w+){0,2}? (?:reasons?|factors?|cause|"
    r"driver|basis|roles?|part|concern(?:s|ed)?|issues?|involved|affected|compromised|at issue|"
    r"considered|identified|observed|found|raised|reported|noted|seen|detected)\b",
    re.I,
)
# "no safety signal": only data and authorities are cleared so; "no funding" is the reason itself.
_ABSENT = re.compile(
    rf"\b(?:no|without|any|absence of|free of|zero)\b(?:\W+(?!{_WHY}\b)\w+){{0,5}}\W*$", re.I
)
_WORRY = re.compile(r"concern|issue|reason|signal|finding|problem|consideration|question", re.I)
_NO_WORRY = re.compile(rf"\W+(?:\w+\W+){{0,3}}?(?:{_WORRY.pattern})", re.I)
_CLEARED = frozenset({"safety", "regulatory"})
_SEEN = ("observed", "found", "seen", "detected", "identified", "reported", "noted")
_DATA: tuple[StopClass, ...] = ("safety", "efficacy_futility")


def stop_class(reason: str) -> StopClass:
    """The class of a reason: data before the rest, then whichever is named first, a bare decision last."""
    found = sorted(_mentions(_BESIDE.sub(" ", reason[:_LONGEST])))
    named = [name for _, _, name in found]
    for name in _DATA:
        if name in named:
            return name
    return named[0] if named else "other"


def _mentions(reason: str) -> Iterator[tuple[int, int, StopClass]]:
    """(weakness, where, class) of every mention that is not denied."""
    start = 0
    for clause in _CLAUSE.split(reason):
        denied = _denials(clause)
        for weakness, patterns in _patterns():
            for name, pattern in patterns.items():
                for found in pattern.finditer(clause):
                    where = found.start()
                    is_denied = any(low <= where < high for low, high in denied)
                    if not (is_denied or _cleared(name, clause, found)):
                        yield max(weakness, int(name == "business")), start + where, name
        start += len(clause) + 1


def _denials(clause: str) -> list[tuple[int, int]]:
    """The stretches of a clause that say what was not the reason."""
    found = []
    for denied in _DENIED.finditer(clause):
        reopened = _AFTER_ALL.search(clause, denied.end())
        found.append((denied.start(), reopened.start() if reopened else len(clause)))
    return found


def _cleared(name: StopClass, clause: str, found: re.Match[str]) -> bool:
    """Is a matter of data or of authorities named only to say that there was nothing?"""
    if name not in _CLEARED and name != "efficacy_futility":
        return False
    rest = clause[found.end() :]
    absent = _ABSENT.search(clause[: found.start()])
    if absent and (name in _CLEARED or _WORRY.search(absent.group()) or _NO_WORRY.match(rest)):
        return True
    told = _NO_PART.search(rest)
    return told is not None and not (name == "efficacy_futility" and _seen(told))


def _seen(told: re.Match[str]) -> bool:
    """Efficacy that was not seen is the reason, not its denial."""
    return told.group().split()[-1].casefold() in _SEEN
