"""Date what cancels promises and arrangements; flag payments for review; say why a reversal waits."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE account_view
      ADD COLUMN charged_off_on date,
      ADD COLUMN paid_off_on date,
      ADD COLUMN restrictions varchar[] DEFAULT '{}' NOT NULL,
      ADD COLUMN restricted_since date[] DEFAULT '{}' NOT NULL
    """,
    "ALTER TABLE arrangement ADD COLUMN activated_on date",
    # The day of an approval was not kept: until now only the instant was, and the business date stood still meanwhile.
    "UPDATE arrangement SET activated_on = made_on WHERE approved_at IS NOT NULL",
    "ALTER TABLE arrangement DROP COLUMN account_version",
    "ALTER TABLE promise DROP COLUMN account_version",
    "DROP TABLE account_standing",
    "ALTER TABLE payment ADD COLUMN review_reasons varchar[] DEFAULT '{}' NOT NULL",
    "ALTER TABLE held_reversal ADD COLUMN held_reason varchar DEFAULT 'payment-unknown' NOT NULL",
)

_BACK = (
    "ALTER TABLE held_reversal DROP COLUMN held_reason",
    "ALTER TABLE payment DROP COLUMN review_reasons",
    """
    CREATE TABLE account_standing (
      account_id uuid NOT NULL,
      aggregate_version bigint NOT NULL,
      business_date date NOT NULL,
      is_paid_off boolean NOT NULL,
      is_charged_off boolean NOT NULL,
      CONSTRAINT pk_account_standing PRIMARY KEY (account_id, aggregate_version)
    )
    """,
    "ALTER TABLE promise ADD COLUMN account_version bigint DEFAULT 0 NOT NULL",
    "ALTER TABLE arrangement ADD COLUMN account_version bigint DEFAULT 0 NOT NULL",
    "ALTER TABLE arrangement DROP COLUMN activated_on",
    """
    ALTER TABLE account_view DROP COLUMN charged_off_on, DROP COLUMN paid_off_on, DROP COLUMN restrictions,
      DROP COLUMN restricted_since
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK:
        op.execute(statement)
