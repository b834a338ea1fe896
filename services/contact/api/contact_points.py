"""Contact points over HTTP: how a party can be reached, what is known of each way, and what is refused at it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.contact.handlers import change_points as changing
from services.contact.queries import contact_points as reads
from services.contact.schemas.contact_points import (
    ContactPointRequest,
    ContactPointView,
    InvalidRequest,
    OptOutRequest,
)
from shared.http.auth import Principal, requires
from shared.http.idempotency import OptionalKey
from shared.http.openapi import headers, problems
from shared.http.pagination import Page
from shared.http.routes import EdgeOf, run_and_show, seen, visible

router = APIRouter(prefix="/v1/contact-points", tags=["contact points"])

Reader = Annotated[Principal, Depends(requires("contact:read"))]
Writer = Annotated[Principal, Depends(requires("contact:write"))]


@router.get("")
async def list_contact_points(party_id: UUID, principal: Reader, edge: EdgeOf) -> Page[ContactPointView]:
    """List the ways to reach a party."""
    return Page(items=await edge.read(lambda tx: reads.points_of_party(tx, party_id, seen(principal))))


@router.get("/{contact_point_id}", responses=problems("contact-point-unknown"))
async def get_contact_point(contact_point_id: UUID, principal: Reader, edge: EdgeOf) -> ContactPointView:
    """Show a contact point."""
    return visible(await edge.read(lambda tx: reads.get_point(tx, contact_point_id)), principal, "contact-point")


@router.post(
    "",
    status_code=201,
    responses={201: headers("Location"), **problems("party-unknown", "validation-error", "attempt-unknown")},
)
async def add_contact_point(
    request: ContactPointRequest, principal: Writer, key: OptionalKey, edge: EdgeOf, response: Response
) -> ContactPointView:
    """Keep a way to reach a party that somebody named. The same value is the same contact point."""
    draft = changing.NewPoint(**request.model_dump())
    return await run_and_show(
        edge,
        lambda tx: changing.add_point(tx, principal, draft),
        reads.get_point,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/contact-points/{view.contact_point_id}",
        response=response,
    )


@router.post("/{contact_point_id}/invalidate", responses=problems("contact-point-unknown"))
async def invalidate_contact_point(
    contact_point_id: UUID, request: InvalidRequest, principal: Writer, key: OptionalKey, edge: EdgeOf
) -> ContactPointView:
    """Keep that it does not reach the party. A wrong number is wrong for every party that was not verified there."""
    return await run_and_show(
        edge,
        lambda tx: changing.mark_invalid(tx, principal, contact_point_id, request.reason),
        reads.get_point,
        principal=principal,
        idempotency=key,
    )


@router.post("/{contact_point_id}/opt-outs", responses=problems("contact-point-unknown", "contact-point-mismatch"))
async def opt_out_contact_point(
    contact_point_id: UUID, request: OptOutRequest, principal: Writer, key: OptionalKey, edge: EdgeOf
) -> ContactPointView:
    """Keep that a channel is refused at this number or address. It holds for the value, whoever has it."""
    return await run_and_show(
        edge,
        lambda tx: changing.refuse_channel(tx, principal, contact_point_id, request.channel),
        reads.get_point,
        principal=principal,
        idempotency=key,
    )
