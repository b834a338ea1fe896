"""Decides on contacts, in batches: one statement a table, then pure code, request by request.

The caller holds the locks of parties and debts when permits are to be reserved; each permit that is reserved counts
for the requests behind it in the same batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from services.compliance.domain import facts as f
from services.compliance.domain.case import NO_LEEWAY
from services.compliance.domain.decide import decide
from services.compliance.domain.permit import closings, expires_at
from services.compliance.domain.rules import RuleBook
from services.compliance.handlers.written_decision import Made, WrittenDecision
from services.compliance.store.attempts import load_unplaced
from services.compliance.store.decisions import insert_decisions
from services.compliance.store.facts import load_facts
from services.compliance.store.known_facts import KnownFacts
from services.compliance.store.views import value_of
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.compliance import DecidingRule, DecisionMade
from shared.ids import contact_point_id, new_id

Answer = bytes
"""A decision as JSON."""

_PASSED = frozenset({"pass", "not_applicable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideContact:
    """A contact to decide on. `at` None: now. `creditors`: those that the caller may see; None: all.

    `attempt_id`: the attempt for which a permit is asked, by which it can be reported although the answer is lost.
    """

    request: f.Request
    at: datetime | None
    point: tuple[str, str] | None
    may_reserve: bool
    made_by: str
    creditors: frozenset[UUID] | None = None
    attempt_id: UUID | None = None
    correlation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides by the rules of one book. `permit_ttl`: for how long a permit may be placed.

    `reach`: how far back the rules look. `leeway`: how far the clocks of our processes may be apart.
    """

    book: RuleBook
    rules_sha256: bytes
    permit_ttl: timedelta
    reach: timedelta
    leeway: timedelta
    written: WrittenDecision = field(default_factory=WrittenDecision)
    closings: tuple[int, ...] = field(init=False)
    """The minutes of the day at which the hours of some rule end, and a permit with them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "closings", closings(self.book.rules))

    async def __call__(self, tx: Tx, commands: Sequence[DecideContact]) -> list[Answer | Refusal]:
        """Decide, reserve and save.

        Refuses `account-unknown`, `accounts-of-several-creditors`, and `attempt-given-up`: contact has reported it not
        placed, so that this request has been overtaken.
        """
        now = tx.clock.now()
        known = await load_facts(
            tx,
            {one.request.party_id for one in commands},
            {each for one in commands for each in one.request.account_ids},
            min([now, *(one.at for one in commands if one.at is not None)]),
            reach=self.reach,
            recipient_ids={one.request.recipient_id for one in commands if one.request.recipient_id is not None},
        )
        asked_for = {one.attempt_id for one in commands if one.attempt_id is not None}
        batch = _Batch(self, tx, now, known, await load_unplaced(tx, asked_for))
        answers = [batch.decide(command) for command in commands]
        await insert_decisions(tx, batch.decisions, batch.permits)
        return answers


class _Batch:
    """One batch on its way: what it has decided so far."""

    def __init__(self, decider: Decider, tx: Tx, now: datetime, known: KnownFacts, unplaced: frozenset[UUID]) -> None:
        self._decider = decider
        self._tx = tx
        self._now = now
        self._known = known
        self._unplaced = unplaced
        self.decisions: list[dict[str, Any]] = []
        self.permits: list[dict[str, Any]] = []

    def decide(self, command: DecideContact) -> Answer | Refusal:
        """Decide on one contact, on what is known and what this batch has reserved."""
        request = self._known.addressed(replace(command.request, at=command.at or self._now))
        if command.point is not None:
            request = replace(request, contact_point_id=self._point_id(request.party_id, *command.point))
        accounts = [row for each in request.account_ids if (row := self._known.accounts.get(each)) is not None]
        creditors = {row["creditor_id"] for row in accounts}
        if command.creditors is not None and not creditors <= command.creditors:
            return Refusal("account-unknown", "There is no such account.", "account_ids")
        if len(creditors) > 1:
            return Refusal("accounts-of-several-creditors", "The accounts are of several creditors.", "account_ids")
        if command.attempt_id in self._unplaced:
            return Refusal("attempt-given-up", "The attempt was reported as not placed; ask for another.", "attempt_id")
        creditor_id = next(iter(creditors), None)
        facts = self._known.of(request)
        leeway = self._decider.leeway if command.at is None else NO_LEEWAY
        decision = decide(request, facts, self._decider.book, leeway=leeway)
        permit = None
        if decision.is_allowed and command.may_reserve and command.at is None and creditor_id is not None:
            inconvenient = [each.start_minute for each in facts.inconvenient_times]
            expiry = expires_at(
                self._now, self._decider.permit_ttl, decision.zones, (*self._decider.closings, *inconvenient)
            )
            permit = self._reserve(request, creditor_id, command.attempt_id, expiry)
        made = Made(new_id(), request, creditor_id, decision, self._now, permit, is_dry_run=command.at is not None)
        if permit is not None:
            permit["decision_id"] = made.decision_id
        answer = self._decider.written(made)
        self._save(command, made, facts, answer)
        if command.may_reserve and command.at is None and creditor_id is not None:
            self._publish(command, made, creditor_id)
        return answer

    def _point_id(self, party_id: UUID, kind: str, value: str) -> UUID:
        """The party's contact point of this value; for one that it does not have, the id that it would have."""
        form = value_of(kind, value)
        for row in self._known.points.get(party_id, ()):
            if row["kind"] == kind and row["value"] == form:
                found: UUID = row["contact_point_id"]
                return found
        return contact_point_id(party_id, kind, value)

    def _reserve(
        self, request: f.Request, creditor_id: UUID, attempt_id: UUID | None, expiry: datetime
    ) -> dict[str, Any] | None:
        if request.direction is not f.Direction.OUTBOUND:
            return None
        permit = f.Permit(
            permit_id=new_id(),
            reserved_at=self._now,
            channel=request.channel,
            account_ids=request.account_ids,
            contact_point_id=request.contact_point_id,
            recipient_id=request.recipient_id,
        )
        self._known.reserve(request.party_id, permit)
        row = {
            "permit_id": permit.permit_id,
            "attempt_id": attempt_id,
            "creditor_id": creditor_id,
            "party_id": request.party_id,
            "account_ids": list(request.account_ids),
            "channel": request.channel,
            "contact_point_id": request.contact_point_id,
            "recipient_id": request.recipient_id,
            "reserved_at": self._now,
            "expires_at": expiry,
            "state": "reserved",
        }
        self.permits.append(row)
        return row

    def _save(self, command: DecideContact, made: Made, facts: f.Facts, answer: Answer) -> None:
        request = made.request
        self.decisions.append(
            {
                "decision_id": made.decision_id,
                "creditor_id": made.creditor_id,
                "party_id": request.party_id,
                "account_ids": list(request.account_ids),
                "channel": request.channel,
                "purpose": request.purpose,
                "direction": request.direction,
                "contact_point_id": request.contact_point_id,
                "outcome": made.decision.outcome,
                "permit_id": made.permit_id,
                "at": request.at,
                "made_at": self._now,
                "made_by": command.made_by,
                "is_dry_run": made.is_dry_run,
                "rules_sha256": self._decider.rules_sha256,
                "facts_sha256": digest(facts),
                "answer": answer.decode(),
            }
        )

    def _publish(self, command: DecideContact, made: Made, creditor_id: UUID) -> None:
        request, decision = made.request, made.decision
        event = DecisionMade(
            creditor_id=creditor_id,
            account_id=request.account_ids[0],
            decision_id=made.decision_id,
            party_id=request.party_id,
            account_ids=request.account_ids,
            channel=request.channel.value,
            purpose=request.purpose.value,
            direction=request.direction.value,
            contact_point_id=request.contact_point_id,
            outcome=decision.outcome.value,
            not_before=decision.not_before,
            permit_id=made.permit_id,
            rules=tuple(
                DecidingRule(
                    rule_id=each.rule.rule_id,
                    version=each.rule.version,
                    citation=each.rule.citation,
                    result=each.finding.result,
                )
                for each in decision.rules
                if each.finding.result not in _PASSED
            ),
            made_at=self._now,
        )
        self._tx.emit("decision.made", event, causation=command.correlation_id)


def digest(facts: f.Facts) -> bytes:
    """The SHA-256 of all that a decision was made from."""
    return sha256(orjson.dumps(facts, default=_plain)).digest()


def _plain(value: Any) -> Any:
    return sorted(map(str, value)) if type(value) is frozenset else str(value)
