"""From the wish to contact somebody to a permit: what contact knows is checked first, then compliance is asked.

No permit, no contact: whatever fails on the way ends here, is kept as a block, and is answered as one. Nothing is asked
inside a transaction, so that a slow compliance holds no connection and no lock; the attempt is committed before it is
asked for, so that a permit whose answer is lost is found and taken back.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from services.contact.domain.placing import Placing
from services.contact.gateways.compliance import Compliance, ComplianceUnavailableError, Decision, Permit, Question
from services.contact.handlers.actor import Actor
from services.contact.handlers.ask_attempts import Ask, Asked, Stopped, ask_for
from services.contact.handlers.place_attempts import PlaceAttempt
from services.contact.handlers.record_blocks import Blocked, record_blocks
from shared.clock import Clock
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.events.contact import BlockReason
from shared.http.request_context import current_context
from shared.telemetry.metrics import counter

R = TypeVar("R")
KeepAsk = Callable[[Actor, Ask], Awaitable[Asked | Stopped]]
"""Commits what is about to be asked for, with others or alone; raises the `Problem` of a refusal."""

DENIED = counter("arrears_contacts_denied_total", "Contacts that were not made, by reason.", ["reason"])


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
    """A contact that may be placed: the attempt that it will be, its creditor, the decision that holds the permit."""

    attempt_id: UUID
    creditor_id: UUID
    decision: Decision

    @property
    def permit(self) -> Permit:
        """Its permit: there is one, or `Compliance.ask` would have raised."""
        assert self.decision.permit is not None  # noqa: S101 - as it says
        return self.decision.permit

    def blocked(
        self, placing: Placing, reason: BlockReason, actor: str, rules: tuple[dict[str, Any], ...] = ()
    ) -> Blocked:
        """The contact, not made although it was permitted."""
        return Blocked(
            self.creditor_id,
            placing,
            reason,
            actor,
            rules,
            attempt_id=self.attempt_id,
            permit_id=self.permit.id,
            decision_id=self.decision.decision_id,
        )

    def command(self, placing: Placing, actor: str, **facts: Any) -> PlaceAttempt:
        """The command that places it."""
        return PlaceAttempt(
            attempt_id=self.attempt_id,
            creditor_id=self.creditor_id,
            placing=placing,
            permit_id=self.permit.id,
            decision_id=self.decision.decision_id,
            expires_at=self.permit.expires_at,
            actor=actor,
            disclosures=self.decision.disclosures,
            language=self.decision.language,
            cause=current_context().correlation_id,
            **facts,
        )


class Permits:
    """Gets permits for placings, and gives them back. `keep_ask` commits what is about to be asked for."""

    def __init__(
        self, compliance: Compliance, transactions: Transactions, clock: Clock, keep_ask: KeepAsk | None = None
    ) -> None:
        self._compliance = compliance
        self._clock = clock
        self._transactions = transactions
        self._keep_ask = keep_ask or self._keep_one

    async def get(self, actor: Actor, placing: Placing, wish: str) -> Permitted:
        """Return a permit. `wish` names what is wanted: asked again, it is the same attempt with the same permit.

        Raises:
            Problem: `contact-blocked`, `compliance-unavailable`, or what the request has wrong.
        """
        permitted = await self._get(actor, placing, wish)
        if permitted.permit.expires_at <= self._clock.now():
            # The wish is older than its permit: its first answer was lost on the way here.
            await self._block(permitted.blocked(placing, "permit_expired", actor.sub))
            permitted = await self._get(actor, placing, wish)
        return permitted

    async def give_back(self, actor: Actor, permitted: Permitted, placing: Placing, refusal: str) -> Problem:
        """Report a permit that was not used, because contact itself found a reason; return the problem to answer."""
        rule = {"id": refusal.partition(":")[0], "result": "fail"}
        await self._block(permitted.blocked(placing, "not_placed", actor.sub, (rule,)))
        return blocked((rule,), None)

    async def _get(self, actor: Actor, placing: Placing, wish: str) -> Permitted:
        asked = await self._keep_ask(actor, Ask(placing, wish, actor.sub, actor.creditors))
        if isinstance(asked, Stopped):
            DENIED.labels(asked.reason).inc()
            raise blocked((asked.rule,), None)
        decision = await self._ask(actor, asked, placing)
        if not decision.is_allowed:
            rules = tuple(decision.refusing)
            await self._block(
                Blocked(
                    asked.creditor_id,
                    placing,
                    "rules",
                    actor.sub,
                    rules,
                    attempt_id=asked.attempt_id,
                    decision_id=decision.decision_id,
                    not_before=decision.not_before,
                )
            )
            raise blocked(rules, decision)
        return Permitted(asked.attempt_id, asked.creditor_id, decision)

    async def _ask(self, actor: Actor, asked: Asked, placing: Placing) -> Decision:
        question = Question(
            placing.party_id,
            placing.account_ids,
            placing.channel,
            placing.contact_point_id,
            placing.purpose,
            asked.attempt_id,
            traits=placing.traits,
        )
        try:
            return await self._compliance.ask(question)
        except ComplianceUnavailableError as error:
            block = Blocked(
                asked.creditor_id, placing, "compliance_unavailable", actor.sub, attempt_id=asked.attempt_id
            )
            await self._block(block)
            raise Problem(
                "compliance-unavailable", "Compliance gave no answer in time. Nobody was contacted; try again."
            ) from error

    async def _keep_one(self, _actor: Actor, ask: Ask) -> Asked | Stopped:
        asked = (await self._transactions.write(lambda tx: ask_for(tx, [ask])))[0]
        if isinstance(asked, Refusal):
            raise Problem.of(asked)
        return asked

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
