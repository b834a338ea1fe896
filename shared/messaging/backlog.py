"""Measures what waits in the tables of a service: unfinished and failed jobs, open dead letters, and what it holds.

Every worker measures all of it, every `EVERY_S` seconds, so the numbers of replicas are alike: take their `max`.
A measure that fails keeps its last numbers and does not disturb the others.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.db.transaction import open_transaction
from shared.messaging import metrics

EVERY_S = 15.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Measure:
    """A statement and what its rows mean: the values of the labels first, then one value for each gauge.

    All gauges have the same labels. Labels that no row names any more are forgotten; a null is 0.
    """

    sql: str
    gauges: tuple[Gauge, ...]

    def show(self, rows: Sequence[Any]) -> None:
        """Make the gauges say what the rows say, and nothing else."""
        for gauge in self.gauges:
            gauge.clear()
        for row in rows:
            values = list(row.values())
            labels = values[: -len(self.gauges)]
            for gauge, value in zip(self.gauges, values[-len(self.gauges) :], strict=True):
                (gauge.labels(*labels) if labels else gauge).set(float(value or 0))


MESSAGING = (
    Measure(
        "SELECT kind, count(*), extract(epoch FROM clock_timestamp() - min(created_at))"
        " FROM job WHERE status IN ('queued', 'running') GROUP BY kind",
        (metrics.JOBS_UNFINISHED, metrics.JOB_AGE),
    ),
    Measure("SELECT kind, count(*) FROM job WHERE status = 'failed' GROUP BY kind", (metrics.JOBS_FAILED,)),
    Measure(
        "SELECT topic, count(*) FROM dead_letter WHERE replayed_at IS NULL GROUP BY topic", (metrics.DEAD_LETTERS_OPEN,)
    ),
)
"""What every service has."""


async def measure(engine: AsyncEngine, clock: Clock, measures: Sequence[Measure]) -> None:
    """Measure once, each in a transaction of its own."""
    for item in measures:
        try:
            async with open_transaction(engine, clock) as tx:
                item.show(await tx.fetch(item.sql))
        except Exception:  # noqa: BLE001 - a measure is never worth a worker
            _log.warning("a backlog is not measured", exc_info=True)


async def keep_measuring(engine: AsyncEngine, clock: Clock, measures: Sequence[Measure]) -> None:
    """Measure until the task is cancelled."""
    while True:
        await measure(engine, clock, measures)
        await asyncio.sleep(EVERY_S)
