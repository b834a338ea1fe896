"""Checks all books of a stack at one moment at which it is at rest. See the package for what that means.

It waits until the services have handled everything, reads databases, topics and HTTP, and makes sure that nothing
has moved meanwhile; then every check runs on what was read.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import httpx
from aiokafka.errors import KafkaError

from deploy.local.books.core import check_core
from deploy.local.books.databases import read_rows
from deploy.local.books.difference import Check, Difference
from deploy.local.books.doors import Answers, ask
from deploy.local.books.expected import Facts
from deploy.local.books.ledger import check_ledger
from deploy.local.books.money import check_money
from deploy.local.books.rest import CannotCheckError, Databases, check_rest, come_to_rest, is_still_at_rest
from deploy.local.books.standing import check_standing
from deploy.local.books.topics import Reader
from deploy.local.books.undertakings import check_undertakings
from deploy.local.books.work import check_work

_TRIES = 3
_DOWN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError, httpx.HTTPError)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a running stack is to be found, with a token that reads every account that is to be checked."""

    accounts_url: str
    accounts_database: str
    payments_database: str
    bootstrap_servers: str
    token: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, and what was read for it."""

    checks: Sequence[Check]
    facts: Facts

    @property
    def differences(self) -> list[Difference]:
        """Everything that is not as the facts say."""
        return [difference for check in self.checks for difference in check.differences]


async def verify_books(place: Place, *, creditor_id: UUID | None = None, wait_s: float = 60) -> Verdict:
    """Checks the books of one creditor, or of all.

    Raises:
        CannotCheckError: a part of the stack does not answer, or it does not come to rest in `wait_s` seconds.
    """
    try:
        facts, answers = await read_books(place, creditor_id, wait_s)
    except _DOWN as error:
        raise CannotCheckError(f"the stack does not answer: {type(error).__name__}: {error}") from error
    return Verdict(check_all(facts, answers), facts)


def check_all(facts: Facts, answers: Answers) -> list[Check]:
    """Every check, from what came in to what is seen."""
    return [
        *check_core(facts),
        *check_money(facts),
        *check_ledger(facts),
        *check_standing(facts, answers.accounts),
        *check_undertakings(facts),
        *check_work(facts, answers),
        *check_rest(facts),
    ]


async def read_books(place: Place, creditor_id: UUID | None, wait_s: float) -> tuple[Facts, Answers]:
    """Reads everything at one moment of rest. Raises CannotCheckError, or what a client raises."""
    databases = Databases(place.payments_database, place.accounts_database)
    async with Reader(place.bootstrap_servers) as reader:
        for _ in range(_TRIES):
            ends = await come_to_rest(reader, databases, wait_s)
            history, rows, answers = await asyncio.gather(
                reader.history(ends, None if creditor_id is None else str(creditor_id)),
                read_rows(databases.payments, databases.accounts, creditor_id),
                ask(place.accounts_url, place.token, creditor_id),
            )
            if await is_still_at_rest(reader, databases, ends):
                return Facts(rows, history, is_everything=creditor_id is None), answers
    raise CannotCheckError("messages came in while the books were read: check them when nobody writes")
