"""Keep which payments were known to be reversed when the payoffs of an account were told.

A null is told anew when the account is next judged.
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("ALTER TABLE account ADD COLUMN reversed_payments uuid[]")


def downgrade() -> None:
    op.execute("ALTER TABLE account DROP COLUMN reversed_payments")
