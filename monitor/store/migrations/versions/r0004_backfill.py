"""The past of trials: how far it is read, what reviewers said of it, and how the API that tells it fares."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it. What is held already is left as it is: only new watches are back-filled unasked."""
    op.create_table(
        "backfill",
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("next_version", sa.Integer(), nullable=True),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("trial_id", name="pk_backfill"),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name="fk_backfill_trial_id_trial"),
    )
    op.create_index("ix_backfill_state_next_at", "backfill", ["state", "next_at"])
    op.create_table(
        "version_note",
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("trial_id", "version", "position", name="pk_version_note"),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name="fk_version_note_trial_id_trial"),
    )
    op.create_table(
        "history_source",
        sa.Column("registry", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("registry", name="pk_history_source"),
    )
    op.execute(
        "INSERT INTO backfill (trial_id, state, asked, total, held, changes, error, attempts)"
        " SELECT id, 'left', false, 0, 0, 0, '', 0 FROM trial WHERE last_seq > 0"
    )


def downgrade() -> None:
    """Take it away; the versions that were back-filled stay in the history."""
    op.drop_table("history_source")
    op.drop_table("version_note")
    op.drop_index("ix_backfill_state_next_at", table_name="backfill")
    op.drop_table("backfill")
