"""How skiptrace builds its derived rows anew: see `shared/messaging/rebuild.py`.

What is known of others follows their topics. Skip traces, searches, costs and inquiries are facts of this service: what
a vendor answered is in no topic, and stays.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.skiptrace.domain.policy import Policy
from services.skiptrace.handlers.follow import erased_parties, keep_contacts
from services.skiptrace.handlers.reassess import reassess
from services.skiptrace.store import facts
from shared.db.transaction import Tx
from shared.messaging.message import Message
from shared.messaging.rebuild import Derived, Rebuild

_NEXT = "SELECT DISTINCT party_id FROM skip_trace WHERE party_id > $1 ORDER BY party_id LIMIT $2"
_PROJECTIONS = (
    Derived("creditor_view", "creditor_id"),
    Derived("party_view", "party_id"),
    Derived("account_view", "account_id"),
    Derived("restriction_view", "row_id"),
    Derived("contact_try", "attempt_id"),
    Derived("point_mark", "contact_point_id"),
    Derived("trace_trigger", "trigger_id"),
)


def how_to_rebuild(policy: Policy, topics: tuple[str, ...]) -> Rebuild:
    """What is derived, from what, and how."""

    async def compute(tx: Tx, party_ids: Sequence[UUID]) -> None:
        await reassess(tx, party_ids, policy)

    return Rebuild(
        topics=topics,
        projections=_PROJECTIONS,
        keep=_keep,
        scratch=(),
        computed=(
            Derived("skip_trace", "skip_trace_id", ("version", "search_at")),
            Derived("candidate", "contact_point_id", ("version", "confidence", "reasons")),
        ),
        creditors="SELECT creditor_id FROM creditor_view",
        next_accounts=_NEXT,
        compute=compute,
    )


async def _keep(tx: Tx, messages: Sequence[Message[Any]]) -> None:
    by_noun: dict[str, list[Message[Any]]] = {}
    for message in messages:
        by_noun.setdefault(message.topic.partition(".")[0], []).append(message)
    await facts.save_creditors(tx, _states(by_noun.get("creditor", ())))
    await _keep_parties(tx, by_noun.get("party", ()))
    await facts.save_accounts(tx, _states(by_noun.get("account", ())))
    await facts.save_restrictions(tx, _states(by_noun.get("restriction", ())))
    await keep_contacts(
        tx, [*by_noun.get("contact", ()), *by_noun.get("contact_point", ()), *by_noun.get("message", ())]
    )


async def _keep_parties(tx: Tx, messages: Sequence[Message[Any]]) -> None:
    erased = erased_parties(messages)
    await facts.erase_parties(tx, erased)
    kept = [one for one in messages if one.payload is not None and one.payload.party_id not in erased]
    await facts.save_parties(tx, _states(kept))


def _states(messages: Sequence[Message[Any]]) -> list[tuple[Any, int]]:
    return [(message.payload, message.aggregate_version or 0) for message in messages]
