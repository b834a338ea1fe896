"""Give the aging policies a version, so that a change names the one that it was made from."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE aging_policy ADD COLUMN version bigint DEFAULT 1 NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE aging_policy DROP COLUMN version")
