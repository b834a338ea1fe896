"""E-mails, texts and letters over HTTP, their templates, and receipts from mail systems and print vendors."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response

from services.contact.api.attempts import PLACING_PROBLEMS
from services.contact.api.doors import Desk, DeskOf, once
from services.contact.domain.message import MessageStatus
from services.contact.domain.placing import Placing
from services.contact.domain.receipts import Receipt
from services.contact.gateways.channels import printed
from services.contact.handlers.attempting import use
from services.contact.handlers.put_template import put_template
from services.contact.handlers.queue_message import QueueMessage, queue_message
from services.contact.handlers.settle_messages import take_receipts
from services.contact.queries import messages as reads
from services.contact.schemas.messages import (
    LetterRequest,
    MessageRequest,
    MessageView,
    ReceiptsRequest,
    ReceiptsTaken,
    TemplateRequest,
    TemplateView,
)
from services.contact.store.messages import load_messages
from shared.db.transaction import Tx
from shared.errors import Problem
from shared.events.contact import MessageChannel
from shared.http.auth import Principal, requires
from shared.http.idempotency import IdempotencyKey, RequiredKey
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, run_and_show, seen, visible

router = APIRouter(prefix="/v1", tags=["messages"])

Reader = Annotated[Principal, Depends(requires("contact:read"))]
Placer = Annotated[Principal, Depends(requires("contact:place"))]
Editor = Annotated[Principal, Depends(requires("templates:write"))]
Reporter = Annotated[Principal, Depends(requires("contact_receipts:write"))]
Code = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,47}$", examples=["payment_due"])]
_SENDING = (*PLACING_PROBLEMS, "channel-not-configured", "template-unknown", "template-invalid")


@router.post("/messages", status_code=202, responses={202: headers("Location"), **problems(*_SENDING)})
async def send_message(request: MessageRequest, principal: Placer, key: RequiredKey, desk: DeskOf) -> MessageView:
    """Send an e-mail, a text or a letter: 403 `contact-blocked` if no rule permits it now, else it is on its way."""
    return await _send(desk, principal, key, request)


@router.post("/letters", status_code=202, responses={202: headers("Location"), **problems(*_SENDING)})
async def send_letter(request: LetterRequest, principal: Placer, key: RequiredKey, desk: DeskOf) -> MessageView:
    """Send a letter."""
    return await _send(desk, principal, key, MessageRequest(channel="letter", **request.model_dump()))


async def _send(desk: Desk, principal: Principal, key: IdempotencyKey, request: MessageRequest) -> MessageView:
    if request.channel not in desk.channels:
        raise Problem("channel-not-configured", f"This deployment sends no {request.channel}.", field="channel")
    placing = Placing(request.party_id, request.account_ids, request.channel, request.contact_point_id, request.purpose)
    command = QueueMessage(placing, request.template, request.language, principal.sub)

    async def work(wish: str) -> MessageView:
        permitted = await desk.permits.get(principal, placing, wish)

        async def queue() -> MessageView:
            return await run_and_show(
                desk.edge,
                lambda tx: queue_message(tx, desk.settings, command, permitted),
                reads.get_message,
                principal=principal,
                idempotency=key,
                location=_location,
            )

        return await use(desk.permits, permitted, principal, placing, queue)

    return await once(desk, principal, key, work)


def _location(view: MessageView) -> str:
    return f"/v1/messages/{view.message_id}"


@router.get("/messages")
async def list_messages(
    *,
    principal: Reader,
    edge: EdgeOf,
    party_id: UUID | None = None,
    creditor_id: UUID | None = None,
    status: MessageStatus | None = None,
    channel: MessageChannel | None = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[MessageView]:
    """List messages, newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        partial(
            reads.list_messages,
            creditors=seen(principal, creditor_id),
            party_id=party_id,
            status=status,
            channel=channel,
            before=before,
            limit=limit + 1,
        )
    )
    return page_of(rows, limit, lambda view: encode_cursor(str(view.message_id)))


@router.get("/messages/{message_id}", responses=problems("contact-message-unknown"))
async def get_message(message_id: UUID, principal: Reader, edge: EdgeOf) -> MessageView:
    """Show a message."""
    return visible(await edge.read(lambda tx: reads.get_message(tx, message_id)), principal, "contact-message")


@router.get(
    "/letters/{message_id}/pdf",
    responses={**problems("contact-message-unknown"), 200: {"content": {"application/pdf": {}}}},
    response_class=Response,
)
async def get_letter_pdf(message_id: UUID, principal: Reader, desk: DeskOf) -> Response:
    """Show a letter as it was printed."""
    row = (await desk.edge.read(lambda tx: load_messages(tx, [message_id]))).get(message_id)
    if row is None or row["channel"] != "letter" or not principal.may_see(row["creditor_id"]):
        raise Problem("contact-message-unknown", "There is no such letter.")
    return Response(await printed(desk.settings, row), media_type="application/pdf")


@router.post("/message-receipts")
async def take_message_receipts(request: ReceiptsRequest, principal: Reporter, edge: EdgeOf) -> ReceiptsTaken:
    """Take what a mail system (bounces) or a print vendor (returned letters) says became of messages."""

    async def step(tx: Tx) -> ReceiptsTaken:
        now = tx.clock.now()
        receipts = [
            Receipt(
                one.channel,
                str(one.message_id),
                one.status,
                one.reason,
                min(one.at or now, now),
                is_permanent=one.is_permanent,
            )
            for one in request.receipts
        ]
        return ReceiptsTaken(taken=await take_receipts(tx, receipts, principal.creditors))

    return await edge.run(step, principal=principal)


@router.get("/templates")
async def list_templates(principal: Reader, edge: EdgeOf) -> Page[TemplateView]:
    """List the templates: the deployment's own come before those of the same name that come with the service."""
    return Page(items=await edge.read(lambda tx: reads.list_templates(tx, seen(principal))))


@router.put("/templates/{code}", responses=problems("template-invalid", "creditor-unknown"))
async def write_template(code: Code, request: TemplateRequest, principal: Editor, edge: EdgeOf) -> TemplateView:
    """Make or change a template. Its text is tried out before it is kept."""
    return await edge.run(lambda tx: put_template(tx, principal, code, request), principal=principal)
