"""What is a payment card number: digits that pass the Luhn test and, where told, begin and end as a card network's do.

A card number that was stored would put the whole system in PCI scope, so none is accepted anywhere.
"""

import re
from typing import Final

CODE: Final = "card-number-refused"
MIN_DIGITS: Final = 13
MAX_DIGITS: Final = 19

# Issuer ranges and lengths of Visa, Mastercard, American Express, Discover, Diners Club, JCB and UnionPay (ISO/IEC
# 7812): of the account numbers that a core makes up, one in ten passes the Luhn test, and few of those stand here.
_NETWORK = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}"
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"
    r"|3(?:0[0-5]|[689]\d)\d{11,16}"
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"
    r"|62\d{14,17}"
)
_GROUPING = str.maketrans("", "", " -.")


def passes_luhn(digits: str) -> bool:
    """Say whether the last of the digits is the check digit of the others."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 (the digits of a number up to 18 add up to it less 9)
    return total % 10 == 0


def is_card_number(text: str) -> bool:
    """Say whether a text is, as a whole, the number of a card of a known network, grouped or not."""
    digits = text.translate(_GROUPING)
    return digits.isascii() and _NETWORK.fullmatch(digits) is not None and passes_luhn(digits)
