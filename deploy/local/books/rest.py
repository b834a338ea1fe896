"""I6 and I10: nothing is waiting to be sent or done, and money is kept in whole minor units everywhere."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.local.books.databases import read_unrest
from deploy.local.books.difference import Check
from deploy.local.books.expected import Facts
from deploy.local.books.topics import GROUPS, READ, Ends, Message, Reader

_POLL_S = 0.05
_CALM = 2
"""Asked twice in a row, so that nothing was on its way between two questions."""


class CannotCheckError(Exception):
    """The books cannot be checked: the stack is down, or does not come to rest. The text says what is in the way."""


@dataclass(frozen=True, slots=True)
class Databases:
    """Where the two services keep their rows; `others`: more services that are to come to rest."""

    payments: str
    accounts: str
    others: Mapping[str, str] = field(default_factory=dict)


async def come_to_rest(
    reader: Reader, databases: Databases, wait_s: float, groups: Mapping[str, Sequence[str]] = GROUPS
) -> Ends:
    """Waits until every message was handled, every event sent and every job run; returns where the topics end then.

    `groups`: which consumer groups must have read which topics.

    Raises:
        CannotCheckError: it is not so after `wait_s` seconds; the text names what is left.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + wait_s
    calm, last = 0, None
    topics = {*READ, *(topic for read in groups.values() for topic in read)}
    while True:
        ends = await reader.ends(topics)
        unrest = await _unrest(reader, databases, ends, groups)
        calm = calm + 1 if not unrest and last in {None, frozenset(ends.items())} else int(not unrest)
        last = frozenset(ends.items())
        if calm >= _CALM:
            return ends
        if unrest and loop.time() >= give_up:
            raise CannotCheckError(f"not at rest after {wait_s:g} s: {'; '.join(unrest)}")
        if loop.time() >= give_up + wait_s:
            raise CannotCheckError(f"messages keep coming for {2 * wait_s:g} s: check the books when nobody writes")
        await asyncio.sleep(_POLL_S)


async def is_still_at_rest(reader: Reader, databases: Databases, ends: Ends) -> bool:
    """Whether nothing has happened since: otherwise what was read is not of one moment."""
    return dict(ends) == await reader.ends() and not await _unrest(reader, databases, ends)


async def _unrest(
    reader: Reader, databases: Databases, ends: Ends, groups: Mapping[str, Sequence[str]] = GROUPS
) -> list[str]:
    found = await reader.behind(ends, groups)
    services = {"payments": databases.payments, "accounts": databases.accounts, **databases.others}
    for service, dsn in services.items():
        left = await read_unrest(dsn)
        if left.waiting:
            found.append(f"{left.waiting} events of {service} are not sent")
        found += [f"{service} runs the job {kind}" for kind in left.jobs]
    return found


def check_rest(facts: Facts) -> list[Check]:
    """What a book at rest looks like."""
    return [_nothing_waits(facts), _whole_units(facts)]


def _nothing_waits(facts: Facts) -> Check:
    check = Check("nothing waits to be sent, and no job has failed", "I6")
    for service, tables in (("payments", facts.rows.payments), ("accounts", facts.rows.accounts)):
        check.examined += 1
        waiting = tables["outbox"][0]["waiting"]
        check.compare(service, "outbox", 0, {f"{service}.outbox": waiting})
        for row in tables["job"]:
            behind = () if row["error"] is None else (row["error"],)
            check.add(service, f"job {row['kind']}", "done", row["status"], facts=behind)
    return check


def _whole_units(facts: Facts) -> Check:
    check = Check("money is whole minor units, in tables and messages", "I10")
    for service, tables in (("payments", facts.rows.payments), ("accounts", facts.rows.accounts)):
        for row in tables["money_column"]:
            check.examined += 1
            place = f"{row['table_name']}.{row['column_name']}"
            check.compare(service, place, "bigint", {"the database": row["data_type"]})
    for messages in facts.history.messages.values():
        for message in messages:
            check.examined += 1
            if not message.topic.startswith("core."):
                _hold(check, message)
    return check


def _hold(check: Check, message: Message) -> None:
    for name, value in _amounts(message.body or {}):
        if value is not None and type(value) is not int:
            check.add(f"message {message.where}", name, "whole minor units", repr(value))


def _amounts(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if name.endswith("_minor"):
            yield name, value
        elif isinstance(value, list):
            for part in value:
                if isinstance(part, dict):
                    yield from _amounts(part)
