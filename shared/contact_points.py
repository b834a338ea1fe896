"""The one form of a way to reach somebody: phones in E.164, e-mail domains in lower case, addresses on one folded line.

Its id is made of this form (`shared.ids.contact_point_id`), so whoever imports, finds or types the same number names
the same contact point.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

import phonenumbers

_NOT_DIGIT = re.compile(r"[^0-9]", re.ASCII)
_NATIONAL = re.compile(r"[2-9][0-9]{9}", re.ASCII)
_PLAIN = re.compile(r"[0-9() .-]+", re.ASCII)
_HOME_PREFIX = "+1"
_MAX_BYTES = 2_000
"""Nobody is reached by a longer one; and an index takes no value of more than 2,704 bytes."""
HOME_COUNTRY = "US"
"""Whose national format a number without a country code is in."""


def normalised(kind: str, value: str) -> str | None:
    """The one form of a contact point's value, or None when it cannot be one."""
    found = _normalised(kind, value)
    return found if found is None or len(found.encode()) <= _MAX_BYTES else None


def _normalised(kind: str, value: str) -> str | None:
    if kind == "phone":
        return _phone(value)
    if kind == "address":
        return " ".join(value.casefold().split()) or None
    text = value.strip()
    if kind == "email":
        local, at, domain = text.rpartition("@")
        is_address = bool(at and local and "." in domain.strip(".") and " " not in text)
        return f"{local}@{domain.lower()}" if is_address else None
    return text or None


def address_line(parts: Mapping[str, str | None]) -> str | None:
    """The one form of an address given in parts (`street`, `city`, `region`, `postal_code`); None without a street."""
    if not parts.get("street"):
        return None
    region = " ".join(part for part in (parts.get("region"), parts.get("postal_code")) if part)
    line = ", ".join(part for part in (parts["street"], parts.get("city"), region) if part)
    return normalised("address", line)


def _phone(value: str) -> str | None:
    national = value.removeprefix(_HOME_PREFIX)
    digits = _NOT_DIGIT.sub("", national)
    if _NATIONAL.fullmatch(digits) and _PLAIN.fullmatch(national):
        # Whether a number can be one depends on its first digits only; a book of a million has few of those.
        return f"+1{digits}" if _is_exchange(digits[:6]) else None
    return _parsed(value)


@lru_cache(maxsize=65_536)
def _is_exchange(first_six: str) -> bool:
    """Whether the North American plan knows this area code and exchange."""
    return _parsed(f"{first_six}0123") is not None


def _parsed(value: str) -> str | None:
    try:
        number = phonenumbers.parse(value, HOME_COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
