"""A small evaluator of the registry's search grammar: words, phrases, AND, OR, NOT, brackets, AREA and RANGE.

What it does not know it refuses as the registry refuses nonsense, with the registry's words where they are
known. It stems nothing and knows no synonym: a word is found where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from monitor.core.record import Json, JsonObject
from monitor.demo.standin.reply import Refused
from monitor.demo.standin.schema import ENUMS, Piece, values

Predicate: TypeAlias = Callable[[JsonObject], bool]
Places: TypeAlias = Sequence[Piece] | None
"""Where a word is looked for; None is everywhere."""

_TOKEN = re.compile(
    r'\s*(?:(?P<phrase>"(?:[^"\\]|\\.)*")|(?P<area>AREA\[(?P<piece>[^\]]*)\])'
    r"|(?P<range>RANGE\[(?P<low>[^,\]]+),(?P<high>[^\]]+)\])|(?P<sign>[()])|(?P<word>(?:[^\s()\[\]\"\\]|\\.)+))"
)
_MOST_ALTERNATIVES = 12
_DATES = ("NormalizedDate", "PartialDate")


def predicate(text: str, label: str, pieces: Mapping[str, Piece], places: Places) -> Predicate:
    """Which studies an expression fits; raises Refused (400) naming the parameter's `label`."""
    return _Parser(text, label, pieces).whole(places)


def words_in(text: str) -> list[str]:
    """What a text is found by."""
    return re.findall(r"\w+", text.casefold())


class _Parser:
    def __init__(self, text: str, label: str, pieces: Mapping[str, Piece]) -> None:
        self._label = label
        self._pieces = pieces
        self._tokens: list[re.Match[str]] = []
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                sign = text[position:].lstrip()[0]
                raise self._refused(f"mismatched input '{sign}' expecting {{<EOF>, '(', 'AREA['}}")
            self._tokens.append(found)
            position = found.end()
        self._next = 0
        self._alternatives = 1

    def whole(self, places: Places) -> Predicate:
        found = self._either(places)
        if (left := self._peek()) is not None:
            raise self._refused(f"mismatched input '{left}' expecting <EOF>")
        return found

    def _either(self, places: Places) -> Predicate:
        parts = [self._both(places)]
        while self._took("OR"):
            self._alternatives += 1
            if self._alternatives > _MOST_ALTERNATIVES:
                raise self._refused("Too complicated query")
            parts.append(self._both(places))
        return parts[0] if len(parts) == 1 else lambda study: any(part(study) for part in parts)

    def _both(self, places: Places) -> Predicate:
        parts = [self._one(places)]
        while self._took("AND") or self._peek() not in (None, ")", "OR"):
            parts.append(self._one(places))
        return parts[0] if len(parts) == 1 else lambda study: all(part(study) for part in parts)

    def _one(self, places: Places) -> Predicate:
        if self._took("NOT"):
            inner = self._one(places)
            return lambda study: not inner(study)
        if self._took("("):
            inner = self._either(places)
            if not self._took(")"):
                raise self._refused(f"missing ')' at '{self._peek() or '<EOF>'}'")
            return inner
        if self._peek() in (None, ")", "AND", "OR"):
            raise self._refused(f"no viable alternative at input '{self._peek() or '<EOF>'}'")
        token = self._tokens[self._next]
        self._next += 1
        if token["area"]:
            piece = self._pieces.get(token["piece"])
            if piece is None:
                raise self._refused(f"Unknown area name: `{token['piece']}`")
            return self._one((piece,))
        if token["range"]:
            return self._range(token["low"].strip(), token["high"].strip(), places)
        return self._term(token, places)

    def _term(self, token: re.Match[str], places: Places) -> Predicate:
        text = token["phrase"][1:-1] if token["phrase"] else token["word"]
        if text in ("ALL", "MISSING") and not token["phrase"]:
            present = text == "ALL"
            return lambda study: any(True for _ in _texts(study, places)) == present
        wanted = words_in(re.sub(r"\\(.)", r"\1", text))
        for piece in places or ():
            if piece.type in ENUMS and text not in ENUMS[piece.type]:
                allowed = ", ".join(f"`{value}`" for value in ENUMS[piece.type])
                raise self._refused(f"Allowed values for enum field `{piece.path}` are {allowed}")
        return lambda study: any(_holds(words_in(said), wanted) for said in _texts(study, places))

    def _range(self, low: str, high: str, places: Places) -> Predicate:
        if not places or any(piece.type not in _DATES for piece in places):
            raise self._refused("no viable alternative at input 'RANGE'")
        ends = (low if low != "MIN" else "", high if high != "MAX" else "9")
        if any(end not in ("", "9") and not re.fullmatch(r"\d{4}(-\d\d){0,2}", end) for end in ends):
            raise self._refused(f"no viable alternative at input '{low}'")
        return lambda study: any(ends[0] <= said[:10] <= ends[1] for said in _texts(study, places))

    def _peek(self) -> str | None:
        return self._tokens[self._next].group().strip() if self._next < len(self._tokens) else None

    def _took(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._next += 1
        return True

    def _refused(self, why: str) -> Refused:
        return Refused(400, f"Error parsing query in {self._label}: {why}")


def _texts(study: JsonObject, places: Places) -> Iterable[str]:
    if places is None:
        yield from _strings(study)
    else:
        for piece in places:
            for value in values(study, piece.steps):
                yield from _strings(value)


def _strings(value: Json) -> Iterable[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            for item in value.values():
                yield from _strings(item)


def _holds(said: Sequence[str], wanted: Sequence[str]) -> bool:
    """Do the wanted words stand side by side in what is said?"""
    return any(said[start : start + len(wanted)] == wanted for start in range(len(said) - len(wanted) + 1))
