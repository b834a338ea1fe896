"""Marks of contact points by their party, contacts without a window, and those that said something, for decisions."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SILENT = (
    "agency_call,agent_skipped,answered_dropped,attorney_call,blocked_by_rule,busy,creditor_call,"
    "dialer_abandoned,field_visit_no_answer,field_visit_third_party,field_visit_wrong_address,"
    "hung_up_early,inbound_unverified,location_talk,network_failure,no_answer,not_in_service,"
    "third_party_no_message,voicemail_lcm,voicemail_no_message,wrong_number"
)
INDEXES = {
    "ix_point_mark_party_id": "point_mark (party_id)",
    "ix_attempt_timeless": "attempt (party_id) WHERE result_code IS NULL OR purpose = 'location'"
    " OR (direction = 'inbound' AND channel IN ('email', 'sms'))",
    "ix_attempt_said": f"attempt (party_id, at) WHERE result_code <> ALL ('{{{_SILENT}}}'::text[])",
}


def upgrade() -> None:
    """Add the indexes."""
    for name, on in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {on}")


def downgrade() -> None:
    """Take them away."""
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
