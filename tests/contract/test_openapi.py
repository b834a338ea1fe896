"""The committed OpenAPI documents are what the code serves, are valid, and only ever grow."""

from typing import Any

import orjson
import pytest
from openapi_spec_validator import validate

from deploy.contracts import FOLDER, SERVICES, documents
from shared.errors import RETRY_AFTER_S
from shared.http.idempotency import REPLAYED_HEADER

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


@pytest.mark.parametrize("name", NAMES)
def test_what_takes_if_match_says_where_its_etag_comes_from(name: str, served: dict[str, Any]) -> None:
    """From reading it, at the same path or one step above; and from the answer, for the next change."""
    paths = served[name]["paths"]
    for path, method, operation in operations(served[name]):
        if not takes(operation, "If-Match"):
            continue
        where = f"{method.upper()} {path}"
        places = [path, path.rpartition("/")[0]]
        read = next((paths[place]["get"] for place in places if "get" in paths.get(place, {})), operation)
        assert "ETag" in headers_of(read, "200"), where
        assert "ETag" in headers_of(operation, "200"), where


@pytest.mark.parametrize("name", NAMES)
def test_a_refusal_that_says_when_to_ask_again_declares_that(name: str, served: dict[str, Any]) -> None:
    for path, method, operation in operations(served[name]):
        for status, answer in operation["responses"].items():
            codes = answer.get("content", {}).get("application/problem+json", {}).get("examples", {}).keys()
            says_when = bool(codes & (RETRY_AFTER_S.keys() | {"unavailable"}))
            assert ("Retry-After" in answer.get("headers", {})) == says_when, f"{method.upper()} {path} {status}"


@pytest.mark.parametrize("name", NAMES)
def test_where_a_key_is_taken_the_success_may_be_a_repetition(name: str, served: dict[str, Any]) -> None:
    for path, method, operation in operations(served[name]):
        repeated = [status for status in operation["responses"] if REPLAYED_HEADER in headers_of(operation, status)]
        where = f"{method.upper()} {path}"
        assert len(repeated) == takes(operation, "Idempotency-Key"), where
        assert all(status.startswith("2") for status in repeated), where


@pytest.mark.parametrize("name", NAMES)
def test_what_is_made_and_can_be_read_has_a_location(name: str, served: dict[str, Any]) -> None:
    paths = served[name]["paths"]
    readable = {path.rpartition("/{")[0] for path, item in paths.items() if path.endswith("}") and "get" in item}
    for path, method, operation in operations(served[name]):
        for status in {"201", "202"} & operation["responses"].keys():
            if path in readable or method == "put":
                assert "Location" in headers_of(operation, status), f"{method.upper()} {path}"


def takes(operation: dict[str, Any], parameter: str) -> bool:
    return any(one["name"] == parameter for one in operation.get("parameters", []))


def headers_of(operation: dict[str, Any], status: str) -> dict[str, Any]:
    headers: dict[str, Any] = operation["responses"][status].get("headers", {})
    return headers
