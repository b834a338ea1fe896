"""Consents, refusals, preferences and flags of contact points over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.compliance.api.records import ABOUT_A_PARTY, ETAGGED, MADE, Records
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
from shared.http.auth import Principal, requires
from shared.http.etag import IfMatch, OptionalIfMatch, set_etag
from shared.http.idempotency import OptionalKey
from shared.http.openapi import problems
from shared.http.pagination import CursorText, Limit, Page
from shared.http.routes import EdgeOf, run_and_show, visible

router = APIRouter(prefix="/v1", tags=["consents"])
CONSENTS = Records(reads.CONSENTS)
PREFERENCES = Records(reads.PREFERENCES)

Reader = Annotated[Principal, Depends(requires("compliance:read"))]
Writer = Annotated[Principal, Depends(requires("consents:write"))]


@router.post(
    "/consents", status_code=201, responses={201: MADE, **problems("consent-details-mismatch", *ABOUT_A_PARTY)}
)
async def grant_consent(
    request: ConsentRequest, principal: Writer, key: OptionalKey, edge: EdgeOf, response: Response
) -> ConsentView:
    """Record a consent, or another basis for using an address or number, with its evidence."""
    return await CONSENTS.make(edge, response, principal, key, lambda tx: choose.grant_consent(tx, principal, request))


@router.post("/consents/revocations", status_code=201, responses={201: MADE, **problems(*ABOUT_A_PARTY)})
async def refuse_contact(
    request: RevocationRequest, principal: Writer, key: OptionalKey, edge: EdgeOf, response: Response
) -> ConsentView:
    """Record that the person wants no more of a medium, or takes a consent back. It holds from this answer on."""
    return await CONSENTS.make(edge, response, principal, key, lambda tx: choose.refuse(tx, principal, request))


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
    return await CONSENTS.page(edge, principal, limit, cursor, party_id=party_id)


@router.get("/consents/{consent_id}", responses={200: ETAGGED, **problems("consent-unknown")})
async def get_consent(consent_id: UUID, principal: Reader, edge: EdgeOf, response: Response) -> ConsentView:
    """Read a consent or refusal."""
    return await CONSENTS.show(edge, response, principal, consent_id)


@router.post("/consents/{consent_id}/revoke", responses={200: ETAGGED, **problems("consent-unknown")})
async def revoke_consent(
    *, consent_id: UUID, principal: Writer, if_match: IfMatch, key: OptionalKey, edge: EdgeOf, response: Response
) -> ConsentView:
    """Revoke one consent from now on; a second time changes nothing."""
    return await CONSENTS.change(
        edge, response, principal, key, lambda tx: choose.revoke_consent(tx, principal, consent_id, if_match.check)
    )


@router.post("/preferences", status_code=201, responses={201: MADE, **problems("preference-mismatch", *ABOUT_A_PARTY)})
async def state_preference(
    request: PreferenceRequest, principal: Writer, key: OptionalKey, edge: EdgeOf, response: Response
) -> PreferenceView:
    """Record a time or place that the person calls inconvenient, or where they say they are."""
    return await PREFERENCES.make(
        edge, response, principal, key, lambda tx: choose.state_preference(tx, principal, request)
    )


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
    return await PREFERENCES.page(edge, principal, limit, cursor, party_id=party_id)


@router.get("/preferences/{preference_id}", responses={200: ETAGGED, **problems("preference-unknown")})
async def get_preference(preference_id: UUID, principal: Reader, edge: EdgeOf, response: Response) -> PreferenceView:
    """Read a preference."""
    return await PREFERENCES.show(edge, response, principal, preference_id)


@router.post("/preferences/{preference_id}/withdraw", responses={200: ETAGGED, **problems("preference-unknown")})
async def withdraw_preference(
    *, preference_id: UUID, principal: Writer, if_match: IfMatch, key: OptionalKey, edge: EdgeOf, response: Response
) -> PreferenceView:
    """End a preference now; a second time changes nothing."""
    return await PREFERENCES.change(
        edge,
        response,
        principal,
        key,
        lambda tx: choose.withdraw_preference(tx, principal, preference_id, if_match.check),
    )


@router.put(
    "/contact-points/{contact_point_id}/flags",
    responses={200: ETAGGED, **problems("contact-point-mismatch", *ABOUT_A_PARTY)},
)
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


@router.get("/contact-points/{contact_point_id}/flags", responses={200: ETAGGED, **problems("flags-unknown")})
async def get_contact_point_flags(
    contact_point_id: UUID, principal: Reader, edge: EdgeOf, response: Response
) -> PointFlagsView:
    """Read what is known of an address or number besides, with the ETag that changes it."""
    found = visible(await edge.read(lambda tx: reads.get_flags(tx, contact_point_id)), principal, "flags")
    set_etag(response, found.version)
    return found
