"""What is known of the parties and accounts of a batch, and the facts of one request among them. Pure.

A party's part is made once and serves all its requests; only what hangs on the debts differs between them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.compliance.domain import facts as f
from services.compliance.domain.history import as_attempt
from services.compliance.domain.parts import OBLIGATED, Part, recipient_of
from services.compliance.store import fact_forms

Row = Mapping[str, Any]


@dataclass(slots=True)
class KnownFacts:
    """What is known of the parties and accounts of a batch."""

    accounts: Mapping[UUID, Row]
    creditors: Mapping[UUID, f.Creditor]
    disputes: Mapping[UUID, tuple[f.Dispute, ...]]
    """By account."""
    debt_wide: Sequence[tuple[UUID, f.Restriction]]
    """Restrictions that hold for a debt, or for all debts of its first party, with the party they were placed for."""
    parties: dict[UUID, f.Facts]
    points: Mapping[UUID, Sequence[Row]]
    estates: frozenset[UUID]
    """Debtors that have died, or are an estate."""
    inquiries: Mapping[UUID, Sequence[Row]]
    """Where third parties were asked about a party."""
    unfinished: list[tuple[UUID, f.Attempt]]
    """Contacts without an outcome with the other parties of the debts, and what this batch has reserved, by party."""

    def addressed(self, request: f.Request) -> f.Request:
        """The request to whom the party is, by its part in the debts, where the caller takes it for the consumer."""
        if request.recipient is not f.Recipient.CONSUMER:
            return request
        recipient = recipient_of(self._parts(request))
        return request if recipient in {None, request.recipient} else replace(request, recipient=recipient)

    def of(self, request: f.Request) -> f.Facts:
        """The facts for one request."""
        found = self._debts(request)
        creditor_ids = {row["creditor_id"] for row in found}
        creditor = self.creditors.get(next(iter(creditor_ids))) if len(creditor_ids) == 1 else None
        known = self.parties[request.party_id]
        ids = frozenset(request.account_ids)
        owners = {party_id for row in found for party_id, role in fact_forms.parts(row) if role in OBLIGATED}
        others = tuple(
            each
            for party_id, each in self.debt_wide
            if party_id != request.party_id
            and (each.account_ids & ids or (not each.account_ids and party_id in owners))
        )
        asked = [
            (row, person)
            for row in self.inquiries.get(request.party_id, ())
            if (person := request.recipient_id) is not None and person in row["third_party_ids"]
        ]
        return replace(
            known,
            creditor=creditor,
            debts=tuple(fact_forms.debt(row, request.at) for row in found),
            restrictions=known.restrictions + others,
            disputes=tuple(each for account_id in request.account_ids for each in self.disputes.get(account_id, ())),
            attempts=known.attempts + tuple(fact_forms.inquiry(*each) for each in asked),
            open_elsewhere=tuple(
                each
                for party_id, each in self.unfinished
                if party_id != request.party_id and not ids.isdisjoint(each.account_ids)
            ),
            location_answers=tuple(fact_forms.location_answer(*each) for each in asked),
            missing=known.missing if self._has_part(request) else known.missing | {"part_in_debt"},
        )

    def _debts(self, request: f.Request) -> list[Row]:
        return [self.accounts[each] for each in request.account_ids if each in self.accounts]

    def _parts(self, request: f.Request) -> list[Part]:
        """What the party is to each debt that is known."""
        return [
            Part(
                [role for party_id, role in fact_forms.parts(row) if party_id == request.party_id],
                row["party_id"] in self.estates,
            )
            for row in self._debts(request)
        ]

    def _has_part(self, request: f.Request) -> bool:
        """Whether it is known what the party is to the debts; the caller may say it of whoever has a part in them."""
        parts = self._parts(request)
        if request.recipient is f.Recipient.CONSUMER:
            return not parts or recipient_of(parts) is not None
        return all(part.roles for part in parts)

    def reserve(self, party_id: UUID, permit: f.Permit) -> None:
        """Count a permit that this batch has just reserved."""
        known = self.parties[party_id]
        self.parties[party_id] = replace(known, permits=(*known.permits, permit))
        self.unfinished.append((party_id, as_attempt(permit)))
