"""Invented recordings, digests and deliveries for the store: no real trial, sponsor or person is meant."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.core.change import Change, ChangeSet, Delta, Finding, Origin, Significance
from monitor.core.delivery import Delivery
from monitor.core.digest import Digest, DigestKind, digest_id
from monitor.core.record import TrialId
from monitor.core.recorded import Stamp, stamp_changes
from monitor.core.subscription import Subscription
from monitor.core.watching import Snapshot
from monitor.store import Recording, Store, TrialFacts

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DATA_VERSION = "2026-11-20T09:00:05"


def trial(number: int = 1) -> TrialId:
    """NCT09000001, NCT09000002, …"""
    return TrialId("ctgov", f"NCT{9_000_000 + number:08d}")


def body_of(letter: str, who: TrialId) -> bytes:
    """A payload in version `letter`: worth packing, and mostly the same from one to the next."""
    lines = "".join(f'"line{n}":"{hashlib.sha256(f"{who}{n}".encode()).hexdigest()}",' for n in range(40))
    return f'{{"nctId":"{who.id}",{lines}"version":"{letter}"}}'.encode()


def digest_of(letter: str, who: TrialId) -> str:
    """The content digest of that version."""
    return hashlib.sha256(f"{who}{letter}".encode()).hexdigest()


def snapshot(
    letter: str = "A",
    *,
    who: TrialId | None = None,
    seq: int = 1,
    at: datetime = NOW,
    origin: Origin = "poll",
    first_seen: str = "",
    posted_on: str | None = "2026-11-19",
) -> Snapshot:
    """Version `letter` of a trial, seen at `at`."""
    who = who or trial()
    return Snapshot(
        trial=who,
        seq=seq,
        digest=digest_of(letter, who),
        first_seen=first_seen or f"{at:%Y-%m-%d}",
        observed_at=at,
        origin=origin,
        data_version=f"{at:%Y-%m-%d}",
        version=None,
        submitted_on=None,
        posted_on=posted_on,
        title="Veltomab in Gastric Cancer",
    )


def first(
    who: TrialId | None = None, *, at: datetime = NOW, letter: str = "A", data_version: str = DATA_VERSION
) -> Recording:
    """The first sight of a trial."""
    who = who or trial()
    return Recording(
        trial=who,
        checked_at=at,
        checked_data_version=data_version,
        presence="present",
        facts=TrialFacts("Veltomab in Gastric Cancer", "Alpha Bio", "RECRUITING", ("PHASE2", "PHASE3")),
        snapshot=snapshot(letter, who=who, at=at),
        body=body_of(letter, who),
    )


def amended(
    before: Snapshot,
    letter: str,
    *,
    seq: int,
    at: datetime,
    fields: Sequence[str] = ("status.overallStatus",),
    significance: Significance = "major",
    origin: Origin = "poll",
    posted_on: str | None = None,
    first_seen: str = "",
) -> Recording:
    """The next version of a trial: one change for each of `fields`, and one finding over them."""
    after = snapshot(
        letter,
        who=before.trial,
        seq=seq,
        at=at,
        origin=origin,
        posted_on=posted_on or f"{at:%Y-%m-%d}",
        first_seen=first_seen,
    )
    changes, findings = stamp_changes(
        changed(fields, significance), stamp(before, after, at=at, origin=origin)
    )
    return Recording(
        trial=before.trial,
        checked_at=at,
        checked_data_version=f"{at:%Y-%m-%d}T09:00:05",
        presence="present",
        facts=TrialFacts("Veltomab in Gastric Cancer", "Alpha Bio", letter, ("PHASE3",)),
        snapshot=after,
        body=body_of(letter, before.trial),
        changes=changes,
        findings=findings,
    )


def changed(fields: Sequence[str], significance: Significance = "major") -> ChangeSet:
    """A change set over fields of the catalogue, whose category is the field's group."""
    changes = tuple(
        Change(
            Delta(field, "changed", "old", "new"),
            category=field.split(".")[0],
            significance=significance,
            rule="M1",
            reason="because",
            summary=f"{field} changed.",
        )
        for field in fields
    )
    members = tuple(range(len(changes)))
    return ChangeSet(changes, (Finding("status", "It changed.", significance, "M1", members),))


def stamp(before: Snapshot, after: Snapshot, *, at: datetime, origin: Origin = "poll") -> Stamp:
    """Where two versions met."""
    return Stamp(
        trial=after.trial,
        title=after.title,
        url=f"https://registry.example/study/{after.trial}",
        identity_from=before.identity,
        identity_to=after.identity,
        snapshot_from=before.seq,
        snapshot_to=after.seq,
        observed_at=at,
        origin=origin,
        submitted_on=after.submitted_on,
        posted_on=after.posted_on,
        data_version=after.data_version,
    )


def history(store: Store, letters: str, who: TrialId | None = None, *, start: datetime = NOW) -> None:
    """Record a trial in the versions `letters`, one a day."""
    known = store.latest([who or trial()]).get(who or trial())
    before = known.snapshot if known else None
    for number, letter in enumerate(letters):
        at = start + number * DAY
        if before is None:
            recording = first(who, at=at, letter=letter)
        else:
            recording = amended(before, letter, seq=before.seq + 1, at=at)
        store.record([recording])
        before = recording.snapshot


def subscription(
    name: str = "morning", *, tags: tuple[str, ...] = (), trials: tuple[str, ...] = ()
) -> Subscription:
    """A subscription to one channel."""
    return Subscription(name, ("ci-team",), "daily 07:30 Europe/London", tags=tags, trials=trials)


def digest(
    told: Sequence[str] = (),
    *,
    name: str = "morning",
    kind: DigestKind = "scheduled",
    period: str = "2026-11-21",
    ordinal: int = 1,
    sequence: int = 1,
    at: datetime = NOW + DAY,
) -> Digest:
    """A digest without stories: the store keeps its place, not its words."""
    return Digest(
        id=digest_id(name, period, kind, ordinal),
        subscription=subscription(name),
        kind=kind,
        period=period,
        ordinal=ordinal,
        sequence=sequence,
        created_at=at,
        since=None,
        until=at,
        stories=(),
        folded=0,
        baselines=(),
        notices=(),
        sources=(),
        unread=(),
        watched=1,
        covers=None,
        told=tuple(told),
    )


def delivery(
    number: int = 1, *, of: str = "", channel: str = "ci-team", at: datetime = NOW, content: bytes = b"bytes"
) -> Delivery:
    """A delivery that is due at `at`."""
    return Delivery(
        id=f"dlv_{number}",
        digest=of,
        channel=channel,
        recipient=f"reader{number}@example.org",
        part=1,
        event="digest.created",
        content=content,
        state="pending",
        attempts=0,
        next_at=at,
        created_at=at,
    )


def outbox(store: Store, *deliveries: Delivery) -> str:
    """Put deliveries into the outbox under one digest; return its id."""
    made = digest()
    assert store.enqueue(made, [replace(one, digest=made.id) for one in deliveries], told=())
    return made.id
