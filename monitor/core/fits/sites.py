"""Does a rule about sites and contacts fit? M10, m7, n2, n3, n7. Each answer is the reason, or None."""

from __future__ import annotations

import re

from monitor.core.facilities import letters
from monitor.core.scene import CLOSED, Case, shown

_NOT_ASCII = re.compile(r"[^a-z0-9]")
_ADDRESS = frozenset({"city", "state", "zip"})
_REGISTRY_SIDE = frozenset({"geoPoint"})


def country_set(case: Case) -> str:
    """M10: the registry's own list of countries without sites any more."""
    return f"removed countries {case.delta.op}"


def sites(case: Case) -> str | None:
    """m7: a site added, removed, renamed or of another status."""
    part = case.part
    if not part:
        return f"site {case.delta.op}"
    if part == "status":
        return None if _wiped(case) else f"site's status {case.delta.op}"
    if part in ("contacts", "geoPoint") or _re_spelled(case) or _same_name(case):
        return None
    return f"site's {part} {case.delta.op}"


def contacts(case: Case) -> str | None:
    """n2: whom to call."""
    return "contact" if case.delta.field != "locations" or case.part == "contacts" else None


def registry_side(case: Case) -> str | None:
    """n3: what the registry works out by itself, and addresses of the same place."""
    field, part = case.delta.field, case.part
    if field == "locations":
        if part in _REGISTRY_SIDE:
            return "coordinates the registry derives"
        if _same_name(case):
            return "the same facility name, spelled or encoded otherwise"
        return f"{part} re-spelled with the same facility or zip" if _re_spelled(case) else None
    if field.startswith("other."):
        return "the registry's own predictions" if "modelPredictions" in field else None
    if field == "derived.submissionTracking":
        return (
            "dates the registry works out"
            if case.part in ("estimatedResultsFirstSubmitDate", "firstMcpInfo")
            else None
        )
    return None if field == "derived.removedCountries" else "terms or counts the registry derives"


def status_wipe(case: Case) -> str | None:
    """n7: statuses of sites that the registry shows only while a trial recruits."""
    return f"site statuses are not shown for a trial that is {case.scene.status}" if _wiped(case) else None


def _wiped(case: Case) -> bool:
    return case.part == "status" and case.delta.new is None and case.scene.status in CLOSED


def _re_spelled(case: Case) -> bool:
    """An address part that changed though facility or zip stayed: the same place."""
    if case.part not in _ADDRESS:
        return False
    if case.part == "zip" and _same_letters(case.old, case.new):
        return True
    old, new = case.item_before, case.item
    anchors = ("facility",) if case.part == "zip" else ("facility", "zip")
    pairs = [(old.get(name), new.get(name)) for name in anchors]
    if any(was is not None and was == now for was, now in pairs):
        return True
    return any(_same_letters(shown(was), shown(now)) for was, now in pairs)


def _same_name(case: Case) -> bool:
    """A facility whose name differs only in case, punctuation or broken accents (rules, "Pairing first")."""
    if case.part != "facility" or not (case.old and case.new):
        return False
    # Encodings broken beyond mending leave only the ASCII letters to compare.
    ascii_only = [_NOT_ASCII.sub("", name.casefold()) for name in (case.old, case.new)]
    return _same_letters(case.old, case.new) or ascii_only[0] == ascii_only[1] != ""


def _same_letters(old: str, new: str) -> bool:
    return letters(old).replace(" ", "") == letters(new).replace(" ", "") != ""
