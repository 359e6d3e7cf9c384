"""Between rows and domain values: one function each way for each kind of value.

Nothing here asks a database; `Found` is a row whose columns are attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date

import orjson
from sqlalchemy import ColumnElement, Select, select

from monitor.core.change import LEVELS
from monitor.core.delivery import Delivery
from monitor.core.partial_date import PartialDate
from monitor.core.record import JsonObject, TrialId
from monitor.core.recorded import RecordedChange, RecordedFinding, Stamp, derived_id
from monitor.core.watching import Notice, Quarantined, Snapshot, TrialState
from monitor.store.engine import Found
from monitor.store.tables import TABLES
from monitor.store.values import NoticeDraft, TrialFacts

TRIAL = TABLES["trial"]
CHANGE = TABLES["change"]
FINDING = TABLES["finding"]
SNAPSHOT = TABLES["snapshot"]
NOTICE = TABLES["notice"]
QUARANTINE = TABLES["quarantine"]

Row = Mapping[str, object]
_PLACE: tuple[ColumnElement[str], ...] = (
    TRIAL.c.registry.label("trial_registry"),
    TRIAL.c.number.label("trial_number"),
)


def trial_state(row: Found) -> TrialState:
    """From the columns of `trial`."""
    return TrialState(
        trial=TrialId(row.registry, row.number),
        presence=row.presence,
        title=row.title,
        sponsor=row.sponsor,
        overall_status=row.overall_status,
        phases=words(row.phases),
        snapshot_seq=row.snapshot_seq,
        checked_data_version=row.checked_data_version,
        checked_at=row.checked_at,
        changed_at=row.changed_at,
        renamed_to=TrialId(row.registry, row.renamed_to) if row.renamed_to else None,
        absent_since=row.absent_since,
        conditions=conditions(row) if row.facts_form else None,
    )


def conditions(row: Found) -> tuple[str, ...]:
    """From the column of `trial`: one a line."""
    return tuple(row.conditions.split("\n")) if row.conditions else ()


FACTS_FORM = 1
"""Which facts are kept of a trial; rows of an older form are described anew."""


def facts_row(facts: TrialFacts) -> dict[str, object]:
    """For `trial`: the columns that say what its record says."""
    return {
        "title": plain(facts.title),
        "sponsor": None if facts.sponsor is None else plain(facts.sponsor),
        "overall_status": facts.overall_status,
        "phases": " ".join(facts.phases),
        "study_type": facts.study_type,
        "primary_completion": facts.primary_completion,
        "primary_completion_type": facts.primary_completion_type,
        "results_posted_on": facts.results_posted_on,
        "results_submitted_on": facts.results_submitted_on,
        "results_returned_on": facts.results_returned_on,
        "results_waived": facts.results_waived,
        "delay_certified_on": facts.delay_certified_on,
        "conditions": plain("\n".join(" ".join(name.split()) for name in facts.conditions)),
        "facts_form": FACTS_FORM,
    }


def plain(text: str) -> str:
    """Words from outside, fit for every engine: PostgreSQL takes no NUL in a text."""
    return text.replace("\0", "\ufffd")


NO_FACTS: Mapping[str, object] = {**facts_row(TrialFacts(title="")), "facts_form": 0}
"""The columns of `facts_row` for a trial that nothing is known of."""


def words(text: str) -> tuple[str, ...]:
    """A column of words that hold no space."""
    return tuple(text.split())


def select_changes() -> Select[Found]:
    """Changes with the trial they happened to."""
    return select(CHANGE, *_PLACE).join(TRIAL, TRIAL.c.id == CHANGE.c.trial_id)


def change(row: Found) -> RecordedChange:
    """From `select_changes`."""
    return RecordedChange(
        id=row.id,
        stamp=Stamp(
            trial=TrialId(row.trial_registry, row.trial_number),
            title=row.title,
            url=row.url,
            identity_from=row.identity_from,
            identity_to=row.identity_to,
            snapshot_from=row.snapshot_from,
            snapshot_to=row.snapshot_to,
            observed_at=row.observed_at,
            origin=row.origin,
            version_from=row.version_from,
            version_to=row.version_to,
            submitted_on=row.submitted_on,
            posted_on=row.posted_on,
            data_version=row.data_version,
        ),
        body=orjson.loads(row.body),
        number=row.number,
    )


def change_row(item: RecordedChange, trial_id: int) -> Row:
    """For `change`."""
    stamp = item.stamp
    return {
        "id": item.id,
        "trial_id": trial_id,
        "identity_from": stamp.identity_from,
        "identity_to": stamp.identity_to,
        "snapshot_from": stamp.snapshot_from,
        "snapshot_to": stamp.snapshot_to,
        "field": item.field,
        "category": item.category,
        "significance": LEVELS.index(item.significance),
        "rule": item.rule,
        "registry_on": registry_day(stamp),
        "observed_at": stamp.observed_at,
        "origin": stamp.origin,
        "version_from": stamp.version_from,
        "version_to": stamp.version_to,
        "submitted_on": stamp.submitted_on,
        "posted_on": stamp.posted_on,
        "data_version": stamp.data_version,
        "title": plain(stamp.title),
        "url": stamp.url,
        "body": to_text(item.body),
    }


def registry_day(stamp: Stamp) -> date:
    """When the registry says it changed: posted, else submitted, else the day we saw it."""
    for text in (stamp.posted_on, stamp.submitted_on):
        if text:
            return PartialDate.parse(text).first
    return stamp.observed_at.astimezone(UTC).date()


def select_findings() -> Select[Found]:
    """Findings with the trial they are about."""
    return select(FINDING, *_PLACE).join(TRIAL, TRIAL.c.id == FINDING.c.trial_id)


def finding(row: Found) -> RecordedFinding:
    """From `select_findings`."""
    body: Found = orjson.loads(row.body)
    return RecordedFinding(
        id=row.id,
        trial=TrialId(row.trial_registry, row.trial_number),
        title=body["title"],
        kind=body["kind"],
        headline=body["headline"],
        significance=LEVELS[row.significance],
        rule=body["rule"],
        changes=tuple(body["changes"]),
        snapshot_from=body["snapshot_from"],
        snapshot_to=body["snapshot_to"],
        observed_at=row.observed_at,
        origin=body["origin"],
        details=tuple(body["details"]),
        facts=body["facts"],
        net=body["net"],
        steps=tuple(body["steps"]),
        number=row.number,
        url=body.get("url", ""),
    )


def finding_row(item: RecordedFinding, trial_id: int) -> Row:
    """For `finding`."""
    body: JsonObject = {
        "title": item.title,
        "kind": item.kind,
        "headline": item.headline,
        "rule": item.rule,
        "changes": list(item.changes),
        "snapshot_from": item.snapshot_from,
        "snapshot_to": item.snapshot_to,
        "origin": item.origin,
        "details": list(item.details),
        "facts": dict(item.facts),
        "net": item.net,
        "steps": list(item.steps),
        "url": item.url,
    }
    return {
        "id": item.id,
        "trial_id": trial_id,
        "significance": LEVELS.index(item.significance),
        "observed_at": item.observed_at,
        "body": to_text(body),
    }


def snapshot(row: Found, trial: TrialId) -> Snapshot:
    """From the columns of `snapshot`."""
    return Snapshot(
        trial=trial,
        seq=row.seq,
        digest=row.digest,
        first_seen=row.first_seen,
        observed_at=row.observed_at,
        origin=row.origin,
        data_version=row.data_version,
        version=row.version,
        submitted_on=row.submitted_on,
        posted_on=row.posted_on,
        title=row.title,
    )


def snapshot_row(item: Snapshot, trial_id: int, identity: str) -> Row:
    """For `snapshot`."""
    return {
        "trial_id": trial_id,
        "seq": item.seq,
        "identity": identity,
        "digest": item.digest,
        "first_seen": item.first_seen,
        "observed_at": item.observed_at,
        "origin": item.origin,
        "data_version": item.data_version,
        "version": item.version,
        "submitted_on": item.submitted_on,
        "posted_on": item.posted_on,
        "title": plain(item.title),
    }


def notice(row: Found) -> Notice:
    """From `notice` outer-joined with its trial."""
    trial = None if row.trial_number is None else TrialId(row.trial_registry, row.trial_number)
    return Notice(row.id, row.kind, row.subject, row.message, row.at, trial)


def select_notices() -> Select[Found]:
    """Notices with the trial they are about, if any."""
    return select(NOTICE, *_PLACE).outerjoin(TRIAL, TRIAL.c.id == NOTICE.c.trial_id)


def notice_row(draft: NoticeDraft, trial_id: int | None) -> Row:
    """For `notice`: its identity is what it says, of what, and when."""
    said: tuple[str, ...] = (draft.subject, draft.message, draft.at.astimezone(UTC).isoformat())
    if draft.kind == "duplicate":  # two numbers are one pair, whichever names the other, and told once
        said = tuple(sorted((draft.subject, str(draft.trial))))
    return {
        "identity": derived_id(draft.kind, *said),
        "kind": draft.kind,
        "subject": plain(draft.subject),
        "message": plain(draft.message),
        "at": draft.at,
        "trial_id": trial_id,
    }


def select_quarantine() -> Select[Found]:
    """Quarantined answers, their bytes too, with the trial they were given for."""
    return select(QUARANTINE, *_PLACE).join(TRIAL, TRIAL.c.id == QUARANTINE.c.trial_id)


def quarantined(row: Found) -> Quarantined:
    """From `select_quarantine`."""
    return Quarantined(
        id=row.id,
        trial=TrialId(row.trial_registry, row.trial_number),
        reason=row.reason,
        digest=row.digest,
        observed_at=row.observed_at,
        data_version=row.data_version,
        state=row.state,
    )


def delivery(row: Found) -> Delivery:
    """From the columns of `delivery`."""
    return Delivery(
        id=row.id,
        digest=row.digest_id or "",
        channel=row.channel,
        recipient=row.recipient,
        part=row.part,
        event=row.event,
        content=bytes(row.content),
        state=row.state,
        attempts=row.attempts,
        next_at=row.next_at,
        created_at=row.created_at,
        last_error=row.last_error,
        round_from=row.round_from,
    )


def delivery_row(item: Delivery) -> Row:
    """For `delivery`."""
    return {
        "id": item.id,
        "digest_id": item.digest or None,
        "channel": item.channel,
        "recipient": item.recipient,
        "part": item.part,
        "event": item.event,
        "content": item.content,
        "state": item.state,
        "attempts": item.attempts,
        "next_at": item.next_at,
        "created_at": item.created_at,
        "last_error": item.last_error,
        "round_from": item.round_from,
    }


def to_text(value: JsonObject) -> str:
    """JSON as stored."""
    return orjson.dumps(value).decode()
