"""Verbs beside the data's path: sources, quarantine, requests to the daemon, notices, statistics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import orjson
from sqlalchemy import Connection, func, insert, select, update

from monitor.core.record import TrialId
from monitor.core.watching import Notice, Quarantined, Request, RequestKind, SourceHealth
from monitor.store.blobs import unpack
from monitor.store.engine import Found, Verbs
from monitor.store.listing import counted, is_watched
from monitor.store.payloads import alone
from monitor.store.recording import add_notices
from monitor.store.rows import (
    NOTICE,
    QUARANTINE,
    TRIAL,
    notice,
    plain,
    quarantined,
    select_notices,
    select_quarantine,
)
from monitor.store.schema import revision_of
from monitor.store.tables import TABLES
from monitor.store.values import NoticeDraft, Stats

SOURCE = TABLES["source"]
REQUEST = TABLES["request"]
BODY = TABLES["body"]
DELIVERY = TABLES["delivery"]


class HouseVerbs(Verbs):
    """Everything that is neither history nor outbox."""

    def source(self, registry: str) -> SourceHealth | None:
        """How a registry is doing; None before the first poll."""
        with self._db.read() as connection:
            row = connection.execute(select(SOURCE).where(SOURCE.c.registry == registry)).one_or_none()
        return None if row is None else _source(row)

    def sources(self) -> tuple[SourceHealth, ...]:
        """All of them, by name."""
        with self._db.read() as connection:
            found = [_source(row) for row in connection.execute(select(SOURCE))]
        return tuple(sorted(found, key=lambda source: source.registry))

    def put_source(self, health: SourceHealth, *, notices: Sequence[NoticeDraft] = ()) -> None:
        """Keep how a registry is doing, and what must be told about it, at once."""
        row = {
            "registry": health.registry,
            "state": health.state,
            "since": health.since,
            "reason": plain(health.reason),
            "data_version": health.data_version,
            "etag": health.etag,
            "last_attempt_at": health.last_attempt_at,
            "last_success_at": health.last_success_at,
            "not_before": health.not_before,
            "newest": health.newest,
        }
        with self._db.write() as connection:
            self._db.in_order(connection)
            self._db.put(connection, SOURCE, row)
            add_notices(self._db, connection, notices)

    def quarantined(
        self, *, state: Literal["held", "accepted", "dropped"] = "held"
    ) -> tuple[Quarantined, ...]:
        """Answers not believed, oldest first."""
        query = select_quarantine().where(QUARANTINE.c.state == state).order_by(QUARANTINE.c.id)
        with self._db.read() as connection:
            return tuple(map(quarantined, connection.execute(query)))

    def quarantine_item(self, number: int) -> tuple[Quarantined, bytes] | None:
        """One of them with its bytes as served."""
        with self._db.read() as connection:
            row = connection.execute(select_quarantine().where(QUARANTINE.c.id == number)).one_or_none()
        if row is None:
            return None
        return quarantined(row), unpack(alone(bytes(row.body)))

    def quarantine_seen(self, trial: TrialId, digest: str) -> Quarantined | None:
        """The same content in quarantine, in whatever state: seen again, it is to be believed.

        `record` marks it accepted when a snapshot of the same trial and digest is recorded.
        """
        query = select_quarantine().where(
            TRIAL.c.registry == trial.registry, TRIAL.c.number == trial.id, QUARANTINE.c.digest == digest
        )
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else quarantined(row)

    def settle_quarantine(self, number: int, state: Literal["accepted", "dropped"]) -> bool:
        """Accept or drop a held one; False where there is no such held one."""
        held = (QUARANTINE.c.id == number) & (QUARANTINE.c.state == "held")
        with self._db.write() as connection:
            return connection.execute(update(QUARANTINE).where(held).values(state=state)).rowcount > 0

    def ask(self, kind: RequestKind, args: Sequence[str], now: datetime) -> int:
        """Leave a request for the daemon; return its number."""
        row = {
            "kind": kind,
            "args": orjson.dumps(list(args)).decode(),
            "state": "open",
            "result": "",
            "created_at": now,
        }
        with self._db.write() as connection:
            return int(connection.execute(insert(REQUEST).values(row).returning(REQUEST.c.id)).scalar_one())

    def open_requests(self) -> tuple[Request, ...]:
        """Requests not answered, oldest first."""
        query = select(REQUEST).where(REQUEST.c.state == "open").order_by(REQUEST.c.id)
        with self._db.read() as connection:
            return tuple(map(_request, connection.execute(query)))

    def answer(self, number: int, state: Literal["done", "failed"], result: str, now: datetime) -> bool:
        """Answer a request; False where it is answered already."""
        mine = (REQUEST.c.id == number) & (REQUEST.c.state == "open")
        values = {"state": state, "result": plain(result), "answered_at": now}
        with self._db.write() as connection:
            return connection.execute(update(REQUEST).where(mine).values(values)).rowcount > 0

    def request(self, number: int) -> Request | None:
        """One request."""
        with self._db.read() as connection:
            row = connection.execute(select(REQUEST).where(REQUEST.c.id == number)).one_or_none()
        return None if row is None else _request(row)

    def notices(self) -> tuple[Notice, ...]:
        """Notices, newest first."""
        query = select_notices().order_by(NOTICE.c.id.desc())
        with self._db.read() as connection:
            return tuple(map(notice, connection.execute(query)))

    def stats(self) -> Stats:
        """How much is held."""
        with self._db.read() as connection:
            return Stats(
                revision=revision_of(connection) or "",
                engine=_engine(connection),
                rows={
                    name: connection.scalar(select(func.count()).select_from(table)) or 0
                    for name, table in TABLES.items()
                },
                presences=counted(connection, TRIAL.c.presence, is_watched()),
                deliveries=counted(connection, DELIVERY.c.state),
                quarantined=counted(connection, QUARANTINE.c.state).get("held", 0),
                open_requests=counted(connection, REQUEST.c.state).get("open", 0),
                body_bytes=connection.scalar(select(func.sum(func.length(BODY.c.data)))) or 0,
                file_bytes=self._file_bytes(),
            )

    def _file_bytes(self) -> int | None:
        path = self._db.path
        if path is None:
            return None
        files = (path, path.with_name(path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())


def _engine(connection: Connection) -> str:
    version = connection.dialect.server_version_info or ()
    return f"{connection.dialect.name} {'.'.join(map(str, version))}"


def _source(row: Found) -> SourceHealth:
    return SourceHealth(
        registry=row.registry,
        state=row.state,
        since=row.since,
        reason=row.reason,
        data_version=row.data_version,
        etag=row.etag,
        last_attempt_at=row.last_attempt_at,
        last_success_at=row.last_success_at,
        not_before=row.not_before,
        newest=row.newest,
    )


def _request(row: Found) -> Request:
    return Request(
        id=row.id,
        kind=row.kind,
        args=tuple(orjson.loads(row.args)),
        state=row.state,
        result=row.result,
        created_at=row.created_at,
    )
