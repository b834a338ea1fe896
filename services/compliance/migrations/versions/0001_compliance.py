"""Views of others' facts, restrictions and disputes, choices, decisions and permits."""

from alembic import op

from shared.db.migrations import create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE account_view (
        account_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        product_class VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        balance_minor BIGINT NOT NULL,
        oldest_unpaid_due_on DATE,
        CONSTRAINT pk_account_view PRIMARY KEY (account_id)
    )
    """,
    """
    CREATE INDEX ix_account_view_party_id ON account_view (party_id)
    """,
    """
    CREATE TABLE attempt (
        attempt_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_ids UUID[] NOT NULL,
        permit_id UUID,
        direction VARCHAR NOT NULL,
        channel VARCHAR NOT NULL,
        purpose VARCHAR NOT NULL,
        contact_point_id UUID,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        result_code VARCHAR,
        completed_at TIMESTAMP WITH TIME ZONE,
        debts_discussed UUID[] DEFAULT '{}' NOT NULL,
        heard JSONB,
        CONSTRAINT pk_attempt PRIMARY KEY (attempt_id)
    )
    """,
    """
    CREATE INDEX ix_attempt_party_id ON attempt (party_id, at)
    """,
    """
    CREATE INDEX ix_attempt_permit_id ON attempt (permit_id) WHERE permit_id IS NOT NULL
    """,
    """
    CREATE TABLE complaint (
        complaint_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_id UUID,
        category VARCHAR NOT NULL,
        via VARCHAR NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE NOT NULL,
        statement VARCHAR NOT NULL,
        hold_id UUID,
        status VARCHAR NOT NULL,
        resolution VARCHAR,
        closed_at TIMESTAMP WITH TIME ZONE,
        recorded_by VARCHAR NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT pk_complaint PRIMARY KEY (complaint_id)
    )
    """,
    """
    CREATE INDEX ix_complaint_creditor_id ON complaint (creditor_id, complaint_id)
    """,
    """
    CREATE INDEX ix_complaint_party_id ON complaint (party_id)
    """,
    """
    CREATE TABLE consent (
        consent_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        channel VARCHAR NOT NULL,
        purpose VARCHAR NOT NULL,
        contact_point_id UUID,
        account_ids UUID[] DEFAULT '{}' NOT NULL,
        basis VARCHAR NOT NULL,
        granted_at TIMESTAMP WITH TIME ZONE,
        starts_on DATE,
        ends_on DATE,
        revoked_at TIMESTAMP WITH TIME ZONE,
        evidence JSONB NOT NULL,
        details JSONB,
        source_id UUID,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        recorded_by VARCHAR NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT pk_consent PRIMARY KEY (consent_id),
        CONSTRAINT ck_consent_granted_or_revoked CHECK (granted_at IS NOT NULL OR revoked_at IS NOT NULL)
    )
    """,
    """
    CREATE INDEX ix_consent_creditor_id ON consent (creditor_id, consent_id)
    """,
    """
    CREATE INDEX ix_consent_party_id ON consent (party_id)
    """,
    """
    CREATE TABLE contact_point (
        row_key VARCHAR NOT NULL,
        contact_point_id UUID NOT NULL,
        party_id UUID NOT NULL,
        source VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        value VARCHAR NOT NULL,
        label VARCHAR NOT NULL,
        is_verified BOOLEAN NOT NULL,
        city VARCHAR,
        region VARCHAR,
        postal_code VARCHAR,
        CONSTRAINT pk_contact_point PRIMARY KEY (row_key)
    )
    """,
    """
    CREATE INDEX ix_contact_point_contact_point_id ON contact_point (contact_point_id)
    """,
    """
    CREATE INDEX ix_contact_point_party_id ON contact_point (party_id)
    """,
    """
    CREATE INDEX ix_contact_point_value ON contact_point (kind, value)
    """,
    """
    CREATE TABLE creditor_view (
        creditor_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        kind VARCHAR NOT NULL,
        time_zone VARCHAR NOT NULL,
        CONSTRAINT pk_creditor_view PRIMARY KEY (creditor_id)
    )
    """,
    """
    CREATE TABLE decision (
        decision_id UUID NOT NULL,
        creditor_id UUID,
        party_id UUID NOT NULL,
        account_ids UUID[] NOT NULL,
        channel VARCHAR NOT NULL,
        purpose VARCHAR NOT NULL,
        direction VARCHAR NOT NULL,
        contact_point_id UUID,
        outcome VARCHAR NOT NULL,
        permit_id UUID,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        made_at TIMESTAMP WITH TIME ZONE NOT NULL,
        made_by VARCHAR NOT NULL,
        is_dry_run BOOLEAN NOT NULL,
        rules_sha256 BYTEA NOT NULL,
        facts_sha256 BYTEA NOT NULL,
        answer VARCHAR NOT NULL,
        CONSTRAINT pk_decision PRIMARY KEY (decision_id)
    )
    """,
    """
    CREATE INDEX ix_decision_creditor_id ON decision (creditor_id, decision_id)
    """,
    """
    CREATE INDEX ix_decision_party_id ON decision (party_id, decision_id)
    """,
    """
    CREATE TABLE dispute (
        dispute_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        account_id UUID NOT NULL,
        party_id UUID NOT NULL,
        kind VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE NOT NULL,
        is_written BOOLEAN NOT NULL,
        disputed_minor BIGINT,
        statement VARCHAR,
        hold_id UUID,
        answered_at TIMESTAMP WITH TIME ZONE,
        closed_at TIMESTAMP WITH TIME ZONE,
        recorded_by VARCHAR NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT pk_dispute PRIMARY KEY (dispute_id)
    )
    """,
    """
    CREATE INDEX ix_dispute_account_id ON dispute (account_id)
    """,
    """
    CREATE INDEX ix_dispute_creditor_id ON dispute (creditor_id, dispute_id)
    """,
    """
    CREATE INDEX ix_dispute_party_id ON dispute (party_id)
    """,
    """
    CREATE TABLE found_view (
        party_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        CONSTRAINT pk_found_view PRIMARY KEY (party_id)
    )
    """,
    """
    CREATE TABLE party_view (
        party_id UUID NOT NULL,
        creditor_id UUID,
        aggregate_version BIGINT NOT NULL,
        kind VARCHAR,
        language VARCHAR,
        city VARCHAR,
        region VARCHAR,
        postal_code VARCHAR,
        CONSTRAINT pk_party_view PRIMARY KEY (party_id)
    )
    """,
    """
    CREATE TABLE permit (
        permit_id UUID NOT NULL,
        decision_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_ids UUID[] NOT NULL,
        channel VARCHAR NOT NULL,
        contact_point_id UUID,
        recipient_id UUID,
        reserved_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        state VARCHAR NOT NULL,
        CONSTRAINT pk_permit PRIMARY KEY (permit_id),
        CONSTRAINT ck_permit_state CHECK (state IN ('reserved', 'placed', 'not_placed'))
    )
    """,
    """
    CREATE INDEX ix_permit_creditor_id ON permit (creditor_id)
    """,
    """
    CREATE INDEX ix_permit_open ON permit (party_id) WHERE state = 'reserved'
    """,
    """
    CREATE TABLE permit_report (
        permit_id UUID NOT NULL,
        report VARCHAR NOT NULL,
        attempt_id UUID,
        CONSTRAINT pk_permit_report PRIMARY KEY (permit_id)
    )
    """,
    """
    CREATE TABLE point_flags (
        contact_point_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        is_employer_provided BOOLEAN,
        is_public_domain BOOLEAN,
        leaked_since TIMESTAMP WITH TIME ZONE,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        recorded_by VARCHAR NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT pk_point_flags PRIMARY KEY (contact_point_id)
    )
    """,
    """
    CREATE TABLE point_mark (
        mark_key VARCHAR NOT NULL,
        contact_point_id UUID NOT NULL,
        party_id UUID NOT NULL,
        mark VARCHAR NOT NULL,
        detail VARCHAR NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_point_mark PRIMARY KEY (mark_key)
    )
    """,
    """
    CREATE INDEX ix_point_mark_contact_point_id ON point_mark (contact_point_id)
    """,
    """
    CREATE TABLE policy_switch (
        creditor_id UUID NOT NULL,
        rule_id VARCHAR NOT NULL,
        is_on BOOLEAN NOT NULL,
        set_at TIMESTAMP WITH TIME ZONE NOT NULL,
        set_by VARCHAR NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT pk_policy_switch PRIMARY KEY (creditor_id, rule_id)
    )
    """,
    """
    CREATE TABLE preference (
        preference_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        kind VARCHAR NOT NULL,
        known_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ends_at TIMESTAMP WITH TIME ZONE,
        withdrawn_at TIMESTAMP WITH TIME ZONE,
        terms JSONB NOT NULL,
        source_id UUID,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        recorded_by VARCHAR NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT pk_preference PRIMARY KEY (preference_id)
    )
    """,
    """
    CREATE INDEX ix_preference_party_id ON preference (party_id)
    """,
    """
    CREATE TABLE representation (
        representation_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_ids UUID[] DEFAULT '{}' NOT NULL,
        attorney_name VARCHAR,
        attorney_address VARCHAR,
        attorney_phone VARCHAR,
        attorney_email VARCHAR,
        known_at TIMESTAMP WITH TIME ZONE NOT NULL,
        is_direct_allowed BOOLEAN NOT NULL,
        unresponsive_since TIMESTAMP WITH TIME ZONE,
        ended_at TIMESTAMP WITH TIME ZONE,
        recorded_by VARCHAR NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT pk_representation PRIMARY KEY (representation_id)
    )
    """,
    """
    CREATE INDEX ix_representation_party_id ON representation (party_id)
    """,
    """
    CREATE TABLE restriction (
        restriction_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_ids UUID[] DEFAULT '{}' NOT NULL,
        kind VARCHAR NOT NULL,
        effective_on DATE NOT NULL,
        effective_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ends_on DATE,
        is_written BOOLEAN NOT NULL,
        evidence JSONB NOT NULL,
        citation VARCHAR,
        source VARCHAR NOT NULL,
        source_id UUID,
        placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        placed_by VARCHAR NOT NULL,
        lifted_at TIMESTAMP WITH TIME ZONE,
        lifted_by VARCHAR,
        lift_reason VARCHAR,
        lift_evidence JSONB,
        version BIGINT NOT NULL,
        CONSTRAINT pk_restriction PRIMARY KEY (restriction_id),
        CONSTRAINT ck_restriction_lift_is_a_fact CHECK ((lifted_at IS NULL) = (lifted_by IS NULL)),
        CONSTRAINT ck_restriction_dates CHECK (ends_on IS NULL OR ends_on >= effective_on)
    )
    """,
    """
    CREATE INDEX ix_restriction_account_ids ON restriction USING gin (account_ids)
    """,
    """
    CREATE INDEX ix_restriction_creditor_id ON restriction (creditor_id, restriction_id)
    """,
    """
    CREATE INDEX ix_restriction_party_id ON restriction (party_id)
    """,
    """
    CREATE TABLE rule_set (
        rules_sha256 BYTEA NOT NULL,
        packs JSONB NOT NULL,
        activated_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_rule_set PRIMARY KEY (rules_sha256)
    )
    """,
)


def upgrade() -> None:
    create_messaging_tables(op)
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the first migration is not undone: drop the database")
