"""Decisions over HTTP on the real database: what is answered, reserved, published and explained."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest_asyncio

from deploy.local.issuer import Issuer
from tests.conftest import GetEngine
from tests.integration.compliance.contact_desk import NOON, Desk, open_desk, rules_against

ALLOWED = {"allow", "allow_with"}


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("compliance"), issuer) as made:
        yield made


async def test_a_call_at_noon_is_allowed_reserved_and_published(desk: Desk) -> None:
    await desk.open("A")
    made = await desk.decide("A")
    assert made["outcome"] in ALLOWED, (rules_against(made), made["missing"])
    assert made["permit"]["expires_at"] == "2026-03-11T16:02:00Z"
    [(topic, event)] = await desk.published()
    assert (topic, event["permit_id"], event["outcome"]) == ("decision.made", made["permit"]["id"], made["outcome"])


async def test_only_the_contact_service_gets_a_permit(desk: Desk) -> None:
    await desk.open("A")
    for role in ("collector", "compliance_officer", "auditor"):
        made = await desk.decide("A", role=role)
        assert made["outcome"] in ALLOWED
        assert made["permit"] is None
    assert await desk.published() == []
    assert (await desk.post("/v1/contact-decisions", desk.request("A"), role="admin")).status_code == 403


async def test_after_nine_in_the_evening_it_is_blocked_until_eight_with_its_citation(desk: Desk) -> None:
    await desk.open("A")
    desk.clock.at = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)
    made = await desk.decide("A")
    assert (made["outcome"], made["not_before"]) == ("block_until", "2026-03-12T12:00:00Z")
    rule = next(one for one in made["rules"] if one["id"] == "regf.time.8to21")
    assert (rule["result"], rule["citation"].startswith("12 CFR 1006.6(b)(1)(i)")) == ("fail", True)
    assert made["permit"] is None


async def test_a_moment_of_its_own_makes_a_dry_run(desk: Desk) -> None:
    await desk.open("A")
    for at in (NOON - timedelta(days=20), NOON + timedelta(days=20)):
        made = await desk.decide("A", at=at.isoformat())
        assert made["outcome"] in ALLOWED
        assert (made["is_dry_run"], made["permit"]) == (True, None)
    assert (await desk.decide("A", at="2026-03-12T01:30:00Z"))["outcome"] == "block_until"
    assert await desk.published() == []
    assert await desk.query("SELECT 1 FROM permit WHERE creditor_id = :creditor") == []


async def test_what_is_not_known_is_never_an_allow(desk: Desk) -> None:
    stranger = await desk.decide("A")
    assert stranger["outcome"] in ("needs_review", "block")
    assert {"creditor", "party", "debts"} <= set(stranger["missing"])
    await desk.open("A")
    nobody = desk.request("A") | {"party_id": str(uuid4())}
    answer = (await desk.post("/v1/contact-decisions", nobody, role="contact_service")).json()
    assert answer["outcome"] in ("needs_review", "block")
    assert answer["permit"] is None


async def test_the_seventh_call_is_the_last_of_seven_days(desk: Desk) -> None:
    await desk.open("A")
    for day in range(7):
        attempt = desk.attempt("A", NOON - timedelta(days=6 - day, hours=1))
        await desk.feed(desk.attempted(attempt), desk.completed(attempt, "no_answer"))
    made = await desk.decide("A")
    assert made["outcome"] == "block_until"
    rule = next(one for one in made["rules"] if one["citation"].startswith("12 CFR 1006.14(b)(2)(i)(A)"))
    assert rule["result"] == "fail"
    # The first of the seven leaves the window with its day.
    assert made["not_before"] >= "2026-03-12T04:00:00Z"
    assert (await desk.decide("A", at=(NOON + timedelta(days=1)).isoformat()))["outcome"] in ALLOWED


async def test_a_permit_counts_until_it_is_reported_however_old_it_is(desk: Desk) -> None:
    await desk.open("A")
    permit = (await desk.decide("A"))["permit"]
    desk.clock.at = NOON + timedelta(hours=2)
    second = await desk.decide("A")
    assert second["outcome"] not in ALLOWED
    assert "policy.open_attempt" in rules_against(second)
    await desk.feed(desk.blocked("A", UUID(permit["id"])))
    assert (await desk.decide("A"))["outcome"] in ALLOWED


async def test_an_attempt_without_an_outcome_keeps_its_debts_closed(desk: Desk) -> None:
    await desk.open("A")
    permit = UUID((await desk.decide("A"))["permit"]["id"])
    attempt = desk.attempt("A", NOON, permit_id=permit)
    await desk.feed(desk.attempted(attempt))
    desk.clock.at = NOON + timedelta(hours=1)
    assert "policy.open_attempt" in rules_against(await desk.decide("A"))
    await desk.feed(desk.completed(attempt, "busy"))
    assert (await desk.decide("A"))["outcome"] in ALLOWED
    [(state,)] = await desk.query(f"SELECT state FROM permit WHERE permit_id = '{permit}'")
    assert state == "placed"


async def test_that_a_permit_was_placed_outweighs_a_report_that_it_was_not(desk: Desk) -> None:
    await desk.open("A")
    permit = UUID((await desk.decide("A"))["permit"]["id"])
    attempt = desk.attempt("A", NOON, permit_id=permit)
    await desk.feed(desk.blocked("A", permit))
    await desk.feed(desk.attempted(attempt))
    await desk.feed(desk.blocked("A", permit))
    [(state,)] = await desk.query(f"SELECT state FROM permit WHERE permit_id = '{permit}'")
    assert state == "placed"


async def test_the_same_key_gets_the_same_permit(desk: Desk) -> None:
    await desk.open("A")
    first = await desk.post("/v1/contact-decisions", desk.request("A"), role="contact_service", key="once")
    again = await desk.post("/v1/contact-decisions", desk.request("A"), role="contact_service", key="once")
    assert first.json() == again.json()
    assert first.json()["permit"] is not None
    assert len(await desk.query("SELECT 1 FROM permit WHERE creditor_id = :creditor")) == 1


async def test_a_contact_point_may_be_named_by_its_value(desk: Desk) -> None:
    await desk.open("A")
    body = {name: value for name, value in desk.request("A").items() if name != "contact_point_id"}
    for point in ("(212) 555-0123", {"kind": "phone", "value": "+12125550123"}):
        answer = await desk.post("/v1/contact-decisions", body | {"contact_point": point}, role="auditor")
        shown = (await desk.get(f"/v1/contact-decisions/{answer.json()['decision_id']}")).json()
        assert shown["contact_point_id"] == str(desk.phone("A"))


async def test_a_decision_is_read_as_it_was_made_and_explained_to_a_person(desk: Desk) -> None:
    await desk.open("A")
    desk.clock.at = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)
    made = await desk.decide("A")
    path = f"/v1/contact-decisions/{made['decision_id']}"
    await desk.restrict("A", "cease")
    shown = (await desk.get(path)).json()
    assert {name: shown[name] for name in made} == made
    assert shown["made_by"] == "contact_service"
    page = await desk.get(f"{path}/explanation")
    assert page.headers["content-type"].startswith("text/html")
    assert "may not be made before Thu 12 Mar 2026 08:00 EDT" in page.text
    assert "12 CFR 1006.6(b)(1)(i)" in page.text
    assert "<blockquote>" in page.text
    assert made["decision_id"] in page.text
    listed = (await desk.get("/v1/contact-decisions", party_id=str(desk.party("A")))).json()["items"]
    assert [one["decision_id"] for one in listed] == [made["decision_id"]]


async def test_another_creditors_account_and_decision_are_not_there(desk: Desk) -> None:
    await desk.open("A")
    made = await desk.decide("A", role="auditor")
    others = [uuid4()]
    asked = await desk.post("/v1/contact-decisions", desk.request("A"), role="contact_service", creditors=others)
    assert (asked.status_code, asked.json()["code"]) == (404, "account-unknown")
    for suffix in ("", "/explanation"):
        path = f"/v1/contact-decisions/{made['decision_id']}{suffix}"
        assert (await desk.get(path, creditors=others)).status_code == 404
    assert (await desk.get("/v1/contact-decisions", creditors=others)).json()["items"] == []


async def test_a_batch_decides_as_single_requests_do_and_reserves_nothing(desk: Desk) -> None:
    people = [f"P{n}" for n in range(30)]
    await desk.open(*people)
    for number in people[::3]:
        await desk.restrict(number, "cease")
    singles = [(await desk.decide(number, role="auditor"))["outcome"] for number in people]
    lines = [json.dumps(desk.request(number)) for number in people]
    lines[7] = '{"party_id": "no id"}'
    answer = await desk.http.post(
        "/v1/contact-decisions:batch",
        content="\n".join(lines).encode(),
        headers=desk.token("contact_service") | {"Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 200
    decided = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["line"] for one in decided] == list(range(1, 31))
    assert decided[7]["code"] == "validation-error"
    outcomes = [one.get("outcome") for one in decided]
    assert outcomes == [None if n == 7 else each for n, each in enumerate(singles)]
    assert {one.get("permit") for one in decided} == {None}
    stored = (await desk.get(f"/v1/contact-decisions/{decided[0]['decision_id']}")).json()
    assert stored["outcome"] == decided[0]["outcome"]


async def test_a_batch_that_is_no_ndjson_is_refused(desk: Desk) -> None:
    answer = await desk.http.post("/v1/contact-decisions:batch", json={}, headers=desk.token("auditor"))
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


async def test_a_policy_is_switched_off_for_a_creditor_and_law_is_not(desk: Desk) -> None:
    await desk.open("A")
    await desk.decide("A")
    path = f"/v1/creditors/{desk.creditor}/policies"
    assert "policy.open_attempt" in rules_against(await desk.decide("A"))
    off = await desk.post(f"{path}/policy.open_attempt", {"is_on": False}, method="PUT")
    assert off.json()["is_on"] is False
    assert "policy.open_attempt" not in rules_against(await desk.decide("A"))
    law = await desk.post(f"{path}/regf.time.8to21", {"is_on": False}, method="PUT")
    assert (law.status_code, law.json()["code"]) == (404, "policy-unknown")
    listed = {one["rule_id"]: one["is_on"] for one in (await desk.get(path)).json()}
    assert listed["policy.open_attempt"] is False
    refused = await desk.post(f"{path}/policy.open_attempt", {"is_on": True}, method="PUT", role="collector")
    assert refused.status_code == 403


async def test_the_rules_in_force_are_read_with_the_text_that_they_cite(desk: Desk) -> None:
    packs = (await desk.get("/v1/rule-packs")).json()
    assert sum(pack["active_rules"] for pack in packs) > 50
    whole = [(await desk.get(f"/v1/rule-packs/{pack['pack_id']}")).json() for pack in packs]
    [rule] = [one for pack in whole for one in pack["rules"] if one["rule_id"] == "regf.time.8to21"]
    assert rule["source"]["text"]
    assert (await desk.get("/v1/rule-packs/none")).json()["code"] == "rule-pack-unknown"


async def test_each_pack_is_announced_once(desk: Desk, service_engine: GetEngine, issuer: Issuer) -> None:
    async with open_desk(await service_engine("compliance"), issuer) as again:
        assert [topic for topic, _ in await again.published()] == []
    sets = await desk.query("SELECT count(*) FROM rule_set")
    assert sets[0][0] == 1
