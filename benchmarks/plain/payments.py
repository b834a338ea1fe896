"""Posting payments the plain way, behind HTTP and behind Kafka. `python -m benchmarks.plain.payments PORT` serves it.

The environment names the database and the issuer, as for the real service.
"""

import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import httpx
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, func, insert, select
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.plain.outbox import CLOCK, publish
from services.payments.domain.allocation import Line, Owed, allocate, order_for
from services.payments.schemas.payments import PaymentAnswer, PaymentRequest, lines
from services.payments.settings import PaymentsSettings
from services.payments.tables.obligations import (
    Arrangement,
    ArrangementInstallment,
    Promise,
)
from services.payments.tables.payments import AccountView, Allocation, CreditorView, Payment, SourceReference
from services.payments.tables.registry import MESSAGING
from shared.db.engine import engine_for
from shared.events.core import CorePaymentReceived
from shared.events.payments import ArrangementState, PaymentPosted, PromiseState
from shared.http.idempotency import fingerprint
from shared.http.roles import scopes_of
from shared.ids import account_id, new_id
from shared.messaging.message import RawMessage

_POOL = 32
"""One connection for each of the client's: the plain way holds one from the first statement to the answer."""


@dataclass(frozen=True)
class Received:
    """A payment as either door hands it on."""

    account_id: UUID
    creditor_id: UUID | None
    core_account_number: str | None
    amount_minor: int
    currency: str
    effective_on: date
    posted_on: date | None
    channel: str
    source: str
    source_ref: str
    taken_by: str | None
    hash: bytes


async def post(session: AsyncSession, sent: Received) -> tuple[Payment, tuple[Line, ...]]:
    """Post one payment in the session's transaction; the caller commits."""
    account = await session.get(AccountView, sent.account_id, with_for_update=True)
    if account is None:
        raise HTTPException(404, "account-unknown")
    if await session.get(SourceReference, (account.creditor_id, sent.source, sent.source_ref)):
        raise HTTPException(409, "source-ref-conflict")
    creditor = await session.get(CreditorView, account.creditor_id)
    if creditor is None or creditor.business_date is None or sent.currency != account.currency:
        raise HTTPException(422, "currency-mismatch")
    now = CLOCK.now()
    payment = Payment(
        payment_id=new_id(),
        creditor_id=account.creditor_id,
        account_id=sent.account_id,
        core_account_number=sent.core_account_number,
        amount_minor=sent.amount_minor,
        currency=sent.currency,
        effective_on=sent.effective_on,
        posted_on=sent.posted_on or creditor.business_date,
        channel=sent.channel,
        source=sent.source,
        source_ref=sent.source_ref,
        origin="core" if sent.source == "core" else "ours",
        status="posted",
        allocation_basis="waterfall",
        taken_at=now,
        taken_by=sent.taken_by,
    )
    allocation = await _allocated(session, account, payment)
    session.add(payment)
    for n, line in enumerate(allocation, start=1):
        session.add(Allocation(payment_id=payment.payment_id, line=n, **line._asdict()))
    session.add(
        SourceReference(
            creditor_id=account.creditor_id,
            source=sent.source,
            source_ref=sent.source_ref,
            kind="payment",
            content_hash=sent.hash,
            payment_id=payment.payment_id,
        )
    )
    await session.flush()
    event = {name: getattr(payment, name) for name in PaymentPosted.model_fields if name != "allocation"}
    posted = PaymentPosted(**event, allocation=lines(allocation))
    await publish(session, MESSAGING.outbox, "payment.posted", posted)
    await _reassess(session, account, creditor.business_date)
    return payment, allocation


async def _allocated(session: AsyncSession, account: AccountView, payment: Payment) -> tuple[Line, ...]:
    paid = await session.exec(
        select(Allocation.component, func.sum(Allocation.amount_minor))
        .join(Payment, col(Payment.payment_id) == col(Allocation.payment_id))
        .where(Payment.account_id == account.account_id, Payment.status == "posted")
        .where(col(Payment.posted_on) > account.snapshot_on)
        .group_by(col(Allocation.component))
    )
    owed = Owed(account.principal_minor, account.interest_minor, account.fees_minor)
    order = order_for(account.product_class, account.status, payment.effective_on)
    left = owed.after({component: int(amount) for component, amount in paid})
    return allocate(payment.amount_minor, order, left)


async def _reassess(session: AsyncSession, account: AccountView, today: date) -> None:
    """See what the account's money does to its open promises and arrangements; save and publish what changed."""
    here = account.account_id
    promises = await session.exec(
        select(Promise).where(Promise.account_id == here, Promise.status == "made").order_by(col(Promise.due_on))
    )
    arrangements = await session.exec(
        select(Arrangement).where(Arrangement.account_id == here, col(Arrangement.status).in_(("active", "at_risk")))
    )
    open_promises, open_arrangements = promises.all(), arrangements.all()
    if not open_promises and not open_arrangements:
        return
    found = await session.exec(select(Payment).where(Payment.account_id == here, Payment.status == "posted"))
    payments = found.all()
    shared = 0
    for promise in open_promises:
        counted = _counted(payments, promise.made_on, promise.made_at) - shared
        await _pay_promise(session, promise, counted, today)
        shared += promise.paid_minor
    for arrangement in open_arrangements:
        counted = _counted(payments, arrangement.made_on, arrangement.made_at)
        await _pay_arrangement(session, arrangement, counted, today)


def _counted(payments: Sequence[Payment], made_on: date, made_at: datetime) -> int:
    return sum(
        each.amount_minor
        for each in payments
        if each.effective_on > made_on or (each.effective_on == made_on and each.taken_at > made_at)
    )


async def _pay_promise(session: AsyncSession, promise: Promise, counted: int, today: date) -> None:
    paid = min(max(counted, 0), promise.amount_minor)
    if paid == promise.paid_minor:
        return
    promise.paid_minor, promise.version = paid, promise.version + 1
    if paid >= promise.amount_minor - promise.tolerance_minor:
        promise.status, promise.resolved_on, promise.next_review_on = "kept", today, None
    session.add(promise)
    state = PromiseState(**promise.model_dump(include=set(PromiseState.model_fields)))
    await publish(session, MESSAGING.outbox, f"promise.{promise.status}", state, version=promise.version)


async def _pay_arrangement(session: AsyncSession, arrangement: Arrangement, counted: int, today: date) -> None:
    paid = min(counted, arrangement.total_minor)
    if paid == arrangement.paid_minor:
        return
    found = await session.exec(
        select(ArrangementInstallment)
        .where(ArrangementInstallment.arrangement_id == arrangement.arrangement_id)
        .order_by(col(ArrangementInstallment.position))
    )
    left, steps, next_due_on = paid, [], None
    for step in found:
        part = min(left, step.amount_minor)
        left -= part
        if part < step.amount_minor and next_due_on is None:
            next_due_on = step.due_on
        status = "paid" if part == step.amount_minor else "partial" if part else "scheduled"
        steps.append({"due_on": step.due_on, "amount_minor": step.amount_minor, "paid_minor": part, "status": status})
    arrangement.paid_minor, arrangement.next_due_on = paid, next_due_on
    arrangement.version += 1
    if paid >= arrangement.total_minor - arrangement.tolerance_minor:
        arrangement.status, arrangement.resolved_on, arrangement.next_review_on = "completed", today, None
    session.add(arrangement)
    facts = arrangement.model_dump(include=set(ArrangementState.model_fields))
    state = ArrangementState.model_validate(facts | {"installments": steps})
    topic = "arrangement.completed" if arrangement.status == "completed" else "arrangement.activated"
    await publish(session, MESSAGING.outbox, topic, state, version=arrangement.version)


async def receive(engine: AsyncEngine, raw: RawMessage) -> None:
    """Take one `core.payment.received`, in a transaction of its own."""
    sent = CorePaymentReceived.model_validate_json(raw.value or b"")
    async with AsyncSession(engine) as session:
        await post(
            session,
            Received(
                account_id=account_id(sent.creditor_id, sent.core_account_number),
                creditor_id=sent.creditor_id,
                core_account_number=sent.core_account_number,
                amount_minor=sent.amount_minor,
                currency=sent.currency,
                effective_on=sent.effective_on,
                posted_on=sent.posted_on,
                channel=sent.channel,
                source="core",
                source_ref=sent.source_ref,
                taken_by=None,
                hash=raw.value or b"",
            ),
        )
        await session.commit()


def create_app(settings: PaymentsSettings) -> FastAPI:
    """The same endpoint in the plain way: the token is verified, the key is looked up, the payment is posted."""
    app = FastAPI()
    engine = engine_for(
        settings.database_url.get_secret_value(), application_name="plain payments", pool_size=_POOL, pool_timeout_s=60
    )
    keys = KeySet.import_key_set(httpx.get(settings.jwks_url).json())
    issuer, audience = settings.jwt_issuer, settings.jwt_audience
    claims = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer}, aud={"essential": True, "value": audience}, exp={"essential": True}
    )

    async def session_of() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine) as session:
            yield session

    def subject(authorization: Annotated[str, Header()]) -> str:
        token = jwt.decode(authorization.removeprefix("Bearer "), keys, algorithms=["ES256"])
        claims.validate(token.claims)
        if "payments:write" not in scopes_of(token.claims["roles"]):
            raise HTTPException(403)
        return str(token.claims["sub"])

    @app.post("/v1/payments", status_code=201)
    async def post_payment(
        body: PaymentRequest,
        request: Request,
        session: Annotated[AsyncSession, Depends(session_of)],
        sub: Annotated[str, Depends(subject)],
        idempotency_key: Annotated[str, Header()],
    ) -> Response:
        table, route = MESSAGING.idempotency, "POST /v1/payments"
        asked = fingerprint("POST", "/v1/payments", b"", await request.body())
        known = await session.exec(
            select(table.c.fingerprint, table.c.body).where(
                table.c.subject == sub, table.c.route == route, table.c.key == idempotency_key
            )
        )
        first = known.first()
        if first is not None:
            if first[0] != asked:
                raise HTTPException(422, "idempotency-key-reused")
            return Response(first[1], 201, media_type="application/json")
        payment, allocation = await post(session, _received(body, sub))
        answer = PaymentAnswer.of(payment.model_dump(), allocation).model_dump_json()
        await session.exec(
            insert(table).values(
                subject=sub,
                route=route,
                key=idempotency_key,
                fingerprint=asked,
                status=201,
                headers={"location": f"/v1/payments/{payment.payment_id}"},
                body=answer,
            )
        )
        await session.commit()
        return Response(answer, 201, media_type="application/json")

    return app


def _received(body: PaymentRequest, sub: str) -> Received:
    return Received(
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
        taken_by=sub,
        hash=body.model_dump_json().encode(),
    )


if __name__ == "__main__":
    uvicorn.run(create_app(PaymentsSettings()), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
