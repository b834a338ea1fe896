"""Aging policies: from which day past due the stages of a product begin, as data of its creditor."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.accounts.handlers.put_aging_policy import PutAgingPolicy
from services.accounts.handlers.put_aging_policy import put_aging_policy as put
from services.accounts.queries import aging_policies as queries
from services.accounts.schemas.aging_policies import AgingPolicyIn, AgingPolicyOut
from shared.db.locks import Locks
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.accounts import ProductClass
from shared.http.auth import Principal, requires
from shared.http.etag import OptionalIfMatch, set_etag
from shared.http.openapi import headers, problems
from shared.http.pagination import Page
from shared.http.routes import EdgeOf, answered, visible_creditor

router = APIRouter(prefix="/v1/creditors/{creditor_id}/aging-policies", tags=["creditors"])

Reader = Annotated[Principal, Depends(requires("creditors:read"))]
Editor = Annotated[Principal, Depends(requires("aging_policies:write"))]


@router.get("", responses=problems("creditor-unknown"))
async def list_aging_policies(creditor_id: UUID, principal: Reader, edge: EdgeOf) -> Page[AgingPolicyOut]:
    """List where the stages of each product begin: as the creditor has stated, else as shipped."""
    visible_creditor(creditor_id, principal)
    return Page(items=answered(await edge.read(lambda tx: queries.list_aging_policies(tx, creditor_id))))


@router.get("/{product_class}", responses={200: headers("ETag"), **problems("creditor-unknown")})
async def get_aging_policy(
    creditor_id: UUID, product_class: ProductClass, principal: Reader, edge: EdgeOf, response: Response
) -> AgingPolicyOut:
    """Read where the stages of a product begin. Its ETag is what a change of it needs."""
    visible_creditor(creditor_id, principal)
    found = answered(await edge.read(lambda tx: queries.get_aging_policy(tx, creditor_id, product_class)))
    set_etag(response, found.version)
    return found


@router.put(
    "/{product_class}",
    responses={
        200: headers("ETag"),
        **problems("creditor-unknown", "aging-policy-invalid", "precondition-required", "precondition-failed"),
    },
)
async def put_aging_policy(
    *,
    creditor_id: UUID,
    product_class: ProductClass,
    body: AgingPolicyIn,
    principal: Editor,
    edge: EdgeOf,
    precondition: OptionalIfMatch,
    response: Response,
) -> AgingPolicyOut:
    """State where the stages of a product begin.

    Every event is judged by it at once, and the book as a whole in the background: `account.aged` is published for
    each account whose stage changes. To change a stated policy, send the ETag that was read as If-Match.
    """
    visible_creditor(creditor_id, principal)
    days = (body.stages.early, body.stages.mid, body.stages.late, body.stages.pre_charge_off)
    command = PutAgingPolicy(creditor_id, product_class, days, precondition.check if precondition else None)

    async def step(tx: Tx) -> AgingPolicyOut | Refusal:
        return await put(tx, command) or await queries.get_aging_policy(tx, creditor_id, product_class)

    locks = Locks(creditors=frozenset((creditor_id,)), exclusive=True)
    policy = await edge.run(step, principal=principal, locks=locks)
    set_etag(response, policy.version)
    return policy
