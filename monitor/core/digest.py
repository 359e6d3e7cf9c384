"""Subscriptions and digests as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from monitor.core.change import RecordedChange, RecordedFinding, Significance
from monitor.core.watching import Notice, SourceHealth, TrialState

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
