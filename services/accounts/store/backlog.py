"""What accounts holds for creditors that it does not know yet, and how far the business dates are behind."""

from shared.messaging import metrics
from shared.messaging.backlog import Measure
from shared.telemetry.metrics import gauge

BUSINESS_DATE_BEHIND = gauge(
    "arrears_business_date_behind_days",
    "Days from the earliest business date of a creditor to today in its time zone.",
)

MEASURES = (
    Measure(
        "SELECT 'snapshot', count(*), extract(epoch FROM clock_timestamp() - min(received_at)) FROM held_snapshot",
        (metrics.HELD, metrics.HELD_AGE),
    ),
    Measure(
        "SELECT max((clock_timestamp() AT TIME ZONE time_zone)::date - business_date) FROM creditor",
        (BUSINESS_DATE_BEHIND,),
    ),
)
