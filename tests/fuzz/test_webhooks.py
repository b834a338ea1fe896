"""What comes to contact without a token: forged, unsigned and spoilt requests in the name of a text gateway, and links.

What is not signed changes nothing and is told nothing; what is signed is kept once, or refused whole.
"""

import base64
from collections import Counter
from collections.abc import AsyncIterator
from random import Random
from urllib.parse import parse_qsl, urlencode

import asyncpg
import httpx
import pytest_asyncio

from services.contact.domain.signatures import gateway_signature
from tests.e2e.bank import Bank
from tests.e2e.stack_operator import Operator
from tests.fuzz import mutate
from tests.fuzz.book import Book
from tests.fuzz.conftest import Scale
from tests.fuzz.contacted import MEMBERS, points
from tests.fuzz.databases import open_database
from tests.fuzz.report import write

INBOUND, STATUS = "/v1/gateways/text/inbound", "/v1/gateways/text/status"
_KEPT = """
SELECT (SELECT count(*) FROM in_message), (SELECT count(*) FROM early_receipt), (SELECT count(*) FROM opt_out)
"""


@pytest_asyncio.fixture
async def stranger(operator: Operator) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody, without a token."""
    async with httpx.AsyncClient(timeout=60, base_url=operator.stack.url("contact")) as http:
        yield http


@pytest_asyncio.fixture
async def kept(operator: Operator) -> AsyncIterator[asyncpg.Connection]:
    """What contact keeps."""
    async with open_database(operator, "contact") as connection:
        yield connection


async def test_only_what_the_gateway_has_signed_is_kept_and_that_once(
    booked: Bank, stranger: httpx.AsyncClient, kept: asyncpg.Connection, scale: Scale
) -> None:
    rng = Random(scale.seed)
    answers: dict[str, Counter[int]] = {"signed": Counter(), "forged": Counter()}
    for n in range(scale.files // 2):
        path, form = rng.choice((INBOUND, STATUS)), _form(rng, booked, n)
        body = urlencode(form).encode()
        body = mutate.content(rng, body) if rng.random() < 0.2 else body
        is_forged = rng.random() < 0.4
        headers = _headers(_forged(rng, booked, path, body) if is_forged else _signature(booked, path, body))
        before = await kept.fetchrow(_KEPT)
        answer = await stranger.post(path, content=body, headers=headers)
        again = await stranger.post(path, content=body, headers=headers) if rng.random() < 0.2 else answer
        new = [after - old for old, after in zip(before, await kept.fetchrow(_KEPT), strict=True)]
        answers["forged" if is_forged else "signed"][answer.status_code] += 1
        assert again.status_code == answer.status_code, f"{answer.status_code}, then {again.status_code}: {body!r}"
        # One text or receipt; its opt-out besides.
        assert sum(new[:2]) <= int(answer.is_success), f"{answer.status_code}, and {new} of {body!r}"
        assert new[2] <= int(answer.is_success), f"{answer.status_code}, and {new} of {body!r}"
    assert set(answers["forged"]) == {401}
    assert answers["signed"][200]
    assert answers["signed"][204]
    assert set(answers["signed"]) <= {200, 204, 422}, answers
    taken = answers["signed"][200] + answers["signed"][204]
    refused = f"`signature-invalid` {answers['forged'][401]:,}, `validation-error` {answers['signed'][422]:,}"
    total = sum(each.total() for each in answers.values())
    write("Webhooks of texts", scale.seed, total, taken, total - taken, refused, 0)


def _form(rng: Random, booked: Bank, n: int) -> dict[str, bytes]:
    """The fields of a text or a receipt, of which some are spoilt."""
    form = {
        "MessageSid": f"SM{n:032}".encode(),
        "From": points(booked, rng.randrange(MEMBERS))[0]["value"].encode(),
        "Body": rng.choice((b"STOP", b"I will call you", "¿Quién es?".encode(), b"")),
        "OptOutType": rng.choice((b"", b"STOP", b"HELP")),
        "MessageStatus": rng.choice((b"delivered", b"undelivered", b"failed", b"sent")),
        "ErrorCode": rng.choice((b"", b"30005", b"21610", b"99999")),
    }
    for name in rng.sample(list(form), rng.choice((0, 1, 1, 2))):
        if rng.random() < 0.2:
            del form[name]
        else:
            form[name] = rng.choice((mutate.content(rng, form[name] or b"x"), b"\x00", b"9" * 5_000, b"\xff\xfe"))
    return form


def _signature(booked: Bank, path: str, body: bytes) -> str:
    """What the gateway would write over this form."""
    stack = booked.operator.stack
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return gateway_signature(stack.stand_ins.text_gateway.account["token"], stack.url("contact") + path, fields)


def _forged(rng: Random, booked: Bank, path: str, body: bytes) -> str | None:
    """None, noise, or the right signature of something else."""
    of_another_path = _signature(booked, STATUS if path == INBOUND else INBOUND, body)
    of_another_form = _signature(booked, path, body + b"&To=%2B15005550006")
    noise = base64.b64encode(rng.randbytes(20)).decode()
    return rng.choice((None, "", "x" * 5_000, "\u00e9", noise, of_another_path, of_another_form))


def _headers(signature: str | None) -> list[tuple[bytes, bytes]]:
    form = [(b"content-type", b"application/x-www-form-urlencoded")]
    return form if signature is None else [*form, (b"x-twilio-signature", signature.encode("latin-1"))]


async def test_a_spoilt_link_opts_nobody_out_and_is_told_nothing(
    book: Book, stranger: httpx.AsyncClient, kept: asyncpg.Connection, scale: Scale
) -> None:
    rng = Random(scale.seed)
    before = await kept.fetchrow(_KEPT)
    answers = Counter[int]()
    for _ in range(scale.files // 4):
        token = rng.choice(book.ids["token"]).encode()
        spoilt = mutate.content(rng, token)
        if spoilt != token:
            answers[(await stranger.request(rng.choice(("GET", "POST")), _path(spoilt))).status_code] += 1
    assert set(answers) == {404}
    assert await kept.fetchrow(_KEPT) == before


def _path(token: bytes) -> str:
    return "/v1/opt-outs/" + "".join(f"%{byte:02X}" for byte in token)
