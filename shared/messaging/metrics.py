"""The metrics of messaging, by their `arrears_*` names: what the alerts and dashboards of the deployment rest on."""

from prometheus_client import Counter, Gauge, Histogram

OUTBOX_AGE = Gauge("arrears_outbox_oldest_age_seconds", "Age of the oldest event that is not yet published.")
RELAYED = Counter("arrears_outbox_published_total", "Events acknowledged by Kafka.", ["topic"])
RELAY_FAILURES = Counter("arrears_outbox_publish_failures_total", "Batches that Kafka did not acknowledge.")
RELAY_ACTIVE = Gauge("arrears_relay_is_active", "1 in the process whose relay publishes.")
PROCESSED = Counter("arrears_messages_processed_total", "Messages whose effects are committed.", ["topic"])
DUPLICATES = Counter("arrears_messages_duplicate_total", "Messages that the inbox had seen before.", ["topic"])
DEAD_LETTERS = Counter("arrears_dead_letters_total", "Messages parked, by the code of the reason.", ["topic", "code"])
RETRIES = Counter("arrears_consumer_retries_total", "Batches rewound after a transient error.", ["group"])
BISECTIONS = Counter("arrears_consumer_bisections_total", "Batches split to find the message that fails.", ["group"])
BATCH_SECONDS = Histogram("arrears_consumer_batch_seconds", "Time from poll to commit of a batch.", ["group"])
LAG_SECONDS = Gauge(
    "arrears_consumer_lag_seconds",
    "Now less the produce time of the last handled message; 0 when caught up.",
    ["group"],
)
LAG_MESSAGES = Gauge("arrears_consumer_lag_messages", "End offset less position.", ["group", "topic", "partition"])
STOPPED = Gauge(
    "arrears_partition_is_stopped",
    "1 when too many valid messages failed in a row, or the offset is out of range.",
    ["group", "topic", "partition"],
)
REBUILDS = Counter("arrears_consumer_rebuilds_total", "Consumers rebuilt because they made no progress.", ["group"])
