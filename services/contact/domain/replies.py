"""What a text that comes in means: a refusal of the medium, a request for help, or anything else.

STOP, QUIT, END, REVOKE, OPT OUT, CANCEL and UNSUBSCRIBE are refusals by themselves (47 CFR 64.1200(a)(10)); so are
their Spanish words, since we write in Spanish. Any other reasonable wording is one too: of what sounds like a refusal
we take the refusal, for to take one too many costs a text, and to overlook one breaks the law. "Stop calling" refuses
calls as well (comment 14(h)(1)-3.i); who writes that communication is to cease has said it in writing (1006.6(c)(1)).
Who has the number of somebody else wants no texts, and is a third party, whom nobody calls about a debt (1006.6(d)(1)).
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
_FLAGS: Final = re.IGNORECASE | re.VERBOSE
_OPENS: Final = re.compile(
    r"""
    \W*(?:(?:please|pls|plz|por\s+favor)\W+)?
    (?:stop|quit|cease|cancel|alto|paren?)\b
    (?:\s*[.,;:!] | (?:[^\w\n]+\w+){0,4}[^\w\n]*(?:\n|\Z))
    """,
    _FLAGS,
)
"""The word opens the text, and no more than a few others follow in its sentence or on its line."""
_SENTENCES: Final = re.compile(
    r"""
    \b(?:stop|quit)\s+(?:\w+\s+){0,3}?(?:text|messag|contact|send|writ|sms|bother|harass)\w*
    | \bcease\b
    | \b(?:don['\u2019]?t|do\s+not|never|no\s+longer)\s+(?:\w+\s+){0,2}?(?:text|messag|contact|writ|sms)\w*
    | \b(?:no|not\s+any)\s+more\s+(?:text|messag|sms)\w*
    | \b(?:unsubscribe|opt(?:ing)?[\s-]+(?:me\s+)?out|revoke|leave\s+me\s+alone)\b
    | \b(?:remove|delete|take)\s+(?:me|my\s+(?:number|phone|name))\b
    | \bno\s+(?:me\s+)?(?:\w+\s+)?(?:escrib|env[ií]|mand|contact)\w*
    | \bno\s+m[aá]s\s+(?:mensaje|texto|sms)\w*
    | \b(?:d[eé]j\w*\s+de|deje\s+de)\s+(?:escrib|env|mand|contact)\w*
    | \b(?:qu[ií]t\w*|elim[ií]n\w*|b[oó]rr\w*|dar(?:me)?\s+de\s+baja)\b
    """,
    _FLAGS,
)
_SIGNATURE: Final = re.compile(r"^\W*(?:sent\s+from|enviado\s+desde)\b.*", _FLAGS | re.MULTILINE)
_WORD: Final = re.compile(r"\w+")
_A_CLAUSE: Final = 4
"""Words from which on what is left over may tell something: one too many costs a person a look at a text."""
_CALLS: Final = re.compile(
    r"""
    \b(?:stop|quit|cease)\s+(?!by\b)(?:\w+\s+){0,3}?(?:call|phoning|ringing)\w*
    | \b(?:don['\u2019]?t|do\s+not|never)\s+(?:ever\s+)?(?:call|phone)\b
    | \bno\s+more\s+(?:phone\s+)?calls?\b
    | \bno\s+(?:me\s+)?llame[ns]?\b
    | \bno\s+m[aá]s\s+llamadas\b
    | \bd[eé]j\w*\s+de\s+llamar\w*
    """,
    _FLAGS,
)
_CEASE: Final = re.compile(
    r"""
    \bcease\s+and\s+desist\b
    | \b(?:stop|cease)\s+(?:\w+\s+){0,3}?communicat\w*
    | \bcease\s+(?:\w+\s+){0,3}?contact\w*
    """,
    _FLAGS,
)
_WRONG: Final = re.compile(
    r"""
    \bwrong\s+number\b(?!\s+of\b)
    | (?:\A\W* | \b(?:have|ve|got|reached|texting)\s+the\s+)wrong\s+person\b
    | \b(?:n[uú]mero|persona)\s+equivocad[oa]\b
    | \bse\s+equivoc(?:a|[oó])\s+de\s+(?:n[uú]mero|persona)\b
    """,
    _FLAGS,
)
_ANYWHERE: Final = (_SENTENCES, _CALLS, _CEASE, _WRONG)


def meaning_of(text: str) -> Meaning:
    """Say what a text means, in any case and with any punctuation."""
    word = _NOT_LETTER.sub("", text.upper())
    if word in _REFUSALS or _OPENS.match(text) or any(pattern.search(text) for pattern in _ANYWHERE):
        return "refusal"
    return "help" if word in _HELP else "other"


def says_more(text: str) -> bool:
    """Say whether a text that refuses texts has more in it than that: "stop, I filed for bankruptcy"."""
    opening = _OPENS.match(text)
    rest = text if opening is None else text[opening.end() :]
    for pattern in (_SIGNATURE, _SENTENCES, _WRONG):
        rest = pattern.sub(" ", rest)
    return len(_WORD.findall(rest)) >= _A_CLAUSE


def refuses_calls(text: str) -> bool:
    """Say whether a text asks that nobody calls."""
    return _CALLS.search(text) is not None


def asks_to_cease(text: str) -> bool:
    """Say whether a text asks that all communication ceases."""
    return _CEASE.search(text) is not None


def says_wrong_number(text: str) -> bool:
    """Say whether a text tells that its number is another person's."""
    return _WRONG.search(text) is not None
