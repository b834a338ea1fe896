"""A third party is asked once, by the script, whatever is known of the person and however many ask at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from tests.conftest import GetEngine
from tests.integration.skiptrace.trace_desk import Desk, open_desk

NEIGHBOUR = {"name": "Robin Neighbour", "relationship": "neighbour", "phone": "(217) 555-0147"}


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("skiptrace"), issuer, tmp_path) as made:
        opened = await made.open("L-1")
        await opened.request()
        opened.clock.ahead = _until_noon(opened)
        yield opened


def _until_noon(desk: Desk) -> timedelta:
    """How long it is until noon where the neighbour is."""
    now = desk.clock.now().astimezone(ZoneInfo(desk.ZONE))
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    return (noon if noon > now else noon + timedelta(days=1)) - now


async def _ask(desk: Desk, **facts: Any) -> httpx.Response:
    body = {
        "party_id": str(desk.party()), "account_id": str(desk.account()), "third_party": NEIGHBOUR,
        "channel": "phone", "caller_name": "Alex Caller",
    }  # fmt: skip
    return await desk.post("/v1/location-inquiries", body | facts)


async def _report(desk: Desk, asked: httpx.Response, outcome: str, **facts: Any) -> httpx.Response:
    body = {"outcome": outcome, "debt_was_mentioned": False} | facts
    return await desk.post(f"/v1/location-inquiries/{asked.json()['inquiry_id']}/report", body)


async def test_an_inquiry_is_allowed_with_a_script_that_names_no_debt(desk: Desk) -> None:
    answer = await _ask(desk, language="es")
    assert answer.status_code == 201
    made = answer.json()
    assert (made["status"], made["basis"]) == ("allowed", "law")
    assert made["script"]["opening"] == (
        "Me llamo Alex Caller. Estoy confirmando o corrigiendo la información de ubicación de Alex Example L-1."
    )
    assert "12 CFR 1006.10(c)" in {rule["citation"] for rule in made["rules"]}
    assert "Harbor" not in made["script"]["opening"]


async def test_the_same_person_is_not_asked_again_under_another_name_or_number(desk: Desk) -> None:
    first = await _ask(desk)
    assert (await _report(desk, first, "answered")).status_code == 200
    for person in (
        NEIGHBOUR,
        {"name": "R. Neighbour", "phone": "+1 217 555 0147"},
        {"name": "robin  NEIGHBOUR", "phone": "+1 217 555 0199"},
    ):
        again = await _ask(desk, third_party=person)
        assert (again.status_code, again.json()["code"]) == (403, "location-inquiry-blocked")
        failed = {rule["id"] for rule in again.json()["rules"] if rule["result"] == "fail"}
        assert "location.once" in failed
    log = (await desk.get("/v1/location-inquiries", party_id=str(desk.party()))).json()["items"]
    assert [one["status"] for one in log] == ["blocked", "blocked", "blocked", "reported"]
    other = await _ask(desk, third_party={"name": "Kim Other", "phone": "+12175550133"})
    assert other.status_code == 201


async def test_of_many_who_ask_at_once_one_is_allowed(desk: Desk) -> None:
    answers = await asyncio.gather(*(_ask(desk) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] + [403] * 11


async def test_a_second_inquiry_needs_a_ground_its_evidence_and_the_belief_that_more_is_known(desk: Desk) -> None:
    first = await _ask(desk)
    await _report(desk, first, "incomplete")
    desk.clock.ahead += timedelta(days=8)
    ground = {"ground": "earlier_answer_incomplete", "ground_evidence": "Said to have the new address next week."}
    assert (await _ask(desk, **ground)).status_code == 403
    assert (await _ask(desk, ground=ground["ground"], believes_person_knows_now=True)).status_code == 403
    assert (
        await _ask(desk, **ground | {"ground": "earlier_answer_erroneous"}, believes_person_knows_now=True)
    ).status_code == 403
    assert (await _ask(desk, **ground, believes_person_knows_now=True)).status_code == 201


async def test_nobody_is_asked_when_the_consumer_has_an_attorney_but_the_attorney(desk: Desk) -> None:
    await desk.feed(desk.restriction("attorney"))
    blocked = await _ask(desk)
    assert [rule["id"] for rule in blocked.json()["rules"] if rule["result"] == "fail"] == ["location.attorney"]
    attorney = {"name": "Dana Lawyer", "relationship": "attorney", "phone": "+12175550111"}
    assert (await _ask(desk, third_party=attorney)).status_code == 201
    assert (await _ask(desk, attorney_is_silent=True)).status_code == 403
    evidence = "Wrote on 1 and 15 September, called on the 20th."
    silent = await _ask(desk, attorney_is_silent=True, attorney_evidence=evidence)
    assert silent.status_code == 201
    assert evidence in {rule["id"]: rule["fact"] for rule in silent.json()["rules"]}["location.attorney"]


async def test_nobody_is_called_at_night_or_where_nothing_says_that_it_is_day(desk: Desk) -> None:
    unknown = await _ask(desk, third_party={"name": "Kim Other"})
    assert [rule["id"] for rule in unknown.json()["rules"] if rule["result"] == "fail"] == ["location.hours"]
    by_mail = await _ask(desk, third_party={"name": "Kim Other"}, channel="letter")
    assert by_mail.status_code == 201
    visit = {"name": "Lee Visited", "address": "5 Lake Street, Springfield, IL 62704"}
    assert (await _ask(desk, third_party=visit, channel="in_person")).status_code == 201
    desk.clock.ahead += timedelta(hours=15)
    night = await _ask(desk)
    assert [rule["id"] for rule in night.json()["rules"] if rule["result"] == "fail"] == ["location.hours"]


async def test_a_call_that_was_begun_when_its_leave_had_ended_is_marked_and_counts_on_its_own_day(desk: Desk) -> None:
    asked = await _ask(desk)
    begun = desk.clock.now()
    ends = datetime.fromisoformat(asked.json()["expires_at"])
    assert timedelta(minutes=9) < ends - begun <= timedelta(minutes=10)
    desk.clock.ahead += timedelta(days=4)
    for wrong in (begun - timedelta(hours=1), desk.clock.now() + timedelta(hours=1)):
        refused = await _report(desk, asked, "incomplete", made_at=wrong.isoformat())
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "made_at")
    late = await _report(desk, asked, "incomplete", made_at=desk.clock.now().isoformat())
    assert (late.status_code, late.json()["needs_review"]) == (200, True)
    desk.clock.ahead += timedelta(days=4)
    again = {"ground": "earlier_answer_incomplete", "ground_evidence": "Said so.", "believes_person_knows_now": True}
    blocked = await _ask(desk, **again)  # eight days since there was leave, and four since the talk
    assert [rule["id"] for rule in blocked.json()["rules"] if rule["result"] == "fail"] == ["location.cooldown"]
    desk.clock.ahead += timedelta(days=3)
    assert (await _ask(desk, **again)).status_code == 201


async def test_a_call_that_is_reported_later_with_its_time_is_in_order(desk: Desk) -> None:
    asked = await _ask(desk)
    begun = desk.clock.now() + timedelta(minutes=2)
    desk.clock.ahead += timedelta(hours=3)
    told = (await _report(desk, asked, "answered", made_at=begun.isoformat())).json()
    assert (told["needs_review"], datetime.fromisoformat(told["made_at"])) == (False, begun)


@pytest.mark.parametrize(
    "found",
    [
        {"kind": "phone", "phone": "217-555-016"},
        {"kind": "phone", "street": "9 New Road"},
        {"kind": "address", "city": "Peoria", "region": "IL"},
    ],
)
async def test_what_the_person_said_and_nobody_can_read_is_refused_while_it_can_be_put_right(
    desk: Desk, found: dict[str, str]
) -> None:
    asked = await _ask(desk)
    good = {"kind": "phone", "phone": "217-555-0166"}
    refused = await _report(desk, asked, "answered", found=[good, found])
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "found.1")
    assert (await _report(desk, asked, "answered", found=[good])).status_code == 200


@pytest.mark.parametrize("kind", ["dispute_hold", "disaster", "litigation", "complaint_hold"])
async def test_nobody_is_asked_while_a_dispute_a_complaint_or_a_disaster_holds_collection(
    desk: Desk, kind: str
) -> None:
    await desk.feed(desk.restriction(kind))
    blocked = await _ask(desk)
    assert [rule["id"] for rule in blocked.json()["rules"] if rule["result"] == "fail"] == ["location.restriction"]


async def test_nobody_is_asked_by_postcard_or_when_nobody_is_searched_for(desk: Desk) -> None:
    assert (await _ask(desk, channel="postcard")).status_code == 403
    [case] = await desk.traces()
    await desk.post(f"/v1/skip-traces/{case['skip_trace_id']}/cancel")
    blocked = await _ask(desk)
    assert [rule["id"] for rule in blocked.json()["rules"] if rule["result"] == "fail"] == ["location.purpose"]


async def test_what_the_person_says_becomes_candidates_and_a_breach_is_marked(desk: Desk) -> None:
    asked = await _ask(desk)
    found = [
        {"kind": "phone", "phone": "217-555-0166"},
        {"kind": "address", "street": "9 New Road", "city": "Peoria", "region": "IL", "postal_code": "61602"},
    ]
    told = await _report(desk, asked, "answered", found=found, employer_was_named="unasked")
    assert (told.json()["status"], told.json()["needs_review"]) == ("reported", True)
    [case] = await desk.traces()
    assert case["status"] == "candidates"
    candidates = await desk.candidates(case["skip_trace_id"])
    assert {one["value"] for one in candidates} == {"+12175550166", "9 new road, peoria, il 61602"}
    assert {one["sources"][0]["source"] for one in candidates} == {"location_inquiry"}
    assert (await _report(desk, asked, "refused")).json()["code"] == "location-inquiry-reported"
    path = f"/v1/location-inquiries/{asked.json()['inquiry_id']}"
    assert (await desk.get(path, creditors=[uuid4()])).json()["code"] == "location-inquiry-unknown"
    assert (await desk.get(path)).json() == told.json()


async def test_a_call_that_nobody_answered_does_not_use_the_one_talk_up_and_seven_do(desk: Desk) -> None:
    for _ in range(7):
        asked = await _ask(desk)
        assert asked.status_code == 201
        await _report(desk, asked, "no_answer")
    blocked = await _ask(desk)
    assert [rule["id"] for rule in blocked.json()["rules"] if rule["result"] == "fail"] == ["location.calls"]
    desk.clock.ahead += timedelta(days=7)
    assert (await _ask(desk)).status_code == 201


async def test_who_was_written_to_is_not_written_to_again_though_no_answer_came(desk: Desk) -> None:
    letter = {"third_party": NEIGHBOUR | {"address": "5 Lake Street, Springfield, IL 62704"}, "channel": "letter"}
    asked = await _ask(desk, **letter)
    await _report(desk, asked, "no_answer")
    blocked = await _ask(desk, **letter)
    assert [rule["id"] for rule in blocked.json()["rules"] if rule["result"] == "fail"] == ["location.once"]


async def test_who_was_asked_and_what_came_of_it_is_told_without_a_name(desk: Desk) -> None:
    asked = await _ask(desk)
    said = {"is_again_requested": True, "is_known_now": False}
    assert (await _report(desk, asked, "incomplete", **said)).status_code == 200
    told = [each for each in await desk.published() if each[0].startswith("location_inquiry.")]
    assert [topic for topic, _ in told] == ["location_inquiry.allowed", "location_inquiry.reported"]
    first, second = (body for _, body in told)
    assert (first["outcome"], second["outcome"]) == (None, "incomplete")
    assert first["third_party_ids"] == second["third_party_ids"] != []
    assert {name: second[name] for name in said} == said
    assert "Robin" not in str(told)
