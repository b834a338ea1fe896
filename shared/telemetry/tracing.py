"""One trace from the request through the outbox and Kafka to the last consumer, by our own W3C propagation.

Whether a trace is recorded is decided once, at its head (5 % by default); the rest costs a random number. A
`traceparent` is stored with each outbox row, and a consumer's span of a batch links those of its messages.
"""

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context as OtelContext
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags, set_span_in_context

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_MAX_LINKS = 128
_random = random.SystemRandom()
_DRAWN_BITS = 32
_TRACE_BITS, _SPAN_BITS = 128, 64


@dataclass(frozen=True, slots=True)
class TraceContext:
    """Where in which trace something happens."""

    trace_id: int
    span_id: int
    is_sampled: bool

    @property
    def traceparent(self) -> str:
        """The W3C header of this context."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{'01' if self.is_sampled else '00'}"


class _Tracing:
    """The tracer of this process and the share of traces that begin here to be recorded."""

    def __init__(self) -> None:
        self.ratio = 0.0
        self.provider: TracerProvider | None = None


_state = _Tracing()


def configure_tracing(
    service: str, *, ratio: float, otlp_endpoint: str | None = None, processor: "SpanProcessor | None" = None
) -> None:
    """Record `ratio` (0 to 1) of the traces that begin in this process, and send them to an OTLP/HTTP collector.

    Without an endpoint or a processor nothing is recorded; trace ids go through all the same.
    """
    shutdown_tracing()
    _state.ratio = ratio
    if otlp_endpoint is None and processor is None:
        return
    from shared.telemetry.recording import provider_of  # noqa: PLC0415 - its hundred modules are for this alone

    _state.provider = provider_of(service, otlp_endpoint=otlp_endpoint, processor=processor)


def shutdown_tracing() -> None:
    """Send what is left and stop recording."""
    provider, _state.provider = _state.provider, None
    if provider is not None:
        provider.shutdown()


def parse_traceparent(header: str | None) -> TraceContext | None:
    """Return the context of a `traceparent` header, or None when there is none or it is malformed."""
    found = _TRACEPARENT.fullmatch(header) if header else None
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    trace_id, span_id = int(found[2], 16), int(found[3], 16)
    if not trace_id or not span_id:
        return None
    return TraceContext(trace_id, span_id, bool(int(found[4], 16) & 1))


@dataclass(slots=True)
class Span:
    """Something that happens. `context` goes on to what it causes; attributes are kept when it is recorded."""

    context: TraceContext
    _recorded: trace.Span | None = None

    @property
    def traceparent(self) -> str:
        """The W3C header for what this causes."""
        return self.context.traceparent

    def rename(self, name: str) -> None:
        """Name the span by what is known only later (the route)."""
        if self._recorded is not None:
            self._recorded.update_name(name)

    def set(self, **attributes: str | float | bool) -> None:
        """Note facts; `__` in a name stands for a dot."""
        if self._recorded is not None:
            for name, value in attributes.items():
                self._recorded.set_attribute(name.replace("__", "."), value)

    def fail(self, kind: str) -> None:
        """Mark the span as failed. `kind` is the name of the error, never its message."""
        if self._recorded is not None:
            self._recorded.set_status(trace.StatusCode.ERROR, kind)

    def end(self) -> None:
        """End it."""
        if self._recorded is not None:
            self._recorded.end()


def start_span(
    name: str, *, parent: str | None = None, links: Sequence[str | None] = (), kind: SpanKind = SpanKind.INTERNAL
) -> Span:
    """Begin a span; the caller ends it.

    `parent` and `links` are `traceparent` headers; malformed ones count as absent. With a parent its decision to record
    holds; without one, a span that links a recorded trace is recorded, else the ratio decides.
    """
    origin = parse_traceparent(parent)
    linked = [found for found in map(parse_traceparent, links) if found is not None]
    drawn = _random.getrandbits(_DRAWN_BITS + _TRACE_BITS + _SPAN_BITS)  # once: each draw asks the operating system
    if origin is not None:
        is_sampled = origin.is_sampled
    else:
        is_sampled = any(link.is_sampled for link in linked) or (
            not linked and drawn >> (_TRACE_BITS + _SPAN_BITS) < _state.ratio * (1 << _DRAWN_BITS)
        )
    if is_sampled and _state.provider is not None:
        recorded = _state.provider.get_tracer("arrears").start_span(
            name,
            context=set_span_in_context(NonRecordingSpan(_otel(origin))) if origin else OtelContext(),
            kind=kind,
            links=[Link(_otel(link)) for link in linked if link.is_sampled][:_MAX_LINKS],
        )
        made = recorded.get_span_context()
        return Span(TraceContext(made.trace_id, made.span_id, is_sampled=True), recorded)
    trace_id = origin.trace_id if origin else (drawn >> _SPAN_BITS) % (1 << _TRACE_BITS) or 1
    return Span(TraceContext(trace_id, drawn % (1 << _SPAN_BITS) or 1, is_sampled))


@contextmanager
def span(
    name: str, *, parent: str | None = None, links: Sequence[str | None] = (), kind: SpanKind = SpanKind.INTERNAL
) -> Iterator[Span]:
    """Begin a span and end it with the block; an exception marks it as failed and goes on."""
    begun = start_span(name, parent=parent, links=links, kind=kind)
    try:
        yield begun
    except BaseException as error:
        begun.fail(type(error).__name__)
        raise
    finally:
        begun.end()


def _otel(context: TraceContext) -> SpanContext:
    return SpanContext(
        context.trace_id, context.span_id, is_remote=True, trace_flags=TraceFlags(int(context.is_sampled))
    )
