"""Sentences about documents: protocols, analysis plans, consent forms. A new edition of one is one line."""

from __future__ import annotations

import re

from monitor.core.change import Delta
from monitor.core.partial_date import PartialDate
from monitor.core.phrases import clip
from monitor.core.record import Dated
from monitor.core.scene import Case
from monitor.core.sentences.words import QUOTE, edited, when

DOCUMENTS = "documents.largeDocs"
_KINDS = {
    "Prot": "study protocol",
    "SAP": "analysis plan",
    "ICF": "consent form",
    "Prot_SAP": "study protocol and analysis plan",
    "Prot_ICF": "study protocol and consent form",
    "Prot_SAP_ICF": "study protocol, analysis plan and consent form",
}
_HOLDS = {"hasProtocol": "a protocol", "hasSap": "an analysis plan", "hasIcf": "a consent form"}
_TELLS_FIRST = ("date", "uploadDate", "filename")
_OF_AN_EDITION = frozenset({*_TELLS_FIRST, "size"})
_UPLOAD = re.compile(r"\d{4}-\d\d-\d\d")


def document(case: Case) -> str:
    """A document came, went or changed."""
    kind = case.of_item("typeAbbrev")
    name = clip(case.of_item("label") or _KINDS.get(kind, kind) or case.of_item("filename"), QUOTE)
    dated = case.item.get("date")
    if not case.delta.at:
        of = f", dated {when(dated)}" if isinstance(dated, Dated) else ""
        return f"Document {case.delta.op}: {name}{of}."
    return f"Document {name}{_what(case)}."


def lead_part(case: Case) -> Delta | None:
    """The attribute whose sentence tells this one, too; of a new edition that is its date."""
    delta = case.delta
    if case.part not in _OF_AN_EDITION:
        return None
    edition = [d for d in case.scene.by_field[DOCUMENTS] if d.at and d.key == delta.key]
    first = min(edition, key=_place)
    return None if first is delta or _place(first) == len(_TELLS_FIRST) else first


def _place(delta: Delta) -> int:
    part = delta.at[0]
    return _TELLS_FIRST.index(part) if part in _TELLS_FIRST else len(_TELLS_FIRST)


def _what(case: Case) -> str:
    old, new = case.delta.old, case.delta.new
    match case.part:
        case "date" if isinstance(old, Dated) and isinstance(new, Dated):
            uploaded = _day(case.of_item("uploadDate"))
            then = f", uploaded {uploaded}" if uploaded else ""
            return f", new edition: dated {when(old)} → {when(new)}{then}"
        case "uploadDate" if case.old and case.new:
            return f" uploaded again: {_day(case.old) or case.old} → {_day(case.new) or case.new}"
        case "size":
            return f", size{f' {case.old} → {case.new} bytes' if case.old and case.new else ' given'}"
        case "hasProtocol" | "hasSap" | "hasIcf":
            return f" {'now holds' if new is True else 'no longer holds'} {_HOLDS[case.part]}"
    label = {"typeAbbrev": "type", "filename": "file"}.get(case.part, case.part)
    return f", {label}{edited(case.old, case.new)}"


def _day(text: str) -> str:
    """The day of `2026-08-11T09:00` in words; empty where there is none."""
    found = _UPLOAD.match(text)
    try:
        return when(PartialDate.parse(found.group())) if found else ""
    except ValueError:
        return ""
