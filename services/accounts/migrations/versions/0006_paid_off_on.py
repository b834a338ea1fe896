"""Date the payoff of an account with an arrangement."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE account ADD COLUMN paid_off_on date")


def downgrade() -> None:
    op.execute("ALTER TABLE account DROP COLUMN paid_off_on")
