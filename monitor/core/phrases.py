"""How we put things to people: registry text made harmless, numbers, dates, sources, changed words.

Registry text is hostile: what could disguise it is dropped, and its length is bounded. Nothing here escapes
for a form (HTML, Markdown): that is the form's business.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from monitor.core.partial_date import PartialDate
from monitor.core.record import Json
from monitor.core.watching import SourceHealth

Span: TypeAlias = tuple[Literal["=", "-", "+"], str]
"""A run of words: kept, removed or added."""

CONTEXT_WORDS = 6
"""Kept words shown on each side of what changed in a long text."""


@dataclass(frozen=True, slots=True)
class SourceNames:
    """How a registry and its numbers are called, and where it shows two versions side by side."""

    label: str
    compare: str = ""
    """A format string over `url`, `a` and `b`, the registry's own version numbers."""
    number: str = "trial_id"
    """What its trial numbers are called in front matter."""


SOURCES: Mapping[str, SourceNames] = {
    "ctgov": SourceNames(
        "ClinicalTrials.gov", "{url}?tab=history&a={a}&b={b}#version-content-panel", number="nct_id"
    )
}


def clean(text: str) -> str:
    """Registry text without what could disguise it: control and format characters, runs of white space."""
    if (
        text.isprintable()
    ):  # none of those in it, nor any white space but blanks: most texts, and quick to see
        return " ".join(text.split()) if "  " in text or text != text.strip() else text
    kept = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join("".join(c for c in kept if unicodedata.category(c) not in ("Cf", "Cs", "Co")).split())


def clip(text: str, limit: int) -> str:
    """Cleaned text of at most `limit` characters, cut between words with an ellipsis."""
    text = clean(text)
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    head, _, _ = cut.rpartition(" ")
    return (head if len(head) > limit // 2 else cut).rstrip(" ,;:") + "…"


def plural(number: int, noun: str) -> str:
    """`1 trial`, `1,200 trials`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def day_words(when: PartialDate | date) -> str:
    """A date in words, as precise as it is: `2026`, `Mar 2026`, `14 Mar 2026`."""
    if isinstance(when, PartialDate):
        if when.month is None:
            return str(when.year)
        if when.day is None:
            return f"{when.first:%b} {when.year}"
        when = when.first
    return f"{when.day} {when:%b} {when.year}"


def freshness(source: SourceHealth, year: int) -> str:
    """How new a registry's data is, and what is wrong with it where something is."""
    label = SOURCES[source.registry].label if source.registry in SOURCES else source.registry
    version = _moment(source.data_version, year) if source.data_version else "no version read yet"
    if source.state == "OK":
        return f"{label} as of {version}"
    trouble = {
        "STALE": "has published nothing new",
        "THROTTLED": "asks us to slow down",
        "BLOCKED": "refuses us",
        "BROKEN": "gives answers we cannot read",
        "DOWN": "cannot be reached",
    }[source.state]
    # When stale data was first noticed says nothing: the reason tells since when they are.
    since = "" if source.state == "STALE" else f" since {_moment(source.since.isoformat(), year)}"
    reason = f" ({clip(source.reason, 160)})" if source.reason else ""
    return f"{label} {trouble}{since}{reason}; what is told here is as of {version}"


def diff_spans(operations: Json) -> tuple[Span, ...]:
    """Word operations (`facts.text_diff`) with the unchanged stretches shortened to their edges.

    Joined as they are, the spans read as the text does: blanks at their edges are kept. Only between what
    was removed and what was added instead there always is one.
    """
    if not isinstance(operations, list):
        return ()
    spans: list[Span] = []
    for operation in operations:
        match operation:
            case ["=" | "-" | "+" as sign, str(text)] if clean(text):
                spans.append((sign, _edged(text, clean(text))))
                if [sign for sign, _ in spans[-2:]] == ["-", "+"]:
                    spans[-2] = ("-", f"{spans[-2][1].rstrip()} ")
    changed = [index for index, (sign, _) in enumerate(spans) if sign != "="]
    if not changed:
        return ()
    return tuple(
        (sign, _context(text, first=index < changed[0], last=index > changed[-1]) if sign == "=" else text)
        for index, (sign, text) in enumerate(spans)
    )


def clip_span(span: Span, limit: int) -> Span:
    """A span of at most `limit` characters and the blanks at its edges."""
    sign, text = span
    return sign, _edged(text, clip(text, limit))


def _edged(original: str, text: str) -> str:
    """`text` with a blank at each edge where the original has white space."""
    return " " * original[:1].isspace() + text + " " * original[-1:].isspace()


def _context(text: str, *, first: bool, last: bool) -> str:
    words = text.split()
    beginning, end = " ".join(words[:CONTEXT_WORDS]), " ".join(words[-CONTEXT_WORDS:])
    if len(words) <= (CONTEXT_WORDS if first or last else 2 * CONTEXT_WORDS):
        return text
    if first:
        return _edged(text, f"… {end}").removeprefix(" ")
    if last:
        return _edged(text, f"{beginning} …").removesuffix(" ")
    return _edged(text, f"{beginning} … {end}")


def phase_words(phases: Sequence[str]) -> str:
    """`Phase 2/3`; empty where the trial has none."""
    numbers = [phase.removeprefix("PHASE") for phase in phases if phase.startswith("PHASE")]
    early = "Early phase 1" if "EARLY_PHASE1" in phases else ""
    return early or (f"Phase {'/'.join(numbers)}" if numbers else "")


def _moment(text: str, year: int) -> str:
    """A moment as registries stamp it (UTC, without a zone) or as we do, in short words."""
    when = datetime.fromisoformat(text)
    shown = f"{when.day} {when:%b}" + ("" if when.year == year else f" {when.year}")
    return f"{shown} {when:%H:%M} UTC" if "T" in text or " " in text else shown
