"""From the wish to contact somebody to a permit: what contact knows is checked first, then compliance is asked.

No permit, no contact: whatever fails on the way ends here, is kept as a block, and is answered as one. Nothing is asked
inside a transaction, so that a slow compliance holds no connection and no lock.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from prometheus_client import Counter

from services.contact.domain.placing import Block, Placing, check
from services.contact.gateways.compliance import Compliance, ComplianceUnavailableError, Decision, Permit, Question
from services.contact.handlers.actor import Actor
from services.contact.handlers.place_attempts import PlaceAttempt
from services.contact.handlers.record_blocks import Blocked, record_blocks
from services.contact.store.cases import load_case
from shared.clock import Clock
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.events.contact import BlockReason
from shared.ids import new_id

R = TypeVar("R")

DENIED = Counter("arrears_contacts_denied_total", "Contacts that were not made, by reason.", ["reason"])


class Transactions(Protocol):
    """Where transactions run: the edge of a request, or that of the worker."""

    async def read(self, fn: Callable[[Tx], Awaitable[R]]) -> R:
        """Run a reading one."""
        ...

    async def write(self, fn: Callable[[Tx], Awaitable[R]]) -> R:
        """Run one and commit it."""
        ...


@dataclass(frozen=True, slots=True)
class Permitted:
    """A contact that may be placed: its creditor, and the decision that holds the permit."""

    creditor_id: UUID
    decision: Decision

    @property
    def permit(self) -> Permit:
        """Its permit: there is one, or `Compliance.ask` would have raised."""
        assert self.decision.permit is not None  # noqa: S101 - as it says
        return self.decision.permit

    def command(self, placing: Placing, actor: str, **facts: Any) -> PlaceAttempt:
        """The command that places it."""
        return PlaceAttempt(
            attempt_id=new_id(),
            creditor_id=self.creditor_id,
            placing=placing,
            permit_id=self.permit.id,
            decision_id=self.decision.decision_id,
            expires_at=self.permit.expires_at,
            actor=actor,
            disclosures=self.decision.disclosures,
            language=self.decision.language,
            **facts,
        )


class Permits:
    """Gets permits for placings, and gives them back."""

    def __init__(self, compliance: Compliance, transactions: Transactions, clock: Clock) -> None:
        self._compliance = compliance
        self._clock = clock
        self._transactions = transactions

    async def get(self, actor: Actor, placing: Placing, key: str) -> Permitted:
        """Return a permit. `key` names the wish: asked again with it, compliance gives the same permit.

        Raises:
            Problem: `contact-blocked`, `compliance-unavailable`, or what the request has wrong.
        """
        creditor_id = await self._check(actor, placing)
        decision = await self._ask(actor, creditor_id, placing, key)
        permit = decision.permit
        if permit is not None and permit.expires_at <= self._clock.now():
            # The wish is older than its permit: its first answer was lost on the way here.
            await self._block(
                Blocked(
                    creditor_id,
                    placing,
                    "permit_expired",
                    actor.sub,
                    permit_id=permit.id,
                    decision_id=decision.decision_id,
                )
            )
            decision = await self._ask(actor, creditor_id, placing, f"{key}:{permit.id}")
        if not decision.is_allowed:
            rules = tuple(decision.refusing)
            await self._block(
                Blocked(
                    creditor_id,
                    placing,
                    "rules",
                    actor.sub,
                    rules,
                    decision_id=decision.decision_id,
                    not_before=decision.not_before,
                )
            )
            raise blocked(rules, decision)
        return Permitted(creditor_id, decision)

    async def _ask(self, actor: Actor, creditor_id: UUID, placing: Placing, key: str) -> Decision:
        question = Question(
            placing.party_id, placing.account_ids, placing.channel, placing.contact_point_id, placing.purpose, key
        )
        try:
            return await self._compliance.ask(question)
        except ComplianceUnavailableError as error:
            await self._block(Blocked(creditor_id, placing, "compliance_unavailable", actor.sub))
            raise Problem(
                "compliance-unavailable",
                "Compliance gave no answer in time. Nobody was contacted; try again.",
            ) from error

    async def give_back(self, actor: Actor, permitted: Permitted, placing: Placing, refusal: str) -> Problem:
        """Report a permit that was not used, because contact itself found a reason; return the problem to answer."""
        rule = {"id": refusal.partition(":")[0], "result": "fail"}
        await self._block(
            Blocked(
                permitted.creditor_id,
                placing,
                "not_placed",
                actor.sub,
                (rule,),
                permit_id=permitted.permit.id,
                decision_id=permitted.decision.decision_id,
            )
        )
        return blocked((rule,), None)

    async def _check(self, actor: Actor, placing: Placing) -> UUID:
        case = await self._transactions.read(lambda tx: load_case(tx, [placing]))
        first = case.debts.get(placing.account_ids[0])
        if first is not None and not actor.may_see(first.creditor_id):
            raise Problem("account-unknown", "There is no such account.", field="account_ids")
        found = check(placing, case)
        if isinstance(found, Refusal):
            raise Problem.of(found)
        assert first is not None  # noqa: S101 - `check` refuses accounts that are not known
        if isinstance(found, Block):
            rule = {"id": found.rule_id, "result": "fail", "detail": found.detail}
            reason: BlockReason = "rules" if found.rule_id == "contact.nothing_past_due" else "contact_point_unusable"
            await self._block(Blocked(first.creditor_id, placing, reason, actor.sub, (rule,)))
            raise blocked((rule,), None)
        return first.creditor_id

    async def _block(self, block: Blocked) -> None:
        DENIED.labels(block.reason).inc()
        await self._transactions.write(lambda tx: record_blocks(tx, [block]))


def blocked(rules: Sequence[dict[str, Any]], decision: Decision | None) -> Problem:
    """The problem of a contact that is not made, with the rules that say so."""
    names = ", ".join(str(rule.get("id")) for rule in rules) or "no rule was named"
    members: dict[str, Any] = {"rules": list(rules)}
    if decision is not None:
        members |= {"decision_id": str(decision.decision_id), "outcome": decision.outcome}
        if decision.not_before is not None:
            members["not_before"] = decision.not_before.isoformat()
    return Problem("contact-blocked", f"The contact was not made: {names}.", members=members)
