"""Attempts that compliance is asked for, parts in debts, points given in contacts, addresses in parts."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE asked_attempt (
        attempt_id UUID NOT NULL,
        wish VARCHAR NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_ids UUID[] NOT NULL,
        channel VARCHAR NOT NULL,
        purpose VARCHAR NOT NULL,
        contact_point_id UUID,
        asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
        asked_by VARCHAR NOT NULL,
        CONSTRAINT pk_asked_attempt PRIMARY KEY (attempt_id),
        CONSTRAINT uq_asked_attempt_wish UNIQUE (wish)
    )
    """,
    "CREATE INDEX ix_asked_attempt_asked_at ON asked_attempt (asked_at)",
    """
    CREATE TABLE account_part (
        row_key VARCHAR NOT NULL,
        account_id UUID NOT NULL,
        party_id UUID NOT NULL,
        role VARCHAR NOT NULL,
        CONSTRAINT pk_account_part PRIMARY KEY (row_key)
    )
    """,
    "CREATE INDEX ix_account_part_party_id ON account_part (party_id)",
    "CREATE INDEX ix_account_part_account_id ON account_part (account_id)",
    """
    CREATE TABLE given (
        party_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT pk_given PRIMARY KEY (party_id)
    )
    """,
    "ALTER TABLE contact_point ADD COLUMN street VARCHAR",
    "ALTER TABLE contact_point ADD COLUMN city VARCHAR",
    "ALTER TABLE contact_point ADD COLUMN region VARCHAR",
    "ALTER TABLE contact_point ADD COLUMN postal_code VARCHAR",
    "ALTER TABLE contact_point ADD COLUMN added_in UUID",
    "ALTER TABLE contact_point ADD COLUMN is_vouched BOOLEAN DEFAULT false NOT NULL",
    "ALTER TABLE out_message ADD COLUMN asked_attempt_id UUID",
    # The default is the time after which the release that runs meanwhile gives its messages up.
    "ALTER TABLE out_message ADD COLUMN give_up_at TIMESTAMP WITH TIME ZONE DEFAULT now() + interval '24 hours' NOT NULL",
    "UPDATE out_message SET give_up_at = queued_at + interval '24 hours'",
    "CREATE INDEX ix_out_message_give_up ON out_message (give_up_at) WHERE status = 'queued'",
    "ALTER TABLE point_standing DROP COLUMN bounces",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("attempts that are being asked for are facts: restore a backup")
