"""The books at the end of the month: what the checker says of them, and what only the demo knows.

The demo knows what its core has sent, and how many messages it has poisoned.
"""

from collections.abc import Iterable
from typing import Any

import asyncpg

from deploy.local.books.difference import Check as Checked
from deploy.local.books.verify import Verdict
from deploy.local.demo.cards import MINOR_PER_UNIT
from deploy.local.demo.doors import CREDITOR
from deploy.local.demo.plan import Plan

Check = tuple[str, str, bool]
"""A sentence, what was found, and whether it holds."""


async def count_payments(payments_url: str) -> int:
    """How many payments of the demo's creditor there are."""
    payments = await asyncpg.connect(payments_url)
    try:
        count: int = await payments.fetchval("SELECT count(*) FROM payment WHERE creditor_id = $1", CREDITOR)
    finally:
        await payments.close()
    return count


def check_books(verdict: Verdict, plan: Plan, poisoned: int) -> list[Check]:
    """Every check, the demo's own first."""
    return [
        _every_payment_is_posted(verdict, plan),
        _only_the_poison_is_parked(verdict, poisoned),
        *told(verdict.checks),
    ]


def told(checks: Iterable[Checked]) -> list[Check]:
    """Checks as the summary tells them."""
    return [
        (check.name, f"{check.examined:,} looked at, {len(check.differences)} differ", not check.differences)
        for check in checks
    ]


def _every_payment_is_posted(verdict: Verdict, plan: Plan) -> Check:
    sent = {payment.source_ref: payment.amount_minor for payment in plan.all_payments}
    posted = {row["source_ref"]: row["amount_minor"] for row in verdict.facts.rows.payments["payment"]}
    unapplied = sum(row["status"] == "unapplied" for row in verdict.facts.rows.payments["payment"])
    found = f"{len(sent):,} sent, {len(posted):,} posted, {unapplied} unapplied"
    return ("every payment that the core sent is posted", found, sent == posted and not unapplied)


def _only_the_poison_is_parked(verdict: Verdict, poisoned: int) -> Check:
    found = dead_letters(verdict)
    return ("only the poisoned messages are parked", f"{found} dead letters", found == poisoned)


def dead_letters(verdict: Verdict) -> int:
    """How many messages are parked; poison that a killed demo sent twice (the same bytes) counts once."""
    rows = verdict.facts.rows
    return len({row["value"] for tables in (rows.payments, rows.accounts) for row in tables["dead_letter"]})


def figures(verdict: Verdict) -> dict[str, Any]:
    """What the summary tells of the money."""
    payments = verdict.facts.rows.payments["payment"]
    total = sum(row["amount_minor"] for row in payments)
    return {
        "payments posted": f"{len(payments):,}",
        "money received": f"{total // MINOR_PER_UNIT:,}.{total % MINOR_PER_UNIT:02d}",
        "payments reversed by the return file": len(verdict.facts.reversals),
    }
