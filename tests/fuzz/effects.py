"""What a good message does, and where each service keeps that it did: rows are counted by the name in the message."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from shared.ids import account_id
from tests.e2e.bank import Bank
from tests.fuzz.databases import query
from tests.fuzz.messages import NEWEST, PAYMENTS, SNAPSHOTS, Sent

Where = tuple[str, str]
"""A service, and the query that gives the names (`r`) that it has."""


def _newest(service: str, table: str, column: str, version: str = "aggregate_version") -> Where:
    return service, f"SELECT {column}::text AS r FROM {table} WHERE {version} = {NEWEST}"


_REFERENCES: Where = ("payments", "SELECT source_ref AS r FROM source_reference WHERE source = 'core'")
_ENTRIES: Where = ("accounts", "SELECT source_ref AS r FROM entry WHERE source = 'core'")
_IMPORTED: Where = ("accounts", "SELECT account_id::text AS r FROM account WHERE balance_minor = 90000")
_POSTED: Where = ("accounts", "SELECT payment_id::text AS r FROM entry WHERE amount_minor = 100")
_TOLD: Where = ("accounts", "SELECT DISTINCT id::text AS r FROM outside_event WHERE kind = 'contact.completed'")
_HISTORY: Where = ("compliance", "SELECT attempt_id::text AS r FROM attempt WHERE result_code IS NOT NULL")
_MARKS: Where = ("compliance", "SELECT contact_point_id::text AS r FROM point_mark WHERE mark = 'invalid'")
_NOT_PLACED: Where = ("compliance", "SELECT permit_id::text AS r FROM permit_report WHERE report = 'not_placed'")
_TRIES: Where = ("skiptrace", "SELECT attempt_id::text AS r FROM contact_try")
_POINTS: Where = ("skiptrace", "SELECT contact_point_id::text AS r FROM point_mark WHERE invalid_at IS NOT NULL")
_FOLLOWERS = ("payments", "contact", "skiptrace", "compliance")
_OF_PARTIES = ("contact", "skiptrace", "compliance")
EFFECTS: Mapping[str, tuple[str, tuple[Where, ...]]] = {
    PAYMENTS: ("source_ref", (_REFERENCES, _ENTRIES)),
    SNAPSHOTS: (
        "account_id",
        (_IMPORTED, *((service, "SELECT account_id::text AS r FROM account_view") for service in _FOLLOWERS)),
    ),
    "payment.posted": ("payment_id", (_POSTED,)),
    "promise.made": ("promise_id", (_newest("accounts", "promise_view", "promise_id", "version"),)),
    "account.updated": (
        "account_id",
        tuple(_newest(service, "account_view", "account_id") for service in _FOLLOWERS),
    ),
    "party.updated": ("party_id", tuple(_newest(service, "party_view", "party_id") for service in _OF_PARTIES)),
    "contact_point.found": (
        "party_id",
        (_newest("contact", "found_view", "party_id"), _newest("compliance", "found_view", "party_id")),
    ),
    "contact_point.invalidated": ("contact_point_id", (_MARKS, _POINTS)),
    "contact.completed": ("attempt_id", (_TOLD, _HISTORY, _TRIES)),
    "contact.blocked": ("permit_id", (_NOT_PLACED,)),
    "restriction.placed": (
        "restriction_id",
        (
            _newest("accounts", "restriction_view", "restriction_id", "version"),
            _newest("skiptrace", "restriction_view", "restriction_id"),
        ),
    ),
}
"""The field that names a good message of each topic, and where it must be found exactly once."""


def name_of(sent: Sent, bank: Bank) -> str:
    """What a good message is called."""
    value = json.loads(sent.value or b"")
    if sent.topic == SNAPSHOTS:
        return str(account_id(bank.creditor, value["core_account_number"]))
    return str(value[EFFECTS[sent.topic][0]])


async def missing(bank: Bank, sent: Sequence[Sent]) -> list[str]:
    """The good messages that have not exactly one effect in each place."""
    wrong = []
    for topic, (_, places) in EFFECTS.items():
        names = {name_of(one, bank) for one in sent if one.is_good and one.topic == topic}
        for service, sql in places:
            found = Counter(row["r"] for row in await query(bank.operator, service, sql))
            wrong += [f"{topic} {name}: {found[name]} times in {service}" for name in names if found[name] != 1]
    return wrong


async def references(bank: Bank) -> Counter[str]:
    """How often payments has posted each reference of the creditor's core."""
    service, sql = _REFERENCES
    rows = await query(bank.operator, service, f"{sql} AND creditor_id = $1", bank.creditor)
    return Counter(row["r"] for row in rows)
