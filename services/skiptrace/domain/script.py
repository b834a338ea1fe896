"""What is said or written to a third party: 12 CFR 1006.10(b), word by word, in English and Spanish.

Nothing here names a debt, a creditor, a collection or an account, and the letter has no symbol; the employer is named
only when the person expressly asks. The tests hold every text to that.
"""

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "es"]
Form = Literal["spoken", "written"]


@dataclass(frozen=True, slots=True)
class Script:
    """The text of an inquiry. `if_asked_for_employer` is said only when the person expressly asks (1006.10(b)(1))."""

    version: str
    language: Language
    opening: str
    questions: tuple[str, ...]
    if_asked_for_employer: str
    if_asked_why: str
    never: tuple[str, ...]


VERSION = "1"
_SPOKEN = {
    "en": "My name is {caller}. I am confirming or correcting location information for {consumer}.",
    "es": "Me llamo {caller}. Estoy confirmando o corrigiendo la información de ubicación de {consumer}.",
}
_ESTATE = {
    "en": "My name is {caller}. I am seeking to identify and locate the person who is authorized to act on behalf of "
    "the estate of {consumer}.",
    "es": "Me llamo {caller}. Busco identificar y ubicar a la persona autorizada para actuar en nombre de la sucesión "
    "de {consumer}.",
}
_QUESTIONS = {
    "en": (
        "Can you tell me the home address of {consumer}?",
        "Can you tell me the telephone number at that address?",
        "Can you tell me where {consumer} works?",
    ),
    "es": (
        "¿Puede decirme el domicilio de {consumer}?",
        "¿Puede decirme el número de teléfono de ese domicilio?",
        "¿Puede decirme dónde trabaja {consumer}?",
    ),
}
_ESTATE_QUESTIONS = {
    "en": ("Can you tell me who handles the financial affairs of {consumer}, and how to reach that person?",),
    "es": ("¿Puede decirme quién se ocupa de los asuntos financieros de {consumer} y cómo localizar a esa persona?",),
}
_EMPLOYER = {"en": "I work for {employer}.", "es": "Trabajo para {employer}."}
_WHY = {
    "en": "It is a personal matter of {consumer}. I cannot say more.",
    "es": "Es un asunto personal de {consumer}. No puedo decir más.",
}
_NEVER = {
    "en": (
        "Do not say what it is about, or for whom, beyond the words above.",
        "Name the employer only if expressly asked.",
        "Do not leave this as a voicemail, a postcard, or where others can see it.",
        "Do not ask this person again unless they ask for it or a supervisor has recorded a ground.",
    ),
    "es": (
        "No diga de qué se trata ni para quién, más allá de las palabras anteriores.",
        "Nombre al empleador solo si se lo piden expresamente.",
        "No lo deje en un buzón de voz, en una postal ni donde otros puedan verlo.",
        "No vuelva a preguntar a esta persona salvo que lo pida o un supervisor haya anotado un motivo.",
    ),
}


def script_for(
    language: Language, *, caller: str, consumer: str, employer: str, consumer_is_deceased: bool = False
) -> Script:
    """Return the script for one inquiry.

    For a deceased consumer it looks for who acts for the estate (comments 10(a)-1 and 10(b)(2)-1).
    """
    opening = (_ESTATE if consumer_is_deceased else _SPOKEN)[language]
    questions = (_ESTATE_QUESTIONS if consumer_is_deceased else _QUESTIONS)[language]
    words = {"caller": caller, "consumer": consumer, "employer": employer}
    return Script(
        version=VERSION,
        language=language,
        opening=opening.format_map(words),
        questions=tuple(question.format_map(words) for question in questions),
        if_asked_for_employer=_EMPLOYER[language].format_map(words),
        if_asked_why=_WHY[language].format_map(words),
        never=_NEVER[language],
    )
