"""Nothing personal reaches a log, by whatever way it comes; what an operator needs does."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.errors import Problem
from shared.telemetry.logging import bind, configure_logging, unbind_all
from shared.telemetry.redaction import REDACTED, clean, is_personal, redact, scrub

ACCOUNT = UUID("7d9f1a52-3f0e-4a3e-9a52-123456789012")

PERSONAL_TEXTS = [
    "jane.doe@example.org",
    "write to jane+x@mail.example.co.uk today",
    "call 555-867-5309",
    "call (555) 867-5309 now",
    "+15558675309",
    "5558675309",
    "tax 078-05-1120",
    "078051120",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "paid by 4111111111111111.",
    "378282246310005",
    "Bearer abcdefghijklmnop",
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
    "postgresql://accounts:hunter2@db/accounts",
]


@pytest.mark.parametrize("text", PERSONAL_TEXTS)
def test_what_looks_personal_is_taken_out_of_any_text(text: str) -> None:
    cleaned = scrub(text)

    assert REDACTED in cleaned
    for secret in ("jane", "867", "8675309", "1120", "051120", "1111", "46310005", "abcdefghijkl", "eyJ", "hunter2"):
        assert secret not in cleaned


PERSONAL_FIELDS = [
    "given_name",
    "family_name",
    "name",
    "party_name",
    "phone",
    "home_phone",
    "email",
    "e_mail",
    "address",
    "street",
    "postal_code",
    "city",
    "ssn",
    "date_of_birth",
    "authorization",
    "access_token",
    "password",
    "client_secret",
    "contact_point",
    "contact_points",
    "body",
    "payload",
    "note",
    "statement",
    "bank_account",
    "core_account_number",
    "source_ref",
    "party_number",
]


@pytest.mark.parametrize("field", PERSONAL_FIELDS)
def test_a_personal_field_is_refused_whatever_it_holds(field: str) -> None:
    assert redact(None, "info", {field: "Jane"}) == {field: REDACTED}
    assert redact(None, "info", {"facts": {field: ["Jane"]}}) == {"facts": {field: REDACTED}}


KEPT: dict[str, Any] = {
    "account_id": ACCOUNT,
    "account": str(ACCOUNT),
    "payments": f"{ACCOUNT}, {ACCOUNT}",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "on": date(2026, 3, 1),
    "moment": datetime(2026, 3, 1, tzinfo=UTC),
    "written": "2026-03-01T12:30:45.123456+00:00",
    "amount_minor": 1_234_567_890,
    "rows": 15_000,
    "duration_ms": 12.5,
    "route": "/v1/payments/{payment_id}",
    "code": "idempotency-key-reused",
    "topic": "core.payment.received",
    "topic_name": "payment.posted",
    "is_done": True,
    "nothing": None,
}


@pytest.mark.parametrize("field", KEPT)
def test_what_an_operator_needs_is_kept(field: str) -> None:
    assert redact(None, "info", {field: KEPT[field]}) == {field: KEPT[field]}


class Party(BaseModel):
    given: str


def test_an_object_is_named_by_its_type_alone() -> None:
    assert clean(Party(given="Jane")) == "<Party>"
    assert clean({"party": [Party(given="Jane")]}) == {"party": ["<Party>"]}


def test_a_number_as_long_as_a_card_is_no_amount() -> None:
    assert clean(4111111111111111) == REDACTED


@given(st.emails())
def test_no_email_passes(address: str) -> None:
    if all(part.isalnum() or part in "._+-" for part in address.partition("@")[0]):
        assert address not in scrub(f"from {address} today")


@given(
    st.text(),
    st.recursive(st.text() | st.integers() | st.none(), lambda s: st.dictionaries(st.text(), s) | st.lists(s)),
)
def test_whatever_is_logged_becomes_a_plain_value(field: str, value: Any) -> None:
    json.dumps(redact(None, "info", {field: value}), default=str)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log of this process, read back; restored afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("test", stream=stream)
    yield stream
    unbind_all()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_entries_of_the_standard_library_and_of_structlog_have_one_form(log: io.StringIO) -> None:
    bind(correlation_id=str(ACCOUNT))
    logging.getLogger("arrears.test").info("payment posted", extra={"rows": 3, "phone": "555-867-5309"})
    structlog.get_logger("arrears.test").warning("payment held", rows=4, email="jane@example.org")

    first, second = entries(log)
    assert (first["event"], first["level"], first["rows"], first["phone"]) == ("payment posted", "info", 3, REDACTED)
    assert (second["event"], second["level"], second["rows"], second["email"]) == (
        "payment held",
        "warning",
        4,
        REDACTED,
    )
    for entry in (first, second):
        assert entry["correlation_id"] == str(ACCOUNT)
        assert (entry["service"], entry["logger"]) == ("test", "arrears.test")
        assert entry["timestamp"].endswith("Z")


def test_uvicorn_writes_through_the_same_door(log: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 4242)

    (entry,) = entries(log)
    assert (entry["event"], entry["logger"]) == ("Started server process [4242]", "uvicorn.error")


def test_the_text_of_an_unknown_error_is_not_written_but_its_place_is(log: io.StringIO) -> None:
    try:
        raise ValueError("Jane Doe of 1 Main Street")  # noqa: TRY301 - the error is what is tested
    except ValueError:
        logging.getLogger("arrears.test").exception("request failed")

    (entry,) = entries(log)
    assert "Jane" not in log.getvalue()
    assert entry["exception"]["type"] == "builtins.ValueError"
    assert "test_redaction.py" in entry["exception"]["frames"][-1]


def test_the_text_of_our_own_error_is_written(log: io.StringIO) -> None:
    try:
        raise Problem("busy", "The service is at its limit; try again.")  # noqa: TRY301 - as above
    except Problem:
        logging.getLogger("arrears.test").exception("request failed")

    assert entries(log)[0]["exception"]["message"] == "The service is at its limit; try again."


def test_ids_are_not_personal() -> None:
    assert not any(is_personal(name) for name in ("party_id", "account_id", "contact_point_id", "event", "queue_name"))
