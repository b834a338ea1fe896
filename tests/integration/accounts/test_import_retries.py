"""The answer to a commit may be lost: the import does that transaction again, and nothing happens twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any, TypeVar

import asyncpg

from services.accounts.handlers.import_chunk import StartImport
from services.accounts.handlers.import_snapshots import SnapshotImport
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.jobs import run_chunk
from tests.integration.accounts.desk import CLOCK, DAY, HEADER, LOAN, Desk, csv_of

T = TypeVar("T")
NEXT_DAY = date(2026, 3, 11)
BAD = {**LOAN, "core_account_number": "B1", "balance_minor": "x"}


def _losing_answers(desk: Desk) -> Callable[[Callable[[Tx], Awaitable[T]]], Awaitable[T]]:
    """Runs transactions that commit; of each the first answer never comes."""
    answered: set[object] = set()

    async def run(fn: Callable[[Tx], Awaitable[T]]) -> T:
        result = await run_chunk(desk.engine, CLOCK, fn)
        if fn not in answered:
            answered.add(fn)
            raise asyncpg.ConnectionDoesNotExistError("the connection was closed in the middle of the COMMIT")
        return result

    return run


async def _body(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


async def _read(desk: Desk, body: str, day: date, *, is_complete: bool = False) -> dict[str, Any]:
    command = StartImport(desk.creditor_id, day, is_complete, "csv", "core")
    done = await SnapshotImport(_losing_answers(desk), command, chunk_rows=2).run(_body(body))
    assert not isinstance(done, Refusal)
    import_id, counts = done
    shown = (await desk.http.get(f"/v1/imports/{import_id}", headers=desk.headers("integrator"))).json()
    assert shown["status"] == "done"
    assert {name: shown[name] for name in ("rows", "opened", "updated", "rejected", "absent", "warnings")} == {
        "rows": counts.rows,
        "opened": counts.opened,
        "updated": counts.updated,
        "rejected": counts.rejected,
        "absent": counts.absent,
        "warnings": counts.warnings,
    }
    return {**shown, "errors": [each["code"] for each in await desk.issues(str(import_id))]}


async def test_a_chunk_whose_commit_was_not_answered_is_counted_once(desk: Desk) -> None:
    rows = [{**LOAN, "core_account_number": f"L{n}", "party_number": f"P{n}"} for n in range(5)]
    found = await _read(desk, csv_of(*rows, BAD, rows[0], header=f"{HEADER},branch"), DAY)
    assert (found["rows"], found["opened"], found["unchanged"]) == (7, 5, 0)
    assert (found["rejected"], found["warnings"]) == (2, 1)
    assert found["errors"] == ["amount-invalid", "account-duplicate"]
    assert len(await desk.events("account.opened")) == 5


async def test_a_complete_file_counts_the_absent_once(desk: Desk) -> None:
    rows = [{**LOAN, "core_account_number": f"L{n}"} for n in range(20)]
    await desk.take(*rows)
    found = await _read(desk, csv_of(*rows[1:]), NEXT_DAY, is_complete=True)
    assert (found["rows"], found["absent"], found["warnings"]) == (19, 1, 0)


async def test_a_file_begun_twice_is_one_file(desk: Desk) -> None:
    await _read(desk, csv_of(LOAN), DAY)

    async def files(tx: Tx) -> int:
        return int(await tx.fetchval("SELECT count(*) FROM import_file WHERE creditor_id = $1", desk.creditor_id))

    assert await run_chunk(desk.engine, CLOCK, files) == 1


async def test_of_two_lines_about_one_party_in_neighbouring_chunks_the_later_counts(desk: Desk) -> None:
    """Also when the first of the two chunks has to be tried again: the second has waited for it."""
    rows = [
        {**LOAN, "core_account_number": f"L{n}", "party_number": "P1", "given_name": name}
        for n, name in enumerate(("Ann", "Anna", "Anne", "Annie"))
    ]
    again = {**rows[1], "balance_minor": 1}  # states an account of the chunk before
    tries = 0

    async def run(fn: Callable[[Tx], Awaitable[T]]) -> T:
        nonlocal tries
        tries += getattr(fn, "__name__", "") == "apply"
        if tries == 1:
            tries += 1
            raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
        return await run_chunk(desk.engine, CLOCK, fn)

    command = StartImport(desk.creditor_id, DAY, is_complete=False, file_format="csv", imported_by="core")
    done = await SnapshotImport(run, command, chunk_rows=2).run(_body(csv_of(*rows[:3], again, rows[3])))
    assert not isinstance(done, Refusal)
    assert (done[1].rows, done[1].opened, done[1].rejected) == (5, 4, 1)
    names = [event["given_name"] for _, event, _ in await desk.events("party.updated")]
    assert names == ["Anna", "Anne", "Annie"]


async def test_two_chunks_that_share_nothing_are_taken_at_the_same_time(desk: Desk) -> None:
    rows = [{**LOAN, "core_account_number": f"L{n}", "party_number": f"P{n}"} for n in range(4)]
    running, both = 0, asyncio.Event()

    async def run(fn: Callable[[Tx], Awaitable[T]]) -> T:
        nonlocal running
        if getattr(fn, "__name__", "") == "apply":
            running += 1
            if running == 2:
                both.set()
            async with asyncio.timeout(20):
                await both.wait()
        return await run_chunk(desk.engine, CLOCK, fn)

    command = StartImport(desk.creditor_id, DAY, is_complete=False, file_format="csv", imported_by="core")
    done = await SnapshotImport(run, command, chunk_rows=2).run(_body(csv_of(*rows)))
    assert not isinstance(done, Refusal)
    assert (done[1].rows, done[1].opened) == (4, 4)
