"""Each refusal of a medium, and the consents that take refusals back."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE opt_out DROP CONSTRAINT pk_opt_out",
    "ALTER TABLE opt_out ADD CONSTRAINT pk_opt_out PRIMARY KEY (value_key, channel, opted_out_at)",
    """
    INSERT INTO opt_out (channel, value_key, source, opted_out_at)
    SELECT 'sms', value_key, 'reply', received_at FROM in_message WHERE is_opt_out ON CONFLICT DO NOTHING
    """,
    """
    CREATE TABLE consent_view (
        consent_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        channel VARCHAR NOT NULL,
        contact_point_id UUID,
        basis VARCHAR NOT NULL,
        granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ends_on DATE,
        revoked_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_consent_view PRIMARY KEY (consent_id)
    )
    """,
    "CREATE INDEX ix_consent_view_party_id ON consent_view (party_id)",
)


def upgrade() -> None:
    """Only the first refusal of a value was kept: later ones are taken from the texts that came in."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a value may have been refused more than once: restore a backup")
