"""How payments builds its derived rows anew: see `shared/messaging/rebuild.py`.

What is known of accounts and creditors follows the topics of accounts. Payments, their allocations, reversals and the
terms of promises and arrangements are facts of this service, and stay; the judgement of them is computed again.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.payments.handlers.reassess import reassess
from services.payments.store.views import save_accounts, save_business_dates, save_creditors
from shared.db.transaction import Tx
from shared.messaging.message import Message
from shared.messaging.rebuild import Derived, Rebuild

_NEXT = """
SELECT account_id FROM (
  SELECT account_id FROM promise WHERE account_id > $1 UNION SELECT account_id FROM arrangement WHERE account_id > $1
) AS a ORDER BY account_id LIMIT $2
"""


def how_to_rebuild(account_states: tuple[str, ...]) -> Rebuild:
    """What is derived, from what, and how."""
    return Rebuild(
        topics=("creditor.updated", "business_date.advanced", *account_states),
        projections=(Derived("account_view", "account_id"), Derived("creditor_view", "creditor_id")),
        keep=_keep,
        scratch=(),
        computed=(
            Derived("promise", "promise_id", ("version",)),
            Derived("arrangement", "arrangement_id", ("version",)),
        ),
        creditors="SELECT creditor_id FROM creditor_view",
        next_accounts=_NEXT,
        compute=_compute,
    )


async def _keep(tx: Tx, messages: Sequence[Message[Any]]) -> None:
    states: dict[str, list[tuple[Any, int]]] = {}
    for message in messages:
        noun = message.topic.partition(".")[0]
        states.setdefault(noun, []).append((message.payload, message.aggregate_version or 0))
    await save_accounts(tx, states.get("account", ()))
    await save_creditors(tx, states.get("creditor", ()))
    await save_business_dates(
        tx, [(each.creditor_id, each.business_date) for each, _ in states.get("business_date", ())]
    )


async def _compute(tx: Tx, account_ids: Sequence[UUID]) -> None:
    await reassess(tx, account_ids)
