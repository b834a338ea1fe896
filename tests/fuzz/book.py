"""The book that requests are sent to: one creditor with accounts, payments, contacts, decisions and searches."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tests.e2e.bank import Bank, open_bank
from tests.e2e.stack_operator import Operator
from tests.fuzz import files
from tests.fuzz.contacted import MEMBERS, Ids, Members, member
from tests.fuzz.filled import TODAY, fill

_LISTS = (
    ("payment_id", "payments", "/v1/payments", "payment_id"),
    ("promise_id", "payments", "/v1/promises", "id"),
    ("arrangement_id", "payments", "/v1/arrangements", "id"),
    ("work_item_id", "accounts", "/v1/queues/arrangement_follow_up/items", "work_item_id"),
)


@dataclass(frozen=True, slots=True)
class Book:
    """A creditor, and what stands there by the name of the parameter or field that means it."""

    creditor: UUID
    ids: Ids


async def make_book(operator: Operator, accounts: int) -> Book:
    """Fill the book of a new creditor."""
    async with open_bank(operator) as bank:
        await fill(bank, accounts, [member(bank, n) for n in range(MEMBERS)])
        ids = {"creditor_id": [str(bank.creditor)]} | await Members(bank).live() | await _money(bank)
        return Book(bank.creditor, ids)


async def _money(bank: Bank) -> Ids:
    ids = {}
    for name, service, path, field in _LISTS:
        answer = await bank.call("supervisor", "GET", service, path)
        ids[name] = [item[field] for item in answer.json()["items"]]
        assert ids[name], f"{path} is empty"
    return ids | {"file_id": [await _returned(bank)]}


async def _returned(bank: Bank) -> str:
    """A file that returns one debit, and one that nobody knows."""
    trace, amount = "091000010000042", 12_500
    await bank.post_payment("A-0", amount, TODAY, ach_trace=trace)
    answer = await files.send_returns(
        bank, files.returns([trace, "091000010000043"], amount, date.fromisoformat(TODAY), "BOOK")
    )
    assert answer.status_code == 201, answer.text
    file_id: str = answer.json()["file_id"]
    return file_id
