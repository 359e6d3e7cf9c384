"""Units of numeric limits: how they are spelled, and what they are worth beside each other.

Two units belong to one family only where the factor between them is exact: mg/dL and g/L are one family,
mg/dL and µmol/L are not, because that factor depends on the substance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as shown, its family, and how many of the family's base unit it is."""

    shown: str
    family: str
    factor: float = 1.0


NO_UNIT = Unit("", "")
_PER_LITER = {"l": 1.0, "ml": 1e3, "ul": 1e6}

_SPELLINGS: tuple[tuple[Unit, str], ...] = (
    (
        Unit("× ULN", "ULN"),
        (
            r"(?:[x×*✕]|times|fold)?\s*(?:the\s+|of\s+|above\s+)?"
            r"(?:institution(?:al)?(?:['’]s)?\s+|local\s+|laboratory\s+|age[- ]adjusted\s+)?"
            r"(?:ULN\b|(?:upper|institutional)\s+"
            r"(?:normal\s+limits?|limits?\s+(?:of\s+)?(?:the\s+)?normal(?:\s+range)?)"
            r"(?:\s*\(\s*ULN\s*\))?|UNL\b)"
        ),
    ),
    (
        Unit("× LLN", "LLN"),
        (
            r"(?:[x×*✕]|times)?\s*(?:the\s+)?(?:institutional\s+)?"
            r"(?:LLN\b|lower\s+limits?\s+of\s+(?:the\s+)?normal(?:\s*\(\s*LLN\s*\))?)"
        ),
    ),
    (
        Unit("half-lives", "half-lives"),
        r"(?:drug\s+|elimination\s+|terminal\s+|plasma\s+)?half[\s\-‑]*li(?:ves|fe)\b",
    ),
    (Unit("kg/m²", "body mass"), r"kg\s*/\s*(?:m\s*\^?\s*2\b|m²|sqm|square\s+met(?:er|re))"),
    (
        Unit("mL/min", "clearance"),
        (
            r"ml\s*/\s*min(?:ute)?s?(?:\s*[/·*]\s*1[.,]73\s*(?:m\s*\^?\s*2\b|m²)|\s*per\s*1[.,]73\s*m\s*\^?\s*[2²])?"
            r"|ml\s+per\s+minute"
        ),
    ),
    (Unit("g/dL", "mass per volume", 10.0), r"gm?s?\s*/\s*dl\b|g%|grams?\s+per\s+deciliter"),
    (Unit("g/L", "mass per volume"), r"g\s*/\s*l\b"),
    (
        Unit("mg/dL", "mass per volume", 0.01),
        r"mgs?\s*/\s*(?:dl\b|100\s*ml\b)|mg%|milligrams?\s+per\s+deciliter",
    ),
    (Unit("mg/L", "mass per volume", 1e-3), r"mg\s*/\s*l\b"),
    (Unit("µg/L", "mass per volume", 1e-6), r"(?:[µμu]|mc)g\s*/\s*l\b"),
    (Unit("µg/mL", "mass per volume", 1e-3), r"(?:[µμu]|mc)g\s*/\s*ml\b"),
    (Unit("ng/mL", "mass per volume", 1e-6), r"ng\s*/\s*ml\b"),
    (Unit("ng/dL", "mass per volume", 1e-8), r"ng\s*/\s*dl\b"),
    (Unit("ng/L", "mass per volume", 1e-9), r"ng\s*/\s*l\b"),
    (Unit("pg/mL", "mass per volume", 1e-9), r"pg\s*/\s*ml\b"),
    (Unit("mmol/L", "amount per volume"), r"mmol\s*/\s*l(?:iter|itre)?\b"),
    (Unit("µmol/L", "amount per volume", 1e-3), r"(?:[µμu]|mc|micro)mol\s*/\s*l(?:iter|itre)?\b"),
    (Unit("nmol/L", "amount per volume", 1e-6), r"nmol\s*/\s*l\b"),
    (Unit("mEq/L", "equivalents"), r"meq\s*/\s*l\b"),
    (Unit("mg/mmol", "ratio molar"), r"mg\s*/\s*mmol\b"),
    (Unit("mg/g", "ratio"), r"mg\s*/\s*g\b"),
    (Unit("g/g", "ratio", 1000.0), r"g\s*/\s*g\b|mg\s*/\s*mg\b"),
    (Unit("mmol/mol", "ratio of amounts"), r"mmol\s*/\s*mol\b"),
    (
        Unit("g/day", "mass per day"),
        r"g\s*/\s*(?:24\s*h(?:ours?|rs?)?|day|d)\b|g(?:rams?)?\s+per\s+(?:day|24\s+hours)",
    ),
    (
        Unit("mg/day", "mass per day", 1e-3),
        r"mg\s*/\s*(?:24\s*h(?:ours?|rs?)?|day|d)\b|mg\s+(?:per\s+day|daily)",
    ),
    (Unit("IU/mL", "activity per mL"), r"iu\s*/\s*ml\b"),
    (Unit("U/L", "activity"), r"i?u\s*/\s*l\b"),
    (Unit("copies/mL", "copies"), r"(?:rna\s+)?copies\s*(?:/|per)\s*ml\b"),
    (Unit("mmHg", "pressure"), r"mm\s*hg\b|mmhg\b|millimet(?:er|re)s?\s+of\s+mercury"),
    (Unit("ms", "milliseconds"), r"msecs?\b|(?-i:ms)\b|milliseconds?\b"),
    (Unit("bpm", "rate"), r"bpm\b|beats?\s*(?:/|per)\s*min(?:ute)?\b"),
    (Unit("pack-years", "pack-years"), r"pack[\s\-‑]*years?\b"),
    (Unit("%", "percent"), r"%|percent\b|per\s+cent\b"),
    (Unit("kg", "mass"), r"kgs?\b|kilograms?\b"),
    (Unit("lb", "mass", 0.45359237), r"lbs?\b|pounds?\b"),
    (Unit("mm", "length"), r"mm\b|millimet(?:er|re)s?\b"),
    (Unit("cm", "length", 10.0), r"cm\b|centimet(?:er|re)s?\b"),
    (Unit("minutes", "time", 1 / 1440), r"minutes?\b|mins?\b"),
    (Unit("hours", "time", 1 / 24), r"hours?\b|hrs?\b|(?-i:h)\b"),
    (Unit("days", "time"), r"(?:calendar\s+|consecutive\s+)?days?\b"),
    (Unit("weeks", "time", 7.0), r"(?:full\s+|consecutive\s+)?weeks?\b|wks?\b"),
    (Unit("months", "time", 365.25 / 12), r"(?:full\s+|calendar\s+|consecutive\s+)?months?\b|mos?\b"),
    (Unit("years", "time", 365.25), r"(?:full\s+|completed\s+)?years?\b|yrs?\b|y(?:\.o\.|/o)"),
)
_VOLUME = (
    r"(?:[µμu]l|mcl|microlit(?:er|re)|mm\s*\^?\s*3|mm³|cmm|cubic\s+(?:mm|millimet(?:er|re))|ml"
    r"|l(?:iter|itre)?)\b"
)
_POWERED = re.compile(
    r"\s*(?:[x×*·✕]\s*)?10\s*(?:\^|\*{1,2}|e|\()?\s*(?P<power>[369]|12|[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})\)?"
    rf"(?:\s*(?:cells?|platelets?|neutrophils?)?\s*(?:/|per)\s*(?P<volume>{_VOLUME}|mm³))?",
    re.I,
)
_PLAIN_CELLS = re.compile(
    r"\s*(?P<thousand>k\s*|thousand\s*)?(?:cells?|platelets?|neutrophils?)?\s*(?:/|per)\s*"
    rf"(?P<volume>{_VOLUME}|mm³)",
    re.I,
)
_GIGA = re.compile(r"\s*G(?:pt)?\s*/\s*L\b")
_UNITS = re.compile(
    r"[\s\-‑]*(?:" + "|".join(f"(?P<u{number}>{said})" for number, (_, said) in enumerate(_SPELLINGS)) + ")",
    re.I,
)
_BY_GROUP: Mapping[str, Unit] = MappingProxyType({f"u{n}": unit for n, (unit, _) in enumerate(_SPELLINGS)})


def unit_at(text: str, at: int) -> tuple[Unit, int]:
    """The unit that stands at a place, and where it ends; `NO_UNIT` where there is none."""
    if found := _POWERED.match(text, at):
        return _powered(found), found.end()
    if found := _GIGA.match(text, at):
        return Unit("× 10⁹/L", "cells"), found.end()
    if found := _PLAIN_CELLS.match(text, at):
        return _cells(found), found.end()
    if found := _UNITS.match(text, at):
        return _BY_GROUP[found.lastgroup or ""], found.end()
    return NO_UNIT, at


def _powered(found: re.Match[str]) -> Unit:
    power = int(found["power"].translate(_SUPERSCRIPTS))
    raised = str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    if found["volume"] is None:
        return Unit(f"× 10{raised}", f"times ten to the {power}")
    volume = _volume(found["volume"])
    return Unit(f"× 10{raised}/{_shown(volume)}", "cells", 10.0**power * _PER_LITER[volume] / 1e9)


def _cells(found: re.Match[str]) -> Unit:
    volume = _volume(found["volume"])
    thousand = 1e3 if found["thousand"] else 1.0
    shown = f"{'K' if found['thousand'] else ''}/{_shown(volume)}"
    return Unit(shown, "cells", thousand * _PER_LITER[volume] / 1e9)


def _volume(said: str) -> str:
    """`l`, `ml` or `ul`; a cubic millimeter is a microliter."""
    said = said.casefold()
    if said.startswith("ml"):
        return "ml"
    return "l" if said in ("l", "liter", "litre") else "ul"


def _shown(volume: str) -> str:
    return {"l": "L", "ml": "mL", "ul": "µL"}[volume]
