"""The store: domain verbs in, domain values out; every write is one transaction inside one verb.

Tables, sessions and rows never leave this package, and nothing here talks to a network but PostgreSQL's.
Ordering is by running number, never by time; times go in and come out aware, in UTC.

    open_store · upgrade      the two ways in
    Store                     the verbs, by group: watching · recording (T1) · lookups · pending ·
                              subscriptions · digests (T2) · holds · outbox · claims (T3) · opt-outs ·
                              housekeeping · proof · compaction · derivation · backfilling · pages ·
                              the readout clock
    DaemonLock · daemon_pid   one daemon at a time
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from monitor.errors import MissingDatabaseError, SchemaVersionError
from monitor.store.backfilling import BackfillVerbs
from monitor.store.blobs import DroppedError
from monitor.store.compacting import CompactVerbs
from monitor.store.describing import SchemaVerbs
from monitor.store.digests import DigestVerbs
from monitor.store.dispatching import DispatchVerbs
from monitor.store.engine import Database
from monitor.store.holding import HoldVerbs
from monitor.store.housekeeping import HouseVerbs
from monitor.store.kinship import KinVerbs
from monitor.store.locks import DaemonLock, daemon_pid
from monitor.store.lookups import LookupVerbs
from monitor.store.opting import OptOut, OptVerbs
from monitor.store.outbox import OutboxVerbs
from monitor.store.pages import PageVerbs
from monitor.store.pending import PendingVerbs
from monitor.store.proving import ProofVerbs
from monitor.store.readouts import ReadoutVerbs
from monitor.store.recording import RecordVerbs
from monitor.store.rederiving import DerivedVerbs
from monitor.store.remote import AdvisoryLock
from monitor.store.schema import REVISIONS, require_current, require_database
from monitor.store.searching import SearchVerbs
from monitor.store.subscribing import SubscriptionVerbs
from monitor.store.sweeping import SweepVerbs
from monitor.store.values import (
    ChangeQuery,
    ChannelState,
    Compacted,
    Damage,
    Doubt,
    NoticeDraft,
    Pending,
    Recording,
    Stats,
    Stored,
    StoredDigest,
    SubscriptionState,
    TrialFacts,
    UpgradeReport,
)
from monitor.store.watching import WatchVerbs

__all__ = [
    "ChangeQuery",
    "ChannelState",
    "Compacted",
    "DaemonLock",
    "Damage",
    "Doubt",
    "DroppedError",
    "NoticeDraft",
    "OptOut",
    "Pending",
    "Recording",
    "Stats",
    "Store",
    "Stored",
    "StoredDigest",
    "SubscriptionState",
    "TrialFacts",
    "UpgradeReport",
    "daemon_pid",
    "open_store",
    "upgrade",
]


class Store(
    WatchVerbs,
    RecordVerbs,
    LookupVerbs,
    PendingVerbs,
    SubscriptionVerbs,
    DigestVerbs,
    HoldVerbs,
    SchemaVerbs,
    KinVerbs,
    OutboxVerbs,
    DispatchVerbs,
    OptVerbs,
    HouseVerbs,
    ProofVerbs,
    CompactVerbs,
    DerivedVerbs,
    BackfillVerbs,
    SearchVerbs,
    SweepVerbs,
    PageVerbs,
    ReadoutVerbs,
):
    """All verbs on one database. A context manager; safe to share between threads."""

    @property
    def read_only(self) -> bool:
        """Opened for looking only?"""
        return self._db.read_only

    @property
    def place(self) -> str:
        """The database's path, or its URL without the password."""
        return self._db.place

    def daemon_lock(self) -> DaemonLock:
        """The lock that one daemon holds (`with store.daemon_lock(): …`); LockedError names who has it."""
        remote = None if self._db.path else AdvisoryLock(self._db.engine)
        return DaemonLock(self._db.state_dir, remote)

    def close(self) -> None:
        """Let go of all connections."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(url: str, *, state_dir: Path, read_only: bool = False) -> Store:
    """Open an existing database of this version's schema; never creates or migrates one.

    Raises MissingDatabaseError (names the path), SchemaVersionError, ConfigError (a URL that is none, a
    state directory that cannot be written, unless `read_only`) or StoreError.
    """
    looking = Database(url, state_dir, read_only=True)
    try:
        require_database(looking)
        require_current(looking)
    except BaseException:
        looking.close()
        raise
    if read_only:
        return Store(looking)
    looking.close()
    database = Database(url, state_dir)
    if database.turn is not None:
        database.turn.require_writable()
    return Store(database)


def upgrade(url: str, *, state_dir: Path, now: datetime) -> UpgradeReport:
    """Create the database or bring it to this version's schema; a backup first, all or nothing.

    Raises SchemaVersionError for a database of a newer version, LockedError where another process's daemon
    runs on it, ConfigError for a state directory that cannot be written.
    """
    try:
        open_store(url, state_dir=state_dir).close()
    except (MissingDatabaseError, SchemaVersionError):
        from monitor.store import migrating  # late: most often there is nothing to migrate

        return migrating.upgrade(url, state_dir=state_dir, now=now)
    return UpgradeReport(created=False, from_revision=REVISIONS[-1], to_revision=REVISIONS[-1])
