"""A token issuer for development: signs JWTs, serves their public key (JWKS), and gives services tokens of their own.

Its key pair is made once for each data directory and never leaves it. It hands a token to whoever can read that key
file, so it is no identity provider: production pins the issuer of your own.
"""

import argparse
import json
import os
import secrets
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey

from deploy.local.clients import GRANT, TOKEN_SECONDS, Client, Clients, answer_token_request
from deploy.local.files import write_private
from deploy.local.served import Handler, HttpServed
from shared.clock import SystemClock

AUDIENCE = "arrears"
ALGORITHM = "ES256"
DEFAULT_TTL = timedelta(hours=1)
_KEY_FILE = "signing-key.json"
_JWKS_PATH = "/.well-known/jwks.json"
_CONFIGURATION_PATH = "/.well-known/openid-configuration"
_TOKEN_PATH = "/token"  # noqa: S105 (a path)
_MAX_FORM_BYTES = 4096


class Issuer(HttpServed):
    """Signs tokens with the key in `key_dir`; start() and serve() answer with the public half on `host`:`port`.

    `url` is the name by which services reach it, and the issuer that its tokens carry; by default that address.
    """

    def __init__(self, key_dir: Path, port: int, host: str = "127.0.0.1", url: str | None = None) -> None:
        super().__init__(port, host)
        self.key_dir = key_dir
        self.url = url or self.url
        self.jwks_url = f"{self.url}{_JWKS_PATH}"
        self.token_url = f"{self.url}{_TOKEN_PATH}"
        self.clients = Clients(key_dir)

    @cached_property
    def _key(self) -> ECKey:
        path = self.key_dir / _KEY_FILE
        if not path.exists():
            made = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8), "use": "sig", "alg": ALGORITHM})
            write_private(path, json.dumps(made.as_dict(private=True)))
        return ECKey.import_key(json.loads(path.read_text()))

    @property
    def handler(self) -> type[Handler]:
        """What answers a request."""
        return _Handler

    def mint(
        self,
        role: str | Iterable[str] = (),
        creditors: Iterable[UUID] = (),
        ttl: timedelta = DEFAULT_TTL,
        sub: str | None = None,
        *,
        scope: str | None = None,
        at: datetime | None = None,
    ) -> str:
        """Return a signed token, good from `at` (now) for `ttl`. No creditors means all creditors.

        `sub` defaults to the (first) role's name.
        """
        roles = [role] if isinstance(role, str) else list(role)
        now = at or SystemClock().now()
        claims: dict[str, object] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": sub or (roles[0] if roles else "developer"),
            "iat": int(now.timestamp()),
            "exp": int((now + ttl).timestamp()),
            "jti": secrets.token_hex(16),
            "roles": roles,
        }
        limited_to = sorted({str(creditor) for creditor in creditors})
        if limited_to:
            claims["creditors"] = limited_to
        if scope is not None:
            claims["scope"] = scope
        return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": self._key.kid}, claims, self._key)

    def jwks(self) -> dict[str, list[object]]:
        """The public keys, as the JWKS endpoint serves them."""
        return {"keys": [self._key.as_dict(private=False)]}

    @cached_property
    def documents(self) -> dict[str, bytes]:
        """What is answered to a GET, by its path: the keys, and where all else is."""
        configuration = {
            "issuer": self.url,
            "jwks_uri": self.jwks_url,
            "token_endpoint": self.token_url,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "grant_types_supported": [GRANT],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
        }
        return {
            _JWKS_PATH: json.dumps(self.jwks()).encode(),
            _CONFIGURATION_PATH: json.dumps(configuration).encode(),
        }


class _Handler(Handler):
    owner: Issuer

    def do_GET(self) -> None:
        body = self.owner.documents.get(self.path)
        self.answer(200 if body else 404, body or b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != _TOKEN_PATH or not length.isdecimal() or int(length) > _MAX_FORM_BYTES:
            self.answer(404 if self.path != _TOKEN_PATH else 413, b"")
            return
        form, authorization = self.body().decode(errors="replace"), self.headers.get("Authorization", "")
        said = answer_token_request(self.owner.clients, self._mint, authorization, form)
        challenge = {"WWW-Authenticate": said.challenge} if said.challenge else {}
        self.answer(said.status, said.body, {"Cache-Control": "no-store", **challenge})

    def _mint(self, sub: str, roles: tuple[str, ...]) -> str:
        return self.owner.mint(roles, ttl=timedelta(seconds=TOKEN_SECONDS), sub=sub)


def main() -> None:
    """Serve as a process of the stack; with --mint, print a token instead."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.issuer")
    parser.add_argument("--keys", type=Path, required=True, help="folder of the signing key")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument("--url", help="the address by which services know it")
    parser.add_argument("--mint", metavar="ROLE", action="append", help="print a token of this role; may be repeated")
    parser.add_argument(
        "--client",
        metavar="ID=ROLE",
        action="append",
        default=[],
        help="a client and its role, its secret in <ID>_CLIENT_SECRET; may be repeated",
    )
    arguments = parser.parse_args()
    issuer = Issuer(arguments.keys, arguments.port, arguments.host, arguments.url)
    for client in arguments.client:
        client_id, _, role = client.partition("=")
        issuer.clients.put(client_id, Client(os.environ[f"{client_id.upper()}_CLIENT_SECRET"], (role,)))
    if arguments.mint:
        sys.stdout.write(issuer.mint(arguments.mint) + "\n")
    else:
        issuer.serve()


if __name__ == "__main__":
    main()
