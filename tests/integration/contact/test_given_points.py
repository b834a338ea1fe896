"""What was given in contacts reaches compliance, with its source and how sure it is; every party of a debt counts."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.integration.contact.house import NOON, House, of

NEW = "+12125550187"


async def give(house: House, number: str, **facts: Any) -> str:
    body = {"party_id": str(house.party(number)), "kind": "phone", "value": NEW, "label": "mobile"} | facts
    answer = await house.post("/v1/contact-points", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["contact_point_id"])


async def point_at_compliance(house: House, point_id: str) -> list[dict[str, Any]]:
    async with house.compliance.app.state.engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            f"SELECT source, is_verified FROM contact_point WHERE contact_point_id = '{point_id}'"
        )
        return [dict(row) for row in rows.mappings().all()]


async def test_a_number_that_the_right_party_gives_in_a_talk_is_verified_and_may_be_called(house: House) -> None:
    attempt_id = await house.placed("a1")
    await house.verify(attempt_id)
    point_id = await give(house, "a1", attempt_id=attempt_id)
    done = await house.outcome(attempt_id, "network_failure")
    assert done.status_code == 200, done.text
    [state] = of(await house.carry(), "contact_point.given")
    [point] = state["contact_points"]
    assert (point["contact_point_id"], point["value"]) == (point_id, NEW)
    assert (point["source"], point["attempt_id"], point["status"]) == ("consumer", attempt_id, "verified")
    assert await point_at_compliance(house, point_id) == [{"source": "given", "is_verified": True}]
    called = await house.call("a1", contact_point_id=point_id)
    assert called.status_code == 201, called.text
    assert called.json()["contact_value"] == NEW


async def test_a_wrong_number_that_the_verified_party_gives_is_called_again(house: House) -> None:
    wrong = await house.placed("a1")
    done = await house.outcome(wrong, "wrong_number")
    assert done.status_code == 200, done.text
    await house.carry()
    assert (await house.call("a1")).status_code == 403
    house.clock.at = NOON + timedelta(minutes=10)
    other = house.point("a1", "phone", NEW)
    assert await give(house, "a1") == str(other)
    await house.carry()
    attempt_id = await house.placed("a1", contact_point_id=str(other))
    await house.verify(attempt_id)
    assert await give(house, "a1", value=house.number("a1"), attempt_id=attempt_id) == str(house.phone("a1"))
    await house.outcome(attempt_id, "network_failure")
    await house.carry()
    called = await house.call("a1")
    assert called.status_code == 201, called.text


async def test_a_wrong_number_that_a_document_proves_is_called_again(house: House) -> None:
    wrong = await house.placed("a1")
    await house.outcome(wrong, "wrong_number")
    await house.carry()
    house.clock.at = NOON + timedelta(minutes=10)
    fact = {
        "party_id": house.party("a1"), "creditor_id": house.creditor, "account_id": house.account("a1"),
        "skip_trace_id": uuid4(), "contact_point_id": house.phone("a1"), "kind": "phone", "method": "document",
        "verified_at": house.now(),
    }  # fmt: skip
    await house.feed(house.message("contact_point.verified", fact))
    called = await house.call("a1")
    assert called.status_code == 201, called.text


async def test_a_number_that_nobody_stood_for_is_published_as_unverified(house: House) -> None:
    attempt_id = await house.placed("a1")
    point_id = await give(house, "a1", attempt_id=attempt_id)
    other = await give(house, "a1", value="pat@example.org", kind="email", given_by="collector")
    last = of(await house.carry(), "contact_point.given")[-1]
    assert {point["contact_point_id"]: point["source"] for point in last["contact_points"]} == {
        point_id: "consumer",
        other: "collector",
    }
    assert {point["status"] for point in last["contact_points"]} == {"unverified"}


async def test_a_contact_with_somebody_else_vouches_for_nothing(house: House) -> None:
    attempt_id = await house.placed("b2")
    body = {"party_id": str(house.party("a1")), "kind": "phone", "value": NEW, "attempt_id": attempt_id}
    refused = await house.post("/v1/contact-points", body)
    assert (refused.status_code, refused.json()["code"]) == (404, "attempt-unknown")


async def test_an_erasure_takes_back_what_was_given(house: House) -> None:
    point_id = await give(house, "a1")
    await house.carry()
    erased = house.party_message("a1", version=9)
    await house.feed(erased._replace(value=None))
    [state] = of(await house.carry(), "contact_point.given")
    assert state["contact_points"] == []
    assert await point_at_compliance(house, point_id) == []


async def test_a_joint_borrower_may_be_contacted_about_the_debt_and_a_stranger_may_not(house: House) -> None:
    parts = [
        {"account_id": house.account("a1"), "role": "joint"},
        {"account_id": house.account("b2"), "role": "primary"},
    ]
    await house.feed(house.party_message("b2", version=2, accounts=parts))
    joint = house.ask("b2", account_ids=[str(house.account("a1"))])
    placed = await house.post("/v1/contact-attempts", joint)
    assert placed.status_code == 201, placed.text
    attempt_id = placed.json()["attempt_id"]
    await house.verify(attempt_id)
    debts = [str(house.account("a1"))]
    step = {"kind": "refusal", "reason": "no_money"}
    done = await house.outcome(attempt_id, "rpc_refused", debts_discussed=debts, next_step=step)
    assert done.status_code == 200, done.text
    stranger = house.ask("a1", account_ids=[str(house.account("b2"))])
    refused = await house.post("/v1/contact-attempts", stranger)
    assert (refused.status_code, refused.json()["code"]) == (422, "party-not-on-account")


async def test_who_has_left_the_debt_is_no_longer_contacted_about_it(house: House) -> None:
    for version, parts in ((2, [{"account_id": house.account("a1"), "role": "cosigner"}]), (3, [])):
        await house.feed(house.party_message("b2", version=version, accounts=parts))
    refused = await house.post("/v1/contact-attempts", house.ask("b2", account_ids=[str(house.account("a1"))]))
    assert refused.json()["code"] == "party-not-on-account"
