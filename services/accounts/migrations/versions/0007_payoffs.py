"""Keep every time with nothing owed of an account with an arrangement, not only the one that lasts.

A null is told anew from the facts when the account is next judged.
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE account DROP COLUMN paid_off_on")
    op.execute("ALTER TABLE account ADD COLUMN paid_off_on date[], ADD COLUMN owed_again_on date[]")


def downgrade() -> None:
    op.execute("ALTER TABLE account DROP COLUMN paid_off_on, DROP COLUMN owed_again_on")
    op.execute("ALTER TABLE account ADD COLUMN paid_off_on date")
