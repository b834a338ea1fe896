"""Who asks, and what a route asks of them: `requires("payments:write")`, or `authenticate` for any valid token."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import Request

from shared.errors import Problem
from shared.http.roles import SCOPES


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and what the token lets them do. `creditors` None means every creditor; an empty set means none."""

    sub: str
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    creditors: frozenset[UUID] | None = None
    expires_at: datetime = field(default=datetime.max.replace(tzinfo=UTC), compare=False)

    def may_see(self, creditor_id: UUID) -> bool:
        """Say whether the token reaches this creditor. Where it does not, the object is answered 404, as if absent."""
        return self.creditors is None or creditor_id in self.creditors

    def has(self, scope: str) -> bool:
        """Say whether the token grants this scope."""
        return scope in self.scopes


def unauthenticated(error: str | None, detail: str) -> Problem:
    """Return the problem of a request without a valid token, with the challenge of RFC 6750."""
    challenge = 'Bearer realm="arrears"' + (f', error="{error}"' if error else "")
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": challenge})


async def authenticate(request: Request) -> Principal:
    """Return who asks; a dependency. For a route that every valid token may use.

    It reads the header itself: as parameters and nested dependencies of the framework this took a fifth of a request.
    """
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthenticated(None, "Send an access token: Authorization: Bearer <token>.")
    principal: Principal = await request.app.state.authenticator.principal(token.strip())
    request.state.principal = principal
    return principal


def lacks(scope: str) -> Problem:
    """Return the problem of a request whose token does not grant a scope."""
    challenge = f'Bearer realm="arrears", error="insufficient_scope", scope="{scope}"'
    return Problem("forbidden", f"The token needs the scope {scope}.", headers={"WWW-Authenticate": challenge})


def requires(scope: str) -> Callable[..., Coroutine[Any, Any, Principal]]:
    """Return a dependency that returns who asks, when their token grants `scope`: else 401 or 403."""
    if scope not in SCOPES:
        raise KeyError(f"no role grants {scope!r}: see shared.http.roles")

    async def authorize(request: Request) -> Principal:
        principal = await authenticate(request)
        if scope not in principal.scopes:
            raise lacks(scope)
        return principal

    authorize.required_scope = scope  # type: ignore[attr-defined]  # read by openapi.py and by the check of routes
    return authorize


def proves_sender(dependency: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a dependency that shows by other means than a token who has sent a request: a signature, a secret link.

    Only routes of `create_app(webhooks=...)` may rest on it.
    """
    dependency.proves_sender = True  # type: ignore[attr-defined]  # read by openapi.py and by the check of routes
    return dependency
