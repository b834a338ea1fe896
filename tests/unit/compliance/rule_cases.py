"""A contact that every shipped rule lets pass, and the few ways in which the tests change it; and one rule's answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from services.compliance.domain.decide import Decision, decide
from services.compliance.domain.evaluate import Outcome, RuleResult
from services.compliance.domain.facts import (
    Attempt,
    Channel,
    ContactPoint,
    Creditor,
    Debt,
    Facts,
    Location,
    Party,
    Purpose,
    Request,
    Role,
)
from services.compliance.domain.jurisdiction import address_location
from services.compliance.domain.rules import RuleBook
from services.compliance.store.shipped import shipped_rules

BOOK: RuleBook = shipped_rules()
NAMES = UUID("5f1d0d6e-5d0a-4d0c-9a37-0d9b2f6f5c11")
PARTY, DEBT, OTHER_DEBT, POINT, STRANGER = (uuid5(NAMES, name) for name in ("party", "debt", "other", "point", "who"))
NOON = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
"""A Monday: 13:00 in New York, 12:00 in Chicago, 10:00 in Los Angeles."""
DAY = timedelta(days=1)
KINDS = {Channel.EMAIL: "email", Channel.LETTER: "address", Channel.IN_PERSON: "address"}
STOPPED = {Outcome.BLOCK, Outcome.BLOCK_UNTIL}


def place(region: str, city: str | None = None, postal_code: str | None = None) -> Location:
    found = address_location(region=region, city=city, postal_code=postal_code)
    assert found is not None
    return found


WISCONSIN = place("WI", postal_code="53202")
BROOKLYN = place("NY", "Brooklyn", "11201")


def request(channel: str = "phone", **changes: Any) -> Request:
    plain = Request(PARTY, (DEBT,), Channel(channel), POINT, Purpose.COLLECTION, NOON)
    return replace(plain, **changes)


def facts(role: str = "third_party_collector", region: str = "WI", channel: str = "phone", **changes: Any) -> Facts:
    point = ContactPoint(POINT, KINDS.get(Channel(channel), "phone"), label=None if channel == "email" else "mobile")
    where = WISCONSIN if region == "WI" else BROOKLYN if region == "NYC" else place(region)
    plain = Facts(
        creditor=Creditor(uuid5(NAMES, "creditor"), Role(role)),
        party=Party(PARTY, "natural_person", "en"),
        debts=(Debt(DEBT, "open", "credit_card", is_consumer=True, days_past_due=45),),
        contact_points=(point,),
        locations=(where,),
    )
    return replace(plain, **changes)


def attempts(
    channel: str, moments: list[datetime], result_code: str = "no_answer", **changes: Any
) -> tuple[Attempt, ...]:
    return tuple(
        replace(
            Attempt(uuid5(NAMES, moment.isoformat()), moment, Channel(channel), (DEBT,), result_code),
            **{"contact_point_id": POINT, **changes},
        )
        for moment in moments
    )


def answer(rule_id: str, asked: Request, known: Facts) -> RuleResult | None:
    """What this rule made of the contact; None: it did not look at it."""
    return next((each for each in decided(asked, known).rules if each.rule.rule_id == rule_id), None)


def decided(asked: Request, known: Facts) -> Decision:
    return decide(asked, known, BOOK)


def outcome(rule_id: str, asked: Request, known: Facts) -> Outcome:
    found = answer(rule_id, asked, known)
    assert found is not None, f"{rule_id} did not look"
    return found.outcome
