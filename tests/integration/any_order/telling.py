"""Lives through a story on the real services in one order of arrival, watching that no money is lost on the way."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from shared.messaging.message import RawMessage
from tests.integration.any_order.story import AccountStory, Payment, Story, sent_row
from tests.integration.creditor_book import Book, open_book
from tests.integration.world import Side, World, read

FILLERS = 12
"""Delinquent accounts of which nothing else is told: a complete file may leave out one in ten delinquent accounts."""

_MISALLOCATED = """
SELECT p.source_ref, p.amount_minor, sum(a.amount_minor) AS allocated
FROM payment p LEFT JOIN allocation a USING (payment_id)
WHERE p.creditor_id = '{creditor}' AND p.unapplied_reason IS NULL
GROUP BY p.payment_id HAVING sum(a.amount_minor) IS DISTINCT FROM p.amount_minor
"""
_UNBALANCED = """
WITH ruling AS (
  SELECT DISTINCT ON (s.account_id) s.account_id, s.business_date AS on_day, s.balance_minor
  FROM account_snapshot s JOIN account a ON a.account_id = s.account_id
  WHERE a.creditor_id = '{creditor}' AND NOT s.is_absent
  ORDER BY s.account_id, s.business_date DESC
), posting AS (
  SELECT account_id, payment_id, -amount_minor AS change, origin, posted_on, booked_on FROM entry
  UNION ALL
  SELECT v.account_id, v.payment_id, e.amount_minor, v.origin, v.posted_on, v.booked_on
  FROM reversal v JOIN entry e ON e.payment_id = v.payment_id
)
SELECT a.core_account_number, a.balance_minor, r.balance_minor + coalesce(sum(p.change), 0) AS expected
FROM account a JOIN ruling r ON r.account_id = a.account_id
LEFT JOIN posting p ON p.account_id = a.account_id AND CASE
    WHEN p.origin = 'core' THEN p.posted_on > r.on_day
    WHEN p.booked_on IS NOT NULL THEN p.booked_on > r.on_day
    ELSE p.posted_on >= r.on_day END
GROUP BY a.account_id, r.balance_minor HAVING a.balance_minor <> r.balance_minor + coalesce(sum(p.change), 0)
"""

_STATES = ("account.opened", "account.updated", "account.aged", "account.cured", "account.charged_off")

Arrival = RawMessage | Callable[[], Awaitable[None]]
"""A message of core banking, or a file of it."""


class Telling:
    """One order of arrival of one story, for a creditor of its own."""

    def __init__(self, world: World, story: Story, order: Random) -> None:
        self.world, self.story, self.order = world, story, order
        self.book = Book(world)
        self.pool: list[Arrival] = []
        self.ids: dict[str, str] = {}
        self.day = story.start

    async def live(self) -> dict[str, Any]:
        """From the first snapshot to the end; what is left then."""
        self.book = await open_book(self.world)
        await self._begin()
        for phase, day in enumerate(self.story.phases):
            await self._reach(day)
            await self._calls(phase)
            if phase == 0:
                self.pool += self._arrivals()
                self.order.shuffle(self.pool)
        while self.pool:
            await self._step()
        await self.book.settle()
        await self._check_books()
        return {"accounts": [await self._end_of(account) for account in self.story.accounts]}

    async def _begin(self) -> None:
        """The fillers and the accounts as they stand at the START, in one batch."""
        filler = {
            "product_class": "credit_card", "currency": "USD", "balance_minor": 50_000, "past_due_minor": 5_000,
            "oldest_unpaid_due_on": (self.story.start - timedelta(days=5)).isoformat(), "party_number": "M-0",
        }  # fmt: skip
        rows = [{**filler, "core_account_number": f"F{n}"} for n in range(FILLERS)]
        for account in self.story.accounts:
            rows += [sent_row(account, row) for row in account.rows if row.on == self.story.start]
        self.world.send([self._snapshot(row, self.story.start) for row in rows])
        await self.book.settle()

    def _snapshot(self, row: dict[str, Any], on: date) -> RawMessage:
        body = {**row, "creditor_id": str(self.book.creditor_id), "business_date": on.isoformat()}
        return self.world.feed("core.account.snapshot", body)

    def _arrivals(self) -> list[Arrival]:
        found: list[Arrival] = []
        for account in self.story.accounts:
            found += [
                self._snapshot(sent_row(account, row), row.on)
                for row in account.rows
                if row.on != self.story.start and not row.is_absent
            ]
            for one in account.payments:
                if one.is_core:
                    found.append(self._core(account, one, one.ref, one.posted))
                    if one.reversed_on:
                        found.append(self._core(account, one, f"{one.ref}-back", one.reversed_on, of=one.ref))
        for day in (self.story.absent_on, self.story.absent_again_on):
            if day:
                found.append(self._complete_file(day))
        return found

    def _complete_file(self, day: date) -> Callable[[], Awaitable[None]]:
        """A complete file without the first account. The others are stated by it only where their story says so."""

        async def send() -> None:
            filler = {
                "product_class": "credit_card", "currency": "USD", "balance_minor": 50_000, "past_due_minor": 5_000,
                "oldest_unpaid_due_on": (self.story.start - timedelta(days=5)).isoformat(), "party_number": "M-0",
            }  # fmt: skip
            rows = [{**filler, "core_account_number": f"F{n}"} for n in range(FILLERS)]
            # A rejected row is present and states nothing.
            rows += [{"core_account_number": one.number} for one in self.story.accounts[1:]]
            counts = await self.book.send_file(day.isoformat(), *rows, complete=True)
            assert counts["rejected"] == len(self.story.accounts) - 1

        return send

    def _core(
        self, account: AccountStory, one: Payment, ref: str, posted_on: date, *, of: str | None = None
    ) -> RawMessage:
        body = self.book.core_payment(
            ref, one.amount, one.effective.isoformat(), core_account_number=account.number, channel="ach"
        )
        body["posted_on"] = posted_on.isoformat()
        if of:
            body |= {"reversal_of": of, "reason": "nsf"}
        elif one.allocation and one.is_core:
            body["allocation"] = [{"component": name, "amount_minor": part} for name, part in one.allocation]
        return self.world.feed("core.payment.received", body)

    async def _reach(self, day: date) -> None:
        """Lets things arrive while the business date moves on, some days at a time, until the fixed point."""
        while self.day < day:
            await self._step()
            if self.order.random() < 0.4:
                self.day = min(day, self.day + timedelta(days=self.order.randint(1, 20)))
                await self.world.open_date(self.book.creditor_id, self.day.isoformat())
        await self.book.settle()

    async def _step(self) -> None:
        for _ in range(min(self.order.randint(0, 3), len(self.pool))):
            arrival = self.pool.pop()
            if isinstance(arrival, RawMessage):
                self.world.send([arrival])
            else:
                await arrival()
        await self.world.step(self.order)
        await self._check_books()

    async def _calls(self, phase: int) -> None:
        for account in self.story.accounts:
            payments = [one for one in account.payments if one.phase == phase and one.moved_from is None]
            for n in range(len(payments) + 1):
                for word in account.words if phase == 0 else ():
                    if word.at == n:
                        await self._give(account, word)
                if n < len(payments):
                    await self._pay(account, payments[n])
        # Their reversals and reallocations come after all of it.
        for account in self.story.accounts:
            for one in account.payments:
                if one.reversal_phase == phase:
                    await self._correct(account, one)

    async def _correct(self, account: AccountStory, one: Payment) -> None:
        moved = self.story.moved(one)
        if moved is not None:
            await self._move(one, *moved)
            return
        made = await self.book.take_back({"payment_id": self.ids[one.ref]}, one.effective.isoformat())
        if one.reversal_booked:
            echo = self.order.choice([made["reversal_id"], f"{one.ref}-back"])
            self._arrive(self._core(account, one, echo, one.reversal_booked, of=self.ids[one.ref]))

    async def _move(self, one: Payment, account: AccountStory, moved: Payment) -> None:
        made = await self.book.reallocate(
            self.ids[one.ref], account_id=self.book.id_of(account.number), effective_on=moved.effective.isoformat()
        )
        self.ids[moved.ref] = made["payment"]["payment_id"]

    def _arrive(self, message: RawMessage) -> None:
        self.pool.insert(self.order.randint(0, len(self.pool)), message)

    async def _pay(self, account: AccountStory, one: Payment) -> None:
        made = read(
            await self.book.try_pay(
                one.amount,
                one.effective.isoformat(),
                account_id=self.book.id_of(account.number),
                source_ref=one.ref,
                posted_on=one.posted.isoformat() if one.posted != self.day else None,
                allocation=one.allocation
                and [{"component": name, "amount_minor": part} for name, part in one.allocation],
            )
        )
        self.ids[one.ref] = made["payment_id"]
        if one.booked:
            self._arrive(self._core(account, one, made["payment_id"], one.booked))

    async def _give(self, account: AccountStory, word: Any) -> None:
        terms = [(due_on.isoformat(), amount) for due_on, amount in word.installments]
        made = (
            await self.book.try_promise(terms[0][1], terms[0][0], number=account.number)
            if word.kind == "promise"
            else await self.book.try_arrange(
                terms, number=account.number, tolerance_minor=word.tolerance, grace_days=word.grace
            )
        )
        self.ids[f"{account.number}-W{account.words.index(word)}"] = read(made)["id"]

    async def _check_books(self) -> None:
        """The sum of a payment's allocation is the payment; a balance is its snapshot less the entries on top."""
        assert await self._rows(self.world.payments, _MISALLOCATED) == []
        assert await self._rows(self.world.accounts, _UNBALANCED) == []

    async def _rows(self, side: Side, sql: str) -> list[Any]:
        async with side.engine.connect() as connection:
            found = await connection.exec_driver_sql(sql.format(creditor=self.book.creditor_id))
            return list(found.all())

    async def _end_of(self, account: AccountStory) -> dict[str, Any]:
        found = await self.book.account(account.number)
        payments = await self.world.payments_of("/v1/payments", self.book.creditor_id, account.number)
        words = []
        for n, word in enumerate(account.words):
            one = self.ids[f"{account.number}-W{n}"]
            now = await (self.book.promise_of(one) if word.kind == "promise" else self.book.arrangement_of(one))
            words.append((now["status"], now["paid_minor"], [part["status"] for part in now["installments"]]))
        refs = {one["payment_id"]: one["source_ref"] for one in payments} | {
            payment_id: ref for ref, payment_id in self.ids.items()
        }
        names = ("balance_minor", "past_due_minor", "days_past_due", "oldest_unpaid_due_on", "bucket", "stage")
        told = [body for _, body in self.book.published(*_STATES) if body["account_id"] == found["account_id"]][-1]
        # Days past due run on by themselves: they are told again when bucket or stage change.
        told_wrong = {name for name in names if told[name] != found[name]} - {"days_past_due"}
        assert not told_wrong, "others were told something else"
        return {
            "standing": tuple(found[name] for name in names),
            "dues": await self.book.dues(account.number),
            "queue": found["queue"],
            "words": words,
            # Under the references of the story: ids differ from telling to telling.
            "payments": sorted((refs[one["payment_id"]], one["amount_minor"], one["status"]) for one in payments),
        }
