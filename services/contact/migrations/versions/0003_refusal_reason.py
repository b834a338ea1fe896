"""Why a person does not pay, as it was reported."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; of the refusals that are here it was not kept."""
    op.execute("ALTER TABLE contact_attempt ADD COLUMN refusal_reason VARCHAR")


def downgrade() -> None:
    """Take it away."""
    op.execute("ALTER TABLE contact_attempt DROP COLUMN refusal_reason")
