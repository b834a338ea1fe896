"""Contacts under permits of the real compliance service: placed, verified, closed; nothing without its answer."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.clock import FixedClock
from tests.integration.contact.house import House, of


async def test_a_call_that_is_allowed_uses_its_permit_and_is_told_to_compliance(house: House) -> None:
    answer = await house.call("a1")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["contact_value"] == house.number("a1")
    [event] = of(await house.carry(), "contact.attempted")
    assert (event["attempt_id"], event["permit_id"]) == (made["attempt_id"], made["permit_id"])
    [permit] = await _permits(house, made["permit_id"])
    assert permit["state"] == "placed"


async def _permits(house: House, permit_id: str) -> list[Any]:
    engine = house.compliance.app.state.engine
    async with engine.connect() as connection:
        rows = await connection.exec_driver_sql(f"SELECT state FROM permit WHERE permit_id = '{permit_id}'")
        return list(rows.mappings().all())


async def test_until_an_outcome_stands_its_debts_get_no_further_call(house: House) -> None:
    attempt_id = await house.placed("a1")
    await house.carry()
    refused = await house.call("a1")
    assert (refused.status_code, refused.json()["code"]) == (403, "contact-blocked")
    assert any("open_attempt" in rule["id"] for rule in refused.json()["rules"])
    assert (await house.outcome(attempt_id, "busy")).status_code == 200
    await house.carry()
    assert (await house.call("a1")).status_code == 201


async def test_a_contact_that_is_blocked_is_kept_with_its_rules_and_published(house: House) -> None:
    await house.placed("a1")
    await house.carry()
    await house.call("a1")
    [event] = of(await house.published(), "contact.blocked")
    assert (event["reason"], event["permit_id"]) == ("rules", None)
    [block, *_] = (await house.get("/v1/contact-blocks", party_id=str(house.party("a1")))).json()["items"]
    assert block["rules"][0]["citation"] is not None


async def test_the_same_key_places_one_contact(house: House) -> None:
    first = await house.post("/v1/contact-attempts", house.ask("a1"), key="k-1")
    again = await house.post("/v1/contact-attempts", house.ask("a1"), key="k-1")
    other = await house.post("/v1/contact-attempts", house.ask("b2"), key="k-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert other.json()["code"] == "idempotency-key-reused"


async def test_one_key_used_at_once_from_everywhere_places_one_contact(house: House) -> None:
    answers = await asyncio.gather(*(house.post("/v1/contact-attempts", house.ask("a1"), key="k-2") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["attempt_id"] for answer in answers}) == 1
    assert len(of(await house.published(), "contact.attempted")) == 1


@pytest.mark.parametrize("apart_s", [-7_200, -30, 30, 7_200])
async def test_nobody_is_contacted_by_a_decision_of_another_clock(house: House, apart_s: float) -> None:
    edge = house.compliance.app.state.edge
    right = edge.clock
    edge.clock = FixedClock(house.clock.at + timedelta(seconds=apart_s))
    try:
        answer = await house.call("a1")
    finally:
        edge.clock = right
    assert (answer.status_code, answer.json()["code"]) == (503, "compliance-unavailable")
    assert [body["reason"] for body in of(await house.published(), "contact.blocked")] == ["compliance_unavailable"]


async def test_without_compliance_nobody_is_contacted_and_after_it_comes_back_they_are(house: House) -> None:
    await house.compliance.kill()
    answer = await house.call("a1")
    assert (answer.status_code, answer.json()["code"]) == (503, "compliance-unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    events = await house.published()
    assert of(events, "contact.attempted") == []
    assert [body["reason"] for body in of(events, "contact.blocked")] == ["compliance_unavailable"]
    assert await house.rows(f"SELECT 1 FROM contact_attempt WHERE party_id = '{house.party('a1')}'") == []


async def test_a_talk_needs_verification_and_a_next_step_which_payments_makes(house: House) -> None:
    attempt_id = await house.placed("a1")
    debts = [str(house.account("a1"))]
    step = {"kind": "promise", "due_on": "2026-03-31", "amount_minor": 12_550, "currency": "USD"}
    early = await house.outcome(attempt_id, "rpc_promise", debts_discussed=debts, next_step=step)
    assert early.json()["code"] == "verification-required"
    await house.verify(attempt_id)
    silent = await house.outcome(attempt_id, "rpc_promise", debts_discussed=debts)
    assert silent.json()["code"] == "next-step-required"
    done = await house.outcome(attempt_id, "rpc_promise", debts_discussed=debts, next_step=step)
    assert done.status_code == 200, done.text
    [event] = of(await house.carry(), "contact.completed")
    assert event["is_right_party"]
    assert event["is_conversation"]
    assert event["debts_discussed"] == debts
    assert event["next_step_id"] == done.json()["next_step_id"] is not None
    again = await house.outcome(attempt_id, "rpc_promise", debts_discussed=debts, next_step=step)
    assert again.json()["code"] == "attempt-closed"
    blocked = await house.call("a1")
    assert blocked.json()["not_before"].startswith("2026-03-18"), "seven days from the talk, its day included"


async def test_a_next_step_that_its_owner_refuses_is_the_answer_and_nothing_is_stored(house: House) -> None:
    attempt_id = await house.placed("a1")
    await house.verify(attempt_id)
    step = {"kind": "promise", "due_on": "2020-01-01", "amount_minor": 12_550, "currency": "USD"}
    debts = [str(house.account("a1"))]
    refused = await house.outcome(attempt_id, "rpc_promise", debts_discussed=debts, next_step=step)
    assert (refused.status_code, refused.json()["code"]) == (422, "due-on-in-past")
    shown = (await house.get(f"/v1/contact-attempts/{attempt_id}")).json()
    assert shown["status"] == "right_party"
    await house.payments.kill()
    step["due_on"] = "2026-03-31"
    unreachable = await house.outcome(attempt_id, "rpc_promise", debts_discussed=debts, next_step=step)
    assert (unreachable.status_code, unreachable.json()["code"]) == (503, "next-step-unavailable")


async def test_a_wrong_answer_verifies_nobody_and_is_not_kept(house: House) -> None:
    attempt_id = await house.placed("a1")
    body = {"date_of_birth": "1980-02-28", "postal_code": "12207"}
    answer = await house.post(f"/v1/contact-attempts/{attempt_id}/verification", body)
    assert answer.json() == {"is_verified": False, "matched": ["postal_code"], "failed": ["date_of_birth"]}
    [row] = await house.rows(f"SELECT * FROM contact_attempt WHERE attempt_id = '{attempt_id}'")
    assert "1980" not in str(row)


async def test_an_oral_cease_stops_every_further_contact_before_any_event_arrives(house: House) -> None:
    attempt_id = await house.placed("a1")
    await house.verify(attempt_id)
    debts = [str(house.account("a1"))]
    done = await house.outcome(attempt_id, "rpc_cease_oral", debts_discussed=debts)
    assert done.status_code == 200, done.text
    assert [one["kind"] for one in await house.restrictions("a1")] == ["cease"]
    await house.carry()
    assert [one["kind"] for one in await house.restrictions("a1")] == ["cease"], "the event places no second one"
    assert (await house.call("a1")).status_code == 403


async def test_what_was_heard_while_compliance_is_away_arrives_with_the_event(house: House) -> None:
    attempt_id = await house.placed("b2")
    await house.verify(attempt_id)
    await house.compliance.kill()
    done = await house.outcome(attempt_id, "rpc_bankrupt", debts_discussed=[str(house.account("b2"))])
    assert done.status_code == 200, done.text
    [event] = of(await house.carry(), "contact.completed")
    assert [said["kind"] for said in event["heard"]] == ["bankruptcy_stay"]
    engine = house.compliance.app.state.engine
    async with engine.connect() as connection:
        rows = await connection.exec_driver_sql(f"SELECT kind FROM restriction WHERE party_id = '{house.party('b2')}'")
        assert [row[0] for row in rows] == ["bankruptcy_stay"]


async def test_a_wrong_number_is_wrong_for_everybody_who_was_not_verified_there(house: House) -> None:
    twin = {"contact_point_id": str(uuid4()), "kind": "phone", "value": house.number("a1"), "label": "home"}
    await house.feed(house.party_message("b2", version=2, contact_points=[twin]))
    attempt_id = await house.placed("a1")
    await house.outcome(attempt_id, "wrong_number")
    marks = of(await house.carry(), "contact_point.invalidated")
    assert {mark["party_id"] for mark in marks} == {str(house.party("a1")), str(house.party("b2"))}
    refused = await house.call("a1")
    assert [rule["id"] for rule in refused.json()["rules"]] == ["contact.invalid_point"]
    points = (await house.get("/v1/contact-points", party_id=str(house.party("a1")))).json()["items"]
    assert {point["kind"]: point["status"] for point in points} == {
        "phone": "invalid",
        "email": "unverified",
        "address": "unverified",
    }


async def test_what_was_said_of_a_contact_point_is_said_of_the_partys_own(house: House) -> None:
    attempt_id = await house.placed("a1")
    await house.verify(attempt_id)
    debts = [str(house.account("a1"))]
    for stop in (
        {"contact_point_id": str(uuid4())},
        {"contact_point_id": str(house.phone("b2"))},
        {"contact_point_id": str(house.email("a1"))},
    ):
        heard = [{"kind": "stop_medium"} | stop]
        refused = await house.outcome(attempt_id, "rpc_payment", debts_discussed=debts, heard=heard)
        assert (refused.status_code, refused.json()["code"]) == (422, "contact-point-mismatch"), refused.text
    heard = [{"kind": "stop_medium", "channel": "email", "contact_point_id": str(house.email("a1"))}]
    assert (await house.outcome(attempt_id, "rpc_payment", debts_discussed=debts, heard=heard)).status_code == 200


async def test_an_attorney_who_was_named_for_two_debts_stands_between_for_both(house: House) -> None:
    await house.feed(house.account_message("c3", party="a1"))
    attempt_id = await house.placed("a1")
    await house.verify(attempt_id)
    both = [str(house.account(number)) for number in ("a1", "c3")]
    heard = [{"kind": "attorney", "account_ids": [account_id]} for account_id in both]
    done = await house.outcome(attempt_id, "rpc_attorney_named", debts_discussed=both[:1], heard=heard)
    assert done.status_code == 200, done.text
    await house.carry()
    [restriction] = await house.restrictions("a1")
    assert sorted(restriction["account_ids"]) == sorted(both)


async def test_a_letter_that_disputes_and_ends_contact_is_written_since_it_came(house: House) -> None:
    account_id = str(house.account("a1"))
    body = house.ask("a1", channel="letter", contact_point_id=str(house.home("a1")), purpose="service") | {
        "at": "2026-03-09T15:00:00Z",
        "outcome": {
            "result_code": "inbound_message",
            "debts_discussed": [account_id],
            "heard": [{"kind": "cease"}, {"kind": "dispute"}],
            "next_step": {"kind": "dispute"},
        },
    }
    answer = await house.post("/v1/inbound-contacts", body)
    assert answer.status_code == 201, answer.text
    await house.carry()
    [cease] = [one for one in await house.restrictions("a1") if one["kind"] == "cease"]
    assert (cease["is_written"], cease["effective_on"]) == (True, "2026-03-09")
    async with house.compliance.app.state.engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            f"SELECT dispute_id, is_written, received_at FROM dispute WHERE account_id = '{account_id}'"
        )
        [dispute] = rows.mappings().all()
    assert str(dispute["dispute_id"]) == answer.json()["next_step_id"], "the event opens no second one"
    assert (dispute["is_written"], dispute["received_at"].isoformat()) == (True, "2026-03-09T15:00:00+00:00")


async def test_a_number_that_is_said_to_be_wrong_on_a_talk_at_another_is_the_one_that_is_closed(house: House) -> None:
    old = {
        "contact_point_id": str(uuid4()),
        "kind": "phone",
        "value": f"{house.number('a1')[:-4]}0199",
        "label": "home",
    }
    cell = {"contact_point_id": str(house.phone("a1")), "kind": "phone", "value": house.number("a1"), "label": "mobile"}
    await house.feed(house.party_message("a1", version=2, contact_points=[cell, old]))
    attempt_id = await house.placed("a1")
    await house.verify(attempt_id)
    debts = [str(house.account("a1"))]
    heard = [{"kind": "wrong_number", "contact_point_id": old["contact_point_id"]}]
    done = await house.outcome(attempt_id, "rpc_payment", debts_discussed=debts, heard=heard)
    assert done.status_code == 200, done.text
    [mark] = of(await house.carry(), "contact_point.invalidated")
    assert (mark["contact_point_id"], mark["reason"]) == (old["contact_point_id"], "wrong_number")
    points = (await house.get("/v1/contact-points", party_id=str(house.party("a1")))).json()["items"]
    assert {point["contact_point_id"]: point["status"] for point in points if point["kind"] == "phone"} == {
        old["contact_point_id"]: "invalid",
        cell["contact_point_id"]: "verified",
    }
    engine = house.compliance.app.state.engine
    async with engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            f"SELECT contact_point_id FROM point_mark WHERE party_id = '{house.party('a1')}' AND mark = 'invalid'"
        )
        assert [str(row[0]) for row in rows] == [old["contact_point_id"]]


async def test_a_call_that_comes_in_needs_no_permit_and_starts_the_cooldown(house: House) -> None:
    body = house.ask("a1", purpose="service") | {
        "verification": {"date_of_birth": "1980-02-29", "family_name": "doe"},
        "outcome": {
            "result_code": "inbound_rpc",
            "debts_discussed": [str(house.account("a1"))],
            "next_step": {"kind": "refusal", "reason": "no_money"},
        },
    }
    answer = await house.post("/v1/inbound-contacts", body)
    assert answer.status_code == 201, answer.text
    [event] = of(await house.carry(), "contact.completed")
    assert (event["direction"], event["permit_id"], event["counts_as_call"]) == ("inbound", None, False)
    assert event["refusal_reason"] == answer.json()["refusal_reason"] == "no_money"
    blocked = await house.call("a1")
    assert blocked.status_code == 403
    assert blocked.json()["not_before"].startswith("2026-03-18")


def _came_in(house: House, **outcome: Any) -> dict[str, Any]:
    """A call of a person who was verified, and what came of it."""
    debts = [str(house.account("a1"))]
    return house.ask("a1", purpose="service") | {
        "verification": {"date_of_birth": "1980-02-29", "family_name": "doe"},
        "outcome": {"result_code": "inbound_rpc", "debts_discussed": debts} | outcome,
    }


async def test_of_a_call_that_came_in_nothing_is_kept_while_its_outcome_may_not_stand(house: House) -> None:
    silent = await house.post("/v1/inbound-contacts", _came_in(house), key="in-1")
    assert (silent.status_code, silent.json()["code"]) == (422, "next-step-required")
    assert of(await house.published(), "contact.attempted") == []
    assert await house.rows(f"SELECT 1 FROM contact_attempt WHERE party_id = '{house.party('a1')}'") == []
    body = _came_in(house, next_step={"kind": "refusal"})
    done = await house.post("/v1/inbound-contacts", body, key="in-1")
    assert done.status_code == 201, done.text
    again = await house.post("/v1/inbound-contacts", body, key="in-1")
    assert again.json() == done.json()
    assert [topic for topic, _ in await house.published()] == ["contact.attempted", "contact.completed"]


async def test_a_call_that_came_in_is_one_contact_when_its_next_step_is_corrected(house: House) -> None:
    step = {"kind": "promise", "due_on": "2020-01-01", "amount_minor": 12_550, "currency": "USD"}
    refused = await house.post("/v1/inbound-contacts", _came_in(house, next_step=step), key="in-2")
    assert (refused.status_code, refused.json()["code"]) == (422, "due-on-in-past")
    step["due_on"] = "2026-03-31"
    other = _came_in(house, next_step=step) | {"channel": "voicemail"}
    reused = await house.post("/v1/inbound-contacts", other, key="in-2")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency-key-reused")
    done = await house.post("/v1/inbound-contacts", _came_in(house, next_step=step), key="in-2")
    assert done.status_code == 201, done.text
    listed = (await house.get("/v1/contact-attempts", party_id=str(house.party("a1")))).json()["items"]
    assert [one["attempt_id"] for one in listed] == [done.json()["attempt_id"]]


async def test_a_callback_that_was_agreed_is_scheduled_and_kept_by_the_next_talk(house: House) -> None:
    attempt_id = await house.placed("a1")
    await house.verify(attempt_id)
    debts = [str(house.account("a1"))]
    step = {"kind": "callback", "callback_at": "2026-03-13T15:00:00Z"}
    done = await house.outcome(attempt_id, "rpc_callback", debts_discussed=debts, next_step=step)
    [state] = of(await house.carry(), "callback.scheduled")
    assert (state["status"], state["callback_id"]) == ("scheduled", done.json()["next_step_id"])
    assert (state["account_ids"], state["made_at"]) == (debts, "2026-03-11T16:00:00Z")
    house.clock.at = house.clock.at.replace(day=13)
    assert (await house.get("/v1/callbacks", due="true", party_id=str(house.party("a1")))).json()["items"]
    kept = await house.placed("a1")
    await house.verify(kept)
    await house.outcome(kept, "rpc_refused", debts_discussed=debts, next_step={"kind": "refusal", "reason": "no_money"})
    [state] = of(await house.carry(), "callback.scheduled")
    assert state["status"] == "done"


async def test_a_payment_that_cured_the_account_stops_the_call(house: House) -> None:
    await house.feed(house.account_message("a1", version=2, past_due_minor=0, days_past_due=0))
    refused = await house.call("a1")
    assert [rule["id"] for rule in refused.json()["rules"]] == ["contact.nothing_past_due"]


async def test_another_creditors_people_do_not_exist(house: House) -> None:
    answer = await house.post("/v1/contact-attempts", house.ask("a1"), creditors=[uuid4()])
    assert (answer.status_code, answer.json()["code"]) == (404, "account-unknown")
    attempt_id = await house.placed("a1")
    outcome = await house.post(
        f"/v1/contact-attempts/{attempt_id}/outcome", {"result_code": "busy"}, creditors=[uuid4()]
    )
    assert (outcome.status_code, outcome.json()["code"]) == (404, "attempt-unknown")


async def test_a_collectors_day_is_counted(house: House) -> None:
    for code in ("busy", "no_answer"):
        await house.outcome(await house.placed("a1"), code)
        await house.carry()
    answer = await house.get("/v1/collectors/collector/activity", on="2026-03-11")
    assert answer.status_code == 200, answer.text
    assert answer.json()["by_result"]["busy"] >= 1
    assert answer.json()["connected"] < answer.json()["attempts"]


async def test_a_visit_begins_under_a_permit_and_ends_with_its_outcome(house: House) -> None:
    body = {
        "account_ids": [str(house.account("a1"))], "party_id": str(house.party("a1")), "scheduled_on": "2026-03-12",
        "contact_point_id": str(house.home("a1")),
    }  # fmt: skip
    ordered = (await house.post("/v1/field-visits", body, role="supervisor")).json()
    begun = await house.post(f"/v1/field-visits/{ordered['field_visit_id']}/begin")
    assert begun.status_code == 200, begun.text
    attempt_id = begun.json()["attempt_id"]
    assert (await house.outcome(attempt_id, "field_visit_no_answer")).status_code == 200
    [event] = of(await house.carry(), "field_visit.completed")
    assert event["field_visit_id"] == ordered["field_visit_id"]
    shown = (await house.get(f"/v1/field-visits/{ordered['field_visit_id']}")).json()
    assert shown["status"] == "completed"
