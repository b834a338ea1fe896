"""The whole loop: a wrong number, the member found again, a promise, its payment, and seven days of quiet.

Everything goes through HTTP and Kafka; the vendor of person searches is a stand-in on a socket.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.e2e.bank import eventually
from tests.e2e.collectors_desk import CollectorsDesk

PROMISE = {"kind": "promise", "due_on": "2026-02-05", "amount_minor": 25_000, "currency": "USD"}
HOME = ZoneInfo("America/New_York")
COOLDOWN = "regf.call_freq.cooldown"


async def test_a_member_is_found_again_promises_pays_and_is_left_alone_until_the_seventh_day(
    desk: CollectorsDesk,
) -> None:
    bank = desk.bank
    await desk.vendor_knows(desk.new_number)
    await bank.account_where("L-1", queue="early_stage")

    # Allowed; but somebody else answers.
    first = await desk.place(desk.old_number)
    await desk.report(first, "wrong_number")
    again = await desk.call(desk.old_number)
    assert (again.status_code, again.json()["code"]) == (403, "contact-blocked")

    # The wrong number opens a search by itself, and what it finds can be called.
    (trace,) = await eventually(desk.skip_traces, lambda found: bool(found) and found[0]["candidates"] > 0)
    assert (trace["trigger"], trace["spent_minor"] > 0) == ("wrong_number", True)
    assert [each["value"] for each in await desk.candidates(trace)] == [desk.new_number]
    points = await eventually(desk.contact_points, lambda found: desk.new_number in found)
    assert (points[desk.old_number]["status"], points[desk.new_number]["status"]) == ("invalid", "candidate")

    # The right party, and a promise made in the same breath.
    outcome = await desk.talk(desk.new_number, "rpc_promise", next_step=PROMISE)
    promise = await bank.read("payments", f"/v1/promises/{outcome['next_step_id']}")
    assert (promise["status"], promise["installments"][0]["amount_minor"]) == ("made", 25_000)
    await bank.account_where("L-1", queue="arrangement_follow_up")
    await eventually(desk.skip_traces, lambda found: found[0]["status"] == "located")
    await eventually(desk.contact_points, lambda found: found[desk.new_number]["status"] == "verified")

    # The core books the money: the promise is kept, and nobody has anything to do any more.
    await bank.publish_payments(bank.payment("L-1", 25_000, "2026-02-01", "core-1"))
    await bank.obligation_where("promises", {"id": promise["id"]}, "kept")
    await bank.account_where("L-1", queue=None, past_due_minor=0)

    # The next instalment is missed. But they have talked: no call before the seventh day after it, by law.
    await bank.open_date("2026-02-11")
    await bank.account_where("L-1", queue="early_stage", past_due_minor=25_000)
    refused = await eventually(lambda: desk.call(desk.new_number), lambda answer: COOLDOWN in answer.text)
    assert (refused.status_code, refused.json()["code"]) == (403, "contact-blocked")
    (rule,) = [each for each in refused.json()["rules"] if each["id"] == COOLDOWN]
    assert (rule["citation"], rule["result"]) == ("12 CFR 1006.14(b)(2)(i)(B)", "fail")
    free = datetime.fromisoformat(refused.json()["not_before"])
    talked = datetime.fromisoformat(outcome["completed_at"])
    assert free.astimezone(HOME).date() - talked.astimezone(HOME).date() == timedelta(days=7)
    before = await desk.decision("phone", desk.new_number, at=(free - timedelta(seconds=1)).isoformat())
    after = await desk.decision("phone", desk.new_number, at=free.isoformat())
    assert (before["outcome"], after["outcome"].startswith("allow")) == ("block_until", True), after
    desk.assert_nothing_forbidden(contacts=2)
