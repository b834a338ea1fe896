"""Invariant 8 on the real handlers: the same events in any order, in any batches, some twice, end in the same state.

A story is told several times from an empty database: what stands in every table, and the newest state published of
each aggregate, must not depend on the telling. ANY_ORDER_SEEDS widens it by hand.
"""

import json
import os
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from services.compliance.app import SERVICE
from shared.clock import SystemClock
from shared.db.engine import engine_for
from shared.events.skiptrace import ContactPointsFound, ContactPointVerified
from shared.ids import contact_point_id
from shared.messaging.message import RawMessage
from shared.messaging.rebuild import RebuildReport, rebuild
from tests.conftest import GetDatabase, GetEngine
from tests.integration.compliance.contact_desk import NOON, PHONE, Desk, open_desk

SEEDS = os.environ.get("ANY_ORDER_SEEDS", "0-7")
FIRST, LAST = (int(end) for end in SEEDS.split("-"))
ORDERS = 3
PEOPLE = ("A", "B", "C")
FOUND, GIVEN = "+13035550177", "+13035550188"
TABLES = (
    "creditor_view", "account_view", "party_view", "account_party", "found_view", "given_view", "contact_point",
    "point_mark", "attempt", "permit_report", "unplaced_attempt", "bounced_message",
    "location_inquiry", "permit", "restriction", "consent", "preference", "dispute",
)  # fmt: skip
OF_THE_TELLING = ("version", "placed_at", "recorded_at")
CODES = ("no_answer", "busy", "wrong_number", "rpc_promise", "rpc_refused")
HEARD: tuple[dict[str, Any], ...] = (
    {"kind": "cease"}, {"kind": "attorney"}, {"kind": "deceased"}, {"kind": "dispute"}, {"kind": "wrong_number"},
    {"kind": "bankruptcy_stay"}, {"kind": "identity_theft"},
    {"kind": "stop_medium", "channel": "sms"}, {"kind": "stop_medium"}, {"kind": "inconvenient"},
)  # fmt: skip


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("compliance"), issuer) as made:
        yield made


class Story:
    """Events about three people, drawn by a seed, and the permits that were out when they began."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.draw = desk, Random(seed)
        self.permits = {self._uuid(): self._uuid() for _ in range(6)}
        self.messages: list[RawMessage] = [desk.creditor_message(version) for version in (1, 2)]
        for number in PEOPLE:
            self._person(number)
        self._contacts()
        self._messages()

    def _uuid(self) -> UUID:
        return UUID(int=self.draw.getrandbits(128), version=4)

    def _person(self, number: str) -> None:
        desk = self.desk
        phones = [(PHONE,), (PHONE, "+16175550188"), ()]
        parts = [
            None,
            [{"account_id": desk.account(number), "role": "primary"}],
            [{"account_id": desk.account(each), "role": "joint"} for each in PEOPLE],
        ]
        for version in (1, 2, 3):
            part = parts[version - 1]
            self.messages.append(desk.party_message(number, version=version, phones=phones[version - 1], accounts=part))
            self.messages.append(desk.account_message(number, version=version, balance_minor=100 * version))
        self.messages.append(desk.account_message(f"{number}2", party=number))
        self.messages += [
            desk.given(number, GIVEN, version=each, status=status, given_at=NOON + timedelta(hours=each))
            for each, status in ((1, "verified"), (2, self.draw.choice(("verified", "unverified"))))
        ]
        neighbour = self._uuid()
        self.messages += [desk.inquiry(number, neighbour), desk.inquiry(number, neighbour, outcome="incomplete")]
        point = {
            "contact_point_id": contact_point_id(desk.party(number), "phone", FOUND), "kind": "phone", "value": FOUND,
            "label": "mobile", "source": "vendor", "first_seen_on": None, "last_seen_on": None, "confidence": 60,
            "found_at": NOON,
        }  # fmt: skip
        for version, status in ((1, "unverified"), (2, "verified")):
            found = {
                "party_id": desk.party(number), "creditor_id": desk.creditor,
                "contact_points": [point | {"status": status}],
            }  # fmt: skip
            payload = ContactPointsFound.model_validate(found)
            self.messages.append(desk.message("contact_point.found", payload, version))
        verified = ContactPointVerified.model_validate(
            {
                "party_id": desk.party(number), "creditor_id": desk.creditor, "account_id": desk.account(number),
                "skip_trace_id": self._uuid(), "contact_point_id": point["contact_point_id"], "kind": "phone",
                "method": "collector", "verified_at": NOON,
            }
        )  # fmt: skip
        self.messages += [desk.message("contact_point.verified", verified), desk.opted_out(number)]
        self.messages.append(desk.invalidated(number, at=NOON + timedelta(hours=self.draw.randint(-5, 5))))

    def _contacts(self) -> None:
        for permit, attempt_id in self.permits.items():
            number = self.draw.choice(PEOPLE)
            at = NOON - timedelta(hours=self.draw.randint(1, 300))
            attempt = self.desk.attempt(number, at, attempt_id=attempt_id, permit_id=permit)
            if self.draw.random() < 0.3:
                self.messages.append(self.desk.blocked(number, permit))
            if self.draw.random() < 0.3:
                self.messages.append(self.desk.blocked(number, None, attempt_id))
            if self.draw.random() < 0.7:
                self.messages.append(self.desk.attempted(attempt))
                heard = self.draw.sample(HEARD, self.draw.randint(0, 2))
                code = self.draw.choice(CODES)
                self.messages.append(self.desk.completed(attempt, code, *heard))
                if self.draw.random() < 0.5:
                    self._callback(number, attempt_id, at)

    def _messages(self) -> None:
        """Sent, and perhaps come back, at once or later."""
        for number in PEOPLE:
            for hours, outcome in enumerate(("email_sent", "network_failure", "email_sent")):
                at, point = NOON - timedelta(hours=hours + 1), self.desk.email(number)
                attempt = self.desk.attempt(
                    number, at, attempt_id=self._uuid(), channel="email", contact_point_id=point
                )
                self.messages += [self.desk.attempted(attempt), self.desk.completed(attempt, outcome)]
                if hours:
                    self.messages.append(self.desk.bounced(attempt, is_permanent=self.draw.random() < 0.5))

    def _callback(self, number: str, attempt_id: UUID, at: datetime) -> None:
        """Agreed, moved, and perhaps cancelled or kept."""
        statuses = ["scheduled", "scheduled", self.draw.choice(["scheduled", "cancelled", "done"])]
        self.messages += [
            self.desk.callback(
                number, version, status, attempt_id=attempt_id, made_at=at, callback_at=at + timedelta(days=version)
            )
            for version, status in enumerate(statuses, start=1)
        ]

    async def tell(self, get_database: GetDatabase, messages: Sequence[RawMessage], chance: Random) -> dict[str, Any]:
        """Tell it from an empty database, in batches of any size; return where it ended."""
        await self.forget(get_database)
        waiting = list(messages)
        while waiting:
            cut = chance.randint(1, len(waiting))
            now, waiting = waiting[:cut], waiting[cut:]
            await self.desk.applier.apply(now)
        return await self.end(get_database)

    async def forget(self, get_database: GetDatabase) -> None:
        """Empty every table, save for the permits that are out."""
        async with await _connected(get_database) as connection:
            await connection.execute(f"TRUNCATE {', '.join(TABLES)}, inbox, outbox, dead_letter")
            for nth, (permit, attempt_id) in enumerate(self.permits.items()):
                await connection.execute(
                    "INSERT INTO permit (permit_id, decision_id, creditor_id, party_id, account_ids, channel,"
                    " reserved_at, expires_at, state, attempt_id)"
                    " VALUES ($1, $1, $2, $3, $4, 'phone', $5, $5, 'reserved', $6)",
                    permit, self.desk.creditor, self.desk.party(PEOPLE[nth % 3]), [], NOON, attempt_id,
                )  # fmt: skip

    async def end(self, get_database: GetDatabase) -> dict[str, Any]:
        """Every row but for what says when it was told, and the newest published state of each aggregate."""
        async with await _connected(get_database) as connection:
            assert await connection.fetchval("SELECT count(*) FROM dead_letter") == 0
            found: dict[str, Any] = {}
            for table in TABLES:
                rows = await connection.fetch(f"SELECT to_jsonb(t) - $1::text[] FROM {table} t", list(OF_THE_TELLING))
                found[table] = sorted(row[0] for row in rows)
            newest: dict[tuple[str, str], Any] = {}
            for row in await connection.fetch("SELECT * FROM outbox ORDER BY aggregate_version, id"):
                body = json.loads(row["body"])
                name = next(body[each] for each in ("restriction_id", "consent_id", "dispute_id") if each in body)
                stamps = ("placed_at",)
                newest[name, row["key"]] = {key: value for key, value in body.items() if key not in stamps}
            found["published"] = newest
            return found


class _Connected:
    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def __aenter__(self) -> asyncpg.Connection:
        self._connection = await asyncpg.connect(self._dsn)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()


async def _connected(get_database: GetDatabase) -> _Connected:
    return _Connected((await get_database("compliance")).owner_dsn)


@pytest.mark.parametrize("seed", range(FIRST, LAST + 1))
async def test_any_order_of_the_same_events_ends_in_the_same_state(
    desk: Desk, service_database: GetDatabase, seed: int
) -> None:
    story = Story(desk, seed)
    ends = [await story.tell(service_database, story.messages, Random(seed))]
    for order in range(ORDERS):
        chance = Random(seed * 1000 + order)
        messages = chance.sample(story.messages, len(story.messages))
        for again in chance.sample(messages, 8):
            messages.insert(chance.randint(0, len(messages)), again)
        ends.append(await story.tell(service_database, messages, chance))
    for end in ends[1:]:
        for name in (*TABLES, "published"):
            assert end[name] == ends[0][name], f"another order ends otherwise: {name}"
    assert ends[0]["account_view"]
    assert len(ends[0]["contact_point"]) == len(PEOPLE) * 3
    assert len(ends[0]["account_party"]) == len(PEOPLE) * len(PEOPLE)
    assert len(ends[0]["bounced_message"]) == len(PEOPLE) * 2


async def _rebuilt(story: Story, get_database: GetDatabase, *, check: bool) -> RebuildReport:
    assert SERVICE.rebuild is not None
    how = SERVICE.rebuild(None)  # type: ignore[arg-type]  # it asks nothing of the settings
    engine = engine_for((await get_database("compliance")).owner_dsn)

    async def history() -> AsyncIterator[Sequence[RawMessage]]:
        yield [message for message in story.messages if message.topic in how.topics]

    async def is_at_rest() -> bool:
        return True

    try:
        return await rebuild(engine, SystemClock(), how, history, check=check, is_at_rest=is_at_rest)
    finally:
        await engine.dispose()


async def test_a_rebuild_finds_every_row_as_it_is_and_puts_right_what_is_not(
    desk: Desk, service_database: GetDatabase
) -> None:
    story = Story(desk, 4)
    story.messages.append(desk.erasure("B"))
    ended = await story.tell(service_database, story.messages, Random(4))
    assert not [row for row in ended["party_view"] if str(desk.party("B")) in row]
    assert (await _rebuilt(story, service_database, check=True)).differing == 0
    async with await _connected(service_database) as connection:
        await connection.execute("UPDATE creditor_view SET kind = 'creditor'")
        await connection.execute(
            "DELETE FROM attempt WHERE attempt_id = (SELECT min(attempt_id::text)::uuid FROM attempt)"
        )
        await connection.execute("UPDATE permit SET state = 'reserved' WHERE state = 'placed'")
        await connection.execute("DELETE FROM point_mark WHERE mark = 'opted_out'")
        await connection.execute("UPDATE bounced_message SET attempt_id = gen_random_uuid()")
    assert (await _rebuilt(story, service_database, check=True)).differing > 0
    await _rebuilt(story, service_database, check=False)
    assert await story.end(service_database) == ended
    assert (await _rebuilt(story, service_database, check=True)).differing == 0


async def test_a_replay_from_the_first_offset_ends_in_the_same_state(desk: Desk, service_database: GetDatabase) -> None:
    story = Story(desk, 5)
    story.messages.append(desk.erasure("C"))
    lived = await story.tell(service_database, story.messages, Random(5))
    assert await story.tell(service_database, story.messages, Random(6)) == lived
