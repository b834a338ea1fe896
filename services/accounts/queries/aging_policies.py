"""Reads of aging policies: those that a creditor has stated, else the shipped ones."""

from typing import get_args
from uuid import UUID

from services.accounts.domain.dues import ProductClass
from services.accounts.schemas.aging_policies import AgingPolicyOut, StagesBody
from services.accounts.store.aging_policies import Policies, load_policies
from services.accounts.store.creditors import load_creditors
from shared.db.transaction import Tx
from shared.errors import Refusal


async def get_aging_policy(tx: Tx, creditor_id: UUID, product_class: ProductClass) -> AgingPolicyOut | Refusal:
    """The policy of one product. Refuses with `creditor-unknown`."""
    found = await list_aging_policies(tx, creditor_id)
    return found if isinstance(found, Refusal) else next(one for one in found if one.product_class == product_class)


async def list_aging_policies(tx: Tx, creditor_id: UUID) -> list[AgingPolicyOut] | Refusal:
    """The policies of all products. Refuses with `creditor-unknown`."""
    if creditor_id not in await load_creditors(tx, [creditor_id]):
        return Refusal("creditor-unknown", "there is no such creditor")
    policies = await load_policies(tx, [creditor_id])
    return [_policy_out(policies, creditor_id, each) for each in get_args(ProductClass)]


def _policy_out(policies: Policies, creditor_id: UUID, product_class: ProductClass) -> AgingPolicyOut:
    early, mid, late, pre_charge_off = policies.of(creditor_id, product_class).days
    return AgingPolicyOut(
        creditor_id=creditor_id,
        product_class=product_class,
        stages=StagesBody(early=early, mid=mid, late=late, pre_charge_off=pre_charge_off),
        version=policies.version(creditor_id, product_class),
    )
