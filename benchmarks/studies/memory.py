"""The memory of every process of the local stack: at rest, under full load for some minutes, and at rest again.

The load is that of a bank's busiest hour many times over: payments from core banking, payments over HTTP, and
collectors who ask for their next item, all without a pause. `MINUTES` says how long it lasts.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from time import perf_counter
from typing import Any
from uuid import UUID

import httpx
import orjson
from aiokafka import AIOKafkaProducer
from matplotlib.figure import Figure

from benchmarks.book import CREDITOR, DAY, extract, number_of
from benchmarks.place import Place
from benchmarks.plots import memory_figure
from benchmarks.studies.local_stack import LocalStack, open_stack
from benchmarks.studies.study import Study

MINUTES = 3.0
ACCOUNTS = 10_000
REST_S = 20
EVERY_S = 2.0
CORE_RATE = 200
HTTP_CLIENTS = 16
NEXT_CLIENTS = 2
AMOUNT_MINOR = 10
_CREATED, _NOTHING = 201, 204
_ROLES = ("admin", "integrator", "collector")
_FLAT = 0.05
"""A process is flat when it ends the load at most 5 % above what it held after the first third of it."""

_HOW = (
    "PSS: shared pages are divided among their sharers; PostgreSQL with all its backends, whose shared buffers fill up "
    "to 256 MiB by design; Kafka's Java heap is bounded at 512 MiB. Verified: every answer was the one expected."
)


class _Load:
    """What is under way; `done` counts what was answered, by kind."""

    def __init__(self, stack: LocalStack, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}
        self._stack = stack
        self._is_over = False
        self.done = {"payments of the core": 0, "payments over HTTP": 0, "next": 0}

    async def run(self, seconds: float) -> None:
        """Load the stack for so long."""
        async with AsyncExitStack() as stack:
            payments = await stack.enter_async_context(self._client("payments"))
            accounts = await stack.enter_async_context(self._client("accounts"))
            producer = AIOKafkaProducer(bootstrap_servers=await self._stack.bootstrap_servers())
            await producer.start()
            stack.push_async_callback(producer.stop)
            work = [
                self._publish(producer),
                *(self._post(payments, nth) for nth in range(HTTP_CLIENTS)),
                *(self._take(accounts) for _ in range(NEXT_CLIENTS)),
            ]
            tasks = [asyncio.ensure_future(each) for each in work]
            await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
            self._is_over = True
            await asyncio.gather(*tasks)

    def _client(self, service: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._stack.url(service), headers=self._headers, timeout=60)

    async def _publish(self, producer: AIOKafkaProducer) -> None:
        loop = asyncio.get_running_loop()
        began, nth = loop.time(), 0
        while not self._is_over:
            number = number_of(nth % ACCOUNTS)
            body = {**_payment(f"C{nth:09d}"), "creditor_id": str(CREDITOR), "core_account_number": number}
            await producer.send("core.payment.received", orjson.dumps(body), number.encode())
            nth += 1
            self.done["payments of the core"] = nth
            await asyncio.sleep(max(0, began + nth / CORE_RATE - loop.time()))

    async def _post(self, client: httpx.AsyncClient, worker: int) -> None:
        nth = 0
        while not self._is_over:
            nth += 1
            reference = f"H{worker:02d}-{nth:09d}"
            number = number_of((nth * HTTP_CLIENTS + worker) % ACCOUNTS)
            body = _payment(reference) | {"source": "portal", "channel": "online"}
            body |= {"creditor_id": str(CREDITOR), "core_account_number": number}
            answer = await client.post("/v1/payments", json=body, headers={"Idempotency-Key": reference})
            _expect(answer, _CREATED)
            self.done["payments over HTTP"] += 1

    async def _take(self, client: httpx.AsyncClient) -> None:
        """Take the next item and give it back, again and again."""
        while not self._is_over:
            answer = await client.post("/v1/queues/early_stage/next")
            if answer.status_code == _NOTHING:
                await asyncio.sleep(0.1)
                continue
            _expect(answer, 200)
            item = UUID(answer.json()["work_item_id"])
            await client.post(f"/v1/work-items/{item}/release")  # 409 where a payment has moved it meanwhile
            self.done["next"] += 1


def _payment(reference: str) -> dict[str, Any]:
    return {
        "amount_minor": AMOUNT_MINOR,
        "currency": "USD",
        "effective_on": DAY.isoformat(),
        "channel": "ach",
        "source_ref": reference,
    }


def _expect(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise AssertionError(f"{answer.status_code}, not {status}: {answer.text}")


async def study(place: Place, *, scale: float) -> Study:
    """Load it for MINUTES (default 3) x `scale` minutes."""
    minutes = float(os.environ.get("MINUTES") or MINUTES) * scale
    async with open_stack(place.directory / "stack-memory") as stack:
        await stack.up()
        token = await stack.token(*_ROLES)
        await _import(stack, token)
        load = _Load(stack, token)
        samples: list[tuple[float, dict[str, float]]] = []
        began = perf_counter()

        async def phase(work: Callable[[], Awaitable[None]]) -> float:
            """Sample while it goes on; return when it was over."""
            task = asyncio.ensure_future(work())
            while not task.done():
                samples.append((perf_counter() - began, await asyncio.to_thread(stack.memory)))
                await asyncio.wait([task], timeout=EVERY_S)
            task.result()
            return perf_counter() - began

        loaded_at = await phase(lambda: asyncio.sleep(REST_S))
        rested_at = await phase(lambda: load.run(60 * minutes))
        await phase(lambda: asyncio.sleep(REST_S))
    return _study(samples, (loaded_at, rested_at), load, minutes)


async def _import(stack: LocalStack, token: str) -> None:
    async with httpx.AsyncClient(
        base_url=stack.url("accounts"), headers={"Authorization": f"Bearer {token}"}, timeout=600
    ) as client:
        body = {"name": "Harbor", "kind": "creditor", "currency": "USD", "time_zone": "America/Denver"}
        (await client.put(f"/v1/creditors/{CREDITOR}", json=body)).raise_for_status()
        answer = await client.post(
            "/v1/imports/account-snapshots",
            params={"creditor_id": str(CREDITOR), "business_date": DAY.isoformat()},
            headers={"Content-Type": "text/csv"},
            content=b"".join(extract(ACCOUNTS)),
        )
    if answer.json().get("opened") != ACCOUNTS:
        raise AssertionError(f"the import says {answer.text}")


Samples = Sequence[tuple[float, dict[str, float]]]


def _study(samples: Samples, edges: tuple[float, float], load: _Load, minutes: float) -> Study:
    loaded_at, rested_at = edges
    settled_at = loaded_at + (rested_at - loaded_at) / 3
    rest = [found for at, found in samples if at < loaded_at]
    early = [found for at, found in samples if settled_at - EVERY_S * 4 <= at < settled_at + EVERY_S * 4]
    late = [found for at, found in samples if rested_at - EVERY_S * 8 <= at < rested_at]
    after = [found for at, found in samples if at >= rested_at]
    rows, growing = [], []
    for name in sorted(rest[-1], key=lambda one: -rest[-1][one]):
        cells = [_mean(part, name) for part in (rest, early, late, after[-3:])]
        growth = cells[2] / cells[1] - 1 if cells[1] else 0.0
        peak = max(found.get(name, 0.0) for _, found in samples)
        rows.append([name, *(f"{mib:,.0f}" for mib in cells), f"{peak:,.0f}", f"{growth:+.1%}"])
        if growth > _FLAT:
            growing.append(f"{name} ({growth:+.1%})")
    done = ", ".join(f"{count:,} {what}" for what, count in load.done.items())
    verdict = f"still growing: {', '.join(growing)}" if growing else "every process is flat"

    def plot() -> Figure:
        return memory_figure(samples, edges)

    return Study(
        code="memory",
        title=f"Memory of every process, MiB, over {minutes:g} minutes of load",
        columns=("process", "at rest", "a third into the load", "at its end", "at rest again", "highest", "growth"),
        rows=rows,
        paragraphs=(
            f"{done}. From a third of the load to its end (growth; flat is at most {_FLAT:.0%}) {verdict}.",
            _HOW,
        ),
        numbers={"samples": samples, "edges": edges, "done": load.done},
        plot=plot,
    )


def _mean(found: Sequence[dict[str, float]], name: str) -> float:
    return sum(one.get(name, 0.0) for one in found) / max(1, len(found))
