"""A route that reads its request in one step: the framework's solver of dependencies took a third of a payment.

`APIRouter(route_class=FlatRoute)`. A route is flat when it takes one JSON body and dependencies that ask for nothing
but the request, the response, text headers and each other, and returns a model. Every other route, and every body that
does not fit, goes the framework's way, so that the document and the errors are its own.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from shared.http.idempotency import json_of
from shared.http.openapi import is_secured

_JSON = "application/json"
_TEXT: tuple[Any, ...] = (str | None,)
_NOT_FLAT = (
    "path_params",
    "query_params",
    "cookie_params",
    "websocket_param_name",
    "http_connection_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
    "concurrency",
)
"""What of a dependency only the framework gives."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class FlatRoute(APIRoute):
    """A route of the framework that takes the short way where it may."""

    def get_route_handler(self) -> Handler:
        """Return what answers a request."""
        whole = super().get_route_handler()
        body, made = _body_of(self), _model(self.response_model)
        call = _call_of(self.dependant)
        if body is None or made is None or call is None or not is_secured(self.dependant):
            return whole
        return _flat(call, body, whole, self.status_code or 200)


@dataclass(frozen=True, slots=True)
class _Call:
    """A dependency, or the endpoint itself, with those that it stands on: parameter name and what goes there."""

    function: Callable[..., Coroutine[Any, Any, Any]]
    request: str | None
    response: str | None
    headers: tuple[tuple[str, str], ...]
    others: tuple[tuple[str | None, "_Call"], ...]

    async def __call__(self, request: Request, response: Response, **given: Any) -> Any:
        for name, other in self.others:
            value = await other(request, response)
            if name is not None:
                given[name] = value
        for name, header in self.headers:
            given[name] = request.headers.get(header)
        if self.request is not None:
            given[self.request] = request
        if self.response is not None:
            given[self.response] = response
        return await self.function(**given)


def _flat(call: _Call, body: tuple[str, type[BaseModel]], whole: Handler, status: int) -> Handler:
    name, model = body
    read = model.__pydantic_validator__.validate_json

    async def handle(request: Request) -> Response:
        if request.headers.get("content-type") != _JSON:
            return await whole(request)
        try:
            value = read(await request.body())
        except (ValidationError, ClientDisconnect):
            return await whole(request)  # which finds the same and says it
        response = Response(status_code=status, media_type=_JSON)
        result = await call(request, response, **{name: value})
        # With a key the answer is what was stored, byte by byte.
        response.body = response.body or str(json_of(result)).encode()
        response.headers["content-length"] = str(len(response.body))
        return response

    return handle


def _body_of(route: APIRoute) -> tuple[str, type[BaseModel]] | None:
    """The name and the model of the one body that a route takes."""
    fields = route.dependant.body_params
    if len(fields) != 1 or route.body_field is not fields[0]:
        return None
    model = _model(fields[0].field_info.annotation)
    return None if model is None else (fields[0].name, model)


def _model(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _call_of(dependant: Dependant, *, is_endpoint: bool = True) -> _Call | None:
    """The call of a dependant, or None when it asks for something that only the framework gives."""
    others = [(part.name, _call_of(part, is_endpoint=False)) for part in dependant.dependencies]
    flat = tuple((name, other) for name, other in others if other is not None)
    if len(flat) < len(others) or (dependant.body_params and not is_endpoint):
        return None
    if any(getattr(dependant, name) for name in _NOT_FLAT) or not iscoroutinefunction(dependant.call):
        return None
    if any(field.field_info.annotation not in _TEXT for field in dependant.header_params):
        return None
    return _Call(
        function=dependant.call,
        request=dependant.request_param_name,
        response=dependant.response_param_name,
        headers=tuple((field.name, field.alias) for field in dependant.header_params),
        others=flat,
    )
