"""A book with something of everything, so that bad input meets real rows: made through the doors, in a few seconds."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from tests.e2e.bank import Bank, Json, eventually

CLOSE = "2026-01-31"
TODAY = "2026-02-02"
_PRODUCTS = ("closed_end_loan", "credit_card", "mortgage", "share_negative", "commercial")


def rows(count: int, prefix: str = "A-") -> list[Json]:
    """So many accounts of all products, each 2 to 120 days past due."""
    return [_row(f"{prefix}{n}", n) for n in range(count)]


def _row(number: str, n: int) -> Json:
    row: Json = {
        "core_account_number": number,
        "product_class": _PRODUCTS[n % 5],
        "currency": "USD",
        "balance_minor": 500_000 + 10_000 * (n % 90),
        "past_due_minor": 25_000,
        "oldest_unpaid_due_on": f"{2025 + (n % 4 == 0)}-{1 if n % 4 == 0 else 9 + n % 4:02}-{1 + n % 28:02}",
        "parties": [{"party_number": f"P-{n}", "role": "primary", "given_name": "Ana", "family_name": "Diaz"}],
    }
    if row["product_class"] == "share_negative":
        row |= {"frequency": "once", "past_due_minor": row["balance_minor"]}
    else:
        row |= {"frequency": "monthly", "installment_minor": 25_000}
    return row


async def fill(bank: Bank, accounts: int, members: Sequence[Json] = ()) -> None:
    """Accounts, and on every few of them payments, promises, arrangements, pauses; queues are filled by themselves.

    `members`: who the first of the debtors are, more exactly.
    """
    book = rows(accounts)
    book = [row | {"parties": [who]} for row, who in zip(book, members, strict=False)] + book[len(members) :]
    await bank.import_close(CLOSE, *book)
    await bank.open_date(TODAY)
    numbers = [row["core_account_number"] for row in book]
    await eventually(
        lambda: bank.call("collector", "GET", "payments", "/v1/payments"), lambda answer: answer.is_success
    )
    terms: Json = {"due_on": "2026-02-20", "amount_minor": 25_000}
    for number in numbers[::10]:
        await bank.undertake("promises", number, terms)
    for number in numbers[5::20]:
        await bank.undertake("arrangements", number, {"installments": [terms, terms | {"due_on": "2026-03-20"}]})
    paid = [await bank.post_payment(number, 1_000 + n, TODAY) for n, number in enumerate(numbers[::7])]
    for payment in paid[::5]:
        await _done(
            bank,
            "supervisor",
            "payments",
            f"/v1/payments/{payment['payment_id']}/reversals",
            {"reason": "nsf", "effective_on": TODAY},
        )
    for number in numbers[3::50]:
        pause = {"starts_on": "2026-01-05", "ends_on": "2026-01-15", "reason": "relief", "evidence": str(uuid4())}
        await _done(bank, "supervisor", "accounts", f"/v1/accounts/{bank.account_id(number)}/pauses", pause)
    await asyncio.gather(*(bank.account_where(number, queue="arrangement_follow_up") for number in numbers[::100]))


async def _done(bank: Bank, role: str, service: str, path: str, body: Any) -> None:
    answer = await bank.call(role, "POST", service, path, json=body)
    assert answer.is_success, answer.text
