"""Checks all contacts of a stack. See the package for what that means."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from aiokafka.errors import KafkaError

from deploy.local.books.difference import Check
from deploy.local.books.rest import CannotCheckError
from deploy.local.books.topics import Reader
from deploy.local.contacts.facts import Facts, read_facts, until_counted
from deploy.local.contacts.hours import check_hours
from deploy.local.contacts.limits import check_limits
from deploy.local.contacts.permits import check_permits
from deploy.local.contacts.wishes import check_wishes

CONTACTS = ("No contact was made that a rule forbade", "CONTACTS WERE MADE THAT A RULE FORBADE")
_DOWN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError)


@dataclass(frozen=True, slots=True)
class Where:
    """Where contact and compliance keep their rows, and where Kafka is."""

    contact_database: str
    compliance_database: str
    bootstrap_servers: str


async def verify_contacts(where: Where, *, creditor_id: UUID | None = None, wait_s: float = 60) -> Sequence[Check]:
    """Checks the contacts of one creditor, or of all.

    Raises:
        CannotCheckError: a part of the stack does not answer.
    """
    try:
        await until_counted(where.contact_database, where.compliance_database, wait_s)
        async with Reader(where.bootstrap_servers) as reader:
            facts = await read_facts(where.contact_database, where.compliance_database, reader, creditor_id)
    except _DOWN as error:
        raise CannotCheckError(f"the stack does not answer: {type(error).__name__}: {error}") from error
    return check_all(facts)


def check_all(facts: Facts) -> list[Check]:
    """Every check."""
    return [*check_permits(facts), *check_limits(facts), *check_hours(facts), *check_wishes(facts)]
