"""Subscriptions and digests as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from monitor.core.change import RecordedChange, RecordedFinding, Significance
from monitor.core.watching import Notice, SourceHealth, TrialState, Watch

DigestKind: TypeAlias = Literal["scheduled", "immediate", "manual", "preview"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who gets what, when: one `[[subscriptions]]` table of the config. Empty filters pass everything."""

    name: str
    channels: tuple[str, ...]
    cadence: str
    min_significance: Significance = "minor"
    immediate_at: Significance | None = None
    tags: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    sponsors: tuple[str, ...] = ()
    baseline: Literal["folded", "full"] = "folded"
    heartbeat: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """One finding of one trial with its changes, ready to be told."""

    trial: TrialState
    finding: RecordedFinding
    changes: tuple[RecordedChange, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """What one subscription is told at one time."""

    id: str
    subscription: Subscription
    kind: DigestKind
    period: str
    """The period's key, a local date or hour for scheduled ones; unique with subscription, kind, ordinal."""
    ordinal: int
    sequence: int
    """Counts a subscription's digests from 1."""
    created_at: datetime
    since: datetime | None
    until: datetime
    stories: tuple[Story, ...]
    """Worst first."""
    folded: int
    """Changes below the subscription's minimum that were left out."""
    baselines: tuple[Notice, ...]
    notices: tuple[Notice, ...]
    sources: tuple[SourceHealth, ...]
    unread: tuple[TrialState, ...]
    """Watched trials that could not be read at the source's data version."""
    watched: int
    """Trials the subscription covers."""
    covers: tuple[int, int] | None
    """First and last running number of the changes told or folded."""
    told: tuple[str, ...] = ()
    """Ids of all changes this digest settles, told or folded: no later digest of the subscription has them."""
    told_notices: tuple[int, ...] = ()
    """Ids of the notices it settles, baselines among them."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What a subscription has not been told yet: polled since it began, in no digest of its own."""

    findings: tuple[RecordedFinding, ...] = ()
    changes: tuple[RecordedChange, ...] = ()
    notices: tuple[Notice, ...] = ()
    """Of every kind, baselines among them."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Which digest of a subscription is being composed, and when."""

    kind: DigestKind
    period: str
    """The cadence's `period_key`; the UTC date for immediate and manual ones."""
    ordinal: int
    """Counts the digests of this kind in this period from 1; scheduled ones are always 1."""
    sequence: int
    """Counts all digests of the subscription from 1."""
    since: datetime | None
    """When the digest before was closed, or the subscription began."""
    now: datetime


def compose(
    subscription: Subscription,
    pending: Pending,
    occasion: Occasion,
    *,
    watches: Sequence[Watch],
    sources: Sequence[SourceHealth],
) -> Digest | None:
    """What the subscription is told on this occasion, or None where nothing passed its filter."""
    raise RuntimeError("being written")
