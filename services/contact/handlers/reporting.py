"""The outcome of a contact that a person reports: it binds at once, its next step is carried out, then it is stored.

The next step is made by the service that owns it, under the caller's own token and a key that follows from the attempt:
sent again, it is made once. A refusal there is the answer here, and the attempt stays open.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from services.contact.domain.attempt import Report
from services.contact.gateways.compliance import Compliance
from services.contact.gateways.owners import Owners
from services.contact.handlers.close_attempts import CloseAttempt, judge
from services.contact.handlers.hearing import tell_compliance, written_at
from services.contact.handlers.permits import Transactions
from shared.clock import Clock
from shared.errors import Problem, Refusal

_OWNED = frozenset({"promise", "arrangement", "dispute"})


@dataclass(frozen=True, slots=True)
class NextStep:
    """What comes next. `body` is what its owner takes; a callback has a time, a refusal a word of its reason."""

    kind: str
    body: dict[str, Any]
    callback_at: datetime | None = None
    refusal_reason: str | None = None


class Reporter:
    """Takes the outcomes that people report."""

    def __init__(self, compliance: Compliance, owners: Owners, transactions: Transactions, clock: Clock) -> None:
        self._compliance = compliance
        self._owners = owners
        self._transactions = transactions
        self._clock = clock

    async def prepare(self, command: CloseAttempt, next_step: NextStep | None, token: str) -> CloseAttempt:
        """Do all that comes before the outcome is stored, and return the command that stores it.

        Raises:
            Problem: the outcome may not stand, or the owner of the next step refuses it or does not answer.
        """
        if next_step is not None and next_step.callback_at is not None and next_step.callback_at <= self._clock.now():
            raise Problem("callback-in-past", "The time has passed.", field="next_step")
        found = (await self._transactions.read(lambda tx: judge(tx, [command])))[0]
        if isinstance(found, Refusal):
            raise Problem.of(found)
        row, outcome = found
        await tell_compliance(self._compliance, row, outcome.heard)
        if next_step is None:
            return command
        command = replace(command, callback_at=next_step.callback_at, refusal_reason=next_step.refusal_reason)
        if next_step.kind not in _OWNED:
            return command
        key = str(uuid5(command.attempt_id, next_step.kind))
        made = await self._owners.carry_out(next_step.kind, _body(next_step, row), token=token, key=key)
        return replace(command, next_step_id=made)


def _body(step: NextStep, row: Any) -> dict[str, Any]:
    """What the owner takes: the account of the attempt where none is named, and for a dispute whose it is.

    A dispute has its id from the attempt and the account: the event, which tells of it again, opens no second one.
    """
    body = {"account_id": str(row["account_ids"][0])} | step.body
    if step.kind != "dispute":
        return body
    at = written_at(row)
    body |= {"party_id": str(row["party_id"]), "attempt_id": str(row["attempt_id"]), "is_written": at is not None}
    return body | ({"received_at": at.isoformat()} if at is not None else {})


Close = Callable[[CloseAttempt], Awaitable[Any]]
"""Stores one outcome and commits; raises the `Problem` of a refusal."""


def report_of(result_code: Any, debts: tuple[UUID, ...], heard: Any, next_step: NextStep | None) -> Report:
    """The report of an outcome as the domain takes it."""
    return Report(result_code, debts, heard, None if next_step is None else next_step.kind)  # type: ignore[arg-type]
