"""What goes into the store and comes out of it, where core has no value of its own for it.

Nothing here knows a table, a session or a row: these are the words of the verbs of `Store`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeAlias

from monitor.core.change import Origin, Significance
from monitor.core.delivery import DeliveryState
from monitor.core.digest import DigestKind
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange, RecordedFinding
from monitor.core.searches import Matched, Membership, SavedSearch
from monitor.core.watching import Notice, NoticeKind, Presence, Snapshot, TrialState


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """The few facts of a trial that lists and the readout clock show without reading its payload."""

    title: str
    sponsor: str | None = None
    overall_status: str | None = None
    phases: tuple[str, ...] = ()
    study_type: str | None = None
    primary_completion: str | None = None
    """As precise as the record says: `2027-03`."""
    primary_completion_type: str | None = None
    results_posted_on: str | None = None
    results_submitted_on: str | None = None
    """When results were handed in that are not posted yet."""
    results_returned_on: str | None = None
    """When the registry's reviewers last sent them back; None where they have them."""
    results_waived: bool = False
    delay_certified_on: str | None = None
    conditions: tuple[str, ...] = ()
    """Conditions and keywords, as written."""


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """A notice before the store numbers it; the same draft twice is one notice."""

    kind: NoticeKind
    subject: str
    message: str
    at: datetime
    trial: TrialId | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """An answer that is not believed, with its bytes as served, to be held in quarantine."""

    reason: str
    digest: str
    """sha256, hex: canonical where the answer is JSON, else of the bytes."""
    body: bytes
    data_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What one outcome of a fetch becomes: everything T1 writes about one trial, at once.

    A trial not known yet is created. With `snapshot` come `body` and `facts`.
    """

    trial: TrialId
    checked_at: datetime
    checked_data_version: str | None = None
    """The data version it counts as read at; None: it does not count as read, ask again."""
    presence: Presence | None = None
    """None keeps what is stored."""
    facts: TrialFacts | None = None
    """None keeps what is stored."""
    snapshot: Snapshot | None = None
    """A version not held yet, with `seq` = `Stored.last_seq` + 1 (1 for a new trial); None: nothing new."""
    body: bytes | None = None
    """The payload of `snapshot`, byte for byte as served; kept once for each digest, as first served."""
    current: bool = True
    """False: an older version than the one held; it joins the history, the trial's state stays."""
    changes: tuple[RecordedChange, ...] = ()
    findings: tuple[RecordedFinding, ...] = ()
    doubt: Doubt | None = None
    notices: tuple[NoticeDraft, ...] = ()
    renamed_to: TrialId | None = None
    """The watch follows: the new number is watched with the same tags."""
    absent_since: str | None = None
    """With presence `absent` or `gone`: the data version it was first missing in; cleared by `present`."""


@dataclass(frozen=True, slots=True)
class Member:
    """A trial in a saved search, now or before."""

    state: TrialState
    entered_at: datetime
    left_at: datetime | None
    follow: bool
    matched: Matched | None


@dataclass(frozen=True, slots=True)
class MemberMove:
    """A trial that comes into a search or leaves it, with the changes that tell it (none where no news)."""

    trial: TrialId
    event: Membership
    matched: Matched | None = None
    changes: tuple[RecordedChange, ...] = ()
    findings: tuple[RecordedFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchRun:
    """What one run of a search came to."""

    saved: SavedSearch
    """As it was when it ran."""
    checked_at: datetime
    data_version: str | None = None
    """Where the run was whole: the data version it counts for."""
    problem: str = ""
    """Why it was not whole, in words."""
    through: str | None = None
    """Of a whole registry: the day up to which all that was first posted is known."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is held of a trial now; its payload comes from `Store.bodies` by `snapshot.digest`."""

    state: TrialState
    snapshot: Snapshot | None
    """The current one; None before the first."""
    last_seq: int
    """The highest snapshot number given so far; 0 before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQuery:
    """Filters of `history` and `changes` (contract section 5); what is empty or None passes everything."""

    trials: tuple[TrialId, ...] = ()
    field: str | None = None
    """A glob over catalogue names: `status.*`, `*Date`."""
    categories: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    min_significance: Significance | None = None
    since: date | None = None
    """By the registry's clock: posted, else submitted, else observed; inclusive."""
    until: date | None = None
    """By the registry's clock; inclusive."""
    observed_since: datetime | None = None
    """By our clock; inclusive."""
    tags: tuple[str, ...] = ()
    """Any of them on the watch list."""
    searches: tuple[str, ...] = ()
    """In any of these saved searches or assets now, or told of coming in or leaving."""
    sponsor: str | None = None
    """Part of the lead sponsor's name, whatever the case."""
    presences: tuple[Presence, ...] = ()
    origins: tuple[Origin, ...] = ()
    before: tuple[date, datetime, int] | None = None
    """Only what is older than a change of this registry day, time seen and number, in that order."""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """All that a subscription could be told now: poll-origin, after it began, in no digest of its own."""

    changes: tuple[RecordedChange, ...]
    """Of the trials it covers (tags, trials), by number; its other filters are not applied."""
    findings: tuple[RecordedFinding, ...]
    """Those over at least one of the changes, in order of their numbers."""
    baselines: tuple[Notice, ...]
    """Of the trials it covers."""
    notices: tuple[Notice, ...]
    """All others: they pass every filter."""
    trials: Mapping[TrialId, TrialState]
    """The trials that the changes and baselines are about."""
    unread: tuple[TrialState, ...]
    """Covered trials not read at their source's data version."""
    watched: int
    """Trials it covers."""
    held: int = 0
    """Changes it would be told as well, were they not held as a suspected reformatting."""


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """When a subscription began; what was recorded before belongs to none of its digests."""

    name: str
    begun_at: datetime
    paused_at: datetime | None = None
    """Since then nothing is composed for it, and all that is news to it waits."""
    paused_why: str = ""
    failing_since: datetime | None = None
    """Since then no digest of it could be composed; it is tried again at every tick."""
    failing_why: str = ""


@dataclass(frozen=True, slots=True)
class NewsMark:
    """Moves whenever there may be something new to tell: the last running numbers, and what is withheld."""

    change: int
    notice: int
    digest: int
    withheld: tuple[tuple[object, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class StoredDigest:
    """A digest as kept: its place and counts; its words are in the deliveries' bytes."""

    id: str
    subscription: str
    kind: DigestKind
    period: str
    ordinal: int
    sequence: int
    created_at: datetime
    since: datetime | None
    until: datetime
    changes: int
    """Told or folded."""
    folded: int
    notices: int
    deliveries: int


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A channel whose target wants nothing more."""

    name: str
    disabled_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class UpgradeReport:
    """What `upgrade` did."""

    created: bool
    from_revision: str | None
    to_revision: str
    backup: Path | None = None
    """Copy made before an existing SQLite database was touched."""

    @property
    def migrated(self) -> bool:
        """Was an existing database changed?"""
        return not self.created and self.from_revision != self.to_revision


@dataclass(frozen=True, slots=True)
class Damage:
    """Something wrong with the database."""

    what: str
    remedy: str
    trial: TrialId | None = None
    snapshot: int | None = None
    """Which version of the trial is hurt, by our number."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What making room came to, in payloads."""

    packed: int = 0
    """Packed anew."""
    dropped: int = 0
    """Given up, as `[retention] payload_days` says."""
    damaged: int = 0
    """Trials left as they are, because a payload of theirs cannot be read."""

    def plus(self, other: Compacted) -> Compacted:
        """Both together."""
        return Compacted(
            self.packed + other.packed, self.dropped + other.dropped, self.damaged + other.damaged
        )


@dataclass(frozen=True, slots=True)
class Derived:
    """What today's code and rules make of versions that are held of one trial."""

    changes: tuple[RecordedChange, ...]
    findings: tuple[RecordedFinding, ...]
    pairs: frozenset[tuple[str, str]]
    """Identities of the versions compared, before and after: nothing else is touched."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What deriving anew changes of one trial; changes by their ids."""

    added: tuple[str, ...]
    altered: tuple[str, ...]
    """Judged or told otherwise."""
    removed: tuple[str, ...]
    """No longer derived, and never told."""
    kept: tuple[str, ...]
    """No longer derived, but told: kept as they were told."""
    findings: int
    """Findings that come, go or are told otherwise."""

    @property
    def is_nothing(self) -> bool:
        """Is all as it was?"""
        return not (self.added or self.altered or self.removed or self.findings)


Counts: TypeAlias = "Mapping[str, int]"


@dataclass(frozen=True, slots=True)
class Stats:
    """How much is held, for `db stats` and `status`."""

    revision: str
    engine: str
    """`sqlite 3.45.1` or `postgresql 16.2`."""
    rows: Counts
    """By table."""
    presences: Counts
    """Watched trials by presence."""
    deliveries: Mapping[DeliveryState, int]
    quarantined: int
    """Held."""
    open_requests: int
    body_bytes: int
    """Payload bytes as stored, compressed."""
    file_bytes: int | None = None
    """Database file with its write-ahead log; None on PostgreSQL."""
