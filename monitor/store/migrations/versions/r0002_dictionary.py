"""Payloads packed with a trained dictionary, in chains of differences, and proven by their own sha256."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it; what is stored stays as it is and is read as before."""
    op.create_table(
        "dictionary",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trained_from", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dictionary"),
    )
    with op.batch_alter_table("body") as body:
        body.add_column(sa.Column("sha256", sa.LargeBinary(), nullable=True))
        body.add_column(sa.Column("depth", sa.Integer(), nullable=False, server_default="0"))
        body.add_column(sa.Column("dictionary_id", sa.Integer(), nullable=True))
        body.create_foreign_key("fk_body_dictionary_id_dictionary", "dictionary", ["dictionary_id"], ["id"])
    # A difference was always one step from a whole payload.
    op.execute("UPDATE body SET depth = 1 WHERE base IS NOT NULL")


def downgrade() -> None:
    """Refused where it would leave payloads that no earlier version can read."""
    connection = op.get_bind()
    unreadable = connection.scalar(
        sa.text("SELECT count(*) FROM body WHERE codec NOT IN ('zstd', 'zstd-delta')")
    )
    if unreadable:
        raise ValueError(f"{unreadable} payloads are packed in ways that schema 0001 does not know")
    with op.batch_alter_table("body") as body:
        body.drop_constraint("fk_body_dictionary_id_dictionary", type_="foreignkey")
        for column in ("dictionary_id", "depth", "sha256"):
            body.drop_column(column)
    op.drop_table("dictionary")
