"""Checks the books at the end of the month: from the raw facts in both databases, in code of its own.

Each check is a sentence, what was found, and whether it holds. A full recomputation of days past due, buckets and
queues is not done here.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from deploy.local.demo.bank import Stories
from deploy.local.demo.cards import MINOR_PER_UNIT
from deploy.local.demo.doors import CREDITOR
from deploy.local.demo.plan import POISON_KEY, Plan

Check = tuple[str, str, bool]

_PAYMENTS = """
SELECT p.payment_id, p.account_id, p.source_ref, p.amount_minor, p.status,
       (SELECT coalesce(sum(a.amount_minor), 0)::bigint
        FROM allocation a WHERE a.payment_id = p.payment_id) AS allocated
FROM payment p WHERE p.creditor_id = $1"""
_REVERSALS = "SELECT payment_id, amount_minor FROM reversal WHERE creditor_id = $1"
_ENTRIES = "SELECT payment_id, account_id, amount_minor FROM entry WHERE creditor_id = $1"
_ACCOUNTS = """
SELECT a.account_id, a.balance_minor, s.balance_minor AS opening
FROM account a
JOIN LATERAL (SELECT balance_minor FROM account_snapshot s WHERE s.account_id = a.account_id AND NOT s.is_absent
              ORDER BY business_date DESC LIMIT 1) s ON true
WHERE a.creditor_id = $1"""
# A demo that was killed may have sent its poison twice: the same bytes count once.
_DEAD = "SELECT count(DISTINCT value) FROM dead_letter WHERE creditor_id = $1 OR key = $2"
_WAITING = "SELECT count(*) FROM outbox"


@dataclass(frozen=True, slots=True)
class Books:
    """Both services' facts about the demo's creditor."""

    payments: list[asyncpg.Record]
    reversals: dict[UUID, int]
    entries: dict[UUID, tuple[UUID, int]]
    taken_back: dict[UUID, int]
    accounts: list[asyncpg.Record]
    dead_letters: int
    waiting: int


async def read_books(payments_url: str, accounts_url: str) -> Books:
    """Reads every fact. Both databases must be at rest."""
    payments, accounts = await asyncpg.connect(payments_url), await asyncpg.connect(accounts_url)
    try:
        return Books(
            payments=await payments.fetch(_PAYMENTS, CREDITOR),
            reversals={row["payment_id"]: row["amount_minor"] for row in await payments.fetch(_REVERSALS, CREDITOR)},
            entries={
                row["payment_id"]: (row["account_id"], row["amount_minor"])
                for row in await accounts.fetch(_ENTRIES, CREDITOR)
            },
            taken_back={row["payment_id"]: row["amount_minor"] for row in await accounts.fetch(_REVERSALS, CREDITOR)},
            accounts=await accounts.fetch(_ACCOUNTS, CREDITOR),
            dead_letters=sum(
                [await database.fetchval(_DEAD, CREDITOR, POISON_KEY) for database in (payments, accounts)]
            ),
            waiting=await payments.fetchval(_WAITING) + await accounts.fetchval(_WAITING),
        )
    finally:
        await payments.close()
        await accounts.close()


async def count_payments(payments_url: str) -> int:
    """How many payments of the demo's creditor there are."""
    payments = await asyncpg.connect(payments_url)
    try:
        count: int = await payments.fetchval("SELECT count(*) FROM payment WHERE creditor_id = $1", CREDITOR)
    finally:
        await payments.close()
    return count


def check_books(books: Books, plan: Plan) -> list[Check]:
    """Every check, in the order in which a bookkeeper would make them."""
    return [
        _every_payment_is_posted_once(books, plan),
        _every_payment_is_allocated_exactly(books),
        _the_ledger_has_each_payment_once(books),
        _reversals_agree(books),
        _balances_equal_the_ledger(books),
        ("no event is still waiting to be sent", f"{books.waiting} waiting", books.waiting == 0),
    ]


def _every_payment_is_posted_once(books: Books, plan: Plan) -> Check:
    sent = {payment.source_ref: payment.amount_minor for payment in plan.all_payments}
    posted: dict[str, list[int]] = defaultdict(list)
    for row in books.payments:
        posted[row["source_ref"]].append(row["amount_minor"])
    wrong = [ref for ref in sent.keys() | posted.keys() if posted.get(ref) != [sent.get(ref)]]
    unapplied = sum(row["status"] == "unapplied" for row in books.payments)
    found = f"{len(sent)} sent, {len(books.payments)} posted, {len(wrong)} differ, {unapplied} unapplied"
    return ("every payment that the core sent is posted once", found, not wrong and not unapplied)


def _every_payment_is_allocated_exactly(books: Books) -> Check:
    total = sum(row["amount_minor"] for row in books.payments)
    allocated = sum(row["allocated"] for row in books.payments)
    wrong = sum(row["allocated"] != row["amount_minor"] for row in books.payments)
    found = f"{_units(total)} paid, {_units(allocated)} allocated, {wrong} differ"
    return ("every payment is allocated exactly", found, wrong == 0)


def _the_ledger_has_each_payment_once(books: Books) -> Check:
    posted = {row["payment_id"]: (row["account_id"], row["amount_minor"]) for row in books.payments}
    lost, extra = posted.keys() - books.entries.keys(), books.entries.keys() - posted.keys()
    wrong = sum(posted[key] != books.entries[key] for key in posted.keys() & books.entries.keys())
    found = f"{len(lost)} lost, {len(extra)} too many, {wrong} differ"
    return ("the ledger of accounts has each posted payment once", found, not lost and not extra and not wrong)


def _reversals_agree(books: Books) -> Check:
    marked = {row["payment_id"] for row in books.payments if row["status"] == "reversed"}
    agree = books.reversals == books.taken_back and marked == books.reversals.keys()
    found = f"{len(books.reversals)} reversed, {len(books.taken_back)} taken back from the ledger"
    return ("each reversal is taken back once", found, agree)


def _balances_equal_the_ledger(books: Books) -> Check:
    ledger: dict[UUID, int] = defaultdict(int)
    for payment_id, (account_id, amount) in books.entries.items():
        ledger[account_id] += amount - books.taken_back.get(payment_id, 0)
    wrong = [row for row in books.accounts if row["balance_minor"] != row["opening"] - ledger[row["account_id"]]]
    found = f"{len(books.accounts)} accounts, {len(wrong)} differ"
    return ("every balance equals its ledger", found, bool(books.accounts) and not wrong)


def dead_letters(books: Books, expected: int) -> Check:
    """The poisoned messages are parked, and nothing else is."""
    return (
        "only the poisoned messages are parked",
        f"{books.dead_letters} dead letters",
        books.dead_letters == expected,
    )


def _units(minor: int) -> str:
    return f"{minor // MINOR_PER_UNIT:,}.{minor % MINOR_PER_UNIT:02d}"


def figures(books: Books) -> dict[str, Any]:
    """What the summary tells of the money."""
    total = sum(row["amount_minor"] for row in books.payments)
    return {"payments posted": f"{len(books.payments):,}", "money received": _units(total)}


def events_match(books: Books, stories: Stories) -> Check:
    """Every posted payment and every reversal was published, and nothing else was."""
    posted = {row["payment_id"] for row in books.payments if row["status"] != "unapplied"}
    agree = posted == stories.posted and books.reversals.keys() == stories.reversed
    found = f"{len(stories.posted)} payments and {len(stories.reversed)} reversals in the topics"
    return ("the topics tell the same story", found, agree)
