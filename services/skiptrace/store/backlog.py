"""How many searches wait for a vendor, and for how long; none should, beyond a vendor's outage."""

from shared.messaging import metrics
from shared.messaging.backlog import Measure

MEASURES = (
    Measure(
        "SELECT 'search', count(*), extract(epoch FROM clock_timestamp() - min(search_at))"
        " FROM skip_trace WHERE search_at <= clock_timestamp()",
        (metrics.HELD, metrics.HELD_AGE),
    ),
)
