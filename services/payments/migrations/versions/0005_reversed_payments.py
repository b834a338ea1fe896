"""Keep which payments accounts knew to be reversed when it told the payoffs of an account."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE account_view ADD COLUMN reversed_payments uuid[]")


def downgrade() -> None:
    op.execute("ALTER TABLE account_view DROP COLUMN reversed_payments")
