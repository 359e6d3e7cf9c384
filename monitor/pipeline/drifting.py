"""Schema drift: what a registry says of its own fields, looked at once a day and told where it differs.

Whatever fails here fails no poll: the description is asked for after all is read and kept, and again another
day. A record's own unknown fields are shown whether they are described or not.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from monitor.compare import judged_on
from monitor.core.drift import Drift, DriftKind, Schema, drifts
from monitor.errors import RegistryError, StoppedError
from monitor.pipeline.works import Works
from monitor.registries import DescribesRecords, Registry
from monitor.store.values import NoticeDraft

log = logging.getLogger(__name__)

_MOST = 5
"""So many of a kind are named."""
_WORDS: dict[DriftKind, tuple[str, str]] = {
    "field added": ("new field", "new fields"),
    "value added": ("new value", "new values"),
    "field removed": ("field no longer described", "fields no longer described"),
    "value removed": ("value no longer listed", "values no longer listed"),
    "type changed": ("field of another type", "fields of another type"),
}
"""What is worth telling; a field's greatest length is not."""


def look(works: Works, registry: Registry, data_version: str | None) -> None:
    """Compare the registry's description with the one kept, once for each day of its data."""
    if data_version is None or judged_on(data_version) is None:
        return
    if not isinstance(registry, DescribesRecords) or works.stop.is_set():
        return
    kept = works.store.kept_schema(registry.name)
    if kept is not None and kept.data_version[:10] == data_version[:10]:
        return
    try:
        schema = registry.schema()
    except (RegistryError, StoppedError) as error:
        log.warning("schema not read", extra={"registry": registry.name, "why": error.message})
        return
    found = told(drifts(kept.schema, schema)) if kept else ""
    now, message = works.clock(), f"{registry.label} {_version(schema)}: {found}."
    notices = (NoticeDraft("schema", registry.name, message, now),) if found else ()
    works.store.keep_schema(registry.name, schema, data_version, now, drift=found, notices=notices)


def told(found: Sequence[Drift]) -> str:
    """Drifts in words: how many of each kind, the first by name; empty where none is worth telling."""
    by_kind = Counter(drift.kind for drift in found)
    parts = []
    for kind, (one, several) in _WORDS.items():
        if number := by_kind[kind]:
            names = [_name(drift) for drift in found if drift.kind == kind]
            more = f" and {number - _MOST} more" if number > _MOST else ""
            parts.append(f"{number} {one if number == 1 else several} ({', '.join(names[:_MOST])}{more})")
    whole = "; ".join(parts)
    unknown = by_kind["field added"] > 0
    return whole + ("; what Trialwire does not know yet appears under other.…" if unknown else "")


def _name(drift: Drift) -> str:
    match drift.kind:
        case "value added":
            return f"{drift.where} {drift.new}"
        case "value removed":
            return f"{drift.where} {drift.old}"
        case "type changed":
            return f"{drift.where}: {drift.old} → {drift.new}"
        case _:
            return drift.where


def _version(schema: Schema) -> str:
    return schema.api_version or "of no named version"
