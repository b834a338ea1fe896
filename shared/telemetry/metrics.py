"""The Prometheus metrics of a process, in one registry. Every name begins with `arrears_`.

Labels hold names from a closed set (a route template, a topic), never an id: each value is a time series for ever.
"""

from collections.abc import Sequence

from prometheus_client import REGISTRY as PROCESS_REGISTRY
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

PREFIX = "arrears_"
CONTENT_TYPE = CONTENT_TYPE_LATEST
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REGISTRY = PROCESS_REGISTRY
"""The default registry of prometheus_client, which holds the metrics of the process and of Python too."""


def counter(name: str, documentation: str, labels: Sequence[str] = ()) -> Counter:
    """Make a counter; the name ends in `_total`."""
    return Counter(_checked(name), documentation, labels, registry=REGISTRY)


def gauge(name: str, documentation: str, labels: Sequence[str] = ()) -> Gauge:
    """Make a gauge."""
    return Gauge(_checked(name), documentation, labels, registry=REGISTRY)


def histogram(
    name: str, documentation: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = LATENCY_BUCKETS
) -> Histogram:
    """Make a histogram; the default buckets are seconds, from 1 ms to 30 s."""
    return Histogram(_checked(name), documentation, labels, registry=REGISTRY, buckets=buckets)


def exposition() -> bytes:
    """Return all metrics as `/metrics` serves them."""
    return generate_latest(REGISTRY)


def _checked(name: str) -> str:
    if not name.startswith(PREFIX):
        raise ValueError(f"{name!r} does not begin with {PREFIX}")
    return name
