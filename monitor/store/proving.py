"""Proof that what is held can be read: the engine's own check, what refers to what, and every payload.

Nothing is mended here. Each page of payloads is one short read, so that a daemon may go on meanwhile; what is
found is handed out as it is found, because there may be as much of it as there are payloads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select, text

from monitor.core.record import TrialId
from monitor.errors import StoreError
from monitor.store.blobs import DROPPED, Packed, unpack
from monitor.store.engine import Found, Verbs
from monitor.store.payloads import BODY, PAGE, alone, resolved, with_bases
from monitor.store.rows import CHANGE, FINDING, QUARANTINE, SNAPSHOT, TRIAL
from monitor.store.tables import TABLES
from monitor.store.values import Damage

FINDING_CHANGE = TABLES["finding_change"]
WATCH = TABLES["watch"]
WATCH_TRIAL = TABLES["watch_trial"]
_RESTORE = "restore the newest backup that `trialwire db check` finds sound: `trialwire db restore FILE`"
_REDERIVE = "`trialwire db rederive` makes changes anew from the versions held"
_COMPACT = "no harm is done; `trialwire db compact` tidies up"

ContentDigest = Callable[[str, bytes], str]
"""The digest that a registry's reader gives a payload, by the registry's name."""


class ProofVerbs(Verbs):
    """Looking for damage."""

    def damage(
        self,
        *,
        content_digest: ContentDigest | None = None,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> Iterator[Damage]:
        """All that is wrong, in words; nothing where nothing is.

        Every payload is unpacked through the versions it is a difference to and held against the sha256 of
        what was served; with `content_digest`, against the digest it is kept under as well. `progress` is
        told how many versions were looked at, and of how many.
        """
        try:
            wrong = self.integrity_check()
        except StoreError as error:
            yield Damage(error.message, error.remedy or _RESTORE)
            return
        yield from (Damage(line, _RESTORE) for line in wrong)
        yield from self._relations()
        yield from self._payloads(content_digest, progress)
        yield from self._quarantine()

    def integrity_check(self) -> tuple[str, ...]:
        """What is wrong with the database, in words; empty where nothing is.

        SQLite's own checks of pages, indexes and foreign keys; PostgreSQL looks after its own.
        """
        if self._db.path is None:
            return ()
        with self._db.read() as connection:
            pages = connection.scalars(text("PRAGMA integrity_check")).all()
            orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
        return (
            *(str(line) for line in pages if line != "ok"),
            *(f"{row[0]} row {row[1]} refers to a missing row of {row[2]}" for row in orphans),
        )

    def _relations(self) -> Iterator[Damage]:
        """What no constraint holds together."""
        with self._db.read() as connection:
            for query, words, remedy in _RELATIONS:
                for row in connection.execute(query):
                    yield Damage(words.format(*row), remedy)

    def _payloads(
        self, content_digest: ContentDigest | None, progress: Callable[[int, int], None]
    ) -> Iterator[Damage]:
        with self._db.read() as connection:
            total = connection.scalar(select(func.count()).select_from(SNAPSHOT)) or 0
        last, done = (0, 0), 0
        while True:
            with self._db.read() as connection:
                page = connection.execute(_page_after(last)).all()
                found = list(self._page(connection, page, content_digest))
            yield from found
            done += len(page)
            progress(done, total)
            if len(page) < PAGE:
                return
            last = (page[-1].trial_id, page[-1].seq)

    def _page(
        self, connection: Connection, page: Sequence[Found], content_digest: ContentDigest | None
    ) -> Iterator[Damage]:
        packed = with_bases(connection, [row.digest for row in page])
        for _, versions in groupby(page, key=lambda row: row.trial_id):
            whole: dict[str, bytes] = {}
            for row in versions:
                trial = TrialId(row.registry, row.number)
                held = packed.get(row.digest)
                if held is not None and held.codec == DROPPED and row.seq != row.snapshot_seq:
                    continue
                try:
                    body = resolved(self._db, connection, row.digest, packed, whole)
                except StoreError as error:
                    yield Damage(error.message, _RESTORE, trial, row.seq)
                    continue
                if held is not None and (said := _differs(held, body, row, content_digest)):
                    yield Damage(said, _RESTORE, trial, row.seq)

    def _quarantine(self) -> Iterator[Damage]:
        query = select(QUARANTINE.c.id, QUARANTINE.c.body, TRIAL.c.registry, TRIAL.c.number)
        with self._db.read() as connection:
            for row in connection.execute(query.join(TRIAL, TRIAL.c.id == QUARANTINE.c.trial_id)):
                try:
                    unpack(alone(bytes(row.body)))
                except StoreError as error:
                    said = f"quarantined answer {row.id}: {error.message}"
                    yield Damage(
                        said, f"`trialwire quarantine drop {row.id}`", TrialId(row.registry, row.number)
                    )


def _page_after(last: tuple[int, int]) -> Select[Found]:
    trial_id, seq = last
    later: ColumnElement[bool] = or_(
        SNAPSHOT.c.trial_id > trial_id, and_(SNAPSHOT.c.trial_id == trial_id, SNAPSHOT.c.seq > seq)
    )
    return (
        select(
            SNAPSHOT.c.trial_id,
            SNAPSHOT.c.seq,
            SNAPSHOT.c.digest,
            TRIAL.c.registry,
            TRIAL.c.number,
            TRIAL.c.snapshot_seq,
        )
        .join(TRIAL, TRIAL.c.id == SNAPSHOT.c.trial_id)
        .where(SNAPSHOT.c.trial_id >= trial_id, later)
        .order_by(SNAPSHOT.c.trial_id, SNAPSHOT.c.seq)
        .limit(PAGE)
    )


def _differs(held: Packed, body: bytes, row: Found, content_digest: ContentDigest | None) -> str | None:
    """What a payload that could be unpacked does not agree with."""
    if held.size != len(body):
        return f"a stored payload has {len(body)} bytes, not {held.size}"
    if content_digest is None:
        return None
    try:
        found = content_digest(row.registry, body)
    except Exception as error:
        return f"a stored payload is no record: {error}"
    return None if found == row.digest else f"a stored payload has the digest {found}, not {row.digest}"


def _missing_version(column: Found) -> Select[Found]:
    held = exists().where(SNAPSHOT.c.trial_id == CHANGE.c.trial_id, SNAPSHOT.c.seq == column)
    query = select(CHANGE.c.id, TRIAL.c.number, column).join(TRIAL, TRIAL.c.id == CHANGE.c.trial_id)
    return query.where(column.is_not(None), ~held)


_RENAMED = TRIAL.alias()
_DIFFERENCE = BODY.alias()
_RELATIONS: tuple[tuple[Select[Found], str, str], ...] = (
    (
        _missing_version(CHANGE.c.snapshot_from),
        "change {0} of {1} leads from s{2}, which is missing",
        _RESTORE,
    ),
    (_missing_version(CHANGE.c.snapshot_to), "change {0} of {1} leads to s{2}, which is missing", _RESTORE),
    (
        select(FINDING.c.id).where(~exists().where(FINDING_CHANGE.c.finding_id == FINDING.c.id)),
        "finding {0} is about no change",
        _REDERIVE,
    ),
    (
        select(TRIAL.c.number, TRIAL.c.snapshot_seq).where(
            TRIAL.c.snapshot_seq.is_not(None),
            ~exists().where(SNAPSHOT.c.trial_id == TRIAL.c.id, SNAPSHOT.c.seq == TRIAL.c.snapshot_seq),
        ),
        "trial {0} is at version s{1}, which is missing",
        _RESTORE,
    ),
    (
        select(TRIAL.c.number, TRIAL.c.renamed_to).where(
            TRIAL.c.renamed_to.is_not(None),
            ~exists().where(_RENAMED.c.registry == TRIAL.c.registry, _RENAMED.c.number == TRIAL.c.renamed_to),
        ),
        "trial {0} was renamed to {1}, which is not known",
        "`trialwire watch add` the new number",
    ),
    (
        select(WATCH.c.name).where(
            WATCH.c.kind == "trial", ~exists().where(WATCH_TRIAL.c.watch_id == WATCH.c.id)
        ),
        "the watch of {0} holds no trial",
        "remove it from the watch list and add it again",
    ),
    (
        select(BODY.c.digest).where(
            BODY.c.digest.not_in(select(SNAPSHOT.c.digest)),
            BODY.c.digest.not_in(select(_DIFFERENCE.c.base).where(_DIFFERENCE.c.base.is_not(None))),
        ),
        "payload {0} belongs to no version",
        _COMPACT,
    ),
)
"""What to look for, what it is in words, and what to do about it."""
