"""Makes what records spans and sends them to a collector: loaded only by a process that does."""

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON


def provider_of(service: str, *, otlp_endpoint: str | None, processor: SpanProcessor | None) -> TracerProvider:
    """Return what records every span that it is given, for a collector over OTLP/HTTP, a processor, or both."""
    provider = TracerProvider(
        sampler=ALWAYS_ON,  # decided at the head of the trace
        resource=Resource.create({"service.name": service}),
        shutdown_on_exit=False,
    )
    if otlp_endpoint is not None:
        endpoint = otlp_endpoint.rstrip("/")
        exporter = OTLPSpanExporter(endpoint if endpoint.endswith("/v1/traces") else f"{endpoint}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
    if processor is not None:
        provider.add_span_processor(processor)
    return provider
