"""Reads the real card accounts and makes of each what a core's extract would say on 31 August 2005.

Real: limits, balances, how many months each is behind, and what each paid in September. Made up from a fixed seed,
because the data set has none: names and contact data, the day of the month on which a payment is due, the minimum
payment (2.5 % of the balance, at least 500), and the day in September on which the payment came. The amounts are New
Taiwan dollars; they are taken as whole units of a currency, and called US dollars, for only these travel by Nacha.
"""

import csv
import gzip
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from faker import Faker

DATA = Path(__file__).parent / "data" / "card_accounts.csv.gz"
CURRENCY = "USD"
SNAPSHOT_ON = date(2005, 8, 31)
MONTH = [date(2005, 9, day) for day in range(1, 31)]
SEED = 20050831
MINOR_PER_UNIT = 100
MINIMUM_MINOR = 500 * MINOR_PER_UNIT
MINIMUM_SHARE = 40  # one part in forty: 2.5 %
ACH_EVERY = 3  # every third payer pays by ACH debit; the others by one of the channels below
OTHER_CHANNELS = ("branch", "lockbox", "online", "share_transfer", "payroll")

CSV_HEADER = (
    "core_account_number,product_class,currency,balance_minor,principal_minor,interest_minor,fees_minor,past_due_minor,"
    "oldest_unpaid_due_on,installment_minor,frequency,next_due_on,opened_on,credit_limit_minor,party_number,party_kind,"
    "given_name,family_name,language,street,city,region,postal_code,phone,email"
)


@dataclass(frozen=True, slots=True)
class Card:
    """One card account at the close of 31 August 2005, and the payment that it made in September (0: none)."""

    number: str
    limit_minor: int
    balance_minor: int
    months_behind: int
    minimum_minor: int
    due_day: int
    paid_minor: int
    paid_on: date
    channel: str

    @property
    def past_due_minor(self) -> int:
        """One minimum payment for each month that the account is behind."""
        return self.months_behind * self.minimum_minor

    @property
    def oldest_unpaid_due_on(self) -> date | None:
        """The due day of the first month missed; null when nothing is past due."""
        if not self.past_due_minor:
            return None
        months = SNAPSHOT_ON.year * 12 + SNAPSHOT_ON.month - 1 - (self.months_behind - 1)
        return date(months // 12, months % 12 + 1, self.due_day)


def _minor(text: str) -> int:
    """Whole units as written in the file, `1E+05` too, in minor units."""
    return int(Decimal(text)) * MINOR_PER_UNIT


def read_cards(path: Path = DATA) -> list[Card]:
    """Every account of the file, in its order."""
    chance = random.Random(SEED)  # noqa: S311 - a seed that repeats is the point
    with gzip.open(path, "rt", newline="") as file:
        return [_card(row, chance) for row in csv.DictReader(file)]


def _card(row: dict[str, str], chance: random.Random) -> Card:
    balance = _minor(row["BILL_AMT2"])
    behind = max(int(row["PAY_2"]), 0) if balance > 0 else 0
    minimum = max(MINIMUM_MINOR, balance // MINIMUM_SHARE)
    if behind:
        minimum = max(1, min(minimum, balance // behind))
    due_day, paid_on = chance.randint(1, 28), chance.choice(MONTH)
    channel = "ach" if int(row["ID"]) % ACH_EVERY == 0 else chance.choice(OTHER_CHANNELS)
    return Card(
        number=f"C{int(row['ID']):07d}",
        limit_minor=_minor(row["LIMIT_BAL"]),
        balance_minor=balance,
        months_behind=behind,
        minimum_minor=minimum,
        due_day=due_day,
        paid_minor=_minor(row["PAY_AMT1"]),
        paid_on=paid_on,
        channel=channel,
    )


def snapshot_csv(cards: list[Card]) -> Iterator[bytes]:
    """The core's extract, a piece at a time: what `POST /v1/imports/account-snapshots` takes as its body."""
    people = Faker("en_US")
    people.seed_instance(SEED)
    yield (CSV_HEADER + "\r\n").encode()
    piece = io.StringIO()
    writer = csv.writer(piece)
    for index, card in enumerate(cards):
        writer.writerow(_row(card, index, people))
        if piece.tell() > 1 << 16:
            yield piece.getvalue().encode()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue().encode()


def _row(card: Card, index: int, people: Faker) -> list[object]:
    given, family = people.first_name(), people.last_name()
    return [
        card.number,
        "credit_card",
        CURRENCY,
        card.balance_minor,
        max(card.balance_minor, 0),
        0,
        0,
        card.past_due_minor,
        card.oldest_unpaid_due_on or "",
        card.minimum_minor,
        "monthly",
        date(2005, 9, card.due_day),
        "",
        card.limit_minor,
        f"P{index + 1:07d}",
        "natural_person",
        given,
        family,
        "es" if index % 9 == 0 else "en",
        people.street_address().replace("\n", " "),
        people.city(),
        people.state_abbr(include_territories=False, include_freely_associated_states=False),
        people.postcode(),
        f"+1202555{100 + index % 100:04d}",
        f"member{index + 1}@example.org",
    ]
