"""An access token passes only when all of it is right: each way of being wrong has its own test."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import Request
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from shared.clock import FixedClock
from shared.errors import Problem
from shared.http.auth import Principal, requires
from shared.http.authenticator import Authenticator
from shared.http.jwks import MAX_AGE, REFRESH_AFTER, RETRY_AFTER, Jwks

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ISSUER = "https://issuer.example"
CREDITOR = UUID("7d9f1a52-3f0e-4a3e-9a52-0a4c4c1f7a11")
KEY = ECKey.generate_key("P-256", {"kid": "one", "use": "sig", "alg": "ES256"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed", "use": "sig"})


class Source:
    """A JWKS endpoint that counts how often it is asked, and can be silent."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys)
        self.is_down = False
        self.asked = 0

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.is_down:
            raise httpx.ConnectError("down")
        return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def source() -> Source:
    return Source(KEY, RSA, ED)


@pytest.fixture
def authenticator(source: Source, clock: FixedClock) -> Authenticator:
    jwks = Jwks("https://issuer.example/jwks", clock, client=source.client)
    return Authenticator(jwks, issuer=ISSUER, audience="arrears", clock=clock, leeway=timedelta(seconds=5))


def claims(**changed: Any) -> dict[str, Any]:
    made = {
        "iss": ISSUER,
        "aud": "arrears",
        "sub": "user-1",
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(minutes=10)).timestamp()),
        "roles": ["collector"],
    }
    made.update(changed)
    return {name: value for name, value in made.items() if value is not None}


def token(key: Any = KEY, alg: str = "ES256", header: dict[str, Any] | None = None, **changed: Any) -> str:
    made = {"alg": alg, "typ": "at+jwt", "kid": key.kid} | (header or {})
    registry = JWSRegistry(algorithms=[alg], strict_check_header=False)
    return jwt.encode({k: v for k, v in made.items() if v is not None}, claims(**changed), key, registry=registry)


def encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def hs256(secret: bytes) -> str:
    signed = f"{encoded({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'one'})}.{encoded(claims())}"
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).rstrip(b"=").decode()
    return f"{signed}.{signature}"


async def refused(authenticator: Authenticator, text: str) -> Problem:
    with pytest.raises(Problem) as caught:
        await authenticator.principal(text)
    return caught.value


async def test_a_token_gives_its_subject_scopes_roles_and_creditors(authenticator: Authenticator) -> None:
    principal = await authenticator.principal(token(creditors=[str(CREDITOR)], scope="aging:run"))

    assert principal.sub == "user-1"
    assert principal.roles == {"collector"}
    assert {"payments:write", "aging:run"} <= principal.scopes
    assert "payments:reverse" not in principal.scopes
    assert principal.may_see(CREDITOR)
    assert not principal.may_see(UUID(int=1))


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize(("key", "alg"), [(KEY, "ES256"), (RSA, "RS256"), (ED, "EdDSA")])
async def test_each_algorithm_of_the_allow_list_passes(authenticator: Authenticator, key: Any, alg: str) -> None:
    assert (await authenticator.principal(token(key, alg))).sub == "user-1"


REFUSED: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "not a token": lambda: "abc",
    "two parts": lambda: "a.b",
    "encrypted form": lambda: "a.b.c.d.e",
    "header is no JSON": lambda: "!!.e30.x",
    "header is a list": lambda: f"{encoded([])}.e30.x",
    "alg none": lambda: f"{encoded({'alg': 'none', 'typ': 'at+jwt', 'kid': 'one'})}.{encoded(claims())}.",
    "alg missing": lambda: f"{encoded({'typ': 'at+jwt', 'kid': 'one'})}.{encoded(claims())}.x",
    "alg is a list": lambda: f"{encoded({'alg': ['ES256'], 'typ': 'at+jwt', 'kid': 'one'})}.{encoded(claims())}.x",
    "HS256 with the public key as secret": lambda: hs256(KEY.as_pem(private=False)),
    "RS512 is not on the list": lambda: token(RSA, "RS512"),
    "PS256 is not on the list": lambda: token(RSA, "PS256"),
    "algorithm of another key type": lambda: token(RSA, "RS256", {"kid": "one"}),
    "signed by another key": lambda: token(ECKey.generate_key("P-256", {"kid": "one"})),
    "typ missing": lambda: token(header={"typ": None}),
    "typ JWT (an id token)": lambda: token(header={"typ": "JWT"}),
    "kid missing": lambda: token(header={"kid": None}),
    "kid unknown": lambda: token(header={"kid": "other"}),
    "critical header": lambda: (
        f"{encoded({'alg': 'ES256', 'typ': 'at+jwt', 'kid': 'one', 'crit': ['exp']})}." + token().partition(".")[2]
    ),
    "iss of another issuer": lambda: token(iss="https://evil.example"),
    "iss missing": lambda: token(iss=None),
    "aud of another service": lambda: token(aud="other"),
    "aud missing": lambda: token(aud=None),
    "aud is a number": lambda: token(aud=7),
    "sub missing": lambda: token(sub=None),
    "sub empty": lambda: token(sub=" "),
    "exp missing": lambda: token(exp=None),
    "exp as text": lambda: token(exp="2999"),
    "exp true": lambda: token(exp=True),
    "exp beyond all dates": lambda: token(exp=10**30),
    "exp at the end of the last day": lambda: token(exp=int(datetime.max.replace(tzinfo=UTC).timestamp())),
    "iat at the beginning of the first day": lambda: token(iat=int(datetime.min.replace(tzinfo=UTC).timestamp())),
    "expired": lambda: token(exp=int((NOW - timedelta(seconds=5)).timestamp())),
    "not before a minute from now": lambda: token(nbf=int((NOW + timedelta(minutes=1)).timestamp())),
    "issued a minute from now": lambda: token(iat=int((NOW + timedelta(minutes=1)).timestamp())),
    "roles as text": lambda: token(roles="supervisor"),
    "scope as list": lambda: token(scope=["payments:write"]),
    "creditors no UUID": lambda: token(creditors=["all"]),
    "creditors as text": lambda: token(creditors=str(CREDITOR)),
    "too long": lambda: token(filler="x" * 9000),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=list(REFUSED))
async def test_a_token_that_is_wrong_in_one_thing_is_refused(
    authenticator: Authenticator, make: Callable[[], str]
) -> None:
    problem = await refused(authenticator, make())

    assert (problem.status, problem.code) == (401, "unauthenticated")
    assert problem.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_a_null_list_of_creditors_does_not_mean_all(authenticator: Authenticator) -> None:
    made = claims() | {"creditors": None}
    text = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "one"}, made, KEY)

    assert (await refused(authenticator, text)).status == 401


async def test_an_empty_list_of_creditors_reaches_none(authenticator: Authenticator) -> None:
    assert not (await authenticator.principal(token(creditors=[]))).may_see(CREDITOR)


async def test_a_payload_that_was_changed_is_refused(authenticator: Authenticator) -> None:
    header, _, signature = token().split(".")

    assert (await refused(authenticator, f"{header}.{encoded(claims(roles=['admin']))}.{signature}")).status == 401


async def test_keys_named_by_the_token_are_never_used(authenticator: Authenticator, source: Source) -> None:
    forged = ECKey.generate_key("P-256", {"kid": "forged"})
    header = {
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/cert",
        "jwk": forged.as_dict(private=False),
    }

    assert (await refused(authenticator, token(forged, header=header))).status == 401
    assert source.asked == 1


@pytest.mark.parametrize("late_s", [-5, 4])
async def test_a_clock_that_is_off_by_up_to_5_s_is_forgiven(authenticator: Authenticator, late_s: int) -> None:
    if late_s > 0:
        text = token(exp=int((NOW - timedelta(seconds=late_s)).timestamp()))
    else:
        text = token(nbf=int((NOW - timedelta(seconds=late_s)).timestamp()))

    assert (await authenticator.principal(text)).sub == "user-1"


async def test_roles_that_nobody_knows_grant_nothing(authenticator: Authenticator) -> None:
    assert (await authenticator.principal(token(roles=["root"]))).scopes == frozenset()


async def test_a_token_that_was_seen_is_refused_once_it_has_expired(
    authenticator: Authenticator, clock: FixedClock
) -> None:
    text = token(exp=int((NOW + timedelta(seconds=5)).timestamp()))
    await authenticator.principal(text)
    clock.at = NOW + timedelta(seconds=9)
    assert (await authenticator.principal(text)).sub == "user-1"  # the issuer's clock may be 5 s off
    clock.at = NOW + timedelta(seconds=10)

    assert (await refused(authenticator, text)).status == 401


async def test_a_token_that_was_seen_is_checked_again_after_60_s(
    authenticator: Authenticator, clock: FixedClock
) -> None:
    text = token()
    first = await authenticator.principal(text)
    clock.at = NOW + timedelta(seconds=59)
    assert await authenticator.principal(text) is first
    clock.at = NOW + timedelta(seconds=61)

    assert await authenticator.principal(text) is not first


async def test_a_thousand_unknown_key_ids_ask_the_issuer_once_in_30_s(
    authenticator: Authenticator, source: Source, clock: FixedClock
) -> None:
    await authenticator.principal(token())
    clock.at = NOW + RETRY_AFTER
    for number in range(1000):
        await refused(authenticator, token(header={"kid": f"forged-{number}"}))

    assert source.asked == 2


async def test_a_key_that_was_rotated_in_is_found_by_its_first_token(
    authenticator: Authenticator, source: Source, clock: FixedClock
) -> None:
    await authenticator.principal(token())
    new = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
    source.keys.append(new)
    clock.at = NOW + RETRY_AFTER

    assert (await authenticator.principal(token(new))).sub == "user-1"


async def test_a_token_of_a_key_that_was_withdrawn_is_refused_although_it_was_seen(
    authenticator: Authenticator, source: Source, clock: FixedClock
) -> None:
    text = token()
    await authenticator.principal(text)
    source.keys.remove(KEY)
    clock.at = NOW + RETRY_AFTER
    await refused(authenticator, token(header={"kid": "unknown"}))

    assert (await refused(authenticator, text)).status == 401


async def test_known_keys_serve_while_the_issuer_is_silent_but_not_for_ever(
    authenticator: Authenticator, source: Source, clock: FixedClock
) -> None:
    long = int((NOW + timedelta(days=1)).timestamp())
    await authenticator.principal(token(exp=long))
    source.is_down = True
    clock.at = NOW + REFRESH_AFTER + timedelta(seconds=1)
    assert (await authenticator.principal(token(exp=long, jti="a"))).sub == "user-1"
    await authenticator.jwks._fetch()
    clock.at = NOW + MAX_AGE + timedelta(seconds=1)

    problem = await refused(authenticator, token(exp=long, jti="b"))
    assert (problem.status, problem.code) == (503, "unavailable")


async def test_nobody_gets_in_before_the_keys_are_there(authenticator: Authenticator, source: Source) -> None:
    source.is_down = True

    assert (await refused(authenticator, token())).status == 503
    assert not authenticator.jwks.is_loaded


async def test_keys_for_encryption_weak_keys_and_secrets_are_not_taken(clock: FixedClock) -> None:
    enc = ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"})
    secret = OctKey.generate_key(256, {"kid": "oct"})
    documents = [enc.as_dict(private=False), secret.as_dict(private=True)]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"keys": documents}))
    jwks = Jwks("https://issuer.example/jwks", clock, client=lambda: httpx.AsyncClient(transport=transport))

    assert not await jwks.load()


async def test_a_route_may_only_ask_for_a_scope_that_some_role_grants() -> None:
    with pytest.raises(KeyError):
        requires("payments:wirte")


async def test_a_missing_scope_is_403_and_named() -> None:
    request = Request({"type": "http", "headers": []})
    request.state.principal = Principal("user-1", frozenset({"accounts:read"}))
    with pytest.raises(Problem) as caught:
        await requires("aging:run")(request)

    assert (caught.value.status, caught.value.code) == (403, "forbidden")
    assert "aging:run" in caught.value.detail
