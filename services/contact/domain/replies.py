"""What a text that comes in means: a refusal of the medium, or anything else.

STOP, QUIT, END, REVOKE, OPT OUT, CANCEL and UNSUBSCRIBE are refusals by themselves (47 CFR 64.1200(a)(10)); so are
their Spanish words, since we write in Spanish. Any other reasonable wording is for a person to read.
"""

import re
from typing import Final

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
_NOT_LETTER: Final = re.compile(r"[^A-ZÁÉÍÓÚÑ]")


def is_opt_out(text: str) -> bool:
    """Say whether a text refuses further texts by one of the words alone, in any case and with any punctuation."""
    return _NOT_LETTER.sub("", text.upper()) in _REFUSALS
