"""Keep restrictions, what the other services tell of accounts, and when the parties of accounts may be called.

Parties that are here already stand in the group of those whose place is unknown, which is the narrowest, until the
next import states them again.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

_UNKNOWN = "America/Chicago America/Denver America/Los_Angeles America/New_York Pacific/Honolulu"
_WAITING = "closed_at IS NULL AND is_offerable AND leased_until IS NULL AND withheld_until IS NULL"
_STATEMENTS = (
    """
    CREATE TABLE restriction_view (
      row_key varchar CONSTRAINT pk_restriction_view PRIMARY KEY,
      restriction_id uuid NOT NULL,
      account_id uuid NOT NULL,
      creditor_id uuid NOT NULL,
      party_id uuid NOT NULL,
      version bigint NOT NULL,
      kind varchar NOT NULL,
      is_party_wide boolean NOT NULL,
      effective_on date NOT NULL,
      ends_on date,
      citation varchar,
      placed_at timestamptz NOT NULL,
      lifted_at timestamptz
    )
    """,
    "CREATE INDEX ix_restriction_view_account_id ON restriction_view (account_id)",
    """
    CREATE TABLE outside_event (
      row_key varchar CONSTRAINT pk_outside_event PRIMARY KEY,
      creditor_id uuid NOT NULL,
      account_id uuid,
      party_id uuid,
      kind varchar NOT NULL,
      id uuid NOT NULL,
      at timestamptz NOT NULL,
      version bigint NOT NULL,
      detail jsonb NOT NULL
    )
    """,
    "CREATE INDEX ix_outside_event_account_id ON outside_event (account_id, at) WHERE account_id IS NOT NULL",
    "CREATE INDEX ix_outside_event_party_id ON outside_event (party_id, at) WHERE account_id IS NULL",
    f"""
    ALTER TABLE account
      ADD COLUMN restricted_since date[] DEFAULT '{{}}' NOT NULL,
      ADD COLUMN restrictions_turn_on date,
      ADD COLUMN calling_group varchar DEFAULT '{_UNKNOWN}' NOT NULL
    """,
    "CREATE INDEX ix_account_restrictions_turn_on ON account (restrictions_turn_on, creditor_id)"
    " WHERE restrictions_turn_on IS NOT NULL",
    f"ALTER TABLE party ADD COLUMN calling_group varchar DEFAULT '{_UNKNOWN}' NOT NULL",
    f"ALTER TABLE work_item ADD COLUMN calling_group varchar DEFAULT '{_UNKNOWN}' NOT NULL",
    "DROP INDEX ix_work_item_head",
    "CREATE INDEX ix_work_item_head ON work_item (queue, creditor_id, calling_group, priority DESC, work_item_id)"
    f" WHERE {_WAITING}",
    # What nobody has changed since it was shipped: work of the office, which has no calling hours.
    """
    UPDATE queue_definition SET body = body || '{"keeps_calling_hours": false}', revision = gen_random_uuid()
    WHERE code IN ('restricted', 'escalated') AND updated_by = 'default'
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX ix_work_item_head")
    for table in ("account", "party", "work_item"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN calling_group")
    op.execute("ALTER TABLE account DROP COLUMN restricted_since, DROP COLUMN restrictions_turn_on")
    op.execute("UPDATE queue_definition SET body = body - 'keeps_calling_hours', revision = gen_random_uuid()")
    op.execute(
        f"CREATE INDEX ix_work_item_head ON work_item (queue, creditor_id, priority DESC, work_item_id) WHERE {_WAITING}"
    )
    op.execute("DROP TABLE outside_event")
    op.execute("DROP TABLE restriction_view")
