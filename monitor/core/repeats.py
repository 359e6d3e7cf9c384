"""What a reader was told already: lines that say no more than their headline, and a past told twice.

A line stays where it says anything that nothing above it says. Nothing here adds a word.
"""

from __future__ import annotations

import re

_CLAUSE = re.compile(r"[:;.](?: |$)")
_GOES_ON = re.compile(r"$|[;,.](?: |$)")
_SHORTEST = 12
"""Characters of a beginning in common: a shorter one may be chance."""
_PAST = re.compile(r" \w[\w-]* move(?: in the \d+ versions seen| since registration), [^.]*\.")
_AMONG = re.compile(r" (?:in the \d+ versions seen|since registration)(?=,)")
_REASON = re.compile(r"; reason given: (?:“[^”]*”|\"[^\"]*\"|'[^']*')")


def bare(text: str) -> str:
    """A sentence as it is held against others: without its full stop and without case."""
    return text.rstrip(".").casefold()


def news_of(line: str, headline: str) -> str:
    """The line without a beginning that the headline has, too; empty where the headline says all of it.

    `Recruiting → Active, not recruiting: recruitment closed.` is `Recruitment closed.` below
    `Recruiting → Active, not recruiting, with 4 of 35 enrolled`.
    """
    if bare(line) in bare(headline):
        return ""
    for found in reversed(list(_CLAUSE.finditer(line))):
        beginning, rest = line[: found.start()], line[found.end() :]
        is_said = headline.startswith(beginning) and _GOES_ON.match(headline, len(beginning))
        if len(beginning) >= _SHORTEST and is_said:
            return rest[:1].upper() + rest[1:] if rest else ""
    return line


def without_reason(headline: str) -> str:
    """The headline without the reason given, for where a line below gives it in full."""
    return _REASON.sub("", headline)


def gives_reason(line: str) -> bool:
    """Is the reason given in it, in full?"""
    return "Reason given: " in line


def past_once(text: str, told: set[str]) -> str:
    """The text without a past that was told before (`Third move in the 9 versions seen, 14 months in all.`).

    Another date's past is told, but not again among how many versions. `told` learns what is said.
    """
    found = _PAST.search(text)
    if found is None:
        return text
    past = found.group()
    if past in told:
        return text.replace(past, "", 1)
    again = bool(told)
    told.add(past)
    return text.replace(past, _AMONG.sub("", past), 1) if again else text
