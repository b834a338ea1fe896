"""One round: a stack that is up, clients of their own, a fault, and what the observers find when all is at rest.

Nothing is judged before every message was handled, every event that it caused was sent and handled, and no job runs.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import permutations
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka.errors import KafkaError

from deploy.local.books.rest import CannotCheckError, Databases, come_to_rest
from deploy.local.books.topics import Reader
from deploy.local.books.verify import verify_books
from deploy.local.contacts.verify import verify_contacts
from deploy.local.stack import ROOT
from deploy.local.verify_books import contacts_of, place_of, reader_token
from tests.e2e.bank import eventually
from tests.faults.agency import Agency
from tests.faults.book import Findings
from tests.faults.client import C, Client, open_client
from tests.faults.machines import EVERY_SERVICE, MONEY, Machines
from tests.faults.strangers import peek

CONTACTS = ("contact", "compliance")
"""The services that know every contact."""
SETTLE_S = 240.0
_VERIFY_S = 900
_SHOWN = 8


@dataclass(slots=True)
class Lab:
    """What a case works with. `findings` is for what the case itself sees; `length` 1 is short, more is longer."""

    machines: Machines
    rng: Random
    length: float = 1
    clients: list[Client] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def client(self, accounts: int = 24) -> Client:
        """A new creditor with so many accounts; its book is compared when the round ends."""
        return await self._open(Client, accounts)

    async def agency(self, members: int) -> Agency:
        """A new collection agency, which contact and compliance know when this returns; compared as a client is."""
        made = await self._open(Agency, members)
        for service in CONTACTS:
            await self._known(service, made)
        return made

    async def _open(self, kind: type[C], accounts: int) -> C:
        numbers = [f"L-{n}" for n in range(accounts)]
        made = await self.open.enter_async_context(open_client(kind, self.machines, Random(self.rng.random()), numbers))
        self.clients.append(made)
        return made

    async def _known(self, service: str, agency: Agency) -> None:
        parties = [UUID(agency.party_id(number)) for number in agency.members]
        await eventually(
            lambda: self.query(service, _KNOWN, agency.creditor, parties),
            lambda rows: rows[0]["known"] == 2 * len(agency.members) + 1,
            SETTLE_S,
        )

    async def heard(self, agency: Agency) -> None:
        """Wait until compliance has heard of every outcome that the agency has reported."""
        outcomes = [UUID(attempt_id) for attempt_id in agency.contacts.outcomes]
        await eventually(
            lambda: self.query("compliance", _HEARD, outcomes),
            lambda rows: rows[0]["heard"] == len(outcomes),
            SETTLE_S,
        )

    async def released(self, agency: Agency) -> None:
        """Wait until compliance has heard of every permit of the agency whether it was used."""
        await eventually(lambda: self.query("compliance", _RESERVED, agency.creditor), lambda rows: not rows, SETTLE_S)

    async def pause(self) -> None:
        """Leave a fault as it is for a while: up to 2 s in a short round, up to 10 s in a long one."""
        await asyncio.sleep(self.rng.uniform(0, min(2 * self.length, 10)))

    def expect(self, *, holds: bool, otherwise: str) -> None:
        """Note something wrong unless it holds."""
        self.findings.add("wrong", int(not holds), otherwise)

    async def settle(self) -> None:
        """Wait for rest. Raises CannotCheckError, which says what is in its way."""
        place = place_of(self.machines.stack, "")
        others = [name for name in EVERY_SERVICE if name not in MONEY] if self._agencies else []
        dsns = {name: self.machines.stack.database(name).service_dsn for name in others}
        databases = Databases(place.payments_database, place.accounts_database, dsns)
        until = asyncio.get_running_loop().time() + SETTLE_S
        while True:
            try:
                async with Reader(place.bootstrap_servers) as reader:
                    await come_to_rest(reader, databases, SETTLE_S)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError) as error:
                if asyncio.get_running_loop().time() > until:
                    raise CannotCheckError(f"the stack does not answer after {SETTLE_S:.0f} s: {error}") from error
                await asyncio.sleep(0.5)
            else:
                return

    async def query(self, service: str, sql: str, *args: Any) -> list[Any]:
        """Ask a service's database."""
        connection = await asyncpg.connect(self.machines.stack.database(service).service_dsn)
        try:
            rows: list[Any] = await connection.fetch(sql, *args)
        finally:
            await connection.close()
        return rows

    async def compare(self) -> Findings:
        """Bring everything to rest, and compare each client's book with what the services show."""
        await self.settle()
        findings = self.findings
        for client in self.clients:
            findings.merge(client.book.compare(await client.look()))
            findings.merge(await self._effects(client))
            findings.merge(await self._recomputed(client))
        for agency in self._agencies:
            findings.merge(await self._contacts(agency))
        for agency, other in permutations(self._agencies, 2):
            findings.merge(await peek(agency, other))
        return findings

    @property
    def _agencies(self) -> list[Agency]:
        return [client for client in self.clients if isinstance(client, Agency)]

    async def _contacts(self, agency: Agency) -> Findings:
        """What the agency was told is there once; and no contact was made that a rule forbade."""
        place = contacts_of(self.machines.stack)
        checks = await verify_contacts(place, creditor_id=agency.creditor, wait_s=SETTLE_S)
        attempts = [row async for row in agency.pages("contact", "/v1/contact-attempts")]
        restrictions = [row async for row in agency.pages("compliance", "/v1/restrictions")]
        permits = await self.query("compliance", _PERMITS, agency.creditor)
        findings = agency.contacts.compare(attempts, restrictions, permits)
        named = [f"{check.name}: {one}" for check in checks for one in check.differences]
        findings.add("wrong", len(named), f"the checker of contacts: {named[:_SHOWN]}")
        for service in CONTACTS:
            findings.merge(await self._parked(service, agency))
        return findings

    async def _recomputed(self, client: Client) -> Findings:
        """What the checker of the local stack, which recomputes everything from the facts, says of this creditor."""
        findings = Findings()
        stack = self.machines.stack
        place = place_of(stack, reader_token(stack, client.creditor))
        verdict = await verify_books(place, creditor_id=client.creditor, wait_s=SETTLE_S)
        found = verdict.differences
        findings.add("wrong", len(found), f"the checker of the books: {found[:_SHOWN]}")
        return findings

    async def _effects(self, client: Client) -> Findings:
        """Each payment and each reversal is in the ledger once; each creditor's dead letters are none of ours."""
        findings = Findings()
        posted = await self.query("payments", _POSTED, client.creditor)
        taken = await self.query("payments", _TAKEN_BACK, client.creditor)
        for what, ours, theirs in (
            ("entries", posted, await self.query("accounts", _ENTRIES, client.creditor)),
            ("entries taken back", taken, await self.query("accounts", _TAKEN_BACK, client.creditor)),
        ):
            wanted, found = (
                Counter((row["payment_id"], row["amount_minor"]) for row in rows) for rows in (ours, theirs)
            )
            findings.add("lost", (wanted - found).total(), f"{what}: {_some(wanted - found)}")
            findings.add("twice", (found - wanted).total(), f"{what}: {_some(found - wanted)}")
        for service in MONEY:
            findings.merge(await self._parked(service, client))
        return findings

    async def _parked(self, service: str, client: Client) -> Findings:
        findings = Findings()
        parked = await self.query(service, _PARKED, client.creditor)
        findings.add("lost", len(parked), f"parked by {service}: {[dict(row) for row in parked[:_SHOWN]]}")
        return findings


_KNOWN = """
SELECT (SELECT count(*) FROM creditor_view WHERE creditor_id = $1)
     + (SELECT count(*) FROM account_view WHERE creditor_id = $1)
     + (SELECT count(*) FROM contact_point WHERE party_id = ANY($2::uuid[]) AND kind = 'phone') AS known
"""
_HEARD = "SELECT count(*) AS heard FROM attempt WHERE attempt_id = ANY($1) AND result_code IS NOT NULL"
_RESERVED = "SELECT attempt_id FROM permit WHERE creditor_id = $1 AND state = 'reserved'"
_PERMITS = "SELECT permit_id, account_ids, state FROM permit WHERE creditor_id = $1"
_POSTED = "SELECT payment_id, amount_minor FROM payment WHERE creditor_id = $1 AND status <> 'unapplied'"
_TAKEN_BACK = "SELECT payment_id, amount_minor FROM reversal WHERE creditor_id = $1"
_ENTRIES = "SELECT payment_id, amount_minor FROM entry WHERE creditor_id = $1"
_PARKED = "SELECT topic, key, code, detail FROM dead_letter WHERE creditor_id = $1 AND replayed_at IS NULL"


async def verify(machines: Machines) -> Findings:
    """Have the commands check everything of every creditor, and what belongs to none, from the facts."""
    findings = Findings()
    commands = ["verify-books", "verify-contacts"] if machines.has_had("contact") else ["verify-books"]
    for command in commands:
        argv = [sys.executable, "-m", "deploy.local", command, "--json", "--data-dir", str(machines.stack.data_dir)]
        done = await asyncio.to_thread(
            subprocess.run, argv, cwd=ROOT, capture_output=True, text=True, timeout=_VERIFY_S, check=False
        )
        if done.returncode == 1:
            findings.add("wrong", 1, f"{command}: {done.stdout[:4000]}{done.stderr[-1000:]}")
        elif done.returncode:
            findings.add("wrong", 1, f"{command} could not be run: {done.stdout[-1000:]}{done.stderr[-1000:]}")
        else:
            json.loads(done.stdout)
    return findings


def _some(found: Counter[Any]) -> str:
    return ", ".join(f"{payment_id} ({amount})" for payment_id, amount in list(found)[:_SHOWN])


Fault = Callable[[Lab], Awaitable[float | None]]
"""Lives through a fault; returns the seconds of the recovery where there is one to be measured."""
