"""The clients of the development issuer and its token endpoint: client credentials of OAuth 2.0 (RFC 6749, 4.4).

A service that acts for itself, with no person's token, asks here with its id and secret. Secrets are made once for each
data directory; in containers they are given.
"""

import base64
import binascii
import json
import secrets
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from deploy.local.files import read_json, write_json

GRANT = "client_credentials"
TOKEN_SECONDS = 900
_FILE = "clients.json"


@dataclass(frozen=True)
class Client:
    """A program that may ask for tokens of these roles."""

    secret: str
    roles: tuple[str, ...]


class Clients:
    """The clients that one folder of keys knows."""

    def __init__(self, key_dir: Path) -> None:
        self._path = key_dir / _FILE

    def secret_of(self, client_id: str, roles: tuple[str, ...]) -> str:
        """Return the client's secret, made when it is first asked for; its roles are those given last."""
        known = self._load()
        found = known.get(client_id)
        secret = found.secret if found is not None else secrets.token_urlsafe(32)
        self.put(client_id, Client(secret, roles))
        return secret

    def put(self, client_id: str, client: Client) -> None:
        """Keep a client, instead of what was known of it."""
        known = self._load()
        if known.get(client_id) != client:
            known[client_id] = client
            write_json(self._path, {name: {"secret": one.secret, "roles": one.roles} for name, one in known.items()})

    def roles_of(self, client_id: str, secret: str) -> tuple[str, ...] | None:
        """Return the roles of the client whose secret this is; None when there is no such client."""
        client = self._load().get(client_id)
        # Compared in full even when there is none, so that the time of an answer does not tell which ids exist.
        is_right = secrets.compare_digest(secret.encode(), (client.secret if client else "").encode())
        return client.roles if client is not None and is_right else None

    def _load(self) -> dict[str, Client]:
        raw: Mapping[str, dict[str, object]] = read_json(self._path) or {}
        return {name: Client(str(one["secret"]), tuple(map(str, _list(one["roles"])))) for name, one in raw.items()}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


class TokenAnswer(NamedTuple):
    """What the token endpoint says: a status, a body, and the challenge of a client that is not known."""

    status: int
    body: bytes
    challenge: str | None = None


def answer_token_request(
    clients: Clients, mint: Callable[[str, tuple[str, ...]], str], authorization: str, form: str
) -> TokenAnswer:
    """Answer one `application/x-www-form-urlencoded` request; `mint` makes a token of a subject and its roles.

    The client names itself by HTTP Basic, or by `client_id` and `client_secret` in the form (RFC 6749, 2.3.1).
    """
    fields = dict(urllib.parse.parse_qsl(form))
    if "grant_type" not in fields:
        return _refused(400, "invalid_request")
    if fields["grant_type"] != GRANT:
        return _refused(400, "unsupported_grant_type")
    client_id, secret = _basic(authorization) or (fields.get("client_id", ""), fields.get("client_secret", ""))
    roles = clients.roles_of(client_id, secret)
    if roles is None:
        return _refused(401, "invalid_client")._replace(challenge='Basic realm="arrears"')
    token = {"access_token": mint(client_id, roles), "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
    return TokenAnswer(200, json.dumps(token).encode())


def _refused(status: int, error: str) -> TokenAnswer:
    return TokenAnswer(status, json.dumps({"error": error}).encode())


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    # RFC 6749 has both parts form-encoded before they are joined.
    return urllib.parse.unquote_plus(client_id), urllib.parse.unquote_plus(secret)
