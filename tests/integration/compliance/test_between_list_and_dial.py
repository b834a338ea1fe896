"""What arrives between the list and the dial stops the call; and what stops it is recorded once, by whichever door."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from tests.conftest import GetEngine
from tests.integration.compliance.contact_desk import NOON, Desk, open_desk, rules_against

ALLOWED = {"allow", "allow_with"}


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("compliance"), issuer) as made:
        yield made


@pytest.mark.parametrize("kind", ["cease", "attorney", "bankruptcy", "discharged", "deceased", "identity_theft"])
async def test_a_restriction_between_list_and_dial_stops_the_call(desk: Desk, kind: str) -> None:
    await desk.open("A")
    assert (await desk.decide("A", role="auditor"))["outcome"] in ALLOWED
    placed = await desk.restrict("A", kind)
    made = await desk.decide("A")
    assert (made["outcome"], made["permit"]) == ("block", None), made
    [(topic, event)] = [one for one in await desk.published() if one[0].startswith("restriction")]
    assert (topic, event["kind"], event["status"]) == ("restriction.placed", placed["kind"], "active")
    assert (event["account_id"], event["is_party_wide"]) == (str(desk.account("A")), True)


async def test_a_permit_does_not_outlive_the_hours_in_which_it_was_given(desk: Desk) -> None:
    await desk.open("A")
    nine_at_night = NOON + timedelta(hours=9)
    desk.clock.at = nine_at_night - timedelta(seconds=30)
    made = await desk.decide("A")
    assert datetime.fromisoformat(made["permit"]["expires_at"]) == nine_at_night


async def test_a_written_dispute_stops_a_collector_and_its_hold_ends_with_the_verification(desk: Desk) -> None:
    await desk.open("A")
    body = {
        "account_id": str(desk.account("A")), "party_id": str(desk.party("A")), "kind": "fdcpa_validation",
        "is_written": True, "statement": "I do not owe this.",
    }  # fmt: skip
    dispute = (await desk.post("/v1/disputes", body, role="collector")).json()
    assert dispute["is_hold"] is True
    assert (await desk.decide("A"))["outcome"] == "block"
    topics = [topic for topic, _ in await desk.published()]
    assert topics == ["dispute.opened", "restriction.placed", "decision.made"]
    path = f"/v1/disputes/{dispute['dispute_id']}/steps"
    step = {"status": "investigating", "answered_at": NOON.isoformat()}
    moved = await desk.post(path, step, role="collector", if_match=dispute["version"])
    assert (moved.json()["is_hold"], moved.json()["status"]) == (False, "investigating")
    assert "restriction.lifted" in [topic for topic, _ in await desk.published()]
    desk.clock.at += timedelta(minutes=1)
    assert "policy.dispute_hold" not in rules_against(await desk.decide("A"))
    back = await desk.post(path, {"status": "opened"}, role="collector", if_match=moved.json()["version"])
    assert (back.status_code, back.json()["code"]) == (409, "transition-refused")


async def test_a_dispute_with_the_creditor_itself_is_no_hold_by_law(service_engine: GetEngine, issuer: Issuer) -> None:
    async with open_desk(await service_engine("compliance"), issuer, kind="creditor") as desk:
        await desk.open("A")
        body = {
            "account_id": str(desk.account("A")), "party_id": str(desk.party("A")), "kind": "fdcpa_validation",
            "is_written": True,
        }  # fmt: skip
        dispute = (await desk.post("/v1/disputes", body, role="collector")).json()
        assert (dispute["is_hold"], dispute["restriction_id"]) == (False, None)
        assert [topic for topic, _ in await desk.published()] == ["dispute.opened"]


async def test_a_restriction_is_lifted_by_an_officer_who_has_seen_it(desk: Desk) -> None:
    await desk.open("A")
    placed = await desk.restrict("A", "cease", citation="12 CFR 1006.6(c)(1)")
    path, body = f"/v1/restrictions/{placed['restriction_id']}", {"reason": "Taken back", "evidence": "Letter"}
    assert (await desk.post(f"{path}/lift", body, role="collector", if_match=1)).status_code == 403
    assert (await desk.post(f"{path}/lift", body)).status_code == 428
    assert (await desk.post(f"{path}/lift", body, if_match=placed["version"] + 5)).status_code == 412
    lifted = await desk.post(f"{path}/lift", body, if_match=placed["version"])
    assert (lifted.json()["status"], lifted.json()["lifted_by"]) == ("lifted", "compliance_officer")
    again = await desk.post(f"{path}/lift", body, if_match=lifted.json()["version"])
    assert again.json() == lifted.json()
    desk.clock.at += timedelta(minutes=1)
    assert (await desk.decide("A"))["outcome"] in ALLOWED
    events = [(topic, event["restriction_id"]) for topic, event in await desk.published() if "restriction" in topic]
    assert events == [(f"restriction.{each}", placed["restriction_id"]) for each in ("placed", "lifted")]


async def test_dates_decide_when_a_restriction_holds(desk: Desk) -> None:
    await desk.open("A")
    placed = await desk.restrict("A", "cease", effective_on="2026-03-20", ends_on="2026-03-25")
    assert placed["status"] == "placed"
    assert (await desk.decide("A", role="auditor"))["outcome"] in ALLOWED
    for day, is_open in ((9, False), (14, False), (15, True)):
        made = await desk.decide("A", at=(NOON + timedelta(days=day)).isoformat())
        assert (made["outcome"] in ALLOWED) == is_open, day
    for dates in ({"effective_on": "2026-03-20", "ends_on": "2026-03-19"}, {"ends_on": "2026-03-10"}):
        wrong = {**dates, "kind": "cease", "evidence": "x", "party_id": str(desk.party("A"))}
        answer = await desk.post("/v1/restrictions", wrong, role="collector")
        assert answer.status_code == 422, dates


async def test_a_restriction_of_one_account_leaves_the_others(desk: Desk) -> None:
    await desk.open("A")
    await desk.feed(desk.account_message("B", party="A"))
    await desk.restrict("A", "attorney", account_ids=[str(desk.account("A"))])
    assert (await desk.decide("A"))["outcome"] == "block"
    assert (await desk.decide("A", account_ids=[str(desk.account("B"))]))["outcome"] in ALLOWED


async def test_an_account_that_comes_later_is_under_what_holds_for_its_party(desk: Desk) -> None:
    await desk.open("A")
    await desk.restrict("A", "bankruptcy_stay")
    await desk.published()
    await desk.feed(desk.account_message("B", party="A"))
    [(topic, event)] = await desk.published()
    assert (topic, event["account_id"], event["kind"]) == (
        "restriction.placed", str(desk.account("B")), "bankruptcy_stay",
    )  # fmt: skip
    await desk.feed(desk.account_message("B", party="A", version=2))
    assert await desk.published() == []


async def test_stop_calling_stops_calls_and_leaves_letters(desk: Desk) -> None:
    await desk.open("A")
    body = {"party_id": str(desk.party("A")), "channel": "phone", "evidence": "Said: stop calling"}
    refused = await desk.post("/v1/consents/revocations", body, role="contact_service")
    assert refused.status_code == 201, refused.text
    made = await desk.decide("A")
    assert made["outcome"] in ("block", "block_until")
    letter = await desk.decide("A", channel="letter", contact_point_id=None)
    assert not {one for one in rules_against(letter) if "medium" in one}
    desk.clock.at += timedelta(days=1)
    back = body | {"purpose": "contact", "basis": "direct", "evidence": "Said: you may call again"}
    assert (await desk.post("/v1/consents", back)).status_code == 201
    assert (await desk.decide("A"))["outcome"] in ALLOWED


async def test_an_opt_out_holds_for_the_value_whoever_has_it(desk: Desk) -> None:
    await desk.open("A", "B")
    consent = {"channel": "sms", "purpose": "contact", "basis": "direct", "evidence": "Said so"}
    for number in ("A", "B"):
        body = consent | {"party_id": str(desk.party(number)), "contact_point_id": str(desk.phone(number))}
        assert (await desk.post("/v1/consents", body)).status_code == 201
    desk.clock.at += timedelta(minutes=1)
    before = await desk.decide("B", channel="sms", role="auditor")
    assert before["outcome"] in ALLOWED, rules_against(before)
    await desk.feed(desk.opted_out("A", at=desk.clock.at))
    desk.clock.at += timedelta(minutes=1)
    for number in ("A", "B"):
        assert (await desk.decide(number, channel="sms", role="auditor"))["outcome"] == "block"


async def test_calls_refused_at_a_number_leave_no_voicemail_to_it(desk: Desk) -> None:
    await desk.open("A")
    number = "+12125550144"  # nobody else's: a refusal holds for the value
    await desk.feed(
        desk.party_message("A", version=2, phones=(number,)),
        desk.opted_out("A", channel="phone", value=number, at=desk.clock.at),
    )
    desk.clock.at += timedelta(minutes=1)
    point = str(desk.phone("A", number))
    for channel in ("phone", "voicemail"):
        made = await desk.decide("A", channel=channel, contact_point_id=point, role="auditor")
        assert "regf.medium" in rules_against(made), channel
    text = await desk.decide("A", channel="sms", contact_point_id=point, role="auditor")
    assert not rules_against(text) & {"regf.optout", "regf.medium"}


async def test_a_wrong_number_is_not_called_again(desk: Desk) -> None:
    await desk.open("A")
    attempt = desk.attempt("A", NOON - timedelta(hours=2))
    await desk.feed(desk.attempted(attempt), desk.completed(attempt, "wrong_number"))
    made = await desk.decide("A")
    assert made["outcome"] == "block"
    assert "policy.contact_point" in rules_against(made)


HEARD: list[tuple[str, str, str]] = [
    ("rpc_cease_oral", "cease", "cease"),
    ("rpc_attorney_named", "attorney", "attorney"),
    ("rpc_bankrupt", "bankruptcy_stay", "bankruptcy_stay"),
    ("rpc_deceased_reported", "deceased", "deceased"),
    ("rpc_military", "scra", "scra"),
]


@pytest.mark.parametrize(("code", "heard", "kind"), HEARD)
async def test_what_was_heard_takes_effect_from_the_event_and_once(
    desk: Desk, code: str, heard: str, kind: str
) -> None:
    await desk.open("A")
    attempt = desk.attempt("A", NOON - timedelta(days=8))
    told = await desk.restrict("A", kind, attempt_id=str(attempt["attempt_id"]))
    await desk.feed(desk.attempted(attempt), desk.completed(attempt, code, {"kind": heard}))
    listed = (await desk.get("/v1/restrictions", party_id=str(desk.party("A")))).json()["items"]
    assert [one["restriction_id"] for one in listed] == [told["restriction_id"]]
    assert told["restriction_id"] == str(uuid5(UUID(str(attempt["attempt_id"])), kind))


async def test_an_oral_cease_of_the_event_alone_stops_the_call(desk: Desk) -> None:
    await desk.open("A")
    attempt = desk.attempt("A", NOON - timedelta(days=8))
    await desk.feed(desk.completed(attempt, "rpc_cease_oral", {"kind": "cease"}))
    assert (await desk.decide("A"))["outcome"] == "block"
    [restriction] = (await desk.get("/v1/restrictions", account_id=str(desk.account("A")))).json()["items"]
    assert (restriction["is_written"], restriction["source"]) == (False, "contact")
    assert restriction["source_id"] == str(attempt["attempt_id"])


async def test_a_medium_refused_and_a_time_named_on_a_call_hold_from_the_event(desk: Desk) -> None:
    await desk.open("A")
    attempt = desk.attempt("A", NOON - timedelta(days=8))
    later = {"kind": "inconvenient", "not_before": (NOON + timedelta(hours=3)).isoformat()}
    await desk.feed(desk.completed(attempt, "rpc_stop_medium", {"kind": "stop_medium", "channel": "sms"}, later))
    made = await desk.decide("A")
    assert made["outcome"] == "block_until", rules_against(made)
    assert made["not_before"] == "2026-03-11T19:00:00Z", [one for one in made["rules"] if one["not_before"]]
    consents = (await desk.get("/v1/consents", party_id=str(desk.party("A")))).json()["items"]
    assert [(one["channel"], one["basis"], one["granted_at"]) for one in consents] == [("sms", "refused", None)]


async def test_a_dispute_that_a_collector_opened_on_the_call_is_not_opened_again_by_its_event(desk: Desk) -> None:
    await desk.open("A", "B")
    for number, opened in (("A", True), ("B", False)):
        attempt = desk.attempt(number, NOON - timedelta(days=8))
        facts: dict[str, Any] = {}
        if opened:
            body = {
                "account_id": str(desk.account(number)), "party_id": str(desk.party(number)),
                "kind": "original_creditor_request", "is_written": False, "attempt_id": str(attempt["attempt_id"]),
            }  # fmt: skip
            made = (await desk.post("/v1/disputes", body, role="collector")).json()
            facts = {"next_step": "dispute", "next_step_id": made["dispute_id"]}
        await desk.feed(desk.completed(attempt, "rpc_dispute", {"kind": "dispute"}, **facts))
        listed = (await desk.get("/v1/disputes", account_id=str(desk.account(number)))).json()["items"]
        assert [one["is_written"] for one in listed] == [False]


async def test_beside_the_dispute_that_was_the_next_step_those_of_other_debts_are_opened(desk: Desk) -> None:
    await desk.open("A")
    await desk.feed(desk.account_message("B", party="A"))
    attempt = desk.attempt("A", NOON - timedelta(days=8))
    body = {
        "account_id": str(desk.account("A")), "party_id": str(desk.party("A")), "kind": "fdcpa_validation",
        "is_written": False, "attempt_id": str(attempt["attempt_id"]),
    }  # fmt: skip
    made = (await desk.post("/v1/disputes", body, role="collector")).json()
    both = [str(desk.account(number)) for number in ("A", "B")]
    told = {"kind": "dispute", "account_ids": both}
    await desk.feed(desk.completed(attempt, "rpc_dispute", told, next_step="dispute", next_step_id=made["dispute_id"]))
    for account_id in both:
        [dispute] = (await desk.get("/v1/disputes", account_id=account_id)).json()["items"]
        assert dispute["dispute_id"] == str(uuid5(UUID(str(attempt["attempt_id"])), f"dispute:{account_id}"))


@pytest.mark.parametrize("channel", ["letter", "email", "sms"])
async def test_a_cease_and_a_dispute_that_came_in_writing_are_written_since_they_came(desk: Desk, channel: str) -> None:
    await desk.open("A")
    came_at = NOON - timedelta(days=3)
    letter = desk.attempt("A", came_at, direction="inbound", channel=channel, contact_point_id=None)
    debts = [str(desk.account("A"))]
    await desk.feed(
        desk.completed(
            letter, "inbound_message", {"kind": "cease"}, {"kind": "dispute"},
            completed_at=NOON, debts_discussed=debts, is_communication=True,
        )
    )  # fmt: skip
    [dispute] = (await desk.get("/v1/disputes", account_id=debts[0])).json()["items"]
    assert (dispute["is_written"], dispute["is_hold"]) == (True, True)
    assert datetime.fromisoformat(dispute["received_at"]) == came_at
    listed = (await desk.get("/v1/restrictions", party_id=str(desk.party("A")))).json()["items"]
    assert {one["kind"]: (one["is_written"], one["effective_on"]) for one in listed} == {
        "cease": (True, "2026-03-08"),
        "dispute_hold": (True, "2026-03-08"),
    }
    assert "regf.cease" in rules_against(await desk.decide("A"))


async def test_a_restriction_holds_from_the_moment_that_is_given(desk: Desk) -> None:
    await desk.open("A")
    from_now = desk.clock.at - timedelta(days=2)
    placed = await desk.restrict("A", "cease", effective_at=from_now.isoformat())
    assert placed["effective_on"] == "2026-03-09"
    body = {"kind": "cease", "party_id": str(desk.party("A")), "evidence": "x", "effective_at": from_now.isoformat()}
    twice = await desk.post("/v1/restrictions", body | {"effective_on": "2026-03-09"}, role="collector")
    assert twice.status_code == 422


async def test_a_medium_refused_at_two_numbers_is_refused_at_both(desk: Desk) -> None:
    await desk.open("A")
    attempt = desk.attempt("A", NOON - timedelta(days=8))
    points = [str(desk.phone("A")), str(desk.phone("A", "+12125550188"))]
    told = [{"kind": "stop_medium", "channel": "phone", "contact_point_id": point} for point in points]
    body = {
        "party_id": str(desk.party("A")), "channel": "phone", "contact_point_id": points[0],
        "attempt_id": str(attempt["attempt_id"]), "evidence": "Heard on a contact",
    }  # fmt: skip
    made = (await desk.post("/v1/consents/revocations", body, role="contact_service")).json()
    await desk.feed(desk.completed(attempt, "rpc_stop_medium", *told))
    consents = (await desk.get("/v1/consents", party_id=str(desk.party("A")))).json()["items"]
    assert sorted(one["contact_point_id"] for one in consents) == sorted(points)
    assert made["consent_id"] in {one["consent_id"] for one in consents}


async def test_a_medium_that_only_a_newer_service_knows_fails_no_handler(desk: Desk) -> None:
    await desk.open("A")
    attempt = desk.attempt("A", NOON - timedelta(days=8))
    told = desk.completed(attempt, "rpc_cease_oral", {"kind": "stop_medium", "channel": "sms"}, {"kind": "cease"})
    await desk.feed(told._replace(value=(told.value or b"").replace(b'"sms"', b'"fax"')))
    assert (await desk.get("/v1/consents", party_id=str(desk.party("A")))).json()["items"] == []
    [cease] = (await desk.get("/v1/restrictions", party_id=str(desk.party("A")))).json()["items"]
    assert cease["kind"] == "cease"


async def test_of_two_inconvenient_times_of_one_call_the_later_end_stands(desk: Desk) -> None:
    await desk.open("A")
    attempt = desk.attempt("A", NOON - timedelta(days=8))
    ends = [{"kind": "inconvenient", "not_before": (NOON + timedelta(hours=hours)).isoformat()} for hours in (4, 2)]
    await desk.feed(desk.completed(attempt, "rpc_inconvenient", *ends))
    made = await desk.decide("A")
    assert made["not_before"] == "2026-03-11T20:00:00Z", rules_against(made)


async def _consents_to_calls(desk: Desk, number: str) -> list[tuple[Any, ...]]:
    """Day, and when it was revoked, of each consent to a call."""
    found = (await desk.get("/v1/consents", party_id=str(desk.party(number)))).json()["items"]
    assert {(one["purpose"], one["channel"], one["basis"]) for one in found} <= {("call_frequency", "phone", "direct")}
    return sorted((one["starts_on"], one["ends_on"], one["revoked_at"]) for one in found)


async def test_the_consent_to_a_callback_moves_and_ends_with_it(desk: Desk) -> None:
    await desk.open("A")
    talk = desk.attempt("A", NOON - timedelta(days=1))
    await desk.feed(desk.completed(talk, "rpc_callback"))
    assert (await desk.decide("A", role="auditor"))["outcome"] == "block_until"
    made_at = NOON - timedelta(days=1) + timedelta(minutes=3)
    asked = {"attempt_id": talk["attempt_id"], "callback_at": NOON, "made_at": made_at}
    await desk.feed(desk.callback("A", 1, **asked))
    assert await _consents_to_calls(desk, "A") == [("2026-03-11", "2026-03-11", None)]
    assert (await desk.decide("A", role="auditor"))["outcome"] in ALLOWED
    await desk.feed(desk.callback("A", 2, **asked | {"callback_at": NOON + timedelta(days=2)}))
    assert await _consents_to_calls(desk, "A") == [("2026-03-13", "2026-03-13", None)]
    assert (await desk.decide("A", role="auditor"))["outcome"] == "block_until"
    await desk.feed(desk.callback("A", 1, **asked))
    assert await _consents_to_calls(desk, "A") == [("2026-03-13", "2026-03-13", None)], "an older state changes nothing"
    desk.clock.at += timedelta(days=2)
    assert (await desk.decide("A", role="auditor"))["outcome"] in ALLOWED
    await desk.feed(desk.callback("A", 3, "cancelled", **asked | {"callback_at": NOON + timedelta(days=2)}))
    [(_, _, revoked_at)] = await _consents_to_calls(desk, "A")
    assert datetime.fromisoformat(revoked_at) == desk.clock.at
    assert (await desk.decide("A", role="auditor"))["outcome"] == "block_until"
    told = [topic for topic, _ in await desk.published() if topic.startswith("consent")]
    assert told == ["consent.granted", "consent.granted", "consent.revoked"]


async def test_a_callback_that_nobody_asked_for_is_no_consent(desk: Desk) -> None:
    await desk.open("A")
    await desk.feed(desk.callback("A", is_requested=False))
    assert await _consents_to_calls(desk, "A") == []


async def test_an_attorney_is_recorded_with_its_restriction_and_goes_with_it(desk: Desk) -> None:
    await desk.open("A")
    body: dict[str, Any] = {
        "party_id": str(desk.party("A")), "attorney_name": "L. Law", "attorney_address": "2 Court St, Albany NY",
    }  # fmt: skip
    made = (await desk.post("/v1/representations", body, role="collector")).json()
    assert (await desk.decide("A"))["outcome"] == "block"
    path = f"/v1/representations/{made['representation_id']}"
    nothing = {"is_direct_allowed": None}
    refused = await desk.post(path, nothing, role="collector", if_match=made["version"], method="PATCH")
    assert refused.status_code == 422
    step = {"ended_at": NOON.isoformat()}
    assert (await desk.post(path, step, role="collector", if_match=made["version"], method="PATCH")).status_code == 200
    restriction = (await desk.get(f"/v1/restrictions/{made['restriction_id']}")).json()
    assert (restriction["kind"], restriction["status"]) == ("attorney", "lifted")


async def test_a_complaint_holds_until_it_is_closed(desk: Desk) -> None:
    await desk.open("A")
    body = {
        "party_id": str(desk.party("A")), "category": "conduct", "via": "phone", "statement": "Rude", "is_hold": True,
    }  # fmt: skip
    made = (await desk.post("/v1/complaints", body, role="collector")).json()
    assert "policy.complaint" in rules_against(await desk.decide("A"))
    path = f"/v1/complaints/{made['complaint_id']}/close"
    closed = await desk.post(path, {"resolution": "Apologised"}, role="collector", if_match=made["version"])
    assert closed.json()["status"] == "closed"
    desk.clock.at += timedelta(minutes=1)
    assert "policy.complaint" not in rules_against(await desk.decide("A"))


async def test_a_party_that_is_not_known_yet_is_told_to_come_back(desk: Desk) -> None:
    body = {"kind": "cease", "party_id": str(desk.party("nobody")), "evidence": "Letter"}
    answer = await desk.post("/v1/restrictions", body, role="collector")
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (409, "party-not-here", "2")
