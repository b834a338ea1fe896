"""Messages that bounced, by their attempt. Those from before this release come with a rebuild."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.execute(
        "CREATE TABLE bounced_message (attempt_id UUID NOT NULL, "
        "CONSTRAINT pk_bounced_message PRIMARY KEY (attempt_id))"
    )


def downgrade() -> None:
    """Take it away; what it held comes again with the topics."""
    op.execute("DROP TABLE bounced_message")
