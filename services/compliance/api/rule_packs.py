"""The rules in force over HTTP, with the paragraphs that they stand in; and which policies hold for a creditor."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from services.compliance.api.doors import RulesOf
from services.compliance.handlers.switch_policy import switch_policy
from services.compliance.queries import rule_packs as reads
from services.compliance.schemas.rule_packs import PolicyRequest, PolicyView, RulePackSummary, RulePackView
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.http.auth import Principal, requires
from shared.http.openapi import problems
from shared.http.routes import EdgeOf, visible_creditor

router = APIRouter(prefix="/v1", tags=["rule-packs"])

Reader = Annotated[Principal, Depends(requires("compliance:read"))]
Writer = Annotated[Principal, Depends(requires("rules:write"))]


@router.get("/rule-packs")
async def list_rule_packs(_principal: Reader, rules: RulesOf) -> list[RulePackSummary]:
    """List the packs of rules that this release decides by."""
    return [reads.summary(pack) for pack in rules.packs]


@router.get("/rule-packs/{pack_id}", responses=problems("rule-pack-unknown"))
async def get_rule_pack(pack_id: str, _principal: Reader, rules: RulesOf) -> RulePackView:
    """Read a pack: every rule with its dates, roles, parameters, citation and the paragraph it stands in."""
    for pack in rules.packs:
        if pack.pack_id == pack_id:
            return reads.whole(pack, rules.sources)
    raise Problem("rule-pack-unknown", f"There is no pack {pack_id}.")


@router.get("/creditors/{creditor_id}/policies", responses=problems("creditor-unknown"))
async def list_policies(creditor_id: UUID, principal: Reader, edge: EdgeOf, rules: RulesOf) -> list[PolicyView]:
    """List the policy rules, and whether each holds for the creditor."""
    visible_creditor(creditor_id, principal)
    return await edge.read(lambda tx: reads.list_policies(tx, creditor_id, rules.book.rules))


@router.put("/creditors/{creditor_id}/policies/{rule_id}", responses=problems("creditor-unknown", "policy-unknown"))
async def put_policy(
    *, creditor_id: UUID, rule_id: str, request: PolicyRequest, principal: Writer, edge: EdgeOf, rules: RulesOf
) -> PolicyView:
    """Switch a policy off for a creditor, or on again. Law and regulation cannot be switched."""

    async def step(tx: Tx) -> PolicyView | Refusal:
        done = await switch_policy(tx, principal, rules.book, creditor_id, rule_id, is_on=request.is_on)
        if isinstance(done, Refusal):
            return done
        return next(
            one for one in await reads.list_policies(tx, creditor_id, rules.book.rules) if one.rule_id == rule_id
        )

    return await edge.run(step, principal=principal)
