"""Writes a message: finds the template and the language, fills in the names, and puts the disclosures below."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision

from services.contact.domain.disclosures import disclosures, language_of_message
from services.contact.domain.envelope import PostalAddress
from services.contact.domain.shipped_templates import OPT_OUT_CONFIRMED
from services.contact.domain.signatures import link_token
from services.contact.domain.templates import Rendered, TemplateText, render
from services.contact.settings import ContactSettings
from services.contact.store.messages import find_template, load_names
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.contact import MessageChannel


@dataclass(frozen=True, slots=True)
class Draft:
    """What a message is to say, to whom, and what it must carry."""

    message_id: UUID
    creditor_id: UUID
    party_id: UUID
    account_ids: Sequence[UUID]
    channel: MessageChannel
    template: str
    disclosures: Sequence[str]
    decided_language: str | None
    """What the decision names; None before there is one."""
    language: str | None
    """What the sender asked for, or it was written in before; None: what the party speaks."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message as it will be sent. `name` and `address`: those of the party, for the envelope of a letter."""

    template: TemplateText
    rendered: Rendered
    name: str
    address: PostalAddress


async def write_message(tx: Tx, settings: ContactSettings, draft: Draft) -> Written | Refusal:
    """Write a message. Refuses: `template-unknown`, `template-invalid`, `party-unknown`."""
    names = await load_names(tx, draft.party_id, draft.account_ids[0])
    if names is None:
        return Refusal("party-unknown", "The party, its account or the creditor is not here.", "party_id")
    language = language_of_message(draft.decided_language, draft.language, names["language"])
    template = await find_template(tx, draft.template, draft.channel, language, draft.creditor_id)
    if template is None and language != "en":
        language = "en"
        template = await find_template(tx, draft.template, draft.channel, language, draft.creditor_id)
    if template is None:
        return Refusal("template-unknown", f"There is no template {draft.template} for {draft.channel}.", "template")
    filled = _names(names, settings, language)
    demanded = disclosures(
        draft.disclosures,
        draft.channel,
        language,
        filled | _links(settings, draft.message_id),
        is_last=draft.template == OPT_OUT_CONFIRMED,
    )
    rendered = render(template, filled, demanded)
    if isinstance(rendered, Refusal):
        return rendered
    return Written(template, rendered, _name(names), _address(names))


def _links(settings: ContactSettings, message_id: UUID) -> dict[str, str | None]:
    return {"opt_out_url": opt_out_url(settings, message_id), "license": settings.sender_california_license}


def opt_out_url(settings: ContactSettings, message_id: UUID) -> str | None:
    """Where the person refuses further e-mails to the address; None: this deployment has no address, or cannot sign."""
    if settings.link_secret is None or settings.public_url is None:
        return None
    token = link_token(settings.link_secret.get_secret_value(), message_id)
    return f"{settings.public_url.rstrip('/')}/v1/opt-outs/{token}"


def _names(names: Any, settings: ContactSettings, language: str) -> dict[str, str | None]:
    def money(minor: int) -> str:
        amount = Decimal(minor).scaleb(-get_currency_precision(names["currency"]))
        return str(format_currency(amount, names["currency"], locale=_LOCALES[language]))

    return {
        "given_name": names["given_name"] or names["family_name"],
        "family_name": names["family_name"],
        "company": settings.sender_company,
        "person": settings.sender_person,
        "phone": settings.sender_phone,
        "address": settings.sender_address,
        "creditor": names["creditor"],
        "past_due": money(names["past_due_minor"]),
        "balance": money(names["balance_minor"]),
        "days_past_due": str(names["days_past_due"]),
        "on": format_date(names["business_date"], format="long", locale=_LOCALES[language]),
    }


_LOCALES = {"en": "en_US", "es": "es_US"}


def _name(names: Any) -> str:
    return " ".join(part for part in (names["given_name"], names["family_name"]) if part)


def _address(names: Any) -> PostalAddress:
    return PostalAddress(names["street"], names["city"], names["region"], names["postal_code"])
