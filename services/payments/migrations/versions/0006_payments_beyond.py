"""Find the payments beyond a snapshot without reading all that an account has paid."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_payment_beyond ON payment (account_id, greatest(posted_on, booked_on))")


def downgrade() -> None:
    op.execute("DROP INDEX ix_payment_beyond")
