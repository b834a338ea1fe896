"""Index accounts for each filter of their list, in the order of the list."""

from alembic import op

revision = "0005"
down_revision = "0004"

_INDEXES = {
    "ix_account_creditor_id_queue": "(creditor_id, queue, account_id) WHERE queue IS NOT NULL",
    "ix_account_creditor_id_stage": "(creditor_id, stage, account_id) WHERE oldest_unpaid_due_on IS NOT NULL",
    "ix_account_creditor_id_bucket": "(creditor_id, bucket, account_id) WHERE oldest_unpaid_due_on IS NOT NULL",
    "ix_account_creditor_id_product_class": "(creditor_id, product_class, account_id)",
}


def upgrade() -> None:
    for name, columns in _INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON account {columns}")


def downgrade() -> None:
    for name in _INDEXES:
        op.execute(f"DROP INDEX {name}")
