"""Decides on the lines of an NDJSON body as they stream in, and gives back a line for each, in their order.

Up to 200 lines are one transaction without locks: nothing is reserved. While one waits for the database, the next is
decided. What is wrong with a line is told in its place; the others go on.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import orjson
from fastapi import Response
from pydantic import TypeAdapter, ValidationError
from starlette.types import Receive, Scope, Send

from services.compliance.handlers.decide_contacts import Answer, DecideContact, Decider
from services.compliance.schemas.decisions import DecisionRequest
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.http.transaction import Edge
from shared.jobs import run_chunk
from shared.telemetry.failures import rules_text

NDJSON = "application/x-ndjson"
LINES = 200
AT_ONCE = 2
MAX_LINE_BYTES = 65_536
LIST_BODY_BYTES = 64 << 20
"""Some 200,000 lines: what may have to be kept until its client reads the answers."""
_read = TypeAdapter(DecisionRequest).validate_json


@dataclass(frozen=True, slots=True)
class _BadLine:
    code: str
    detail: str


class LinesResponse(Response):
    """Sends lines while the body of the request still comes in.

    The framework's own streaming response waits for a disconnect meanwhile, and so takes the body from its reader.
    """

    media_type = NDJSON

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._lines = lines

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send what comes, and end when it ends."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for lines in self._lines:
            await send({"type": "http.response.body", "body": lines, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def read_ahead(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a body, which is read as fast as it comes. Raises what reading it raises, after what came before.

    Most clients read no answer before they have sent everything: if we did not read on while our answers wait for them,
    each would wait for the other for ever.
    """
    parts: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def read() -> None:
        try:
            async for part in body:
                parts.put_nowait(part)
        finally:
            parts.put_nowait(None)

    reading = asyncio.create_task(read())
    try:
        while (part := await parts.get()) is not None:
            yield part
        await reading
    finally:
        reading.cancel()


async def decided_lines(
    body: AsyncIterator[bytes],
    command_of: Callable[[DecisionRequest], DecideContact],
    decider: Decider,
    edge: Edge,
) -> AsyncIterator[bytes]:
    """Yield the answers to a body, chunk by chunk. What has been decided does not wait for further lines."""
    number, chunks = 0, _chunks(body)
    running: deque[asyncio.Task[list[Answer | Refusal | _BadLine]]] = deque()
    reading: asyncio.Task[list[bytes] | None] | None = asyncio.create_task(_next(chunks))
    try:
        while reading is not None or running:
            is_full = len(running) == AT_ONCE
            ahead = [] if reading is None or is_full else [reading]
            await asyncio.wait([*ahead, *islice(running, 1)], return_when=asyncio.FIRST_COMPLETED)
            if running and running[0].done():
                answers = running.popleft().result()
                yield b"".join([_line(place, answer) for place, answer in enumerate(answers, start=number + 1)])
                number += len(answers)
            elif reading is not None and (lines := reading.result()) is not None:
                commands = [_command(line, command_of) for line in lines]
                running.append(asyncio.create_task(_decided(commands, decider, edge)))
                reading = asyncio.create_task(_next(chunks))
            else:
                reading = None
    finally:
        for task in (*running, *([] if reading is None else [reading])):
            task.cancel()  # the client has gone, or a chunk has failed


async def _next(chunks: AsyncIterator[list[bytes]]) -> list[bytes] | None:
    return await anext(chunks, None)


async def _decided(
    commands: Sequence[DecideContact | _BadLine], decider: Decider, edge: Edge
) -> list[Answer | Refusal | _BadLine]:
    good = [one for one in commands if isinstance(one, DecideContact)]

    async def work(tx: Tx) -> list[Answer | Refusal]:
        return await decider(tx, good)

    decided = iter(await run_chunk(edge.engine, edge.clock, work) if good else ())
    return [next(decided) if isinstance(one, DecideContact) else one for one in commands]


def _command(line: bytes, command_of: Callable[[DecisionRequest], DecideContact]) -> DecideContact | _BadLine:
    if len(line) > MAX_LINE_BYTES:
        return _BadLine("body-too-large", f"A line has at most {MAX_LINE_BYTES} bytes.")
    try:
        return command_of(_read(line))
    except ValidationError as error:
        return _BadLine("validation-error", rules_text(error))


def _line(number: int, answer: Answer | Refusal | _BadLine) -> bytes:
    if isinstance(answer, bytes):
        return b'{"line":%d,%b\n' % (number, answer.removeprefix(b"{"))
    told = {"line": number, "code": answer.code, "detail": answer.detail}
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


async def _chunks(body: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """The lines that are not empty, up to 200 at a time. A line that never ends is cut, and refused."""
    rest, lines = b"", []
    async for piece in body:
        *whole, rest = (rest + piece).split(b"\n")
        rest = rest[: MAX_LINE_BYTES + 1]
        for line in whole:
            if line.strip():
                lines.append(line)
            if len(lines) == LINES:
                yield lines
                lines = []
    if rest.strip():
        lines.append(rest)
    if lines:
        yield lines
