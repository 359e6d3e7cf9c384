"""What of an answer is believed: the shape of a record, and the rules' "Quarantine".

It never judges by how much of a record went away: closing recruitment legally wipes site statuses and
contacts, and a terminated trial may lose most of its leaves.
"""

from __future__ import annotations

from monitor.core.record import Json
from monitor.errors import RecordFormatError
from monitor.registries.ctgov.numbers import NAME

# Present on every record the registry serves, save those it withholds.
ALWAYS_PRESENT = (
    "identificationModule",
    "statusModule",
    "sponsorCollaboratorsModule",
    "descriptionModule",
    "conditionsModule",
    "designModule",
    "eligibilityModule",
)
# What a trial was registered with. A title may be reworded, the rest hardly ever is; all at once never.
REGISTERED_WITH = (
    ("statusModule", "studyFirstSubmitDate"),
    ("identificationModule", "orgStudyIdInfo", "id"),
    ("identificationModule", "briefTitle"),
)


def member(payload: Json, *path: str) -> Json:
    """The value at `path`; None where any step of it is missing or no object."""
    node = payload
    for name in path:
        if not isinstance(node, dict):
            return None
        node = node.get(name)
    return node


def nct_id(payload: Json) -> str | None:
    """The record's own number; None where the payload is no record."""
    number = member(payload, "protocolSection", "identificationModule", "nctId")
    return number if isinstance(number, str) and number else None


def aliases(payload: Json) -> tuple[str, ...]:
    """Numbers that were merged into this record."""
    listed = member(payload, "protocolSection", "identificationModule", "nctIdAliases")
    return tuple(alias for alias in listed if isinstance(alias, str)) if isinstance(listed, list) else ()


def disbelief(before: Json | None, after: Json) -> str | None:
    """Why `after` cannot be the next version of `before`; None where it can (rules, "Quarantine").

    Without a `before` only what no record ever lacks is asked for.
    """
    number = nct_id(after)
    if number is None:
        return "it has no protocolSection.identificationModule.nctId"
    if before is not None and (expected := nct_id(before)) not in (None, number):
        return f"it is the record of {number}, not of {expected}"
    status = member(after, "protocolSection", "statusModule", "overallStatus")
    if not isinstance(status, str) or not status:
        return "it has no protocolSection.statusModule.overallStatus"
    if before is None or status == "WITHHELD":
        return None
    gone = [name for name in ALWAYS_PRESENT if _vanished(before, after, name)]
    if gone:
        return f"it lost {', '.join(gone)}, which every record has"
    if all(_became_another(before, after, path) for path in REGISTERED_WITH):
        return "it has the day of registration, the sponsor's number and the title of another trial"
    return None


def _vanished(before: Json, after: Json, module: str) -> bool:
    return bool(member(before, "protocolSection", module)) and not member(after, "protocolSection", module)


def _became_another(before: Json, after: Json, path: tuple[str, ...]) -> bool:
    old, new = member(before, "protocolSection", *path), member(after, "protocolSection", *path)
    return bool(old) and bool(new) and old != new


def unlike(what: str, expected: str, pointer: str) -> RecordFormatError:
    """The error for an answer of another shape: what it is, what was expected of it, and where."""
    return RecordFormatError(
        f"the {what} is not as known: expected {expected} at {pointer}", pointer=pointer, registry=NAME
    )
