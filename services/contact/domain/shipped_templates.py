"""The templates that come with the service, in English and Spanish; a deployment may put its own before them.

None names a debt in a subject line or on an envelope: what a stranger sees must not tell of it (1006.22(f)).
"""

from typing import Final

from services.contact.domain.templates import TemplateText
from shared.events.contact import MessageChannel

_PAYMENT_DUE: Final = {
    "en": (
        "Hello {{ given_name }},\n\nour records show {{ past_due }} past due on your account with {{ creditor }}."
        "\n\nTo pay or to talk about a plan, call {{ phone }}. If you have paid already, thank you.\n\n{{ company }}"
        "\n{{ address }}"
    ),
    "es": (
        "Hola, {{ given_name }}:\n\nsegún nuestros registros, su cuenta con {{ creditor }} tiene"
        " {{ past_due }} vencidos."
        "\n\nPara pagar o hablar de un plan, llame al {{ phone }}. Si ya pagó, muchas gracias.\n\n{{ company }}"
        "\n{{ address }}"
    ),
}
_STATUS: Final = {
    "en": (
        "Hello {{ given_name }},\n\nhere is where your account with {{ creditor }} stands on {{ on }}: balance"
        " {{ balance }}, past due {{ past_due }}.\n\nQuestions: {{ phone }}.\n\n{{ company }}\n{{ address }}"
    ),
    "es": (
        "Hola, {{ given_name }}:\n\nasí está su cuenta con {{ creditor }} al {{ on }}: saldo {{ balance }}, vencido"
        " {{ past_due }}.\n\nPreguntas: {{ phone }}.\n\n{{ company }}\n{{ address }}"
    ),
}
_PLEASE_CALL: Final = {
    "en": "{{ company }}: {{ given_name }}, please call us at {{ phone }} about your account with {{ creditor }}.",
    "es": "{{ company }}: {{ given_name }}, llámenos al {{ phone }} sobre su cuenta con {{ creditor }}.",
}
OPT_OUT_CONFIRMED: Final = "opt_out_confirmed"
"""Confirms a refusal and says nothing else: no marketing, no try to change the person's mind (64.1200(a)(12))."""
HELP: Final = "text_help"
REPLIES: Final = frozenset({OPT_OUT_CONFIRMED, HELP})
"""Sent by the service itself, in answer to a text."""
_OPT_OUT_CONFIRMED: Final = {
    "en": "{{ company }}: you will get no more texts from us at this number.",
    "es": "{{ company }}: no recibirá más mensajes de texto nuestros en este número.",
}
_HELP: Final = {
    "en": "{{ company }}: for help call {{ phone }}.",
    "es": "{{ company }}: para recibir ayuda, llame al {{ phone }}.",
}
_SUBJECTS: Final = {"en": "A message from {{ company }}", "es": "Un mensaje de {{ company }}"}


def _in_both(code: str, channel: MessageChannel, bodies: dict[str, str]) -> list[TemplateText]:
    return [
        TemplateText(code, channel, language, 1, None if channel == "sms" else _SUBJECTS[language], body)
        for language, body in bodies.items()
    ]


SHIPPED: Final[tuple[TemplateText, ...]] = (
    *_in_both("payment_due", "email", _PAYMENT_DUE),
    *_in_both("payment_due", "letter", _PAYMENT_DUE),
    *_in_both("payment_due", "sms", _PLEASE_CALL),
    *_in_both("account_status", "email", _STATUS),
    *_in_both("account_status", "letter", _STATUS),
    *_in_both("please_call", "sms", _PLEASE_CALL),
    *_in_both(OPT_OUT_CONFIRMED, "sms", _OPT_OUT_CONFIRMED),
    *_in_both(HELP, "sms", _HELP),
)
