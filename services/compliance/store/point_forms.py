"""Rows into the facts of a decision: contact points, and where they say that the person may be. Pure.

A point has rows from several sources, and marks that came in any order: the later of verified and invalid holds, and of
a wrong number is kept since when, for the calls before that are not counted.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.compliance.domain import facts as f
from services.compliance.domain.instants import earliest, latest
from services.compliance.domain.jurisdiction import address_location, phone_location

Row = Mapping[str, Any]

_PUBLIC_DOMAINS: Final = frozenset(
    {
        "aol.com",
        "att.net",
        "comcast.net",
        "gmail.com",
        "gmx.com",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "msn.com",
        "outlook.com",
        "proton.me",
        "protonmail.com",
        "sbcglobal.net",
        "verizon.net",
        "yahoo.com",
        "ymail.com",
    }
)
"""Domains that anybody may have an address of (12 CFR 1006.6(d)(4)(ii)(E)); any other is not known to be one."""


def contact_point(
    rows: Sequence[Row], marks: Sequence[Row], flags: Row | None, bases: Sequence[Row], used_at: datetime | None
) -> f.ContactPoint:
    """A contact point from all its sources. The later of verified and invalid holds."""
    first = rows[0]
    verified, invalid, wrong = _marked(marks)
    is_dead = invalid is not None and (verified is None or verified < invalid)
    used = [row["granted_at"] for row in bases if row["basis"] == "consumer_used"]
    checks = [
        (row["granted_at"], row["details"]["is_reassigned"]) for row in bases if row["basis"] == "reassigned_check"
    ]
    return f.ContactPoint(
        contact_point_id=first["contact_point_id"],
        kind=first["kind"],
        label=_label([row["label"] for row in rows]),
        is_verified=not is_dead and (verified is not None or any(row["is_verified"] for row in rows)),
        is_usable=not is_dead,
        verified_at=verified,
        wrong_since=wrong,
        used_by_consumer_at=latest(used_at, *used),
        not_reassigned_at=latest(*(at for at, is_reassigned in checks if not is_reassigned)),
        reassigned_since=earliest(*(at for at, is_reassigned in checks if is_reassigned)),
        leaked_since=flags["leaked_since"] if flags else None,
        is_employer_provided=_employer(first, rows, flags),
        is_public_domain=_public(first, flags),
        creditor_notice=_notice(bases),
        prior_collectors=tuple(
            f.PriorCollector(**row["details"]) for row in bases if row["basis"] == "prior_collector"
        ),
    )


def _label(labels: Sequence[str]) -> str:
    """What anybody calls the point; work before all else, for then there is reason to know that it is one of work."""
    return "work" if "work" in labels else next((each for each in labels if each != "other"), labels[0])


def _marked(marks: Sequence[Row]) -> tuple[datetime | None, datetime | None, datetime | None]:
    """When a point was verified last, was found invalid last, and was first said to be a wrong number."""
    verified = invalid = wrong = None
    for row in marks:
        mark, at = row["mark"], row["at"]
        if mark == "verified":
            verified = at if verified is None else max(at, verified)
        elif mark == "invalid":
            invalid = at if invalid is None else max(at, invalid)
            if row["detail"] == "wrong_number":
                wrong = at if wrong is None else min(at, wrong)
    return verified, invalid, wrong


def whereabouts(party: Row | None, points: Sequence[Row], bad: frozenset[UUID]) -> tuple[f.Location, ...]:
    """What addresses and phone numbers say of where the person may be; a point that is not theirs says nothing."""
    found: list[f.Location | None] = []
    if party is not None:
        found.append(_address(party))
    for point in points:
        if point["contact_point_id"] in bad:
            continue
        if point["kind"] == "phone":
            found.append(phone_location(point["value"]))
        elif point["kind"] == "address" and point["region"] is not None:
            found.append(_address(point))
    return tuple(dict.fromkeys(place for place in found if place is not None))


def _address(row: Row) -> f.Location | None:
    return address_location(region=row["region"], city=row["city"], postal_code=row["postal_code"])


def _employer(first: Row, rows: Sequence[Row], flags: Row | None) -> bool | None:
    if flags is not None and flags["is_employer_provided"] is not None:
        return bool(flags["is_employer_provided"])
    if first["kind"] != "email":
        return None
    if any(row["label"] == "work" for row in rows):
        return True
    return False if _public(first, flags) else None


def _public(first: Row, flags: Row | None) -> bool | None:
    if flags is not None and flags["is_public_domain"] is not None:
        return bool(flags["is_public_domain"])
    if first["kind"] != "email":
        return None
    return True if first["value"].rpartition("@")[2] in _PUBLIC_DOMAINS else None


def _notice(bases: Sequence[Row]) -> f.CreditorNotice | None:
    """The newest notice of the creditor about the address."""
    notices = [row for row in bases if row["basis"] == "creditor_notice"]
    if not notices:
        return None
    terms = max(notices, key=lambda row: (row["granted_at"], str(row["consent_id"])))["details"]
    days = {name: _day(terms[name]) for name in ("sent_on", "opt_out_by")}
    return f.CreditorNotice(**(terms | days))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
