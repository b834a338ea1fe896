"""A person is lost by an event, searched for and found, and the others hear of it; over a real database and socket."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from deploy.local.simulators.person_search import Faults
from tests.conftest import GetEngine
from tests.integration.skiptrace.trace_desk import FOUND_PHONE, NOW, PERSON, TALK, Desk, open_desk


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("skiptrace"), issuer, tmp_path) as made:
        yield await made.open("L-1")


async def test_a_wrong_number_opens_a_case_which_finds_the_person_and_a_talk_ends_it(desk: Desk) -> None:
    desk.knows()
    await desk.feed(desk.outcome("wrong_number"))
    [case] = await desk.traces()
    assert (case["status"], case["trigger"], case["requested_by"]) == ("requested", "wrong_number", "events")
    assert await desk.search() == 1
    [case] = await desk.traces()
    assert (case["status"], case["candidates"], case["spent_minor"]) == ("candidates", 2, 75)
    candidates = await desk.candidates(case["skip_trace_id"])
    assert {(one["kind"], one["value"]) for one in candidates} == {
        ("phone", FOUND_PHONE),
        ("address", "12 example avenue, springfield, il 62704"),
    }
    assert all(one["sources"][0]["source"] == "person_search" for one in candidates)
    assert all(one["confidence"] == sum(each["points"] for each in one["reasons"]) for one in candidates)

    told = await desk.published()
    topics = [topic for topic, _ in told]
    assert topics.count("skiptrace.searched") == 1
    found = [body for topic, body in told if topic == "contact_point.found"][-1]
    assert found["party_id"] == str(desk.party())
    phone = next(point for point in found["contact_points"] if point["kind"] == "phone")
    assert (phone["value"], phone["status"], phone["label"]) == (FOUND_PHONE, "unverified", "mobile")
    assert phone["contact_point_id"] == str(desk.phone(value=FOUND_PHONE))

    await desk.feed(desk.outcome("rpc_promise", contact_point_id=desk.phone(value=FOUND_PHONE), at=desk.clock.now()))
    [case] = await desk.traces()
    assert (case["status"], case["reason"]) == ("located", "verified")
    told = await desk.published()
    verified = next(body for topic, body in told if topic == "contact_point.verified")
    assert (verified["contact_point_id"], verified["method"]) == (phone["contact_point_id"], "right_party_contact")
    assert "value" not in verified
    assert [body["status"] for topic, body in told if topic == "skiptrace.located"] == ["located"]
    found = [body for topic, body in told if topic == "contact_point.found"][-1]
    assert {point["status"] for point in found["contact_points"] if point["kind"] == "phone"} == {"verified"}


async def test_the_address_of_the_core_is_no_candidate_when_a_vendor_names_it(desk: Desk) -> None:
    line = "1 old street, springfield, il 62701"
    home = {"contact_point_id": desk.point("L-1", "address", line), "kind": "address", "value": line, "label": "home"}
    await desk.feed(desk.party_message(version=2, contact_points=(home,)))
    old = {"street": "1 OLD Street", "city": "Springfield", "region": "IL", "postal_code": "62701"}
    desk.knows(person=PERSON | {"phones": [], "addresses": [old]})
    made = await desk.request()
    assert await desk.search() == 1
    assert await desk.candidates(made["skip_trace_id"]) == []
    assert [case["status"] for case in await desk.traces()] == ["exhausted"]


async def test_a_candidate_that_is_wrong_too_is_rejected_and_the_next_vendor_is_asked(desk: Desk) -> None:
    desk.knows()
    await desk.feed(desk.invalidated())
    await desk.search()
    [case] = await desk.traces()
    for candidate in await desk.candidates(case["skip_trace_id"]):
        kind = candidate["kind"]
        await desk.feed(desk.invalidated(contact_point_id=candidate["id"], kind=kind, at=desk.clock.now()))
    [case] = await desk.traces()
    assert case["status"] == "searching"
    assert await desk.search() == 0  # one vendor, which has answered
    [case] = await desk.traces()
    assert (case["status"], case["reason"]) == ("exhausted", "no_candidate_left")
    assert {one["status"] for one in await desk.candidates(case["skip_trace_id"])} == {"rejected"}
    found = [body for topic, body in await desk.published() if topic == "contact_point.found"][-1]
    assert found["contact_points"] == []


async def test_a_case_by_hand_needs_a_purpose_that_permits_it(desk: Desk) -> None:
    await desk.feed(desk.account_message(version=2, past_due_minor=0, oldest_unpaid_due_on=None))
    refused = await desk.post("/v1/skip-traces", desk.body())
    assert (refused.status_code, refused.json()["code"]) == (422, "purpose-not-permissible")
    assert "15 USC 1681b(a)(3)(A)" in refused.json()["detail"]
    made = await desk.request(permissible_purpose="glba_servicing")
    assert (made["trigger"], made["purpose_citation"]) == ("manual", "15 USC 6802(e)(1)")
    again = await desk.post("/v1/skip-traces", desk.body(permissible_purpose="glba_servicing"))
    assert (again.status_code, again.json()["code"]) == (409, "skip-trace-open")
    missing = await desk.post("/v1/skip-traces", {**desk.body(), "permissible_purpose": None})
    assert missing.status_code == 422


async def test_the_same_request_twice_opens_one_case(desk: Desk) -> None:
    key = str(uuid4())
    first = await desk.post("/v1/skip-traces", desk.body(), key=key)
    second = await desk.post("/v1/skip-traces", desk.body(), key=key)
    assert first.json() == second.json()
    assert first.headers["location"] == second.headers["location"]
    assert len(await desk.traces()) == 1


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"account_id": str(uuid4())}, "account-not-here"),
        ({"party_id": str(uuid4())}, "party-not-on-account"),
    ],
)
async def test_what_is_not_here_is_refused(desk: Desk, facts: dict[str, str], code: str) -> None:
    answer = await desk.post("/v1/skip-traces", desk.body() | facts)
    assert answer.json()["code"] == code


async def test_another_creditors_case_is_not_there(desk: Desk) -> None:
    made = await desk.request()
    path = f"/v1/skip-traces/{made['skip_trace_id']}"
    assert (await desk.get(path, creditors=[uuid4()])).json()["code"] == "skip-trace-unknown"
    assert (await desk.post(f"{path}/cancel", creditors=[uuid4()])).status_code == 404
    assert (await desk.post("/v1/skip-traces", desk.body(), creditors=[uuid4()])).status_code == 404
    assert (await desk.get("/v1/skip-traces", creditors=[uuid4()])).json()["items"] == []
    desk.knows()
    await desk.search()
    [candidate, _] = await desk.candidates(made["skip_trace_id"])
    for verb in ("verify", "reject"):
        answer = await desk.post(f"/v1/contact-point-candidates/{candidate['id']}/{verb}", creditors=[uuid4()])
        assert answer.json()["code"] == "candidate-unknown"


async def test_a_person_verifies_and_a_later_wrong_number_takes_it_back(desk: Desk) -> None:
    desk.knows()
    made = await desk.request()
    await desk.search()
    phone = next(one for one in await desk.candidates(made["skip_trace_id"]) if one["kind"] == "phone")
    answer = await desk.post(f"/v1/contact-point-candidates/{phone['id']}/verify", {"method": "document"})
    assert (answer.json()["status"], answer.json()["method"], answer.json()["decided_by"]) == (
        "verified",
        "document",
        "collector",
    )
    again = await desk.post(f"/v1/contact-point-candidates/{phone['id']}/verify")
    assert again.json() == answer.json()
    assert [topic for topic, _ in await desk.published()].count("contact_point.verified") == 1
    assert (await desk.traces())[0]["status"] == "located"
    desk.clock.ahead = timedelta(days=1)
    await desk.feed(desk.invalidated(contact_point_id=phone["id"], at=desk.clock.now()))
    cases = await desk.traces()
    assert [(case["status"], case["trigger"]) for case in cases] == [
        ("candidates", "wrong_number"),
        ("located", "manual"),
    ]
    assert (await desk.get(f"/v1/contact-point-candidates/{phone['id']}")).json()["status"] == "rejected"


async def test_what_is_settled_restricted_or_erased_is_searched_for_no_more(desk: Desk) -> None:
    await desk.feed(desk.party_message("L-2"), desk.account_message("L-2"))
    await desk.feed(desk.party_message("L-3"), desk.account_message("L-3"))
    await desk.feed(desk.outcome(), desk.outcome(number="L-2"), desk.outcome(number="L-3"))
    await desk.feed(desk.account_message(version=5, balance_minor=0, past_due_minor=0, oldest_unpaid_due_on=None))
    await desk.feed(desk.restriction("bankruptcy_stay", "L-2"), desk.erasure("L-3"))
    assert await desk.search() == 0
    assert [(case["status"], case["reason"]) for case in await desk.traces()] == [("cancelled", "account_settled")]
    assert [(case["status"], case["reason"]) for case in await desk.traces("L-2")] == [("cancelled", "restricted")]
    assert [(case["status"], case["reason"]) for case in await desk.traces("L-3")] == [("cancelled", "erased")]
    again = await desk.post(f"/v1/skip-traces/{(await desk.traces('L-2'))[0]['skip_trace_id']}/cancel")
    assert again.json()["reason"] == "restricted"
    await desk.feed(desk.account_message(version=6))
    assert [case["status"] for case in await desk.traces()] == ["requested", "cancelled"]  # the number is wrong still
    assert (await desk.post("/v1/skip-traces", desk.body("L-2"))).json()["code"] == "skip-trace-restricted"


async def test_an_erasure_leaves_nothing_that_tells_who_it_was(desk: Desk) -> None:
    desk.knows()
    made = await desk.request()
    await desk.search()
    await desk.published()
    await desk.feed(desk.erasure())
    assert await desk.candidates(made["skip_trace_id"]) == []
    kept = await desk.query(f"SELECT row_to_json(p)::text FROM party_view p WHERE party_id = '{desk.party()}'")
    assert "Alex" not in kept[0][0]
    assert FOUND_PHONE not in str(await desk.query("SELECT value FROM candidate WHERE creditor_id = :creditor"))
    told = await desk.published()
    assert [body["contact_points"] for topic, body in told if topic == "contact_point.found"] == [[]]


async def test_nobody_reached_in_so_many_days_is_searched_for_by_the_nightly_sweep(desk: Desk) -> None:
    tries = [desk.outcome("no_answer", at=NOW - timedelta(days=31 - day)) for day in (0, 9, 20)]
    await desk.feed(*tries[:2])
    night = {"creditor_id": desk.creditor, "business_date": "2026-03-10", "previous": None}
    await desk.feed(desk.message("business_date.advanced", night, 2))
    await desk.sweep()
    assert await desk.traces() == []  # two tries are not enough
    await desk.feed(tries[2])
    [case] = await desk.traces()
    assert case["trigger"] == "no_right_party_contact"


async def test_a_sweep_finds_those_whose_time_has_come_since_the_last_message(desk: Desk) -> None:
    await desk.feed(*(desk.outcome("no_answer", at=NOW - timedelta(days=day)) for day in (3, 2, 1)))
    assert await desk.traces() == []
    desk.clock.ahead = timedelta(days=40)
    night = {"creditor_id": desk.creditor, "business_date": "2026-04-20", "previous": None}
    await desk.feed(desk.message("business_date.advanced", night, 3))
    await desk.sweep()
    [case] = await desk.traces()
    assert case["trigger"] == "no_right_party_contact"


async def test_a_talk_with_the_right_party_covers_the_tries_before_it(desk: Desk) -> None:
    await desk.feed(
        *(desk.outcome("no_answer", at=NOW - timedelta(days=day)) for day in (60, 50, 45)),
        desk.outcome("rpc_refused", at=NOW - timedelta(days=40)),
    )
    assert await desk.traces() == []


async def test_mail_that_comes_back_opens_a_case(desk: Desk) -> None:
    bounced = {
        "creditor_id": desk.creditor, "account_id": desk.account(), "account_ids": (desk.account(),),
        "party_id": desk.party(), "message_id": uuid4(), "attempt_id": uuid4(), "channel": "letter",
        "contact_point_id": uuid4(), "template": "reminder", "language": "en", "at": NOW, "is_permanent": True,
        "reason": "undeliverable",
    }  # fmt: skip
    await desk.feed(desk.message("message.bounced", bounced | {"channel": "email"}))
    assert await desk.traces() == []
    await desk.feed(desk.message("message.bounced", bounced))
    assert [case["trigger"] for case in await desk.traces()] == ["returned_mail"]


async def test_a_vendor_that_fails_is_tried_again_later_and_billed_once(desk: Desk) -> None:
    desk.knows()
    desk.vendor.faults = Faults(count=3)  # all tries of the first attempt
    made = await desk.request()
    assert await desk.search() == 1
    [search] = (await desk.get(f"/v1/skip-traces/{made['skip_trace_id']}/searches")).json()["items"]
    assert (search["status"], search["failure"], search["cost_minor"]) == ("failed", "answered-503", 75)
    assert (await desk.traces())[0]["status"] == "searching"
    assert await desk.search() == 0
    desk.clock.ahead = timedelta(minutes=2)
    assert await desk.search() == 1
    searches = (await desk.get(f"/v1/skip-traces/{made['skip_trace_id']}/searches")).json()["items"]
    assert [(one["status"], one["cost_minor"]) for one in searches] == [("failed", 0), ("answered", 75)]
    assert len(desk.vendor.ledger.answers) == 1
    assert (await desk.traces())[0]["spent_minor"] == 75


async def test_a_retry_needs_no_money_but_what_its_first_attempt_holds(desk: Desk) -> None:
    desk.knows()
    desk.vendor.faults = Faults(count=3)
    made = await desk.request(budget_minor=75)  # one search
    await desk.search()
    assert (await desk.traces())[0]["status"] == "searching"
    desk.clock.ahead = timedelta(minutes=2)
    assert await desk.search() == 1
    searches = (await desk.get(f"/v1/skip-traces/{made['skip_trace_id']}/searches")).json()["items"]
    assert [(one["status"], one["reserved_minor"], one["cost_minor"]) for one in searches] == [
        ("failed", 75, 0),
        ("answered", 0, 75),
    ]
    assert (await desk.traces())[0]["spent_minor"] == 75
    assert (await desk.query("SELECT sum(amount_minor) FROM cost_entry WHERE creditor_id = :creditor")) == [(75,)]


async def test_attempts_that_all_fail_are_charged_once(desk: Desk) -> None:
    desk.vendor.faults = Faults(count=99)
    await desk.request(budget_minor=75)
    for minutes in (0, 2, 13, 24 * 60 + 14):
        desk.clock.ahead = timedelta(minutes=minutes)
        await desk.search()
    [case] = await desk.traces()
    assert (case["status"], case["spent_minor"]) == ("exhausted", 75)
    assert (await desk.query("SELECT sum(amount_minor) FROM cost_entry WHERE creditor_id = :creditor")) == [(75,)]


async def test_a_number_that_is_called_wrong_in_a_talk_with_the_person_sends_nobody_to_search(desk: Desk) -> None:
    desk.knows()
    begun = NOW - timedelta(hours=1)
    said = desk.invalidated(contact_point_id=uuid4(), at=begun + TALK)  # when the talk was over
    await desk.feed(desk.outcome("rpc_payment", at=begun), said)
    assert {case["status"] for case in await desk.traces()} <= {"located"}
    assert (await desk.search(), desk.vendor.ledger.requests) == (0, 0)


async def test_a_vendor_that_is_silent_costs_one_bounded_wait_and_nothing_else(desk: Desk) -> None:
    desk.knows()
    desk.vendor.faults = Faults(delay_s=30)
    made = await desk.request()
    await desk.search()
    [search] = (await desk.get(f"/v1/skip-traces/{made['skip_trace_id']}/searches")).json()["items"]
    assert (search["failure"], search["status"]) == ("timed-out", "failed")
    assert desk.vendor.ledger.requests == 3


async def test_an_answer_in_another_layout_is_a_failure_and_no_candidate(desk: Desk) -> None:
    desk.vendor.faults = Faults(count=9, status=200, body='{"persons": {"not": "a list"}}')
    made = await desk.request()
    await desk.search()
    [search] = (await desk.get(f"/v1/skip-traces/{made['skip_trace_id']}/searches")).json()["items"]
    assert search["failure"] == "answer-unreadable"
    assert await desk.candidates(made["skip_trace_id"]) == []


async def test_a_search_whose_worker_died_goes_out_again_and_is_paid_for_once(desk: Desk) -> None:
    desk.knows()
    made = await desk.request()

    class _DyingError(BaseException):
        pass

    class _Dying:
        async def search(self, *_: object) -> None:
            raise _DyingError

    with pytest.raises(_DyingError):
        await desk.searcher.search_due(_Dying())  # type: ignore[arg-type]
    [search] = (await desk.get(f"/v1/skip-traces/{made['skip_trace_id']}/searches")).json()["items"]
    assert search["status"] == "asked"
    assert await desk.search() == 0  # it may still be on its way
    desk.clock.ahead = timedelta(minutes=6)
    assert await desk.search() == 1
    [search] = (await desk.get(f"/v1/skip-traces/{made['skip_trace_id']}/searches")).json()["items"]
    assert (search["status"], search["attempt"], search["cost_minor"]) == ("answered", 1, 75)
    assert (await desk.traces())[0]["spent_minor"] == 75


async def test_evidence_is_kept_and_holds_no_card_number(desk: Desk) -> None:
    made = await desk.request()
    path = f"/v1/skip-traces/{made['skip_trace_id']}/evidence"
    kept = await desk.post(path, {"kind": "public_record", "note": "The county lists a deed at another address."})
    assert kept.status_code == 201
    refused = await desk.post(path, {"kind": "other", "note": "card 4111 1111 1111 1111"})
    assert refused.json()["code"] == "card-number-refused"
    assert [one["note"] for one in (await desk.get(path)).json()["items"]] == [kept.json()["note"]]
    assert (await desk.post(path, {"kind": "other", "note": "x"}, role="admin")).status_code == 403


async def test_a_talk_locates_the_case_that_it_falls_into_also_when_it_is_told_late_and_no_earlier_one(
    desk: Desk,
) -> None:
    desk.knows_nobody()
    await desk.request()
    await desk.search()
    assert [case["status"] for case in await desk.traces()] == ["exhausted"]
    before_the_end = desk.clock.now() - timedelta(milliseconds=1)
    desk.clock.ahead = timedelta(days=1)
    await desk.feed(desk.outcome("rpc_refused", at=desk.clock.now()))
    assert [case["status"] for case in await desk.traces()] == ["exhausted"]
    [case] = await desk.traces()
    late = min(before_the_end, datetime.fromisoformat(case["resolved_at"]))
    await desk.feed(desk.outcome("rpc_refused", at=late, completed_at=late))
    assert [case["status"] for case in await desk.traces()] == ["located"]
