"""Whom a contact is about: the person, the creditor and the debts."""

from uuid import UUID

from services.compliance.domain.facts.fact import fact
from services.compliance.domain.facts.words import Role


@fact
class Party:
    """The person: `kind` natural_person, business or estate; `language` a BCP 47 tag such as `en` or `es-MX`."""

    party_id: UUID
    kind: str | None
    language: str | None = None
    is_deceased: bool = False


@fact
class Creditor:
    """Whose debts these are; `policies_off` are the ids of the policy rules that it has switched off."""

    creditor_id: UUID
    kind: Role
    policies_off: frozenset[str] = frozenset()


@fact
class Debt:
    """One account. `group` is shared by student loans that were under one account number when obtained (14(b)(4)).

    `status`: open, charged_off, paid, settled, sold, discharged or closed. `secured_by`: real_estate, motor_vehicle.
    `is_consumer` None is read as a consumer's debt, the more protected kind.
    """

    account_id: UUID
    status: str
    product_class: str | None = None
    is_consumer: bool | None = None
    days_past_due: int | None = None
    secured_by: str | None = None
    group: str | None = None
