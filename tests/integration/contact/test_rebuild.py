"""Facts explain every view: built anew from the topics, what contact knows of others is what it was."""

from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import asyncpg
import pytest_asyncio

from deploy.local.issuer import Issuer
from services.contact.app import SERVICE
from shared.db.engine import engine_for
from shared.events.compliance import ConsentState
from shared.messaging.message import RawMessage
from shared.messaging.rebuild import RebuildReport, rebuild
from tests.conftest import GetDatabase, GetEngine
from tests.integration.contact.house import NOON, House, open_house


@pytest_asyncio.fixture
async def house(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[House]:
    async with open_house(service_engine, issuer) as made:
        yield made


async def _rebuild(
    house: House, get_database: GetDatabase, told: Sequence[RawMessage], *, check: bool
) -> RebuildReport:
    assert SERVICE.rebuild is not None
    how = SERVICE.rebuild(house.settings)
    engine = engine_for((await get_database("contact")).owner_dsn)

    async def history() -> AsyncIterator[Sequence[RawMessage]]:
        yield [message for message in told if message.topic in how.topics]

    async def is_at_rest() -> bool:
        return True

    try:
        return await rebuild(engine, house.clock, how, history, check=check, is_at_rest=is_at_rest)
    finally:
        await engine.dispose()


def consents(house: House) -> list[RawMessage]:
    """Texts agreed to and then revoked, e-mails agreed to, calls refused."""
    of = {"creditor_id": house.creditor, "party_id": house.party("a1"), "purpose": "contact", "basis": "direct"}
    texts, emails, calls = (
        of | {"consent_id": uuid4(), "channel": channel, "granted_at": NOON} for channel in ("sms", "email", "phone")
    )
    refused = calls | {"granted_at": None, "revoked_at": NOON, "basis": "refused"}
    return [
        house.message("consent.revoked", ConsentState.model_validate(texts | {"revoked_at": NOON}), 2),
        house.message("consent.granted", ConsentState.model_validate(texts), 1),
        house.message("consent.granted", ConsentState.model_validate(emails), 1),
        house.message("consent.revoked", ConsentState.model_validate(refused), 1),
    ]


async def test_a_book_built_anew_is_the_same_and_a_spoilt_row_is_named_and_put_right(
    house: House, service_database: GetDatabase
) -> None:
    told = [house.creditor_message(), house.party_message("a1"), house.account_message("a1"), *consents(house)]
    await house.appliers["contact"][0].apply(told)
    report = await _rebuild(house, service_database, told, check=True)
    assert (report.messages, report.differing, report.differences) == (len(told), 0, [])
    owner = await asyncpg.connect((await service_database("contact")).owner_dsn)
    try:
        assert await owner.execute("UPDATE consent_view SET revoked_at = NULL") == "UPDATE 2"
        await owner.execute("UPDATE party_view SET city = 'Nowhere' WHERE party_id = $1", house.party("a1"))
    finally:
        await owner.close()
    report = await _rebuild(house, service_database, told, check=False)
    assert {each.table for each in report.differences} == {"party_view", "consent_view"}
    assert (await _rebuild(house, service_database, told, check=True)).differing == 0
