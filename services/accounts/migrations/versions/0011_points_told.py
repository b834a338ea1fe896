"""Know the contact points that searches, third parties and talks named for a party, without their values."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE points_told (
          row_key varchar CONSTRAINT pk_points_told PRIMARY KEY,
          creditor_id uuid NOT NULL,
          party_id uuid NOT NULL,
          version bigint NOT NULL,
          points jsonb NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_points_told_party_id ON points_told (party_id)")


def downgrade() -> None:
    op.execute("DROP TABLE points_told")
    op.execute("DELETE FROM outside_event WHERE kind IN ('contact_point.found', 'contact_point.given')")
