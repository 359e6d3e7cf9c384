"""What differs inside JSON that no catalogue field models: the one place that asks DeepDiff.

Lists are compared whole (they come here in an order of their own, see `spread.others`), objects member by
member. The library is loaded when it is first needed: most records have nothing unknown that moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from monitor.core.record import Json, json_form, whole

Difference: TypeAlias = "tuple[tuple[str, ...], Json, Json]"
"""Path of names, before, after; None is absent."""

_KINDS = ("values_changed", "type_changes", "dictionary_item_added", "dictionary_item_removed")


def json_differences(old: Json, new: Json) -> Iterator[Difference]:
    """Every innermost member that differs."""
    from deepdiff import DeepDiff

    told = DeepDiff(
        _flat(old), _flat(new), view="tree", ignore_private_variables=False, threshold_to_diff_deeper=0
    )
    paths = {
        tuple(str(step) for step in found.path(output_format="list"))
        for kind in _KINDS
        for found in told.get(kind, ())
    }
    for path in sorted(paths):
        yield path, _at(old, path), _at(new, path)


def json_with(json: Json, path: tuple[str, ...], value: Json) -> Json:
    """A copy with the member at `path` replaced, or removed for None; objects left empty go with it."""
    if not path:
        return value
    members = dict(json) if isinstance(json, dict) else {}
    name, *rest = path
    inner = json_with(members.get(name), tuple(rest), value)
    if inner is None or inner == {}:
        members.pop(name, None)
    else:
        members[name] = inner
    return members


def _flat(json: Json) -> Json:
    """Lists as one text each, so that they count as one value."""
    match json:
        case dict():
            return {name: _flat(value) for name, value in json.items()}
        case list():
            return "\x00" + json_form(json).decode()
        case _:
            return whole(json)


def _at(json: Json, path: tuple[str, ...]) -> Json:
    for name in path:
        if not isinstance(json, dict):
            return None
        json = json.get(name)
    return json
