"""Nothing personal goes into a log: no name, phone, e-mail, address, tax number, card number or token.

Fields are let through by type, refused by name, and every text is searched for what looks personal. What is refused
becomes `[redacted]`; an object that is no plain value is named by its type alone.
"""

import re
from collections.abc import Mapping, MutableMapping
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

REDACTED = "[redacted]"
_MAX_TEXT = 2000
_MAX_ITEMS = 50
_MAX_DEPTH = 5
_LEAST_CARD = 10**12

_PERSONAL = re.compile(
    r"""(^|_)(
      given_name|family_name|first_name|last_name|full_name|middle_name|maiden_name|party_name|names?$|
      phones?|mobile|fax|e_?mails?|
      address(es)?|street|city|region|postal_code|zip|
      ssn|tin|tax_id|taxpayer|social_security|date_of_birth|dob|birth_?date|
      card|pan|cvv|iban|bank_account|account_holder|(account|party|trace)_(number|ref)|source_ref|ach_trace|
      tokens?|jwt|authorization|cookies?|passwords?|passwd|secrets?|credentials?|api_key|private_key|signature|dsn|
      contact_points?|statement|notes?|free_text|body|payload|raw|value|values|input|params|parameters|query_string
    )$""",
    re.VERBOSE | re.IGNORECASE,
)
_NOT_PERSONAL = frozenset(
    {
        "event",
        "level",
        "logger",
        "service",
        "timestamp",
        "topic_name",
        "queue_name",
        "rule_name",
        "type_name",
        "job_name",
        "file_name",
        "filename",
        "server_address",
    }
)

_PATTERNS = (
    re.compile(r"\beyJ[\w-]{5,}\.[\w-]*\.?[\w-]*"),  # a JWT
    re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"),
    re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"),  # user and password of a URL
    re.compile(r"[\w.+%'-]+@[\w-]+(\.[\w-]+)+"),
    re.compile(r"(?<![\w-])\d{3}[- ]\d{2}[- ]\d{4}(?![\w-])"),  # a tax number with its separators
    re.compile(r"(?<![\w.-])(\d[ .-]?){12,18}\d(?![\w-])"),  # a card
    re.compile(r"(?<![\w.-])(\+?\d{1,3}[ .-]?)?(\(\d{3}\)[ ]?|\d{3}[ .-])\d{3}[ .-]?\d{4}(?![\w-])"),  # a phone
    re.compile(r"(?<![\w.+-])\+\d{8,15}(?![\w-])"),  # a phone, E.164
    re.compile(r"(?<![\w.:/-])\d{9,10}(?![\w:-])"),  # a tax number or a phone without separators
)
_PLAIN_TEXT = re.compile(
    r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"  # a UUID
    r"|\d{4}-\d{2}-\d{2}([T ][\d:.]+(Z|[+-]\d{2}:?\d{2})?)?"  # a date or a moment
    r"|(?=[0-9]*[a-f])([0-9a-f]{16}|[0-9a-f]{32})"  # a span or a trace id, but no card
    r"|[A-Za-z_./{}\-]+|/v\d+(/[A-Za-z_.:{}\-]+)*"  # a word, a topic, a route
    r"|(?!.*(?i:bearer|basic) )[A-Za-z_]+( [A-Za-z_]+)*"  # words
)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


@lru_cache(maxsize=1024)
def is_personal(field: str) -> bool:
    """Say whether a field of this name is refused whatever it holds."""
    return field not in _NOT_PERSONAL and _PERSONAL.search(field) is not None


def scrub(text: str) -> str:
    """Return a text without what looks personal, cut at 2,000 characters. UUIDs and dates stay."""
    if _PLAIN_TEXT.fullmatch(text):
        return text
    pieces, end = [], 0
    for kept in _UUID.finditer(text):  # the digits of an id look like anything
        pieces += [_without_personal(text[end : kept.start()]), kept[0]]
        end = kept.end()
    scrubbed = "".join([*pieces, _without_personal(text[end:])])
    return scrubbed if len(scrubbed) <= _MAX_TEXT else scrubbed[:_MAX_TEXT] + "…"


def _without_personal(text: str) -> str:
    for pattern in _PATTERNS:
        text = pattern.sub(REDACTED, text)
    return text


def clean(value: Any, *, depth: int = 0) -> Any:
    """Return a value as it may stand in a log."""
    if type(value) is str:  # most are
        return scrub(value)
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, (bool, float, UUID, date, datetime)):
        return value
    if isinstance(value, int):
        return value if abs(value) < _LEAST_CARD else scrub(str(value))
    if isinstance(value, str):
        return scrub(value)
    if depth < _MAX_DEPTH and isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return _clean_many(value, depth + 1)
    return f"<{type(value).__name__}>"  # a model or a row: its text would hold all its fields


def _clean_many(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {scrub(str(k)): REDACTED if is_personal(str(k)) else clean(v, depth=depth) for k, v in value.items()}
    return [clean(item, depth=depth) for item in list(value)[:_MAX_ITEMS]]


def redact(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Clean the fields of a log entry; a processor of structlog, the last before the JSON."""
    for name, value in fields.items():
        fields[name] = REDACTED if is_personal(name) else clean(value)
    return fields
