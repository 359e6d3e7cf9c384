"""Reading payloads back: whole ones as they are, differences through their base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, and_, select

from monitor.core.record import TrialId
from monitor.errors import StoreError
from monitor.store.blobs import Packed, unpack
from monitor.store.engine import chunks
from monitor.store.rows import SNAPSHOT, TRIAL
from monitor.store.tables import TABLES

BODY = TABLES["body"]
PAGE = 100
"""Payloads unpacked at a time: some megabytes."""


def known_bodies(connection: Connection, digests: Iterable[str]) -> set[str]:
    """Those of the digests whose payload is held."""
    found: set[str] = set()
    for batch in chunks(digests):
        found.update(connection.scalars(select(BODY.c.digest).where(BODY.c.digest.in_(batch))))
    return found


def read_bodies(connection: Connection, digests: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Each known digest with its payload, byte for byte as first served."""
    for batch in chunks(dict.fromkeys(digests), PAGE):
        packed: dict[str, Packed] = {}
        wanted = set(batch)
        while wanted:
            found = _packed(connection, wanted)
            packed |= found
            wanted = {one.base for one in found.values() if one.base} - packed.keys()
        whole: dict[str, bytes] = {}
        for digest in batch:
            if digest in packed:
                yield digest, _resolved(digest, packed, whole)


def bases_for(connection: Connection, trials: Iterable[TrialId]) -> dict[TrialId, tuple[str, bytes]]:
    """For each trial with a payload, the whole one that its next version is packed against."""
    bases: dict[TrialId, str] = {}
    for batch in chunks(trials):
        query = (
            select(TRIAL.c.registry, TRIAL.c.number, BODY.c.digest, BODY.c.base)
            .join(SNAPSHOT, and_(SNAPSHOT.c.trial_id == TRIAL.c.id, SNAPSHOT.c.seq == TRIAL.c.snapshot_seq))
            .join(BODY, BODY.c.digest == SNAPSHOT.c.digest)
            .where(TRIAL.c.number.in_([trial.id for trial in batch]))
        )
        for row in connection.execute(query):
            bases[TrialId(row.registry, row.number)] = row.base or row.digest
    bodies = dict(read_bodies(connection, bases.values()))
    return {trial: (digest, bodies[digest]) for trial, digest in bases.items()}


def _packed(connection: Connection, digests: Iterable[str]) -> dict[str, Packed]:
    query = select(BODY).where(BODY.c.digest.in_(list(digests)))
    return {
        row.digest: Packed(row.codec, row.base, row.size, bytes(row.data))
        for row in connection.execute(query)
    }


def _resolved(digest: str, packed: dict[str, Packed], whole: dict[str, bytes]) -> bytes:
    if digest not in whole:
        one = packed.get(digest)
        if one is None:
            raise StoreError(f"the payload {digest} is missing", remedy="restore the latest backup")
        base = None if one.base is None else _resolved(one.base, packed, whole)
        whole[digest] = unpack(one, base)
    return whole[digest]
