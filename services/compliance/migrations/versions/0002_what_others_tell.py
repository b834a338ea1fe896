"""Parts of parties in debts, points given in contacts, location inquiries, and attempts that were given up."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE account_party (
        row_key VARCHAR NOT NULL,
        account_id UUID NOT NULL,
        party_id UUID NOT NULL,
        role VARCHAR NOT NULL,
        CONSTRAINT pk_account_party PRIMARY KEY (row_key)
    )
    """,
    "CREATE INDEX ix_account_party_party_id ON account_party (party_id)",
    "CREATE INDEX ix_account_party_account_id ON account_party (account_id)",
    """
    CREATE TABLE given_view (
        party_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        CONSTRAINT pk_given_view PRIMARY KEY (party_id)
    )
    """,
    """
    CREATE TABLE location_inquiry (
        inquiry_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        party_id UUID NOT NULL,
        account_id UUID NOT NULL,
        third_party_ids UUID[] NOT NULL,
        channel VARCHAR NOT NULL,
        asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
        outcome VARCHAR,
        is_again_requested BOOLEAN NOT NULL,
        is_known_now BOOLEAN NOT NULL,
        CONSTRAINT pk_location_inquiry PRIMARY KEY (inquiry_id)
    )
    """,
    "CREATE INDEX ix_location_inquiry_party_id ON location_inquiry (party_id)",
    "ALTER TABLE permit ADD COLUMN attempt_id UUID",
    "CREATE INDEX ix_permit_attempt_id ON permit (attempt_id) WHERE attempt_id IS NOT NULL",
    """
    CREATE TABLE unplaced_attempt (
        attempt_id UUID NOT NULL,
        CONSTRAINT pk_unplaced_attempt PRIMARY KEY (attempt_id)
    )
    """,
)


def upgrade() -> None:
    """Add them."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away; what they held comes again with the topics."""
    op.execute("ALTER TABLE permit DROP COLUMN attempt_id")
    for table in ("unplaced_attempt", "location_inquiry", "given_view", "account_party"):
        op.execute(f"DROP TABLE {table}")
