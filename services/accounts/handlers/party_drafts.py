"""The parties of a snapshot row and how to reach them, normalised: phones to E.164, e-mail domains in lower case.

A phone or an e-mail that cannot be one is left out with a doubt: nobody could be reached by it, and rules count by
the value. Values stay out of the messages: they are personal data.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import phonenumbers

from services.accounts.domain.dues import Doubt
from shared.events.accounts import ContactPoint
from shared.events.snapshot import ImportedParty, SnapshotRow
from shared.ids import contact_point_id, party_id

_NOT_DIGIT = re.compile(r"[^0-9]", re.ASCII)
_NATIONAL = re.compile(r"[2-9][0-9]{9}", re.ASCII)
_PLAIN = re.compile(r"[0-9() .-]+", re.ASCII)
_HOME_PREFIX = "+1"
HOME_COUNTRY = "US"
"""Whose national format a number without a country code is in."""


@dataclass(frozen=True, slots=True)
class PartyDraft:
    """A party as one row states it."""

    party_id: UUID
    role: str
    stated: ImportedParty
    contact_points: tuple[ContactPoint, ...]


def party_drafts(row: SnapshotRow, creditor_id: UUID) -> tuple[list[PartyDraft], list[Doubt]]:
    """The parties of a row, the primary one first, each once.

    A row without any gets one of its own, known by the account's number: an account is always somebody's.
    """
    doubts: list[Doubt] = []
    stated = _stated(row, doubts)
    primary = next((one for one in stated if one.role == "primary"), stated[0])
    drafts: dict[UUID, PartyDraft] = {}
    for one in (primary, *(other for other in stated if other is not primary)):
        identity = party_id(creditor_id, one.party_number)
        if identity not in drafts:
            role = "primary" if one is primary else ("joint" if one.role == "primary" else one.role)
            drafts[identity] = PartyDraft(identity, role, one, _contact_points(identity, one, doubts))
    return list(drafts.values()), doubts


def _stated(row: SnapshotRow, doubts: list[Doubt]) -> list[ImportedParty]:
    if row.party_number is None and row.parties:
        return list(row.parties)
    number = row.party_number
    if number is None:
        number = f"account:{row.core_account_number}"[:64]
        doubts.append(
            Doubt("party_number", "party-number-missing", "the row names no party: one is made for the account")
        )
    first = ImportedParty.model_construct(
        party_number=number,
        role="primary",
        party_kind=row.party_kind,
        given_name=row.given_name,
        family_name=row.family_name,
        date_of_birth=row.date_of_birth,
        language=row.language,
        street=row.street,
        city=row.city,
        region=row.region,
        postal_code=row.postal_code,
        phone=row.phone,
        email=row.email,
        contact_points=(),
    )
    for other in row.parties:
        if other.party_number == number and not first.contact_points:
            # The same person again, nested: the ways to reach them add to the line's own.
            first = first.model_copy(update={"contact_points": other.contact_points})
    return [first, *row.parties]


def _contact_points(identity: UUID, stated: ImportedParty, doubts: list[Doubt]) -> tuple[ContactPoint, ...]:
    found: dict[UUID, ContactPoint] = {}
    wanted = [(point.kind, point.value, point.label) for point in stated.contact_points]
    if stated.phone:
        wanted.append(("phone", stated.phone, "other"))
    if stated.email:
        wanted.append(("email", stated.email, "other"))
    for kind, raw, label in wanted:
        value = normalised(kind, raw)
        if value is None:
            doubts.append(Doubt(kind, f"{kind}-invalid", f"this is no {kind} that can be reached: it is left out"))
            continue
        point_id = contact_point_id(identity, kind, value)
        known = found.get(point_id)
        point = ContactPoint.model_construct(contact_point_id=point_id, kind=kind, value=value, label=label)
        found[point_id] = point if known is None or known.label == "other" else known
    return tuple(found.values())


def normalised(kind: str, value: str) -> str | None:
    """The one form of a contact point's value, or None when it cannot be one."""
    if kind == "phone":
        return _phone(value)
    text = value.strip()
    if kind == "email":
        local, at, domain = text.rpartition("@")
        is_address = bool(at and local and "." in domain.strip(".") and " " not in text)
        return f"{local}@{domain.lower()}" if is_address else None
    return text or None


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
