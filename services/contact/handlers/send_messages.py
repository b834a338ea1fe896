"""The sender of messages, in the worker: leases what is due, makes sure of a permit, hands over, keeps what was said.

The attempt and its permit commit before anything leaves (`place_attempts`); a process that dies in between leaves a
message `sending`, which the sweep ends as failed: it may have left, so it is never sent again. The sweep runs first in
each step, and no message that breaks a step keeps the others from going on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from services.contact.domain.message import LEASE, RECEIPT_WITHIN, Result, next_try_at
from services.contact.domain.shipped_templates import REPLIES
from services.contact.handlers.ask_attempts import give_up_lost
from services.contact.handlers.one_by_one import apply
from services.contact.handlers.permits import Permits, Permitted, Transactions
from services.contact.handlers.place_attempts import PlaceAttempt, Placed, locks_of, place_attempts
from services.contact.handlers.queue_message import rewrite_message
from services.contact.handlers.record_blocks import Blocked, record_blocks
from services.contact.handlers.settle_messages import Handed, end_overdue, placing_of, settle_handed, unused
from services.contact.handlers.write_message import Draft
from services.contact.settings import ContactSettings
from services.contact.store.messages import (
    forget_early,
    lease_due,
    load_messages,
    lock_messages,
    overdue_messages,
    update_messages,
)
from shared.clock import Clock
from shared.db.locks import take
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal

Row = Mapping[str, Any]
HandOver = Callable[[Row], Awaitable[Result]]
"""Hands one message to the gateway of its channel."""

_SWEPT = 200
_MARGIN = timedelta(seconds=5)
"""A permit that expires sooner is not used: the transaction that uses it takes a moment."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _System:
    """The sender itself as an actor: it sends for whoever queued, and reaches every creditor."""

    sub: str = "contact-sender"
    creditors: None = None

    def may_see(self, _creditor_id: UUID) -> bool:
        return True


class Sender:
    """Sends what is due, again and again."""

    def __init__(
        self,
        settings: ContactSettings,
        transactions: Transactions,
        permits: Permits,
        channels: Mapping[str, HandOver],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._transactions = transactions
        self._permits = permits
        self._channels = channels
        self._clock = clock

    async def run(self) -> None:
        """Run until the task is cancelled."""
        while True:
            try:
                did = await self.step()
            except Exception:  # noqa: BLE001 - a worker outlives whatever happens to its database
                _log.warning("the sender starts again", exc_info=True)
                did = 0
            if not did:
                await asyncio.sleep(self._settings.sender_poll_s)

    async def step(self) -> int:
        """Send what is due now, and end what is overdue; return how many messages moved or were tried."""
        swept = await self._sweep()
        now = self._clock.now()
        rows = await self._transactions.write(
            lambda tx: lease_due(tx, now, now + LEASE, self._settings.sender_batch, tuple(self._channels))
        )
        commands = await asyncio.gather(*(self._permitted(row) for row in rows))
        ready = [command for command in commands if command is not None]
        going = await self._transactions.write(lambda tx: self._place(tx, ready)) if ready else []
        handed = await asyncio.gather(*(self._hand_over(row) for row in going))
        await apply(self._transactions, handed, settle_handed)
        return swept + len(rows)

    async def _sweep(self) -> int:
        """End what is overdue: messages, and attempts that were asked for and lost."""
        now = self._clock.now()
        overdue = await self._transactions.read(lambda tx: overdue_messages(tx, now, _SWEPT))
        await apply(self._transactions, overdue, end_overdue)
        given_up = await self._transactions.write(give_up_lost)
        await self._transactions.write(lambda tx: forget_early(tx, now - max(RECEIPT_WITHIN.values())))
        return given_up + len(overdue)

    async def _permitted(self, row: Row) -> PlaceAttempt | None:
        """The command that places a message under its permit, or under a new one; None: not now, or never."""
        try:
            return await self._with_permit(row)
        except Problem as problem:
            await self._transactions.write(partial(_postpone, row=row, problem=problem))
        except Exception:  # noqa: BLE001 - one message never keeps the others from going
            # Its lease makes it due again; what never goes is given up in the end.
            _log.exception("a message gets no permit", extra={"message_id": str(row["message_id"])})
        return None

    async def _with_permit(self, row: Row) -> PlaceAttempt | None:
        if row["permit_id"] is not None:
            is_good = row["permit_expires_at"] > self._clock.now() + _MARGIN
            # A message that an older release queued does not say for which attempt: its permit is given back.
            if is_good and row["asked_attempt_id"] is not None:
                return _command(row)
            await self._transactions.write(lambda tx: _give_back(tx, row))
        wish = str(uuid5(UUID(str(row["message_id"])), str(row["tries"])))
        permitted = await self._permits.get(_System(), placing_of(row), wish)
        kept = await self._transactions.write(lambda tx: self._keep(tx, row, permitted))
        if isinstance(kept, Refusal):
            await self._permits.give_back(_System(), permitted, placing_of(row), f"contact.{kept.code}")
            return None
        return _command(kept)

    async def _keep(self, tx: Tx, row: Row, permitted: Permitted) -> Row | Refusal:
        """Keep the permit with its message, which is written anew: it waited, and says what is so when it leaves."""
        decision = permitted.decision
        if (await lock_messages(tx, [row["message_id"]]))[row["message_id"]]["status"] != "queued":
            return Refusal("transition-refused", "The message has come to its end meanwhile.")
        draft = Draft(
            row["message_id"], row["creditor_id"], row["party_id"], row["account_ids"], row["channel"],
            row["template"], decision.disclosures, decision.language, row["language"],
        )  # fmt: skip
        written = await rewrite_message(tx, self._settings, draft, row["contact_point_id"])
        if isinstance(written, Refusal):
            await update_messages(tx, [_end(row, "failed", written.code, tx.clock.now())])
            return written
        permit = {
            "decision_id": decision.decision_id,
            "asked_attempt_id": permitted.attempt_id,
            "permit_id": permitted.permit.id,
            "permit_expires_at": permitted.permit.expires_at,
        }
        await update_messages(tx, [{"message_id": row["message_id"], **permit, **written}])
        return {**row, **permit, **written}

    async def _place(self, tx: Tx, commands: Sequence[PlaceAttempt]) -> list[Row]:
        """Use the permits and mark the messages `sending`; return those that are to be handed over."""
        await take(tx, [locks_of(command) for command in commands])
        rows = await lock_messages(tx, [command.message_id for command in commands if command.message_id is not None])
        # What the sweep has ended meanwhile stays ended; its permit was reported there.
        going = [command for command in commands if rows[_message(command)]["status"] == "queued"]
        results = list(zip(going, await place_attempts(tx, going), strict=True))
        now = tx.clock.now()
        await update_messages(tx, [_placed_row(rows[_message(one)], one, result, now) for one, result in results])
        refused = [(one, result) for one, result in results if isinstance(result, Refusal)]
        await record_blocks(tx, [_unused(one, result) for one, result in refused])
        placed = [_message(one) for one, result in results if isinstance(result, Placed)]
        reloaded = await load_messages(tx, placed)
        return [reloaded[message_id] for message_id in placed]

    async def _hand_over(self, row: Row) -> Handed:
        try:
            async with asyncio.timeout(LEASE.total_seconds() * 0.8):
                result = await self._channels[row["channel"]](row)
        except Exception as error:  # noqa: BLE001 - whatever it was, the message may have left
            _log.warning("a hand-over failed", extra={"error": type(error).__name__, "channel": row["channel"]})
            result = Result("unknown", reason=type(error).__name__)
        return Handed(row["message_id"], result)


def _message(command: PlaceAttempt) -> UUID:
    assert command.message_id is not None  # noqa: S101 - a command of the sender has its message
    return command.message_id


def _placed_row(row: Row, command: PlaceAttempt, result: Placed | Refusal, now: datetime) -> dict[str, Any]:
    """The row after its permit was used, or was not: then it is over with the message."""
    used = {"message_id": row["message_id"], "permit_id": None, "decision_id": command.decision_id}
    if isinstance(result, Placed):
        facts = {"status": "sending", "attempt_id": command.attempt_id, "tries": row["tries"] + 1}
        return used | facts | {"lease_until": now + LEASE, "next_try_at": None, "reason": None, "ended_at": None}
    status = "blocked" if result.code == "contact-blocked" else "failed"
    facts = {"status": status, "attempt_id": row["attempt_id"], "tries": row["tries"]}
    reason = result.detail.partition(":")[0]
    return used | facts | {"lease_until": None, "next_try_at": None, "reason": reason, "ended_at": now}


def _command(row: Row) -> PlaceAttempt:
    """The command that places a message under the permit that it has."""
    return PlaceAttempt(
        attempt_id=row["asked_attempt_id"],
        creditor_id=row["creditor_id"],
        placing=placing_of(row),
        permit_id=row["permit_id"],
        decision_id=row["decision_id"],
        expires_at=row["permit_expires_at"],
        actor=row["queued_by"],
        disclosures=tuple(row["disclosures"]),
        language=row["language"],
        message_id=row["message_id"],
    )


def _unused(command: PlaceAttempt, refusal: Refusal) -> Blocked:
    rule = {"id": refusal.detail.partition(":")[0], "result": "fail"}
    return Blocked(
        command.creditor_id,
        command.placing,
        "not_placed",
        command.actor,
        (rule,),
        attempt_id=command.attempt_id,
        permit_id=command.permit_id,
        decision_id=command.decision_id,
    )


async def _give_back(tx: Tx, row: Row) -> None:
    """Report a permit that expired before its message left."""
    await record_blocks(tx, [unused(row)])
    await update_messages(tx, [{"message_id": row["message_id"], "permit_id": None, "asked_attempt_id": None}])


async def _postpone(tx: Tx, *, row: Row, problem: Problem) -> None:
    """A message that may not go now waits for its hour, if that comes; compliance that is silent is asked again."""
    now = tx.clock.now()
    change: dict[str, Any] = {"message_id": row["message_id"], "tries": row["tries"] + 1}
    if problem.code == "compliance-unavailable":
        await update_messages(tx, [change | {"next_try_at": next_try_at(now, row["tries"] + 1)}])
        return
    if row["template"] in REPLIES and problem.code == "contact-blocked":
        # Compliance may not have heard yet of the text that this one answers.
        await update_messages(tx, [change | {"next_try_at": next_try_at(now, row["tries"] + 1)}])
        return
    not_before = problem.members.get("not_before")
    if not_before is not None and problem.members.get("outcome") == "block_until":
        await update_messages(tx, [change | {"next_try_at": datetime.fromisoformat(not_before)}])
        return
    rules = ", ".join(str(rule.get("id")) for rule in problem.members.get("rules", ())) or problem.code
    status = "blocked" if problem.code == "contact-blocked" else "failed"
    await update_messages(tx, [_end(row, status, rules[:200], now)])


def _end(row: Row, status: str, reason: str, at: datetime) -> dict[str, Any]:
    return {"message_id": row["message_id"], "status": status, "reason": reason, "ended_at": at}
