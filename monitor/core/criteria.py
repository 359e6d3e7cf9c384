"""Eligibility criteria: the registry's Markdown as items under inclusion and exclusion.

No word is lost but list marks and headings that say only which section begins. A split depends on the item
alone wherever it can: an edit of one item leaves the others, and their sections, as they were. What a
criterion means is not read here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from monitor.core.record import Text
from monitor.core.text import collapse, unescape_markdown

Part: TypeAlias = Literal["inclusion", "exclusion", ""]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One item of the eligibility criteria; `section` is empty where no heading came before it."""

    section: Part
    text: Text


_KEY_LENGTH = 80
_HEADING_LENGTH = 160
_EMPHASIS = "*_ \t"

# A mark counts before un-escaping: `\*` is an asterisk of the sponsor's, `*` a bullet of the registry's.
# Typed lists come escaped (`1\) …`, `\- …`) since August 2025 and bare before. A capital with a full stop is
# no mark: `E. coli`.
_MARK = re.compile(
    r"\s*(?:(?:[*•●▪◦·‣➢✓]|\\?[-–])(?:\s+|$)|[•●▪◦‣➢✓]"
    r"|\(?\d{1,3}(?:\\?\.\d{1,2})*\\?[.)](?:\s+|(?=[A-Za-z]))"
    r"|\(?(?:[a-z]|[ivx]{1,4})\\?[.)]\s+|\([a-zA-Z]\)\s*|[A-Z]\\?\)\s+|o\s+(?=[A-Z≥≤<>]))"
)
_NUMBER = re.compile(r".*?\(?(?P<number>\d{1,2})(?P<sign>[.)])$")
_NUMBER_INSIDE = re.compile(r"(?:^|(?<=[\s;,:)，；。]))\(?(?P<number>\d{1,2})(?P<sign>[.)])(?=\s|[A-Za-z(])")
_COUNTED = re.compile(
    r"\b(?:grades?|stages?|class|types?|cohorts?|groups?|phases?|parts?|levels?|visits?|days?|weeks?|cycles?|arms?"
    r"|criteri\w+|to|than|of|or|and|least|version|v|score|number|no\.?|from)\s*\(?$|[≥≤<>=/-]\s*\(?$",
    re.I,
)

_IN = r"inclusions?|inlcusion|inculsion|inclsion"
_OUT = r"exclusions?|exlusion|exculsion|exclsion|excusion|non[-‑\s]{0,2}inclusion"
_WHAT = rf"(?P<what>{_OUT}|{_IN})"
_CRITERIA = r"(?:criteri\w{0,3}|critera|critiera|criteira|crtieria|critieria)"
_PLAIN = re.compile(
    rf"^(?:{_WHAT}(?:\s+{_CRITERIA})?|{_CRITERIA}\s+(?:for|of)\s+(?P<other>{_OUT}|{_IN}))[\s:：.\-–]*$", re.I
)
_LEADING = re.compile(
    rf"^{_WHAT}\s+{_CRITERIA}\s*(?:[:：]|(?=\(?1\\?[.)]\s))[\s\-–]*(?P<rest>\S.*)$", re.I | re.S
)
_MENTION = re.compile(rf"\b{_WHAT}\s+{_CRITERIA}\b", re.I)
_SENTENCE = re.compile(
    r"\b(?:apply|applies|applied|meets?|met|fulfil\w*|may|could|must|should|described|specified|by|not|and/or)\b",
    re.I,
)
_INSIDE = re.compile(
    r"(?<=[\w.;,)])\s+(?=(?:Inclusion|INCLUSION|Exclusion|EXCLUSION)\s(?:Criteria|CRITERIA)\s*(?:[:：]|$|\(?1\\?[.)]\s))"
)
_LINKED = re.compile(
    r"\b(?:the|an?|and|or|of|in|by|other|meets?|following|all|any|main|key|additional|specific|study|\S*/)$",
    re.I,
)
_TITLE = re.compile(r"(?:(?:[A-Z0-9(\[&+/-][^\s:.;]*|and|or|of|for|to)(?:\s+|$)){1,12}")
_KEPT_OUT = re.compile(
    r"\b(?:exclu\w+|not\s+(?:be\s+)?(?:eligible|included|enrolled)|ineligible|may\s+not\s+participate)\b",
    re.I,
)
_LET_IN = re.compile(
    r"\b(?:eligib\w+|inclu\w+|enrol\w+|participat\w+|must\s+(?:meet|fulfil\w*|satisfy|have))\b", re.I
)
_FOLLOWING = re.compile(r"\b(?:following|criteria|below|if|these)\b", re.I)
_GROUP = re.compile(
    r"^\W*(?:(?:for|in)\s+)?(?:cohort|part|arm|group|stage|phase|module|sub-?\s?study|substudy|segment|population)s?\b"
    r"[^.;]{0,80}:?\W*$",
    re.I,
)
_STOP = re.compile(r"(?<=[a-z0-9)%\]][.;])\s+(?=[A-Z])")


def split_criteria(markdown: str) -> tuple[Criterion, ...]:
    """The criteria as a flat sequence of items, nested ones included, each under its section.

    Bullets, numbers, letters and paragraphs each make an item; so do the members of a list that was typed
    into one paragraph, and the sentences of a text that has no list at all. A heading that says no more than
    "Inclusion Criteria" only opens its section; one that says more ("Exclusion Criteria for Cohort B:")
    opens it and is an item too.
    """
    section: Part = ""
    items: list[Criterion] = []
    blocks = list(_blocks(markdown))
    prose = all(block.marked is None for block in blocks)
    for block in blocks:
        for part in _at_headings(unescape_markdown(block.text)):
            heading = _heading(part.strip(_EMPHASIS), block.marked, section)
            section = heading.opens or section
            if heading.plain:
                continue
            shown = part if heading.rest is None else heading.rest
            members = _enumerated(shown, block.marked if heading.rest is None else None)
            if prose and len(members) == 1 and not (heading.opens and heading.rest is None):
                members = _STOP.split(shown)
            items += [Criterion(section, Text(text, collapse(text))) for text in members]
    return tuple(items)


def criterion_key(criterion: Criterion) -> str:
    """`inclusion|` or `exclusion|` and the text, case-folded; past 80 characters shortened with a digest."""
    folded = criterion.text.form.casefold()
    if len(folded) <= _KEY_LENGTH:
        return f"{criterion.section}|{folded}"
    digest = hashlib.sha256(folded.encode()).hexdigest()[:8]
    return f"{criterion.section}|{folded[:_KEY_LENGTH].rstrip()}|{digest}"


def is_criteria_heading(text: str) -> bool:
    """Is the item a heading of a part of the list ("Cohort A:" too) rather than a criterion?"""
    bare = text.strip(_EMPHASIS)
    heading = _heading(bare, marked=None, section="")
    return heading.plain or (heading.opens is not None and heading.rest is None) or is_group_heading(bare)


def is_group_heading(text: str) -> bool:
    """Does it name a cohort, part or arm, and say no more?"""
    return text.endswith(":") and _GROUP.match(text) is not None


class _Block(NamedTuple):
    """An item's text without its mark, and the mark; None where it has none."""

    text: str
    marked: str | None


def _blocks(markdown: str) -> Iterator[_Block]:
    """Items as they are set, lines that continue one joined to it."""
    lines: list[str] = []
    mark: str | None = None
    for line in map(str.rstrip, markdown.splitlines()):
        end = _marked(line)
        stops = not line.strip() or end or _PLAIN.match(unescape_markdown(line).strip(_EMPHASIS))
        if stops and lines:
            yield _Block(collapse(" ".join(lines)), mark)
            lines = []
        if not line.strip():
            continue
        if end:
            mark = line[:end].strip()
        elif not lines:
            mark = None
        body = line[end:]
        if _PLAIN.match(unescape_markdown(body).strip(_EMPHASIS)):
            yield _Block(collapse(body), mark)
        elif body.strip():
            lines.append(body)
    if lines:
        yield _Block(collapse(" ".join(lines)), mark)


def _marked(line: str) -> int:
    """Where the marks a line begins with end: `* 1\\. ` are two of them."""
    end = 0
    while found := _MARK.match(line, end):
        end = found.end()
    return end


def _at_headings(text: str) -> Iterator[str]:
    """The text cut where a heading stands within it: `… read English Exclusion Criteria: …`."""
    at = 0
    for found in _INSIDE.finditer(text):
        before = text[at : found.start()]
        if not _LINKED.search(before) and not _TITLE.fullmatch(before):
            yield before
            at = found.end()
    yield text[at:]


def _enumerated(text: str, mark: str | None) -> list[str]:
    """The members of a list typed into one paragraph (`1. … 2. … 3. …`), else the text alone.

    What follows the mark of the paragraph itself is such a list; so is a text that begins with 1, and one
    that counts to three or more.
    """
    said = _NUMBER.match(mark.replace("\\", "")) if mark else None
    expected, sign = (int(said["number"]) + 1, said["sign"]) if said else (1, "")
    cuts: list[re.Match[str]] = []
    for found in _NUMBER_INSIDE.finditer(text):
        follows = int(found["number"]) == expected and (not sign or found["sign"] == sign)
        if follows and not _COUNTED.search(text, max(0, found.start() - 20), found.start()):
            cuts.append(found)
            expected, sign = expected + 1, found["sign"]
    begins = bool(cuts) and cuts[0].start() == 0
    if len(cuts) < (1 if said else 2 if begins else 3):
        return [text[cuts[0].end() :].strip()] if begins and text[cuts[0].end() :].strip() else [text]
    starts = [0, *(found.end() for found in cuts)]
    ends = [*(found.start() for found in cuts), len(text)]
    members = (text[start:end].strip() for start, end in zip(starts, ends, strict=True))
    return [member for member in members if member]


class _Heading(NamedTuple):
    """What a text is as a heading: nothing but one, the section it opens, what follows it on its line."""

    plain: bool = False
    opens: Part | None = None
    rest: str | None = None


def _heading(text: str, marked: str | None, section: Part) -> _Heading:
    if found := _PLAIN.match(text):
        return _Heading(plain=True, opens=_section(found["what"] or found["other"]))
    if found := _LEADING.match(text):
        return _Heading(opens=_section(found["what"]), rest=found["rest"])
    if len(text) > _HEADING_LENGTH:
        return _Heading()
    mentions = {_section(found["what"]) for found in _MENTION.finditer(text)}
    if len(mentions) == 1:
        first = _MENTION.search(text)
        assert first is not None
        titled = (
            marked is None and not _SENTENCE.search(text) and (first.start() == 0 or not text.endswith("."))
        )
        return _Heading(opens=mentions.pop()) if text.rstrip().endswith((":", "：")) or titled else _Heading()
    return _Heading() if marked or mentions else _Heading(opens=_led_in(text, section))


def _led_in(text: str, section: Part) -> Part | None:
    """The section that a sentence without the word "criteria" of its kind opens: `… must meet all of these:`.

    Exclusion may follow inclusion that way; inclusion is opened so only at the beginning.
    """
    if not text.endswith((":", "：")) or not _FOLLOWING.search(text):
        return None
    if _KEPT_OUT.search(text):
        return "exclusion"
    return "inclusion" if section == "" and _LET_IN.search(text) else None


def _section(word: str) -> Part:
    return "inclusion" if word.casefold().startswith("in") else "exclusion"
