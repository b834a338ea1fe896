"""Templates of messages: filled in by a sandbox that knows only what is named here; a name that is missing is an error.

The disclosures and the way to opt out are put below the text by this module, not by the template: none can forget them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.contact.domain.disclosures import Disclosure
from shared.errors import Refusal
from shared.events.contact import MessageChannel

NAMES: Final = (
    "given_name",
    "family_name",
    "company",
    "phone",
    "address",
    "creditor",
    "past_due",
    "balance",
    "days_past_due",
    "on",
)
"""What a template may ask for. Amounts and days are written in the language of the message."""
MAX_TEXT: Final[dict[MessageChannel, int]] = {"sms": 1600, "email": 100_000, "letter": 20_000}
"""Characters of a whole message; 1600 is the most that text gateways take."""
_SAMPLE: Final[dict[str, str]] = dict.fromkeys(NAMES, "x")
_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A template in one language for one channel. Only e-mails and letters have a subject."""

    code: str
    channel: MessageChannel
    language: str
    version: int
    subject: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it will be sent."""

    subject: str | None
    body: str


def refuse_template(template: TemplateText) -> Refusal | None:
    """Say what is wrong with a template: syntax, or a name that nothing fills in."""
    if (template.subject is None) != (template.channel == "sms"):
        return Refusal("template-invalid", "A text has no subject; an e-mail or a letter needs one.", "subject")
    for field, text in (("subject", template.subject or ""), ("body", template.body)):
        try:
            _compiled(text).render(_SAMPLE)
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            return Refusal("template-invalid", f"It cannot be filled in: {type(error).__name__}.", field)
    return None


def render(
    template: TemplateText, names: Mapping[str, str | None], demanded: Sequence[Disclosure]
) -> Rendered | Refusal:
    """Fill in a template and put the disclosures below it.

    Refuses: `template-invalid`, a name is not known, a disclosure has no words, or the message is too long.
    """
    unwritten = [disclosure.code for disclosure in demanded if disclosure.text is None]
    if unwritten:
        return Refusal("template-invalid", f"Nobody has the words of {', '.join(unwritten)}.")
    known = {name: value for name, value in names.items() if value is not None}
    try:
        subject = None if template.subject is None else _one_line(_compiled(template.subject).render(known))
        body = _compiled(template.body).render(known).strip()
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        return Refusal("template-invalid", f"{template.code} cannot be filled in: {type(error).__name__}.")
    gap = " " if template.channel == "sms" else "\n\n"
    whole = gap.join([body, *(disclosure.text or "" for disclosure in demanded)])
    if len(whole) > MAX_TEXT[template.channel]:
        return Refusal("template-invalid", f"The message is longer than {MAX_TEXT[template.channel]} characters.")
    return Rendered(subject, whole)


def _one_line(text: str) -> str:
    """A line break in a subject would begin another header."""
    return " ".join(text.split())


@lru_cache(maxsize=256)
def _compiled(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)
