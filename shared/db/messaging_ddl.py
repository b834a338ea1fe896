"""The first version of the tables that every service has, as SQL: a migration that has run is never changed.

A later change of `shared/db/tables.py` adds another constant here and a migration in each service; a test compares
the migrated database with the metadata.
"""

_EVENT = """
  event_id uuid NOT NULL,
  topic text NOT NULL,
  key text NOT NULL,
  type text NOT NULL,
  source text NOT NULL,
  subject text,
  time timestamptz NOT NULL,
  aggregate_version bigint,
  correlation_id uuid,
  causation_id uuid,
  traceparent text,
  creditor_id uuid,
  body text NOT NULL,
"""

_OUTBOX = f"""
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY,
  {_EVENT}
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_outbox PRIMARY KEY (id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)
"""

_INBOX = """
CREATE TABLE inbox (
  event_id uuid NOT NULL,
  source text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_inbox PRIMARY KEY (event_id, source)
) PARTITION BY RANGE (event_id)
"""

_IDEMPOTENCY = """
CREATE TABLE idempotency (
  subject text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  status smallint,
  headers jsonb,
  body text,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_idempotency PRIMARY KEY (subject, route, key)
)
"""

_DEAD_LETTER = """
CREATE TABLE dead_letter (
  dead_letter_id uuid NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  "offset" bigint NOT NULL,
  produced_at timestamptz NOT NULL,
  key text,
  event_id uuid,
  source text,
  type text,
  creditor_id uuid,
  headers jsonb NOT NULL DEFAULT '{}'::jsonb,
  value bytea,
  code text NOT NULL,
  detail text NOT NULL,
  attempts integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  replayed_at timestamptz,
  CONSTRAINT pk_dead_letter PRIMARY KEY (dead_letter_id),
  CONSTRAINT uq_dead_letter_topic_partition_offset_produced_at UNIQUE (topic, partition, "offset", produced_at)
)
"""

_JOB = """
CREATE TABLE job (
  job_id uuid NOT NULL,
  kind text NOT NULL,
  creditor_id uuid,
  params jsonb NOT NULL DEFAULT '{}'::jsonb,
  cursor jsonb,
  progress jsonb NOT NULL DEFAULT '{}'::jsonb,
  status text NOT NULL DEFAULT 'queued',
  error text,
  attempts integer NOT NULL DEFAULT 0,
  not_before timestamptz,
  dedupe_key text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  CONSTRAINT pk_job PRIMARY KEY (job_id),
  CONSTRAINT uq_job_dedupe_key UNIQUE (dedupe_key),
  CONSTRAINT ck_job_status CHECK (status IN ('queued', 'running', 'done', 'failed'))
)
"""

_STREAM_LOG = f"""
CREATE TABLE stream_log (
  position bigint GENERATED ALWAYS AS IDENTITY,
  {_EVENT}
  at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_stream_log PRIMARY KEY (position)
)
"""

# Runs with the rights of the owner, for the service role may change rows only. Drops come first: everybody takes the
# parent's lock before a partition's. A day's rows that the default partition holds move into the day's own.
_MAINTAIN_INBOX = """
CREATE FUNCTION maintain_inbox(as_of date, keep_days integer, ahead_days integer)
RETURNS TABLE (made integer, dropped integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
  day date;
  part text;
  low uuid;
  high uuid;
BEGIN
  made := 0;
  dropped := 0;
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'inbox'::regclass AND c.relname ~ '^inbox_[0-9]{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < as_of - keep_days
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE %I', part);
    dropped := dropped + 1;
  END LOOP;
  DELETE FROM inbox_default WHERE received_at < as_of - keep_days;
  FOR day IN SELECT generate_series(as_of - 1, as_of + ahead_days, interval '1 day')::date LOOP
    part := 'inbox_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass(part) IS NOT NULL;
    low := uuid7_of(day);
    high := uuid7_of(day + 1);
    LOCK TABLE inbox_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE %I (LIKE inbox INCLUDING DEFAULTS INCLUDING INDEXES)', part);
    EXECUTE format(
      'WITH moved AS (DELETE FROM inbox_default WHERE event_id >= %L AND event_id < %L RETURNING *) '
      'INSERT INTO %I SELECT * FROM moved', low, high, part);
    EXECUTE format('ALTER TABLE inbox ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, low, high);
    made := made + 1;
  END LOOP;
  RETURN NEXT;
END
$$
"""

# The smallest UUIDv7 of a day (UTC): 48 bits of milliseconds, then zeros.
_UUID7_OF = """
CREATE FUNCTION uuid7_of(day date) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN (lpad(to_hex((extract(epoch FROM day) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
"""

MESSAGING_V1: tuple[str, ...] = (
    _OUTBOX,
    _INBOX,
    "CREATE TABLE inbox_default PARTITION OF inbox DEFAULT",
    _IDEMPOTENCY,
    "CREATE INDEX ix_idempotency_created_at ON idempotency (created_at)",
    _DEAD_LETTER,
    "CREATE INDEX ix_dead_letter_topic_key ON dead_letter (topic, key)",
    "CREATE INDEX ix_dead_letter_event_id ON dead_letter (event_id)",
    _JOB,
    "CREATE INDEX ix_job_unfinished ON job (created_at) WHERE status IN ('queued', 'running')",
    _STREAM_LOG,
    "CREATE INDEX ix_stream_log_at ON stream_log (at)",
    _UUID7_OF,
    _MAINTAIN_INBOX,
    "REVOKE ALL ON FUNCTION maintain_inbox(date, integer, integer) FROM PUBLIC",
)
"""Creates the tables of `messaging_tables`, the inbox's default partition, and the functions that look after it."""
