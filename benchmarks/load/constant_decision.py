"""`python -m benchmarks.load.constant_decision PORT BYTES`: the endpoint of decisions, answering a constant.

The same app, token, schema and edge as the service has; in place of locks, facts, rules and rows a text of so many
bytes. It is the limit of what a decision behind HTTP can reach.
"""

import sys
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.compliance.schemas.decisions import DecisionAnswer, DecisionRequest
from services.compliance.settings import ComplianceSettings
from shared.clock import SystemClock
from shared.db.engine import create_engine
from shared.http.app import create_app
from shared.http.auth import Principal, requires
from shared.http.idempotency import OptionalKey
from shared.http.server import serve

Asker = Annotated[Principal, Depends(requires("compliance:read"))]


def main() -> None:
    """Serve it."""
    router = APIRouter()
    constant = b'"' + b"x" * max(0, int(sys.argv[2]) - 2) + b'"'

    @router.post("/v1/contact-decisions", response_model=DecisionAnswer)
    async def decide_contact(body: DecisionRequest, principal: Asker, key: OptionalKey) -> Response:  # noqa: ARG001
        return Response(constant, media_type="application/json")

    settings = ComplianceSettings()
    app = create_app(
        title="constant",
        version="0",
        routers=(router,),
        settings=settings,
        engine=create_engine(settings, application_name="constant"),
        clock=SystemClock(),
    )
    serve(app, settings)


if __name__ == "__main__":
    main()
