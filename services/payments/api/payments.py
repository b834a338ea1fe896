"""Payments over HTTP: posted through a micro-batch, read, listed, reversed and reallocated."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, status

from services.payments.api.doors import PaymentsOf
from services.payments.domain.allocation import Line
from services.payments.domain.payment import CORE, PostPayment
from services.payments.handlers.correct_payment import Reallocate
from services.payments.handlers.correct_payment import reallocate_payment as reallocate
from services.payments.handlers.correct_payment import reverse_payment as reverse
from services.payments.queries import payments as queries
from services.payments.schemas.payments import (
    Allocation,
    HeldReversalView,
    PaymentAnswer,
    PaymentRequest,
    PaymentView,
    ReallocationAnswer,
    ReallocationRequest,
    ReversalRequest,
    ReversalView,
    Status,
)
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.http.auth import Principal, lacks, requires
from shared.http.flat_route import FlatRoute
from shared.http.idempotency import RequiredKey
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.request_context import current_context
from shared.http.routes import EdgeOf, seen, visible, visible_creditor
from shared.ids import new_id

router = APIRouter(prefix="/v1", tags=["payments"], route_class=FlatRoute)

BOOK = "payments:book"
"""The scope of core banking's own systems: to post in its name, and to state a booking of the past."""

Reader = Annotated[Principal, Depends(requires("payments:read"))]
Writer = Annotated[Principal, Depends(requires("payments:write"))]
Reverser = Annotated[Principal, Depends(requires("payments:reverse"))]
Reallocator = Annotated[Principal, Depends(requires("payments:reallocate"))]


@router.post(
    "/payments",
    status_code=status.HTTP_201_CREATED,
    responses={
        201: headers("Location"),
        **problems(
            "account-unknown",
            "creditor-unknown",
            "source-ref-conflict",
            "posted-date-in-future",
            "effective-date-in-future",
            "currency-mismatch",
            "allocation-mismatch",
        ),
    },
)
async def post_payment(
    body: PaymentRequest, principal: Writer, key: RequiredKey, payments: PaymentsOf
) -> PaymentAnswer:
    """Post a payment. The same source reference never posts twice; money for an unknown account is held."""
    if body.creditor_id is not None:
        visible_creditor(body.creditor_id, principal, field="creditor_id")
    if body.source == CORE and not principal.has(BOOK):
        raise lacks(BOOK)
    return await payments.submit(_command(body, principal), principal=principal, idempotency=key)


@router.get("/payments/{payment_id}", responses=problems("payment-unknown"))
async def get_payment(payment_id: UUID, principal: Reader, edge: EdgeOf) -> PaymentView:
    """Read a payment as it stands, with its allocation and its reversal."""
    return visible(await edge.read(lambda tx: queries.get_payment(tx, payment_id)), principal, "payment")


@router.get("/payments")
async def list_payments(
    *,
    principal: Reader,
    edge: EdgeOf,
    account_id: UUID | None = None,
    creditor_id: UUID | None = None,
    status: Annotated[Status | None, Query(description="`unapplied` lists what waits for its account.")] = None,
    source: str | None = None,
    source_ref: str | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[PaymentView]:
    """List payments, newest first."""
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    wanted = queries.PaymentFilter(account_id, seen(principal, creditor_id), status, source, source_ref)
    rows = await edge.read(lambda tx: queries.list_payments(tx, wanted, after, limit + 1))
    return page_of(rows, limit, lambda row: encode_cursor(row.payment_id))


@router.post(
    "/payments/{payment_id}/reversals",
    status_code=status.HTTP_201_CREATED,
    responses={201: headers("Location"), **problems("payment-unknown", "effective-date-in-future")},
)
async def reverse_payment(
    payment_id: UUID, body: ReversalRequest, principal: Reverser, key: RequiredKey, edge: EdgeOf
) -> ReversalView:
    """Take a whole payment back and open again what it had closed. A second reversal changes nothing."""

    async def run(tx: Tx) -> ReversalView | Refusal:
        done = await reverse(tx, principal, payment_id, reason=body.reason, effective_on=body.effective_on)
        return done if isinstance(done, Refusal) else await _reversal(tx, payment_id)

    return await edge.run(
        run, principal=principal, idempotency=key, location=lambda made: f"/v1/payments/{made.payment_id}"
    )


@router.post(
    "/payments/{payment_id}/reallocations",
    status_code=status.HTTP_201_CREATED,
    responses={
        201: headers("Location"),
        **problems(
            "payment-unknown",
            "payment-already-reversed",
            "payment-not-posted",
            "account-unknown",
            "allocation-mismatch",
            "currency-mismatch",
            "effective-date-in-future",
        ),
    },
)
async def reallocate_payment(
    payment_id: UUID, body: ReallocationRequest, principal: Reallocator, key: RequiredKey, edge: EdgeOf
) -> ReallocationAnswer:
    """Reverse a payment as misapplied and post its money where it belongs, in one step."""
    command = Reallocate(payment_id, body.account_id, body.effective_on, _lines(body.allocation))

    async def run(tx: Tx) -> ReallocationAnswer | Refusal:
        made = await reallocate(tx, principal, command)
        if isinstance(made, Refusal):
            return made
        return ReallocationAnswer(
            reversal=await _reversal(tx, payment_id), payment=PaymentAnswer.of(made.row, made.allocation)
        )

    return await edge.run(
        run, principal=principal, idempotency=key, location=lambda made: f"/v1/payments/{made.payment.payment_id}"
    )


@router.get("/held-reversals")
async def list_held_reversals(
    principal: Reader, edge: EdgeOf, cursor: CursorText = None, limit: Limit = 50
) -> Page[HeldReversalView]:
    """List the reversals of core banking that wait for the payment that they reverse."""
    after = decode_cursor(cursor, UUID, str) if cursor else None
    rows = await edge.read(
        lambda tx: queries.list_held_reversals(
            tx, seen(principal), None if after is None else (after[0], after[1]), limit + 1
        )
    )
    return page_of(rows, limit, lambda row: encode_cursor(row.creditor_id, row.source_ref))


def _command(body: PaymentRequest, principal: Principal) -> PostPayment:
    return PostPayment(
        payment_id=new_id(),
        account_id=body.resolved_account_id,
        creditor_id=body.creditor_id,
        core_account_number=body.core_account_number,
        amount_minor=body.amount_minor,
        currency=body.currency,
        effective_on=body.effective_on,
        posted_on=body.posted_on,
        channel=body.channel,
        source=body.source,
        source_ref=body.source_ref,
        ach_trace=body.ach_trace,
        allocation=_lines(body.allocation),
        creditors=principal.creditors,
        taken_by=principal.sub,
        caused_by=current_context().correlation_id,
        may_be_back_dated=principal.has(BOOK),
    )


def _lines(allocation: Allocation | None) -> tuple[Line, ...] | None:
    return None if allocation is None else tuple(Line(line.component, line.amount_minor) for line in allocation)


async def _reversal(tx: Tx, payment_id: UUID) -> ReversalView:
    found = await queries.get_reversal(tx, payment_id)
    if found is None:
        raise LookupError(f"payment {payment_id} was reversed and has no reversal")
    return found
