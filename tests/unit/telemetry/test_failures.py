"""What is kept of a failure, in a dead letter, a job or a log, never holds what a person typed."""

from typing import Annotated, Any, Literal

import asyncpg
import pytest
from pydantic import BaseModel, Discriminator, Field, TypeAdapter, ValidationError

from shared.errors import ArrearsError
from shared.telemetry.failures import broken_rules, failure, failure_text

PERSONAL = ("+1 212 555 0187", "2125550187", "Jane Doe", "4111 1111 1111 1111", "4111111111111111")


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Form(BaseModel, extra="forbid"):
    amount_minor: Annotated[int, Field(le=1000)] = 1
    due_on: Any = None
    pet: Annotated[Cat | Dog, Discriminator("kind")] | None = None
    names: dict[str, int] = Field(default_factory=dict)
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"


def _refused(document: Any) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Form).validate_python(document)
    return caught.value


@pytest.mark.parametrize("text", PERSONAL)
@pytest.mark.parametrize(
    "document_of",
    [
        lambda text: text,
        lambda text: {"amount_minor": text},
        lambda text: {"currency": text},
        lambda text: {"pet": {"kind": text}},
        lambda text: {"names": {text: "x"}},
        lambda text: {text: 1},
    ],
)
def test_a_refused_value_stands_nowhere_but_its_place_and_the_rule_do(document_of: Any, text: str) -> None:
    error = _refused(document_of(text))
    for kept in (failure_text(error), str(failure(error)), str(broken_rules(error.errors()))):
        for word in (text, *text.split()):
            assert word not in kept
    assert failure_text(error).startswith("ValidationError")
    assert all(rule["type"] and rule["message"] for rule in broken_rules(error.errors()))


def test_the_place_of_a_refused_value_is_told() -> None:
    (rule,) = broken_rules(_refused({"amount_minor": "Jane"}).errors())
    assert (rule["field"], rule["type"]) == ("amount_minor", "int_parsing")
    assert "amount_minor" in failure_text(_refused({"amount_minor": "Jane"}))
    assert "amount_minr" in failure_text(_refused({"amount_minr": 5}))  # a name that is mistyped helps


@pytest.mark.parametrize("text", PERSONAL)
@pytest.mark.parametrize("kind", [ValueError, KeyError, RuntimeError, UnicodeError, asyncpg.DataError])
def test_the_text_of_an_error_that_may_quote_data_is_left_out(kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught:
        raise kind(f"invalid isoformat string: {text!r}")
    kept = failure_text(caught.value)
    for word in (text, *text.split()):
        assert word not in kept
    assert kept.startswith(kind.__name__)
    assert "test_failures.py" in kept  # its place is told


def test_the_text_of_our_own_errors_is_told_without_what_looks_personal() -> None:
    kept = failure_text(ArrearsError("nothing here runs jobs of kind x, call +1 212 555 0187"))
    assert "nothing here runs jobs of kind x" in kept
    assert "555" not in kept


def test_an_error_of_the_database_names_its_state_and_its_constraint() -> None:
    error = asyncpg.UniqueViolationError("duplicate key (Jane Doe)")
    error.constraint_name = "uq_payment_source_ref"
    assert failure_text(error) == "UniqueViolationError (sqlstate 23505, constraint uq_payment_source_ref)"
