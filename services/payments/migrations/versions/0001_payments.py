"""Payments, their allocation and reversal, references, what waits, the views of accounts, and Nacha files."""

from alembic import op

from shared.db.migrations import create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE payment (
        payment_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        account_id UUID NOT NULL,
        core_account_number VARCHAR,
        amount_minor BIGINT NOT NULL,
        currency VARCHAR(3) NOT NULL,
        effective_on DATE NOT NULL,
        posted_on DATE,
        channel VARCHAR NOT NULL,
        source VARCHAR NOT NULL,
        source_ref VARCHAR NOT NULL,
        ach_trace VARCHAR,
        origin VARCHAR NOT NULL,
        booked_on DATE,
        status VARCHAR NOT NULL,
        unapplied_reason VARCHAR,
        allocation_basis VARCHAR,
        arrangements_completed UUID[] DEFAULT '{}' NOT NULL,
        reallocation_of UUID,
        taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
        taken_by VARCHAR,
        CONSTRAINT pk_payment PRIMARY KEY (payment_id),
        CONSTRAINT ck_payment_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT ck_payment_status CHECK (status IN ('posted', 'unapplied', 'reversed')),
        CONSTRAINT ck_payment_origin CHECK (origin IN ('core', 'ours'))
    )
    """,
    """
    CREATE INDEX ix_payment_account_id ON payment (account_id, effective_on)
    """,
    """
    CREATE INDEX ix_payment_ach_source_ref ON payment (creditor_id, source_ref) WHERE channel = 'ach'
    """,
    """
    CREATE INDEX ix_payment_ach_trace ON payment (creditor_id, ach_trace) WHERE ach_trace IS NOT NULL
    """,
    """
    CREATE INDEX ix_payment_creditor_id ON payment (creditor_id, payment_id)
    """,
    """
    CREATE INDEX ix_payment_held ON payment (account_id) WHERE unapplied_reason IS NOT NULL
    """,
    """
    CREATE INDEX ix_payment_reallocation_of ON payment (reallocation_of) WHERE reallocation_of IS NOT NULL
    """,
    """
    CREATE TABLE allocation (
        payment_id UUID NOT NULL,
        component VARCHAR NOT NULL,
        line INTEGER NOT NULL,
        amount_minor BIGINT NOT NULL,
        CONSTRAINT pk_allocation PRIMARY KEY (payment_id, component),
        CONSTRAINT ck_allocation_amount_positive CHECK (amount_minor > 0)
    )
    """,
    """
    CREATE TABLE reversal (
        reversal_id UUID NOT NULL,
        payment_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        account_id UUID NOT NULL,
        amount_minor BIGINT NOT NULL,
        currency VARCHAR(3) NOT NULL,
        reason VARCHAR NOT NULL,
        effective_on DATE NOT NULL,
        posted_on DATE,
        origin VARCHAR NOT NULL,
        booked_on DATE,
        taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
        taken_by VARCHAR,
        CONSTRAINT pk_reversal PRIMARY KEY (reversal_id),
        CONSTRAINT uq_reversal_payment_id UNIQUE (payment_id)
    )
    """,
    """
    CREATE INDEX ix_reversal_account_id ON reversal (account_id)
    """,
    """
    CREATE TABLE source_reference (
        creditor_id UUID NOT NULL,
        source VARCHAR NOT NULL,
        source_ref VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        content_hash BYTEA NOT NULL,
        payment_id UUID,
        CONSTRAINT pk_source_reference PRIMARY KEY (creditor_id, source, source_ref),
        CONSTRAINT ck_source_reference_kind CHECK (kind IN ('payment', 'echo', 'reversal'))
    )
    """,
    """
    CREATE TABLE held_reversal (
        creditor_id UUID NOT NULL,
        source_ref VARCHAR NOT NULL,
        reversal_of VARCHAR NOT NULL,
        account_id UUID NOT NULL,
        amount_minor BIGINT NOT NULL,
        currency VARCHAR(3) NOT NULL,
        reason VARCHAR NOT NULL,
        effective_on DATE NOT NULL,
        posted_on DATE NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_held_reversal PRIMARY KEY (creditor_id, source_ref)
    )
    """,
    """
    CREATE INDEX ix_held_reversal_original ON held_reversal (creditor_id, reversal_of)
    """,
    """
    CREATE TABLE account_view (
        account_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        party_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        product_class VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        stage VARCHAR NOT NULL,
        currency VARCHAR(3) NOT NULL,
        balance_minor BIGINT NOT NULL,
        past_due_minor BIGINT NOT NULL,
        oldest_unpaid_due_on DATE,
        business_date DATE NOT NULL,
        snapshot_on DATE NOT NULL,
        principal_minor BIGINT,
        interest_minor BIGINT,
        fees_minor BIGINT,
        CONSTRAINT pk_account_view PRIMARY KEY (account_id)
    )
    """,
    """
    CREATE INDEX ix_account_view_creditor_id ON account_view (creditor_id)
    """,
    """
    CREATE TABLE creditor_view (
        creditor_id UUID NOT NULL,
        aggregate_version BIGINT NOT NULL,
        currency VARCHAR(3),
        time_zone VARCHAR,
        business_date DATE,
        CONSTRAINT pk_creditor_view PRIMARY KEY (creditor_id)
    )
    """,
    """
    CREATE TABLE nacha_file (
        file_id UUID NOT NULL,
        creditor_id UUID NOT NULL,
        content_hash BYTEA NOT NULL,
        counts JSONB NOT NULL,
        taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
        taken_by VARCHAR,
        CONSTRAINT pk_nacha_file PRIMARY KEY (file_id)
    )
    """,
    """
    CREATE UNIQUE INDEX uq_nacha_file_content ON nacha_file (creditor_id, content_hash)
    """,
    """
    CREATE TABLE nacha_entry (
        file_id UUID NOT NULL,
        line INTEGER NOT NULL,
        result VARCHAR NOT NULL,
        detail VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        transaction_code VARCHAR NOT NULL,
        amount_minor BIGINT NOT NULL,
        individual_id VARCHAR,
        return_code VARCHAR,
        original_trace VARCHAR,
        effective_on DATE,
        payment_id UUID,
        reversal_id UUID,
        CONSTRAINT pk_nacha_entry PRIMARY KEY (file_id, line),
        CONSTRAINT fk_nacha_entry_file_id_nacha_file FOREIGN KEY(file_id) REFERENCES nacha_file (file_id)
    )
    """,
)


def upgrade() -> None:
    create_messaging_tables(op)
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the first migration is not undone: drop the database")
