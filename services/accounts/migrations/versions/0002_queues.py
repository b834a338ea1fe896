"""Create queue definitions with the default set, work items, and the history of accounts."""

import json
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from services.accounts.domain.default_queues import DEFAULT_QUEUES
from services.accounts.domain.queues import definition_json

revision = "0002"
down_revision = "0001"

_TABLES = """
CREATE TABLE queue_definition (
  code varchar CONSTRAINT pk_queue_definition PRIMARY KEY,
  creditor_id uuid,
  rank integer NOT NULL,
  body jsonb NOT NULL,
  version bigint NOT NULL,
  revision uuid NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by varchar NOT NULL
);
CREATE TABLE work_item (
  work_item_id uuid CONSTRAINT pk_work_item PRIMARY KEY,
  account_id uuid NOT NULL,
  creditor_id uuid NOT NULL,
  queue varchar NOT NULL,
  priority bigint NOT NULL,
  reasons varchar[] NOT NULL,
  is_offerable boolean NOT NULL,
  status varchar NOT NULL,
  holder varchar,
  leased_until timestamptz,
  withheld_until date,
  entered_on date NOT NULL,
  entered_at timestamptz NOT NULL,
  closed_at timestamptz,
  exited_on date,
  exit_reason varchar,
  version bigint NOT NULL,
  CONSTRAINT ck_work_item_leased_or_withheld CHECK (leased_until IS NULL OR withheld_until IS NULL),
  CONSTRAINT ck_work_item_closed_is_superseded CHECK ((closed_at IS NULL) = (status <> 'superseded'))
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX uq_work_item_open_account_id ON work_item (account_id) WHERE closed_at IS NULL;
CREATE INDEX ix_work_item_head ON work_item (queue, creditor_id, priority DESC, work_item_id)
  WHERE closed_at IS NULL AND is_offerable AND leased_until IS NULL AND withheld_until IS NULL;
CREATE INDEX ix_work_item_open ON work_item (queue, creditor_id, priority DESC, work_item_id) WHERE closed_at IS NULL;
CREATE INDEX ix_work_item_leased ON work_item (queue, creditor_id, leased_until)
  WHERE closed_at IS NULL AND leased_until IS NOT NULL;
CREATE INDEX ix_work_item_withheld ON work_item (creditor_id, queue, withheld_until)
  WHERE closed_at IS NULL AND withheld_until IS NOT NULL;
CREATE INDEX ix_work_item_account_id ON work_item (account_id);
CREATE TABLE account_history (
  history_id uuid CONSTRAINT pk_account_history PRIMARY KEY,
  account_id uuid NOT NULL,
  creditor_id uuid NOT NULL,
  at timestamptz NOT NULL,
  business_date date NOT NULL,
  kind varchar NOT NULL,
  detail jsonb NOT NULL
);
CREATE INDEX ix_account_history_account_id_at ON account_history (account_id, at, history_id);
"""

# A change of the defaults in a later release changes new installations only: what stands is the institution's.
_SEED = sa.text(
    "INSERT INTO queue_definition (code, creditor_id, rank, body, version, revision, updated_at, updated_by) "
    "VALUES (:code, NULL, :rank, CAST(:body AS jsonb), 1, CAST(:revision AS uuid), now(), 'default')"
)


def upgrade() -> None:
    for statement in filter(str.strip, _TABLES.split(";")):
        op.execute(statement)
    for definition in DEFAULT_QUEUES:
        op.execute(
            _SEED.bindparams(
                code=definition.code,
                rank=definition.rank,
                body=json.dumps(definition_json(definition)),
                revision=str(uuid4()),
            )
        )


def downgrade() -> None:
    for table in ("account_history", "work_item", "queue_definition"):
        op.execute(f"DROP TABLE {table}")
