"""What the routes of money take from the app, and what a token lets them see."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.payments.domain.posting import PostPayment
from services.payments.schemas.payments import PaymentAnswer
from shared.errors import Problem
from shared.http.auth import Principal
from shared.http.micro_batcher import MicroBatcher
from shared.http.transaction import Edge

PaymentBatcher = MicroBatcher[PostPayment, PaymentAnswer]


# Asynchronous, though it waits for nothing: FastAPI would hand a plain function to a thread for every request.
async def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


async def _payments(request: Request) -> PaymentBatcher:
    batcher: PaymentBatcher = request.app.state.payments
    return batcher


EdgeOf = Annotated[Edge, Depends(_edge)]
PaymentsOf = Annotated[PaymentBatcher, Depends(_payments)]


def require_creditor(principal: Principal, creditor_id: UUID) -> None:
    """Answer 404 for a creditor that the token does not reach, as if it were not there."""
    if not principal.may_see(creditor_id):
        raise Problem("creditor-unknown", "There is no such creditor.", field="creditor_id")


def seen(principal: Principal, creditor_id: UUID | None) -> list[UUID] | None:
    """The creditors that a list may show: those of the token, or the one asked for if the token reaches it."""
    if creditor_id is None:
        return None if principal.creditors is None else sorted(principal.creditors)
    return [creditor_id] if principal.may_see(creditor_id) else []
