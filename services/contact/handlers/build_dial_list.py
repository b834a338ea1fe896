"""Builds a dial list from a work queue: a job that reads the queue page by page and asks compliance about each account.

Other services are asked while no transaction is open. The decisions reserve nothing: they keep out what may not be
called anyway. Whether a record may be dialled is decided when it is dialled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.contact.domain.contact_points import status_of, usable_channels
from services.contact.domain.placing import CallTrait, PointOfParty
from services.contact.gateways.compliance import Compliance, ComplianceUnavailableError, Decision, Question
from services.contact.gateways.owners import Queues
from services.contact.handlers.permits import Transactions
from services.contact.store.dialing import finish_list, insert_list, insert_records, load_list, phones_of_accounts
from shared.clock import Clock
from shared.db.transaction import Tx
from shared.errors import Problem
from shared.http.client import NoAnswerError
from shared.ids import new_id, read_id
from shared.jobs import ChunkResult, Job, PreparedChunk, record_job

BUILD: Final = "build_dial_list"
_RETRY_S: Final = 2.0
_MAX_WAITS: Final = 30
_SOON: Final = timedelta(hours=24)
"""A record whose hour comes within this time is listed with it."""
_START: Final[Mapping[str, Any]] = {"queue": None, "position": 0, "listed": 0, "waits": 0}
_BEST: Final = ("verified", "unverified", "candidate")


@dataclass(frozen=True, slots=True)
class NewList:
    """A list that somebody asks for. `creditors`: those that the token reaches, None for all."""

    queue: str
    size: int
    creditors: frozenset[UUID] | None
    actor: str
    traits: tuple[CallTrait, ...] = ()


async def request_list(tx: Tx, command: NewList) -> UUID:
    """Record a list and the job that builds it; return its id."""
    dial_list_id = new_id()
    creditors = None if command.creditors is None else sorted(str(creditor) for creditor in command.creditors)
    await insert_list(
        tx,
        {
            "dial_list_id": dial_list_id,
            "queue": command.queue,
            "size": command.size,
            "creditors": creditors,
            "traits": list(command.traits),
            "status": "building",
            "made_at": tx.clock.now(),
            "made_by": command.actor,
        },
    )
    await record_job(
        tx, BUILD, creditor_id=None, params={"dial_list_id": str(dial_list_id)}, dedupe_key=f"{BUILD}:{dial_list_id}"
    )
    return dial_list_id


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the queue, judged. `following`: the cursor of the next, None at the end.

    `failure`: why the list cannot be built; `is_late`: a service was silent, and is to be asked again.
    """

    rows: Sequence[dict[str, Any]] = ()
    following: str | None = None
    failure: str | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class DialListBuilder:
    """Builds lists: each chunk of the job is one page of the queue, read and judged while no transaction is open."""

    queues: Queues
    compliance: Compliance
    transactions: Transactions
    clock: Clock

    @property
    def chunk(self) -> PreparedChunk:
        """The chunk as the worker runs it."""
        return PreparedChunk(self.prepare, self.apply)

    async def prepare(self, job: Job) -> Page:
        """Read the next page of the queue, and ask compliance about its accounts."""
        wanted = await self.transactions.read(lambda tx: load_list(tx, read_id(job.params["dial_list_id"])))
        if wanted is None:
            return Page(failure="dial-list-unknown")
        cursor = job.cursor or dict(_START)
        try:
            items, following = await self.queues.page(wanted["queue"], cursor["queue"])
            return Page(await self._records(wanted, items, cursor), following)
        except Problem as problem:
            return Page(failure=problem.code)
        except (NoAnswerError, ComplianceUnavailableError):
            return Page(is_late=True)

    async def apply(self, tx: Tx, job: Job, page: Page) -> ChunkResult:
        """List what was judged, until the list has its size or the queue its end."""
        dial_list_id = read_id(job.params["dial_list_id"])
        cursor = job.cursor or dict(_START)
        if page.is_late and cursor["waits"] < _MAX_WAITS:
            return ChunkResult(cursor | {"waits": cursor["waits"] + 1}, retry_after_s=_RETRY_S)
        if page.is_late or page.failure is not None:
            await finish_list(tx, dial_list_id, "failed", page.failure or "compliance-unavailable")
            return ChunkResult(None)
        wanted = await load_list(tx, dial_list_id)
        await insert_records(tx, page.rows)
        listed = cursor["listed"] + sum(row["status"] == "listed" for row in page.rows)
        if page.following is None or wanted is None or listed >= wanted["size"]:
            await finish_list(tx, dial_list_id, "ready", None)
            return ChunkResult(None, {"listed": listed})
        position = cursor["position"] + len(page.rows)
        following = {"queue": page.following, "position": position, "listed": listed, "waits": 0}
        return ChunkResult(following, {"listed": listed})

    async def _records(
        self, wanted: Mapping[str, Any], items: Sequence[Mapping[str, Any]], cursor: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        reached = None if wanted["creditors"] is None else set(wanted["creditors"])
        accounts = [read_id(item["account_id"]) for item in items if reached is None or item["creditor_id"] in reached]
        phones = await self.transactions.read(lambda tx: _best_phones(tx, accounts))
        callable_ones = [(account, *phones[account]) for account in accounts if account in phones]
        questions = [
            Question(
                row["debtor"],
                [account],
                "phone",
                point.facts.contact_point_id,
                "collection",
                traits=tuple(wanted["traits"]),
            )
            for account, row, point in callable_ones
        ]
        now = self.clock.now()
        decisions = await self._decide(questions, now)
        rows: list[dict[str, Any]] = []
        left = wanted["size"] - cursor["listed"]
        for (account, row, point), decision in zip(callable_ones, decisions, strict=True):
            if left <= 0:
                break
            record = {
                "record_id": new_id(),
                "dial_list_id": wanted["dial_list_id"],
                "position": cursor["position"] + len(rows) + 1,
                "account_id": account,
                "creditor_id": row["account_creditor"],
                "party_id": row["debtor"],
                "contact_point_id": point.facts.contact_point_id,
                "status": "listed" if _is_listed(decision, now) else "excluded",
                "rules": decision.refusing,
                "not_before": decision.not_before,
            }
            left -= record["status"] == "listed"
            rows.append(record)
        return rows

    async def _decide(self, questions: Sequence[Question], at: datetime) -> list[Decision]:
        if not questions:
            return []
        async with self.compliance.preview(questions, at) as decisions:
            found = [decision async for decision in decisions]
        if len(found) != len(questions):
            raise ComplianceUnavailableError("not every question was answered")
        return found


async def _best_phones(tx: Tx, accounts: Sequence[UUID]) -> dict[UUID, tuple[Mapping[str, Any], PointOfParty]]:
    """For each account the number of its party that may be called and is the surest; the order of ids breaks ties."""
    best: dict[UUID, tuple[Mapping[str, Any], PointOfParty]] = {}
    for row, point in sorted(
        await phones_of_accounts(tx, accounts),
        key=lambda pair: (
            _BEST.index(status) if (status := status_of(pair[1].facts)) in _BEST else 9,
            str(pair[1].facts.contact_point_id),
        ),
    ):
        if "phone" in usable_channels(point.facts):
            best.setdefault(row["account_id"], (row, point))
    return best


def _is_listed(decision: Decision, now: datetime) -> bool:
    """Whoever may be called now, or soon: the dialer asks again when the hour has come."""
    is_soon = decision.not_before is not None and decision.not_before <= now + _SOON
    return decision.is_allowed or (decision.outcome == "block_until" and is_soon)
