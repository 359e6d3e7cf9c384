"""Holds on digests of a data version that looks like a reformatting, and registries' own descriptions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for them; nothing recorded so far is held."""
    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registry", sa.String(), nullable=False),
        sa.Column("data_version", sa.String(), nullable=False),
        sa.Column("since_version", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("after_change", sa.Integer(), nullable=False),
        sa.Column("until_change", sa.Integer(), nullable=True),
        sa.Column("counted_from", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_hold"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hold_registry_state", "hold", ["registry", "state"])
    op.add_column("source", sa.Column("newest", sa.String(), nullable=True))
    op.create_table(
        "registry_schema",
        sa.Column("registry", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("data_version", sa.String(), nullable=True),
        sa.Column("api_version", sa.String(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drift", sa.Text(), nullable=False),
        sa.Column("drifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("registry", name="pk_registry_schema"),
    )


def downgrade() -> None:
    """Take them away; what is held would be told then, so that is refused."""
    waiting = op.get_bind().scalar(
        sa.text("SELECT count(*) FROM hold WHERE state IN ('held', 'counting', 'dismissed')")
    )
    if waiting:
        raise ValueError(f"{waiting} holds keep changes back that an earlier version would tell")
    with op.batch_alter_table("source") as source:
        source.drop_column("newest")
    op.drop_table("hold")
    op.drop_table("registry_schema")
