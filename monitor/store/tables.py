"""The rows. They never leave this package: verbs take and give domain values.

Running numbers order things, never times. What a digest, a filter or a constraint needs is a column; the
rest of a change or a finding is its JSON. A change of this file needs an alembic revision beside it.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, Text, UniqueConstraint, false
from sqlmodel import Field

from monitor.store.rooted import Row
from monitor.store.watch_tables import WatchRow


class TrialRow(Row, table=True):
    """A trial somebody watched, imported or was told of, as it is now."""

    __tablename__ = "trial"
    __table_args__ = (UniqueConstraint("registry", "number"), Index(None, "primary_completion"))

    id: int | None = Field(default=None, primary_key=True)
    registry_name: str = Field(sa_column_kwargs={"name": "registry"})
    number: str
    presence: str
    title: str = ""
    sponsor: str | None = None
    overall_status: str | None = None
    phases: str = ""
    snapshot_seq: int | None = None
    last_seq: int = 0
    checked_data_version: str | None = None
    checked_at: datetime | None = None
    changed_at: datetime | None = None
    renamed_to: str | None = None
    absent_since: str | None = None
    due_data_version: str | None = None
    """Since this data version the registry has newer data of it than we read; None once it is read."""
    study_type: str | None = None
    primary_completion: str | None = None
    """As precise as the record gives it: `2027-03`."""
    primary_completion_type: str | None = None
    results_posted_on: str | None = None
    results_submitted_on: str | None = None
    """When results were handed in that are not posted yet."""
    results_returned_on: str | None = None
    """When the registry's reviewers last sent them back; None where they have them."""
    results_waived: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    delay_certified_on: str | None = None
    """When the sponsor certified that results come later."""
    conditions: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    """Conditions and keywords, one a line."""
    facts_form: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Which facts were kept when it was last described: 0 lacks those from `study_type` on."""


class DictionaryRow(Row, table=True):
    """A compression dictionary, trained once from the installation's own payloads; never altered."""

    __tablename__ = "dictionary"

    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime
    trained_from: int
    """How many payloads it was trained from."""
    data: bytes


class BodyRow(Row, table=True):
    """A payload, once for each content; `base` is the body it is packed against."""

    __tablename__ = "body"

    digest: str = Field(primary_key=True)
    codec: str
    base: str | None = Field(default=None, foreign_key="body.digest")
    size: int
    data: bytes
    sha256: bytes | None = None
    """Of the payload as served; the digest is that of its canonical form."""
    depth: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Differences between it and a whole payload."""
    dictionary_id: int | None = Field(default=None, foreign_key="dictionary.id")


class SnapshotRow(Row, table=True):
    """One version of a trial; what differs from fetch to fetch stands here, not in the body."""

    __tablename__ = "snapshot"
    __table_args__ = (UniqueConstraint("trial_id", "seq"), UniqueConstraint("identity"))

    id: int | None = Field(default=None, primary_key=True)
    trial_id: int = Field(foreign_key="trial.id")
    seq: int
    identity: str
    digest: str = Field(foreign_key="body.digest")
    first_seen: str
    observed_at: datetime
    origin: str
    data_version: str | None = None
    version: int | None = None
    submitted_on: str | None = None
    posted_on: str | None = None
    title: str = ""


class ChangeRow(Row, table=True):
    """A recorded change: columns for the filters, the rest in `body`. Never altered, never deleted."""

    __tablename__ = "change"
    __table_args__ = (
        UniqueConstraint("id"),
        Index(None, "trial_id", "registry_on"),
        Index(None, "registry_on", "observed_at"),
        Index(None, "field"),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, primary_key=True)
    id: str
    trial_id: int = Field(foreign_key="trial.id")
    identity_from: str
    identity_to: str
    snapshot_from: int | None = None
    snapshot_to: int | None = None
    field: str
    category: str
    significance: int
    """0 is the worst: the index in `LEVELS`."""
    rule: str
    registry_on: date
    """By the registry's clock: posted, else submitted, else the day of observation."""
    observed_at: datetime
    origin: str
    version_from: int | None = None
    version_to: int | None = None
    submitted_on: str | None = None
    posted_on: str | None = None
    data_version: str | None = None
    title: str
    url: str
    body: str = Field(sa_type=Text)


class FindingRow(Row, table=True):
    """A recorded story over changes."""

    __tablename__ = "finding"
    __table_args__ = (UniqueConstraint("id"), Index(None, "trial_id"), {"sqlite_autoincrement": True})

    number: int | None = Field(default=None, primary_key=True)
    id: str
    trial_id: int = Field(foreign_key="trial.id")
    significance: int
    observed_at: datetime
    body: str = Field(sa_type=Text)


class FindingChangeRow(Row, table=True):
    """Which changes a finding is about."""

    __tablename__ = "finding_change"
    __table_args__ = (Index(None, "change_id"),)

    finding_id: str = Field(primary_key=True, foreign_key="finding.id")
    change_id: str = Field(primary_key=True, foreign_key="change.id")


class DigestRow(Row, table=True):
    """A digest sent or about to be."""

    __tablename__ = "digest"
    __table_args__ = (
        UniqueConstraint("id"),
        UniqueConstraint("subscription", "kind", "period", "ordinal"),
        UniqueConstraint("subscription", "sequence"),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, primary_key=True)
    id: str
    subscription: str
    kind: str
    period: str
    ordinal: int
    sequence: int
    created_at: datetime
    since: datetime | None = None
    until: datetime
    folded: int


class DigestChangeRow(Row, table=True):
    """A subscription was told of a change (or had it folded), once."""

    __tablename__ = "digest_change"
    __table_args__ = (Index(None, "digest_id"),)

    subscription: str = Field(primary_key=True)
    change_number: int = Field(primary_key=True, foreign_key="change.number")
    digest_id: str = Field(foreign_key="digest.id")


class NoticeRow(Row, table=True):
    """Something to be told once."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("identity"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    identity: str
    kind: str
    subject: str
    message: str = Field(sa_type=Text)
    at: datetime
    trial_id: int | None = Field(default=None, foreign_key="trial.id")


class DigestNoticeRow(Row, table=True):
    """A subscription was told of a notice, once."""

    __tablename__ = "digest_notice"
    __table_args__ = (Index(None, "digest_id"),)

    subscription: str = Field(primary_key=True)
    notice_id: int = Field(primary_key=True, foreign_key="notice.id")
    digest_id: str = Field(foreign_key="digest.id")


class DeliveryRow(Row, table=True):
    """The outbox: frozen bytes for one recipient."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("id"),
        Index(None, "state", "next_at"),
        Index(None, "state", "channel", "number"),
        Index(None, "digest_id"),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, primary_key=True)
    id: str
    digest_id: str | None = Field(default=None, foreign_key="digest.id")
    channel: str
    recipient: str
    part: int
    event: str
    content: bytes
    state: str
    attempts: int = 0
    round_from: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Attempts before it was last sent again by hand: each such round has the whole schedule before it."""
    next_at: datetime | None = None
    lease_until: datetime | None = None
    created_at: datetime
    last_error: str = Field(default="", sa_type=Text)


class AttemptRow(Row, table=True):
    """One try at a delivery, written before the network is touched."""

    __tablename__ = "attempt"

    delivery_id: str = Field(primary_key=True, foreign_key="delivery.id")
    number: int = Field(primary_key=True)
    started_at: datetime
    duration_s: float | None = None
    outcome: str
    status: int | None = None
    excerpt: str = Field(default="", sa_type=Text)
    """First bytes of the answer."""
    error: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    """Why it failed, in words."""
    error_class: str = Field(default="", sa_column_kwargs={"server_default": ""})


class ChannelRow(Row, table=True):
    """A channel that is off."""

    __tablename__ = "channel_state"

    name: str = Field(primary_key=True)
    disabled_at: datetime
    reason: str = Field(sa_type=Text)


class OptOutRow(Row, table=True):
    """Somebody who wants no more messages from a channel."""

    __tablename__ = "opt_out"

    channel: str = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    """An address in lower case."""
    at: datetime


class SourceRow(Row, table=True):
    """How a registry is doing."""

    __tablename__ = "source"

    registry_name: str = Field(primary_key=True, sa_column_kwargs={"name": "registry"})
    state: str
    since: datetime
    reason: str = Field(sa_type=Text)
    data_version: str | None = None
    etag: str | None = None
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    not_before: datetime | None = None
    newest: str | None = None
    """The newest data version that was believed."""


class SchemaRow(Row, table=True):
    """A registry's description of its own fields, as last seen."""

    __tablename__ = "registry_schema"

    registry_name: str = Field(primary_key=True, sa_column_kwargs={"name": "registry"})
    body: str = Field(sa_type=Text)
    data_version: str | None = None
    """The data version it was last looked at in."""
    api_version: str | None = None
    seen_at: datetime
    drift: str = Field(default="", sa_type=Text)
    """The last difference that was told, in words; empty where there was none."""
    drifted_at: datetime | None = None


class RequestRow(Row, table=True):
    """Asked of the daemon by a command."""

    __tablename__ = "request"
    __table_args__ = (Index(None, "state"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    args: str = Field(sa_type=Text)
    state: str
    result: str = Field(default="", sa_type=Text)
    created_at: datetime
    answered_at: datetime | None = None


class QuarantineRow(Row, table=True):
    """An answer that was not believed, packed like a payload."""

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("trial_id", "digest"), Index(None, "state"))

    id: int | None = Field(default=None, primary_key=True)
    trial_id: int = Field(foreign_key="trial.id")
    reason: str = Field(sa_type=Text)
    digest: str
    observed_at: datetime
    data_version: str | None = None
    state: str
    body: bytes


TABLES = WatchRow.metadata.tables
"""All rows have one metadata, those of `watch_tables` too.

Core tables by name: statements are built on these."""
