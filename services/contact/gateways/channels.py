"""Which gateway takes the messages of a channel, made from the settings.

A channel that lacks its gateway, or the name and addresses in which it is sent, is not offered.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from services.contact.domain.message import Result
from services.contact.domain.signatures import link_token
from services.contact.gateways.letters import Letter, LetterText, PrintVendor
from services.contact.gateways.mail import Mail, MailServer
from services.contact.gateways.texts import TextGateway
from services.contact.settings import ContactSettings
from shared.clock import Clock

Row = Mapping[str, Any]
HandOver = Callable[[Row], Awaitable[Result]]
T = TypeVar("T")

STATUS_PATH = "/v1/gateways/text/status"
_SENDER: Final = ("sender_company", "sender_phone", "sender_address")
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("smtp_host", "link_secret", "public_url", "mail_from", *_SENDER),
    "sms": ("text_url", "text_account_sid", "text_auth_token", "text_from", "public_url", *_SENDER),
    "letter": ("letter_directory", *_SENDER),
}
"""The settings without which the messages of a channel cannot be sent, or not in a true name."""


def configured(settings: ContactSettings) -> frozenset[str]:
    """The message channels that this deployment can send by."""
    return frozenset(channel for channel, names in _NEEDS.items() if all(getattr(settings, name) for name in names))


def channels(settings: ContactSettings, clock: Clock) -> dict[str, HandOver]:
    """What hands over the messages of each channel that is configured."""
    here = configured(settings)
    made: dict[str, HandOver] = {}
    if "email" in here:
        made["email"] = _mail(settings, clock)
    if "sms" in here:
        made["sms"] = _text(settings)
    if "letter" in here:
        made["letter"] = _letter(settings)
    return made


def _mail(settings: ContactSettings, clock: Clock) -> HandOver:
    link_secret = _given(settings.link_secret).get_secret_value()
    server = MailServer(
        _given(settings.smtp_host),
        settings.smtp_port,
        sender=_given(settings.mail_from),
        clock=clock,
        return_path=settings.mail_return_path,
        username=settings.smtp_username,
        password=settings.smtp_password,
        start_tls=settings.smtp_start_tls,
    )
    links = f"{_given(settings.public_url).rstrip('/')}/v1/opt-outs/"

    async def hand_over(row: Row) -> Result:
        return await server.send(
            Mail(
                message_id=str(row["message_id"]),
                recipient=row["recipient"],
                subject=row["subject"] or "",
                body=row["body"],
                language=row["language"],
                unsubscribe_url=links + link_token(link_secret, row["message_id"]),
            )
        )

    return hand_over


def _text(settings: ContactSettings) -> HandOver:
    gateway = TextGateway(
        _given(settings.text_url),
        _given(settings.text_account_sid),
        _given(settings.text_auth_token),
        _given(settings.text_from),
        _given(settings.public_url).rstrip("/") + STATUS_PATH,
    )

    async def hand_over(row: Row) -> Result:
        return await gateway.send(row["recipient"], row["body"])

    return hand_over


async def printed(settings: ContactSettings, row: Row) -> bytes:
    """The PDF of the letter that a message is."""
    return await asyncio.to_thread(_print, _text_of_letter(settings, row))


def _print(text: LetterText) -> bytes:
    from services.contact.gateways.letter_pdf import letter_pdf  # noqa: PLC0415 - fonts and arrays, for who prints

    return letter_pdf(text)


def _text_of_letter(settings: ContactSettings, row: Row) -> LetterText:
    return LetterText(
        sender=[line for line in (settings.sender_company, settings.sender_address, settings.sender_phone) if line],
        address=row["recipient"].splitlines(),
        written_on=(row["placed_at"] or row["queued_at"]).astimezone(ZoneInfo(row["time_zone"])).date(),
        language=row["language"],
        subject=row["subject"],
        body=row["body"],
    )


def _letter(settings: ContactSettings) -> HandOver:
    vendor = PrintVendor(_given(settings.letter_directory))

    async def hand_over(row: Row) -> Result:
        envelope = tuple(row["recipient"].splitlines())
        return await vendor.send(Letter(str(row["message_id"]), envelope, await printed(settings, row)))

    return hand_over


def _given(value: T | None) -> T:
    assert value is not None  # noqa: S101 - a channel that is configured has what it needs
    return value
