"""How contact builds its derived rows anew: see `shared/messaging/rebuild.py`.

What is known of creditors, accounts and parties follows the topics of accounts, consents those of compliance. Attempts,
outcomes, messages, marks and what was learnt of contact points are facts of this service, and stay; contact points too,
for they have three sources.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.contact.store.views import save_accounts, save_consents, save_creditors, save_parties
from shared.db.transaction import Tx
from shared.messaging.message import Message
from shared.messaging.rebuild import Derived, Rebuild


def how_to_rebuild(account_states: tuple[str, ...]) -> Rebuild:
    """What is derived, and from what."""
    return Rebuild(
        topics=("creditor.updated", "party.updated", "consent.granted", "consent.revoked", *account_states),
        projections=(
            Derived("creditor_view", "creditor_id"),
            Derived("account_view", "account_id"),
            Derived("party_view", "party_id"),
            Derived("account_part", "row_key"),
            Derived("consent_view", "consent_id"),
        ),
        keep=_keep,
        scratch=("contact_point",),
        computed=(),
        creditors="SELECT creditor_id FROM creditor_view",
        next_accounts="SELECT account_id FROM account_view WHERE account_id > $1 AND false LIMIT $2",
        compute=_compute,
    )


async def _keep(tx: Tx, messages: Sequence[Message[Any]]) -> None:
    states: dict[str, list[tuple[Any, int]]] = {}
    for message in messages:
        if message.payload is not None:
            noun = message.topic.partition(".")[0]
            states.setdefault(noun, []).append((message.payload, message.aggregate_version or 0))
    await save_creditors(tx, states.get("creditor", ()))
    await save_accounts(tx, states.get("account", ()))
    await save_parties(tx, states.get("party", ()))
    await save_consents(tx, states.get("consent", ()))


async def _compute(_tx: Tx, _account_ids: Sequence[UUID]) -> None:
    """Nothing of contact is computed from what it follows."""
