"""Faults that clients make: too many at once, hanging up, the same key from everywhere, all on one account."""

import asyncio
import json
import socket
import struct
from collections import Counter
from uuid import uuid4

import asyncpg
import httpx

from shared.ids import lock_key
from tests.e2e.bank import Json
from tests.faults.book import Sent
from tests.faults.client import Client
from tests.faults.lab import Lab
from tests.faults.load import Load
from tests.faults.machines import second

_CROWD = 300
_POOL = 8
_HELD_S = 6.0
"""How long a creditor's lock is held: longer than a request waits for it, or for a connection."""
_BOUND_S = 30.0
"""Nobody waits longer for an answer, be it that the service is busy."""
_SAME = 50
_OK = {200, 201}
_BUSY = {409, 429, 503}
_SESSIONS = """
SELECT count(*) AS n, count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS stuck
FROM pg_stat_activity WHERE application_name = 'payments api'
"""


async def pool_exhausted(lab: Lab) -> float:
    """R12: three hundred clients meet a pool of eight that a lock holds up; a third of them hang up."""
    client = await lab.client(50)
    await lab.settle()
    api = client.urls["payments"][0]
    sent = [Sent(f"L-{n % 50}", 100 + n, client.day) for n in range(_CROWD)]
    holder = await asyncpg.connect(lab.machines.stack.database("payments").service_dsn)
    loop = asyncio.get_running_loop()
    try:
        async with holder.transaction():
            await holder.execute("SELECT pg_advisory_xact_lock($1)", lock_key(client.creditor))
            tries = [asyncio.create_task(_try(client, api, n, each)) for n, each in enumerate(sent)]
            await asyncio.sleep(_HELD_S / 3)
            for hanging_up in lab.rng.sample(tries, _CROWD // 3):
                hanging_up.cancel()
            await asyncio.sleep(_HELD_S * 2 / 3)
        released = loop.time()
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
    finally:
        await holder.close()
    answered = [each for each in outcomes if isinstance(each, tuple)]
    failed = Counter(type(each).__name__ for each in outcomes if isinstance(each, Exception))
    statuses = Counter(status for status, _ in answered)
    slowest = max(seconds for _, seconds in answered)
    lab.expect(holds=not failed and statuses.keys() <= _OK | _BUSY, otherwise=f"{dict(statuses)}, {dict(failed)}")
    lab.expect(holds=slowest < _BOUND_S, otherwise=f"a request waited {slowest:.1f} s")
    # Everyone asks once more under the same key: the key tells what became of the first try.
    await asyncio.gather(*(client.pay(each, f"crowd-{n}") for n, each in enumerate(sent)))
    recovery = loop.time() - released
    await lab.settle()
    (sessions,) = await lab.query("payments", _SESSIONS)
    lab.expect(
        holds=sessions["n"] <= _POOL + 1 and not sessions["stuck"], otherwise=f"connections leak: {dict(sessions)}"
    )
    return recovery


async def _try(client: Client, api: str, n: int, sent: Sent) -> tuple[int, float]:
    """One request, tried once; a third of the crowd only reads."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    if n % 3 == 0:
        params = {"account_id": client.account_id(sent.number)}
        answer = await client._once("collector", "GET", f"{api}/v1/payments", key="", params=params)
    else:
        answer = await _post(client, api, f"pay-crowd-{n}", client.payment_body(sent, f"crowd-{n}"))
    return answer.status_code, loop.time() - began


async def hung_up(lab: Lab) -> None:
    """R14: clients close their connection in the middle of a POST, or right after it; the key tells the truth later."""
    client = await lab.client()
    await lab.settle()
    bodies = {f"hung-{n}": Sent(f"L-{n % 24}", 100 + n, client.day) for n in range(60)}
    load = Load(client, lab.rng)
    async with load.running():
        for reference, sent in bodies.items():
            whole = lab.rng.random() < 0.7
            client.book.doubtful[reference] = sent
            await asyncio.to_thread(_send_and_hang_up, _request(client, reference, sent), lab.rng.random(), whole=whole)
            if lab.rng.random() < 0.5:
                await client.pay(sent, reference)


def _request(client: Client, reference: str, sent: Sent) -> tuple[str, int, bytes]:
    body = json.dumps(client.payment_body(sent, reference)).encode()
    url = httpx.URL(client.urls["payments"][0])
    head = [
        "POST /v1/payments HTTP/1.1",
        f"Host: {url.host}:{url.port}",
        f"Authorization: {client._authorization('integrator')['Authorization']}",
        f"Idempotency-Key: pay-{reference}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    assert url.port is not None
    return url.host, url.port, "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _send_and_hang_up(request: tuple[str, int, bytes], share: float, *, whole: bool) -> None:
    """Send all or a share of a request and reset the connection."""
    host, port, content = request
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(content if whole else content[: int(len(content) * share)])


async def same_key(lab: Lab) -> None:
    """R15: one key, fifty times at once at two processes: one payment. The same key for another body is refused."""
    client = await lab.client()
    await lab.settle()
    await lab.machines.start(second("payments-api"))
    port = lab.machines.second_port("payments", "api")
    apis = [client.urls["payments"][0], f"http://127.0.0.1:{port}"]
    for n in range(5):
        sent, reference = Sent(f"L-{n}", 1_000 + n, client.day), f"same-{n}"
        body = client.payment_body(sent, reference)
        answers = await asyncio.gather(*(_post(client, apis[i % 2], f"pay-{reference}", body) for i in range(_SAME)))
        statuses = Counter(answer.status_code for answer in answers)
        made = {answer.json()["payment_id"] for answer in answers if answer.is_success}
        lab.expect(holds=statuses.keys() <= {201, 409} and len(made) == 1, otherwise=f"{dict(statuses)}, {made}")
        await client.pay(sent, reference)
        lab.expect(holds={client.book.ids[reference]} == made, otherwise=f"{client.book.ids[reference]} is not {made}")
        other = await _post(client, apis[n % 2], f"pay-{reference}", body | {"amount_minor": 1, "source_ref": "other"})
        lab.expect(
            holds=other.json()["code"] == "idempotency-key-reused", otherwise=f"{other.status_code} {other.text}"
        )


async def one_account(lab: Lab) -> None:
    """R16: payments, reversals, promises and arrangements meet on two accounts, as fast as they can come."""
    client = await lab.client(2)
    load = Load(client, lab.rng, per_second=400)
    async with load.running():
        await load.some(300)


async def _post(client: Client, api: str, key: str, body: Json) -> httpx.Response:
    return await client._once("integrator", "POST", f"{api}/v1/payments", key=key or str(uuid4()), json=body)
