"""Create the pauses of accounts, with their days on the account."""

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    """
    CREATE TABLE pause (
      pause_id uuid CONSTRAINT pk_pause PRIMARY KEY,
      account_id uuid NOT NULL,
      creditor_id uuid NOT NULL,
      starts_on date NOT NULL,
      ends_on date NOT NULL,
      reason varchar NOT NULL,
      evidence varchar,
      made_on date NOT NULL,
      made_at timestamptz NOT NULL,
      made_by varchar NOT NULL,
      cancelled_on date,
      cancelled_at timestamptz,
      cancelled_by varchar,
      CONSTRAINT ck_pause_ends_after_it_starts CHECK (ends_on > starts_on)
    )
    """,
    "CREATE INDEX ix_pause_account_id_starts_on ON pause (account_id, starts_on, pause_id)",
    "ALTER TABLE account ADD COLUMN paused datemultirange DEFAULT '{}' NOT NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE account DROP COLUMN paused")
    op.execute("DROP TABLE pause")
