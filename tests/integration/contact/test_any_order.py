"""The same messages in any order, some twice, end in the same parties, contact points and standings."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from services.contact.handlers.marks import OptOutSaid, opt_out
from shared.events.compliance import ConsentState
from shared.events.skiptrace import ContactPointsFound, ContactPointVerified
from shared.messaging.message import RawMessage
from tests.conftest import GetEngine
from tests.integration.contact.house import NOON, House, open_house

_OF = "creditor_id = '{creditor}'"
_TABLES = {
    "account_part": f"party_id IN (SELECT party_id FROM party_view WHERE {_OF})",
    **dict.fromkeys(
        (
            "creditor_view",
            "account_view",
            "party_view",
            "found_view",
            "contact_point",
            "point_standing",
            "consent_view",
        ),
        _OF,
    ),
}
"""Each with what makes a row one of the creditor's."""


@pytest_asyncio.fixture(scope="module")
async def services(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[House]:
    async with open_house(service_engine, issuer) as made:
        yield made


def consent(house: House, **facts: Any) -> RawMessage:
    """A person has agreed to texts at a1's number at NOON, and perhaps has taken that back."""
    state = {
        "consent_id": uuid4(), "creditor_id": house.creditor, "party_id": house.party("a1"), "channel": "sms",
        "purpose": "contact", "contact_point_id": house.phone("a1"), "basis": "direct", "granted_at": NOON,
    } | facts  # fmt: skip
    is_over = state.get("revoked_at") is not None
    payload = ConsentState.model_validate(state)
    return house.message(f"consent.{'revoked' if is_over else 'granted'}", payload, 2 if is_over else 1)


def history(house: House) -> list[RawMessage]:
    """Two states of everything, a find and its correction, a verification, another person's part."""
    found = {
        "contact_point_id": str(house.phone("b2")), "kind": "phone", "value": house.number("a1"), "label": "other",
        "source": "vendor", "first_seen_on": None, "last_seen_on": None, "confidence": 70, "status": "unverified",
        "found_at": NOON,
    }  # fmt: skip
    party = {"creditor_id": house.creditor, "party_id": house.party("a1")}
    finds = [
        ContactPointsFound.model_validate(party | {"contact_points": points})
        for points in ([found], [found | {"confidence": 90}], [])
    ]
    verified = ContactPointVerified.model_validate(
        party
        | {
            "account_id": house.account("a1"), "skip_trace_id": uuid4(), "contact_point_id": house.phone("a1"),
            "kind": "phone", "method": "document", "verified_at": NOON + timedelta(hours=1),
        }
    )  # fmt: skip

    def parts(*roles: str) -> list[dict[str, Any]]:
        return [{"account_id": house.account(role), "role": role} for role in roles]

    agreed = uuid4()
    return [
        consent(house, consent_id=agreed),
        consent(house, consent_id=agreed, revoked_at=NOON + timedelta(hours=1)),
        house.creditor_message(1),
        house.creditor_message(2),
        house.account_message("a1", version=1),
        house.account_message("a1", version=2, past_due_minor=0),
        house.party_message("a1", version=1),
        house.party_message("a1", version=2, family_name="Roe", contact_points=[], accounts=parts("primary", "joint")),
        house.party_message("a1", version=3, family_name="Poe", accounts=parts("joint")),
        *(house.message("contact_point.found", state, version) for version, state in enumerate(finds, start=1)),
        house.message("contact_point.verified", verified),
    ]


async def state(engine: AsyncEngine, creditor: UUID) -> dict[str, list[dict[str, Any]]]:
    async with engine.connect() as connection:
        found = {}
        for table, is_ours in _TABLES.items():
            rows = await connection.exec_driver_sql(f"SELECT * FROM {table} WHERE {is_ours.format(creditor=creditor)}")
            found[table] = sorted((dict(row) for row in rows.mappings().all()), key=str)
        return found


@pytest.mark.parametrize("order", list(permutations(range(2))))
async def test_nothing_that_was_found_for_an_erased_party_stays(services: House, order: tuple[int, ...]) -> None:
    house = replace(services, creditor=uuid4())
    applier, _topics = house.appliers["contact"]
    found, _, taken_back = (one for one in history(house) if one.topic == "contact_point.found")
    await applier.apply([house.creditor_message(1), house.party_message("a1", version=1)])
    later = [house.erasure("a1"), found]
    for message in [*(later[place] for place in order), taken_back]:
        await applier.apply([message])
    left = await state(house.engine, house.creditor)
    assert left["contact_point"] == []


HOUR = timedelta(hours=1)
AGREED: dict[str, Any] = {}
REVOKED = {"revoked_at": NOON + 2 * HOUR}


@pytest.mark.parametrize(
    ("steps", "is_refused"),
    [
        ([NOON - HOUR, AGREED], False),
        ([NOON, AGREED], True),
        ([NOON - HOUR, AGREED, NOON + HOUR], True),
        ([NOON - 2 * HOUR, NOON - HOUR, AGREED], False),
        ([NOON - HOUR, AGREED, REVOKED], True),
        ([NOON - HOUR, {"channel": "any", "contact_point_id": None}], False),
        ([NOON - HOUR, {"basis": "consumer_used"}], False),
        ([NOON - HOUR, {"basis": "prior_collector"}], True),
        ([NOON - HOUR, {"channel": "phone"}], True),
        ([NOON - HOUR, {"purpose": "automated"}], True),
        ([NOON - HOUR, {"contact_point_id": uuid4()}], True),
        ([NOON - HOUR, {"party_id": uuid4()}], True),
        ([NOON - HOUR, {"ends_on": "2026-03-12"}], True),
        ([NOON - HOUR, {"granted_at": None, "basis": "refused", "revoked_at": NOON}], True),
    ],
)
async def test_the_later_of_a_refusal_and_the_persons_own_consent_holds_in_any_order(
    services: House, steps: list[Any], is_refused: bool
) -> None:
    applier, _topics = services.appliers["contact"]
    for order in permutations(steps):
        house, consent_id = await replace(services, creditor=uuid4()).open("a1"), uuid4()
        for one in (*order, order[0]):
            if isinstance(one, dict):
                await applier.apply([consent(house, consent_id=consent_id, **one)])
            else:
                said = OptOutSaid("sms", "phone", house.number("a1"), "reply", one)
                transactions = house.app.state.desk.permits._transactions
                await transactions.write(lambda tx, said=said: opt_out(tx, [said]))
        [phone] = [
            point
            for point in (await house.get("/v1/contact-points", party_id=str(house.party("a1")))).json()["items"]
            if point["kind"] == "phone"
        ]
        assert ("sms" in phone["opted_out"]) == is_refused


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_of_the_same_messages_ends_in_the_same_state(services: House, seed: int) -> None:
    house = replace(services, creditor=uuid4())
    messages = history(house)
    applier, topics = house.appliers["contact"]
    await applier.apply([message for message in messages if message.topic in topics])
    expected = await state(house.engine, house.creditor)
    assert expected["point_standing"]
    assert [row["role"] for row in expected["account_part"]] == ["joint"]
    async with house.engine.begin() as connection:
        for table, is_ours in _TABLES.items():
            await connection.exec_driver_sql(f"DELETE FROM {table} WHERE {is_ours.format(creditor=house.creditor)}")
        await connection.exec_driver_sql("DELETE FROM inbox")
    chance = random.Random(seed)
    shuffled = messages + chance.sample(messages, 4)
    chance.shuffle(shuffled)
    while shuffled:
        size = chance.randint(1, 5)
        batch, shuffled = shuffled[:size], shuffled[size:]
        await applier.apply(batch)
    got = await state(house.engine, house.creditor)
    # A point that was found and withdrawn before the core named it is kept only where its finding was seen.
    for both in (got, expected):
        both["contact_point"] = [row for row in both["contact_point"] if row["is_in_core"] or row["found_by"]]
    assert got == expected
