"""Puts the shipped rules in force: keeps their content for the decisions to pin, and publishes the packs that are news.

Runs when an API process starts, in one transaction; of several that start at once one says so.
"""

from collections.abc import Sequence

from services.compliance.domain.rules import RulePack
from services.compliance.store.decisions import activate_rules
from services.compliance.store.rule_sets import pack_data, rules_sha256
from shared.db.transaction import Tx
from shared.events.compliance import RulePackActivated


async def put_in_force(tx: Tx, packs: Sequence[RulePack]) -> None:
    """Keep the rules and publish `rulepack.activated` for each pack whose content was not in force before."""
    before = await activate_rules(tx, rules_sha256(packs), pack_data(packs))
    if before is None:
        return
    for pack in packs:
        if before.get(pack.pack_id, {}).get("sha256") == pack.sha256:
            continue
        event = RulePackActivated(
            pack_id=pack.pack_id,
            version=pack.version,
            sha256=pack.sha256,
            active_rules=sum(rule.status == "active" for rule in pack.rules),
            draft_rules=sum(rule.status == "draft" for rule in pack.rules),
            activated_at=tx.clock.now(),
        )
        tx.emit("rulepack.activated", event)
