"""What a text that comes in means: a refusal of the medium, a request for help, or anything else.

STOP, QUIT, END, REVOKE, OPT OUT, CANCEL and UNSUBSCRIBE are refusals by themselves (47 CFR 64.1200(a)(10)); so are
their Spanish words, since we write in Spanish. Any other reasonable wording is one too: of what sounds like a refusal
we take the refusal, for to take one too many costs a text, and to overlook one breaks the law.
"""

import re
from typing import Final, Literal

Meaning = Literal["refusal", "help", "other"]

_REFUSALS: Final = frozenset(
    {
        "STOP",
        "STOPALL",
        "QUIT",
        "END",
        "REVOKE",
        "OPTOUT",
        "CANCEL",
        "UNSUBSCRIBE",
        "ALTO",
        "PARAR",
        "PARE",
        "BAJA",
        "CANCELAR",
        "TERMINAR",
    }
)
_HELP: Final = frozenset({"HELP", "INFO", "AYUDA"})
_NOT_LETTER: Final = re.compile(r"[^A-ZÁÉÍÓÚÑ]")
_SENTENCES: Final = re.compile(
    r"""
    \b(?:stop|quit|cease)\s+(?:\w+\s+){0,3}?(?:text|messag|contact|send|writ|sms|bother|harass)\w*
    | \b(?:don'?t|do\s+not|never|no\s+longer)\s+(?:\w+\s+){0,2}?(?:text|messag|contact|writ|sms)\w*
    | \b(?:no|not\s+any)\s+more\s+(?:text|messag|sms)\w*
    | \b(?:unsubscribe|opt(?:ing)?[\s-]+(?:me\s+)?out|revoke|leave\s+me\s+alone|wrong\s+number)\b
    | \b(?:remove|delete|take)\s+(?:me|my\s+(?:number|phone|name))\b
    | \bno\s+(?:me\s+)?(?:\w+\s+)?(?:escrib|env[ií]|mand|contact)\w*
    | \bno\s+m[aá]s\s+(?:mensaje|texto|sms)\w*
    | \b(?:d[eé]j\w*\s+de|deje\s+de)\s+(?:escrib|env|mand|contact)\w*
    | \b(?:qu[ií]t\w*|elim[ií]n\w*|b[oó]rr\w*|dar(?:me)?\s+de\s+baja|n[uú]mero\s+equivocado)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def meaning_of(text: str) -> Meaning:
    """Say what a text means, in any case and with any punctuation."""
    word = _NOT_LETTER.sub("", text.upper())
    if word in _REFUSALS or _SENTENCES.search(text):
        return "refusal"
    return "help" if word in _HELP else "other"
