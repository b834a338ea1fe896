"""The committed OpenAPI documents are what the code serves, are valid, and only ever grow."""

from typing import Any

import orjson
import pytest
from openapi_spec_validator import validate

from deploy.contracts import FOLDER, SERVICES, documents

NAMES = [service.name for service in SERVICES]
OPEN = {"/healthz", "/readyz", "/metrics"}
PROVEN = {"/v1/gateways/text/inbound", "/v1/gateways/text/status", "/v1/opt-outs/{token}"}
"""Without an access token: a signature of the gateway, or the token of one message's link, proves the sender."""


@pytest.fixture(scope="module")
def served() -> dict[str, dict[str, Any]]:
    return {name: orjson.loads(content) for name, content in documents().items()}


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"get", "put", "post", "delete", "patch"}
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_document_is_what_the_code_serves(name: str, served: dict[str, Any]) -> None:
    committed = orjson.loads((FOLDER / f"{name}.json").read_bytes())
    assert committed == served[name], "run `make contracts`"


@pytest.mark.parametrize("name", NAMES)
def test_the_document_is_valid_openapi(name: str, served: dict[str, Any]) -> None:
    validate(served[name])


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_needs_a_token_and_declares_its_errors_as_problems(name: str, served: dict[str, Any]) -> None:
    for path, method, operation in operations(served[name]):
        if path in OPEN | PROVEN:
            continue
        where = f"{method.upper()} {path}"
        assert operation.get("security") or served[name].get("security"), where
        answers = operation["responses"]
        assert {"401", "403"} <= answers.keys(), where
        for status, answer in answers.items():
            if status.startswith(("4", "5")):
                assert "application/problem+json" in answer["content"], f"{where} {status}"


@pytest.mark.parametrize("name", NAMES)
def test_operation_ids_are_unique_and_stable_words(name: str, served: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(served[name])]
    assert len(ids) == len(set(ids))
    assert all(one.isidentifier() for one in ids)


@pytest.mark.parametrize("name", NAMES)
def test_every_request_body_of_json_shows_what_to_send(name: str, served: dict[str, Any]) -> None:
    """By an example of the whole, or one for each field that must be sent and does not speak for itself."""
    document = served[name]
    for path, method, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        schema = content["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        if {"example", "examples"} & (content.keys() | schema.keys()):
            continue
        for field in schema.get("required", ()):
            shown = schema["properties"][field].keys() & {"examples", "enum", "format"}
            assert shown, f"{method.upper()} {path} {field}"


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_is_never_null_and_a_key_that_is_required_is_declared_so(name: str, served: dict[str, Any]) -> None:
    for path, method, operation in operations(served[name]):
        for parameter in operation.get("parameters", []):
            where = f"{method.upper()} {path} {parameter['name']}"
            assert {"type": "null"} not in parameter["schema"].get("anyOf", []), where
            if parameter["name"] == "Idempotency-Key":
                refuses = "idempotency-key-required" in str(operation["responses"]["400"])
                assert parameter["required"] == refuses, where
                assert parameter["schema"]["pattern"] == "^[\\x21-\\x7e]{1,255}$", where
