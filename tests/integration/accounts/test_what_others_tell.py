"""The timeline and account-360 show what the other services tell, once, in whichever order they tell it."""

import json
from random import Random
from typing import Any
from uuid import UUID, uuid4

from services.accounts.store.outside_events import TOLD
from shared.events.topics import TOPICS
from shared.ids import contact_point_id, party_id
from tests.integration.accounts.desk import LOAN, Desk
from tests.integration.accounts.neighbours import get, kinds_told, restriction, tell, told

PHONE = "+12025550123"


def test_all_that_the_other_services_say_of_an_account_or_a_party_is_followed() -> None:
    others = {"compliance", "contact", "skiptrace"}
    about = {
        name
        for name, topic in TOPICS.items()
        if topic.owner in others and topic.payload.model_fields.keys() & {"account_id", "account_ids", "party_id"}
    }
    assert set(TOLD) == about


async def test_every_followed_event_stands_on_the_timeline_with_nothing_personal(desk: Desk) -> None:
    await desk.take(LOAN)
    messages = [told(desk, topic) for topic in TOLD]
    await tell(desk, *messages)
    assert set(await kinds_told(desk)) == set(TOLD)
    items = (await get(desk, "timeline", limit=200))["items"]
    shown = {item["kind"]: item for item in items}
    assert shown["contact.completed"]["detail"]["result_code"] == "rpc_callback"
    assert shown["restriction.placed"]["detail"]["citation"] == "12 CFR 1006.6(c)(1)"
    assert shown["contact.attempted"]["on"] == "2026-03-07"
    text = str([item["detail"] for item in items if item["kind"] in TOLD])
    assert not [word for word in ("Ada", "Byron", "202555", "example.com") if word in text]
    named = [json.loads(message.value or b"{}") for message in messages if TOPICS[message.topic].is_personal]
    values = {
        str(point[part])
        for body in named
        for point in body["contact_points"]
        for part in ("value", "street", "city", "postal_code")
        if point.get(part)
    }
    assert values
    assert not [value for value in values if value in text]


async def test_told_twice_and_in_any_order_it_is_the_same_timeline(desk: Desk) -> None:
    await desk.take(LOAN, LOAN | {"core_account_number": "L2"})
    one, dispute, consent = uuid4(), uuid4(), uuid4()

    def story(number: str) -> list[Any]:
        return [
            *(told(desk, topic, number=number) for topic in ("contact.attempted", "contact.completed", "message.sent")),
            restriction(desk, restriction_id=one, number=number),
            restriction(desk, restriction_id=one, number=number, version=2, ends_on="2031-01-01"),
            restriction(desk, restriction_id=one, number=number, version=3, lifted_at="2026-03-09T10:00:00Z"),
            told(desk, "dispute.opened", number=number, dispute_id=dispute, status="opened"),
            told(desk, "dispute.opened", number=number, dispute_id=dispute, status="investigating", version=2),
            told(desk, "consent.granted", consent_id=consent, account_ids=[]),
        ]

    await tell(desk, *story("L1"))
    later = story("L2")
    Random(7).shuffle(later)
    for message in (*later, *later[:4]):
        await tell(desk, message)
    first, second = [
        [
            (item["kind"], item["id"], {name: value for name, value in item["detail"].items() if name != "account_ids"})
            for item in (await get(desk, "timeline", number=number, limit=200))["items"]
            if item["kind"] in TOLD
        ]
        for number in ("L1", "L2")
    ]
    assert first == second
    (opened,) = [detail for kind, _, detail in first if kind == "dispute.opened"]
    assert opened["status"] == "investigating"


async def test_what_concerns_several_accounts_or_the_person_stands_with_each_of_them(desk: Desk) -> None:
    await desk.take(LOAN, LOAN | {"core_account_number": "L2"}, LOAN | {"core_account_number": "L3"})
    both = [desk.id_of("L1"), desk.id_of("L2")]
    await tell(
        desk,
        told(desk, "contact.attempted", account_ids=both),
        told(desk, "message.opted_out"),
        told(desk, "consent.granted", account_ids=[desk.id_of("L2")]),
    )
    assert sorted(await kinds_told(desk)) == ["contact.attempted", "message.opted_out"]
    assert sorted(await kinds_told(desk, number="L2")) == ["consent.granted", "contact.attempted", "message.opted_out"]
    assert sorted(await kinds_told(desk, number="L3")) == ["message.opted_out"]


async def test_what_is_told_before_the_account_is_known_stands_there_once_it_is(desk: Desk) -> None:
    await tell(desk, told(desk, "contact.completed"), told(desk, "skiptrace.requested"))
    await desk.take(LOAN)
    assert sorted(await kinds_told(desk)) == ["contact.completed", "skiptrace.requested"]


async def test_account_360_lists_the_latest_contacts_with_their_outcomes(desk: Desk) -> None:
    await desk.take(LOAN)
    answered, open_one, inbound = uuid4(), uuid4(), uuid4()
    await tell(
        desk,
        told(desk, "contact.completed", attempt_id=answered, at="2026-03-07T15:00:00Z", next_step="promise"),
        told(desk, "contact.attempted", attempt_id=answered, at="2026-03-07T15:00:00Z"),
        told(desk, "contact.attempted", attempt_id=open_one, at="2026-03-08T15:00:00Z"),
        told(
            desk, "contact.completed", attempt_id=inbound, at="2026-03-09T15:00:00Z", direction="inbound",
            permit_id=None, result_code="inbound_rpc", next_step=None,
        ),
    )  # fmt: skip
    seen = (await get(desk, "overview"))["last_contacts"]
    assert [each["attempt_id"] for each in seen] == [str(inbound), str(open_one), str(answered)]
    assert [each["result_code"] for each in seen] == ["inbound_rpc", None, "rpc_callback"]
    assert [each["is_right_party"] for each in seen] == [True, None, True]
    assert [each["next_step"] for each in seen] == [None, None, "promise"]


async def test_account_360_says_which_contact_points_are_no_good(desk: Desk) -> None:
    await desk.take(LOAN)
    phone = contact_point_id(party_id(desk.creditor_id, "P1"), "phone", PHONE)

    async def reasons() -> dict[str, Any]:
        (party,) = (await get(desk, "overview"))["parties"]
        return {point["kind"]: point["invalid_reason"] for point in party["contact_points"]}

    good = told(desk, "contact_point.verified", contact_point_id=phone, verified_at="2026-03-09T12:00:00Z")
    bad = told(
        desk, "contact_point.invalidated", contact_point_id=phone, reason="wrong_number", at="2026-03-08T12:00:00Z"
    )
    assert await reasons() == {"phone": None, "email": None}
    await tell(desk, bad)
    assert await reasons() == {"phone": "wrong_number", "email": None}
    await tell(desk, good, bad)
    assert await reasons() == {"phone": None, "email": None}, "the later of the two holds"


async def test_account_360_shows_what_was_found_for_a_party_without_its_value(desk: Desk) -> None:
    await desk.take(LOAN)
    party = party_id(desk.creditor_id, "P1")
    found, gone, core = (contact_point_id(party, "phone", value) for value in ("+12025550177", "+12025550188", PHONE))
    golden, *_ = json.loads(told(desk, "contact_point.found").value or b"")["contact_points"]

    def points(*ids: UUID) -> dict[str, Any]:
        return {"contact_points": [golden | {"contact_point_id": str(each)} for each in ids]}

    later = told(desk, "contact_point.found", version=2, **points(found, core))
    await tell(desk, later, told(desk, "contact_point.found", version=1, **points(found, gone)))
    await tell(desk, told(desk, "contact_point.verified", contact_point_id=found, verified_at="2026-03-09T12:00:00Z"))

    async def shown() -> list[dict[str, Any]]:
        (party_shown,) = (await get(desk, "overview"))["parties"]
        items: list[dict[str, Any]] = party_shown["found_contact_points"]
        return items

    (point,) = await shown()
    assert (point["contact_point_id"], point["source"], point["kind"]) == (str(found), golden["source"], golden["kind"])
    assert (point["verified_at"], point["invalid_reason"]) == ("2026-03-09T12:00:00Z", None)
    assert "value" not in point
    await tell(desk, told(desk, "contact_point.invalidated", contact_point_id=found, at="2026-03-10T12:00:00Z"))
    (point,) = await shown()
    assert (point["verified_at"], point["invalid_reason"]) == (None, "wrong_number")
    ids = {item["id"] for item in (await get(desk, "timeline"))["items"] if item["kind"] == "contact_point.found"}
    assert ids == {str(found), str(gone), str(core)}, "what was found once was found"
