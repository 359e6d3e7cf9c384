"""Payloads in the tables: read back through the versions they are differences to, and put in their place.

Nothing is read without being proven, and a payload dropped by retention says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, and_, bindparam, func, select, update

from monitor.core.record import TrialId
from monitor.errors import StoreError
from monitor.store.blobs import DROPPED, WHOLE, Base, Dictionary, Packed, Packer, unpack
from monitor.store.engine import Database, Found, chunks
from monitor.store.rows import SNAPSHOT, TRIAL, Row
from monitor.store.tables import TABLES

BODY = TABLES["body"]
DICTIONARY = TABLES["dictionary"]
PAGE = 100
"""Payloads unpacked at a time: some megabytes."""
_MOVING = ("codec", "base", "size", "data", "sha256", "depth", "dictionary_id")
REPACK = (
    update(BODY)
    .where(BODY.c.digest == bindparam("which"))
    .values({name: bindparam(name) for name in _MOVING})
)
"""For `repacked` rows: another packing of the same payload."""


def packer(database: Database, connection: Connection) -> Packer:
    """One that packs with the newest dictionary there is."""
    newest = connection.scalar(select(func.max(DICTIONARY.c.id)))
    return Packer(None if newest is None else dictionary(database, connection, newest))


def dictionary(database: Database, connection: Connection, number: int) -> Dictionary | None:
    """A dictionary by its number, read once; None where it is missing."""
    if number not in database.dictionaries:
        content = connection.scalar(select(DICTIONARY.c.data).where(DICTIONARY.c.id == number))
        if content is None:
            return None
        database.dictionaries[number] = Dictionary(number, bytes(content))
    return database.dictionaries[number]


def known_bodies(connection: Connection, digests: Iterable[str]) -> set[str]:
    """Those of the digests whose payload is held."""
    found: set[str] = set()
    for batch in chunks(digests):
        query = select(BODY.c.digest).where(BODY.c.digest.in_(batch), BODY.c.codec != DROPPED)
        found.update(connection.scalars(query))
    return found


def read_bodies(
    database: Database, connection: Connection, digests: Iterable[str]
) -> Iterator[tuple[str, bytes]]:
    """Each known digest with its payload, byte for byte as first served.

    Raises StoreError for a payload that is damaged, or whose base or dictionary is; DroppedError for one
    that is no longer kept.
    """
    for batch in chunks(dict.fromkeys(digests), PAGE):
        packed = with_bases(connection, batch)
        whole: dict[str, bytes] = {}
        for digest in batch:
            if digest in packed:
                yield digest, resolved(database, connection, digest, packed, whole)


def with_bases(connection: Connection, digests: Iterable[str]) -> dict[str, Packed]:
    """Payloads as stored, and all that they are differences to."""
    packed: dict[str, Packed] = {}
    wanted = set(digests)
    while wanted:
        found: dict[str, Packed] = {}
        for batch in chunks(wanted):
            rows = connection.execute(select(BODY).where(BODY.c.digest.in_(batch)))
            found.update((row.digest, packed_of(row)) for row in rows)
        packed |= found
        wanted = {one.base for one in found.values() if one.base} - packed.keys()
    return packed


def resolved(
    database: Database,
    connection: Connection,
    digest: str,
    packed: Mapping[str, Packed],
    whole: dict[str, bytes],
) -> bytes:
    """A payload unpacked through its bases; what was unpacked on the way is added to `whole`."""
    way: list[str] = []
    at: str | None = digest
    while at is not None and at not in whole:
        if at in way:
            raise StoreError(f"the payload {digest} refers to itself", remedy="restore the latest backup")
        if at not in packed:
            raise StoreError(f"the payload {at} is missing", remedy="restore the latest backup")
        way.append(at)
        at = packed[at].base
    for one in reversed(way):
        this = packed[one]
        trained = dictionary(database, connection, this.dictionary) if this.dictionary is not None else None
        whole[one] = unpack(this, whole.get(this.base or ""), trained)
    return whole[digest]


def bases_for(database: Database, connection: Connection, trials: Iterable[TrialId]) -> dict[TrialId, Base]:
    """For each trial with a payload, the current one: its next version is packed against it."""
    bases: dict[TrialId, tuple[str, int]] = {}
    for batch in chunks(trials):
        query = (
            select(TRIAL.c.registry, TRIAL.c.number, BODY.c.digest, BODY.c.depth)
            .join(SNAPSHOT, and_(SNAPSHOT.c.trial_id == TRIAL.c.id, SNAPSHOT.c.seq == TRIAL.c.snapshot_seq))
            .join(BODY, BODY.c.digest == SNAPSHOT.c.digest)
            .where(TRIAL.c.number.in_([trial.id for trial in batch]), BODY.c.codec != DROPPED)
        )
        for row in connection.execute(query):
            bases[TrialId(row.registry, row.number)] = (row.digest, row.depth)
    bodies = dict(read_bodies(database, connection, [digest for digest, _ in bases.values()]))
    return {trial: Base(digest, bodies[digest], depth) for trial, (digest, depth) in bases.items()}


def put_bodies(database: Database, connection: Connection, rows: Sequence[Row]) -> None:
    """Insert payloads; of those there already only dropped ones are written again."""
    database.insert_new(connection, BODY, rows)
    for batch in chunks(rows):
        query = select(BODY.c.digest).where(
            BODY.c.digest.in_([row["digest"] for row in batch]), BODY.c.codec == DROPPED
        )
        back = set(connection.scalars(query))
        if back:
            connection.execute(REPACK, [_moving(row) for row in batch if row["digest"] in back])


def packed_of(row: Found) -> Packed:
    """From the columns of `body`."""
    return Packed(
        codec=row.codec,
        size=row.size,
        data=bytes(row.data),
        sha256=None if row.sha256 is None else bytes(row.sha256),
        base=row.base,
        depth=row.depth,
        dictionary=row.dictionary_id,
    )


def body_row(digest: str, packed: Packed) -> Row:
    """For `body`."""
    return {
        "digest": digest,
        "codec": packed.codec,
        "base": packed.base,
        "size": packed.size,
        "data": packed.data,
        "sha256": packed.sha256,
        "depth": packed.depth,
        "dictionary_id": packed.dictionary,
    }


def repacked(digest: str, packed: Packed) -> Row:
    """For `REPACK`."""
    return _moving(body_row(digest, packed))


def _moving(row: Row) -> Row:
    return {"which": row["digest"], **{name: row[name] for name in _MOVING}}


def alone(data: bytes) -> Packed:
    """A payload packed by itself, outside the table of payloads."""
    return Packed(WHOLE, 0, data)
