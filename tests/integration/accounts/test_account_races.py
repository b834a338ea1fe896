"""Files, facts and aging runs at the same time on the same accounts: the end is as if they came one after the other."""

import asyncio
import random
from datetime import timedelta
from typing import Any

from services.accounts.domain.account import evaluate
from services.accounts.domain.delinquency import LOAN_STAGES
from services.accounts.store.facts import load_facts
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.jobs import run_chunk
from shared.messaging.message import Message
from tests.integration.accounts.desk import CLOCK, DAY, LOAN, Desk

NUMBERS = [f"L{n}" for n in range(12)]


async def apply_locked(desk: Desk, *messages: Message[Any]) -> None:
    """As the consumer does: locks first."""

    async def work(tx: Tx) -> None:
        await lock(tx, creditors=[desk.creditor_id], accounts={message.payload.account_id for message in messages})
        await desk.handle(tx, messages)

    await run_chunk(desk.engine, CLOCK, work)


async def test_files_facts_and_aging_at_once_end_in_the_state_of_their_facts(desk: Desk) -> None:
    seed = random.Random(7)  # a repeatable order, no secret
    rows = [{**LOAN, "core_account_number": number, "party_number": f"P{n % 4}"} for n, number in enumerate(NUMBERS)]
    await desk.take(*rows)
    payments = [
        desk.posted(seed.randint(1, 9_000), DAY + timedelta(days=seed.randint(-3, 4)), number=seed.choice(NUMBERS))
        for _ in range(40)
    ]
    facts: list[Message[Any]] = [*payments, *(desk.reversed(each, DAY + timedelta(days=2)) for each in payments[:15])]
    seed.shuffle(facts)
    shuffled = list(rows)
    seed.shuffle(shuffled)
    later = [{**row, "balance_minor": 95_000} for row in shuffled]
    aging = asyncio.ensure_future(desk.age(DAY + timedelta(days=25)))
    await asyncio.gather(
        desk.take(*shuffled),
        desk.take(*later, day=DAY + timedelta(days=1)),
        aging,
        *(apply_locked(desk, *facts[n : n + 5]) for n in range(0, len(facts), 5)),
        desk.take(*reversed(later), day=DAY + timedelta(days=1)),
    )
    assert aging.result().status_code == 200, aging.result().text

    async def recomputed(tx: Tx) -> dict[str, tuple[int, int, str]]:
        loaded = await load_facts(tx, [desk.id_of(number) for number in NUMBERS])
        judged = {
            number: evaluate(loaded[desk.id_of(number)].facts, DAY + timedelta(days=25), LOAN_STAGES)
            for number in NUMBERS
        }
        return {number: (each.balance_minor, each.past_due_minor, each.bucket) for number, each in judged.items()}

    expected = await run_chunk(desk.engine, CLOCK, recomputed)
    for number in NUMBERS:
        account = await desk.account(number)
        assert (account["balance_minor"], account["past_due_minor"], account["bucket"]) == expected[number]
    versions: dict[str, list[int]] = {}
    for topic, payload, version in await desk.events():
        if topic.startswith("account."):
            versions.setdefault(payload["account_id"], []).append(version or 0)
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
