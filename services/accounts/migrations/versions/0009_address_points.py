"""Keep the parts of an address with its contact point: where it lies decides the law that a letter and a visit keep.

The address points themselves come with the next snapshot of each account.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

_PARTS = ("street", "city", "region", "postal_code")


def upgrade() -> None:
    op.execute(f"ALTER TABLE contact_point {', '.join(f'ADD COLUMN {part} varchar' for part in _PARTS)}")


def downgrade() -> None:
    op.execute("DELETE FROM contact_point WHERE street IS NOT NULL")
    op.execute(f"ALTER TABLE contact_point {', '.join(f'DROP COLUMN {part}' for part in _PARTS)}")
