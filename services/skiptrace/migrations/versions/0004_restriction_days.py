"""Know the days on which restrictions hold, and find those of an account and those that have ended."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; of what is here they are not known until a rebuild, or the next state of the restriction."""
    op.execute("ALTER TABLE restriction_view ADD COLUMN effective_on DATE, ADD COLUMN ends_on DATE")
    op.execute("CREATE INDEX ix_restriction_view_account_id ON restriction_view (account_id)")
    op.execute("CREATE INDEX ix_restriction_view_ends_on ON restriction_view (ends_on) WHERE ends_on IS NOT NULL")


def downgrade() -> None:
    """Take them away."""
    op.execute("DROP INDEX ix_restriction_view_ends_on")
    op.execute("DROP INDEX ix_restriction_view_account_id")
    op.execute("ALTER TABLE restriction_view DROP COLUMN effective_on, DROP COLUMN ends_on")
