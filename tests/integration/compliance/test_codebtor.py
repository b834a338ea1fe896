"""A bankruptcy of one debtor stops contacts with another of the same debt: rule bk.codebtor, 11 USC 1301."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from services.compliance.domain.decide import decide
from services.compliance.domain.evaluate import Outcome
from services.compliance.domain.facts import Channel, Purpose, Request
from services.compliance.store.facts import load_facts
from services.compliance.store.shipped import shipped_rules
from shared.clock import SystemClock
from shared.db.transaction import open_transaction
from shared.ids import new_id
from tests.conftest import GetEngine

NOON = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def engine(service_engine: GetEngine) -> AsyncEngine:
    return await service_engine("compliance")


async def _result(engine: AsyncEngine, *, asked: UUID, account: UUID) -> Outcome:
    request = Request(asked, (account,), Channel.LETTER, None, Purpose.COLLECTION, NOON)
    async with open_transaction(engine, SystemClock()) as tx:
        known = await load_facts(tx, [asked], [account], NOON, reach=timedelta())
    found = decide(request, known.of(request), shipped_rules()).rules
    return next(each.outcome for each in found if each.rule.rule_id == "bk.codebtor")


@pytest.mark.parametrize("names_the_account", [True, False])
async def test_the_stay_of_the_first_debtor_holds_for_the_second(engine: AsyncEngine, names_the_account: bool) -> None:
    creditor, first, second, account, other = (new_id() for _ in range(5))
    async with open_transaction(engine, SystemClock()) as tx:
        await tx.execute("INSERT INTO creditor_view VALUES ($1, 1, 'creditor', 'America/Chicago')", creditor)
        for each, owner in ((account, first), (other, second)):
            await tx.execute(
                "INSERT INTO account_view VALUES ($1, $2, $3, 1, 'closed_end_loan', 'open', 10000, NULL)",
                each, creditor, owner,
            )  # fmt: skip
        await tx.commit()
    assert await _result(engine, asked=second, account=account) is Outcome.ALLOW
    async with open_transaction(engine, SystemClock()) as tx:
        await tx.execute(
            "INSERT INTO restriction (restriction_id, creditor_id, party_id, account_ids, kind, effective_on,"
            " effective_at, is_written, evidence, source, placed_at, placed_by, version)"
            " VALUES ($1, $2, $3, $4, 'bankruptcy_stay', $5, $6, true, '{}', 'person', $6, 'a person', 1)",
            new_id(), creditor, first, [account] if names_the_account else [], date(2026, 11, 1),
            datetime(2026, 11, 1, tzinfo=UTC),
        )  # fmt: skip
        await tx.commit()
    assert await _result(engine, asked=second, account=account) is Outcome.BLOCK
    assert await _result(engine, asked=second, account=other) is Outcome.ALLOW
