"""Know when a third party was asked, which may be later than leave was given."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; of inquiries that are here it is not known, and the time of their leave stands for it."""
    op.execute("ALTER TABLE location_inquiry ADD COLUMN made_at TIMESTAMPTZ")


def downgrade() -> None:
    """Take it away."""
    op.execute("ALTER TABLE location_inquiry DROP COLUMN made_at")
