"""By which channels a deployment may send: nothing leaves in a name, or with a link, that nobody has given."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from services.contact.app import create_api
from services.contact.domain.signatures import gateway_signature
from services.contact.gateways.channels import channels, configured
from services.contact.handlers.write_message import opt_out_url
from services.contact.settings import ContactSettings
from shared.clock import SystemClock
from shared.ids import new_id

GATEWAYS: dict[str, Any] = {
    "smtp_host": "mail.example.org", "link_secret": SecretStr("links"), "text_url": "https://texts.example.org",
    "text_account_sid": "AC1", "text_auth_token": SecretStr("token"), "text_from": "+15005550006",
    "letter_directory": Path("/letters"),
}  # fmt: skip
SENDER: dict[str, Any] = {
    "sender_company": "Lakeside CU", "sender_phone": "+1 617 555 0123",
    "sender_address": "2 Lake Road, Salem, MA 01970", "mail_from": "members@lakeside.example",
    "public_url": "https://contact.lakeside.example",
}  # fmt: skip
ALL = {"email", "sms", "letter"}


def settings(**given: Any) -> ContactSettings:
    return ContactSettings(
        database_url=SecretStr("postgresql://contact@db/contact"), kafka_bootstrap_servers="kafka:9092",
        jwks_url="https://issuer/jwks", jwt_issuer="https://issuer", token_url="https://issuer/token",
        client_id="contact", client_secret=SecretStr("secret"), compliance_url="https://compliance",
        payments_url="https://payments", accounts_url="https://accounts", **given,
    )  # fmt: skip


def test_no_channel_is_offered_in_a_name_that_nobody_has_given() -> None:
    assert configured(settings(**GATEWAYS)) == frozenset()
    assert channels(settings(**GATEWAYS), SystemClock()) == {}
    assert set(channels(settings(**GATEWAYS, **SENDER), SystemClock())) == ALL


@pytest.mark.parametrize(
    ("missing", "left"),
    [
        ("sender_company", set()),
        ("sender_phone", set()),
        ("sender_address", set()),
        ("public_url", {"letter"}),
        ("mail_from", {"sms", "letter"}),
        ("link_secret", {"sms", "letter"}),
        ("smtp_host", {"sms", "letter"}),
        ("text_auth_token", {"email", "letter"}),
        ("letter_directory", {"email", "sms"}),
    ],
)
def test_a_channel_without_one_of_the_settings_that_it_needs_is_not_offered(missing: str, left: set[str]) -> None:
    given = {name: value for name, value in (GATEWAYS | SENDER).items() if name != missing}
    assert configured(settings(**given)) == left
    assert set(channels(settings(**given), SystemClock())) == left


def test_an_opt_out_link_leads_to_the_address_of_the_deployment_or_is_not_made() -> None:
    message_id = new_id()
    link = opt_out_url(settings(**GATEWAYS, **SENDER), message_id)
    assert link is not None
    assert link.startswith("https://contact.lakeside.example/v1/opt-outs/")
    assert opt_out_url(settings(**GATEWAYS), message_id) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sender_company", " "),
        ("sender_address", "2 Lake Road\nBcc: everybody@example.org"),
        ("mail_from", "Lakeside CU"),
        ("mail_from", "members@lakeside.example\nBcc: everybody@example.org"),
        ("public_url", "contact.lakeside.example"),
    ],
)
def test_a_sender_that_is_none_is_refused_at_the_start(name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        settings(**{name: value})


async def test_what_a_gateway_signs_for_an_address_that_is_not_ours_is_not_read() -> None:
    form = {"MessageSid": "SM1", "From": "+12125550100", "Body": "STOP"}
    path = "/v1/gateways/text/inbound"
    for public_url, at in (
        (None, "http://127.0.0.1:8002"),
        ("https://contact.lakeside.example", "https://other.example"),
    ):
        app = create_api(settings(text_auth_token=SecretStr("token"), public_url=public_url))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=at) as http:
            headers = {"X-Twilio-Signature": gateway_signature("token", at + path, form)}
            answer = await http.post(path, data=form, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "signature-invalid")
