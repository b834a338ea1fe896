"""Add promises, arrangements and what decides on them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_promise()
    _create_arrangement()
    op.create_table(
        "arrangement_installment",
        sa.Column("arrangement_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("arrangement_id", "position", name=op.f("pk_arrangement_installment")),
        sa.ForeignKeyConstraint(
            ["arrangement_id"],
            ["arrangement.arrangement_id"],
            name=op.f("fk_arrangement_installment_arrangement_id_arrangement"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_arrangement_installment_amount_positive")),
    )
    op.create_table(
        "account_standing",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("aggregate_version", sa.BigInteger(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("is_paid_off", sa.Boolean(), nullable=False),
        sa.Column("is_charged_off", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "aggregate_version", name=op.f("pk_account_standing")),
    )
    op.create_table(
        "evaluation",
        sa.Column("creditor_id", sa.Uuid(), nullable=False),
        sa.Column("evaluated_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("creditor_id", name=op.f("pk_evaluation")),
    )


def downgrade() -> None:
    op.drop_table("evaluation")
    op.drop_table("account_standing")
    op.drop_table("arrangement_installment")
    op.drop_table("arrangement")
    op.drop_table("promise")


def _terms() -> list[sa.Column]:
    return [
        sa.Column("creditor_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("tolerance_minor", sa.BigInteger(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("account_version", sa.BigInteger(), nullable=False),
        sa.Column("made_charged_off", sa.Boolean(), nullable=False),
        sa.Column("cancelled_on", sa.Date()),
        sa.Column("cancelled_by", sa.String()),
        sa.Column("cancel_reason", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("resolved_on", sa.Date()),
        sa.Column("next_review_on", sa.Date()),
        sa.Column("version", sa.BigInteger(), nullable=False),
    ]


def _create_promise() -> None:
    op.create_table(
        "promise",
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        *_terms(),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("method", sa.String()),
        sa.PrimaryKeyConstraint("promise_id", name=op.f("pk_promise")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_promise_amount_positive")),
        sa.CheckConstraint(
            "status IN ('made', 'kept', 'partially_kept', 'broken', 'cancelled')", name=op.f("ck_promise_status")
        ),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_on IS NOT NULL)", name=op.f("ck_promise_cancel_is_a_fact")
        ),
    )
    op.create_index("ix_promise_account_id", "promise", ["account_id", "promise_id"])
    op.create_index("ix_promise_creditor_id", "promise", ["creditor_id", "status", "promise_id"])
    _index_review("promise")


def _create_arrangement() -> None:
    op.create_table(
        "arrangement",
        sa.Column("arrangement_id", sa.Uuid(), nullable=False),
        *_terms(),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("approved_at", _TIME),
        sa.Column("approved_by", sa.String()),
        sa.Column("superseded_on", sa.Date()),
        sa.Column("superseded_at", _TIME),
        sa.Column("paid_off_on", sa.Date()),
        sa.Column("next_due_on", sa.Date()),
        sa.PrimaryKeyConstraint("arrangement_id", name=op.f("pk_arrangement")),
        sa.CheckConstraint("total_minor > 0", name=op.f("ck_arrangement_total_positive")),
        sa.CheckConstraint(
            "status IN ('proposed', 'active', 'at_risk', 'completed', 'broken', 'cancelled')",
            name=op.f("ck_arrangement_status"),
        ),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_on IS NOT NULL)", name=op.f("ck_arrangement_cancel_is_a_fact")
        ),
    )
    op.create_index("ix_arrangement_account_id", "arrangement", ["account_id", "arrangement_id"])
    op.create_index("ix_arrangement_creditor_id", "arrangement", ["creditor_id", "status", "arrangement_id"])
    op.create_index(
        "uq_arrangement_open",
        "arrangement",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('proposed', 'active', 'at_risk') AND superseded_at IS NULL"),
    )
    _index_review("arrangement")


def _index_review(table: str) -> None:
    op.create_index(
        f"ix_{table}_review",
        table,
        ["creditor_id", "account_id", "next_review_on"],
        postgresql_where=sa.text("next_review_on IS NOT NULL"),
    )
