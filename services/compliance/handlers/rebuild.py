"""How compliance builds its derived rows anew: see `shared/messaging/rebuild.py`.

What is known of others follows their topics. Restrictions, consents (those to a callback too), cases, decisions and
permits are facts of this service, and stay; of a permit only its state is derived.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.compliance.handlers import follow
from services.compliance.store.attempts import TOLD
from shared.db.transaction import Tx
from shared.messaging.message import Message
from shared.messaging.rebuild import Derived, Rebuild

_NEXT = "SELECT permit_id FROM permit WHERE permit_id > $1 ORDER BY permit_id LIMIT $2"
_SETTLE = f"""
UPDATE permit AS p SET state = coalesce(told.report, 'reserved') FROM ({TOLD}) AS told
WHERE p.permit_id = told.permit_id AND p.state <> coalesce(told.report, 'reserved')
"""
Keep = Callable[[Tx, Sequence[Message[Any]]], Awaitable[object]]


def how_to_rebuild(topics: Mapping[str, Sequence[str]]) -> Rebuild:
    """What is derived, from what, and how. `topics`: those of each kind (creditors, accounts, ..)."""
    keeps: dict[str, Keep] = {
        "creditors": follow.keep_creditors,
        "accounts": follow.keep_accounts,
        "parties": follow.keep_parties,
        "found": follow.points_follower("found"),
        "given": follow.points_follower("given"),
        "marks": follow.follow_marks,
        "attempts": follow.keep_attempts,
        "blocks": follow.keep_blocks,
        "inquiries": follow.follow_inquiries,
    }
    by_topic = {topic: keep for kind, keep in keeps.items() for topic in topics[kind]}

    async def keep(tx: Tx, messages: Sequence[Message[Any]]) -> None:
        groups: dict[Keep, list[Message[Any]]] = {}
        for message in messages:
            groups.setdefault(by_topic[message.topic], []).append(message)
        for write, group in groups.items():
            await write(tx, group)

    return Rebuild(
        topics=tuple(by_topic),
        projections=(
            Derived("creditor_view", "creditor_id"),
            Derived("account_view", "account_id"),
            Derived("party_view", "party_id"),
            Derived("account_party", "row_key"),
            Derived("found_view", "party_id"),
            Derived("given_view", "party_id"),
            Derived("contact_point", "row_key"),
            Derived("point_mark", "mark_key"),
            Derived("attempt", "attempt_id"),
            Derived("permit_report", "permit_id"),
            Derived("unplaced_attempt", "attempt_id"),
            Derived("bounced_message", "attempt_id"),
            Derived("location_inquiry", "inquiry_id"),
        ),
        keep=keep,
        scratch=(),
        computed=(Derived("permit", "permit_id"),),
        creditors="SELECT creditor_id FROM creditor_view",
        next_accounts=_NEXT,
        compute=_compute,
    )


async def _compute(tx: Tx, permit_ids: Sequence[UUID]) -> None:
    await tx.execute(_SETTLE, list(permit_ids))
