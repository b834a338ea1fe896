"""Asks compliance whether a contact may be made, and tells it at once what was heard.

Fails closed: no answer in time, a failure, an allow without a permit, an answer that cannot be read or one by a clock
that is not ours are all `ComplianceUnavailableError`, and nobody is contacted.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from services.contact.domain.placing import CallTrait
from shared.clock import Clock
from shared.errors import ArrearsError, Problem
from shared.events.contact import ContactChannel, ContactPurpose, Direction
from shared.http.client import Answer, NoAnswerError, ServiceClient
from shared.http.idempotency import REPLAYED_HEADER

_ALLOWS = frozenset({"allow", "allow_with"})

_log = logging.getLogger(__name__)


class ComplianceUnavailableError(ArrearsError):
    """Compliance gave no answer that permits anything. A permit may have been reserved all the same."""


@dataclass(frozen=True, slots=True)
class Question:
    """May this contact be made now? Asked again for the same attempt it is the same question, with the same permit.

    Without an attempt it is a dry run.
    """

    party_id: UUID
    account_ids: Sequence[UUID]
    channel: ContactChannel
    contact_point_id: UUID | None
    purpose: ContactPurpose
    attempt_id: UUID | None = None
    direction: Direction = "outbound"
    traits: Sequence[CallTrait] = ()

    def body(self) -> dict[str, Any]:
        """The request as compliance takes it."""
        return {
            "party_id": str(self.party_id),
            "account_ids": [str(account_id) for account_id in self.account_ids],
            "channel": self.channel,
            "contact_point_id": None if self.contact_point_id is None else str(self.contact_point_id),
            "purpose": self.purpose,
            "direction": self.direction,
            "traits": list(self.traits),
            "attempt_id": None if self.attempt_id is None else str(self.attempt_id),
        }


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Permit(_Lenient):
    """Leave for one contact, placed before `expires_at`."""

    id: UUID
    expires_at: datetime


class Decision(_Lenient):
    """What compliance answered. `rules` are shown as they came."""

    decision_id: UUID | None = None
    outcome: str
    not_before: datetime | None = None
    permit: Permit | None = None
    disclosures: tuple[str, ...] = ()
    language: str | None = None
    rules: tuple[dict[str, Any], ...] = ()
    made_at: datetime | None = None

    @property
    def is_allowed(self) -> bool:
        """True for an allow, with or without conditions."""
        return self.outcome in _ALLOWS

    @property
    def refusing(self) -> list[dict[str, Any]]:
        """The rules that did not pass."""
        return [rule for rule in self.rules if rule.get("result") not in ("pass", "not_applicable")]


class Compliance:
    """The compliance service, asked in this service's own name. `leeway`: how far its clock and ours may be apart."""

    def __init__(self, client: ServiceClient, clock: Clock, leeway: timedelta) -> None:
        self._client = client
        self._clock = clock
        self._leeway = leeway

    async def ask(self, question: Question) -> Decision:
        """Return the decision; one that allows holds a permit.

        Raises:
            ComplianceUnavailableError: nobody may be contacted.
        """
        asked_at = self._clock.now()
        try:
            answer = await self._client.post(
                "/v1/contact-decisions", question.body(), idempotency_key=str(question.attempt_id)
            )
            decision = Decision.model_validate(answer.body)
        except (NoAnswerError, ValidationError, Problem) as error:
            raise _unavailable(_reason(error)) from error
        if decision.is_allowed and decision.permit is None:
            raise _unavailable("it allowed and gave no permit")
        if decision.is_allowed and not self._is_by_our_clock(decision, answer, asked_at):
            raise _unavailable("its clock is not ours")
        return decision

    def _is_by_our_clock(self, decision: Decision, answer: Answer, asked_at: datetime) -> bool:
        """Whether it was decided between question and answer: by another clock it may be day where it is night.

        What was answered before may be older; its permit says how long it is good.
        """
        made_at = decision.made_at
        if made_at is None or made_at > self._clock.now() + self._leeway:
            return False
        return REPLAYED_HEADER.lower() in answer.headers or made_at >= asked_at - self._leeway

    @asynccontextmanager
    async def preview(self, questions: Sequence[Question], at: datetime) -> AsyncIterator[AsyncIterator[Decision]]:
        """Give the decisions on many contacts at one moment, in order, as they come: dry runs, nothing is reserved.

        Raises:
            ComplianceUnavailableError: not all were answered.
        """
        try:
            async with self._client.post_lines(
                "/v1/contact-decisions:batch", (question.body() | {"at": at.isoformat()} for question in questions)
            ) as lines:
                yield _decisions(lines)
        except (NoAnswerError, ValidationError, Problem) as error:
            raise _unavailable(_reason(error)) from error

    async def tell(self, path: str, body: dict[str, Any], key: str) -> bool:
        """Tell compliance something that binds at once; False when it could not be told: the event will."""
        try:
            await self._client.post(path, body, idempotency_key=key)
        except (NoAnswerError, Problem):
            return False
        return True


async def _decisions(lines: AsyncIterator[Any]) -> AsyncIterator[Decision]:
    async for line in lines:
        if isinstance(line, dict) and "outcome" not in line:
            # It could not decide on this one: nobody is called on that account.
            yield Decision(outcome="needs_review", rules=({"id": str(line.get("code")), "result": "unknown"},))
        else:
            yield Decision.model_validate(line)


def _unavailable(reason: str) -> ComplianceUnavailableError:
    """The error to raise. Whoever is asked why nobody is contacted finds it in the log."""
    _log.warning("compliance permits nothing", extra={"reason": reason})
    return ComplianceUnavailableError(reason)


def _reason(error: Exception) -> str:
    if isinstance(error, NoAnswerError):
        return str(error)
    return f"{type(error).__name__}: {error.code}" if isinstance(error, Problem) else type(error).__name__
