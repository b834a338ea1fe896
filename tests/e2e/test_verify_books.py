"""The checker of the books on a real small book: it finds nothing, and one row changed by SQL is named exactly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.books.rest import CannotCheckError
from deploy.local.books.topics import History
from deploy.local.books.verify import Place, check_all, read_books, verify_books
from deploy.local.verify_books import place_of, reader_token
from tests.e2e.bank import LOAN, Bank, Json, open_bank
from tests.e2e.stack_operator import Operator

CARD: Json = {
    **{name: LOAN[name] for name in ("currency", "parties")},
    "core_account_number": "C-1",
    "product_class": "credit_card",
    "balance_minor": 1_200_000,
    "past_due_minor": 40_000,
    "oldest_unpaid_due_on": "2025-11-20",
    "credit_limit_minor": 1_000_000,
}


@dataclass(frozen=True)
class Book:
    """What was lived through, with the ids that the changes below need."""

    bank: Bank
    ids: dict[str, str]

    async def differences(self) -> list[tuple[str, str]]:
        """(subject, field) of each difference that the checker names."""
        place = _place(self.bank)
        verdict = await verify_books(place, creditor_id=self.bank.creditor)
        return [(one.subject, one.field) for one in verdict.differences]

    @asynccontextmanager
    async def changed(self, service: str, table: str, key: tuple[str, str], **values: Any) -> AsyncIterator[None]:
        """One row is otherwise for a while. Values are SQL."""
        async with _connected(self.bank, service) as database:
            where = f"WHERE {key[0]} = $1"
            before = await database.fetchrow(f"SELECT * FROM {table} {where}", UUID(key[1]))
            await database.execute(
                f"UPDATE {table} SET {', '.join(f'{name} = {value}' for name, value in values.items())} {where}",
                UUID(key[1]),
            )
            try:
                yield
            finally:
                names = list(values)
                setters = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, start=2))
                await database.execute(
                    f"UPDATE {table} SET {setters} {where}", UUID(key[1]), *[before[name] for name in names]
                )


def _place(bank: Bank) -> Place:
    stack = bank.operator.stack
    return place_of(stack, reader_token(stack, bank.creditor))


@asynccontextmanager
async def _connected(bank: Bank, service: str) -> AsyncIterator[asyncpg.Connection]:
    database = await asyncpg.connect(bank.operator.stack.database(service).service_dsn)
    try:
        yield database
    finally:
        await database.close()


@pytest_asyncio.fixture(scope="module")
async def book(operator: Operator) -> AsyncIterator[Book]:
    """A month of three accounts: promises, an arrangement, payments of the core and of ours, a return, poison."""
    async with open_bank(operator) as bank:
        await bank.import_close("2026-01-31", LOAN, CARD, {**LOAN, "core_account_number": "L-2"})
        terms = {"installments": [{"due_on": "2026-02-05", "amount_minor": 25_000}]}
        arrangement = await bank.undertake("arrangements", "L-1", terms)
        promise = await bank.undertake("promises", "C-1", {"due_on": "2026-02-03", "amount_minor": 40_000})
        paid = await bank.post_payment("L-1", 25_000, "2026-01-31")
        await bank.publish_payments(
            bank.payment("L-2", 25_000, "2026-02-01", "P-1"),
            bank.payment("C-1", 10_000, "2026-02-02", "P-2"),
            bank.payment("L-1", 25_000, "2026-02-01", paid["payment_id"]),
        )
        await bank.publish("core.payment.received", ("L-9", b'{"creditor_id": "'))
        await bank.open_date("2026-02-02")
        await bank.account_where("C-1", balance_minor=1_190_000)
        back = bank.payment("L-2", 25_000, "2026-02-02", "R-1", reversal_of="P-1", reason="nsf")
        await bank.publish_payments(back)
        await bank.open_date("2026-02-10")
        await bank.obligation_where("promises", promise, "partially_kept")
        await bank.account_where("L-2", balance_minor=500_000)
        await bank.account_where("C-1", queue="broken_promise")
        yield Book(bank, {"arrangement": arrangement["id"], "promise": promise["id"], "paid": paid["payment_id"]})


async def test_nothing_differs_on_a_book_that_nobody_touched(book: Book) -> None:
    assert await book.differences() == []


async def test_a_changed_row_is_named_and_nothing_else_is(book: Book) -> None:
    account, subject = ("account_id", book.bank.account_id("C-1")), "account C-1"
    loan = ("account_id", book.bank.account_id("L-1"))
    async with book.changed("accounts", "account", account, balance_minor="balance_minor + 1"):
        assert await book.differences() == [(subject, "balance_minor")]
    async with book.changed("accounts", "account", account, bucket="'b1_29'"):
        assert await book.differences() == [(subject, "bucket")]
    async with book.changed("accounts", "account", account, stage="'mid'"):
        assert await book.differences() == [(subject, "stage")]
    async with book.changed("accounts", "account", account, queue="'mid'"):
        assert await book.differences() == [(subject, "queue")]
    async with book.changed("payments", "account_view", loan, balance_minor="0"):
        assert await book.differences() == [("account L-1", "balance_minor")]
    key = ("arrangement_id", book.ids["arrangement"])
    async with book.changed("payments", "arrangement", key, status="'active'"):
        assert await book.differences() == [(f"account L-1, arrangement {key[1]}", "status")]
    key = ("promise_id", book.ids["promise"])
    async with book.changed("accounts", "promise_view", key, status="'kept'"):
        assert await book.differences() == [(f"{subject}, promise {key[1]}", "status")]


async def test_a_changed_posting_is_named_and_nothing_else_is(book: Book) -> None:
    key, subject = ("payment_id", book.ids["paid"]), f"payment {book.ids['paid']}"
    async with book.changed("payments", "allocation", key, amount_minor="amount_minor - 1"):
        found = await book.differences()
        assert set(found) == {(subject, "allocation")}, "it sums to another amount, and was published otherwise"
    async with book.changed("accounts", "entry", key, amount_minor="1"):
        assert await book.differences() == [(subject, "amount_minor")]


async def test_a_missing_entry_and_a_missing_event_are_named(book: Book) -> None:
    subject = f"payment {book.ids['paid']}"
    place = _place(book.bank)
    facts, answers = await read_books(place, book.bank.creditor, 30)

    def differences() -> list[tuple[str, str]]:
        return [(one.subject, one.field) for check in check_all(facts, answers) for one in check.differences]

    assert differences() == []
    entries = facts.rows.accounts["entry"]
    facts.rows.accounts["entry"] = [row for row in entries if str(row["payment_id"]) != book.ids["paid"]]
    assert differences() == [(subject, "entry")]
    facts.rows.accounts["entry"] = entries
    posted = [
        message for message in facts.history.of("payment.posted") if message.body["payment_id"] == book.ids["paid"]
    ]
    assert len(posted) == 2, "it is told again once the core has booked it"
    messages = dict(facts.history.messages)
    messages["payment.posted"] = [message for message in messages["payment.posted"] if message not in posted]
    facts.history = History(messages, is_whole=True)
    assert differences() == [(subject, "payment.posted")]


async def test_it_says_so_when_it_cannot_check(book: Book) -> None:
    place = _place(book.bank)
    with pytest.raises(CannotCheckError, match="does not answer"):
        await verify_books(replace(place, accounts_url="http://127.0.0.1:1"), creditor_id=book.bank.creditor)
    async with _connected(book.bank, "payments") as database:
        await database.execute(
            "INSERT INTO job (job_id, kind, dedupe_key, status, not_before)"
            " VALUES (gen_random_uuid(), 'never', 'never', 'queued', now() + interval '1 day')"
        )
        try:
            with pytest.raises(CannotCheckError, match="payments runs the job never"):
                await verify_books(place, creditor_id=book.bank.creditor, wait_s=0.5)
        finally:
            await database.execute("DELETE FROM job WHERE kind = 'never'")
