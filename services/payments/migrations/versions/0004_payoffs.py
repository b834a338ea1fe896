"""Keep every time with nothing owed of an account, not only the one that lasts."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE account_view DROP COLUMN paid_off_on")
    op.execute(
        "ALTER TABLE account_view ADD COLUMN paid_off_on date[] DEFAULT '{}' NOT NULL,"
        " ADD COLUMN owed_again_on date[] DEFAULT '{}' NOT NULL"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE account_view DROP COLUMN paid_off_on, DROP COLUMN owed_again_on")
    op.execute("ALTER TABLE account_view ADD COLUMN paid_off_on date")
