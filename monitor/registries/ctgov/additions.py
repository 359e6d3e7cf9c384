"""What the registry adds to a submitted record of its own accord, and how to look past it.

The history holds what sponsors submitted; a record of API v2 holds that and the registry's additions. Put
beside each other they differ in all of these without anything having happened. Nothing else is taken away,
and no argument is mutated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.core.record import Json, JsonObject

Change = Callable[[Json], Json] | None
"""What becomes of a member's value, None where nothing does; without one the member is removed."""


def level(before: Json, after: Json) -> tuple[Json, Json]:
    """The two payloads as they can be compared: both without additions where one is of the history.

    Payloads of one kind are given back themselves.
    """
    if _is_submitted(before) != _is_submitted(after):
        return without_additions(before), without_additions(after)
    return before, after


def without_additions(payload: Json) -> Json:
    """A copy as the sponsor submitted it; what is left empty is gone too. Total over any JSON."""
    return _edited(payload, _ADDITIONS)


def _is_submitted(payload: Json) -> bool:
    """Every record served today has a derived section; no version of the history keeps one."""
    return isinstance(payload, dict) and "protocolSection" in payload and "derivedSection" not in payload


def _each(change: Callable[[Json], Json]) -> Callable[[Json], Json]:
    def changed(value: Json) -> Json:
        if not isinstance(value, list):
            return value
        kept = [change(item) for item in value]
        return [item for item in kept if item is not None] or None

    return changed


def _members(**changes: Change) -> Callable[[Json], Json]:
    return lambda value: _edited(value, changes)


def _edited(value: Json, changes: Mapping[str, Change]) -> Json:
    if not isinstance(value, dict) or value.keys().isdisjoint(changes):
        return value
    edited: JsonObject = {}
    for name, member in value.items():
        change = changes.get(name, _kept)
        kept = change(member) if change is not None else None
        if kept is not None:
            edited[name] = kept
    return edited or None


def _kept(value: Json) -> Json:
    return value


def _reference(value: Json) -> Json:
    """The registry finds publications by itself (`DERIVED`), and retractions of all of them."""
    if isinstance(value, dict) and value.get("type") == "DERIVED":
        return None
    return _edited(value, {"retractions": None})


_ADDITIONS: Mapping[str, Change] = {
    "derivedSection": None,
    "annotationSection": None,
    "protocolSection": _members(
        identificationModule=_members(nctIdAliases=None),
        statusModule=_members(expandedAccessInfo=_members(statusForNctId=None)),
        designModule=_members(nPtrsToThisExpAccNctId=None),
        # Follows from the ages, which stay.
        eligibilityModule=_members(stdAges=None),
        contactsLocationsModule=_members(locations=_each(_members(geoPoint=None))),
        referencesModule=_members(references=_each(_reference)),
    ),
    "documentSection": _members(largeDocumentModule=_members(largeDocs=_each(_members(size=None)))),
}
