"""Invariant 8 on the real handlers: the same facts, in any order, some of them twice, end in the same state.

And that state is the one that the brute-force models compute from the facts alone.
"""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from deploy.local.kafka import Kafka
from tests.integration.world import World, open_world, read
from tests.model.account_model import AccountModel, Entry, Snapshot
from tests.model.commitment_model import Money, Promise, promise_states

START = date(2026, 1, 31)
END = START + timedelta(days=40)
NUMBER = "L-0001"
ORDERS = 3


@pytest_asyncio.fixture(scope="module")
async def world(issuer: Issuer, kafka: Kafka, service_engine: Any) -> AsyncIterator[World]:
    engines = {name: await service_engine(name) for name in ("accounts", "payments")}
    roles = ["supervisor", "integrator", "admin"]
    async with open_world(issuer, engines, kafka.bootstrap_servers, roles) as opened:
        yield opened


class Story:
    """One random history of an account: what happened, not yet in which order it arrives."""

    def __init__(self, seed: int) -> None:
        chance = Random(seed)
        self.product = chance.choice(["closed_end_loan", "credit_card", "commercial"])
        self.installment = chance.choice([5000, 10000])
        self.behind = chance.randint(1, 3)
        self.balance = chance.randint(5, 12) * 10000
        self.oldest = (
            date(2026, 1, 10) if self.behind == 1 else date(2025, 12, 10) if self.behind == 2 else date(2025, 11, 10)
        )
        self.later_on = START + timedelta(days=chance.randint(5, 25))
        self.has_later = chance.random() < 0.6
        self.later_balance = self.balance - chance.randint(0, 3) * 5000
        self.payments = [self._payment(chance, n) for n in range(chance.randint(1, 4))]
        self.promise_amount = chance.choice([0, 3000, 8000])
        self.promise_due = START + timedelta(days=chance.randint(3, 20))

    def _payment(self, chance: Random, n: int) -> dict[str, Any]:
        effective = START + timedelta(days=chance.randint(1, 30))
        posted = effective + timedelta(days=chance.choice([0, 0, 1, 4]))
        reversed_on = posted + timedelta(days=chance.randint(0, 6)) if chance.random() < 0.4 else None
        return {
            "ref": f"P{n}",
            "amount": chance.choice([2500, 5000, 10000, 20000]),
            "effective": effective,
            "posted": posted,
            "reversed_on": reversed_on,
        }

    def first_row(self) -> dict[str, Any]:
        return {
            "core_account_number": NUMBER,
            "product_class": self.product,
            "currency": "USD",
            "balance_minor": self.balance,
            "past_due_minor": self.behind * self.installment,
            "oldest_unpaid_due_on": self.oldest.isoformat(),
            "installment_minor": self.installment,
            "frequency": "monthly",
            "next_due_on": "2026-02-10",
            "party_number": "M-1",
        }

    def later_row(self) -> dict[str, Any]:
        return {
            **self.first_row(),
            "balance_minor": self.later_balance,
            "past_due_minor": self.installment,
            "oldest_unpaid_due_on": (self.later_on - timedelta(days=3)).isoformat(),
            "next_due_on": (self.later_on + timedelta(days=10)).isoformat(),
        }

    def feeds(self, world: World, creditor: UUID) -> list[Any]:
        messages = []
        for one in self.payments:
            common = {
                "creditor_id": str(creditor),
                "core_account_number": NUMBER,
                "amount_minor": one["amount"],
                "currency": "USD",
                "channel": "ach",
            }
            dates = {"effective_on": one["effective"].isoformat(), "posted_on": one["posted"].isoformat()}
            messages.append(world.feed("core.payment.received", {**common, **dates, "source_ref": one["ref"]}))
            if one["reversed_on"]:
                back = {
                    "effective_on": one["effective"].isoformat(),
                    "posted_on": one["reversed_on"].isoformat(),
                    "source_ref": f"{one['ref']}-R",
                    "reversal_of": one["ref"],
                    "reason": "nsf",
                }
                messages.append(world.feed("core.payment.received", {**common, **back}))
        if self.has_later:
            row = {**self.later_row(), "creditor_id": str(creditor), "business_date": self.later_on.isoformat()}
            messages.append(world.feed("core.account.snapshot", row))
        return messages

    def expected_standing(self) -> tuple[Any, ...]:
        snapshots = [
            Snapshot(
                START,
                0,
                self.balance,
                self.behind * self.installment,
                self.oldest,
                self.installment,
                "monthly",
                date(2026, 2, 10),
            )
        ]
        if self.has_later:
            snapshots.append(
                Snapshot(
                    self.later_on, 1, self.later_balance, self.installment, self.later_on - timedelta(days=3),
                    self.installment, "monthly", self.later_on + timedelta(days=10),
                )
            )  # fmt: skip
        entries = {
            one["ref"]: Entry(
                one["ref"], one["amount"], one["amount"], one["effective"], one["posted"], is_core=True,
                reversal_posted=one["reversed_on"],
            )
            for one in self.payments
        }  # fmt: skip
        standing = AccountModel(self.product, snapshots, entries).standing(END)
        oldest = standing.oldest.isoformat() if standing.oldest else None
        return standing.balance, standing.past_due, standing.days_past_due, oldest, standing.bucket, standing.stage

    def expected_promise(self) -> list[str]:
        if not self.promise_amount:
            return []
        money = [Money(one["amount"], one["effective"], 1) for one in self.payments if not one["reversed_on"]]
        promise = Promise("p", self.promise_amount, self.promise_due, START, 0)
        return list(promise_states([promise], money, END).values())


async def live(world: World, story: Story, order: Random) -> dict[str, Any]:
    """Lives through a story for a creditor of its own, in one order of arrival, and returns what is left at the end."""
    creditor = uuid4()
    await world.put_creditor(creditor)
    row = {**story.first_row(), "creditor_id": str(creditor), "business_date": START.isoformat()}
    world.send([world.feed("core.account.snapshot", row)])
    await world.settle()
    account = str(await _id(world, creditor))
    if story.promise_amount:
        body = {
            "account_id": account,
            "due_on": story.promise_due.isoformat(),
            "amount_minor": story.promise_amount,
            "currency": "USD",
        }
        read(await world.payments.client.post("/v1/promises", json=body, headers={"Idempotency-Key": f"p{creditor}"}))
    messages = story.feeds(world, creditor)
    order.shuffle(messages)
    day = START
    while messages or day < END:
        for _ in range(order.randint(0, 2)):
            if messages:
                world.send([messages.pop()])
        await world.step(order)
        if day < END and order.random() < 0.5:
            day = min(END, day + timedelta(days=order.randint(1, 20)))
            await world.open_date(creditor, day.isoformat())
    await world.settle()
    found = await world.account(creditor, NUMBER)
    promises = await world.payments_of("/v1/promises", creditor, NUMBER)
    payments = await world.payments_of("/v1/payments", creditor, NUMBER)
    return {
        "standing": tuple(
            found[name]
            for name in ("balance_minor", "past_due_minor", "days_past_due", "oldest_unpaid_due_on", "bucket", "stage")
        ),
        "queue": found["queue"],
        "promises": [one["status"] for one in promises],
        "payments": sorted((one["source_ref"], one["amount_minor"], one["status"]) for one in payments),
    }


async def _id(world: World, creditor: UUID) -> str:
    return str((await world.account(creditor, NUMBER))["account_id"])


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_of_the_same_facts_ends_in_the_same_state(world: World, seed: int) -> None:
    story = Story(seed)
    ends = [await live(world, story, Random(seed * 1000 + n)) for n in range(ORDERS)]
    assert ends[0]["standing"] == story.expected_standing()
    assert ends[0]["promises"] == story.expected_promise()
    assert sorted(status for _, _, status in ends[0]["payments"]) == sorted(
        "reversed" if one["reversed_on"] else "posted" for one in story.payments
    )
    for other in ends[1:]:
        assert other == ends[0]
