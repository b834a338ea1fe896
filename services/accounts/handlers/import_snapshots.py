"""Reads a file of the core's extract as it streams in, one transaction for each chunk of lines.

Memory holds three chunks: while the database takes two, the next is read and judged. A file that breaks off leaves what
was read: the same file again brings the rest. Absences count only when the file was read to its end and every line
says which account it is about.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection
from functools import partial
from typing import TypeVar
from uuid import UUID

from services.accounts.domain.extract import BadLine, HeaderError, Reader, Record
from services.accounts.domain.extract_csv import CsvReader
from services.accounts.domain.extract_ndjson import NdjsonReader
from services.accounts.handlers.import_chunk import ImportChunk, StartImport, check_import, start_import
from services.accounts.handlers.mark_absent import mark_absent, refuse_absences, warn
from services.accounts.store.imports import Counts, Import, LineIssue, add_counts, finish_import, save_issues
from shared.db.failures import is_transient
from shared.db.jobs import outbox_rows
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.jobs import MAX_OUTBOX_ROWS

T = TypeVar("T")
_FIRST = UUID(int=0)
_OUTBOX_PATIENCE_S = 30.0
"""How long one file waits, in all, while the outbox is full."""
_OUTBOX_POLL_S = 0.25
_AT_ONCE = 2
"""Chunks in flight: this process works for one while the database works for the other. One that shares an account or a
party with the one before waits for it, so that of two lines about the same the order of the file counts."""
_SLICE = 20
"""Lines that are judged between two looks at what the database has answered: 2 ms."""
_MAX_TRIES = 5
_RETRY_S = 0.2
READERS: dict[str, type[CsvReader] | type[NdjsonReader]] = {"csv": CsvReader, "ndjson": NdjsonReader}


class SnapshotImport:
    """One file: `run` reads it to its end. The counts stand in the database, where each chunk adds its own once.

    Args:
        run: Runs a function in one transaction and commits it (`shared.jobs.run_chunk`, bound to a database).
        command: Whose file it is, and of which day.
        chunk_rows: Lines of one transaction.
        version_epoch: The service's, the high bits of versions.
        max_outbox_rows: While the outbox holds more, the file waits, within a bound.
    """

    def __init__(
        self,
        run: Callable[..., Awaitable[object]],
        command: StartImport,
        *,
        chunk_rows: int,
        version_epoch: int = 0,
        max_outbox_rows: int = MAX_OUTBOX_ROWS,
    ) -> None:
        self._run_chunk = run
        self._command = command
        self._chunk_rows = chunk_rows
        self._version_epoch = version_epoch
        self._max_outbox_rows = max_outbox_rows
        self._reader: Reader = READERS[command.file_format]()
        self._absent = 0
        self._is_all_known = True
        self._patience_s = _OUTBOX_PATIENCE_S

    async def run(self, body: AsyncIterable[bytes]) -> tuple[UUID, Counts] | Refusal:
        """Reads the file and returns its id and counts, or why none of it could be taken."""
        command = self._command
        refused = await self._tx(lambda tx: check_import(tx, command))
        if refused is not None:
            return refused
        chunks = self._chunks(body)
        try:
            first: list[Record | BadLine] = await anext(chunks, [])
        except HeaderError as error:
            return Refusal("header-invalid", str(error))
        started = await self._tx(lambda tx: start_import(tx, command))
        try:
            await self._take_header(started)
            await self._take_all(started, first, chunks)
            if started.is_complete:
                await self._take_absences(started)
        except BaseException:
            # Also when the sender has gone: the file's rows are let go, and it is seen that it broke off.
            await self._finish(started, "failed")
            raise
        return started.import_id, await self._finish(started, "done")

    async def _finish(self, started: Import, status: str) -> Counts:
        closing = self._tx(lambda tx: finish_import(tx, started.import_id, status, absent=self._absent))
        return await asyncio.shield(asyncio.ensure_future(closing))

    async def _tx(self, fn: Callable[[Tx], Awaitable[T]]) -> T:
        """Runs one transaction; what is transient (a lock that was not given, a deadlock) is tried again."""
        for attempt in range(_MAX_TRIES):
            try:
                result: T = await self._run_chunk(fn)  # type: ignore[assignment]  # what `fn` returns
            except Exception as error:
                if attempt == _MAX_TRIES - 1 or not is_transient(error):
                    raise
                await asyncio.sleep(_RETRY_S * 2**attempt)
            else:
                return result
        raise AssertionError("the last try returns or raises")

    async def _chunks(self, body: AsyncIterable[bytes]) -> AsyncIterator[list[Record | BadLine]]:
        lines: list[Record | BadLine] = []
        async for data in body:
            for line in self._reader.read(data):
                lines.append(line)
                if len(lines) >= self._chunk_rows:
                    yield lines
                    lines = []
        lines.extend(self._reader.finish())
        if lines:
            yield lines

    async def _take_header(self, started: Import) -> None:
        issues = [
            LineIssue(1, name or None, "column-unknown", "the column is not documented: it is ignored", nth=nth)
            for nth, name in enumerate(self._reader.unknown_columns)
        ]
        if not issues:
            return

        async def save(tx: Tx) -> None:
            added = await save_issues(tx, started.import_id, issues)
            await add_counts(tx, started.import_id, Counts(warnings=added))

        await self._tx(save)

    async def _take_all(
        self, started: Import, lines: list[Record | BadLine], chunks: AsyncIterator[list[Record | BadLine]]
    ) -> None:
        taking: deque[asyncio.Future[None]] = deque()
        before: Collection[UUID] = ()
        try:
            while lines:
                chunk = await self._judged(started, lines)
                concerned = chunk.concerned()
                while taking and (len(taking) == _AT_ONCE or not concerned.isdisjoint(before)):
                    await taking.popleft()
                taking.append(asyncio.ensure_future(self._take(chunk)))
                before = concerned
                lines = await anext(chunks, [])
            while taking:
                await taking.popleft()
        finally:
            # A file that breaks off leaves what was read; when one of these fails too, the first reason counts.
            await asyncio.gather(*taking, return_exceptions=True)

    async def _judged(self, started: Import, lines: list[Record | BadLine]) -> ImportChunk:
        """Judges a chunk a few lines at a time, so that an answer of the database to those before never waits."""
        chunk = ImportChunk(started, version_epoch=self._version_epoch)
        for begin in range(0, len(lines), _SLICE):
            chunk.judge(lines[begin : begin + _SLICE])
            await asyncio.sleep(0)
        return chunk

    async def _take(self, chunk: ImportChunk) -> None:
        await self._wait_for_outbox()
        await self._tx(chunk.apply)
        self._is_all_known = self._is_all_known and chunk.is_all_known

    async def _wait_for_outbox(self) -> None:
        """Lets the events of live payments through, within a bound: a file must not fail because Kafka is away."""
        while self._patience_s > 0:
            if await self._tx(lambda tx: outbox_rows(tx, self._max_outbox_rows + 1)) <= self._max_outbox_rows:
                return
            self._patience_s -= _OUTBOX_POLL_S
            await asyncio.sleep(_OUTBOX_POLL_S)

    async def _take_absences(self, started: Import) -> None:
        if self._reader.is_truncated:
            await self._warn(started, "absences-unknown", "the file breaks off: what it lacks is not absent")
            return
        if not self._is_all_known:
            await self._warn(
                started,
                "absences-unknown",
                "a rejected line does not say which account it is about: no account was taken for absent",
            )
            return
        if await self._tx(lambda tx: refuse_absences(tx, started)):
            return
        after: UUID | None = _FIRST
        while after is not None:
            mark = partial(mark_absent, started=started, after=after, version_epoch=self._version_epoch)
            marked = await self._tx(mark)
            self._absent += marked.absent
            after = marked.after

    async def _warn(self, started: Import, code: str, message: str) -> None:
        await self._tx(lambda tx: warn(tx, started, code, message))
