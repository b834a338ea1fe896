"""What a third party said of being asked again: the grounds of 12 CFR 1006.10(c)."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; nobody has said so of the inquiries that are here."""
    op.execute(
        "ALTER TABLE location_inquiry ADD COLUMN is_again_requested BOOLEAN DEFAULT false NOT NULL,"
        " ADD COLUMN is_known_now BOOLEAN DEFAULT false NOT NULL"
    )


def downgrade() -> None:
    """Take them away."""
    op.execute("ALTER TABLE location_inquiry DROP COLUMN is_again_requested, DROP COLUMN is_known_now")
