"""What will happen in the month, decided before it starts and from the seed alone, so that each run is the same run.

The promises and arrangements are what collectors agreed with accounts that are behind; whether they are kept is up to
the real payments of September. The returns are ACH payments of the first half that bounce.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from deploy.local.demo.cards import MONTH, SEED, SNAPSHOT_ON, Card

PROMISES = 400
ARRANGEMENTS = 400
RETURNS = 40
RETURN_FILE_ON = date(2005, 9, 20)
RETURNED_UNTIL = date(2005, 9, 16)
GRACE_DAYS = 3
POISONED_ON = date(2005, 9, 9)
POISON_KEY = "C0000001"
IMMEDIATE_DESTINATION = "091400606"


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise to pay, made on the eve of the month."""

    number: str
    due_on: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One payment arrangement: equal instalments a fortnight apart."""

    number: str
    due_dates: tuple[date, ...]
    amount_minor: int


@dataclass(frozen=True, slots=True)
class CorePayment:
    """One payment as the core will publish it."""

    number: str
    amount_minor: int
    on: date
    channel: str
    source_ref: str
    ach_trace: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole month."""

    promises: list[Promise]
    arrangements: list[Arrangement]
    payments: dict[date, list[CorePayment]]
    returns: list[CorePayment]

    @property
    def all_payments(self) -> list[CorePayment]:
        """Every payment of the month, in the order of its days."""
        return [payment for day in MONTH for payment in self.payments[day]]


def make_plan(cards: list[Card]) -> Plan:
    """The month of these accounts. The same accounts give the same plan."""
    chance = random.Random(SEED + 1)  # noqa: S311 - a seed that repeats is the point
    payments = _payments(cards)
    behind = [card for card in cards if card.past_due_minor]
    chosen = chance.sample(behind, min(PROMISES + ARRANGEMENTS, len(behind)))
    promises = [_promise(card, chance) for card in chosen[:PROMISES]]
    arrangements = [_arrangement(card, chance) for card in chosen[PROMISES:]]
    return Plan(promises, arrangements, payments, _returns(payments, arrangements, chance))


def _payments(cards: list[Card]) -> dict[date, list[CorePayment]]:
    by_day: dict[date, list[CorePayment]] = {day: [] for day in MONTH}
    trace = 0
    for card in cards:
        if not card.paid_minor:
            continue
        is_ach = card.channel == "ach"
        trace += is_ach
        ach_trace = f"{IMMEDIATE_DESTINATION[:8]}{trace:07d}" if is_ach else None
        source_ref = f"200509-{card.number}"
        by_day[card.paid_on].append(
            CorePayment(card.number, card.paid_minor, card.paid_on, card.channel, source_ref, ach_trace)
        )
    return by_day


def _promise(card: Card, chance: random.Random) -> Promise:
    return Promise(card.number, SNAPSHOT_ON + timedelta(days=chance.randint(5, 28)), card.minimum_minor)


def _arrangement(card: Card, chance: random.Random) -> Arrangement:
    first = SNAPSHOT_ON + timedelta(days=chance.randint(7, 15))
    amount = max(1, card.past_due_minor // 2)
    return Arrangement(card.number, (first, first + timedelta(days=14)), amount)


def _returns(
    payments: dict[date, list[CorePayment]], arrangements: list[Arrangement], chance: random.Random
) -> list[CorePayment]:
    """ACH payments of the first half: first those of accounts under an arrangement, so that some must re-open."""
    arranged = {arrangement.number for arrangement in arrangements}
    ach = [payment for day in MONTH if day <= RETURNED_UNTIL for payment in payments[day] if payment.ach_trace]
    under = [payment for payment in ach if payment.number in arranged]
    others = chance.sample([payment for payment in ach if payment.number not in arranged], RETURNS)
    return (under + others)[:RETURNS]
