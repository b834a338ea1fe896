"""What a party is to the debts that it is contacted about: the consumer, somebody who acts for one, or a third party.

The consumer is whoever is obligated or alleged to be (12 CFR 1006.2(e)): primary, joint, cosigner and guarantor alike.
Who acts for a deceased consumer counts as the consumer (1006.6(a)(4)); an authorized user owes nothing.
"""

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from services.compliance.domain.facts import Recipient

PRIMARY: Final = "primary"
OBLIGATED: Final = frozenset({PRIMARY, "joint", "cosigner", "guarantor"})
REPRESENTATIVE: Final = "representative"
AUTHORIZED_USER: Final = "authorized_user"


class Part(NamedTuple):
    """The roles of the party in one debt, and whether the debtor is an estate or has died."""

    roles: Collection[str]
    is_of_estate: bool = False


def recipient_of(parts: Iterable[Part]) -> Recipient | None:
    """Who the party is to all of these debts; the least protected place of several. None: it is not known.

    It is not known where the party has no part in a debt, and for whom a representative of the living acts: a guardian
    is the consumer (1006.6(a)(3)), whoever merely holds a power is not. The caller has to say so.
    """
    found = [_in_one(part) for part in parts]
    if not found or None in found:
        return None
    for recipient in (Recipient.THIRD_PARTY, Recipient.PERSONAL_REPRESENTATIVE):
        if recipient in found:
            return recipient
    return Recipient.CONSUMER


def _in_one(part: Part) -> Recipient | None:
    if not OBLIGATED.isdisjoint(part.roles):
        return Recipient.CONSUMER
    if REPRESENTATIVE in part.roles:
        return Recipient.PERSONAL_REPRESENTATIVE if part.is_of_estate else None
    return Recipient.THIRD_PARTY if AUTHORIZED_USER in part.roles else None
