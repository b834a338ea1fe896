"""What is known of others, skip traces with searches, costs and candidates, vendors, and location inquiries."""

from alembic import op

from shared.db.migrations import create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The port's own layout (docs/contracts/person-search.md): a first vendor, used where the deployment has its endpoint.
LAYOUT = """
{
  "path": "/v1/person-searches",
  "reference": "/reference",
  "purpose": "/permissible_purpose",
  "purposes": {},
  "subject": {
    "given_name": "/subject/given_name",
    "family_name": "/subject/family_name",
    "date_of_birth": "/subject/date_of_birth",
    "street": "/subject/street",
    "city": "/subject/city",
    "region": "/subject/region",
    "postal_code": "/subject/postal_code"
  },
  "constants": {},
  "persons": "/persons",
  "points": {
    "phone": {
      "each": "/phones", "value": "/number", "label": "/line_type", "labels": {"landline": "home"},
      "first_seen": "/first_seen", "last_seen": "/last_seen", "parts": {}
    },
    "email": {
      "each": "/emails", "value": "/address", "label": null, "labels": {},
      "first_seen": "/first_seen", "last_seen": "/last_seen", "parts": {}
    },
    "address": {
      "each": "/addresses", "value": "", "label": null, "labels": {},
      "first_seen": "/first_seen", "last_seen": "/last_seen",
      "parts": {"street": "/street", "city": "/city", "region": "/region", "postal_code": "/postal_code"}
    }
  },
  "matched_on": "/matched_on",
  "matches": {},
  "transaction": "/transaction_id",
  "date_format": "%Y-%m-%d"
}
"""
FIRST_VENDOR = f"""
INSERT INTO vendor (code, name, adapter, endpoint, is_enabled, currency, cost_hit_minor, cost_no_hit_minor,
  month_budget_minor, purposes, layout, version, updated_at, updated_by)
VALUES ('person_search', 'Person search', 'person_search', 'person_search', true, 'USD', 75, 10, NULL,
  ARRAY['fcra_collection', 'glba_servicing', 'glba_enforcement', 'dppa_debt_recovery'],
  $json${LAYOUT}$json$::jsonb, 1, now(), 'migration')
"""

STATEMENTS = (
    """
    CREATE TABLE account_view (
        account_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        status VARCHAR NOT NULL,
        currency VARCHAR(3) NOT NULL,
        balance_minor BIGINT NOT NULL,
        past_due_minor BIGINT NOT NULL,
        CONSTRAINT pk_account_view PRIMARY KEY (account_id)
    )
    """,
    """
    CREATE INDEX ix_account_view_party_id ON account_view (party_id)
    """,
    """
    CREATE TABLE candidate (
        contact_point_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_id UUID NOT NULL,
        skip_trace_id UUID NOT NULL,
        kind VARCHAR NOT NULL,
        value VARCHAR NOT NULL,
        label VARCHAR NOT NULL,
        street VARCHAR,
        city VARCHAR,
        region VARCHAR,
        postal_code VARCHAR,
        status VARCHAR NOT NULL,
        confidence INTEGER NOT NULL,
        reasons JSONB NOT NULL,
        found_at TIMESTAMP WITH TIME ZONE NOT NULL,
        decided_at TIMESTAMP WITH TIME ZONE,
        decided_by VARCHAR,
        method VARCHAR,
        version BIGINT NOT NULL,
        CONSTRAINT pk_candidate PRIMARY KEY (contact_point_id),
        CONSTRAINT ck_candidate_status CHECK (status IN ('unverified', 'verified', 'rejected'))
    )
    """,
    """
    CREATE INDEX ix_candidate_party_id ON candidate (party_id)
    """,
    """
    CREATE INDEX ix_candidate_skip_trace_id ON candidate (skip_trace_id)
    """,
    """
    CREATE TABLE contact_try (
        attempt_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_id UUID NOT NULL,
        contact_point_id UUID,
        is_right_party BOOLEAN NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_contact_try PRIMARY KEY (attempt_id)
    )
    """,
    """
    CREATE INDEX ix_contact_try_party_id ON contact_try (party_id, at)
    """,
    """
    CREATE TABLE cost_entry (
        entry_id UUID NOT NULL,
        search_id UUID NOT NULL,
        skip_trace_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        vendor VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        amount_minor BIGINT NOT NULL,
        currency VARCHAR(3) NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_cost_entry PRIMARY KEY (entry_id),
        CONSTRAINT ck_cost_entry_kind CHECK (kind IN ('reserved', 'charged', 'released'))
    )
    """,
    """
    CREATE INDEX ix_cost_entry_skip_trace_id ON cost_entry (skip_trace_id)
    """,
    """
    CREATE INDEX ix_cost_entry_vendor ON cost_entry (vendor, at)
    """,
    """
    CREATE TABLE creditor_view (
        creditor_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        name VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        currency VARCHAR(3) NOT NULL,
        time_zone VARCHAR NOT NULL,
        CONSTRAINT pk_creditor_view PRIMARY KEY (creditor_id)
    )
    """,
    """
    CREATE TABLE found (
        party_id UUID NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT pk_found PRIMARY KEY (party_id)
    )
    """,
    """
    CREATE TABLE location_inquiry (
        inquiry_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        account_id UUID NOT NULL,
        party_id UUID NOT NULL,
        skip_trace_id UUID,
        third_party_ids UUID[] NOT NULL,
        third_party_name VARCHAR NOT NULL,
        third_party_contact VARCHAR,
        relationship VARCHAR NOT NULL,
        channel VARCHAR NOT NULL,
        ground VARCHAR,
        ground_evidence VARCHAR,
        status VARCHAR NOT NULL,
        outcome VARCHAR,
        findings JSONB NOT NULL,
        script JSONB,
        asked_by VARCHAR NOT NULL,
        asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
        reported_at TIMESTAMP WITH TIME ZONE,
        debt_was_mentioned BOOLEAN,
        employer_was_named_on_request BOOLEAN,
        note VARCHAR,
        CONSTRAINT pk_location_inquiry PRIMARY KEY (inquiry_id),
        CONSTRAINT ck_location_inquiry_status CHECK (status IN ('blocked', 'allowed', 'reported'))
    )
    """,
    """
    CREATE INDEX ix_location_inquiry_party_id ON location_inquiry (party_id)
    """,
    """
    CREATE INDEX ix_location_inquiry_skip_trace_id ON location_inquiry (skip_trace_id, inquiry_id)
    """,
    """
    CREATE TABLE party_view (
        party_id UUID NOT NULL,
        creditor_id UUID,
        aggregate_version BIGINT NOT NULL,
        is_erased BOOLEAN NOT NULL,
        kind VARCHAR,
        given_name VARCHAR,
        family_name VARCHAR,
        date_of_birth DATE,
        language VARCHAR,
        street VARCHAR,
        city VARCHAR,
        region VARCHAR,
        postal_code VARCHAR,
        contact_points JSONB NOT NULL,
        CONSTRAINT pk_party_view PRIMARY KEY (party_id)
    )
    """,
    """
    CREATE TABLE point_mark (
        contact_point_id UUID NOT NULL,
        party_id UUID NOT NULL,
        invalid_at TIMESTAMP WITH TIME ZONE,
        verified_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_point_mark PRIMARY KEY (contact_point_id)
    )
    """,
    """
    CREATE INDEX ix_point_mark_party_id ON point_mark (party_id)
    """,
    """
    CREATE TABLE restriction_view (
        row_id UUID NOT NULL,
        restriction_id UUID NOT NULL,
        account_id UUID NOT NULL,
        party_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        kind VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        CONSTRAINT pk_restriction_view PRIMARY KEY (row_id)
    )
    """,
    """
    CREATE INDEX ix_restriction_view_party_id ON restriction_view (party_id)
    """,
    """
    CREATE TABLE sighting (
        contact_point_id UUID NOT NULL,
        source_id UUID NOT NULL,
        source VARCHAR NOT NULL,
        first_seen_on DATE,
        last_seen_on DATE,
        matched_on VARCHAR[] NOT NULL,
        seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_sighting PRIMARY KEY (contact_point_id, source_id)
    )
    """,
    """
    CREATE INDEX ix_sighting_contact_point_id ON sighting (contact_point_id)
    """,
    """
    CREATE TABLE skip_trace (
        skip_trace_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        account_id UUID NOT NULL,
        party_id UUID NOT NULL,
        trigger VARCHAR NOT NULL,
        permissible_purpose VARCHAR NOT NULL,
        currency VARCHAR(3) NOT NULL,
        budget_minor BIGINT NOT NULL,
        status VARCHAR NOT NULL,
        reason VARCHAR,
        sought_since TIMESTAMP WITH TIME ZONE NOT NULL,
        requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
        requested_by VARCHAR NOT NULL,
        cancelled_by VARCHAR,
        cancelled_at TIMESTAMP WITH TIME ZONE,
        resolved_at TIMESTAMP WITH TIME ZONE,
        search_at TIMESTAMP WITH TIME ZONE,
        version BIGINT NOT NULL,
        CONSTRAINT pk_skip_trace PRIMARY KEY (skip_trace_id),
        CONSTRAINT ck_skip_trace_status CHECK (status IN ('requested', 'searching', 'candidates', 'located', 'exhausted', 'cancelled')),
        CONSTRAINT ck_skip_trace_budget_positive CHECK (budget_minor >= 0),
        CONSTRAINT ck_skip_trace_resolved_when_ended CHECK ((resolved_at IS NULL) = (status IN ('requested', 'searching', 'candidates')))
    )
    """,
    """
    CREATE INDEX ix_skip_trace_account_id ON skip_trace (account_id, skip_trace_id)
    """,
    """
    CREATE INDEX ix_skip_trace_creditor_id ON skip_trace (creditor_id, status, skip_trace_id)
    """,
    """
    CREATE INDEX ix_skip_trace_due ON skip_trace (search_at) WHERE search_at IS NOT NULL
    """,
    """
    CREATE INDEX ix_skip_trace_party_id ON skip_trace (party_id)
    """,
    """
    CREATE UNIQUE INDEX uq_skip_trace_open ON skip_trace (party_id) WHERE resolved_at IS NULL
    """,
    """
    CREATE TABLE trace_trigger (
        trigger_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_id UUID,
        kind VARCHAR NOT NULL,
        contact_point_id UUID,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_trace_trigger PRIMARY KEY (trigger_id)
    )
    """,
    """
    CREATE INDEX ix_trace_trigger_party_id ON trace_trigger (party_id)
    """,
    """
    CREATE TABLE vendor (
        code VARCHAR(64) NOT NULL,
        name VARCHAR NOT NULL,
        adapter VARCHAR NOT NULL,
        endpoint VARCHAR NOT NULL,
        is_enabled BOOLEAN NOT NULL,
        currency VARCHAR(3) NOT NULL,
        cost_hit_minor BIGINT NOT NULL,
        cost_no_hit_minor BIGINT NOT NULL,
        month_budget_minor BIGINT,
        purposes VARCHAR[] NOT NULL,
        layout JSONB NOT NULL,
        version BIGINT NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
        updated_by VARCHAR NOT NULL,
        CONSTRAINT pk_vendor PRIMARY KEY (code),
        CONSTRAINT ck_vendor_costs_positive CHECK (cost_hit_minor >= 0 AND cost_no_hit_minor >= 0)
    )
    """,
    """
    CREATE TABLE vendor_breaker (
        code VARCHAR(64) NOT NULL,
        failures INTEGER NOT NULL,
        open_until TIMESTAMP WITH TIME ZONE,
        pause_s INTEGER NOT NULL,
        probed_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_vendor_breaker PRIMARY KEY (code)
    )
    """,
    """
    CREATE TABLE evidence (
        evidence_id UUID NOT NULL,
        skip_trace_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        kind VARCHAR NOT NULL,
        note VARCHAR NOT NULL,
        sha256 VARCHAR,
        added_by VARCHAR NOT NULL,
        added_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_evidence PRIMARY KEY (evidence_id),
        CONSTRAINT fk_evidence_skip_trace_id_skip_trace FOREIGN KEY(skip_trace_id) REFERENCES skip_trace (skip_trace_id)
    )
    """,
    """
    CREATE INDEX ix_evidence_skip_trace_id ON evidence (skip_trace_id, evidence_id)
    """,
    """
    CREATE TABLE search (
        search_id UUID NOT NULL,
        skip_trace_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        vendor VARCHAR NOT NULL,
        attempt INTEGER NOT NULL,
        permissible_purpose VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        outcome VARCHAR,
        candidates INTEGER NOT NULL,
        currency VARCHAR(3) NOT NULL,
        reserved_minor BIGINT NOT NULL,
        cost_minor BIGINT NOT NULL,
        failure VARCHAR,
        transaction_ref VARCHAR,
        asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
        answered_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_search PRIMARY KEY (search_id),
        CONSTRAINT ck_search_status CHECK (status IN ('asked', 'answered', 'failed')),
        CONSTRAINT fk_search_skip_trace_id_skip_trace FOREIGN KEY(skip_trace_id) REFERENCES skip_trace (skip_trace_id)
    )
    """,
    """
    CREATE INDEX ix_search_asked ON search (asked_at) WHERE status = 'asked'
    """,
    """
    CREATE INDEX ix_search_skip_trace_id ON search (skip_trace_id)
    """,
    """
    CREATE INDEX ix_search_vendor ON search (vendor, asked_at)
    """,
)


def upgrade() -> None:
    create_messaging_tables(op)
    for statement in STATEMENTS:
        op.execute(statement)
    op.get_bind().exec_driver_sql(FIRST_VENDOR)


def downgrade() -> None:
    raise NotImplementedError("the first migration is not undone: drop the database")
