"""What compliance, contact and skiptrace tell accounts: golden messages, made over for an account of a desk.

They come in as from Kafka: the envelope is read, locks are taken, the inbox claims.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from services.accounts.consumers import subscriptions
from services.accounts.settings import AccountsSettings
from shared.clock import Clock
from shared.events.topics import TOPICS
from shared.ids import party_id
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage
from tests.integration.accounts.desk import CLOCK, Desk
from tests.integration.desk import event

GOLDEN = Path(__file__).parents[2] / "contract" / "golden"


def told(desk: Desk, topic: str, *, number: str = "L1", version: int | None = None, **changes: Any) -> RawMessage:
    """A golden message about an account of the desk and its party, changed as said."""
    value: dict[str, Any] = json.loads((GOLDEN / f"{topic}.json").read_text())["value"]
    about = {
        "creditor_id": desk.creditor_id,
        "account_id": desk.id_of(number),
        "account_ids": [desk.id_of(number)],
        "party_id": party_id(desk.creditor_id, "P1"),
    }
    value |= {name: about[name] for name in about.keys() & value.keys()} | changes
    return event(topic, value, CLOCK.now(), (version or 1) if TOPICS[topic].kind == "state" else None)


def restriction(
    desk: Desk,
    kind: str = "cease",
    *,
    version: int = 1,
    restriction_id: UUID | None = None,
    number: str = "L1",
    **changes: Any,
) -> RawMessage:
    """A restriction of the desk's account, in force since long ago; lifted where `lifted_at` is said."""
    topic = "restriction.placed" if changes.get("lifted_at") is None else "restriction.lifted"
    state = {"effective_on": "2026-03-07", "kind": kind, "restriction_id": restriction_id or uuid4(), **changes}
    return told(desk, topic, number=number, version=version, **state)


async def tell(desk: Desk, *messages: RawMessage, clock: Clock = CLOCK) -> None:
    """Give messages to the consumer, one polled batch."""
    settings: AccountsSettings = desk.app.state.settings
    applier = BatchApplier(desk.engine, clock, subscriptions(settings), group="accounts", retry_s=0)
    await applier.apply(messages)


async def get(desk: Desk, path: str, *, number: str = "L1", **params: Any) -> dict[str, Any]:
    """`overview` or `timeline` of an account."""
    answer = await desk.http.get(
        f"/v1/accounts/{desk.id_of(number)}/{path}", params=params, headers=desk.headers("collector")
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def kinds_told(desk: Desk, *, number: str = "L1") -> Sequence[str]:
    """What other services told, as the timeline shows it."""
    items = (await get(desk, "timeline", number=number, limit=200))["items"]
    ours = ("payment", "reversal", "snapshot", "account.", "promise.", "arrangement.", "queue.", "work_item.", "pause")
    return [item["kind"] for item in items if not item["kind"].startswith(ours)]
