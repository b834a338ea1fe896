"""Takes dead letters again: through the handlers of this service only, with the locks and the inbox of a delivery.

Nothing is sent to a topic, so no other service sees a replay. What succeeds is marked; what fails again stays open
with its new reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.db.transaction import AfterCommit, Tx
from shared.jobs import run_chunk
from shared.messaging.batch import BatchApplier
from shared.messaging.dead_letter import (
    DeadLetter,
    Parked,
    Selection,
    mark_replayed,
    record_failed_replay,
    select_dead_letters,
)
from shared.messaging.decoding import read
from shared.messaging.message import Subscription, by_topic

_PAGE = 100


@dataclass(slots=True)
class ReplayReport:
    """What a replay did, or with `dry_run` would try."""

    matched: list[DeadLetter] = field(default_factory=list)
    replayed: list[UUID] = field(default_factory=list)
    failed: list[tuple[UUID, str, str]] = field(default_factory=list)
    """Dead letter id, code and detail of what failed again."""


async def replay(
    engine: AsyncEngine,
    clock: Clock,
    subscriptions: Sequence[Subscription],
    selection: Selection,
    *,
    dry_run: bool = False,
    after_commit: Sequence[AfterCommit] = (),
) -> ReplayReport:
    """Apply the open dead letters of a selection, oldest first, each in a transaction of its own."""
    applier = BatchApplier(engine, clock, subscriptions, group="replay", after_commit=after_commit)
    topics = by_topic(subscriptions)
    report = ReplayReport()
    after: UUID | None = None
    while page := await list_dead_letters(engine, clock, selection, after=after, limit=_PAGE):
        after = page[-1].dead_letter_id
        report.matched += page
        for letter in page:
            if not dry_run:
                await _replay_one(engine, clock, applier, letter, report, is_known=letter.raw.topic in topics)
    return report


async def list_dead_letters(
    engine: AsyncEngine,
    clock: Clock,
    selection: Selection,
    *,
    after: UUID | None = None,
    limit: int = _PAGE,
    is_open: bool = True,
) -> list[DeadLetter]:
    """Return dead letters of a selection, oldest first."""

    async def select(tx: Tx) -> list[DeadLetter]:
        return await select_dead_letters(tx, selection, after=after, limit=limit, is_open=is_open)

    return await run_chunk(engine, clock, select)


async def _replay_one(
    engine: AsyncEngine,
    clock: Clock,
    applier: BatchApplier,
    letter: DeadLetter,
    report: ReplayReport,
    *,
    is_known: bool,
) -> None:
    failure = await _apply(applier, letter) if is_known else _unknown(letter)

    async def record(tx: Tx) -> None:
        if failure is None:
            await mark_replayed(tx, [letter.dead_letter_id])
        else:
            await record_failed_replay(tx, letter.dead_letter_id, failure.code, failure.detail)

    await run_chunk(engine, clock, record)
    if failure is None:
        report.replayed.append(letter.dead_letter_id)
    else:
        report.failed.append((letter.dead_letter_id, failure.code, failure.detail))


async def _apply(applier: BatchApplier, letter: DeadLetter) -> Parked | None:
    message = read(letter.raw)
    return message if isinstance(message, Parked) else await applier.apply_again(message)


def _unknown(letter: DeadLetter) -> Parked:
    return Parked(letter.raw, "message-undecodable", f"this service no longer reads {letter.raw.topic}")
