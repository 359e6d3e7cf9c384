"""Expressions of the registry's search grammar (Essie), built so that no text can break out of its place.

Pure string building: a text of the user's is words or a phrase and never an operator, a bracket or a field.
What cannot be said safely is a SearchRefusedError; nothing is guessed, nothing asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitor.core.partial_date import PartialDate
from monitor.errors import SearchRefusedError
from monitor.registries.ctgov.numbers import NAME, canonical_number

# Upper case only; whatever comes before a bracket is one of the grammar's functions.
_OPERATORS = frozenset({"AND", "OR", "NOT", "AREA", "RANGE", "SEARCH", "DISTANCE", "COVERAGE", "EXPANSION"})
_OPERATORS |= {"MISSING", "ALL", "MIN", "MAX", "TILT", "BIAS", "CONST"}
_BARE = re.compile(r"\w+(?:[-.'/+]\w+)*")
_MARKED = re.compile(r'([\\"()\[\],])')
_TYPED = re.compile(r'"([^"]*)"|(\S+)')
_CLOSED = re.compile(r'\\.|"(?:[^"\\]|\\.)*"')
_PAIR = re.compile(r"\([^()\[\]]*\)|\[[^()\[\]]*\]")
_AREA = re.compile(r"[A-Za-z][A-Za-z0-9@]*")
_BETWEEN_NUMBERS = re.compile(r"[\s,;|\"()]+|\b(?:or|and)\b", re.I)


def phrase(text: str) -> str:
    """The text as words side by side, whatever signs it holds: `phrase('a "b"')` is `"a \\"b\\""`.

    Raises SearchRefusedError where it has no letter and no digit.
    """
    shown = " ".join(text.split())
    if not re.search(r"\w", shown):
        raise refused(f"{text!r} has no letter and no digit to search for")
    return f'"{_MARKED.sub(_escaped, shown)}"'


def words(text: str) -> str:
    """What people type in a search box: every word must be found, words in double quotes side by side.

    An operator, a bracket or a lone quote is looked for as text, or left out where it is a mere sign.
    """
    found = []
    for quoted, bare in _TYPED.findall(" ".join(text.split())):
        said = quoted or bare
        if not re.search(r"\w", said):
            continue
        plain = not quoted and _BARE.fullmatch(bare) and bare not in _OPERATORS
        found.append(bare if plain else phrase(said))
    if not found:
        raise refused(f"{text!r} has no letter and no digit to search for")
    return " ".join(found)


def any_of(expressions: Iterable[str]) -> str:
    """One of the expressions fits."""
    return _joined(expressions, "OR")


def all_of(expressions: Iterable[str]) -> str:
    """Each of the expressions fits."""
    return _joined(expressions, "AND")


def grouped(expression: str) -> str:
    """An expression of somebody's own as one part of a larger one.

    Raises SearchRefusedError where its brackets or quotes do not close inside it.
    """
    left = _CLOSED.sub("", expression)
    while (fewer := _PAIR.sub("", left)) != left:
        left = fewer
    if _MARKED.search(left.replace(",", "")):
        raise refused(f"{expression!r} has brackets or quotes that do not close", parameter="advanced")
    return f"({expression})"


def area(piece: str, expression: str) -> str:
    """The expression fits in one field: `area("LeadSponsorName", phrase("Alpha Bio"))`."""
    if not _AREA.fullmatch(piece):
        raise refused(f"{piece!r} is not the name of a field")
    return f"AREA[{piece}]{expression}"


def range_(piece: str, low: str | None, high: str | None) -> str:
    """The field's date lies between two days, both included; None leaves that end open."""
    return area(piece, f"RANGE[{_end(low, 'MIN')}, {_end(high, 'MAX')}]")


def only_numbers(text: str) -> tuple[str, ...] | None:
    """The trial numbers a text consists of, in canonical form; None where it holds anything else.

    The registry ignores every filter of a query that is nothing but numbers, so they must not be sent as one.
    """
    parts = [part for part in _BETWEEN_NUMBERS.split(text) if part]
    numbers = [canonical_number(part) for part in parts]
    found = tuple(dict.fromkeys(number for number in numbers if number is not None))
    return found if found and None not in numbers else None


def refused(message: str, *, parameter: str | None = None) -> SearchRefusedError:
    """The error for a search that cannot be asked."""
    return SearchRefusedError(message, parameter=parameter, registry=NAME)


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[1]}"


def _joined(expressions: Iterable[str], operator: str) -> str:
    parts = tuple(dict.fromkeys(expressions))
    if not parts:
        raise refused("nothing to search for")
    return parts[0] if len(parts) == 1 else "(" + f" {operator} ".join(parts) + ")"


def _end(day: str | None, opened: str) -> str:
    if day is None:
        return opened
    try:
        return str(PartialDate.parse(day))
    except ValueError as error:
        raise refused(f"{day!r} is not a date like 2026-11-20") from error
