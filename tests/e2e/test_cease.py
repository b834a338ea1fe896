"""The member says on a call that all of it shall cease: what stops at once, and the little that may still be sent."""

from tests.e2e.bank import eventually
from tests.e2e.collectors_desk import HOME, CollectorsDesk


async def test_an_oral_cease_stops_everything_but_the_permitted_notices(desk: CollectorsDesk) -> None:
    bank = desk.bank
    await bank.account_where("L-1", queue="early_stage")
    await desk.talk(desk.old_number, "rpc_cease_oral")

    # At once: compliance knew it before the outcome was answered.
    for channel, value in (
        ("phone", desk.old_number),
        ("sms", desk.old_number),
        ("email", desk.email),
        ("letter", HOME),
    ):
        decision = await desk.decision(channel, value)
        assert decision["outcome"] == "block", (channel, decision)
        failed = {rule["id"]: rule["citation"] for rule in decision["rules"] if rule["result"] == "fail"}
        assert failed["policy.cease_oral"] == "policy after 12 CFR 1006.6(c)(1)", failed
    refused = await desk.call(desk.old_number)
    assert (refused.status_code, refused.json()["code"]) == (403, "contact-blocked")
    for channel in ("letter", "email"):
        refused = await desk.send(channel, "collection", "payment_due")
        assert (refused.status_code, refused.json()["code"]) == (403, "contact-blocked")

    # What the law lets through even then: notices that it requires, and of remedies (1006.6(c)(2)).
    for purpose in ("required_notice", "remedy_notice"):
        sent = await desk.send("letter", purpose, "account_status")
        await desk.message_where(sent, "sent")

    # The account is out of the collectors' queues, and one restriction holds, however it was told.
    await bank.account_where("L-1", queue="restricted")
    page = await eventually(
        lambda: bank.read("compliance", "/v1/restrictions", party_id=desk.party), lambda found: bool(found["items"])
    )
    assert [(one["kind"], one["is_written"]) for one in page["items"]] == [("cease", False)]
    desk.assert_nothing_forbidden(contacts=3)
