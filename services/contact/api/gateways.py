"""What comes in without a token, and proves itself in another way: a text gateway's signed requests, opt-out links.

Nothing that is not signed is read; what is signed and unknown is answered as if it were known, so that nobody can ask
who is here.
"""

from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from services.contact.api.doors import DeskOf
from services.contact.domain.receipts import gateway_receipt
from services.contact.domain.signatures import is_gateway_signed, message_of_link
from services.contact.handlers.opt_out_link import opt_out_by_link
from services.contact.handlers.settle_messages import take_receipts
from services.contact.handlers.take_texts import IncomingText, take_text
from services.contact.settings import ContactSettings
from shared.db.transaction import Tx
from shared.errors import Problem
from shared.http.auth import Principal, proves_sender
from shared.http.openapi import problems
from shared.http.routes import EdgeOf

router = APIRouter(prefix="/v1", tags=["gateways"])

_GATEWAY = Principal("text-gateway")
_READER = Principal("opt-out-link")
_EMPTY_REPLY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
_FORM = {
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
    }
}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body><p>{english}</p><p lang="es">{spanish}</p>{form}</body></html>"""
_BUTTON = '<form method="post"><button type="submit">Stop e-mails / Dejar de recibir correos</button></form>'


async def _signed_form(request: Request) -> dict[str, str]:
    """The form fields of a request that the text gateway has signed. Raises `signature-invalid`."""
    settings: ContactSettings = request.app.state.settings
    fields = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
    signature = request.headers.get("x-twilio-signature", "")
    token, public_url = settings.text_auth_token, settings.public_url
    if token is not None and public_url is not None:
        url = public_url.rstrip("/") + request.url.path
        if is_gateway_signed(token.get_secret_value(), url, fields, signature):
            return fields
    raise Problem("signature-invalid", "The request does not carry the gateway's signature.")


async def _linked_message(request: Request, token: str) -> UUID:
    """The message whose opt-out link was followed. Raises `not-found`, also for what cannot be a link."""
    settings: ContactSettings = request.app.state.settings
    secret = settings.link_secret
    message_id = None if secret is None else message_of_link(secret.get_secret_value(), token)
    if message_id is None:
        raise Problem("not-found", "There is no such link.")
    return message_id


SignedForm = Annotated[dict[str, str], Depends(proves_sender(_signed_form))]
LinkedMessage = Annotated[UUID, Depends(proves_sender(_linked_message))]


@router.post(
    "/gateways/text/status",
    status_code=204,
    responses=problems("signature-invalid"),
    openapi_extra=_FORM,
    response_class=Response,
)
async def take_text_status(form: SignedForm, edge: EdgeOf) -> Response:
    """Take what became of a text that was handed over (`MessageSid`, `MessageStatus`, `ErrorCode`)."""
    receipt = gateway_receipt(
        form.get("MessageSid", "")[:64],
        form.get("MessageStatus", ""),
        form.get("ErrorCode", "")[:16] or None,
        edge.clock.now(),
    )
    if receipt is not None:
        await edge.run(lambda tx: take_receipts(tx, [receipt]), principal=_GATEWAY)
    return Response(status_code=204)


@router.post(
    "/gateways/text/inbound",
    responses={**problems("signature-invalid"), 200: {"content": {"application/xml": {}}}},
    openapi_extra=_FORM,
    response_class=Response,
)
async def take_inbound_text(form: SignedForm, desk: DeskOf) -> Response:
    """Take a text that came in (`MessageSid`, `From`, `Body`, `OptOutType`). STOP takes effect before this answers."""
    text = IncomingText(
        ref=form.get("MessageSid", "")[:64],
        sender=form.get("From", "")[:32],
        body=form.get("Body", "")[:1600],
        is_refused=form.get("OptOutType", "").upper() == "STOP",
        is_answered=bool(form.get("OptOutType")),
        at=desk.edge.clock.now(),
    )
    if text.ref and text.sender:

        async def step(tx: Tx) -> bool:
            return await take_text(tx, desk.settings, text)

        await desk.edge.run(step, principal=_GATEWAY)
    return Response(_EMPTY_REPLY, media_type="application/xml")


@router.get(
    "/opt-outs/{token}",  # noqa: FAST003 - its dependency reads it
    responses={**problems("not-found"), 200: {"content": {"text/html": {}}}},
    response_class=HTMLResponse,
)
async def show_opt_out(message_id: LinkedMessage) -> HTMLResponse:
    """Ask whether to stop. Following the link alone changes nothing: mail filters follow links too."""
    del message_id
    english, spanish = "Stop e-mails to this address?", "¿Dejar de recibir correos en esta dirección?"
    return HTMLResponse(_PAGE.format(title="Opt out", english=english, spanish=spanish, form=_BUTTON))


@router.post(
    "/opt-outs/{token}",  # noqa: FAST003 - its dependency reads it
    responses={**problems("not-found"), 200: {"content": {"text/html": {}}}},
    response_class=HTMLResponse,
)
async def take_opt_out(message_id: LinkedMessage, edge: EdgeOf) -> HTMLResponse:
    """Stop e-mails to the address of the message: the button of the page, or one click of a mail program (RFC 8058)."""
    await edge.run(lambda tx: opt_out_by_link(tx, message_id), principal=_READER)
    english, spanish = "No more e-mails go to this address.", "No se enviarán más correos a esta dirección."
    return HTMLResponse(_PAGE.format(title="Opt out", english=english, spanish=spanish, form=""))
