"""Location inquiries over HTTP: leave to ask, what came of it, and the log."""

from uuid import UUID

from fastapi import APIRouter

from services.skiptrace.api.doors import PolicyOf, Reader, SettingsOf, Writer
from services.skiptrace.handlers.ask_third_party import InquiryBlockedError, ask_third_party
from services.skiptrace.handlers.report_inquiry import report_inquiry
from services.skiptrace.queries import inquiries as reads
from services.skiptrace.schemas.inquiries import InquiryReport, InquiryRequest, InquiryView
from services.skiptrace.store.inquiries import insert_inquiry
from shared.errors import Problem
from shared.http.idempotency import OptionalKey, RequiredKey
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, run_and_show, seen

router = APIRouter(prefix="/v1/location-inquiries", tags=["location inquiries"])


@router.post(
    "",
    status_code=201,
    responses={
        201: headers("Location"),
        **problems("account-not-here", "account-unknown", "party-not-on-account", "location-inquiry-blocked"),
    },
)
async def ask_a_third_party(
    *, request: InquiryRequest, principal: Writer, key: RequiredKey, edge: EdgeOf, settings: SettingsOf
) -> InquiryView:
    """Ask for leave to ask a third party where a consumer is. Allowed: the script. Blocked: 403 with the `rules`.

    A person may be asked once, unless the person asked for more, or an earlier answer was wrong or incomplete and the
    person knows better now (12 CFR 1006.10(c)). What is blocked is kept in the log too.
    """
    try:
        return await run_and_show(
            edge,
            lambda tx: ask_third_party(tx, principal, request, employer=settings.employer_name),
            reads.get_inquiry,
            principal=principal,
            idempotency=key,
            location=lambda view: f"/v1/location-inquiries/{view.inquiry_id}",
        )
    except InquiryBlockedError as blocked:
        row = blocked.row
        await edge.run(lambda tx: insert_inquiry(tx, row), principal=principal)
        raise


@router.get("")
async def list_location_inquiries(
    *,
    principal: Reader,
    edge: EdgeOf,
    party_id: UUID | None = None,
    creditor_id: UUID | None = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[InquiryView]:
    """List inquiries, newest first, the blocked ones among them."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    creditors = seen(principal, creditor_id)
    rows = await edge.read(lambda tx: reads.list_inquiries(tx, party_id, creditors, before, limit + 1))
    return page_of(rows, limit, lambda view: encode_cursor(view.inquiry_id))


@router.get("/{inquiry_id}", responses=problems("location-inquiry-unknown"))
async def get_location_inquiry(*, inquiry_id: UUID, principal: Reader, edge: EdgeOf) -> InquiryView:
    """Show an inquiry with its rules, its script and what came of it."""
    shown = await edge.read(lambda tx: reads.get_seen_inquiry(tx, inquiry_id, principal.may_see))
    if shown is None:
        raise Problem("location-inquiry-unknown", "There is no such location inquiry.")
    return shown


@router.post(
    "/{inquiry_id}/report",
    responses=problems("location-inquiry-unknown", "location-inquiry-reported", "location-inquiry-blocked"),
)
async def report_location_inquiry(
    *, inquiry_id: UUID, request: InquiryReport, principal: Writer, key: OptionalKey, edge: EdgeOf, policy: PolicyOf
) -> InquiryView:
    """Say what came of an inquiry. What the person said becomes candidates; a breach of the script is marked."""
    return await run_and_show(
        edge,
        lambda tx: report_inquiry(tx, principal, policy, inquiry_id, request),
        reads.get_inquiry,
        principal=principal,
        idempotency=key,
    )
