"""The words of the disclosures that a decision demands, in English and Spanish.

The codes are those of compliance: a code says what the words must do (12 CFR 1006.18(e)(1) and (2), 1006.6(e),
1006.2(j), 1006.10(b)), these are the words, in the language of the rest (1006.18(e)(4)). A demand that has no words, or
whose words lack a name, cannot be met by a message: it is not sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.events.contact import ContactChannel

LANGUAGES: Final = ("en", "es")
_SHORT: Final = 2


@dataclass(frozen=True, slots=True)
class Words:
    """One disclosure in each language; `{names}` are filled in."""

    en: str
    es: str

    def fill(self, language: str, names: Mapping[str, str | None]) -> str | None:
        """The words in a language, or None when a name in them is not known."""
        text = self.es if language == "es" else self.en
        known = {name: value for name, value in names.items() if value}
        try:
            return text.format_map(known)
        except KeyError:
            return None


TEXTS: Final[dict[str, Words]] = {
    "debt_collection_initial": Words(
        "This communication is from a debt collector. This is an attempt to collect a debt. Any information obtained"
        " will be used for that purpose.",
        "Esta comunicación es de un cobrador de deudas. Este es un intento de cobrar una deuda. Toda información que se"
        " obtenga se utilizará para ese propósito.",
    ),
    "debt_collector_subsequent": Words(
        "This communication is from a debt collector.", "Esta comunicación es de un cobrador de deudas."
    ),
    "email_opt_out": Words(
        "To stop e-mails to this address: {opt_out_url}",
        "Para no recibir más correos electrónicos en esta dirección: {opt_out_url}",
    ),
    "sms_opt_out": Words("Reply STOP to opt out.", "Responda STOP para no recibir más mensajes."),
    "limited_content_message": Words(
        "This is {person} calling from {company}. Please call me back at {phone}.",
        "Le habla {person} de {company}. Por favor, devuélvame la llamada al {phone}.",
    ),
    "location_script": Words(
        "My name is {person}. I am confirming or correcting location information about a person.",
        "Me llamo {person}. Estoy confirmando o corrigiendo información sobre la ubicación de una persona.",
    ),
    "creditor_and_caller_name": Words(
        "Creditor: {creditor}. Your contact: {person}.", "Acreedor: {creditor}. Su contacto: {person}."
    ),
    "california_license_number": Words(
        "California debt collector licence number {license}.",
        "Número de licencia de cobrador de deudas de California: {license}.",
    ),
}
ALWAYS: Final[dict[ContactChannel, str]] = {"sms": "sms_opt_out", "email": "email_opt_out"}
"""What every electronic message carries, whatever was demanded: clear, simple and at no cost (1006.6(e))."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A disclosure in words. `text` None: nobody has the words."""

    code: str
    language: str
    text: str | None


def disclosures(
    codes: Iterable[str],
    channel: ContactChannel,
    language: str,
    names: Mapping[str, str | None],
    *,
    is_last: bool = False,
) -> tuple[Disclosure, ...]:
    """The disclosures of a contact, each once: those that were demanded, and what its channel always carries.

    `is_last`: it confirms that no other will follow; it carries what is demanded, and nothing of our own.
    """
    always = (ALWAYS[channel],) if channel in ALWAYS and not is_last else ()
    return tuple(
        Disclosure(code, language, None if (words := TEXTS.get(code)) is None else words.fill(language, names))
        for code in dict.fromkeys((*codes, *always))
    )


def language_of_message(decided: str | None, wanted: str | None, party: str | None) -> str:
    """The language of a message that somebody wants in one.

    A decision names what the party is known to speak, which is kept (policy.language; 6 RCNY 5-77), and of others the
    default of the rules, which gives way. The disclosures follow the message (1006.18(e)(4)).
    """
    return language_of(wanted or decided, None) if party is None else language_of(decided or wanted, party)


def language_of(wanted: str | None, party: str | None) -> str:
    """The language to use: what the decision says, else what the party speaks; English where we have no other."""
    for language in (wanted, party):
        short = (language or "").lower()[:_SHORT]
        if short in LANGUAGES:
            return short
    return "en"
