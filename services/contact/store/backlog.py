"""How many messages wait for their hand-over, and for how long: a gateway or compliance that does not answer."""

from shared.messaging import metrics
from shared.messaging.backlog import Measure

MEASURES = (
    Measure(
        "SELECT 'message', count(*), extract(epoch FROM clock_timestamp() - min(next_try_at))"
        " FROM out_message WHERE status = 'queued' AND next_try_at <= clock_timestamp()",
        (metrics.HELD, metrics.HELD_AGE),
    ),
)
