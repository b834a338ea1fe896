"""Lives through September 2005: opens each business date, publishes the day's payments, and watches what follows.

Running it again is safe: it goes on where it was, sends again what it may have sent before (nothing is posted twice),
checks the books anew, and says so. It exits non-zero when the books do not balance.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
from rich.console import Console
from rich.table import Table

from deploy.local.books.rest import Databases, come_to_rest
from deploy.local.books.topics import Reader
from deploy.local.books.verify import Place, verify_books
from deploy.local.contacts.verify import Where, verify_contacts
from deploy.local.demo import books
from deploy.local.demo.agency import AGENCY, members
from deploy.local.demo.bank import CoreBank
from deploy.local.demo.call_doors import Services, open_doors
from deploy.local.demo.calls import CallDay, Day
from deploy.local.demo.cards import MONTH, SNAPSHOT_ON, Card, read_cards, snapshot_csv
from deploy.local.demo.doors import CREDITOR, Doors, account_id
from deploy.local.demo.nacha_file import return_file
from deploy.local.demo.plan import POISONED_ON, RETURN_FILE_ON, Plan, make_plan
from deploy.local.demo.report import Diary, percentile, write_report
from deploy.local.demo.stories import stories

T = TypeVar("T")
AT_ONCE = 16
A_MOMENT = 8
"""Payments that the core publishes together: each alone, its way to Kafka and back would be most of the demo."""
DIARY = "diary.json"
NO_TERMINAL_WIDTH = 120
POISON = 2
SETTLE_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Stack:
    """Where a running stack is to be found, with a token that may do what the demo does; where its report goes."""

    place: Place
    payments_url: str
    report: Path
    agency: Services
    contacts: Where


@dataclass(slots=True)
class _Watch:
    """Listens to the live stream of queue changes and times those that follow a published payment."""

    published: dict[UUID, float] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    is_listening: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, doors: Doors) -> None:
        """Reads the stream for as long as the demo runs."""
        async for event, data in doors.queue_changes(self.is_listening):
            if event in {"queue.item_entered", "queue.item_exited"}:
                sent = self.published.pop(UUID(data["account_id"]), None)
                if sent is not None:
                    self.latencies.append(time.perf_counter() - sent)


def main(stack: Stack, console: Console | None = None) -> int:
    """Runs the demo against a stack that is up. Returns the exit code: 0 when the books balance."""
    console = console or Console()
    if not console.is_terminal:
        console = Console(width=NO_TERMINAL_WIDTH)
    return asyncio.run(_Demo(stack, console).run())


class _Demo:
    def __init__(self, stack: Stack, console: Console) -> None:
        self._stack = stack
        self._console = console
        self._diary = Diary()
        self._watch = _Watch()
        self._began = time.perf_counter()

    async def run(self) -> int:
        cards = read_cards()
        plan = make_plan(cards)
        headers = {"Authorization": f"Bearer {self._stack.place.token}"}
        limits = httpx.Timeout(60)
        async with (
            httpx.AsyncClient(base_url=self._stack.place.accounts_url, headers=headers, timeout=limits) as accounts,
            httpx.AsyncClient(base_url=self._stack.payments_url, headers=headers, timeout=limits) as payments,
            CoreBank(self._stack.place.bootstrap_servers) as bank,
            Reader(self._stack.place.bootstrap_servers) as self._reader,
        ):
            doors = Doors(accounts, payments)
            listening = asyncio.create_task(self._watch.listen(doors))
            try:
                first = await self._begin(doors, cards, plan, bank)
                await asyncio.wait_for(self._watch.is_listening.wait(), timeout=30)
                await self._live(doors, bank, plan, first)
                calls = await self._call(bank, cards)
                return await self._close(doors, plan, calls, is_again=first > SNAPSHOT_ON)
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening

    async def _begin(self, doors: Doors, cards: list[Card], plan: Plan, bank: CoreBank) -> date:
        """Imports the book and makes the agreements of the eve. Returns the first day that is still to be lived."""
        creditor = await doors.creditor()
        reached = date.fromisoformat(creditor["business_date"]) if creditor and creditor["business_date"] else None
        if reached is not None and reached > SNAPSHOT_ON:
            self._say(
                f"The month was lived through until {reached} before. Sending again what came earlier, then going on."
            )
            await self._send_again(bank, plan, reached)
            return reached
        await doors.put_creditor()
        started = time.perf_counter()
        imported = await doors.import_snapshots(SNAPSHOT_ON, snapshot_csv(cards))
        seconds = time.perf_counter() - started
        self._say(
            f"Imported {imported['rows']:,} accounts as of {SNAPSHOT_ON} in {seconds:.1f} s: "
            f"{imported['opened']:,} opened, {imported['unchanged']:,} unchanged, {imported['rejected']:,} rejected."
        )
        await self._settle()
        made = await _at_once(doors.make_promise, plan.promises)
        agreed = await _at_once(doors.make_arrangement, plan.arrangements)
        self._say(f"Collectors took {sum(made)} promises and agreed {sum(agreed)} payment arrangements.")
        await self._settle()
        return SNAPSHOT_ON

    async def _send_again(self, bank: CoreBank, plan: Plan, reached: date) -> None:
        """Sends what an earlier run has sent, as a core does that is not sure: nothing may be posted twice."""
        before = await books.count_payments(self._stack.place.payments_database)
        sent = [await self._send(bank, plan, day) for day in MONTH if day < reached]
        await self._settle()
        self._watch.published.clear()
        after = await books.count_payments(self._stack.place.payments_database)
        self._say(f"Sent {sum(sent):,} payments again: {after - before} posted anew, {after:,} as before.")

    async def _live(self, doors: Doors, bank: CoreBank, plan: Plan, first: date) -> None:
        day = first
        while day <= MONTH[-1]:
            if day > SNAPSHOT_ON:
                await self._day(doors, bank, plan, day)
            day += timedelta(days=1)
            await doors.open_day(day)
        await self._settle()

    async def _day(self, doors: Doors, bank: CoreBank, plan: Plan, day: date) -> None:
        """One business date that is open: its payments, its surprises, and the state of the queues at its end."""
        sent = await self._send(bank, plan, day)
        if day == POISONED_ON:
            await bank.publish_poison()
            self._say("            two poisoned messages are in the stream")
        await self._settle()
        if day == RETURN_FILE_ON:
            answer = await doors.send_returns(return_file(plan.returns, day))
            counts = ", ".join(f"{count} {result}" for result, count in answer["counts"].items() if count)
            self._say(f"            a Nacha return file came back: {counts}")
            await self._settle()
        # What moves from here on is the work of the next date, not of a payment.
        self._watch.published.clear()
        depths = await doors.queues()
        self._diary.days.append(day)
        self._diary.posted.append(sent)
        self._diary.queues.append(depths)
        shown = "  ".join(f"{code} {depth}" for code, depth in depths.items() if depth)
        self._say(f"{day}  {sent:4d} payments   {shown}")

    async def _send(self, bank: CoreBank, plan: Plan, day: date) -> int:
        payments = plan.payments[day]
        for nth in range(0, len(payments), A_MOMENT):
            together = payments[nth : nth + A_MOMENT]
            self._watch.published.update((account_id(payment.number), time.perf_counter()) for payment in together)
            await bank.publish(together)
        return len(payments)

    async def _settle(self) -> None:
        """Waits until every message was handled and every event that it caused was handled too."""
        place = self._stack.place
        await come_to_rest(self._reader, Databases(place.payments_database, place.accounts_database), SETTLE_SECONDS)

    async def _call(self, bank: CoreBank, cards: list[Card]) -> Day:
        """The agency's day of calls, by the real clock."""
        placed = members(cards)
        async with open_doors(self._stack.agency) as doors:
            day = CallDay(doors, bank, self._reader, placed)
            started = time.perf_counter()
            if await day.live():
                seconds = time.perf_counter() - started
                self._say(
                    f"The agency called about {len(placed)} accounts that were placed with it, in {seconds:.1f} s."
                )
            else:
                self._say("The agency has had its day of calls before.")
            return await day.tell()

    async def _close(self, doors: Doors, plan: Plan, calls: Day, *, is_again: bool) -> int:
        contacts = await verify_contacts(self._stack.contacts, creditor_id=AGENCY, wait_s=SETTLE_SECONDS)
        verdict = await verify_books(self._stack.place, creditor_id=CREDITOR, wait_s=SETTLE_SECONDS)
        told = stories(verdict.facts.history)
        diary = self._diary
        diary.latencies = self._watch.latencies
        if is_again:
            diary.recall(self._stack.report.with_name(DIARY))
        diary.checks = [*books.check_books(verdict, plan, POISON), *books.told(contacts)]
        diary.figures = {
            **books.figures(verdict),
            "promises kept": told.last["promise"].get("kept", 0),
            "promises broken or partially kept": told.last["promise"].get("broken", 0)
            + told.last["promise"].get("partially_kept", 0),
            "arrangements completed": told.completed,
            "of these re-opened by a reversal": told.reopened,
            "arrangements broken at the end": told.last["arrangement"].get("broken", 0),
            "accounts cured": told.cured,
            "dead letters (poisoned messages)": books.dead_letters(verdict),
            "publish to queue change, p50": f"{percentile(diary.latencies, 0.5) * 1000:.0f} ms",
            "publish to queue change, p99": f"{percentile(diary.latencies, 0.99) * 1000:.0f} ms",
        }
        write_report(diary, self._stack.report)
        diary.keep(self._stack.report.with_name(DIARY))
        self._summary(await doors.queues(), calls)
        return 0 if diary.is_balanced else 1

    def _summary(self, depths: dict[str, int], calls: Day) -> None:
        self._console.print(_grid("September 2005", self._diary.figures.items()))
        self._console.print(_grid("Queues at the end", [(code, depth) for code, depth in depths.items() if depth]))
        self._console.print(_grid("A day of calls at the agency", calls.figures()))
        self._console.print(_grid("Stopped by", calls.by_rule(), columns=3))
        self._console.print(
            _grid(
                "The books",
                [(name, ("holds  " if held else "BROKEN ") + found) for name, found, held in self._diary.checks],
            )
        )
        verdict = "The books balance." if self._diary.is_balanced else "THE BOOKS DO NOT BALANCE."
        seconds = time.perf_counter() - self._began
        self._say(f"{verdict} {seconds:.0f} s. Report with plots: {self._stack.report}")

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)


def _grid(title: str, rows: Any, columns: int = 2) -> Table:
    table = Table(title=title, show_header=False, title_justify="left")
    for _ in range(columns - 1):
        table.add_column()
    table.add_column(justify="right")
    for row in rows:
        table.add_row(*map(str, row))
    return table


async def _at_once(call: Callable[[T], Awaitable[bool]], items: Sequence[T]) -> list[bool]:
    """Makes a call for each item, a few at a time, and returns the answers in order."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: T) -> bool:
        async with gate:
            return await call(item)

    return await asyncio.gather(*(one(item) for item in items))


__all__ = ["CREDITOR", "Stack", "main"]
