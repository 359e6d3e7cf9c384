"""Changes and findings as recorded: in their place, with ids that never change (contract section 2).

A stamp is all that the diff cannot know: trial, versions, snapshots, both clocks. Ids are derived from what
they name, so that the same versions give the same ids on every channel, retry and replay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from monitor.core.change import LEVELS, ChangeSet, Delta, Finding, Origin, Significance
from monitor.core.record import Json, JsonObject, TrialId


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where two versions of one trial met: everything about a change that the diff cannot know."""

    trial: TrialId
    title: str
    url: str
    identity_from: str
    identity_to: str
    snapshot_from: int | None
    snapshot_to: int | None
    observed_at: datetime
    origin: Origin
    version_from: int | None = None
    version_to: int | None = None
    submitted_on: str | None = None
    posted_on: str | None = None
    data_version: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change as recorded (contract section 2); `number` is the store's running number."""

    id: str
    stamp: Stamp
    body: JsonObject
    """What `Change.to_dict` gave: the change itself, in JSON."""
    baseline: bool = False
    number: int | None = None

    @property
    def trial(self) -> TrialId:
        """The trial it happened to."""
        return self.stamp.trial

    @property
    def field(self) -> str:
        """The catalogue name."""
        return str(self.body["field"])

    @property
    def key(self) -> str | None:
        """The identity of the list item now, or None."""
        value = self.body["key"]
        return None if value is None else str(value)

    @property
    def category(self) -> str:
        """The field's category, or that of the rule."""
        return str(self.body["category"])

    @property
    def significance(self) -> Significance:
        """How much it matters."""
        level = self.body["significance"]
        return next(known for known in LEVELS if known == level)

    @property
    def rule(self) -> str:
        """The id of the deciding rule."""
        return str(self.body["rule"])

    @property
    def summary(self) -> str:
        """The one-line sentence."""
        return str(self.body["summary"])

    @property
    def part(self) -> str:
        """The path inside the item, dotted; empty where the change is of all of it, or of no item."""
        return str(self.body.get("part") or "")

    @property
    def facts(self) -> JsonObject:
        """What was measured; empty where nothing was."""
        facts = self.body.get("facts")
        return facts if isinstance(facts, dict) else {}

    @property
    def told_with(self) -> str | None:
        """The field or path whose change of this version tells this one, too (a reason beside its status)."""
        lead = self.facts.get("told_with")
        return str(lead) if lead else None

    def to_dict(self) -> JsonObject:
        """The whole contract section 2 object."""
        stamp, body = self.stamp, self.body
        return {
            "id": self.id,
            "trial": {
                "registry": stamp.trial.registry,
                "id": stamp.trial.id,
                "title": stamp.title,
                "url": stamp.url,
            },
            **body,
            "baseline": self.baseline,
            "version": {"from": stamp.version_from, "to": stamp.version_to},
            "snapshot": {"from": stamp.snapshot_from, "to": stamp.snapshot_to},
            "submitted_on": stamp.submitted_on,
            "posted_on": stamp.posted_on,
            "data_version": stamp.data_version,
            "observed_at": isoformat(stamp.observed_at),
            "origin": stamp.origin,
        }


@dataclass(frozen=True, slots=True)
class RecordedFinding:
    """A finding as recorded: over change ids, with its place and time."""

    id: str
    trial: TrialId
    title: str
    kind: str
    headline: str
    significance: Significance
    rule: str
    changes: tuple[str, ...]
    snapshot_from: int | None
    snapshot_to: int | None
    observed_at: datetime
    origin: Origin
    details: tuple[str, ...] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)
    net: Literal["changed", "reverted"] | None = None
    steps: tuple[str, ...] = ()
    number: int | None = None
    url: str = ""
    """The registry's page of the trial; empty where it was recorded without."""

    def sums_up(self, change: RecordedChange) -> bool:
        """Is the change one of those that a detail of the story tells as a sum (`sums`, `summed`)?"""
        sums = self.facts.get("sums")
        return isinstance(sums, dict) and change.field in sums and "summed" in change.facts

    def to_dict(self) -> JsonObject:
        """The finding of contract section 2."""
        trial: JsonObject = {"registry": self.trial.registry, "id": self.trial.id, "title": self.title}
        if self.url:
            trial["url"] = self.url
        return {
            "id": self.id,
            "trial": trial,
            "kind": self.kind,
            "headline": self.headline,
            "significance": self.significance,
            "rule": self.rule,
            "changes": list(self.changes),
            "details": list(self.details),
            "facts": dict(self.facts),
            "net": self.net,
            "steps": list(self.steps),
        }


def stamp_changes(
    found: ChangeSet, stamp: Stamp
) -> tuple[tuple[RecordedChange, ...], tuple[RecordedFinding, ...]]:
    """Give a change set its place and its ids; the same versions always give the same ids."""
    changes = tuple(
        RecordedChange(change_id(stamp, change.delta), stamp, change.to_dict()) for change in found.changes
    )
    findings = tuple(_stamp_finding(finding, stamp, changes) for finding in found.findings)
    return changes, findings


def baseline_changes(found: ChangeSet, stamp: Stamp) -> tuple[RecordedChange, ...]:
    """The first sight of a record as recorded changes: derived when asked for, never stored."""
    changes, _ = stamp_changes(found, stamp)
    return tuple(replace(change, baseline=True) for change in changes)


def leading(changes: Sequence[RecordedChange]) -> list[RecordedChange]:
    """The changes without those that another one of the same version tells, too (`told_with`)."""
    there = {
        (change.trial, change.stamp.snapshot_to, name)
        for change in changes
        for name in (change.field, str(change.body["path"]))
    }
    return [
        change
        for change in changes
        if (change.trial, change.stamp.snapshot_to, change.told_with) not in there
    ]


def change_id(stamp: Stamp, delta: Delta) -> str:
    """`chg_…`, derived from the two snapshots, field, key, part and op (contract section 2)."""
    return "chg_" + derived_id(
        stamp.trial.registry,
        stamp.trial.id,
        stamp.identity_from,
        stamp.identity_to,
        delta.field,
        delta.key or "",
        "\x1e".join(delta.at),
        delta.op,
    )


def snapshot_identity(trial: TrialId, digest: str, first_seen: str) -> str:
    """A snapshot's identity; `first_seen` is its first data version, or `v<registry version>`."""
    return derived_id(trial.registry, trial.id, digest, first_seen)


def derived_id(*parts: str) -> str:
    """26 characters of base 32 over the parts: the same parts, the same id, for ever."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    number = int.from_bytes(digest[:17], "big") >> 6
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    letters = []
    for _ in range(26):
        number, letter = divmod(number, 32)
        letters.append(alphabet[letter])
    return "".join(reversed(letters))


def isoformat(moment: datetime) -> str:
    """UTC, ISO 8601, with `Z`, to the second (contract section 1, "times")."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _stamp_finding(finding: Finding, stamp: Stamp, changes: Sequence[RecordedChange]) -> RecordedFinding:
    members = tuple(changes[index].id for index in finding.members)
    return RecordedFinding(
        id="fnd_" + derived_id(stamp.identity_from, stamp.identity_to, finding.kind, *members),
        trial=stamp.trial,
        title=stamp.title,
        kind=finding.kind,
        headline=finding.headline,
        significance=finding.significance,
        rule=finding.rule,
        changes=members,
        snapshot_from=stamp.snapshot_from,
        snapshot_to=stamp.snapshot_to,
        observed_at=stamp.observed_at,
        origin=stamp.origin,
        details=finding.details,
        facts=finding.facts,
        url=stamp.url,
    )
