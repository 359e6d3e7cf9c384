"""What a readout clock reads; pauses of subscriptions, rounds of deliveries, who wants no more mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OF_A_TRIAL = (
    "study_type",
    "primary_completion",
    "primary_completion_type",
    "results_posted_on",
    "results_submitted_on",
    "results_returned_on",
    "delay_certified_on",
)


def upgrade() -> None:
    """Make room; trials held so far have the form 0 until they are described anew."""
    for name in _OF_A_TRIAL:
        op.add_column("trial", sa.Column(name, sa.String(), nullable=True))
    waived: sa.Column[bool] = sa.Column(
        "results_waived", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("trial", waived)
    op.add_column("trial", sa.Column("conditions", sa.Text(), nullable=False, server_default=""))
    op.add_column("trial", sa.Column("facts_form", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_trial_primary_completion", "trial", ["primary_completion"])
    op.add_column("delivery", sa.Column("round_from", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_delivery_state_channel_number", "delivery", ["state", "channel", "number"])
    op.add_column("attempt", sa.Column("error", sa.Text(), nullable=False, server_default=""))
    op.add_column("attempt", sa.Column("error_class", sa.String(), nullable=False, server_default=""))
    op.add_column("subscription_state", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subscription_state", sa.Column("paused_why", sa.Text(), nullable=False, server_default=""))
    op.add_column("subscription_state", sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "subscription_state", sa.Column("failing_why", sa.Text(), nullable=False, server_default="")
    )
    op.create_table(
        "opt_out",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "recipient", name="pk_opt_out"),
    )


def downgrade() -> None:
    """Take it away; who has opted out would be written to again, so that is refused."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM opt_out")):
        raise ValueError("somebody wants no more messages, and an earlier version would send them again")
    op.drop_table("opt_out")
    with op.batch_alter_table("subscription_state") as subscription:
        subscription.drop_column("paused_at")
        subscription.drop_column("paused_why")
        subscription.drop_column("failing_since")
        subscription.drop_column("failing_why")
    with op.batch_alter_table("attempt") as attempt:
        attempt.drop_column("error")
        attempt.drop_column("error_class")
    op.drop_index("ix_delivery_state_channel_number", "delivery")
    with op.batch_alter_table("delivery") as delivery:
        delivery.drop_column("round_from")
    op.drop_index("ix_trial_primary_completion", "trial")
    with op.batch_alter_table("trial") as trial:
        for name in (*_OF_A_TRIAL, "results_waived", "conditions", "facts_form"):
            trial.drop_column(name)
