"""Books of compliance and contact, made by SQL: people with a debt each, and 200 facts that a decision has to look at.

Rows are those that the service itself would have written. Nobody was called today, and everybody has consented to calls
at any hour, so that a call is allowed whenever it is measured; the contacts of the past are spread over half a year.
"""

from hashlib import md5
from uuid import UUID

from benchmarks.book import CREDITOR
from shared.db.transaction import Tx

ATTEMPTS = 160
POINTS = 6
MARKS = 10
CONSENTS = 11
PREFERENCES = 4
RESTRICTIONS = 4
DISPUTES = 2
REPRESENTATIONS = 2
FACTS = ATTEMPTS + POINTS + MARKS + CONSENTS + 1 + PREFERENCES + RESTRICTIONS + DISPUTES + REPRESENTATIONS
"""Facts of each person, beside the person and the debt."""

_ID = "md5(%s)::uuid"
_PERSON = _ID % "'P' || n"
_ACCOUNT = _ID % "'A' || n"
_PHONE = "'+1518' || lpad(((n * 10) % 8000000 + 2000000)::text, 7, '0')"
_STATEMENTS = (
    f"""
    INSERT INTO account_view (account_id, creditor_id, party_id, aggregate_version, product_class, status,
      balance_minor, oldest_unpaid_due_on)
    SELECT {_ACCOUNT}, $1, {_PERSON}, 1, 'credit_card', 'open', 100000, current_date - 40
    FROM generate_series(0, $2 - 1) AS n
    """,
    f"""
    INSERT INTO party_view (party_id, creditor_id, aggregate_version, kind, language, city, region, postal_code)
    SELECT {_PERSON}, $1, 1, 'natural_person', 'en', 'Albany', 'NY', '12207' FROM generate_series(0, $2 - 1) AS n
    """,
    f"""
    INSERT INTO contact_point (row_key, contact_point_id, party_id, source, kind, value, label, is_verified)
    SELECT 'imported:' || {_ID % "'T' || n || '-' || k"}, {_ID % "'T' || n || '-' || k"}, {_PERSON}, 'imported',
      CASE WHEN k < 4 THEN 'phone' ELSE 'email' END,
      CASE WHEN k < 4 THEN '+1518' || lpad(((n * 10 + k) % 8000000 + 2000000)::text, 7, '0')
        ELSE 'p' || n || '.' || k || '@example.com' END, 'mobile', false
    FROM generate_series(0, $2 - 1) AS n CROSS JOIN generate_series(0, {POINTS - 1}) AS k WHERE $1::uuid IS NOT NULL
    """,
    f"""
    INSERT INTO point_mark (mark_key, contact_point_id, party_id, mark, detail, at)
    SELECT {_ID % "'T' || n || '-' || k % 6"} || ':verified:' || k, {_ID % "'T' || n || '-' || k % 6"}, {_PERSON},
      'verified', 'collector', now() - (20 + k) * interval '1 day'
    FROM generate_series(0, $2 - 1) AS n CROSS JOIN generate_series(0, {MARKS - 1}) AS k WHERE $1::uuid IS NOT NULL
    """,
    f"""
    INSERT INTO attempt (attempt_id, creditor_id, party_id, account_ids, direction, channel, purpose,
      contact_point_id, at, result_code, completed_at, debts_discussed, heard)
    SELECT {_ID % "'C' || n || '-' || k"}, $1, {_PERSON}, ARRAY[{_ACCOUNT}], 'outbound',
      (ARRAY['phone', 'phone', 'voicemail', 'email'])[1 + k % 4], 'collection', {_ID % "'T' || n || '-' || k % 4"},
      now() - interval '26 hours' - k * interval '27 hours',
      (ARRAY['no_answer', 'busy', 'voicemail_lcm', 'email_sent'])[1 + k % 4],
      now() - interval '26 hours' - k * interval '27 hours', '{{}}', '[]'
    FROM generate_series(0, $2 - 1) AS n CROSS JOIN generate_series(0, {ATTEMPTS - 1}) AS k
    """,
    f"""
    INSERT INTO consent (consent_id, creditor_id, party_id, channel, purpose, contact_point_id, basis, granted_at,
      revoked_at, evidence, recorded_at, recorded_by, version)
    SELECT {_ID % "'S' || n || '-' || k"}, $1, {_PERSON}, (ARRAY['sms', 'email'])[1 + k % 2], 'contact',
      {_ID % "'T' || n || '-' || k % 6"}, 'direct', now() - (30 + k) * interval '1 day',
      CASE WHEN k % 3 = 0 THEN now() - (10 + k) * interval '1 day' END, '{{"text": "Said so"}}', now(), 'collector', 1
    FROM generate_series(0, $2 - 1) AS n CROSS JOIN generate_series(0, {CONSENTS - 1}) AS k
    """,
    f"""
    INSERT INTO consent (consent_id, creditor_id, party_id, channel, purpose, basis, granted_at, evidence, recorded_at,
      recorded_by, version)
    SELECT {_ID % "'H' || n"}, $1, {_PERSON}, 'phone', 'time', 'direct', now() - interval '20 days',
      '{{"text": "Call at any hour"}}', now(), 'collector', 1
    FROM generate_series(0, $2 - 1) AS n
    """,
    f"""
    INSERT INTO preference (preference_id, creditor_id, party_id, kind, known_at, terms, recorded_at, recorded_by,
      version)
    SELECT {_ID % "'W' || n || '-' || k"}, $1, {_PERSON}, 'inconvenient_time', now() - (40 + k) * interval '1 day',
      '{{"weekdays": [0, 1, 2, 3, 4, 5, 6], "start_minute": 0, "end_minute": 60, "until_on": null}}', now(),
      'collector', 1
    FROM generate_series(0, $2 - 1) AS n CROSS JOIN generate_series(0, {PREFERENCES - 1}) AS k
    """,
    f"""
    INSERT INTO restriction (restriction_id, creditor_id, party_id, kind, effective_on, effective_at, is_written,
      evidence, source, placed_at, placed_by, lifted_at, lifted_by, version)
    SELECT {_ID % "'R' || n || '-' || k"}, $1, {_PERSON}, (ARRAY['cease', 'attorney', 'disaster', 'scra'])[1 + k],
      current_date - 90, now() - interval '90 days', true, '{{"text": "Letter"}}', 'person', now() - interval '90 days',
      'collector', now() - interval '60 days', 'officer', 2
    FROM generate_series(0, $2 - 1) AS n CROSS JOIN generate_series(0, {RESTRICTIONS - 1}) AS k
    """,
    f"""
    INSERT INTO dispute (dispute_id, creditor_id, account_id, party_id, kind, status, received_at, is_written,
      answered_at, closed_at, recorded_by, version)
    SELECT {_ID % "'D' || n || '-' || k"}, $1, {_ACCOUNT}, {_PERSON}, 'fdcpa_validation', 'verified',
      now() - interval '80 days', true, now() - interval '70 days', now() - interval '60 days', 'collector', 3
    FROM generate_series(0, $2 - 1) AS n CROSS JOIN generate_series(0, {DISPUTES - 1}) AS k
    """,
    f"""
    INSERT INTO representation (representation_id, creditor_id, party_id, attorney_name, known_at, is_direct_allowed,
      ended_at, recorded_by, version)
    SELECT {_ID % "'L' || n || '-' || k"}, $1, {_PERSON}, 'L. Law', now() - interval '90 days', false,
      now() - interval '50 days', 'collector', 2
    FROM generate_series(0, $2 - 1) AS n CROSS JOIN generate_series(0, {REPRESENTATIONS - 1}) AS k
    """,
)
_CREDITOR = """
INSERT INTO creditor_view (creditor_id, aggregate_version, kind, time_zone) VALUES ($1, 1, $2, 'America/New_York')
"""
KIND = "third_party_collector"
_DESK = (
    f"""
    INSERT INTO account_view (account_id, creditor_id, party_id, aggregate_version, product_class, status, currency,
      balance_minor, past_due_minor, days_past_due, business_date)
    SELECT {_ACCOUNT}, $1, {_PERSON}, 1, 'credit_card', 'open', 'USD', 100000, 5000, 40, current_date
    FROM generate_series(0, $2 - 1) AS n
    """,
    f"""
    INSERT INTO party_view (party_id, creditor_id, aggregate_version, kind, given_name, family_name, language, city,
      region, postal_code)
    SELECT {_PERSON}, $1, 1, 'natural_person', 'Alex', 'Example' || n, 'en', 'Albany', 'NY', '12207'
    FROM generate_series(0, $2 - 1) AS n
    """,
    f"""
    INSERT INTO contact_point (contact_point_id, creditor_id, party_id, kind, value, value_key, label, is_in_core)
    SELECT {_ID % "'T' || n || '-0'"}, $1, {_PERSON}, 'phone', {_PHONE}, {_PHONE}, 'mobile', true
    FROM generate_series(0, $2 - 1) AS n
    """,
)
_DESK_CREDITOR = """
INSERT INTO creditor_view (creditor_id, aggregate_version, name, kind, currency, time_zone)
VALUES ($1, 1, 'Example', $2, 'USD', 'America/New_York')
"""


def person_of(nth: int) -> UUID:
    """The nth person."""
    return _named(f"P{nth}")


def account_of(nth: int) -> UUID:
    """The account of the nth person."""
    return _named(f"A{nth}")


def phone_of(nth: int) -> UUID:
    """The first phone of the nth person."""
    return _named(f"T{nth}-0")


def request_of(nth: int) -> dict[str, object]:
    """What is asked about the nth person: may their phone be called about their debt?"""
    return {
        "party_id": str(person_of(nth)),
        "account_ids": [str(account_of(nth))],
        "channel": "phone",
        "contact_point_id": str(phone_of(nth)),
        "purpose": "collection",
        "direction": "outbound",
    }


async def fill_contacts(tx: Tx, people: int) -> None:
    """Make so many people, with `FACTS` facts each."""
    await tx.execute(_CREDITOR, CREDITOR, KIND)
    for statement in _STATEMENTS:
        await tx.execute(statement, CREDITOR, people)


async def fill_desk(tx: Tx, people: int) -> None:
    """Make what contact itself knows of so many people: debt, name and first phone."""
    await tx.execute(_DESK_CREDITOR, CREDITOR, KIND)
    for statement in _DESK:
        await tx.execute(statement, CREDITOR, people)


def _named(name: str) -> UUID:
    return UUID(md5(name.encode(), usedforsecurity=False).hexdigest())
