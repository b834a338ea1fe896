"""The metrics of messaging, by their `arrears_*` names: what the alerts and dashboards of the deployment rest on."""

from shared.telemetry.metrics import counter, gauge, histogram

OUTBOX_AGE = gauge("arrears_outbox_oldest_age_seconds", "Age of the oldest event that is not yet published.")
RELAYED = counter("arrears_outbox_published_total", "Events acknowledged by Kafka.")
RELAY_FAILURES = counter("arrears_outbox_publish_failures_total", "Batches that Kafka did not acknowledge.")
RELAY_ACTIVE = gauge("arrears_relay_is_active", "1 in the process whose relay publishes.")
PROCESSED = counter("arrears_messages_processed_total", "Messages whose effects are committed.", ("topic",))
DUPLICATES = counter("arrears_messages_duplicate_total", "Messages that the inbox had seen before.", ("topic",))
DEAD_LETTERS = counter("arrears_dead_letters_total", "Messages parked, by the code of the reason.", ("topic", "code"))
RETRIES = counter("arrears_consumer_retries_total", "Batches rewound after a transient error.", ("group",))
BISECTIONS = counter("arrears_consumer_bisections_total", "Batches split to find the message that fails.", ("group",))
BATCH_SECONDS = histogram("arrears_consumer_batch_seconds", "Time from poll to commit of a batch.", ("group",))
LAG_SECONDS = gauge(
    "arrears_consumer_lag_seconds",
    "Now less the produce time of the last handled message; 0 when caught up.",
    ("group",),
)
LAG_MESSAGES = gauge("arrears_consumer_lag_messages", "End offset less position.", ("group", "topic", "partition"))
STOPPED = gauge(
    "arrears_partition_is_stopped",
    "1 when too many valid messages failed in a row, or the offset is out of range.",
    ("group", "topic", "partition"),
)
PARTITION_TRIES = counter(
    "arrears_partition_tries_total", "Tries to go on with a stopped partition.", ("group", "topic", "outcome")
)
REBUILDS = counter("arrears_consumer_rebuilds_total", "Consumers rebuilt because they made no progress.", ("group",))
JOBS_UNFINISHED = gauge("arrears_jobs_unfinished", "Long work that is queued or running.", ("kind",))
JOB_AGE = gauge("arrears_job_oldest_unfinished_seconds", "Age of the oldest long work that is unfinished.", ("kind",))
JOBS_FAILED = gauge("arrears_jobs_failed", "Long work that was given up, until it is asked for again.", ("kind",))
DEAD_LETTERS_OPEN = gauge("arrears_dead_letters_open", "Parked messages that were not taken again.", ("topic",))
HELD = gauge("arrears_held", "What waits, visibly, for something that another message brings.", ("kind",))
HELD_AGE = gauge("arrears_held_oldest_seconds", "Age of what has been held longest.", ("kind",))
