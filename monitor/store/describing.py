"""Verbs on what registries say of their own fields: the last description is kept, and what differed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import select, update

from monitor.core.drift import Schema, schema_from_json
from monitor.store.engine import Found, Verbs
from monitor.store.recording import add_notices
from monitor.store.rows import plain, to_text
from monitor.store.tables import TABLES
from monitor.store.values import NoticeDraft

SCHEMA = TABLES["registry_schema"]


@dataclass(frozen=True, slots=True)
class KeptSchema:
    """A registry's description of its records, as last seen."""

    registry: str
    schema: Schema
    data_version: str
    """The data version it was last looked at in."""
    seen_at: datetime
    drift: str
    """The last difference that was told, in words; empty where there was none yet."""
    drifted_at: datetime | None


class SchemaVerbs(Verbs):
    """Keeping descriptions."""

    def kept_schema(self, registry: str) -> KeptSchema | None:
        """What was kept of a registry; None where nothing was, or it cannot be read any more."""
        return next((kept for kept in self.kept_schemas() if kept.registry == registry), None)

    def kept_schemas(self) -> tuple[KeptSchema, ...]:
        """Every readable one, by registry."""
        with self._db.read() as connection:
            rows = connection.execute(select(SCHEMA).order_by(SCHEMA.c.registry)).all()
        return tuple(kept for row in rows if (kept := _kept(row)) is not None)

    def keep_schema(
        self,
        registry: str,
        schema: Schema,
        data_version: str,
        now: datetime,
        *,
        drift: str = "",
        notices: Sequence[NoticeDraft] = (),
    ) -> None:
        """Keep a description with what must be told of it, at once; without `drift` the last one stays."""
        row: dict[str, object] = {
            "body": to_text(schema.to_json()),
            "data_version": data_version,
            "api_version": schema.api_version,
            "seen_at": now,
        }
        last = {"drift": plain(drift), "drifted_at": now if drift else None}
        with self._db.write() as connection:
            self._db.in_order(connection)
            self._db.insert_new(connection, SCHEMA, [{"registry": registry, **row, **last}])
            mine = update(SCHEMA).where(SCHEMA.c.registry == registry)
            connection.execute(mine.values(row | last if drift else row))
            add_notices(self._db, connection, notices)


def _kept(row: Found) -> KeptSchema | None:
    try:
        schema = schema_from_json(orjson.loads(row.body))
    except (ValueError, AttributeError):
        return None
    return KeptSchema(row.registry, schema, row.data_version or "", row.seen_at, row.drift, row.drifted_at)
