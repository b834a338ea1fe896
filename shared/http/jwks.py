"""The public keys of the pinned issuer, fetched from its JWKS and kept.

An unknown key id asks for the set again, at most once in 30 s, so that a stream of forged tokens is no stream of
requests. When the issuer is silent, the keys last an hour from their fetch; after that nobody gets in.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.clock import Clock
from shared.errors import Problem

Key = RSAKey | ECKey | OKPKey

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
REFRESH_AFTER = timedelta(minutes=5)
RETRY_AFTER = timedelta(seconds=30)
MAX_AGE = timedelta(hours=1)
_TIMEOUT_S = 5.0
_MAX_BYTES = 1 << 20
_MIN_RSA_BITS = 2048
_KINDS: dict[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}

_log = logging.getLogger(__name__)


class Jwks:
    """The keys at one URL. `generation` counts the sets that differed; what was derived from an older one is stale."""

    def __init__(self, url: str, clock: Clock, *, client: Callable[[], httpx.AsyncClient] = httpx.AsyncClient) -> None:
        self._url = url
        self._clock = clock
        self._client = client
        self._keys: dict[str, Key] = {}
        self._document: Any = None
        self._loaded_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._fetching: asyncio.Task[None] | None = None
        self.generation = 0

    @property
    def is_loaded(self) -> bool:
        """Whether there are keys that may still be used."""
        return self._loaded_at is not None and self._clock.now() - self._loaded_at < MAX_AGE

    async def keep_fresh(self) -> None:
        """Fetch the keys when they are due, behind the requests while the old ones may be used.

        Raises:
            Problem: `unavailable`, there is no usable key set.
        """
        loaded_at = self._loaded_at
        if loaded_at is not None and self._clock.now() - loaded_at < REFRESH_AFTER:
            return
        if self.is_loaded:
            self._start_fetch()
            return
        await self._fetch()
        if not self.is_loaded:
            raise Problem("unavailable", "The keys of the token issuer cannot be had.", headers={"Retry-After": "30"})

    async def key(self, kid: str) -> Key | None:
        """Return a key, asking the issuer once more if it is not known here."""
        if kid not in self._keys:
            await self._fetch()
        return self._keys.get(kid)

    async def load(self) -> bool:
        """Fetch the keys unless they were tried just now; say whether there are usable ones."""
        if not self.is_loaded:
            await self._fetch()
        return self.is_loaded

    async def close(self) -> None:
        """Stop a fetch that is under way."""
        if self._fetching is not None and not self._fetching.done():
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def _fetch(self) -> None:
        task = self._start_fetch()
        if task is not None:
            await asyncio.shield(task)

    def _start_fetch(self) -> "asyncio.Task[None] | None":
        """Return the fetch that is under way, a new one, or None when the last one was less than 30 s ago."""
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        now = self._clock.now()
        if self._tried_at is not None and now - self._tried_at < RETRY_AFTER:
            return None
        self._tried_at = now
        self._fetching = asyncio.create_task(self._load(), name="jwks")
        return self._fetching

    async def _load(self) -> None:
        try:
            async with self._client() as client:
                answer = await client.get(self._url, timeout=_TIMEOUT_S, headers={"Accept": "application/json"})
            answer.raise_for_status()
            if len(answer.content) > _MAX_BYTES:
                raise ValueError("too large")  # noqa: TRY301 (every way to fail is logged once, below)
            document = answer.json()
            keys = _usable(document["keys"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning("jwks not loaded", extra={"error": type(error).__name__})
            return
        if not keys:
            _log.warning("jwks holds no usable key")
            return
        if document != self._document:
            self._keys, self._document = keys, document
            self.generation += 1
        self._loaded_at = self._clock.now()


def _usable(documents: list[dict[str, Any]]) -> dict[str, Key]:
    """Public signature keys with an id; what else stands in the set is of no use here."""
    keys: dict[str, Key] = {}
    for document in documents:
        kind = _KINDS.get(document.get("kty", ""))
        kid = document.get("kid")
        if kind is None or not isinstance(kid, str) or document.get("use", "sig") != "sig":
            continue
        if document.get("alg", "RS256") not in ALGORITHMS:
            continue
        try:
            key = kind.import_key({name: value for name, value in document.items() if name not in _PRIVATE})
            if isinstance(key, RSAKey) and key.raw_value.key_size < _MIN_RSA_BITS:
                continue
        except (JoseError, ValueError):
            continue
        keys[kid] = key
    return keys


_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
