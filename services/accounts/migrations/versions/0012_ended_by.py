"""Keep which bankruptcy stays and discharges have held: each ended what was promised, also after it is over.

The calendar of restrictions looks at every account that has had one, and publishes it with them.
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE account
          ADD COLUMN ended_by varchar[] DEFAULT '{}' NOT NULL,
          ADD COLUMN ended_on date[] DEFAULT '{}' NOT NULL
        """
    )
    op.execute(
        """
        UPDATE account SET restrictions_turn_on = DATE '1970-01-01' WHERE account_id IN (
          SELECT account_id FROM restriction_view WHERE kind IN ('bankruptcy_stay', 'discharged')
        )
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE account DROP COLUMN ended_by, DROP COLUMN ended_on")
