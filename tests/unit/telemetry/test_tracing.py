"""A trace goes on through every traceparent, and its head alone decides whether it is recorded."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.telemetry.tracing import configure_tracing, parse_traceparent, shutdown_tracing, span, start_span

SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


@pytest.fixture
def recorded() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    configure_tracing("test", ratio=0, processor=SimpleSpanProcessor(exporter))
    yield exporter
    shutdown_tracing()


@pytest.mark.parametrize("header", [SAMPLED, UNSAMPLED, SAMPLED.replace("00-", "cc-", 1) + "-more"])
def test_a_traceparent_is_read(header: str) -> None:
    context = parse_traceparent(header)

    assert context is not None
    assert context.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
    assert context.span_id == 0xB7AD6B7169203331
    assert context.is_sampled == header.split("-")[3].endswith("1")


MALFORMED = [
    "",
    "x",
    SAMPLED.upper(),
    SAMPLED + "-more",
    SAMPLED.replace("00-", "ff-", 1),
    "00-" + "0" * 32 + "-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
]


@pytest.mark.parametrize("header", MALFORMED)
def test_a_malformed_traceparent_counts_as_absent(header: str) -> None:
    assert parse_traceparent(header) is None


def test_a_span_goes_on_with_the_trace_of_its_parent(recorded: InMemorySpanExporter) -> None:
    with span("child", parent=SAMPLED) as child:
        assert child.traceparent.startswith("00-0af7651916cd43dd8448eb211c80319c-")
        assert child.traceparent != SAMPLED

    (finished,) = recorded.get_finished_spans()
    assert finished.parent is not None
    assert finished.parent.span_id == 0xB7AD6B7169203331


def test_an_unrecorded_trace_keeps_its_id_and_is_not_recorded(recorded: InMemorySpanExporter) -> None:
    with span("child", parent=UNSAMPLED) as child:
        assert child.traceparent.split("-")[1] == UNSAMPLED.split("-")[1]
        assert child.traceparent.endswith("-00")

    assert recorded.get_finished_spans() == ()


def test_a_batch_links_the_traces_of_its_messages(recorded: InMemorySpanExporter) -> None:
    other = "00-1bf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with span("consume", links=[SAMPLED, UNSAMPLED, None, "broken", other]):
        pass

    (finished,) = recorded.get_finished_spans()
    assert [link.context.trace_id for link in finished.links] == [
        0x0AF7651916CD43DD8448EB211C80319C,
        0x1BF7651916CD43DD8448EB211C80319C,
    ]


def test_a_failed_span_names_the_kind_of_error_only(recorded: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="Jane"), span("child", parent=SAMPLED):
        raise ValueError("Jane Doe")

    (finished,) = recorded.get_finished_spans()
    assert finished.status.description == "ValueError"
    assert not finished.events


@pytest.mark.parametrize(("ratio", "expected"), [(0.0, False), (1.0, True)])
def test_the_ratio_decides_for_traces_that_begin_here(ratio: float, expected: bool) -> None:
    configure_tracing("test", ratio=ratio)

    assert start_span("root").context.is_sampled is expected
    shutdown_tracing()


def test_five_percent_is_about_five_percent() -> None:
    configure_tracing("test", ratio=0.05)
    sampled = sum(start_span("root").context.is_sampled for _ in range(4000))
    shutdown_tracing()

    assert 100 < sampled < 320
