"""What contact and skiptrace learn reaches a decision: numbers given in a talk, and third parties who were asked."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from services.compliance.store.facts import load_facts
from shared.clock import SystemClock
from shared.db.transaction import open_transaction
from tests.conftest import GetEngine
from tests.integration.compliance.contact_desk import Desk, open_desk, rules_against

ALLOWED = {"allow", "allow_with"}
GIVEN = "+12125550199"


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("compliance"), issuer) as made:
        yield await made.open("A")


async def test_a_number_that_was_given_in_a_talk_may_be_called(desk: Desk) -> None:
    point = str(desk.phone("A", GIVEN))
    assert (await desk.decide("A", contact_point_id=point))["outcome"] == "needs_review"
    await desk.feed(desk.given("A", GIVEN))
    assert (await desk.decide("A", contact_point_id=point))["outcome"] in ALLOWED


async def test_an_opt_out_of_a_value_holds_for_whoever_is_given_it_later(desk: Desk) -> None:
    await desk.feed(desk.party_message("B", phones=(GIVEN,)), desk.opted_out("B", value=GIVEN), desk.given("A", GIVEN))
    refused = await desk.decide("A", channel="sms", contact_point_id=str(desk.phone("A", GIVEN)))
    assert "regf.optout" in rules_against(refused)


async def test_an_erasure_forgets_what_was_given(desk: Desk) -> None:
    await desk.feed(desk.given("A", GIVEN), desk.erasure("A", "contact_point.given"))
    left = await desk.query(
        f"SELECT count(*) FROM contact_point WHERE party_id = '{desk.party('A')}' AND source = 'given'"
    )
    assert left == [(0,)]


async def _neighbour(desk: Desk, person: UUID) -> dict[str, Any]:
    return await desk.decide("A", role="auditor", purpose="location", recipient="third_party", recipient_id=str(person))


async def test_a_third_party_who_was_asked_through_skiptrace_is_not_asked_again(desk: Desk) -> None:
    person, other = uuid4(), uuid4()
    assert (await _neighbour(desk, person))["outcome"] in ALLOWED
    await desk.feed(desk.inquiry("A", person))
    assert "regf.location.once" in rules_against(await _neighbour(desk, person))
    assert (await _neighbour(desk, other))["outcome"] in ALLOWED
    await desk.feed(desk.inquiry("A", person, outcome="answered"))
    desk.clock.at += timedelta(days=30)
    assert (await _neighbour(desk, person))["outcome"] == "block"
    assert (await desk.decide("A"))["outcome"] in ALLOWED


async def test_nobody_who_was_not_reached_has_been_asked(desk: Desk) -> None:
    person = uuid4()
    await desk.feed(desk.inquiry("A", person, outcome="no_answer"))
    assert "regf.location.once" not in rules_against(await _neighbour(desk, person))


@pytest.mark.parametrize("channel", ["letter", "email"])
async def test_who_was_written_to_has_been_asked_though_no_answer_came(desk: Desk, channel: str) -> None:
    """12 CFR 1006.2(d), 1006.10(c): what was delivered has conveyed what it says."""
    person, unreached = uuid4(), uuid4()
    await desk.feed(desk.inquiry("A", person, outcome="no_answer", channel=channel))
    await desk.feed(desk.inquiry("A", unreached, outcome="not_connected", channel=channel))
    desk.clock.at += timedelta(days=30)
    assert "regf.location.once" in rules_against(await _neighbour(desk, person))
    assert "regf.location.once" not in rules_against(await _neighbour(desk, unreached))


async def test_a_third_party_is_asked_again_when_it_said_so_or_knows_better_now(desk: Desk) -> None:
    """12 CFR 1006.10(c)."""
    told: dict[UUID, dict[str, Any]] = {
        uuid4(): {"outcome": "answered", "is_again_requested": True},
        uuid4(): {"outcome": "incomplete", "is_known_now": True},
        uuid4(): {"outcome": "erroneous", "is_known_now": False},
        uuid4(): {"outcome": "answered", "is_known_now": True},
    }
    await desk.feed(*(desk.inquiry("A", person, **facts) for person, facts in told.items()))
    desk.clock.at += timedelta(days=8)
    answers = [(await _neighbour(desk, person))["outcome"] in ALLOWED for person in told]
    assert answers == [True, True, False, False]


async def test_a_talk_with_a_third_party_starts_its_cooldown_and_not_the_consumers(desk: Desk) -> None:
    person = uuid4()
    await desk.feed(desk.inquiry("A", person, outcome="answered", is_again_requested=True))
    assert "regf.call_freq.cooldown" in rules_against(await _neighbour(desk, person))
    assert "regf.call_freq.cooldown" not in rules_against(await desk.decide("A"))


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_message_that_came_back_has_disclosed_nothing(desk: Desk, order: tuple[int, ...]) -> None:
    """12 CFR 1006.18(e)(1): the initial disclosure is still owed, in whichever order that is told."""
    sent = _email(desk, days_ago=1)
    told = (desk.attempted(sent), desk.completed(sent, "email_sent"), desk.bounced(sent))
    for each in order:
        await desk.feed(told[each], told[each])
    assert "debt_collection_initial" in (await desk.decide("A", role="auditor"))["disclosures"]


async def test_a_message_that_came_back_hides_none_that_arrived_long_ago(desk: Desk) -> None:
    arrived, returned = _email(desk, days_ago=500), _email(desk, days_ago=450)
    for each in (arrived, returned):
        await desk.feed(desk.attempted(each), desk.completed(each, "email_sent"))
    assert "debt_collector_subsequent" in (await desk.decide("A", role="auditor"))["disclosures"]
    await desk.feed(desk.bounced(returned))
    assert "debt_collector_subsequent" in (await desk.decide("A", role="auditor"))["disclosures"]
    await desk.feed(desk.bounced(arrived))
    assert "debt_collection_initial" in (await desk.decide("A", role="auditor"))["disclosures"]


def _email(desk: Desk, *, days_ago: int) -> dict[str, Any]:
    at = desk.clock.at - timedelta(days=days_ago)
    return desk.attempt("A", at, channel="email", contact_point_id=desk.email("A"))


async def test_the_end_of_a_contact_is_known(desk: Desk) -> None:
    attempt = desk.attempt("A", desk.clock.at)
    await desk.feed(desk.attempted(attempt), desk.completed(attempt, "no_answer"))
    async with open_transaction(desk.engine, SystemClock()) as tx:
        known = await load_facts(tx, [desk.party("A")], [desk.account("A")], attempt["at"], reach=timedelta())
    (contact,) = known.parties[desk.party("A")].attempts
    assert contact.ended_at == attempt["at"] + timedelta(minutes=3)
