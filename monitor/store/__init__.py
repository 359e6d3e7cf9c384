"""The store: domain verbs in, domain values out; every write is one transaction inside one verb.

Tables, sessions and rows never leave this package, and nothing here talks to a network but PostgreSQL's.
Ordering is by running number, never by time; times go in and come out aware, in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from monitor.core.change import RecordedChange, RecordedFinding
from monitor.core.delivery import Attempt, Delivery, DeliveryState, Settlement
from monitor.core.digest import Digest, DigestKind, Subscription
from monitor.core.record import JsonObject, TrialId
from monitor.core.watching import Notice, Quarantined, Request, Snapshot, SourceHealth, TrialState, Watch
from monitor.store.locks import DaemonLock
from monitor.store.values import (
    ChangeQuery,
    ChannelState,
    NoticeDraft,
    Pending,
    Recording,
    Stats,
    Stored,
    StoredDigest,
    SubscriptionState,
    UpgradeReport,
)


def open_store(url: str, *, state_dir: Path, read_only: bool = False) -> Store:
    """Open an existing database of this version's schema; never creates or migrates one.

    Raises MissingDatabaseError (names the path), SchemaVersionError, ConfigError (a state directory that
    cannot be written, unless `read_only`) or StoreError.
    """


def upgrade(url: str, *, state_dir: Path, now: datetime) -> UpgradeReport:
    """Create the database or bring it to this version's schema; a backup first, all or nothing.

    Raises SchemaVersionError for a database of a newer version, LockedError where another process's daemon
    runs on it, ConfigError for a state directory that cannot be written.
    """


class Store:
    """All verbs on the database. A context manager; safe to share between threads."""

    read_only: bool

    def close(self) -> None:
        """Let go of all connections."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def daemon_lock(self) -> DaemonLock:
        """The lock that one daemon holds (`with store.daemon_lock(): …`); LockedError names who has it."""

    # the watch list

    def add_watches(
        self, trials: Iterable[TrialId], *, tags: Sequence[str] = (), note: str = "", now: datetime
    ) -> tuple[TrialId, ...]:
        """Watch trials; return the newly added. Those watched already gain the tags and a non-empty note.

        A number that was found never to have existed is asked for again.
        """

    def remove_watches(self, trials: Iterable[TrialId]) -> tuple[TrialId, ...]:
        """Watch trials no longer; return those that were. What is recorded of them stays."""

    def watches(self, *, tag: str | None = None) -> tuple[Watch, ...]:
        """The watch list, in the order it was added to."""

    def watch(self, trial: TrialId) -> Watch | None:
        """One entry of it."""

    def trial(self, trial: TrialId) -> TrialState | None:
        """What is known of a trial, watched or not."""

    def trials(self) -> Iterator[TrialState]:
        """Everything known, in order of first sight, read in pages."""

    # polling

    def unread(self, registry: str, data_version: str) -> tuple[TrialId, ...]:
        """Watched trials not read at this data version; renamed and never-existing ones are left out."""

    def latest(self, trials: Iterable[TrialId]) -> Mapping[TrialId, Stored]:
        """What is held of each trial known; payloads are not read."""

    def bodies(self, digests: Iterable[str]) -> Mapping[str, bytes]:
        """Payloads by content digest, byte for byte as first served; unknown digests are absent."""

    def earlier_changes(
        self, trials: Iterable[TrialId], *, fields: Sequence[str] = ()
    ) -> Mapping[TrialId, tuple[JsonObject, ...]]:
        """Recorded changes as contract objects, oldest first by the registry's clock (for cumulative facts)."""

    def record(self, recordings: Sequence[Recording]) -> None:
        """T1: write a batch in one transaction, all or nothing; what is there already is left alone.

        Raises LockedError where another process gave the trial a newer snapshot meanwhile: read it again.
        """

    def add_notices(self, notices: Sequence[NoticeDraft]) -> None:
        """Note what must be told, outside of a recording."""

    def source(self, registry: str) -> SourceHealth | None:
        """How a registry is doing; None before the first poll."""

    def sources(self) -> tuple[SourceHealth, ...]:
        """All of them, by name."""

    def put_source(self, health: SourceHealth, *, notices: Sequence[NoticeDraft] = ()) -> None:
        """Keep how a registry is doing, and what must be told about it, at once."""

    # quarantine

    def quarantined(self, *, state: Literal["held", "accepted", "dropped"] = "held") -> tuple[Quarantined, ...]:
        """Answers not believed, oldest first."""

    def quarantine_item(self, number: int) -> tuple[Quarantined, bytes] | None:
        """One of them with its bytes as served."""

    def quarantine_seen(self, trial: TrialId, digest: str) -> Quarantined | None:
        """The same content in quarantine, in whatever state: seen again, it is to be believed.

        `record` marks it accepted when a snapshot of the same trial and digest is recorded.
        """

    def settle_quarantine(self, number: int, state: Literal["accepted", "dropped"]) -> bool:
        """Accept or drop a held one; False where there is no such held one."""

    # look-ups

    def changes(self, query: ChangeQuery) -> tuple[RecordedChange, ...]:
        """Recorded changes, newest first by the registry's clock, then ours, then number."""

    def change(self, change_id: str) -> RecordedChange | None:
        """One change by its id."""

    def findings(
        self, *, trials: Iterable[TrialId] = (), changes: Iterable[str] = (), limit: int | None = None
    ) -> tuple[RecordedFinding, ...]:
        """Findings of some trials, or over some changes (ids), newest first by number."""

    def snapshots(self, trial: TrialId) -> tuple[Snapshot, ...]:
        """All versions held of a trial, by our number; empty where none."""

    def body(self, trial: TrialId, seq: int) -> bytes:
        """The payload of one snapshot, byte for byte as first served with this content.

        Raises NotWatchedError where there is no such snapshot.
        """

    # digests

    def begin_subscription(self, name: str, now: datetime) -> SubscriptionState:
        """Make a subscription begin, or tell when it did: earlier changes belong to none of its digests."""

    def pending(self, subscription: Subscription, until: datetime) -> Pending:
        """What it could be told: observed up to `until`, and in none of its digests yet."""

    def next_sequence(self, subscription: str) -> int:
        """The number of its next digest, from 1."""

    def next_ordinal(self, subscription: str, kind: DigestKind, period: str) -> int:
        """The next free ordinal of a period, from 1."""

    def last_digest(self, subscription: str, kind: DigestKind | None = None) -> StoredDigest | None:
        """Its latest digest, of one kind or any."""

    def digests(self, *, subscription: str | None = None, limit: int | None = None) -> tuple[StoredDigest, ...]:
        """Digests, newest first."""

    def digest(self, digest_id: str) -> StoredDigest | None:
        """One digest."""

    def digest_changes(self, digest_id: str) -> tuple[RecordedChange, ...]:
        """The changes a digest told or folded, in order of their numbers."""

    def enqueue(
        self,
        digest: Digest,
        deliveries: Sequence[Delivery],
        *,
        told: Iterable[str],
        told_notices: Iterable[int] = (),
    ) -> bool:
        """T2: the digest, the ids of the changes it tells or folds, its notices and the outbox, at once.

        False, and nothing is written, where this digest or a digest with one of the changes exists already.
        """

    # the outbox

    def due_channels(self, now: datetime) -> tuple[str, ...]:
        """Enabled channels with something due."""

    def claim(
        self, now: datetime, *, lease_s: float, limit: int, channels: Sequence[str] | None = None
    ) -> tuple[Delivery, ...]:
        """Take due deliveries of enabled channels: leased, each with an attempt row, committed before any send.

        `Delivery.attempts` is the number of the attempt just opened. Leases that ran out are taken over.
        """

    def settle(
        self,
        delivery_id: str,
        attempt: int,
        settlement: Settlement,
        *,
        now: datetime,
        status: int | None = None,
        excerpt: str = "",
        notices: Sequence[NoticeDraft] = (),
    ) -> bool:
        """T3: close the attempt, move the delivery on, disable its channel where asked, add notices.

        False where the attempt is no longer the delivery's own; a late success counts all the same.
        """

    def void_leases(self, now: datetime) -> int:
        """For the holder of the daemon lock, at start: open attempts are `lost`, their deliveries due again."""

    def deliveries(
        self,
        *,
        states: Sequence[DeliveryState] = (),
        channel: str | None = None,
        digest: str | None = None,
        limit: int | None = None,
    ) -> tuple[Delivery, ...]:
        """The outbox, newest first."""

    def delivery(self, delivery_id: str) -> Delivery | None:
        """One delivery."""

    def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """Its attempts, first to last."""

    def retry(self, delivery_ids: Iterable[str], now: datetime) -> tuple[str, ...]:
        """Make dead, dropped or waiting deliveries due now; return those that were."""

    def drop(self, delivery_ids: Iterable[str]) -> tuple[str, ...]:
        """Give up dead or waiting deliveries; return those that were."""

    def disabled_channels(self) -> tuple[ChannelState, ...]:
        """Channels that are off, by name."""

    def disable_channel(self, name: str, reason: str, now: datetime) -> None:
        """Claim nothing more for a channel until it is enabled again."""

    def enable_channel(self, name: str) -> bool:
        """Claim for it again; False where it was not off."""

    # requests to the daemon

    def ask(
        self, kind: Literal["poll", "digest.send", "deliveries.retry"], args: Sequence[str], now: datetime
    ) -> int:
        """Leave a request for the daemon; return its number."""

    def open_requests(self) -> tuple[Request, ...]:
        """Requests not answered, oldest first."""

    def answer(self, number: int, state: Literal["done", "failed"], result: str, now: datetime) -> bool:
        """Answer a request; False where it is answered already."""

    def request(self, number: int) -> Request | None:
        """One request."""

    # the database

    def notices(self, *, limit: int | None = None) -> tuple[Notice, ...]:
        """Notices, newest first."""

    def stats(self) -> Stats:
        """How much is held."""

    def integrity_check(self) -> tuple[str, ...]:
        """What is wrong with the database, in words; empty where nothing is."""
