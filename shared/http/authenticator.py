"""Checks access tokens (RFC 9068) of the one pinned issuer, for every request, and never guesses.

Signature, algorithm, type, issuer, audience and times must all be right; keys come from the configured JWKS alone.
A checked token is remembered by its SHA-256 for at most 60 s, and never past its expiry. When no key can be had, the
answer is 503, never access.
"""

import base64
import hashlib
import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.clock import Clock
from shared.http.auth import Principal, unauthenticated
from shared.http.jwks import ALGORITHMS, Jwks, Key
from shared.http.roles import scopes_of

CACHE_FOR = timedelta(seconds=60)
MAX_TOKEN_LENGTH = 8192
_MAX_CACHED = 10_000
_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_KEY_TYPES: dict[str, tuple[type[RSAKey | ECKey | OKPKey], str | None]] = {
    "RS256": (RSAKey, None),
    "ES256": (ECKey, "P-256"),
    "EdDSA": (OKPKey, "Ed25519"),
}

_log = logging.getLogger(__name__)


class TokenRefusedError(Exception):
    """A token that does not pass. The reason goes to the log, not to whoever sent it."""


class _Registry(jws.JWSRegistry):
    """The algorithms of the allow-list, without a warning for each use of EdDSA; other headers are let pass unused."""

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise TokenRefusedError("algorithm")
        return self.algorithms[name]


_REGISTRY = _Registry(algorithms=sorted(ALGORITHMS), strict_check_header=False)


class Authenticator:
    """Turns a token into a principal. One per process; holds the keys of the issuer and the tokens just seen."""

    def __init__(self, jwks: Jwks, *, issuer: str, audience: str, clock: Clock, leeway: timedelta) -> None:
        """`leeway` is how far the clocks of the issuer and of this process may be apart."""
        self.jwks = jwks
        self._leeway = leeway
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._seen: dict[bytes, tuple[Principal, datetime]] = {}
        self._generation = -1

    async def principal(self, token: str) -> Principal:
        """Return whose token this is.

        Raises:
            Problem: 401 `unauthenticated` when it does not pass; 503 `unavailable` when no key can be had.
        """
        now = self._clock.now()
        if len(token) > MAX_TOKEN_LENGTH:
            raise unauthenticated("invalid_token", "The access token is too long.")
        await self.jwks.keep_fresh()
        if self._generation != self.jwks.generation:  # a key may have been withdrawn
            self._seen.clear()
            self._generation = self.jwks.generation
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        cached = self._seen.get(digest)
        if cached is not None and now < cached[1]:
            return cached[0]
        try:
            principal = await self._verified(token, now)
        except TokenRefusedError as error:
            _log.info("access token refused", extra={"reason": str(error)})
            raise unauthenticated("invalid_token", "The access token is not valid here.") from None
        self._remember(digest, principal, now)
        return principal

    def _remember(self, digest: bytes, principal: Principal, now: datetime) -> None:
        if len(self._seen) >= _MAX_CACHED:
            del self._seen[next(iter(self._seen))]
        self._seen[digest] = (principal, min(now + CACHE_FOR, principal.expires_at + self._leeway))

    async def _verified(self, token: str, now: datetime) -> Principal:
        header = _header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise TokenRefusedError("algorithm")
        if str(header.get("typ", "")).lower() not in _TYPES:
            raise TokenRefusedError("type")
        if "crit" in header:
            raise TokenRefusedError("critical header")
        if not isinstance(kid, str):
            raise TokenRefusedError("key id missing")
        key = await self.jwks.key(kid)
        if key is None:
            raise TokenRefusedError("key unknown")
        return self._judge(_claims(token, key, algorithm), now)

    def _judge(self, claims: dict[str, Any], now: datetime) -> Principal:
        if claims.get("iss") != self._issuer:
            raise TokenRefusedError("issuer")
        audience = claims.get("aud")
        if self._audience not in ([audience] if isinstance(audience, str) else _strings(audience, "audience")):
            raise TokenRefusedError("audience")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject.strip() or "\0" in subject:
            raise TokenRefusedError("subject")
        expires_at = _moment(claims.get("exp"), "expiry")
        if now >= expires_at + self._leeway:
            raise TokenRefusedError("expired")
        for name in ("nbf", "iat"):
            if name in claims and now < _moment(claims[name], name) - self._leeway:
                raise TokenRefusedError("not yet valid")
        roles = frozenset(_strings(claims.get("roles", []), "roles"))
        scope = claims.get("scope", "")
        if not isinstance(scope, str):
            raise TokenRefusedError("scope")
        return Principal(
            sub=subject,
            scopes=scopes_of(roles) | frozenset(scope.split()),
            roles=roles,
            creditors=_creditors(claims),
            expires_at=expires_at,
        )


def _header(token: str) -> dict[str, Any]:
    encoded, _, rest = token.partition(".")
    if rest.count(".") != 1:
        raise TokenRefusedError("form")
    try:
        header = orjson.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError:
        raise TokenRefusedError("form") from None
    if not isinstance(header, dict):
        raise TokenRefusedError("form")
    return header


def _claims(token: str, key: Key, algorithm: str) -> dict[str, Any]:
    kind, curve = _KEY_TYPES[algorithm]
    if not isinstance(key, kind) or (curve is not None and key.get("crv") != curve):
        raise TokenRefusedError("key type")
    if key.get("alg") not in (None, algorithm):
        raise TokenRefusedError("key algorithm")
    try:
        payload = jws.deserialize_compact(token, key, registry=_REGISTRY).payload
        claims = orjson.loads(payload or b"")
    except (JoseError, ValueError):
        raise TokenRefusedError("signature") from None
    if not isinstance(claims, dict):
        raise TokenRefusedError("claims")
    return claims


def _moment(value: object, reason: str) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TokenRefusedError(reason)
    try:
        moment = datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise TokenRefusedError(reason) from None
    if not date.min.year < moment.year < date.max.year:  # no room to forgive a clock that is off
        raise TokenRefusedError(reason)
    return moment


def _strings(value: object, reason: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TokenRefusedError(reason)
    return value


def _creditors(claims: dict[str, Any]) -> frozenset[UUID] | None:
    """Only an absent claim means all; a claim that cannot be read must not widen what the token reaches."""
    if "creditors" not in claims:
        return None
    try:
        return frozenset(UUID(creditor) for creditor in _strings(claims["creditors"], "creditors"))
    except ValueError:
        raise TokenRefusedError("creditors") from None
