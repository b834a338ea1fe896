"""A day of calls at the agency: as a dial list is worked off, a letter, money, a wrong number and an opt-out come in.

The dialer is the predictive one of the stand-ins; whom it reaches talks to a collector. Everything is by the real
clock, for that is what people live by: the same run at night stops more calls.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from deploy.local.books.topics import ACCOUNT_STATES, Reader
from deploy.local.demo.agency import AGENCY, PLACED_ON, QUEUE, SIZE, Member
from deploy.local.demo.bank import CoreBank
from deploy.local.demo.call_doors import PATIENCE_S, CallDoors, Json, until
from deploy.local.demo.cards import CURRENCY, MINOR_PER_UNIT
from deploy.local.demo.doors import CREATED
from deploy.local.demo.plan import CorePayment
from deploy.local.simulators.dialer import Dialer

_AT_ONCE = 16
_OWN = "what contact itself knows"
_LINES = 8
_TALKS = 3
"""Every third member who may be called at any hour picks up."""
_FOLLOWED = ("creditor.updated", "party.updated", *ACCOUNT_STATES)
_GROUPS = {"contact": _FOLLOWED, "compliance": _FOLLOWED}
NEW_PHONE = "+16145550190"


@dataclass(slots=True)
class Day:
    """What the summary tells: all of it read back from the services, so that it is the same when told again."""

    placed: int = 0
    results: Counter[str] = field(default_factory=Counter)
    promises: int = 0
    stopped: int = 0
    blocked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(rule, citation) -> contacts that it stopped."""
    found_again: int = 0
    cost_minor: int = 0

    def figures(self) -> list[tuple[str, str]]:
        """What came of it."""
        cost = f"{self.cost_minor / MINOR_PER_UNIT:.2f}"
        talks = sum(count for code, count in self.results.items() if code.startswith("rpc_"))
        results = ", ".join(f"{count} {code}" for code, count in self.results.most_common(6))
        return [
            ("contacts placed, each under a permit", f"{self.placed:,}"),
            ("what came of them", results),
            ("talks with the right party", f"{talks:,}"),
            ("promises made on a call", f"{self.promises:,}"),
            ("members found again by skip trace", f"{self.found_again}, for {cost} {CURRENCY}"),
            ("contacts stopped", f"{self.stopped:,}"),
        ]

    def by_rule(self) -> list[tuple[str, str, str]]:
        """Rule, citation, and how many contacts it stopped; the most first."""
        return [(rule, citation, f"{count:,}") for (rule, citation), count in self.blocked.most_common()]


class CallDay:
    """The day at the agency. `cast`: the members by what becomes of them."""

    def __init__(self, doors: CallDoors, bank: CoreBank, reader: Reader, placed: Sequence[Member]) -> None:
        self._doors = doors
        self._bank = bank
        self._reader = reader
        self._placed = placed
        awake = [member for member in placed if member.is_awake]
        self._ceasing, self._paying, self._moved, self._texting = awake[:4]
        self._talking = awake[4::_TALKS]
        self._by_record: Mapping[str, Member] = {str(member.account_id): member for member in placed}
        self._lost = asyncio.Event()

    async def live(self) -> bool:
        """Lives through the day, once. False: it was lived through before."""
        if not await self._doors.place_accounts(self._placed):
            return False
        gate = asyncio.Semaphore(_AT_ONCE)

        async def consent(member: Member) -> None:
            async with gate:
                await self._doors.consent(member, "any", "time")

        await asyncio.gather(*(consent(member) for member in self._placed if member.is_awake))
        await self._followed()
        dialer = Dialer(self._doors.contact, lines=_LINES, agents=self._answer)
        dial_list = await dialer.make_list(QUEUE, SIZE)
        await dialer.until_ready(dial_list, poll_s=0.2)
        await self._letter_and_payment()
        await asyncio.gather(dialer.work_off(dial_list), self._opt_out(), self._found_again())
        # Whoever has talked is left alone: another try is stopped by law.
        await asyncio.gather(*(self._doors.call(member) for member in self._talking))
        return True

    async def _letter_and_payment(self) -> None:
        """They come in after the list was made: the check before each call finds them."""
        await self._doors.cease_letter(self._ceasing)
        paying = self._paying
        # The placement holds what was booked until its date, so this money comes on the next.
        on = PLACED_ON + timedelta(days=1)
        payment = CorePayment(paying.number, paying.card.past_due_minor, on, "online", "agency-1", None)
        await self._bank.publish([payment], AGENCY)
        await until(
            lambda: self._doors.read("accounts", f"/v1/accounts/{paying.account_id}"),
            lambda account: account["past_due_minor"] == 0,
        )
        await self._followed()

    async def _answer(self, record: Json, released: Json) -> bool:
        """A collector takes a call that somebody has answered."""
        member = self._by_record[record["account_id"]]
        if member is self._moved:
            await self._doors.outcome(released["attempt_id"], member, "wrong_number")
            self._lost.set()
            return True
        if member in self._talking:
            await self._doors.outcome(released["attempt_id"], member, "rpc_promise", _promise(member))
            return True
        return False

    async def _opt_out(self) -> None:
        """A member who agreed to texts gets one, answers STOP, and gets no other."""
        member = self._texting
        await self._doors.consent(member, "sms", "contact")
        sent = await self._doors.text(member)
        message_id = sent.json()["message_id"]
        await until(
            lambda: self._doors.read("contact", f"/v1/messages/{message_id}"),
            lambda message: message["ended_at"] is not None,
        )
        await self._doors.reply(member, "STOP")
        point = f"/v1/contact-points/{member.point_id()}"
        await until(lambda: self._doors.read("contact", point), lambda found: "sms" in found["opted_out"])
        await self._doors.text(member)

    async def _found_again(self) -> None:
        """The wrong number opens a search by itself; its number reaches the member, who promises to pay."""
        member = self._moved
        await self._doors.vendor_knows(member, NEW_PHONE)
        async with asyncio.timeout(PATIENCE_S):
            await self._lost.wait()
        point = f"/v1/contact-points/{member.point_id(NEW_PHONE)}"
        await until(lambda: self._known(point), bool)
        made = await until(lambda: self._doors.call(member, NEW_PHONE), lambda answer: answer.status_code == CREATED)
        await self._doors.outcome(made.json()["attempt_id"], member, "rpc_promise", _promise(member))

    async def _known(self, point: str) -> bool:
        return (await self._doors.contact.get(point)).is_success

    async def _followed(self) -> None:
        """Waits until contact and compliance have taken what accounts has published."""
        ends = await self._reader.ends(_FOLLOWED)
        await until(lambda: self._reader.behind(ends, _GROUPS), lambda behind: not behind)

    async def tell(self) -> Day:
        """Reads back what became of the day."""
        day = Day()
        of_agency = {"creditor_id": str(AGENCY)}
        attempts = await self._doors.everything("contact", "/v1/contact-attempts", **of_agency)
        outbound = [one for one in attempts if one["direction"] == "outbound"]
        day.placed = len(outbound)
        day.results = Counter(one["result_code"] or "open" for one in outbound)
        day.promises = sum(one["next_step"] == "promise" for one in outbound)
        blocks = await self._doors.everything("contact", "/v1/contact-blocks", **of_agency)
        day.stopped = len(blocks)
        for block in blocks:
            day.blocked.update({(rule["id"], rule.get("citation", _OWN)) for rule in block["rules"]})
        traces = await self._doors.everything("skiptrace", "/v1/skip-traces", **of_agency)
        day.found_again = sum(one["status"] == "located" for one in traces)
        day.cost_minor = sum(one["spent_minor"] for one in traces)
        return day


def _promise(member: Member) -> Json:
    return {
        "kind": "promise",
        "due_on": date(2005, 10, 14).isoformat(),
        "amount_minor": member.card.past_due_minor,
        "currency": CURRENCY,
    }
