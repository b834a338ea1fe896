"""`python -m benchmarks.load.constant_service PORT decisions|attempts BYTES`: an endpoint that answers a constant.

The same app, token, schema and edge as the service has; in place of locks, facts, rules and rows a text of so many
bytes: the limit of what the work behind HTTP can reach. That of attempts asks the one of decisions, by the client that
the service has, before it answers.
"""

import sys
from typing import Annotated
from uuid import uuid5

from fastapi import APIRouter, Depends, FastAPI, Response

from services.compliance.schemas.decisions import DecisionAnswer, DecisionRequest
from services.compliance.settings import ComplianceSettings
from services.contact.gateways.compliance import Question
from services.contact.schemas.attempts import AttemptMade, AttemptRequest
from services.contact.settings import ContactSettings
from shared.clock import SystemClock
from shared.db.engine import create_engine
from shared.http.app import create_app
from shared.http.auth import Principal, requires
from shared.http.client import ServiceClient, ServiceTokens
from shared.http.idempotency import OptionalKey, RequiredKey
from shared.http.server import serve
from shared.settings import ServiceSettings

Asker = Annotated[Principal, Depends(requires("compliance:read"))]
Placer = Annotated[Principal, Depends(requires("contact:place"))]


def _decisions(constant: bytes) -> tuple[APIRouter, ServiceSettings]:
    router = APIRouter()

    @router.post("/v1/contact-decisions", response_model=DecisionAnswer)
    async def decide_contact(body: DecisionRequest, principal: Asker, key: OptionalKey) -> Response:  # noqa: ARG001
        return Response(constant, media_type="application/json")

    return router, ComplianceSettings()


def _attempts(constant: bytes) -> tuple[APIRouter, ServiceSettings]:
    router, settings = APIRouter(), ContactSettings()
    tokens = ServiceTokens(settings.token_url, settings.client_id, settings.client_secret, SystemClock())
    compliance = ServiceClient(settings.compliance_url, tokens=tokens, timeout_s=60)

    @router.post("/v1/contact-attempts", status_code=201, response_model=AttemptMade)
    async def place_attempt(body: AttemptRequest, principal: Placer, key: RequiredKey) -> Response:
        attempt_id = uuid5(body.party_id, f"{principal.sub} {key.key}")
        question = Question(
            body.party_id, body.account_ids, body.channel, body.contact_point_id, body.purpose, attempt_id
        )
        await compliance.post("/v1/contact-decisions", question.body(), idempotency_key=str(attempt_id))
        return Response(constant, status_code=201, media_type="application/json")

    return router, settings


def _app(router: APIRouter, settings: ServiceSettings) -> FastAPI:
    return create_app(
        title="constant",
        version="0",
        routers=(router,),
        settings=settings,
        engine=create_engine(settings, application_name="constant"),
        clock=SystemClock(),
    )


def main() -> None:
    """Serve it."""
    name, size = sys.argv[2], int(sys.argv[3])
    constant = b'"' + b"x" * max(0, size - 2) + b'"'
    router, settings = {"decisions": _decisions, "attempts": _attempts}[name](constant)
    serve(_app(router, settings), settings)


if __name__ == "__main__":
    main()
