"""Load that knows what it did: a seeded stream of operations, many at a time, until it is told to stop.

Payments over HTTP and from the core, reversals of both (some before their payment), promises, arrangements, the same
again under another key, requests that are given up, and a business date now and then.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from random import Random

from tests.faults.book import Sent
from tests.faults.client import Client

AT_ONCE = 8
PER_SECOND = 60.0
MAX_DAYS = 5
_MARKERS = 6
_POLL_S = 0.05
_MARKER_S = 240.0

Operation = Callable[[], Awaitable[None]]


class NotRecoveredError(Exception):
    """Payments that were sent after the fault never came through."""


class Load:
    """The load of one client. `done` counts operations that have ended."""

    def __init__(self, client: Client, rng: Random, *, per_second: float = PER_SECOND, with_days: bool = True) -> None:
        self._client = client
        self._rng = rng
        self._pause_s = AT_ONCE / per_second
        self._days_left = MAX_DAYS if with_days else 0
        self._numbers = sorted(client.book.opening)
        self._next = 0
        self._aging = asyncio.Lock()
        self._claimed: set[str] = set()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.done = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        """Run while the block does; then let what is under way end. Raises what an operation failed with."""
        self._stopping.clear()
        self._tasks = [asyncio.create_task(self._work()) for _ in range(AT_ONCE)]
        try:
            yield self
            self._stopping.set()
            await asyncio.gather(*self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def some(self, operations: int) -> None:
        """Wait until so many more operations have ended; raises at once what one failed with."""
        goal = self.done + operations
        while self.done < goal:
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(_POLL_S)

    async def recovery(self) -> float:
        """Seconds until payments sent now by the core and over HTTP are on their accounts, for all to read.

        Raises:
            NotRecoveredError: they were not, in four minutes.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        client = self._client
        numbers = self._rng.sample(self._numbers, min(_MARKERS, len(self._numbers)))
        refs = {number: self._reference("marker") for number in numbers}
        await asyncio.gather(
            client.receive(*((Sent(number, 1, client.day), refs[number]) for number in numbers)),
            *(client.pay(Sent(number, 1, client.day), f"{refs[number]}-ours") for number in numbers),
        )
        waiting = {number: {refs[number], f"{refs[number]}-ours"} for number in numbers}
        while waiting:
            for number in list(waiting):
                if await self._on_account(number) >= waiting[number]:
                    del waiting[number]
            if loop.time() - began > _MARKER_S:
                raise NotRecoveredError(f"not on their accounts after {_MARKER_S:.0f} s: {waiting}")
            await asyncio.sleep(_POLL_S)
        return loop.time() - began

    async def _on_account(self, number: str) -> set[str]:
        """The references of the newest payments that the ledger of accounts has, by way of the payments' own ids."""
        client = self._client
        path = f"/v1/accounts/{client.account_id(number)}/balance"
        balance = (await client.insist("collector", "GET", "accounts", path)).json()
        in_ledger = {item["payment_id"] for item in balance["items"] if "payment_id" in item}
        params = {"account_id": client.account_id(number), "limit": "200"}
        page = (await client.insist("collector", "GET", "payments", "/v1/payments", params=params)).json()
        return {row["source_ref"] for row in page["items"] if row["payment_id"] in in_ledger}

    async def _work(self) -> None:
        while not self._stopping.is_set():
            await self._operation()()
            self.done += 1
            await asyncio.sleep(self._pause_s)

    def _operation(self) -> Operation:
        """Choose the next operation. The choice is seeded; when it ends is the machine's."""
        choices: list[tuple[int, Callable[[], Operation]]] = [
            (45, self._pay),
            (25, self._receive),
            (6, self._reverse),
            (5, self._take_back),
            (5, self._promise),
            (4, self._arrange),
            (4, self._pay_again),
            (4, self._abandon),
            (1, self._open_day),
        ]
        weights, makers = zip(*choices, strict=True)
        maker: Callable[[], Operation] = self._rng.choices(makers, weights)[0]
        return maker()

    def _pay(self) -> Operation:
        return partial(self._client.pay, *self._payment())

    def _receive(self) -> Operation:
        payments = [self._payment() for _ in range(self._rng.randint(1, 12))]
        copies = payments + self._rng.sample(payments, self._rng.randint(0, 1))
        self._rng.shuffle(copies)
        return partial(self._client.receive, *copies)

    def _reverse(self) -> Operation:
        reference = self._one_of(is_core=False)
        return self._pay() if reference is None else partial(self._client.reverse, reference)

    def _take_back(self) -> Operation:
        """Half of them are published before the payment that they take back."""
        client = self._client
        if self._rng.random() < 0.5:
            sent, reference = self._payment()
            self._claimed.add(reference)

            async def backwards() -> None:
                await client.take_back(reference, sent)
                await client.receive((sent, reference))

            return backwards
        known = self._one_of(is_core=True)
        return self._receive() if known is None else partial(client.take_back, known, client.book.payments[known])

    def _one_of(self, *, is_core: bool) -> str | None:
        """A payment that nobody takes back yet."""
        free = [
            reference
            for reference, sent in self._client.book.payments.items()
            if sent.is_core == is_core and reference not in self._claimed and not reference.startswith("marker")
        ]
        if not free:
            return None
        chosen = self._rng.choice(free)
        self._claimed.add(chosen)
        return chosen

    def _promise(self) -> Operation:
        sent, reference = self._payment()
        return partial(self._client.promise, sent.number, sent.amount, f"promise-{reference}")

    def _arrange(self) -> Operation:
        sent, reference = self._payment()
        amounts = [self._rng.randint(1_000, 10_000) for _ in range(self._rng.randint(1, 3))]
        return partial(self._client.arrange, sent.number, amounts, f"arrange-{reference}")

    def _pay_again(self) -> Operation:
        """The same payment under another key: the first is answered."""
        book = self._client.book
        if not book.ids:
            return self._pay()
        reference = self._rng.choice(list(book.ids))
        return partial(self._client.pay, book.payments[reference], reference, key=self._reference("again"))

    def _abandon(self) -> Operation:
        return partial(self._client.abandon, *self._payment(), self._rng.choice([0.001, 0.005, 0.02, 0.05]))

    def _open_day(self) -> Operation:
        if not self._days_left:
            return self._pay()
        self._days_left -= 1

        async def run() -> None:
            async with self._aging:
                await self._client.next_day()

        return run

    def _payment(self) -> tuple[Sent, str]:
        sent = Sent(self._rng.choice(self._numbers), self._rng.randint(100, 20_000), self._client.day)
        return sent, self._reference("p")

    def _reference(self, kind: str) -> str:
        self._next += 1
        return f"{kind}-{self._next:05d}"
