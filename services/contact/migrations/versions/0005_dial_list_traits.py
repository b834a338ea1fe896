"""Know how the calls of a dial list are made."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; the lists that are here were made for calls by hand."""
    op.execute("ALTER TABLE dial_list ADD COLUMN traits JSONB NOT NULL DEFAULT '[]'")


def downgrade() -> None:
    """Take it away."""
    op.execute("ALTER TABLE dial_list DROP COLUMN traits")
