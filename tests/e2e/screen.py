"""A screen that shows what enters and leaves the queues: reads Server-Sent Events and waits for one."""

import asyncio
import json
from typing import Any

import httpx

Shown = tuple[str, str, str]
"""Event, queue, account."""


class QueueScreen:
    """Follows an open stream in the background, and keeps what it showed."""

    def __init__(self, answer: httpx.Response) -> None:
        self.shown: list[Shown] = []
        self._changed = asyncio.Condition()
        self._reader = asyncio.create_task(self._read(answer))

    async def wait_for(self, event: str, queue: str, account: str, seconds: float = 30) -> None:
        """Wait until the event was shown; fails with all that was shown instead."""
        wanted = (event, queue, account)
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: wanted in self.shown or self._reader.done())
        except TimeoutError:
            pass
        assert wanted in self.shown, self.shown

    async def close(self) -> None:
        """Stop reading. Raises what the reader failed with."""
        self._reader.cancel()
        (failure,) = await asyncio.gather(self._reader, return_exceptions=True)
        if isinstance(failure, Exception):
            raise failure

    async def _read(self, answer: httpx.Response) -> None:
        event = ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data":
                await self._show(event, json.loads(value))

    async def _show(self, event: str, data: dict[str, Any]) -> None:
        async with self._changed:
            self.shown.append((event, data.get("queue", ""), data.get("account_id", "")))
            self._changed.notify_all()
