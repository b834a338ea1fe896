"""Keep the bankruptcy stays and discharges that ended what was promised on an account, also when they are over.

Null: the account's last state did not say, and those that it is under did.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE account_view ADD COLUMN ended_by varchar[], ADD COLUMN ended_on date[]")


def downgrade() -> None:
    op.execute("ALTER TABLE account_view DROP COLUMN ended_by, DROP COLUMN ended_on")
