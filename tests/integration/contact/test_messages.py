"""E-mails over a real mail server, texts over a gateway on a socket, letters in a folder: each reaches its end."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
import uvicorn
from pypdf import PdfReader

from deploy.local.issuer import Issuer
from deploy.local.ports import free_port
from deploy.local.simulators.mail_server import MailServer
from deploy.local.simulators.text_gateway import NUMBER, TextGateway
from services.contact.domain.disclosures import disclosures
from services.contact.domain.message import (
    GIVE_UP_AFTER,
    LEASE,
    NO_BOUNCE,
    RECEIPT_WITHIN,
    REPLY_WITHIN,
    RETURNED_LATE,
    TERMINAL,
    Result,
)
from services.contact.domain.shipped_templates import OPT_OUT_CONFIRMED
from services.contact.domain.signatures import gateway_signature, link_token
from services.contact.handlers.permits import Permits, Permitted
from shared.ids import contact_point_id
from tests.conftest import GetEngine
from tests.integration.contact.house import HOME, House, fresh, of, open_house, worker

LINK_SECRET = "links of the tests"


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    server = MailServer(tmp_path_factory.mktemp("mail"), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TextGateway]:
    gateway = TextGateway(tmp_path_factory.mktemp("texts"), free_port())
    gateway.start()
    yield gateway
    gateway.stop()


@pytest_asyncio.fixture(scope="module")
async def services(
    service_engine: GetEngine,
    issuer: Issuer,
    mail: MailServer,
    texts: TextGateway,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[House]:
    port = free_port()
    settings: dict[str, Any] = {
        "public_url": f"http://127.0.0.1:{port}",
        "link_secret": LINK_SECRET,
        "smtp_host": mail.host,
        "smtp_port": mail.port,
        "smtp_start_tls": False,
        "text_url": texts.url,
        "text_account_sid": texts.account["sid"],
        "text_auth_token": texts.account["token"],
        "text_from": NUMBER,
        "letter_directory": tmp_path_factory.mktemp("letters"),
        "mail_from": "collections@example.org",
        "sender_company": "Harbor Credit Union",
        "sender_phone": "+1 555 0100",
        "sender_address": "1 Harbor Street, Boston, MA 02110",
        "sender_person": "Alex Gray",
    }
    texts.inbound_url = f"http://127.0.0.1:{port}/v1/gateways/text/inbound"
    async with open_house(service_engine, issuer, **settings) as made:
        # Receipts and replies come over a socket, as they do from outside.
        server = uvicorn.Server(uvicorn.Config(made.app, port=port, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server._serve())
        yield made
        server.should_exit = server.force_exit = True
        await serving


@pytest_asyncio.fixture
async def house(services: House, texts: TextGateway) -> AsyncIterator[House]:
    texts.faults = type(texts.faults)()
    async with fresh(services, "a1", "b2") as made:
        for number in ("a1", "b2"):
            await made.consent(number, "email", made.email(number))
            await made.consent(number, "sms", made.phone(number))
        yield made


async def send(house: House, number: str, channel: str, **facts: Any) -> httpx.Response:
    points = {"email": house.email(number), "sms": house.phone(number), "letter": house.home(number)}
    body = {
        "account_ids": [str(house.account(number))], "party_id": str(house.party(number)), "channel": channel,
        "contact_point_id": str(points[channel]), "template": "payment_due",
    }  # fmt: skip
    return await house.post("/v1/messages", body | facts)


async def queued(house: House, number: str, channel: str, **facts: Any) -> str:
    answer = await send(house, number, channel, **facts)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["message_id"])


async def step(house: House) -> None:
    await worker(house).step()


async def shown(house: House, message_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await house.get(f"/v1/messages/{message_id}")).json()
    return found


async def until(house: House, message_id: str, status: str) -> dict[str, Any]:
    """Wait for what comes over the socket."""
    async with asyncio.timeout(20):
        while (found := await shown(house, message_id))["status"] != status:  # noqa: ASYNC110 - another program tells it
            await asyncio.sleep(0.05)
    return found


async def test_an_email_goes_over_smtp_with_its_disclosures_and_a_way_to_stop(house: House, mail: MailServer) -> None:
    message_id = await queued(house, "a1", "email")
    await step(house)
    sent = mail.received[-1]
    assert sent["To"] == house.address("a1")
    text = sent.get_content()
    assert "$125.50" in text
    assert "attempt to collect a debt" in text
    assert f"/v1/opt-outs/{link_token(LINK_SECRET, UUID(message_id))}" in text
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "debt" not in sent["Subject"].lower()
    found = await shown(house, message_id)
    assert (found["status"], found["tries"]) == ("sent", 1)
    topics = [topic for topic, _ in await house.carry()]
    assert topics == ["contact.attempted", "contact.completed", "message.sent"]
    house.clock.at += RECEIPT_WITHIN["email"] + timedelta(seconds=1)
    await step(house)
    assert ((await shown(house, message_id))["status"]) == "delivered"


async def test_a_message_that_names_a_debt_twice_is_closed_as_any_other(house: House) -> None:
    await queued(house, "a1", "email", account_ids=[str(house.account("a1"))] * 2)
    await step(house)
    [event] = of(await house.carry(), "contact.completed")
    assert event["debts_discussed"] == [str(house.account("a1"))]


async def test_who_speaks_spanish_is_written_to_in_spanish(house: House, mail: MailServer) -> None:
    await house.feed(house.party_message("a1", version=2, language="es"))
    await queued(house, "a1", "email")
    await step(house)
    text = mail.received[-1].get_content()
    assert "Este es un intento de cobrar una deuda" in text
    assert mail.received[-1]["Content-Language"] == "es"


async def test_whose_language_nobody_knows_is_written_to_in_the_one_that_was_asked_for_however_long_it_waits(
    house: House, mail: MailServer
) -> None:
    for number in ("a1", "b2"):
        await house.feed(house.party_message(number, version=2, language=None))
    await queued(house, "a1", "email", language="es")
    await step(house)
    assert "Este es un intento de cobrar una deuda" in mail.received[-1].get_content()
    waits = await queued(house, "b2", "email", language="es")
    house.clock.at += timedelta(minutes=5)
    await step(house)
    assert "Este es un intento de cobrar una deuda" in mail.received[-1].get_content()
    attempts = await house.rows(f"SELECT language FROM contact_attempt WHERE message_id = '{waits}'")
    assert [attempt["language"] for attempt in attempts] == ["es"]


async def test_a_message_in_another_language_than_its_person_speaks_is_refused_and_its_permit_given_back(
    house: House,
) -> None:
    await house.feed(house.party_message("a1", version=2, language="es-MX"))
    for number, asked in (("a1", "en"), ("b2", "es")):
        refused = await send(house, number, "email", language=asked)
        assert (refused.status_code, refused.json()["code"]) == (422, "validation-error")
        assert await house.rows(f"SELECT 1 FROM out_message WHERE party_id = '{house.party(number)}'") == []
    blocked = of(await house.carry(), "contact.blocked")
    assert [event["permit_id"] is not None for event in blocked] == [True, True]
    assert [await permits_of(house, number) for number in ("a1", "b2")] == [["not_placed"], ["not_placed"]]
    await queued(house, "a1", "email", language="es")


async def test_who_began_to_speak_spanish_while_the_message_waited_gets_it_in_spanish(
    house: House, mail: MailServer
) -> None:
    await queued(house, "a1", "email")
    await house.feed(house.party_message("a1", version=2, language="es"))
    house.clock.at += timedelta(minutes=5)
    await step(house)
    assert "Este es un intento de cobrar una deuda" in mail.received[-1].get_content()


async def test_an_address_that_the_server_does_not_know_bounces_and_is_not_used_again(house: House) -> None:
    bad = f"nobody.{house.party('a1')}@example.com"
    point = (
        await house.post("/v1/contact-points", {"party_id": str(house.party("a1")), "kind": "email", "value": bad})
    ).json()["contact_point_id"]
    listed = {"contact_point_id": point, "kind": "email", "value": bad, "label": "home"}
    await house.feed(house.party_message("a1", version=2, contact_points=[listed]))
    await house.consent("a1", "email", UUID(point))
    message_id = await queued(house, "a1", "email", contact_point_id=point)
    await step(house)
    found = await shown(house, message_id)
    assert (found["status"], found["reason"]) == ("bounced", "smtp-550")
    events = dict(await house.carry())
    assert events["contact.completed"]["is_connected"] is False
    assert events["message.bounced"]["is_permanent"] is True
    assert events["contact_point.invalidated"]["reason"] == "bounced"
    refused = await send(house, "a1", "email", contact_point_id=point)
    assert refused.json()["code"] == "contact-blocked"


async def test_a_mail_server_that_is_away_is_tried_again_under_a_new_permit_and_given_up_in_the_end(
    house: House, mail: MailServer
) -> None:
    mail.stop()
    try:
        message_id = await queued(house, "a1", "email")
        await step(house)
        found = await shown(house, message_id)
        assert (found["status"], found["tries"]) == ("queued", 1)
        [attempt] = await house.rows(f"SELECT result_code FROM contact_attempt WHERE message_id = '{message_id}'")
        assert attempt["result_code"] == "network_failure"
        await house.carry()
    finally:
        mail.start()
    house.clock.at += timedelta(minutes=1)
    await step(house)
    attempts = await house.rows(f"SELECT permit_id FROM contact_attempt WHERE message_id = '{message_id}'")
    assert len({row["permit_id"] for row in attempts}) == 2
    assert (await shown(house, message_id))["status"] == "sent"


async def test_a_message_that_waited_says_what_is_owed_when_it_leaves(house: House, mail: MailServer) -> None:
    message_id = await queued(house, "a1", "email")
    await house.feed(house.account_message("a1", version=2, past_due_minor=5_000))
    house.clock.at += timedelta(minutes=5)
    await step(house)
    text = mail.received[-1].get_content().replace("\r\n", "\n")
    assert "$50.00" in text
    assert "$125.50" not in text
    assert (await shown(house, message_id))["body"] in text


async def test_a_letter_that_waited_goes_to_where_its_person_lives_when_it_leaves(house: House) -> None:
    moved = {"contact_point_id": str(house.home("a1")), "kind": "address", "value": HOME, "label": "home"}
    message_id = await queued(house, "a1", "letter")
    parts = {"street": "9 Elm St", "city": "Troy", "region": "NY", "postal_code": "12180"}
    await house.feed(house.party_message("a1", version=2, family_name="Roe", **parts, contact_points=[moved | parts]))
    house.clock.at += timedelta(minutes=5)
    await step(house)
    folder = house.settings.letter_directory
    assert folder is not None
    manifest = json.loads((folder / f"{message_id}.json").read_text())
    assert manifest["envelope"] == ["Pat Roe", "9 Elm St", "Troy NY 12180"]
    assert "Pat Roe 9 Elm St Troy NY 12180" in printed(house, message_id)


async def test_a_message_that_waits_too_long_has_failed_and_its_permit_is_given_back(house: House) -> None:
    message_id = await queued(house, "a1", "email")
    house.clock.at += GIVE_UP_AFTER + timedelta(seconds=1)
    await step(house)
    found = await shown(house, message_id)
    assert (found["status"], found["reason"]) == ("failed", "gave-up")
    [(topic, event)] = await house.carry()
    assert (topic, event["reason"]) == ("contact.blocked", "permit_expired")
    assert event["permit_id"] is not None


async def test_a_process_that_dies_while_it_hands_over_never_sends_twice(house: House, mail: MailServer) -> None:
    message_id = await queued(house, "a1", "email")
    dying = worker(house)
    dead = threading.Event()

    async def never(_row: Any) -> Any:
        dead.set()
        raise asyncio.CancelledError

    dying._channels = {"email": never}
    with pytest.raises(asyncio.CancelledError):
        await dying.step()
    assert dead.is_set()
    before = len(mail.received)
    house.clock.at += LEASE + timedelta(seconds=1)
    await step(house)
    found = await shown(house, message_id)
    assert (found["status"], found["reason"]) == ("failed", "outcome-unknown")
    assert len(mail.received) == before
    [attempt] = await house.rows(f"SELECT result_code FROM contact_attempt WHERE message_id = '{message_id}'")
    assert attempt["result_code"] == "email_sent", "it may have left, so it counts"


async def test_a_cease_between_queueing_and_sending_stops_the_message(house: House, mail: MailServer) -> None:
    message_id = await queued(house, "a1", "email")
    before = len(mail.received)
    async with httpx.AsyncClient(base_url=house.compliance.url) as http:
        await http.post(
            "/v1/restrictions",
            json={"kind": "cease", "party_id": str(house.party("a1")), "evidence": "A letter"},
            headers=house.token("compliance_officer") | {"Idempotency-Key": message_id},
        )
    house.clock.at += timedelta(minutes=5)
    await step(house)
    found = await shown(house, message_id)
    assert (found["status"], len(mail.received)) == ("blocked", before)
    assert "cease" in found["reason"]


async def test_the_button_of_the_opt_out_page_stops_emails_to_the_address(house: House, mail: MailServer) -> None:
    message_id = await queued(house, "a1", "email")
    path = f"/v1/opt-outs/{link_token(LINK_SECRET, UUID(message_id))}"
    page = await house.http.get(path)
    assert (page.status_code, "<form" in page.text) == (200, True)
    assert [topic for topic, _ in await house.published()] == []
    assert (await house.http.post(path)).status_code == 200
    assert [topic for topic, _ in await house.carry()] == ["message.opted_out"]
    before = len(mail.received)
    await step(house)
    assert ((await shown(house, message_id))["status"], len(mail.received)) == ("blocked", before)
    assert (await send(house, "a1", "email")).json()["rules"][0]["id"] == "contact.opted_out"
    for other in (path[:-1] + "_", "/v1/opt-outs/%C3%A4", "/v1/opt-outs/%00", f"/v1/opt-outs/{'x' * 200}"):
        assert [(await house.http.request(method, other)).status_code for method in ("GET", "POST")] == [404, 404]


async def test_a_text_is_delivered_when_the_gateways_signed_receipt_says_so(house: House, texts: TextGateway) -> None:
    message_id = await queued(house, "a1", "sms")
    await step(house)
    found = await until(house, message_id, "delivered")
    assert texts.state.texts[-1].to == house.number("a1")
    assert texts.state.texts[-1].body.endswith("Reply STOP to opt out.")
    assert found["status"] in TERMINAL


async def test_a_receipt_without_the_gateways_signature_is_not_read(house: House) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    answer = await house.http.post("/v1/gateways/text/status", data=form, headers={"X-Twilio-Signature": "x"})
    assert (answer.status_code, answer.json()["code"]) == (401, "signature-invalid")


async def test_stop_takes_effect_for_the_number_whoever_has_it(house: House, texts: TextGateway) -> None:
    shared = {
        "contact_point_id": str(contact_point_id(house.party("b2"), "phone", house.number("a1"))), "kind": "phone",
        "value": house.number("a1"), "label": "mobile",
    }  # fmt: skip
    await house.feed(house.party_message("b2", version=2, contact_points=[shared]))
    texts.reply(house.number("a1"), "Stop.")
    events: list[tuple[str, dict[str, Any]]] = []
    async with asyncio.timeout(20):
        while sum(topic == "message.opted_out" for topic, _ in events) < 2:
            events += await house.carry()
            await asyncio.sleep(0.05)
    parties = {body["party_id"] for topic, body in events if topic == "message.opted_out"}
    assert parties == {str(house.party("a1")), str(house.party("b2"))}
    assert [body["direction"] for topic, body in events if topic == "contact.attempted"] == ["inbound"] * 2
    for number in ("a1", "b2"):
        point = contact_point_id(house.party(number), "phone", house.number("a1"))
        refused = await send(house, number, "sms", contact_point_id=str(point))
        assert refused.json()["rules"][0]["id"] == "contact.opted_out"


async def test_a_number_that_takes_no_texts_is_still_called(house: House, texts: TextGateway) -> None:
    texts.faults.receipt, texts.faults.error_code = "undelivered", "30006"
    by_receipt = await queued(house, "a1", "sms")
    await step(house)
    await until(house, by_receipt, "undeliverable")
    texts.faults.count, texts.faults.status, texts.faults.code = 1, 400, 21614
    at_once = await queued(house, "b2", "sms")
    await step(house)
    found = await shown(house, at_once)
    assert (found["status"], found["reason"]) == ("undeliverable", "gateway-21614")
    events = await house.carry()
    assert [event["is_permanent"] for event in of(events, "message.bounced")] == [False, False]
    assert of(events, "contact_point.invalidated") == of(events, "message.opted_out") == []
    assert [(await house.call(number)).status_code for number in ("a1", "b2")] == [201, 201]


async def test_a_refusal_that_speaks_of_the_sender_leaves_the_number_and_the_address_good(
    house: House, mail: MailServer, texts: TextGateway
) -> None:
    texts.faults.count, texts.faults.status, texts.faults.code = 1, 400, 21612
    mail.refusal = "554 5.7.1 relay access denied"
    try:
        message_ids = [await queued(house, "a1", "sms"), await queued(house, "b2", "email")]
        await step(house)
    finally:
        mail.refusal = None
    ends = [await shown(house, message_id) for message_id in message_ids]
    assert [(end["status"], end["reason"]) for end in ends] == [("failed", "gateway-21612"), ("failed", "smtp-554")]
    assert of(await house.carry(), "contact_point.invalidated") == []
    again = [await queued(house, "a1", "sms"), await queued(house, "b2", "email")]
    await step(house)
    ends = [await shown(house, message_id) for message_id in again]
    assert all(end["status"] in ("sent", "delivered") for end in ends), ends


async def test_a_receipt_that_overtakes_the_answer_to_the_hand_over_is_kept_for_it(house: House) -> None:
    message_id = await queued(house, "a1", "sms")
    late = worker(house)
    send_it = late._channels["sms"]
    form = {"MessageStatus": "delivered"}
    url = f"{house.settings.public_url}/v1/gateways/text/status"
    token = house.settings.text_auth_token
    assert token is not None

    async def overtaken(row: Any) -> Any:
        result = await send_it(row)
        signed = form | {"MessageSid": str(result.ref)}
        seal = gateway_signature(token.get_secret_value(), url, signed)
        answer = await house.http.post("/v1/gateways/text/status", data=signed, headers={"X-Twilio-Signature": seal})
        assert answer.status_code == 204, answer.text
        return result

    late._channels = {"sms": overtaken}
    await late.step()
    assert (await shown(house, message_id))["status"] == "delivered"


async def test_a_bounce_that_overtakes_the_answer_to_the_hand_over_ends_an_email_that_was_sent(house: House) -> None:
    message_id = await queued(house, "a1", "email")
    late = worker(house)
    send_it = late._channels["email"]

    async def overtaken(row: Any) -> Any:
        result = await send_it(row)
        assert await bounced(house, message_id) == 0, "it waits for the answer"
        return result

    late._channels = {"email": overtaken}
    await late.step()
    assert (await shown(house, message_id))["status"] == "bounced"
    [attempt] = await house.rows(f"SELECT result_code FROM contact_attempt WHERE message_id = '{message_id}'")
    assert attempt["result_code"] == "email_sent"
    topics = [topic for topic, _ in await house.carry()]
    assert topics.count("message.sent") == topics.count("message.bounced") == 1
    assert "contact_point.invalidated" in topics
    assert await house.rows(f"SELECT 1 FROM early_receipt WHERE ref = '{message_id}'") == []


async def bounced(house: House, message_id: str) -> int:
    """The mail system says that an e-mail came back."""
    receipt = {"message_id": message_id, "channel": "email", "status": "bounced", "is_permanent": True}
    answer = await house.post("/v1/message-receipts", {"receipts": [receipt]}, role="integrator")
    taken: int = answer.json()["taken"]
    return taken


async def test_a_text_without_a_receipt_has_failed_in_the_end(house: House, texts: TextGateway) -> None:
    texts.faults.is_mute = True
    message_id = await queued(house, "a1", "sms")
    await step(house)
    house.clock.at += RECEIPT_WITHIN["sms"] + timedelta(seconds=1)
    await step(house)
    found = await shown(house, message_id)
    assert (found["status"], found["reason"]) == ("failed", "no-receipt")


def printed(house: House, message_id: str) -> str:
    """The words of a letter, as the print vendor collects it."""
    folder = house.settings.letter_directory
    assert folder is not None
    return " ".join(" ".join(page.extract_text() for page in PdfReader(folder / f"{message_id}.pdf").pages).split())


async def traces(house: House) -> list[tuple[str, str]]:
    """What skip tracing has opened for the people of this creditor: (trigger, status)."""
    async with house.skiptrace.connect() as connection:
        rows = await connection.exec_driver_sql(
            f"SELECT trigger, status FROM skip_trace WHERE creditor_id = '{house.creditor}'"
        )
        return [(row["trigger"], row["status"]) for row in rows.mappings().all()]


async def returned(house: House, message_id: str) -> int:
    """The print vendor says that a letter came back."""
    receipt = {"message_id": message_id, "channel": "letter", "status": "undeliverable", "reason": "moved"}
    answer = await house.post("/v1/message-receipts", {"receipts": [receipt]}, role="integrator")
    taken: int = answer.json()["taken"]
    return taken


async def test_a_letter_to_an_address_is_decided_permitted_printed_collected_and_delivered(house: House) -> None:
    home = {
        "contact_point_id": str(house.home("a1")), "kind": "address", "value": "1 main st, albany, ny 12207",
        "label": "home", "street": "1 Main St", "city": "Albany", "region": "NY", "postal_code": "12207",
    }  # fmt: skip
    await house.feed(house.party_message("a1", version=2, language="es", family_name="Ñúñez", contact_points=[home]))
    message_id = await queued(house, "a1", "letter")
    await step(house)
    words = printed(house, message_id)
    assert "Pat Ñúñez 1 Main St Albany NY 12207" in words
    assert "Este es un intento de cobrar una deuda." in words
    folder = house.settings.letter_directory
    assert folder is not None
    manifest = json.loads((folder / f"{message_id}.json").read_text())
    assert manifest["envelope"] == ["Pat Ñúñez", "1 Main St", "Albany NY 12207"]
    shown_again = await house.http.get(f"/v1/letters/{message_id}/pdf", headers=house.token("auditor"))
    assert shown_again.content == (folder / f"{message_id}.pdf").read_bytes()
    events = await house.carry()
    assert [topic for topic, _ in events] == ["contact.attempted", "contact.completed", "message.sent"]
    assert events[0][1]["permit_id"] is not None
    house.clock.at += RECEIPT_WITHIN["letter"] + timedelta(seconds=1)
    await step(house)
    found = await shown(house, message_id)
    assert (found["status"], found["reason"]) == ("delivered", NO_BOUNCE)


async def test_a_letter_bears_the_date_of_its_creditor_on_the_day_that_it_leaves(house: House) -> None:
    house.clock.at = datetime(2026, 3, 12, 2, 30, tzinfo=UTC)  # 22:30 of the day before in New York
    at_once = await queued(house, "a1", "letter")
    await step(house)
    waits = await queued(house, "b2", "letter")
    house.clock.at += timedelta(hours=3)
    await step(house)
    assert "March 11, 2026" in printed(house, at_once)
    assert "March 12, 2026" in printed(house, waits)


async def test_a_letter_that_comes_back_invalidates_the_address_and_opens_a_skip_trace(house: House) -> None:
    message_id = await queued(house, "a1", "letter")
    await step(house)
    await house.carry()
    assert [await returned(house, message_id) for _ in range(2)] == [1, 0]
    events = dict(await house.carry())
    assert events["contact_point.invalidated"]["kind"] == "address"
    assert (await shown(house, message_id))["status"] == "undeliverable"
    assert [trigger for trigger, _ in await traces(house)] == ["returned_mail"]


async def test_a_receipt_for_the_message_of_a_creditor_that_the_token_does_not_reach_is_not_kept(house: House) -> None:
    message_id = await queued(house, "a1", "letter")
    receipts = {"receipts": [{"message_id": message_id, "channel": "letter", "status": "undeliverable"}]}
    late = worker(house)
    send_it = late._channels["letter"]

    async def strange() -> None:
        headers = house.token("integrator", creditors=[UUID(int=7)])
        answer = await house.http.post("/v1/message-receipts", json=receipts, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"taken": 0})
        assert await house.rows(f"SELECT 1 FROM early_receipt WHERE ref = '{message_id}'") == []

    async def watched(row: Any) -> Any:
        await strange()
        return await send_it(row)

    late._channels = {"letter": watched}
    await late.step()
    await strange()
    assert (await shown(house, message_id))["status"] == "sent"
    own = house.token("integrator", creditors=[house.creditor])
    answer = await house.http.post("/v1/message-receipts", json=receipts, headers=own)
    assert answer.json() == {"taken": 1}


async def test_a_letter_that_comes_back_after_it_was_taken_for_delivered_still_invalidates_the_address(
    house: House,
) -> None:
    message_id = await queued(house, "a1", "letter")
    await step(house)
    house.clock.at += RECEIPT_WITHIN["letter"] + timedelta(days=9)
    await step(house)
    await house.carry()
    assert [await returned(house, message_id) for _ in range(2)] == [1, 0]
    found = await shown(house, message_id)
    assert (found["status"], found["reason"]) == ("delivered", RETURNED_LATE)
    assert dict(await house.carry())["contact_point.invalidated"]["reason"] == "undeliverable"
    assert [trigger for trigger, _ in await traces(house)] == ["returned_mail"]


async def told(house: House, message_id: str, channel: str, *statuses: str) -> int:
    """A mail system or a print vendor says several things of a message at once."""
    receipts = [
        {"message_id": message_id, "channel": channel, "status": status, "is_permanent": status != "delivered"}
        for status in statuses
    ]
    answer = await house.post("/v1/message-receipts", {"receipts": receipts}, role="integrator")
    taken: int = answer.json()["taken"]
    return taken


@pytest.mark.parametrize(("channel", "back"), [("letter", "undeliverable"), ("email", "bounced")])
@pytest.mark.parametrize(
    "order",
    [
        [["delivered", "back"]],
        [["back", "delivered"]],
        [["delivered"], ["back"]],
        [["back"], ["delivered"]],
        [["delivered"], ["delivered", "back"], ["back"]],
        [["delivered"], ["back"], ["delivered"], ["back"]],
    ],
    ids=lambda order: "-then-".join("+".join(at_once) for at_once in order),
)
async def test_what_comes_back_is_learnt_once_whatever_else_was_told_and_when(
    house: House, channel: str, back: str, order: list[list[str]]
) -> None:
    message_id = await queued(house, "a1", channel)
    await step(house)
    await house.carry()
    for at_once in order:
        await told(house, message_id, channel, *(back if status == "back" else status for status in at_once))
    events = await house.carry()
    assert [event["is_permanent"] for event in of(events, "message.bounced")] == [True]
    assert [event["reason"] for event in of(events, "contact_point.invalidated")] == [back]
    found = await shown(house, message_id)
    assert (found["status"], found["reason"]) in ((back, None), ("delivered", RETURNED_LATE))
    refused = await send(house, "a1", channel)
    assert refused.json()["rules"][0]["id"] == "contact.invalid_point"


@pytest.mark.parametrize("order", [("delivered", "undeliverable"), ("undeliverable", "delivered")])
async def test_a_return_is_kept_that_overtakes_the_answer_to_the_hand_over_with_a_delivery(
    house: House, order: tuple[str, str]
) -> None:
    message_id = await queued(house, "a1", "letter")
    late = worker(house)
    send_it = late._channels["letter"]

    async def overtaken(row: Any) -> Any:
        result = await send_it(row)
        assert [await told(house, message_id, "letter", status) for status in order] == [0, 0]
        return result

    late._channels = {"letter": overtaken}
    await late.step()
    assert (await shown(house, message_id))["status"] == "undeliverable"


async def test_a_text_that_was_delivered_does_not_come_back(house: House) -> None:
    message_id = await queued(house, "a1", "sms")
    await step(house)
    await until(house, message_id, "delivered")
    assert await told(house, message_id, "sms", "undeliverable") == 0
    assert of(await house.carry(), "contact_point.invalidated") == []


async def test_two_texts_that_the_gateway_calls_by_one_name_both_come_to_an_end(house: House) -> None:
    message_ids = [await queued(house, number, "sms") for number in ("a1", "b2")]
    twin = worker(house)

    async def same(_row: Any) -> Result:
        return Result("taken", ref=f"SM{house.creditor}")

    twin._channels = {"sms": same}
    await twin.step()
    house.clock.at += RECEIPT_WITHIN["sms"] + timedelta(seconds=1)
    await step(house)
    ends = [await shown(house, message_id) for message_id in message_ids]
    assert all(found["status"] in TERMINAL for found in ends), ends


async def test_a_message_that_breaks_the_sweep_keeps_no_other_from_its_end(house: House) -> None:
    broken, sound = [await queued(house, number, "email") for number in ("a1", "b2")]
    # No debt: nothing about this message can be published.
    await house.write(f"UPDATE out_message SET account_ids = '{{}}' WHERE message_id = '{broken}'")
    house.clock.at += GIVE_UP_AFTER + timedelta(seconds=1)
    await step(house)
    assert (await shown(house, sound))["status"] == "failed"
    await queued(house, "b2", "email")
    await step(house)
    [last, *_] = (await house.get("/v1/messages", party_id=str(house.party("b2")))).json()["items"]
    assert last["status"] == "sent"


async def test_a_message_whose_gateway_was_taken_out_of_service_is_given_up(house: House) -> None:
    message_id = await queued(house, "a1", "sms")
    without = worker(house)
    without._channels = {}
    await without.step()
    assert (await shown(house, message_id))["status"] == "queued"
    house.clock.at += GIVE_UP_AFTER + timedelta(seconds=1)
    await without.step()
    found = await shown(house, message_id)
    assert (found["status"], found["reason"]) == ("failed", "gave-up")


async def test_a_worker_that_dies_with_a_permit_in_hand_sends_under_it_or_another_and_each_is_told_of(
    house: House,
) -> None:
    message_id = await queued(house, "a1", "email")
    house.clock.at += timedelta(minutes=3)
    dying, permits = worker(house), house.app.state.desk.permits

    class _Dying(Permits):
        """The process ends when the permit has come."""

        async def get(self, *wanted: Any) -> Permitted:
            await super().get(*wanted)
            raise asyncio.CancelledError

    dying._permits = _Dying(permits._compliance, permits._transactions, house.clock)
    with pytest.raises(asyncio.CancelledError):
        await dying.step()
    house.clock.at += LEASE + timedelta(seconds=1)
    await step(house)
    assert (await shown(house, message_id))["status"] == "sent"
    await house.carry()
    states = await permits_of(house, "a1")
    assert states.count("placed") == 1
    assert "reserved" not in states


async def permits_of(house: House, number: str) -> list[str]:
    async with house.compliance.app.state.engine.connect() as connection:
        rows = await connection.exec_driver_sql(f"SELECT state FROM permit WHERE party_id = '{house.party(number)}'")
        return [row[0] for row in rows]


async def answer_of(house: House, texts: TextGateway, before: int) -> list[str]:
    """The texts that go back, once compliance has heard of the one that they answer."""
    await house.carry()
    house.clock.at += timedelta(seconds=2)
    await step(house)
    return [text.body for text in texts.state.texts[before:]]


async def said(house: House, texts: TextGateway, body: str) -> int:
    """A person's text has come in; return how many texts were sent before."""
    before = len(texts.state.texts)
    sid = texts.reply(house.number("a1"), body)
    async with asyncio.timeout(20):
        while not await house.rows(f"SELECT 1 FROM in_message WHERE ref = '{sid}'"):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)
    return before


async def test_a_refusal_is_confirmed_by_one_text_that_says_nothing_else(house: House, texts: TextGateway) -> None:
    before = await said(house, texts, "Please stop texting me")
    [text] = await answer_of(house, texts, before)
    assert text.startswith("Harbor Credit Union: you will get no more texts from us at this number.")
    [reply] = (await house.get("/v1/messages", party_id=str(house.party("a1")))).json()["items"]
    demanded = disclosures(reply["disclosures"], "sms", "en", {}, is_last=True)
    said_besides = text.partition("at this number.")[2].strip()
    assert said_besides == " ".join(one.text or "?" for one in demanded), "what the decision demands, and nothing else"
    [event] = [body for topic, body in await house.carry() if topic == "contact.completed"]
    assert (event["purpose"], event["result_code"], event["debts_discussed"]) == ("reply", "sms_sent", [])
    assert await answer_of(house, texts, await said(house, texts, "STOP TEXTING")) == [], "it is confirmed once"
    refused = await send(house, "a1", "sms")
    assert refused.json()["rules"][0]["id"] == "contact.opted_out"


async def test_a_confirmation_that_is_not_sent_within_five_minutes_is_not_sent(
    house: House, texts: TextGateway
) -> None:
    before = await said(house, texts, "unsubscribe")
    await house.carry()
    house.clock.at += REPLY_WITHIN + timedelta(seconds=1)
    await step(house)
    assert texts.state.texts[before:] == []
    [reply] = (await house.get("/v1/messages", party_id=str(house.party("a1")))).json()["items"]
    assert (reply["status"], reply["reason"]) == ("failed", "gave-up")


async def test_a_gateway_that_has_confirmed_a_stop_itself_is_given_no_second_confirmation(
    house: House, texts: TextGateway
) -> None:
    before = await said(house, texts, "STOP")
    assert await answer_of(house, texts, before) == []
    assert await house.rows(f"SELECT 1 FROM out_message WHERE party_id = '{house.party('a1')}'") == []


async def test_a_call_for_help_is_answered_and_refuses_nothing(house: House, texts: TextGateway) -> None:
    before = await said(house, texts, "HELP")
    [answer] = await answer_of(house, texts, before)
    assert answer.startswith("Harbor Credit Union: for help call +1 555 0100.")
    assert (await send(house, "a1", "sms")).status_code != 403 or "opted_out" not in (
        await send(house, "a1", "sms")
    ).text


async def texted(house: House) -> dict[str, Any]:
    """The last contact that a1 made by text."""
    [last, *_] = (await house.get("/v1/contact-attempts", party_id=str(house.party("a1")))).json()["items"]
    assert (last["direction"], last["channel"]) == ("inbound", "sms")
    found: dict[str, Any] = last
    return found


async def test_what_a_person_texts_is_kept_and_stays_open_until_a_person_says_what_was_heard(
    house: House, texts: TextGateway
) -> None:
    await said(house, texts, "I filed for bankruptcy, case 24-1234. My card was 4111 1111 1111 1111\0")
    attempt = await texted(house)
    assert (attempt["status"], attempt["heard"]) == ("placed", [])
    assert attempt["note"] == "I filed for bankruptcy, case 24-1234. My card was [left out]"
    await house.carry()
    calling = await house.placed("a1")
    assert (await house.outcome(calling, "no_answer")).status_code == 200, "an open text stops no call"
    heard = await house.outcome(
        attempt["attempt_id"], "inbound_message", heard=[{"kind": "bankruptcy_stay"}], note="Asked for the papers."
    )
    assert heard.status_code == 200, heard.text
    assert heard.json()["note"] == f"{attempt['note']}\n\nAsked for the papers."
    assert [held["kind"] for held in await house.restrictions("a1")] == ["bankruptcy_stay"]
    assert (await house.call("a1")).json()["code"] == "contact-blocked"


async def test_a_refusal_that_says_more_takes_effect_and_stays_open_to_be_read(
    house: House, texts: TextGateway
) -> None:
    await said(house, texts, "Stop, I filed for bankruptcy")
    attempt = await texted(house)
    assert (attempt["status"], attempt["note"]) == ("placed", "Stop, I filed for bankruptcy")
    await house.carry()
    assert (await send(house, "a1", "sms")).json()["code"] == "contact-blocked"
    assert {"regf.optout", "tcpa.revoke"} <= await house.forbids("a1", "sms"), "compliance knows it too"
    heard = await house.outcome(attempt["attempt_id"], "inbound_message", heard=[{"kind": "bankruptcy_stay"}])
    assert heard.status_code == 200, heard.text
    assert (await house.call("a1")).json()["code"] == "contact-blocked"


async def test_the_words_of_a_text_are_forgotten_with_its_party(house: House, texts: TextGateway) -> None:
    await said(house, texts, "Talk to my lawyer")
    assert (await texted(house))["note"] == "Talk to my lawyer"
    erased = house.party_message("a1", version=3)
    await house.feed(erased._replace(value=None))
    assert (await texted(house))["note"] is None


async def test_who_texts_that_nobody_is_to_call_gets_neither_calls_nor_texts(house: House, texts: TextGateway) -> None:
    await said(house, texts, "STOP CALLING ME")
    attempt = await texted(house)
    assert attempt["status"] == "closed"
    assert [(one["kind"], one["channel"]) for one in attempt["heard"]] == [
        ("stop_medium", "sms"),
        ("stop_medium", "phone"),
    ]
    await house.carry()
    assert (await house.call("a1")).json()["code"] == "contact-blocked"
    assert (await send(house, "a1", "sms")).json()["code"] == "contact-blocked"


async def test_who_texts_that_communication_is_to_cease_is_contacted_no_more(house: House, texts: TextGateway) -> None:
    await said(house, texts, "Cease and desist")
    await house.carry()
    assert [held["kind"] for held in await house.restrictions("a1")] == ["cease"]
    for refused in (await house.call("a1"), await send(house, "a1", "email"), await send(house, "a1", "letter")):
        assert refused.json()["code"] == "contact-blocked"


async def confirmations(house: House) -> int:
    """How many refusals were confirmed by a text."""
    is_sent = f"creditor_id = '{house.creditor}' AND template = '{OPT_OUT_CONFIRMED}' AND sent_at IS NOT NULL"
    return len(await house.rows(f"SELECT 1 FROM out_message WHERE {is_sent}"))


async def test_who_agrees_anew_after_a_stop_is_texted_again_until_the_next_stop(
    house: House, texts: TextGateway
) -> None:
    theirs = str(contact_point_id(house.party("b2"), "phone", house.number("a1")))
    shared = {"contact_point_id": theirs, "kind": "phone", "value": house.number("a1"), "label": "mobile"}
    await house.feed(house.party_message("b2", version=2, contact_points=[shared]))
    await answer_of(house, texts, await said(house, texts, "STOP TEXTING"))
    assert await confirmations(house) == 1
    house.clock.at += timedelta(minutes=1)
    await said(house, texts, "START")
    assert (await texted(house))["status"] == "placed", "somebody reads it, and records the consent at compliance"
    await house.carry()
    assert (await send(house, "a1", "sms")).json()["rules"][0]["id"] == "contact.opted_out"
    await house.consent("a1", "sms", house.phone("a1"))
    await house.carry_compliance()
    await queued(house, "a1", "sms")
    other = await send(house, "b2", "sms", contact_point_id=theirs)
    assert other.json()["rules"][0]["id"] == "contact.opted_out", "who shares the number has agreed to nothing"
    await step(house)
    await house.carry()
    house.clock.at += timedelta(minutes=1)
    before = await said(house, texts, "STOP TEXTING")
    again = of(await house.carry(), "message.opted_out")
    assert str(house.party("a1")) in {one["party_id"] for one in again}
    await answer_of(house, texts, before)
    assert await confirmations(house) == 2, "a new refusal is confirmed as the first was"
    assert (await send(house, "a1", "sms")).json()["rules"][0]["id"] == "contact.opted_out"
    assert "regf.optout" in await house.forbids("a1", "sms"), "compliance knows it too"


@pytest.mark.parametrize(
    ("words", "status", "heard"),
    [
        ("Wrong number", "closed", ["stop_medium", "wrong_number"]),
        ("Wrong number, he died two years ago", "placed", []),
    ],
)
async def test_who_texts_that_the_number_is_wrong_is_called_no_more_and_told_nothing(
    house: House, texts: TextGateway, words: str, status: str, heard: list[str]
) -> None:
    theirs = contact_point_id(house.party("b2"), "phone", house.number("a1"))
    shared = {"contact_point_id": str(theirs), "kind": "phone", "value": house.number("a1"), "label": "mobile"}
    await house.feed(house.party_message("b2", version=2, contact_points=[shared]))
    await said(house, texts, words)
    attempt = await texted(house)
    assert (attempt["status"], [one["kind"] for one in attempt["heard"]]) == (status, heard)
    wrong = of(await house.carry(), "contact_point.invalidated")
    assert {(one["party_id"], one["reason"]) for one in wrong} == {
        (str(house.party(number)), "wrong_number") for number in ("a1", "b2")
    }
    assert len(wrong) == 2
    for number, point in (("a1", house.phone("a1")), ("b2", theirs)):
        refused = await house.call(number, contact_point_id=str(point))
        assert refused.json()["rules"][0]["id"] == "contact.invalid_point"
    assert [trigger for trigger, _ in await traces(house)] == ["wrong_number"] * 2
    answers = await house.rows(f"SELECT 1 FROM out_message WHERE creditor_id = '{house.creditor}'")
    assert answers == [], "a confirmation would tell a stranger that a collector writes"


async def test_a_template_of_the_deployment_comes_first_and_a_broken_one_is_refused(
    house: House, mail: MailServer
) -> None:
    body = {"channel": "email", "language": "en", "subject": "Hi", "body": "Dear {{ given_name }}"}
    broken = body | {"body": "{{ no_such_name }}"}
    refused = await house.http.put("/v1/templates/payment_due", json=broken, headers=house.token("supervisor"))
    assert refused.json()["code"] == "template-invalid"
    body["creditor_id"] = str(house.creditor)
    kept = await house.http.put("/v1/templates/payment_due", json=body, headers=house.token("supervisor"))
    assert kept.status_code == 200, kept.text
    await queued(house, "a1", "email")
    await step(house)
    assert mail.received[-1].get_content().startswith("Dear Pat")
    assert "attempt to collect a debt" in mail.received[-1].get_content()


async def test_a_message_without_consent_is_refused_at_once(services: House) -> None:
    async with fresh(services, "c3") as house:
        refused = await send(house, "c3", "sms")
        assert refused.json()["code"] == "contact-blocked"
        assert await house.rows(f"SELECT 1 FROM out_message WHERE party_id = '{house.party('c3')}'") == []
