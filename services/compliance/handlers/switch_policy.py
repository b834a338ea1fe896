"""Switch a policy rule off for a creditor, or on again. What is law to the creditor is never switched."""

from uuid import UUID

from services.compliance.domain.rules import RuleBook
from services.compliance.handlers.actor import Actor
from services.compliance.store.subjects import load_roles
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal

_SAVE = """
INSERT INTO policy_switch AS t (creditor_id, rule_id, is_on, set_at, set_by, version) VALUES ($1, $2, $3, $4, $5, 1)
ON CONFLICT (creditor_id, rule_id) DO UPDATE SET
  is_on = excluded.is_on, set_at = excluded.set_at, set_by = excluded.set_by, version = t.version + 1
"""


async def switch_policy(
    tx: Tx, actor: Actor, book: RuleBook, creditor_id: UUID, rule_id: str, *, is_on: bool
) -> str | Refusal:
    """Switch a policy of the creditor's role. Refuses `creditor-unknown`, and `policy-unknown` for any other rule."""
    role = (await load_roles(tx, [creditor_id])).get(creditor_id)
    if role is None or not actor.may_see(creditor_id):
        return Refusal("creditor-unknown", "There is no such creditor.", "creditor_id")
    forces = {rule.force(role) for rule in book.rules if rule.rule_id == rule_id}
    if forces != {"policy"}:
        return Refusal("policy-unknown", f"{rule_id} is no policy of this creditor's role.", "rule_id")
    # No decision is half way through while its rules change.
    await lock(tx, exclusive_creditors=[creditor_id])
    await tx.execute(_SAVE, creditor_id, rule_id, is_on, tx.clock.now(), actor.sub)
    return rule_id
