"""How many payments and reversals payments holds, and for how long: money that is not on its account."""

from shared.messaging import metrics
from shared.messaging.backlog import Measure

MEASURES = (
    Measure(
        "SELECT 'payment', count(*), extract(epoch FROM clock_timestamp() - min(taken_at))"
        " FROM payment WHERE unapplied_reason IS NOT NULL AND status = 'unapplied'"
        " UNION ALL SELECT 'reversal', count(*), extract(epoch FROM clock_timestamp() - min(received_at))"
        " FROM held_reversal",
        (metrics.HELD, metrics.HELD_AGE),
    ),
)
