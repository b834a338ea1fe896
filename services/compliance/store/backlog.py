"""How many permits nobody has reported though they have expired, and for how long: each keeps its debts from a call."""

from shared.messaging import metrics
from shared.messaging.backlog import Measure

MEASURES = (
    Measure(
        "SELECT 'permit', count(*), extract(epoch FROM clock_timestamp() - min(expires_at))"
        " FROM permit WHERE state = 'reserved' AND expires_at < clock_timestamp()",
        (metrics.HELD, metrics.HELD_AGE),
    ),
)
