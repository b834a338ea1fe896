"""Views of creditors, accounts and parties, contact points, attempts, messages, callbacks, visits and dial lists."""

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
        currency VARCHAR(3) NOT NULL,
        balance_minor BIGINT NOT NULL,
        past_due_minor BIGINT NOT NULL,
        days_past_due INTEGER NOT NULL,
        business_date DATE NOT NULL,
        CONSTRAINT pk_account_view PRIMARY KEY (account_id)
    )
    """,
    """
    CREATE INDEX ix_account_view_party_id ON account_view (party_id)
    """,
    """
    CREATE TABLE callback (
        callback_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_ids UUID[] NOT NULL,
        channel VARCHAR NOT NULL,
        contact_point_id UUID,
        callback_at TIMESTAMP WITH TIME ZONE NOT NULL,
        is_requested BOOLEAN NOT NULL,
        status VARCHAR NOT NULL,
        made_in UUID,
        done_by UUID,
        made_at TIMESTAMP WITH TIME ZONE NOT NULL,
        made_by VARCHAR NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT pk_callback PRIMARY KEY (callback_id)
    )
    """,
    """
    CREATE INDEX ix_callback_due ON callback (callback_at, callback_id) WHERE status = 'scheduled'
    """,
    """
    CREATE INDEX ix_callback_party_id ON callback (party_id, callback_id)
    """,
    """
    CREATE TABLE contact_attempt (
        attempt_id UUID NOT NULL,
        permit_id UUID,
        decision_id UUID,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_ids UUID[] NOT NULL,
        direction VARCHAR NOT NULL,
        channel VARCHAR NOT NULL,
        purpose VARCHAR NOT NULL,
        contact_point_id UUID,
        is_dialer BOOLEAN DEFAULT false NOT NULL,
        disclosures VARCHAR[] DEFAULT '{}' NOT NULL,
        language VARCHAR,
        status VARCHAR NOT NULL,
        placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        placed_by VARCHAR NOT NULL,
        message_id UUID,
        verified_at TIMESTAMP WITH TIME ZONE,
        verified_by VARCHAR[] DEFAULT '{}' NOT NULL,
        result_code VARCHAR,
        completed_at TIMESTAMP WITH TIME ZONE,
        completed_by VARCHAR,
        debts_discussed UUID[] DEFAULT '{}' NOT NULL,
        heard JSONB DEFAULT '[]' NOT NULL,
        next_step VARCHAR,
        next_step_id UUID,
        note VARCHAR,
        CONSTRAINT pk_contact_attempt PRIMARY KEY (attempt_id),
        CONSTRAINT ck_contact_attempt_status CHECK (status IN ('placed', 'right_party', 'closed')),
        CONSTRAINT ck_contact_attempt_closed_by_result CHECK ((status = 'closed') = (result_code IS NOT NULL)),
        CONSTRAINT ck_contact_attempt_permit CHECK (direction = 'inbound' OR permit_id IS NOT NULL),
        CONSTRAINT uq_contact_attempt_permit_id UNIQUE (permit_id)
    )
    """,
    """
    CREATE INDEX ix_contact_attempt_account_ids ON contact_attempt USING gin (account_ids)
    """,
    """
    CREATE INDEX ix_contact_attempt_creditor_id ON contact_attempt (creditor_id, attempt_id)
    """,
    """
    CREATE INDEX ix_contact_attempt_party_id ON contact_attempt (party_id, attempt_id)
    """,
    """
    CREATE INDEX ix_contact_attempt_placed_by ON contact_attempt (placed_by, placed_at)
    """,
    """
    CREATE TABLE contact_block (
        block_id UUID NOT NULL,
        permit_id UUID,
        decision_id UUID,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_ids UUID[] NOT NULL,
        channel VARCHAR NOT NULL,
        purpose VARCHAR NOT NULL,
        contact_point_id UUID,
        reason VARCHAR NOT NULL,
        rules JSONB DEFAULT '[]' NOT NULL,
        not_before TIMESTAMP WITH TIME ZONE,
        blocked_at TIMESTAMP WITH TIME ZONE NOT NULL,
        asked_by VARCHAR NOT NULL,
        CONSTRAINT pk_contact_block PRIMARY KEY (block_id)
    )
    """,
    """
    CREATE INDEX ix_contact_block_asked_by ON contact_block (asked_by, blocked_at)
    """,
    """
    CREATE INDEX ix_contact_block_creditor_id ON contact_block (creditor_id, block_id)
    """,
    """
    CREATE INDEX ix_contact_block_party_id ON contact_block (party_id, block_id)
    """,
    """
    CREATE TABLE contact_point (
        contact_point_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        kind VARCHAR NOT NULL,
        value VARCHAR NOT NULL,
        value_key VARCHAR NOT NULL,
        label VARCHAR NOT NULL,
        is_in_core BOOLEAN DEFAULT false NOT NULL,
        found_by VARCHAR,
        found_status VARCHAR,
        confidence INTEGER,
        first_seen_on DATE,
        last_seen_on DATE,
        added_by VARCHAR,
        added_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_contact_point PRIMARY KEY (contact_point_id)
    )
    """,
    """
    CREATE INDEX ix_contact_point_party_id ON contact_point (party_id)
    """,
    """
    CREATE INDEX ix_contact_point_value_key ON contact_point (value_key, kind)
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
    CREATE TABLE dial_list (
        dial_list_id UUID NOT NULL,
        queue VARCHAR NOT NULL,
        size INTEGER NOT NULL,
        creditors JSONB,
        status VARCHAR NOT NULL,
        reason VARCHAR,
        listed INTEGER DEFAULT 0 NOT NULL,
        excluded INTEGER DEFAULT 0 NOT NULL,
        made_at TIMESTAMP WITH TIME ZONE NOT NULL,
        made_by VARCHAR NOT NULL,
        CONSTRAINT pk_dial_list PRIMARY KEY (dial_list_id),
        CONSTRAINT ck_dial_list_status CHECK (status IN ('building', 'ready', 'failed'))
    )
    """,
    """
    CREATE TABLE early_receipt (
        channel VARCHAR NOT NULL,
        ref VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        reason VARCHAR,
        is_permanent BOOLEAN NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_early_receipt PRIMARY KEY (channel, ref)
    )
    """,
    """
    CREATE TABLE field_visit (
        field_visit_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_ids UUID[] NOT NULL,
        contact_point_id UUID,
        scheduled_on DATE NOT NULL,
        status VARCHAR NOT NULL,
        attempt_id UUID,
        ordered_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ordered_by VARCHAR NOT NULL,
        CONSTRAINT pk_field_visit PRIMARY KEY (field_visit_id),
        CONSTRAINT ck_field_visit_status CHECK (status IN ('ordered', 'begun', 'completed', 'cancelled'))
    )
    """,
    """
    CREATE INDEX ix_field_visit_creditor_id ON field_visit (creditor_id, field_visit_id)
    """,
    """
    CREATE UNIQUE INDEX uq_field_visit_attempt_id ON field_visit (attempt_id) WHERE attempt_id IS NOT NULL
    """,
    """
    CREATE TABLE found_view (
        party_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        CONSTRAINT pk_found_view PRIMARY KEY (party_id)
    )
    """,
    """
    CREATE TABLE in_message (
        gateway VARCHAR NOT NULL,
        ref VARCHAR NOT NULL,
        value_key VARCHAR NOT NULL,
        is_opt_out BOOLEAN NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_in_message PRIMARY KEY (gateway, ref)
    )
    """,
    """
    CREATE TABLE opt_out (
        channel VARCHAR NOT NULL,
        value_key VARCHAR NOT NULL,
        source VARCHAR NOT NULL,
        opted_out_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_opt_out PRIMARY KEY (channel, value_key)
    )
    """,
    """
    CREATE TABLE out_message (
        message_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        account_ids UUID[] NOT NULL,
        channel VARCHAR NOT NULL,
        contact_point_id UUID,
        recipient VARCHAR NOT NULL,
        purpose VARCHAR NOT NULL,
        template VARCHAR NOT NULL,
        template_version INTEGER NOT NULL,
        language VARCHAR NOT NULL,
        subject VARCHAR,
        body VARCHAR NOT NULL,
        disclosures VARCHAR[] NOT NULL,
        status VARCHAR NOT NULL,
        reason VARCHAR,
        permit_id UUID,
        decision_id UUID,
        permit_expires_at TIMESTAMP WITH TIME ZONE,
        attempt_id UUID,
        tries INTEGER DEFAULT 0 NOT NULL,
        next_try_at TIMESTAMP WITH TIME ZONE,
        lease_until TIMESTAMP WITH TIME ZONE,
        ref VARCHAR,
        queued_at TIMESTAMP WITH TIME ZONE NOT NULL,
        queued_by VARCHAR NOT NULL,
        sent_at TIMESTAMP WITH TIME ZONE,
        ended_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_out_message PRIMARY KEY (message_id),
        CONSTRAINT ck_out_message_status CHECK (status IN ('queued', 'sending', 'sent', 'delivered', 'bounced', 'undeliverable', 'opted_out', 'blocked', 'failed')),
        CONSTRAINT ck_out_message_queued_is_due CHECK (status <> 'queued' OR next_try_at IS NOT NULL),
        CONSTRAINT ck_out_message_open_ends CHECK (status NOT IN ('sending', 'sent') OR lease_until IS NOT NULL)
    )
    """,
    """
    CREATE INDEX ix_out_message_creditor_id ON out_message (creditor_id, message_id)
    """,
    """
    CREATE INDEX ix_out_message_open ON out_message (lease_until) WHERE status IN ('sending', 'sent')
    """,
    """
    CREATE INDEX ix_out_message_party_id ON out_message (party_id, message_id)
    """,
    """
    CREATE INDEX ix_out_message_queued ON out_message (next_try_at, message_id) WHERE status = 'queued'
    """,
    """
    CREATE UNIQUE INDEX uq_out_message_ref ON out_message (channel, ref) WHERE ref IS NOT NULL
    """,
    """
    CREATE TABLE party_view (
        party_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        kind VARCHAR NOT NULL,
        given_name VARCHAR,
        family_name VARCHAR,
        date_of_birth DATE,
        language VARCHAR,
        street VARCHAR,
        city VARCHAR,
        region VARCHAR,
        postal_code VARCHAR,
        CONSTRAINT pk_party_view PRIMARY KEY (party_id)
    )
    """,
    """
    CREATE TABLE point_standing (
        contact_point_id UUID NOT NULL,
        party_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        verified_at TIMESTAMP WITH TIME ZONE,
        verified_by VARCHAR,
        invalid_at TIMESTAMP WITH TIME ZONE,
        invalid_reason VARCHAR,
        bounces INTEGER DEFAULT 0 NOT NULL,
        CONSTRAINT pk_point_standing PRIMARY KEY (contact_point_id)
    )
    """,
    """
    CREATE TABLE template (
        template_id UUID NOT NULL,
        code VARCHAR NOT NULL,
        channel VARCHAR NOT NULL,
        language VARCHAR NOT NULL,
        creditor_id UUID,
        version INTEGER NOT NULL,
        subject VARCHAR,
        body VARCHAR NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
        updated_by VARCHAR NOT NULL,
        CONSTRAINT pk_template PRIMARY KEY (template_id)
    )
    """,
    """
    CREATE UNIQUE INDEX uq_template_name ON template (code, channel, language, creditor_id) NULLS NOT DISTINCT
    """,
    """
    CREATE TABLE wrong_value (
        kind VARCHAR NOT NULL,
        value_key VARCHAR NOT NULL,
        party_id UUID NOT NULL,
        wrong_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_wrong_value PRIMARY KEY (kind, value_key)
    )
    """,
    """
    CREATE TABLE dial_record (
        record_id UUID NOT NULL,
        dial_list_id UUID NOT NULL,
        position INTEGER NOT NULL,
        account_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        contact_point_id UUID,
        status VARCHAR NOT NULL,
        rules JSONB DEFAULT '[]' NOT NULL,
        not_before TIMESTAMP WITH TIME ZONE,
        attempt_id UUID,
        result_code VARCHAR,
        CONSTRAINT pk_dial_record PRIMARY KEY (record_id),
        CONSTRAINT ck_dial_record_status CHECK (status IN ('listed', 'excluded', 'released', 'blocked', 'done')),
        CONSTRAINT fk_dial_record_dial_list_id_dial_list FOREIGN KEY(dial_list_id) REFERENCES dial_list (dial_list_id)
    )
    """,
    """
    CREATE UNIQUE INDEX uq_dial_record_account ON dial_record (dial_list_id, account_id)
    """,
    """
    CREATE UNIQUE INDEX uq_dial_record_attempt_id ON dial_record (attempt_id) WHERE attempt_id IS NOT NULL
    """,
    """
    CREATE UNIQUE INDEX uq_dial_record_position ON dial_record (dial_list_id, position)
    """,
)


def upgrade() -> None:
    create_messaging_tables(op)
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the first migration is not undone: drop the database")
