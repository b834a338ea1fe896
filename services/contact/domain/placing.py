"""What contact itself must know before it asks for a permit, and again in the transaction that places.

Compliance decides by the law; these are the checks that need no law: the party has a part in each of the debts, the
contact point is theirs and fits, nobody said that its value is wrong or unwanted, and there is something to collect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from services.contact.domain.contact_points import KIND_OF, OPTED_OUT, PointFacts, why_unusable
from services.contact.domain.envelope import PostalAddress
from shared.errors import Refusal
from shared.events.contact import BlockReason, ContactChannel, ContactPurpose

CallTrait = Literal["automated", "prerecorded"]
"""By an automatic telephone dialing system; with an artificial or prerecorded voice, as a ringless voicemail has."""
NEEDS_POINT: Final[frozenset[ContactChannel]] = frozenset({"phone", "voicemail", "email", "sms"})
"""A letter and a visit go to the address of the party when no other is named."""


@dataclass(frozen=True, slots=True)
class Placing:
    """A contact that somebody wants to make now."""

    party_id: UUID
    account_ids: tuple[UUID, ...]
    channel: ContactChannel
    contact_point_id: UUID | None
    purpose: ContactPurpose
    confirms_opt_out: bool = False
    """The one text that says that the refusal of texts was heard (47 CFR 64.1200(a)(12))."""
    traits: tuple[CallTrait, ...] = ()
    """How a call is made, where the law asks for it (47 USC 227(b)(1)(A))."""


@dataclass(frozen=True, slots=True)
class DebtFacts:
    """What is known of one account. Minor units. `parties`: whoever has a part in it, the primary party included."""

    account_id: UUID
    creditor_id: UUID
    parties: frozenset[UUID]
    currency: str
    past_due_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class PointOfParty:
    """A contact point, and whose it is. `value` and `address` (of an address) are personal data."""

    party_id: UUID
    value: str
    facts: PointFacts
    address: PostalAddress | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What is known for the placings of a batch."""

    debts: Mapping[UUID, DebtFacts]
    parties: Mapping[UUID, UUID]
    """The creditor of each party that is known."""
    points: Mapping[UUID, PointOfParty]


@dataclass(frozen=True, slots=True)
class Block:
    """A rule of contact's own that stops a contact."""

    rule_id: str
    detail: str
    reason: BlockReason


def check(placing: Placing, case: Case) -> Refusal | Block | None:
    """Return why a contact cannot be made, as far as contact knows; None: ask compliance.

    Refuses: `account-not-here`, `party-unknown`, `party-not-on-account`, `contact-point-unknown`,
    `contact-point-mismatch`.
    """
    debts = [case.debts.get(account_id) for account_id in placing.account_ids]
    known = [debt for debt in debts if debt is not None]
    if len(known) < len(debts):
        return Refusal("account-not-here", "An account is not known here yet; it arrives with its first snapshot.")
    if placing.party_id not in case.parties:
        return Refusal("party-unknown", "There is no such party.", "party_id")
    return check_parts(placing.party_id, known) or _check_point(placing, case) or _check_owed(placing, known)


def check_parts(party_id: UUID, debts: Sequence[DebtFacts]) -> Refusal | None:
    """Nobody is contacted about a debt in which they have no part. Refuses: `party-not-on-account`."""
    if all(party_id in debt.parties for debt in debts):
        return None
    return Refusal("party-not-on-account", "The party has no part in each of the accounts.", "party_id")


def _check_point(placing: Placing, case: Case) -> Refusal | Block | None:
    if placing.contact_point_id is None:
        if placing.channel in NEEDS_POINT:
            return Refusal(
                "contact-point-unknown", f"Name the contact point for {placing.channel}.", "contact_point_id"
            )
        return None
    point = case.points.get(placing.contact_point_id)
    if point is None:
        return Refusal("contact-point-unknown", "There is no such contact point.", "contact_point_id")
    if point.party_id != placing.party_id or point.facts.kind != KIND_OF[placing.channel]:
        return Refusal(
            "contact-point-mismatch",
            "The contact point is not the party's, or not of this channel.",
            "contact_point_id",
        )
    rule_id = why_unusable(point.facts, placing.channel)
    if rule_id is None or (placing.confirms_opt_out and rule_id == OPTED_OUT):
        return None
    return Block(rule_id, "The contact point may not be used by this channel.", "contact_point_unusable")


def _check_owed(placing: Placing, debts: Sequence[DebtFacts]) -> Block | None:
    """A payment may have come since somebody decided to call: there is nothing to collect then."""
    if placing.purpose == "collection" and all(debt.past_due_minor <= 0 for debt in debts):
        return Block("contact.nothing_past_due", "Nothing is past due on any of the accounts.", "rules")
    return None
