"""The OpenAPI document of a service: stable operation ids, a bearer scheme, and problem+json for each error of a route.

`problems(...)` declares the codes of a route, `headers(...)` what its success carries; what every route can answer is
added here, from what the route takes.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel, Field

from shared.errors import PROBLEMS, RETRY_AFTER_S
from shared.http.auth import authenticate
from shared.http.idempotency import REPLAYED_HEADER, require_key
from shared.http.problem import MEDIA_TYPE, TYPE_PREFIX

_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of the issuer.",
}
_REF = {"$ref": "#/components/schemas/Problem"}
# None is `required`: a repetition has no ETag, and not every refusal of a status knows when to ask again.
HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "The version of what is answered, for the `If-Match` of a change. A repetition has none.",
        "schema": {"type": "string", "pattern": '^"[0-9]+"$', "examples": ['"7"']},
    },
    "Location": {
        "description": "Where what was made is read.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {
        "description": "The seconds after which it is worth to try again, where that is known.",
        "schema": {"type": "integer", "minimum": 0, "examples": [2]},
    },
    REPLAYED_HEADER: {
        "description": "`true`: the key was answered before, and this is that answer.",
        "schema": {"type": "boolean"},
    },
}
"""Every header that an answer may declare, and that a client acts on."""
_SAYS_WHEN = RETRY_AFTER_S.keys() | {"unavailable"}


class FieldError(BaseModel):
    """One field at fault."""

    field: str = Field(examples=["amount_minor"])
    code: str = Field(examples=["greater_than_equal"])
    message: str = Field(examples=["Input should be greater than or equal to 1"])
    in_: str | None = Field(default=None, alias="in", examples=["body"])


class ProblemBody(BaseModel):
    """Why a request was not done (RFC 9457). `code` is stable; `detail` is for a person."""

    type: str = Field(examples=[TYPE_PREFIX + "validation-error"])
    title: str
    status: int
    code: str = Field(examples=["validation-error"])
    detail: str
    errors: list[FieldError] = Field(default_factory=list)


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route that may answer with these codes of `shared.errors.PROBLEMS`."""
    responses: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status, title = PROBLEMS[code]
        response = responses.setdefault(status, {"description": title, "content": {MEDIA_TYPE: {"schema": _REF}}})
        examples = response["content"][MEDIA_TYPE].setdefault("examples", {})
        examples[code] = {"value": _example(code)}
        if len(examples) > 1:
            response["description"] = "One of: " + ", ".join(sorted(examples))
        if code in _SAYS_WHEN:
            response |= headers("Retry-After")
    return responses


def headers(*names: str) -> dict[str, Any]:
    """Return what an answer that carries these of `HEADERS` says of it in the `responses=` of its route."""
    return {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names}}


def _example(code: str) -> dict[str, Any]:
    status, title = PROBLEMS[code]
    return {"type": TYPE_PREFIX + code, "title": title, "status": status, "code": code, "detail": f"{title}."}


def install(app: FastAPI) -> None:
    """Make `app.openapi` add the errors that every route can answer. Raises ValueError for an id that is twice."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            _complete(document, list(api_routes(app)))
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents
    names = [route.name for route in api_routes(app) if route.include_in_schema]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"routes share an operation id: {sorted(map(str, twice))}")


def api_routes(app: FastAPI) -> Iterable[RouteContext]:
    """Return every route that a service declares, with its whole path."""
    return (context for context in iter_route_contexts(app.routes) if isinstance(context.original_route, APIRoute))


def is_secured(dependant: Dependant) -> bool:
    """Say whether a route asks for an access token."""
    return any(
        part.call is authenticate or hasattr(part.call, "required_scope") or is_secured(part)
        for part in dependant.dependencies
    )


def is_proven(dependant: Dependant) -> bool:
    """Say whether a route asks its sender for another proof than an access token."""
    return any(hasattr(part.call, "proves_sender") or is_proven(part) for part in dependant.dependencies)


def _complete(document: dict[str, Any], routes: list[RouteContext]) -> None:
    components = document.setdefault("components", {})
    components["securitySchemes"] = {"bearer": _BEARER}
    components["headers"] = HEADERS
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = _schema(schemas)
    for route in routes:
        for method in route.methods or ():
            operation = document["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None:
                _describe_parameters(route, operation)
                _add_repetition(route, operation)
                _add_problems(operation, problems(*_common_codes(route, operation)))


def _schema(schemas: dict[str, Any]) -> dict[str, Any]:
    schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    return schema


def _describe_parameters(route: RouteContext, operation: dict[str, Any]) -> None:
    """Say that a key is required, and that no parameter is null: one is there or it is not."""
    for parameter in operation.get("parameters", []):
        schema = parameter["schema"]
        choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
        if len(choices) == 1:
            del schema["anyOf"]
            schema.update(choices[0])
        if parameter["name"] == "Idempotency-Key":
            parameter["required"] = _needs_key(route.dependant)


def _add_repetition(route: RouteContext, operation: dict[str, Any]) -> None:
    """Where a key is taken, the success may be one that was answered before."""
    if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", [])):
        success = operation["responses"][str(route.status_code or 200)]
        success.setdefault("headers", {}).update(headers(REPLAYED_HEADER)["headers"])


def _needs_key(dependant: Dependant) -> bool:
    return any(part.call is require_key or _needs_key(part) for part in dependant.dependencies)


def _common_codes(route: RouteContext, operation: dict[str, Any]) -> list[str]:
    codes = ["malformed-request", "internal-error", "busy", "unavailable", "method-not-allowed"]
    if is_secured(route.dependant):
        codes += ["unauthenticated", "forbidden"]
        operation["security"] = [{"bearer": []}]
        operation_scopes = sorted(_scopes(route.dependant))
        if operation_scopes:
            operation["x-required-scopes"] = operation_scopes
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    if names or "requestBody" in operation:
        codes.append("validation-error")
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", [])):
        codes.append("not-found")
    if "requestBody" in operation:
        codes += ["body-too-large", "unsupported-media-type"]
    if "cursor" in names:
        codes.append("cursor-invalid")
    if "If-Match" in names:
        codes += ["precondition-failed", "precondition-required"]
    if "Idempotency-Key" in names:
        keys = [code for code in PROBLEMS if code.startswith("idempotency-key-")]
        codes += [code for code in keys if code != "idempotency-key-required" or _needs_key(route.dependant)]
    return codes


def _scopes(dependant: Dependant) -> set[str]:
    own = getattr(dependant.call, "required_scope", None)
    return ({own} if own else set()).union(*(_scopes(part) for part in dependant.dependencies))


def _add_problems(operation: dict[str, Any], common: dict[int | str, dict[str, Any]]) -> None:
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    for status, response in common.items():
        declared = responses.setdefault(str(status), response)
        if declared is response:
            continue
        examples = declared.get("content", {}).get(MEDIA_TYPE, {}).setdefault("examples", {})
        examples.update(response["content"][MEDIA_TYPE]["examples"])
        declared["description"] = "One of: " + ", ".join(sorted(examples))
        if "headers" in response:
            declared.setdefault("headers", {}).update(response["headers"])
    operation["responses"] = dict(sorted(responses.items()))
