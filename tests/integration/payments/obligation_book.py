"""A creditor's book for tests of promises and arrangements: every step is one committed transaction on real handlers.

Accounts arrive as their published states, money through the posting and reversing handlers; nothing is written past
them, save the date that is judged, which the evaluation job moves.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from services.payments.domain.payment import PostPayment
from services.payments.domain.reversal import Reversed, ReversePayment
from services.payments.handlers.approve import approve
from services.payments.handlers.cancel import cancel
from services.payments.handlers.evaluate_date import EVALUATE, EvaluateDate, Offsets, request_evaluation
from services.payments.handlers.follow_accounts import follow_accounts, follow_business_dates
from services.payments.handlers.make_promise import make_promise
from services.payments.handlers.post_payments import post_payments
from services.payments.handlers.propose_arrangement import propose_arrangement
from services.payments.handlers.reassess import reassess
from services.payments.handlers.reverse_payments import reverse
from services.payments.handlers.undertaking import Kind
from services.payments.queries.obligations import get_arrangement, get_promise, list_arrangements
from services.payments.schemas.obligations import ArrangementRequest, ArrangementView, PromiseRequest, PromiseView
from services.payments.schemas.payments import PaymentAnswer
from services.payments.store.views import save_business_dates
from shared.clock import SystemClock
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.accounts import AccountState, BusinessDateAdvanced
from shared.ids import new_id
from shared.jobs import Job, JobRunner, run_chunk
from shared.messaging.message import Message

T = TypeVar("T")
DAY = date(2026, 3, 1)


def on(days: int) -> date:
    """The date so many days after the book's first business date."""
    return DAY + timedelta(days=days)


@dataclass(frozen=True)
class Person:
    """Who gives a command in a test."""

    sub: str = "ana"
    roles: frozenset[str] = frozenset({"collector"})
    creditors: frozenset[UUID] | None = None

    def may_see(self, creditor_id: UUID) -> bool:
        return self.creditors is None or creditor_id in self.creditors


COLLECTOR = Person()
SUPERVISOR = Person("sue", frozenset({"supervisor"}))


async def _no_offsets() -> Offsets:
    return {}


async def _passed(_: Offsets) -> bool:
    return True


@dataclass
class Book:
    """One creditor with one account, unless a test asks for more."""

    engine: AsyncEngine
    creditor_id: UUID = field(default_factory=uuid4)
    account_id: UUID = field(default_factory=uuid4)
    versions: dict[UUID, int] = field(default_factory=dict)

    async def run(self, step: Callable[[Tx], Awaitable[T]]) -> T:
        return await run_chunk(self.engine, SystemClock(), step)

    async def open(self) -> "Book":
        async def step(tx: Tx) -> None:
            await save_business_dates(tx, [(self.creditor_id, DAY)])

        await self.run(step)
        await self.account()
        return self

    async def account(self, *, version: int | None = None, account_id: UUID | None = None, **facts: Any) -> None:
        """A state of the account arrives, as accounts publishes it; by default the next version, owing 1,000,000."""
        account_id = account_id or self.account_id
        number = version if version is not None else self.versions.get(account_id, 0) + 1
        self.versions[account_id] = max(number, self.versions.get(account_id, 0))
        state = AccountState.model_validate(
            {
                "creditor_id": self.creditor_id, "account_id": account_id, "party_id": uuid4(),
                "product_class": "closed_end_loan", "status": "open", "currency": "USD", "balance_minor": 1_000_000,
                "past_due_minor": 0, "days_past_due": 0, "oldest_unpaid_due_on": None, "bucket": "current",
                "stage": "current", "past_due_by_bucket": {}, "business_date": DAY, "snapshot_on": DAY,
                "principal_minor": None, "interest_minor": None, "fees_minor": None,
            } | facts
        )  # fmt: skip

        async def step(tx: Tx) -> None:
            await lock(tx, creditors=[self.creditor_id], accounts=[account_id])
            await follow_accounts(tx, [Message(topic="account.updated", payload=state, aggregate_version=number)])

        await self.run(step)

    async def pay(
        self,
        amount: int,
        effective: int,
        *,
        posted: int | None = None,
        account_id: UUID | None = None,
        is_booked: bool = False,
    ) -> UUID:
        """Post a payment effective so many days after DAY; one that the core has booked may have to wait."""
        payment_id = new_id()
        command = PostPayment(
            payment_id=payment_id,
            account_id=account_id or self.account_id,
            creditor_id=self.creditor_id,
            core_account_number=None,
            amount_minor=amount,
            currency="USD",
            effective_on=on(effective),
            posted_on=None if posted is None else on(posted),
            channel="ach",
            source="core",
            source_ref=str(payment_id),
            is_booked=is_booked,
        )

        async def step(tx: Tx) -> PaymentAnswer | Refusal:
            await lock(tx, creditors=[self.creditor_id], accounts=[command.account_id])
            return (await post_payments(tx, [command]))[0]

        answer = await self.run(step)
        assert not isinstance(answer, Refusal), answer
        return payment_id

    async def reverse(self, payment_id: UUID, effective: int = 0) -> None:
        """Reverse a payment of the account."""

        async def step(tx: Tx) -> None:
            await lock(tx, creditors=[self.creditor_id], accounts=[self.account_id])
            command = ReversePayment(new_id(), "nsf", on(effective), on(effective), "core")
            decisions = await reverse(tx, [(payment_id, command)])
            assert isinstance(decisions[0], Reversed), decisions
            await reassess(tx, [self.account_id])

        await self.run(step)

    async def promise(self, amount: int, due: int, *, by: Person = COLLECTOR, **facts: Any) -> PromiseView:
        made = await self.try_promise(amount, due, by=by, **facts)
        assert not isinstance(made, Refusal), made
        return made

    async def try_promise(
        self, amount: int, due: int, *, by: Person = COLLECTOR, **facts: Any
    ) -> PromiseView | Refusal:
        request = PromiseRequest.model_validate(
            {"account_id": self.account_id, "due_on": on(due), "amount_minor": amount, "currency": "USD"} | facts
        )

        async def step(tx: Tx) -> PromiseView | Refusal:
            made = await make_promise(tx, by, request)
            if isinstance(made, Refusal):
                return made
            view = await get_promise(tx, made)
            assert view is not None
            return view

        return await self.run(step)

    async def arrange(self, *rows: tuple[int, int], by: Person = COLLECTOR, **facts: Any) -> ArrangementView:
        made = await self.try_arrange(*rows, by=by, **facts)
        assert not isinstance(made, Refusal), made
        return made

    async def try_arrange(
        self, *rows: tuple[int, int], by: Person = COLLECTOR, **facts: Any
    ) -> ArrangementView | Refusal:
        request = ArrangementRequest.model_validate(
            {
                "account_id": self.account_id,
                "currency": "USD",
                "installments": [{"due_on": on(days), "amount_minor": amount} for days, amount in rows],
            }
            | facts
        )

        async def step(tx: Tx) -> ArrangementView | Refusal:
            made = await propose_arrangement(tx, by, request)
            if isinstance(made, Refusal):
                raise RefusedError(made)
            view = await get_arrangement(tx, made)
            assert view is not None
            return view

        try:
            return await self.run(step)
        except RefusedError as refused:
            return refused.refusal

    async def approve(self, arrangement_id: UUID, *, by: Person = SUPERVISOR) -> UUID | Refusal:
        return await self.run(lambda tx: approve(tx, by, "arrangement", arrangement_id))

    async def cancel(self, kind: Kind, obligation_id: UUID, *, by: Person = COLLECTOR) -> UUID | Refusal:
        return await self.run(lambda tx: cancel(tx, by, kind, obligation_id))

    async def promise_now(self, promise_id: UUID) -> PromiseView:
        view = await self.run(lambda tx: get_promise(tx, promise_id))
        assert view is not None
        return view

    async def arrangement_now(self, arrangement_id: UUID) -> ArrangementView:
        view = await self.run(lambda tx: get_arrangement(tx, arrangement_id))
        assert view is not None
        return view

    async def arrangements(self) -> list[ArrangementView]:
        return await self.run(lambda tx: list_arrangements(tx, limit=100, account_id=self.account_id))

    async def advance(self, days: int, *, evaluate: EvaluateDate | None = None) -> Job:
        """Open a business date and run its evaluation to the end."""
        payload = BusinessDateAdvanced(creditor_id=self.creditor_id, business_date=on(days), previous=None)

        async def step(tx: Tx) -> Job:
            await follow_business_dates(tx, [Message(topic="business_date.advanced", payload=payload)])
            return await request_evaluation(tx, self.creditor_id, on(days))  # recorded already: returns it

        job = await self.run(step)
        chunk = evaluate or EvaluateDate(_no_offsets, _passed)
        return await JobRunner(self.engine, SystemClock(), {EVALUATE: chunk}).run_job(job.job_id)

    async def events(self, prefix: str) -> list[tuple[str, int, dict[str, Any]]]:
        """Published topics that begin with `prefix`, in order: topic, version, body."""

        async def step(tx: Tx) -> list[tuple[str, int, dict[str, Any]]]:
            rows = await tx.fetch(
                "SELECT topic, aggregate_version, body::text AS body FROM outbox "
                "WHERE topic LIKE $1 AND creditor_id = $2 ORDER BY id",
                f"{prefix}%",
                self.creditor_id,
            )
            return [(row["topic"], row["aggregate_version"], orjson.loads(row["body"])) for row in rows]

        return await self.run(step)


class RefusedError(Exception):
    """Rolls a refused command back, as the edge does."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
