"""Values of the watch: who is watched, what was seen, how each source is doing, what was not believed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from monitor.core.change import Origin
from monitor.core.record import TrialId
from monitor.core.recorded import Stamp, isoformat, snapshot_identity

Presence: TypeAlias = Literal["unseen", "present", "absent", "gone", "renamed", "unknown"]
"""`unseen`: watched, not read yet. `absent`: missing in one data version so far. `unknown`: never existed."""

RequestKind: TypeAlias = Literal["poll", "digest.send", "deliveries.retry", "deliveries.replay"]

SourceState: TypeAlias = Literal["OK", "STALE", "THROTTLED", "BLOCKED", "BROKEN", "DOWN"]

NoticeKind: TypeAlias = Literal[
    "source",
    "quarantine",
    "dead_letter",
    "channel_disabled",
    "unknown_trial",
    "baseline",
    "database",
    "hold",
    "schema",
    "duplicate",
    "search",
    "search_refused",
    "compose",
]
"""`search`: the first run of one, told like a first sight and waking nobody."""


@dataclass(frozen=True, slots=True)
class TrialState:
    """What the store knows of a trial now."""

    trial: TrialId
    presence: Presence
    title: str
    sponsor: str | None
    overall_status: str | None
    phases: tuple[str, ...]
    snapshot_seq: int | None
    """Our latest snapshot of it, counted per trial from 1."""
    checked_data_version: str | None
    checked_at: datetime | None
    changed_at: datetime | None
    renamed_to: TrialId | None = None
    absent_since: str | None = None
    """The data version it was first missing in."""
    conditions: tuple[str, ...] | None = None
    """Conditions and keywords, as written; None where they are not known yet."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A trial on the watch list."""

    trial: TrialId
    tags: tuple[str, ...]
    note: str
    added_at: datetime
    state: TrialState


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of a trial as we saw it, without its payload."""

    trial: TrialId
    seq: int
    digest: str
    """sha256, hex, of the canonical payload without `versionHolder`."""
    first_seen: str
    """The data version first seen in, or `v<registry version>` for back-filled ones."""
    observed_at: datetime
    origin: Origin
    data_version: str | None
    version: int | None
    """The registry's own version number, 1-based; None where not known."""
    submitted_on: str | None
    posted_on: str | None
    title: str

    @property
    def identity(self) -> str:
        """What ids of changes are derived from."""
        return snapshot_identity(self.trial, self.digest, self.first_seen)

    @property
    def place(self) -> str:
        """Its place in time among the trial's versions, a date or moment as text.

        A back-filled version stood from when the registry posted it: no data version of ours saw it.
        """
        said = (self.posted_on or self.submitted_on) if self.origin == "backfill" else self.data_version
        return said or isoformat(self.observed_at)


def in_order(snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    """A trial's versions, oldest first: by the registry's clock, and never against its own numbers."""
    held = tuple(snapshots)
    places: dict[int, str] = {}
    floor = ""
    for one in sorted((one for one in held if one.version is not None), key=_by_number):
        floor = places[one.seq] = max(floor, one.place)
    return tuple(
        sorted(
            held,
            key=lambda one: (
                places.get(one.seq, one.place),
                one.origin != "backfill",
                (one.version or 0) if one.origin == "backfill" else 0,
                one.seq,
            ),
        )
    )


def _by_number(snapshot: Snapshot) -> tuple[int, str, int]:
    return snapshot.version or 0, snapshot.place, snapshot.seq


def stamp_between(
    before: Snapshot | None, after: Snapshot, *, url: str, observed_at: datetime, origin: Origin
) -> Stamp:
    """Where two snapshots of one trial met; None is before the first.

    A silent change has neither dates nor a version number of the registry's: it posted nothing.
    """
    silent = before is not None and _is_same_posting(before, after)
    return Stamp(
        trial=after.trial,
        title=after.title,
        url=url,
        identity_from=before.identity if before else "",
        identity_to=after.identity,
        snapshot_from=before.seq if before else None,
        snapshot_to=after.seq,
        observed_at=observed_at,
        origin=origin,
        version_from=before.version if before and not silent else None,
        version_to=None if silent else after.version,
        submitted_on=None if silent else after.submitted_on,
        posted_on=None if silent else after.posted_on,
        data_version=after.data_version,
    )


def _is_same_posting(before: Snapshot, after: Snapshot) -> bool:
    """Did the registry post nothing in between? Two versions of one day have numbers that differ."""
    if before.version is not None and after.version is not None:
        return before.version == after.version
    return (before.submitted_on, before.posted_on) == (after.submitted_on, after.posted_on)


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How one registry is doing."""

    registry: str
    state: SourceState
    since: datetime
    reason: str
    data_version: str | None
    """As the registry stamps it, e.g. `2026-11-20T09:00:05`."""
    etag: str | None
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    not_before: datetime | None = None
    """Ask nothing of it before then (Retry-After, back-off, blocked)."""
    newest: str | None = None
    """The newest data version that was believed, also where the last answer named none."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An answer that was not believed, and why."""

    id: int
    trial: TrialId
    reason: str
    digest: str
    observed_at: datetime
    data_version: str | None
    state: Literal["held", "accepted", "dropped"]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something operators and readers must be told once: it is never filtered out, save baselines by tag."""

    id: int
    kind: NoticeKind
    subject: str
    """What it is about: a registry, a trial, a channel."""
    message: str
    at: datetime
    trial: TrialId | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """Asked of the daemon by a command, because only the daemon talks to the network while it runs."""

    id: int
    kind: RequestKind
    args: tuple[str, ...]
    state: Literal["open", "done", "failed"]
    result: str
    created_at: datetime
