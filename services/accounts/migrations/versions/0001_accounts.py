"""Creditors, parties, accounts, their facts, and imports."""

from alembic import op

from shared.db.migrations import create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE creditor (
    creditor_id UUID NOT NULL,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    currency VARCHAR(3) NOT NULL,
    time_zone VARCHAR NOT NULL,
    business_date DATE,
    version BIGINT NOT NULL,
    CONSTRAINT pk_creditor PRIMARY KEY (creditor_id)
)
    """,
    """
    CREATE TABLE aging_policy (
    creditor_id UUID NOT NULL,
    product_class VARCHAR NOT NULL,
    early_from INTEGER NOT NULL,
    mid_from INTEGER NOT NULL,
    late_from INTEGER NOT NULL,
    pre_charge_off_from INTEGER NOT NULL,
    CONSTRAINT pk_aging_policy PRIMARY KEY (creditor_id, product_class)
)
    """,
    """
    CREATE TABLE party (
    party_id UUID NOT NULL,
    creditor_id UUID NOT NULL,
    party_number VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    given_name VARCHAR,
    family_name VARCHAR,
    date_of_birth DATE,
    language VARCHAR,
    street VARCHAR,
    city VARCHAR,
    region VARCHAR,
    postal_code VARCHAR,
    version BIGINT NOT NULL,
    CONSTRAINT pk_party PRIMARY KEY (party_id)
)
    """,
    """
    CREATE INDEX ix_party_creditor_id ON party (creditor_id)
    """,
    """
    CREATE TABLE contact_point (
    account_id UUID NOT NULL,
    contact_point_id UUID NOT NULL,
    party_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    CONSTRAINT pk_contact_point PRIMARY KEY (account_id, contact_point_id)
)
    """,
    """
    CREATE INDEX ix_contact_point_party_id ON contact_point (party_id)
    """,
    """
    CREATE TABLE account_party (
    account_id UUID NOT NULL,
    party_id UUID NOT NULL,
    role VARCHAR NOT NULL,
    CONSTRAINT pk_account_party PRIMARY KEY (account_id, party_id, role)
)
    """,
    """
    CREATE INDEX ix_account_party_party_id ON account_party (party_id)
    """,
    """
    CREATE TABLE account (
    account_id UUID NOT NULL,
    creditor_id UUID NOT NULL,
    core_account_number VARCHAR NOT NULL,
    party_id UUID NOT NULL,
    product_class VARCHAR NOT NULL,
    currency VARCHAR(3) NOT NULL,
    status VARCHAR NOT NULL,
    opened_on DATE,
    charged_off_on DATE,
    credit_limit_minor BIGINT,
    snapshot_on DATE NOT NULL,
    is_absent BOOLEAN NOT NULL,
    principal_minor BIGINT,
    interest_minor BIGINT,
    fees_minor BIGINT,
    balance_minor BIGINT NOT NULL,
    past_due_minor BIGINT NOT NULL,
    oldest_unpaid_due_on DATE,
    bucket VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    next_due_on DATE,
    next_aging_on DATE,
    open_promise_due_on DATE,
    broken_promise_on DATE,
    broken_promise_count INTEGER NOT NULL,
    arrangement_status VARCHAR,
    follow_up_due_on DATE,
    escalated_at TIMESTAMP WITH TIME ZONE,
    restrictions VARCHAR[] DEFAULT '{}' NOT NULL,
    queue VARCHAR,
    version BIGINT NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (account_id)
)
 WITH (fillfactor = 85)
    """,
    """
    CREATE INDEX ix_account_creditor_id_account_id ON account (creditor_id, account_id)
    """,
    """
    CREATE UNIQUE INDEX ix_account_creditor_id_core_account_number ON account (creditor_id, core_account_number)
    """,
    """
    CREATE INDEX ix_account_creditor_id_next_aging_on ON account (creditor_id, next_aging_on) WHERE next_aging_on IS NOT NULL
    """,
    """
    CREATE INDEX ix_account_creditor_id_oldest_unpaid_due_on ON account (creditor_id, oldest_unpaid_due_on) WHERE oldest_unpaid_due_on IS NOT NULL
    """,
    """
    CREATE TABLE account_snapshot (
    account_id UUID NOT NULL,
    is_absent BOOLEAN NOT NULL,
    business_date DATE NOT NULL,
    party_id UUID,
    product_class VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    opened_on DATE,
    charged_off_on DATE,
    credit_limit_minor BIGINT,
    balance_minor BIGINT NOT NULL,
    principal_minor BIGINT,
    interest_minor BIGINT,
    fees_minor BIGINT,
    past_due_minor BIGINT NOT NULL,
    oldest_unpaid_due_on DATE,
    installment_minor BIGINT,
    frequency VARCHAR,
    next_due_on DATE,
    CONSTRAINT pk_account_snapshot PRIMARY KEY (account_id, is_absent, business_date)
)
    """,
    """
    CREATE TABLE entry (
    payment_id UUID NOT NULL,
    account_id UUID NOT NULL,
    creditor_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    dues_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    effective_on DATE NOT NULL,
    posted_on DATE NOT NULL,
    origin VARCHAR NOT NULL,
    booked_on DATE,
    contained_on DATE GENERATED ALWAYS AS (COALESCE(booked_on, CASE WHEN origin = 'core' THEN posted_on ELSE posted_on + 1 END)) STORED NOT NULL,
    channel VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    source_ref VARCHAR NOT NULL,
    allocation JSONB NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (payment_id)
)
    """,
    """
    CREATE INDEX ix_entry_account_id_contained_on ON entry (account_id, contained_on)
    """,
    """
    CREATE TABLE reversal (
    payment_id UUID NOT NULL,
    reversal_id UUID NOT NULL,
    account_id UUID NOT NULL,
    creditor_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    reason VARCHAR NOT NULL,
    effective_on DATE NOT NULL,
    posted_on DATE NOT NULL,
    origin VARCHAR NOT NULL,
    booked_on DATE,
    contained_on DATE GENERATED ALWAYS AS (COALESCE(booked_on, CASE WHEN origin = 'core' THEN posted_on ELSE posted_on + 1 END)) STORED NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_reversal PRIMARY KEY (payment_id)
)
    """,
    """
    CREATE INDEX ix_reversal_account_id_contained_on ON reversal (account_id, contained_on)
    """,
    """
    CREATE TABLE promise_view (
    promise_id UUID NOT NULL,
    account_id UUID NOT NULL,
    creditor_id UUID NOT NULL,
    status VARCHAR NOT NULL,
    amount_minor BIGINT NOT NULL,
    paid_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    due_on DATE NOT NULL,
    grace_days INTEGER NOT NULL,
    tolerance_minor BIGINT NOT NULL,
    made_on DATE NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    resolved_on DATE,
    version BIGINT NOT NULL,
    CONSTRAINT pk_promise_view PRIMARY KEY (promise_id)
)
    """,
    """
    CREATE INDEX ix_promise_view_account_id ON promise_view (account_id)
    """,
    """
    CREATE TABLE arrangement_view (
    arrangement_id UUID NOT NULL,
    account_id UUID NOT NULL,
    creditor_id UUID NOT NULL,
    status VARCHAR NOT NULL,
    currency VARCHAR(3) NOT NULL,
    total_minor BIGINT NOT NULL,
    paid_minor BIGINT NOT NULL,
    tolerance_minor BIGINT NOT NULL,
    grace_days INTEGER NOT NULL,
    made_on DATE NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_due_on DATE,
    resolved_on DATE,
    terms JSONB NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_arrangement_view PRIMARY KEY (arrangement_id)
)
    """,
    """
    CREATE INDEX ix_arrangement_view_account_id ON arrangement_view (account_id)
    """,
    """
    CREATE TABLE held_snapshot (
    held_no BIGINT GENERATED BY DEFAULT AS IDENTITY,
    creditor_id UUID NOT NULL,
    core_account_number VARCHAR NOT NULL,
    business_date DATE NOT NULL,
    body JSONB NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_held_snapshot PRIMARY KEY (held_no)
)
    """,
    """
    CREATE INDEX ix_held_snapshot_creditor_id ON held_snapshot (creditor_id)
    """,
    """
    CREATE TABLE import_file (
    import_id UUID NOT NULL,
    creditor_id UUID NOT NULL,
    business_date DATE NOT NULL,
    is_complete BOOLEAN NOT NULL,
    format VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    rows INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    absent INTEGER NOT NULL,
    warnings INTEGER NOT NULL,
    imported_by VARCHAR,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_import_file PRIMARY KEY (import_id)
)
    """,
    """
    CREATE INDEX ix_import_file_creditor_id ON import_file (creditor_id)
    """,
    """
    CREATE TABLE import_issue (
    import_id UUID NOT NULL,
    is_error BOOLEAN NOT NULL,
    line BIGINT NOT NULL,
    nth INTEGER NOT NULL,
    field VARCHAR,
    code VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    CONSTRAINT pk_import_issue PRIMARY KEY (import_id, is_error, line, nth)
)
    """,
    """
    CREATE TABLE import_row (
    import_id UUID NOT NULL,
    account_id UUID NOT NULL,
    line BIGINT NOT NULL,
    is_taken BOOLEAN NOT NULL,
    CONSTRAINT pk_import_row PRIMARY KEY (import_id, account_id)
)
    """,
)


def upgrade() -> None:
    create_messaging_tables(op)
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the first migration is not undone: drop the database")
