"""Invented changes, findings and digests: no real trial, sponsor or person is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.core.change import Op, Origin, Significance
from monitor.core.digest import Digest, DigestKind, Occasion, compose
from monitor.core.record import Json, TrialId
from monitor.core.recorded import RecordedChange, RecordedFinding, Stamp, derived_id
from monitor.core.subscription import Subscription
from monitor.core.watching import Notice, NoticeKind, SourceHealth, SourceState, TrialState

NOW = datetime(2026, 11, 20, 7, 30, 5, tzinfo=UTC)
SINCE = NOW - timedelta(days=1)
STAMP = "2026-11-20T09:00:05"


@dataclass(frozen=True)
class FakePending:
    """What a store would call pending."""

    changes: tuple[RecordedChange, ...] = ()
    findings: tuple[RecordedFinding, ...] = ()
    baselines: tuple[Notice, ...] = ()
    notices: tuple[Notice, ...] = ()
    trials: Mapping[TrialId, TrialState] = field(default_factory=dict)
    unread: tuple[TrialState, ...] = ()
    watched: int = 43
    held: int = 0


def subscription(
    name: str = "akeso",
    *,
    cadence: str = "daily 07:30 Europe/London",
    min_significance: Significance = "minor",
    immediate_at: Significance | None = None,
    categories: tuple[str, ...] = (),
    rules: tuple[str, ...] = (),
    sponsors: tuple[str, ...] = (),
    heartbeat: bool = False,
) -> Subscription:
    """A subscription to one channel."""
    return Subscription(
        name=name,
        channels=("ci-team",),
        cadence=cadence,
        min_significance=min_significance,
        immediate_at=immediate_at,
        tags=("akeso",),
        categories=categories,
        rules=rules,
        sponsors=sponsors,
        heartbeat=heartbeat,
    )


def trial(number: int, title: str = "Veltomab in Gastric Cancer", sponsor: str = "Alpha Bio") -> TrialState:
    """What is known of trial NCT0900…`number`."""
    return TrialState(
        trial=TrialId("ctgov", f"NCT09{number:06d}"),
        presence="present",
        title=title,
        sponsor=sponsor,
        overall_status="RECRUITING",
        phases=("PHASE3",),
        snapshot_seq=3,
        checked_data_version=STAMP,
        checked_at=NOW - timedelta(hours=1),
        changed_at=NOW - timedelta(hours=1),
    )


def change(
    state: TrialState,
    summary: str,
    *,
    level: Significance = "minor",
    rule: str = "m7",
    category: str = "sites",
    field_name: str = "locations",
    key: str | None = None,
    op: Op = "changed",
    old: Json = None,
    new: Json = None,
    facts: Mapping[str, Json] | None = None,
    number: int = 1,
    origin: Origin = "poll",
    posted_on: str | None = "2026-11-19",
    versions: tuple[int | None, int | None] = (14, 15),
    baseline: bool = False,
    snapshots: tuple[int, int] = (2, 3),
) -> RecordedChange:
    """A recorded change of a trial."""
    stamp = Stamp(
        trial=state.trial,
        title=state.title,
        url=f"https://clinicaltrials.gov/study/{state.trial.id}",
        identity_from="a",
        identity_to="b",
        snapshot_from=snapshots[0],
        snapshot_to=snapshots[1],
        observed_at=NOW - timedelta(hours=1),
        origin=origin,
        version_from=versions[0],
        version_to=versions[1],
        submitted_on="2026-11-17",
        posted_on=posted_on,
        data_version=STAMP[:10],
    )
    body: dict[str, Json] = {
        "field": field_name,
        "key": key,
        "part": None,
        "path": ".".join(part for part in (field_name, key) if part),
        "op": op,
        "old": old,
        "new": new,
        "category": category,
        "significance": level,
        "rule": rule,
        "reason": "as the test says",
        "facts": dict(facts or {}),
        "summary": summary,
    }
    identity = derived_id(state.trial.id, field_name, key or "", summary, str(number))
    return RecordedChange("chg_" + identity, stamp, body, baseline=baseline, number=number)


def finding(
    state: TrialState,
    headline: str,
    *changes: RecordedChange,
    level: Significance | None = None,
    rule: str | None = None,
    details: tuple[str, ...] = (),
    origin: Origin = "poll",
) -> RecordedFinding:
    """A finding over `changes`."""
    return RecordedFinding(
        id="fnd_" + derived_id(state.trial.id, headline, *(c.id for c in changes)),
        trial=state.trial,
        title=state.title,
        kind="version",
        headline=headline,
        significance=level or changes[0].significance,
        rule=rule or changes[0].rule,
        changes=tuple(c.id for c in changes),
        snapshot_from=2,
        snapshot_to=3,
        observed_at=NOW - timedelta(hours=1),
        origin=origin,
        details=details,
    )


def notice(kind: NoticeKind, message: str, *, number: int = 1, about: TrialState | None = None) -> Notice:
    """A notice."""
    return Notice(number, kind, "ctgov", message, NOW, trial=about.trial if about else None)


def source(state: SourceState = "OK", reason: str = "") -> SourceHealth:
    """How the registry is doing."""
    return SourceHealth(
        registry="ctgov",
        state=state,
        since=NOW - timedelta(hours=3),
        reason=reason,
        data_version=STAMP,
        etag=None,
        last_attempt_at=NOW,
        last_success_at=NOW,
    )


def occasion(kind: DigestKind = "scheduled", *, period: str = "2026-11-20", ordinal: int = 1) -> Occasion:
    """Which digest is being composed."""
    return Occasion(kind=kind, period=period, ordinal=ordinal, sequence=31, since=SINCE, now=NOW)


def composed(
    pending: FakePending, to: Subscription | None = None, *, health: SourceHealth | None = None
) -> Digest:
    """The scheduled digest of `pending`; it must not be empty."""
    digest = compose(to or subscription(), pending, occasion(), sources=(health or source(),))
    assert digest is not None
    return digest


def gathered(
    *stories: tuple[TrialState, RecordedFinding, tuple[RecordedChange, ...]],
    baselines: tuple[Notice, ...] = (),
    notices: tuple[Notice, ...] = (),
    unread: tuple[TrialState, ...] = (),
) -> FakePending:
    """Pending stories."""
    return FakePending(
        changes=tuple(c for _, _, changes in stories for c in changes),
        findings=tuple(found for _, found, _ in stories),
        baselines=baselines,
        notices=notices,
        trials={state.trial: state for state, _, _ in stories},
        unread=unread,
    )
