"""The issuer of tokens is down, its keys change, forged tokens pour in: who is known goes on, nobody else gets in."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from deploy.local.issuer import ALGORITHM, AUDIENCE, Issuer
from shared.clock import SystemClock
from tests.faults.agency import Agency
from tests.faults.book import Sent
from tests.faults.lab import Lab
from tests.faults.machines import ISSUER

_STRUCK = ("contact-api", "compliance-api")
_ROUTES = {
    "accounts": "/v1/accounts",
    "payments": "/v1/payments",
    "contact": "/v1/contact-attempts",
    "compliance": "/v1/contact-decisions",
    "skiptrace": "/v1/skip-traces",
}
_FORGED = 30
_RETRY_S, _MAX_AGE_S = 30, 3600
"""An unknown key asks for the set again after so long; keys that could not be had again last for so long."""
_OK, _PLACED, _STRANGER, _UNAVAILABLE = 200, 201, 401, 503


async def issuer_gone(lab: Lab) -> float:
    """R18: the issuer is away, forged tokens pour in, a key comes and one goes: nobody gets in who should not."""
    agency = await lab.agency(4)
    await agency.wake()
    await agency.ring("L-0", "before")
    lab.machines.kill(ISSUER, stays_down=True)
    await _known_go_on(lab, agency)
    await _strangers_stay_out(lab, agency)
    old = lab.machines.stack.issuer
    with TemporaryDirectory() as folder:
        new = Issuer(Path(folder), old.port)
        async with _keys_served(old) as server:
            await _keys_change(lab, agency, new, server)
        lab.machines.set_clocks(_STRUCK, 3 * (_RETRY_S + 1) + _MAX_AGE_S)
        for service in ("contact", "compliance"):
            status = await _status(agency, service, _token(new))
            lab.expect(holds=status == _UNAVAILABLE, otherwise=f"{service} answers {status} by keys of an hour ago")
    lab.machines.release(ISSUER)
    await lab.machines.ready(ISSUER)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await lab.machines.right_clocks()
    answer = await agency.ring("L-2", "after")
    lab.expect(holds=answer.status_code == _PLACED, otherwise=f"after: {answer.status_code} {answer.text}")
    return loop.time() - began


async def _known_go_on(lab: Lab, agency: Agency) -> None:
    """The keys that are there do for an hour: calls are placed, payments taken."""
    answer = await agency.ring("L-1", "silent")
    lab.expect(holds=answer.status_code == _PLACED, otherwise=f"the issuer is away: {answer.status_code} {answer.text}")
    await agency.pay(Sent("L-3", 100, agency.day), "silent")


async def _strangers_stay_out(lab: Lab, agency: Agency) -> None:
    """Tokens that nobody issued get in nowhere, also while nobody can be asked about them."""
    for service in _ROUTES:
        answers = await asyncio.gather(*(_status(agency, service, token) for token in _forged(lab)))
        let_in = {status for status in answers if status not in {_STRANGER, _UNAVAILABLE}}
        lab.expect(holds=not let_in, otherwise=f"{service} answers forged tokens with {let_in}")


async def _keys_change(lab: Lab, agency: Agency, new: Issuer, server: "_Served") -> None:
    """A new key is served beside the old one, then alone; forged tokens do not have it fetched at every request."""
    old_token, new_token = _token(lab.machines.stack.issuer), _token(new)
    for step, (keys, admitted, refused) in enumerate(
        [
            ([*server.keys, *new.jwks()["keys"]], (old_token, new_token), ()),
            (new.jwks()["keys"], (new_token,), (old_token,)),
        ],
        start=1,
    ):
        server.keys, server.asked = keys, 0
        lab.machines.set_clocks(_STRUCK, step * (_RETRY_S + 1))
        for service in ("contact", "compliance"):
            # The first token whose key is not known has the keys fetched.
            await asyncio.gather(*(_status(agency, service, token) for token in (new_token, *_forged(lab))))
            for token, wanted in [*((each, _OK) for each in admitted), *((each, _STRANGER) for each in refused)]:
                status = await _status(agency, service, token)
                lab.expect(holds=status == wanted, otherwise=f"{service}, step {step}: {status}, and not {wanted}")
        lab.expect(
            holds=1 <= server.asked <= len(_STRUCK),
            otherwise=f"{len(_STRUCK)} processes asked for the keys {server.asked} times in half a minute",
        )


class _Served:
    """The keys that are served, and how often somebody asked for them."""

    def __init__(self, keys: list[object]) -> None:
        self.keys = keys
        self.asked = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request for the keys; there are no tokens here."""
        head = await reader.readuntil(b"\r\n\r\n")
        body, status = b"{}", b"503 Service Unavailable"
        if head.startswith(b"GET "):
            self.asked += 1
            body, status = json.dumps({"keys": self.keys}).encode(), b"200 OK"
        length = str(len(body)).encode()
        writer.write(
            b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
            + length + b"\r\n\r\n" + body
        )  # fmt: skip
        await writer.drain()
        writer.close()


@asynccontextmanager
async def _keys_served(issuer: Issuer) -> AsyncIterator[_Served]:
    """Serve the keys of an issuer that is down at its own address."""
    served = _Served(issuer.jwks()["keys"])
    server = await asyncio.start_server(served.answer, issuer.host, issuer.port)
    try:
        yield served
    finally:
        server.close()
        await server.wait_closed()


async def _status(agency: Agency, service: str, token: str) -> int:
    url = f"{agency.operator.stack.url(service)}{_ROUTES[service]}"
    async with httpx.AsyncClient(timeout=20) as http:
        answer = await http.get(url, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


def _token(issuer: Issuer) -> str:
    """A token that is good for hours, whatever the clock shows that checks it."""
    return issuer.mint("auditor", ttl=timedelta(hours=12), at=SystemClock().now() - timedelta(hours=1))


def _forged(lab: Lab) -> list[str]:
    """Tokens of a key that nobody knows, of a known name and another key, without a signature, and expired."""
    issuer = lab.machines.stack.issuer
    now = int(SystemClock().now().timestamp())
    claims: dict[str, object] = {"iss": issuer.url, "aud": AUDIENCE, "iat": now - 60, "exp": now + 3600}
    claims |= {"sub": "stranger", "roles": ["auditor", "collector"]}
    stranger = ECKey.generate_key("P-256")

    def signed(kid: str) -> str:
        return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": kid}, claims, stranger)

    known = str(issuer.jwks()["keys"][0]["kid"])  # type: ignore[index]
    head, body, _ = signed(known).split(".")
    return [
        *(signed(uuid4().hex) for _ in range(_FORGED)),
        signed(known),
        f"{head}.{body}.",
        issuer.mint("auditor", ttl=timedelta(hours=1), at=SystemClock().now() - timedelta(days=1)),
    ]
