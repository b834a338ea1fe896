"""Which gateway takes the messages of a channel, made from the settings; a channel without one is not offered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from services.contact.domain.message import Result
from services.contact.domain.signatures import link_token
from services.contact.gateways.letters import Letter, LetterText, PrintVendor
from services.contact.gateways.mail import Mail, MailServer
from services.contact.gateways.texts import TextGateway
from services.contact.settings import ContactSettings
from shared.clock import Clock

Row = Mapping[str, Any]
HandOver = Callable[[Row], Awaitable[Result]]

STATUS_PATH = "/v1/gateways/text/status"


def configured(settings: ContactSettings) -> frozenset[str]:
    """The message channels that this deployment has a gateway for."""
    is_there = {
        "email": settings.smtp_host is not None and settings.link_secret is not None,
        "sms": None not in (settings.text_url, settings.text_account_sid, settings.text_auth_token, settings.text_from),
        "letter": settings.letter_directory is not None,
    }
    return frozenset(channel for channel, known in is_there.items() if known)


def channels(settings: ContactSettings, clock: Clock) -> dict[str, HandOver]:
    """What hands over the messages of each channel that is configured."""
    made: dict[str, HandOver] = {}
    if settings.smtp_host is not None and settings.link_secret is not None:
        made["email"] = _mail(settings, settings.smtp_host, settings.link_secret.get_secret_value(), clock)
    if settings.text_url and settings.text_account_sid and settings.text_auth_token and settings.text_from:
        gateway = TextGateway(
            settings.text_url,
            settings.text_account_sid,
            settings.text_auth_token,
            settings.text_from,
            settings.public_url.rstrip("/") + STATUS_PATH,
        )
        made["sms"] = _text(gateway)
    if settings.letter_directory is not None:
        made["letter"] = _letter(settings, PrintVendor(settings.letter_directory))
    return made


def _mail(settings: ContactSettings, host: str, link_secret: str, clock: Clock) -> HandOver:
    server = MailServer(
        host,
        settings.smtp_port,
        sender=settings.mail_from,
        clock=clock,
        return_path=settings.mail_return_path,
        username=settings.smtp_username,
        password=settings.smtp_password,
        start_tls=settings.smtp_start_tls,
    )
    links = f"{settings.public_url.rstrip('/')}/v1/opt-outs/"

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


def _text(gateway: TextGateway) -> HandOver:
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
        sender=(settings.sender_company, settings.sender_address, settings.sender_phone),
        address=row["recipient"].splitlines(),
        written_on=row["queued_at"].date(),
        language=row["language"],
        subject=row["subject"],
        body=row["body"],
    )


def _letter(settings: ContactSettings, vendor: PrintVendor) -> HandOver:
    async def hand_over(row: Row) -> Result:
        envelope = tuple(row["recipient"].splitlines())
        return await vendor.send(Letter(str(row["message_id"]), envelope, await printed(settings, row)))

    return hand_over
