"""The lines of a list are read to their end, whoever reads the answers, and whenever."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.compliance.api.decision_lines import read_ahead

PARTS = [f"part {n}".encode() for n in range(50)]


async def test_a_body_is_read_to_its_end_though_nobody_takes_the_answers() -> None:
    is_read = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        for part in PARTS:
            yield part
            await asyncio.sleep(0)
        is_read.set()

    ahead = read_ahead(body())
    first = await anext(ahead)
    async with asyncio.timeout(5):
        await is_read.wait()
    assert [first, *[part async for part in ahead]] == PARTS


async def test_what_breaks_while_a_body_is_read_is_told_after_what_came() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield PARTS[0]
        raise ConnectionResetError

    ahead = read_ahead(body())
    assert await anext(ahead) == PARTS[0]
    with pytest.raises(ConnectionResetError):
        await anext(ahead)
