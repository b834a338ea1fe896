"""How accounts builds its derived rows anew: see `shared/messaging/rebuild.py`.

Payments, returns, promises and arrangements follow the topics of payments. Snapshots, parties, pauses, queue
definitions and leases are facts that came in by other doors, and stay; from all of them the account row is computed.
"""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from services.accounts.handlers.apply_facts import keep_facts
from services.accounts.handlers.recompute import recompute
from shared.db.transaction import Tx
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
        ),
        keep=keep_facts,
        scratch=("account_history",),
        computed=(Derived("account", "account_id", ("version",)),),
        creditors="SELECT creditor_id FROM creditor",
        next_accounts=_NEXT,
        compute=partial(_compute, version_epoch=version_epoch),
    )


async def _compute(tx: Tx, account_ids: Sequence[UUID], *, version_epoch: int) -> None:
    await recompute(tx, account_ids, changed_from=None, version_epoch=version_epoch)
