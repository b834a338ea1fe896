"""The book that requests are sent to: one creditor with accounts, payments, contacts, decisions and searches."""

from dataclasses import dataclass
from uuid import UUID

from tests.e2e.bank import Bank, open_bank
from tests.e2e.stack_operator import Operator
from tests.fuzz.contacted import MEMBERS, Ids, Members, member
from tests.fuzz.filled import fill

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
    return ids
