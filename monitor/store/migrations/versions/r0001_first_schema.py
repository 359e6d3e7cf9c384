"""The first schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Columns: TypeAlias = "tuple[sa.Column[Any], ...]"


def _columns(kind: TypeEngine[Any]) -> Callable[..., Columns]:
    def make(*names: str, null: bool = False) -> Columns:
        return tuple(sa.Column(name, kind, nullable=null) for name in names)

    return make


_numbers = _columns(sa.Integer())
_reals = _columns(sa.Float())
_words = _columns(sa.String())
_texts = _columns(sa.Text())
_blobs = _columns(sa.LargeBinary())
_days = _columns(sa.Date())
_times = _columns(sa.DateTime(timezone=True))


def upgrade() -> None:
    """Bring an empty database to this revision."""
    for create in _TABLES.values():
        create()


def downgrade() -> None:
    """Take everything away."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _trial() -> None:
    op.create_table(
        "trial",
        *_numbers("id"),
        *_words("registry", "number", "presence", "title"),
        *_words("sponsor", "overall_status", null=True),
        *_words("phases"),
        *_numbers("snapshot_seq", null=True),
        *_numbers("last_seq"),
        *_words("checked_data_version", null=True),
        *_times("checked_at", "changed_at", null=True),
        *_words("renamed_to", "absent_since", null=True),
        _primary("trial", "id"),
        _unique("trial", "registry", "number"),
    )


def _body() -> None:
    op.create_table(
        "body",
        *_words("digest", "codec"),
        *_words("base", null=True),
        *_numbers("size"),
        *_blobs("data"),
        _primary("body", "digest"),
        _refers("body", "base", to="body.digest"),
    )


def _snapshot() -> None:
    op.create_table(
        "snapshot",
        *_numbers("id", "trial_id", "seq"),
        *_words("identity", "digest", "first_seen"),
        *_times("observed_at"),
        *_words("origin"),
        *_words("data_version", null=True),
        *_numbers("version", null=True),
        *_words("submitted_on", "posted_on", null=True),
        *_words("title"),
        _primary("snapshot", "id"),
        _unique("snapshot", "identity"),
        _unique("snapshot", "trial_id", "seq"),
        _refers("snapshot", "digest", to="body.digest"),
        _refers("snapshot", "trial_id", to="trial.id"),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        *_numbers("id", "trial_id"),
        *_texts("reason"),
        *_words("digest"),
        *_times("observed_at"),
        *_words("data_version", null=True),
        *_words("state"),
        *_blobs("body"),
        _primary("quarantine", "id"),
        _unique("quarantine", "trial_id", "digest"),
        _refers("quarantine", "trial_id", to="trial.id"),
    )
    _index("quarantine", "state")


def _source() -> None:
    op.create_table(
        "source",
        *_words("registry", "state"),
        *_times("since"),
        *_texts("reason"),
        *_words("data_version", "etag", null=True),
        *_times("last_attempt_at", "last_success_at", "not_before", null=True),
        _primary("source", "registry"),
    )


def _change() -> None:
    op.create_table(
        "change",
        *_numbers("number"),
        *_words("id"),
        *_numbers("trial_id"),
        *_words("identity_from", "identity_to"),
        *_numbers("snapshot_from", "snapshot_to", null=True),
        *_words("field", "category"),
        *_numbers("significance"),
        *_words("rule"),
        *_days("registry_on"),
        *_times("observed_at"),
        *_words("origin"),
        *_numbers("version_from", "version_to", null=True),
        *_words("submitted_on", "posted_on", "data_version", null=True),
        *_words("title", "url"),
        *_texts("body"),
        _primary("change", "number"),
        _unique("change", "id"),
        _refers("change", "trial_id", to="trial.id"),
        sqlite_autoincrement=True,
    )
    _index("change", "field")
    _index("change", "registry_on", "observed_at")
    _index("change", "trial_id", "registry_on")


def _finding() -> None:
    op.create_table(
        "finding",
        *_numbers("number"),
        *_words("id"),
        *_numbers("trial_id", "significance"),
        *_times("observed_at"),
        *_texts("body"),
        _primary("finding", "number"),
        _unique("finding", "id"),
        _refers("finding", "trial_id", to="trial.id"),
        sqlite_autoincrement=True,
    )
    _index("finding", "trial_id")


def _finding_change() -> None:
    op.create_table(
        "finding_change",
        *_words("finding_id", "change_id"),
        _primary("finding_change", "finding_id", "change_id"),
        _refers("finding_change", "change_id", to="change.id"),
        _refers("finding_change", "finding_id", to="finding.id"),
    )
    _index("finding_change", "change_id")


def _notice() -> None:
    op.create_table(
        "notice",
        *_numbers("id"),
        *_words("identity", "kind", "subject"),
        *_texts("message"),
        *_times("at"),
        *_numbers("trial_id", null=True),
        _primary("notice", "id"),
        _unique("notice", "identity"),
        _refers("notice", "trial_id", to="trial.id"),
        sqlite_autoincrement=True,
    )


def _watch() -> None:
    op.create_table(
        "watch",
        *_numbers("id"),
        *_words("kind", "name", "note"),
        *_times("added_at"),
        _primary("watch", "id"),
        _unique("watch", "kind", "name"),
    )


def _watch_tag() -> None:
    op.create_table(
        "watch_tag",
        *_numbers("watch_id"),
        *_words("tag"),
        *_numbers("after_change"),
        _primary("watch_tag", "watch_id", "tag"),
        _refers("watch_tag", "watch_id", to="watch.id"),
    )
    _index("watch_tag", "tag")


def _watch_trial() -> None:
    op.create_table(
        "watch_trial",
        *_numbers("watch_id", "trial_id"),
        *_times("entered_at"),
        *_times("left_at", null=True),
        *_numbers("after_change"),
        _primary("watch_trial", "watch_id", "trial_id"),
        _refers("watch_trial", "trial_id", to="trial.id"),
        _refers("watch_trial", "watch_id", to="watch.id"),
    )
    _index("watch_trial", "trial_id")


def _subscription_state() -> None:
    op.create_table(
        "subscription_state",
        *_words("name"),
        *_times("begun_at"),
        *_numbers("after_change", "after_notice"),
        _primary("subscription_state", "name"),
    )


def _request() -> None:
    op.create_table(
        "request",
        *_numbers("id"),
        *_words("kind"),
        *_texts("args"),
        *_words("state"),
        *_texts("result"),
        *_times("created_at"),
        *_times("answered_at", null=True),
        _primary("request", "id"),
        sqlite_autoincrement=True,
    )
    _index("request", "state")


def _digest() -> None:
    op.create_table(
        "digest",
        *_numbers("number"),
        *_words("id", "subscription", "kind", "period"),
        *_numbers("ordinal", "sequence"),
        *_times("created_at"),
        *_times("since", null=True),
        *_times("until"),
        *_numbers("folded"),
        _primary("digest", "number"),
        _unique("digest", "id"),
        _unique("digest", "subscription", "kind", "period", "ordinal"),
        _unique("digest", "subscription", "sequence"),
        sqlite_autoincrement=True,
    )


def _digest_change() -> None:
    op.create_table(
        "digest_change",
        *_words("subscription"),
        *_numbers("change_number"),
        *_words("digest_id"),
        _primary("digest_change", "subscription", "change_number"),
        _refers("digest_change", "change_number", to="change.number"),
        _refers("digest_change", "digest_id", to="digest.id"),
    )
    _index("digest_change", "digest_id")


def _digest_notice() -> None:
    op.create_table(
        "digest_notice",
        *_words("subscription"),
        *_numbers("notice_id"),
        *_words("digest_id"),
        _primary("digest_notice", "subscription", "notice_id"),
        _refers("digest_notice", "digest_id", to="digest.id"),
        _refers("digest_notice", "notice_id", to="notice.id"),
    )
    _index("digest_notice", "digest_id")


def _delivery() -> None:
    op.create_table(
        "delivery",
        *_numbers("number"),
        *_words("id"),
        *_words("digest_id", null=True),
        *_words("channel", "recipient"),
        *_numbers("part"),
        *_words("event"),
        *_blobs("content"),
        *_words("state"),
        *_numbers("attempts"),
        *_times("next_at", "lease_until", null=True),
        *_times("created_at"),
        *_texts("last_error"),
        _primary("delivery", "number"),
        _unique("delivery", "id"),
        _refers("delivery", "digest_id", to="digest.id"),
        sqlite_autoincrement=True,
    )
    _index("delivery", "digest_id")
    _index("delivery", "state", "next_at")


def _attempt() -> None:
    op.create_table(
        "attempt",
        *_words("delivery_id"),
        *_numbers("number"),
        *_times("started_at"),
        *_reals("duration_s", null=True),
        *_words("outcome"),
        *_numbers("status", null=True),
        *_texts("excerpt"),
        _primary("attempt", "delivery_id", "number"),
        _refers("attempt", "delivery_id", to="delivery.id"),
    )


def _channel_state() -> None:
    op.create_table(
        "channel_state",
        *_words("name"),
        *_times("disabled_at"),
        *_texts("reason"),
        _primary("channel_state", "name"),
    )


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _refers(table: str, column: str, *, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}_{to.split('.')[0]}")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


_TABLES = {
    "trial": _trial,
    "body": _body,
    "snapshot": _snapshot,
    "quarantine": _quarantine,
    "source": _source,
    "change": _change,
    "finding": _finding,
    "finding_change": _finding_change,
    "notice": _notice,
    "watch": _watch,
    "watch_tag": _watch_tag,
    "watch_trial": _watch_trial,
    "subscription_state": _subscription_state,
    "request": _request,
    "digest": _digest,
    "digest_change": _digest_change,
    "digest_notice": _digest_notice,
    "delivery": _delivery,
    "attempt": _attempt,
    "channel_state": _channel_state,
}
"""Parents before children."""
