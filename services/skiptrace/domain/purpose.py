"""Why the law lets us search for a person: every search names one of these purposes, and is refused without it.

Sources: Fair Credit Reporting Act, 15 USC 1681b(a)(3)(A) (collection of an account of the consumer);
Gramm-Leach-Bliley Act, 15 USC 6802(e)(1) (to service, or to enforce, a transaction that the consumer asked for);
Driver's Privacy Protection Act, 18 USC 2721(b)(3) (to recover on a debt of, or a security interest against, the person
whose submitted information is no longer correct).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from shared.errors import Refusal
from shared.events.accounts import PartyRole
from shared.events.skiptrace import PermissiblePurpose

OWING: frozenset[PartyRole] = frozenset({"joint", "cosigner", "guarantor"})
"""Parts in a debt, beside the primary one, by which a person owes it: each purpose is about who does."""
PURPOSES: tuple[PermissiblePurpose, ...] = get_args(PermissiblePurpose)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a purpose needs. `past_due`: the debt must be past due or charged off, not merely owed."""

    citation: str
    past_due: bool
    natural_persons: bool


RULES: Mapping[PermissiblePurpose, Purpose] = {
    "fcra_collection": Purpose("15 USC 1681b(a)(3)(A)", past_due=True, natural_persons=True),
    "glba_servicing": Purpose("15 USC 6802(e)(1)", past_due=False, natural_persons=False),
    "glba_enforcement": Purpose("15 USC 6802(e)(1)", past_due=True, natural_persons=False),
    "dppa_debt_recovery": Purpose("18 USC 2721(b)(3)", past_due=True, natural_persons=True),
}


@dataclass(frozen=True, slots=True)
class Debt:
    """What a purpose is judged by: whether anything is owed, is past due, and by which kind of party."""

    is_owed: bool
    is_past_due: bool
    party_kind: str


def check_purpose(purpose: PermissiblePurpose, debt: Debt) -> Refusal | None:
    """Say why a purpose does not permit a search, or None. Refuses: `purpose-not-permissible`."""
    rule = RULES[purpose]
    if not debt.is_owed:
        return _refused(rule, "nothing is owed on the account")
    if rule.past_due and not debt.is_past_due:
        return _refused(rule, "nothing is past due on the account")
    if rule.natural_persons and debt.party_kind == "business":
        return _refused(rule, "it concerns persons, and the party is a business")
    return None


def _refused(rule: Purpose, why: str) -> Refusal:
    return Refusal("purpose-not-permissible", f"{rule.citation} does not permit it: {why}.", "permissible_purpose")
