"""How accounts builds its derived rows anew: see `shared/messaging/rebuild.py`.

Payments, returns, promises and arrangements follow the topics of payments, restrictions those of compliance, and what
the timeline shows of others theirs. Snapshots, parties, pauses, queue
definitions and leases are facts that came in by other doors, and stay; from all of them the account row is computed.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from services.accounts.handlers.apply_facts import keep_facts
from services.accounts.handlers.follow_services import keep_outside
from services.accounts.handlers.recompute import recompute
from services.accounts.store.restrictions import refresh_restricted
from shared.db.transaction import Tx
from shared.events.topics import TOPICS
from shared.messaging.message import Message
from shared.messaging.rebuild import Derived, Rebuild

_NEXT = "SELECT account_id FROM account WHERE account_id > $1 ORDER BY account_id LIMIT $2"


def how_to_rebuild(topics: tuple[str, ...], *, version_epoch: int) -> Rebuild:
    """What is derived, from what, and how."""
    return Rebuild(
        topics=topics,
        projections=(
            Derived("entry", "payment_id", ("received_at",)),
            Derived("reversal", "payment_id", ("received_at",)),
            Derived("promise_view", "promise_id"),
            Derived("arrangement_view", "arrangement_id"),
            Derived("restriction_view", "row_key"),
            Derived("outside_event", "row_key"),
            Derived("points_told", "row_key"),
        ),
        keep=_keep,
        scratch=("account_history",),
        computed=(Derived("account", "account_id", ("version",)),),
        creditors="SELECT creditor_id FROM creditor",
        next_accounts=_NEXT,
        compute=partial(_compute, version_epoch=version_epoch),
    )


async def _keep(tx: Tx, messages: Sequence[Message[Any]]) -> None:
    await keep_facts(tx, [message for message in messages if TOPICS[message.topic].owner == "payments"])
    await keep_outside(tx, messages)


async def _compute(tx: Tx, account_ids: Sequence[UUID], *, version_epoch: int) -> None:
    restated = await refresh_restricted(tx, account_ids)
    await recompute(tx, account_ids, changed_from=None, restated=restated, version_epoch=version_epoch)
