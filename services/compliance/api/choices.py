"""Consents, refusals, preferences and flags of contact points over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.compliance.handlers import choose
from services.compliance.queries import records as reads
from services.compliance.schemas.choices import (
    ConsentRequest,
    ConsentView,
    PointFlagsRequest,
    PointFlagsView,
    PreferenceRequest,
    PreferenceView,
    RevocationRequest,
)
from shared.db.transaction import Tx
from shared.http.auth import Principal, requires
from shared.http.etag import IfMatch, OptionalIfMatch, set_etag
from shared.http.idempotency import OptionalKey
from shared.http.openapi import problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, run_and_show, seen, visible

router = APIRouter(prefix="/v1", tags=["consents"])

Reader = Annotated[Principal, Depends(requires("compliance:read"))]
Writer = Annotated[Principal, Depends(requires("consents:write"))]
_ABOUT_A_PARTY = ("party-not-here", "account-not-here", "party-unknown", "accounts-of-several-creditors")


async def _consent(tx: Tx, consent_id: UUID) -> ConsentView | None:
    return await reads.get(tx, "consent", consent_id, reads.shown_consent)


async def _preference(tx: Tx, preference_id: UUID) -> PreferenceView | None:
    return await reads.get(tx, "preference", preference_id, reads.shown_preference)


@router.post("/consents", status_code=201, responses=problems("consent-details-mismatch", *_ABOUT_A_PARTY))
async def grant_consent(
    request: ConsentRequest, principal: Writer, key: OptionalKey, edge: EdgeOf, response: Response
) -> ConsentView:
    """Record a consent, or another basis for using an address or number, with its evidence."""
    made = await run_and_show(
        edge,
        lambda tx: choose.grant_consent(tx, principal, request),
        _consent,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/consents/{view.consent_id}",
    )
    response.headers["Location"] = f"/v1/consents/{made.consent_id}"
    set_etag(response, made.version)
    return made


@router.post("/consents/revocations", status_code=201, responses=problems(*_ABOUT_A_PARTY))
async def refuse_contact(
    request: RevocationRequest, principal: Writer, key: OptionalKey, edge: EdgeOf, response: Response
) -> ConsentView:
    """Record that the person wants no more of a medium, or takes a consent back. It holds from this answer on."""
    made = await run_and_show(
        edge,
        lambda tx: choose.refuse(tx, principal, request),
        _consent,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/consents/{view.consent_id}",
    )
    response.headers["Location"] = f"/v1/consents/{made.consent_id}"
    set_etag(response, made.version)
    return made


@router.get("/consents")
async def list_consents(
    *,
    principal: Reader,
    edge: EdgeOf,
    party_id: UUID | None = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[ConsentView]:
    """List consents and refusals, newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_of(
            tx,
            "consent",
            reads.shown_consent,
            limit=limit + 1,
            before=before,
            party_id=party_id,
            creditors=seen(principal),
        )
    )
    return page_of(rows, limit, lambda view: encode_cursor(str(view.consent_id)))


@router.get("/consents/{consent_id}", responses=problems("consent-unknown"))
async def get_consent(consent_id: UUID, principal: Reader, edge: EdgeOf, response: Response) -> ConsentView:
    """Read a consent or refusal."""
    found = await edge.read(lambda tx: _consent(tx, consent_id))
    shown = visible(found, principal, "consent")
    set_etag(response, shown.version)
    return shown


@router.post("/consents/{consent_id}/revoke", responses=problems("consent-unknown"))
async def revoke_consent(
    *, consent_id: UUID, principal: Writer, if_match: IfMatch, key: OptionalKey, edge: EdgeOf, response: Response
) -> ConsentView:
    """Revoke one consent from now on; a second time changes nothing."""
    shown = await run_and_show(
        edge,
        lambda tx: choose.revoke_consent(tx, principal, consent_id, if_match.check),
        _consent,
        principal=principal,
        idempotency=key,
    )
    set_etag(response, shown.version)
    return shown


@router.post("/preferences", status_code=201, responses=problems("preference-mismatch", *_ABOUT_A_PARTY))
async def state_preference(
    request: PreferenceRequest, principal: Writer, key: OptionalKey, edge: EdgeOf, response: Response
) -> PreferenceView:
    """Record a time or place that the person calls inconvenient, or where they say they are."""
    made = await run_and_show(
        edge,
        lambda tx: choose.state_preference(tx, principal, request),
        _preference,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/preferences/{view.preference_id}",
    )
    response.headers["Location"] = f"/v1/preferences/{made.preference_id}"
    set_etag(response, made.version)
    return made


@router.get("/preferences")
async def list_preferences(
    *,
    principal: Reader,
    edge: EdgeOf,
    party_id: UUID | None = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[PreferenceView]:
    """List preferences, newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_of(
            tx,
            "preference",
            reads.shown_preference,
            limit=limit + 1,
            before=before,
            party_id=party_id,
            creditors=seen(principal),
        )
    )
    return page_of(rows, limit, lambda view: encode_cursor(str(view.preference_id)))


@router.get("/preferences/{preference_id}", responses=problems("preference-unknown"))
async def get_preference(preference_id: UUID, principal: Reader, edge: EdgeOf, response: Response) -> PreferenceView:
    """Read a preference."""
    found = await edge.read(lambda tx: _preference(tx, preference_id))
    shown = visible(found, principal, "preference")
    set_etag(response, shown.version)
    return shown


@router.post("/preferences/{preference_id}/withdraw", responses=problems("preference-unknown"))
async def withdraw_preference(
    *, preference_id: UUID, principal: Writer, if_match: IfMatch, key: OptionalKey, edge: EdgeOf, response: Response
) -> PreferenceView:
    """End a preference now; a second time changes nothing."""
    shown = await run_and_show(
        edge,
        lambda tx: choose.withdraw_preference(tx, principal, preference_id, if_match.check),
        _preference,
        principal=principal,
        idempotency=key,
    )
    set_etag(response, shown.version)
    return shown


@router.put("/contact-points/{contact_point_id}/flags", responses=problems("contact-point-mismatch", *_ABOUT_A_PARTY))
async def flag_contact_point(
    *,
    contact_point_id: UUID,
    request: PointFlagsRequest,
    principal: Writer,
    if_match: OptionalIfMatch,
    edge: EdgeOf,
    response: Response,
) -> PointFlagsView:
    """Say what is known of an address or number besides: an employer's, a public domain, or one that has leaked."""
    check = if_match.check if if_match else None
    shown = await run_and_show(
        edge,
        lambda tx: choose.flag_point(tx, principal, contact_point_id, request, check),
        reads.get_flags,
        principal=principal,
        idempotency=None,
    )
    set_etag(response, shown.version)
    return shown
