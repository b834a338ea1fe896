"""Who is the consumer of a debt: everybody who is obligated, whoever acts for one who has died, and nobody else.

12 CFR 1006.2(e) and 1006.6(a); the parts that parties have in debts come with `party.updated`.
"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from tests.conftest import GetEngine
from tests.integration.compliance.contact_desk import Desk, open_desk, rules_against

ALLOWED = {"allow", "allow_with"}


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("compliance"), issuer) as made:
        yield await made.open("A")


async def _ask(desk: Desk, number: str, *roles: str, **facts: Any) -> dict[str, Any]:
    """A call to a person who has these parts in A's debt."""
    parts = [{"account_id": desk.account("A"), "role": role} for role in roles]
    await desk.feed(desk.party_message(number, accounts=parts))
    return await desk.decide(number, account_ids=[str(desk.account("A"))], **facts)


@pytest.mark.parametrize("role", ["joint", "cosigner", "guarantor"])
async def test_whoever_is_obligated_is_the_consumer(desk: Desk, role: str) -> None:
    assert (await _ask(desk, f"co {role}", role))["outcome"] in ALLOWED


async def test_each_person_has_calls_and_talks_of_their_own(desk: Desk) -> None:
    talk = desk.attempt("A", desk.clock.at)
    await desk.feed(desk.attempted(talk), desk.completed(talk, "rpc_promise"))
    assert "regf.call_freq.cooldown" in rules_against(await desk.decide("A"))
    assert (await _ask(desk, "co own", "cosigner"))["outcome"] in ALLOWED


async def test_while_a_call_to_one_of_them_has_no_outcome_the_debt_gets_no_other(desk: Desk) -> None:
    permit = (await desk.decide("A"))["permit"]
    assert "policy.open_attempt" in rules_against(await _ask(desk, "co open", "joint"))
    call = desk.attempt("A", desk.clock.at, permit_id=UUID(permit["id"]))
    await desk.feed(desk.attempted(call))
    assert "policy.open_attempt" in rules_against(await desk.decide("co open", account_ids=[str(desk.account("A"))]))
    await desk.feed(desk.completed(call, "no_answer"))
    assert (await desk.decide("co open", account_ids=[str(desk.account("A"))]))["outcome"] in ALLOWED


async def test_an_authorized_user_owes_nothing_and_is_a_third_party(desk: Desk) -> None:
    refused = await _ask(desk, "user", "authorized_user")
    assert refused["outcome"] == "block"
    assert "regf.third_party" in rules_against(refused)


async def test_of_whom_no_part_is_known_nobody_is_contacted(desk: Desk) -> None:
    refused = await _ask(desk, "stranger")
    assert (refused["outcome"], refused["missing"]) == ("needs_review", ["part_in_debt"])
    assert refused["permit"] is None


async def test_a_representative_is_the_consumer_of_one_who_has_died_and_for_the_living_must_be_named(
    desk: Desk,
) -> None:
    unnamed = await _ask(desk, "executor", "representative")
    assert (unnamed["outcome"], unnamed["missing"]) == ("needs_review", ["part_in_debt"])
    named = await _ask(desk, "guardian", "representative", recipient="guardian", role="auditor")
    assert named["outcome"] in ALLOWED
    await desk.restrict("A", "deceased")
    assert (await desk.decide("A"))["outcome"] not in ALLOWED
    assert (await _ask(desk, "executor", "representative"))["outcome"] in ALLOWED


async def test_what_holds_for_a_debt_is_told_of_every_debt_of_the_person_and_what_is_theirs_is_not(desk: Desk) -> None:
    await _ask(desk, "co told", "cosigner", role="auditor")
    await desk.published()
    await desk.restrict("co told", "cease")
    assert await desk.published() == []
    await desk.restrict("co told", "bankruptcy_stay")
    assert [(topic, body["account_id"]) for topic, body in await desk.published()] == [
        ("restriction.placed", str(desk.account("A")))
    ]
    await desk.feed(desk.account_message("later", party="A"))
    parts = [{"account_id": desk.account(each), "role": "cosigner"} for each in ("A", "later")]
    await desk.feed(desk.party_message("co told", accounts=parts, version=2))
    told = {body["account_id"] for topic, body in await desk.published() if topic == "restriction.placed"}
    assert str(desk.account("later")) in told


async def test_a_debt_that_passes_to_another_comes_under_what_holds_for_all_debts_of_theirs(desk: Desk) -> None:
    await desk.feed(desk.party_message("Q"), desk.account_message("own of Q", party="Q"))
    ceased, discharged = await desk.restrict("Q", "cease"), await desk.restrict("Q", "discharged")
    await desk.published()
    await desk.feed(desk.account_message("A", 2, party="Q"))
    told = [(topic, body["kind"], body["account_id"], body["party_id"]) for topic, body in await desk.published()]
    assert sorted(told) == [
        ("restriction.placed", kind, str(desk.account("A")), str(desk.party("Q"))) for kind in ("cease", "discharged")
    ]
    await desk.feed(desk.account_message("A", 3, party="Q"))
    assert await desk.published() == []
    await desk.feed(desk.account_message("A", 4, party="A"))
    why = {"reason": "Taken back", "evidence": "Letter"}
    lifted = await desk.post(f"/v1/restrictions/{ceased['restriction_id']}/lift", why, if_match=ceased["version"])
    assert lifted.status_code == 200, lifted.text
    await desk.published()
    await desk.feed(desk.account_message("A", 5, party="Q"))
    told_again = {(topic, body["restriction_id"]) for topic, body in await desk.published()}
    assert told_again == {
        ("restriction.lifted", ceased["restriction_id"]), ("restriction.placed", discharged["restriction_id"])
    }  # fmt: skip


async def test_the_bankruptcy_of_a_comaker_stops_the_debt_but_not_the_comakers_own(desk: Desk) -> None:
    assert (await _ask(desk, "co broke", "cosigner"))["outcome"] in ALLOWED
    await desk.feed(desk.blocked("A", None), desk.account_message("own", party="A"))
    await desk.restrict("co broke", "bankruptcy_stay")
    assert "bk.codebtor" in rules_against(await desk.decide("A"))
    assert (await desk.decide("A", account_ids=[str(desk.account("own"))]))["outcome"] in ALLOWED
