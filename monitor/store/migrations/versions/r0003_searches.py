"""Saved searches, assets and whole registries: what they look for, who is in them, what is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for them; every trial watched so far is followed."""
    op.create_table(
        "search",
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("registry", sa.String(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("follow", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("data_version", sa.String(), nullable=True),
        sa.Column("through", sa.String(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("watch_id", name="pk_search"),
        sa.ForeignKeyConstraint(["watch_id"], ["watch.id"], name="fk_search_watch_id_watch"),
    )
    op.create_table(
        "sweep",
        sa.Column("registry", sa.String(), nullable=False),
        sa.Column("updated_through", sa.String(), nullable=True),
        sa.Column("fresh_from", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("registry", name="pk_sweep"),
    )
    op.add_column("trial", sa.Column("due_data_version", sa.String(), nullable=True))
    for column in (
        sa.Column("until_change", sa.Integer(), nullable=True),
        sa.Column("follow", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("matched_name", sa.String(), nullable=False, server_default=""),
        sa.Column("matched_place", sa.String(), nullable=False, server_default=""),
    ):
        op.add_column("watch_trial", column)


def downgrade() -> None:
    """Take them away, with the watches that an earlier version would not understand."""
    op.execute("DELETE FROM watch_tag WHERE watch_id IN (SELECT watch_id FROM search)")
    op.execute("DELETE FROM watch_trial WHERE watch_id IN (SELECT watch_id FROM search)")
    op.drop_table("search")
    op.drop_table("sweep")
    op.execute("DELETE FROM watch WHERE kind <> 'trial'")
    with op.batch_alter_table("watch_trial") as rows:
        for column in ("matched_place", "matched_name", "follow", "until_change"):
            rows.drop_column(column)
    with op.batch_alter_table("trial") as trials:
        trials.drop_column("due_data_version")
