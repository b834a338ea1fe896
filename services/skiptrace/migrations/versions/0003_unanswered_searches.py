"""Settle the money of searches whose answer never came; know the debts that a party owes beside the primary ones."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE vendor ADD COLUMN bills_unanswered BOOLEAN DEFAULT true NOT NULL",
    "ALTER TABLE search ADD COLUMN settled_at TIMESTAMP WITH TIME ZONE",
    """
    UPDATE search SET settled_at = answered_at
    WHERE status = 'answered' OR (status = 'failed' AND cost_minor = 0)
    """,
    "DROP INDEX ix_search_asked",
    "ALTER TABLE cost_entry DROP CONSTRAINT ck_cost_entry_kind",
    """
    ALTER TABLE cost_entry ADD CONSTRAINT ck_cost_entry_kind
      CHECK (kind IN ('reserved', 'charged', 'released', 'corrected'))
    """,
    # Cases that hold money for such a search are looked at when a day has gone by.
    """
    UPDATE skip_trace t SET search_at = least(t.search_at, s.at + interval '1 day')
    FROM (
      SELECT skip_trace_id, min(coalesce(answered_at, asked_at)) AS at FROM search
      WHERE settled_at IS NULL GROUP BY skip_trace_id
    ) s
    WHERE s.skip_trace_id = t.skip_trace_id
    """,
    "ALTER TABLE party_view ADD COLUMN owes UUID[] DEFAULT '{}' NOT NULL",
    "CREATE INDEX ix_party_view_owes ON party_view USING gin (owes) WHERE owes <> '{}'",
)


def upgrade() -> None:
    """Add them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    op.execute("DROP INDEX ix_party_view_owes")
    op.execute("ALTER TABLE party_view DROP COLUMN owes")
    op.execute("DELETE FROM cost_entry WHERE kind = 'corrected'")
    op.execute("ALTER TABLE cost_entry DROP CONSTRAINT ck_cost_entry_kind")
    op.execute(
        "ALTER TABLE cost_entry ADD CONSTRAINT ck_cost_entry_kind CHECK (kind IN ('reserved', 'charged', 'released'))"
    )
    op.execute("CREATE INDEX ix_search_asked ON search (asked_at) WHERE status = 'asked'")
    op.execute("ALTER TABLE search DROP COLUMN settled_at")
    op.execute("ALTER TABLE vendor DROP COLUMN bills_unanswered")
