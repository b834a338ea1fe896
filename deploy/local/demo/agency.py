"""The accounts that the bank places with its collection agency at the end of the month, and who their members are.

They stand under a creditor of their own, in the role `third_party_collector`: whoever collects for another is bound by
Regulation F, so what stops a call here is law. (The bank itself, a `creditor`, keeps most of it as policy.) The
balances are real; members, their numbers (555-01xx are nobody's) and where they live are made up. They live in Ohio,
Hawaii and Guam, so that at any hour it is night for some; two of five work at night and may be called at any hour.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from faker import Faker

from deploy.local.demo.cards import CSV_HEADER, CURRENCY, MONTH, SEED, Card
from shared.ids import contact_point_id

AGENCY = UUID("0c0ffee0-2005-4831-8000-000000000002")
PLACED_ON = MONTH[-1]
QUEUE = "late"
SIZE = 120
_HIGH_BALANCE_MINOR = 1_000_000
_SMALLEST_MINOR = 50_000
_PLACES = (
    ("Columbus", "OH", "43215", "+1614"),
    ("Honolulu", "HI", "96813", "+1808"),
    ("Dededo", "GU", "96929", "+1671"),
)
_OF_FIVE, _AT_NIGHT = 5, 2


@dataclass(frozen=True, slots=True)
class Member:
    """One placed account and its member. `is_awake`: may be called at any hour."""

    card: Card
    number: str
    given_name: str
    family_name: str
    born_on: date
    street: str
    place: tuple[str, str, str]
    phone: str
    is_awake: bool

    @property
    def account_id(self) -> UUID:
        """The account."""
        return uuid5(AGENCY, self.number)

    @property
    def party_id(self) -> UUID:
        """The member."""
        return uuid5(AGENCY, f"party:{self.party_number}")

    @property
    def party_number(self) -> str:
        """The member's number at the core."""
        return f"M{self.number}"

    @property
    def answers(self) -> dict[str, str]:
        """What only this member answers on the telephone."""
        return {"date_of_birth": self.born_on.isoformat(), "postal_code": self.place[2]}

    def point_id(self, phone: str | None = None) -> UUID:
        """The id of a number of the member: of the one that was imported, or of another."""
        return contact_point_id(self.party_id, "phone", phone or self.phone)


def members(cards: Sequence[Card]) -> list[Member]:
    """The accounts that are placed: two months behind, and of no high balance."""
    people = Faker("en_US")
    people.seed_instance(SEED)
    chosen = [
        card
        for card in cards
        # Missed on the first days of July they would be ninety days past due, and in another queue.
        if card.months_behind == 2 and card.due_day > 2 and _SMALLEST_MINOR <= card.balance_minor < _HIGH_BALANCE_MINOR  # noqa: PLR2004
    ]
    return [_member(card, index, people) for index, card in enumerate(chosen[:SIZE])]


def _member(card: Card, index: int, people: Faker) -> Member:
    city, region, postal_code, area = _PLACES[index % len(_PLACES)]
    return Member(
        card=card,
        number=f"A{card.number[1:]}",
        given_name=people.first_name(),
        family_name=people.last_name(),
        born_on=people.date_of_birth(minimum_age=25, maximum_age=70),
        street=people.street_address().replace("\n", " "),
        place=(city, region, postal_code),
        phone=f"{area}55501{index // len(_PLACES):02d}",
        is_awake=index % _OF_FIVE < _AT_NIGHT,
    )


def placement_csv(placed: Sequence[Member]) -> bytes:
    """The accounts as the agency's system of record hands them over."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*CSV_HEADER.split(","), "date_of_birth"])
    writer.writeheader()
    writer.writerows(_row(member) for member in placed)
    return text.getvalue().encode()


def _row(member: Member) -> dict[str, Any]:
    card, (city, region, postal_code) = member.card, member.place
    return {
        "core_account_number": member.number,
        "product_class": "credit_card",
        "currency": CURRENCY,
        "balance_minor": card.balance_minor,
        "principal_minor": card.balance_minor,
        "interest_minor": 0,
        "fees_minor": 0,
        "past_due_minor": card.past_due_minor,
        "oldest_unpaid_due_on": card.oldest_unpaid_due_on,
        "installment_minor": card.minimum_minor,
        "frequency": "monthly",
        "next_due_on": date(2005, 10, card.due_day),
        "credit_limit_minor": card.limit_minor,
        "party_number": member.party_number,
        "party_kind": "natural_person",
        "given_name": member.given_name,
        "family_name": member.family_name,
        "language": "en",
        "street": member.street,
        "city": city,
        "region": region,
        "postal_code": postal_code,
        "phone": member.phone,
        "email": f"{member.number.lower()}@example.com",
        "date_of_birth": member.born_on,
    }
