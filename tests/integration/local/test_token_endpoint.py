"""The issuer of the local stack gives a service tokens of its own, by its id and secret, and nobody else."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local import ports
from deploy.local.issuer import Issuer

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Issuer]:
    issuer = Issuer(tmp_path, ports.free_port())
    issuer.start()
    yield issuer
    issuer.stop()


def test_a_client_gets_a_token_in_its_own_name_by_either_way_of_naming_itself(serving: Issuer) -> None:
    secret = serving.clients.secret_of("contact", ("contact_service",))
    by_header = httpx.post(serving.token_url, data=GRANT, auth=("contact", secret))
    by_form = httpx.post(serving.token_url, data=GRANT | {"client_id": "contact", "client_secret": secret})
    keys = KeySet.import_key_set(httpx.get(serving.jwks_url).json())
    for answer in (by_header, by_form):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        claims = jwt.decode(answer.json()["access_token"], keys, algorithms=["ES256"]).claims
        assert (claims["sub"], claims["roles"]) == ("contact", ["contact_service"])
        assert claims["exp"] - claims["iat"] == answer.json()["expires_in"] == 900
        assert "creditors" not in claims


@pytest.mark.parametrize("auth", [("contact", "wrong"), ("nobody", "x"), ("nobody", ""), ("", "")])
def test_nobody_else_does(serving: Issuer, auth: tuple[str, str]) -> None:
    serving.clients.secret_of("contact", ("contact_service",))
    answer = httpx.post(serving.token_url, data=GRANT, auth=auth)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("form", "error"), [({"grant_type": "password"}, "unsupported_grant_type"), ({"x": "1"}, "invalid_request")]
)
def test_another_grant_is_refused(serving: Issuer, form: dict[str, str], error: str) -> None:
    secret = serving.clients.secret_of("contact", ("contact_service",))
    answer = httpx.post(serving.token_url, data=form, auth=("contact", secret))
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    first = Issuer(tmp_path, 1).clients.secret_of("contact", ("contact_service",))
    assert Issuer(tmp_path, 1).clients.secret_of("contact", ("contact_service",)) == first
    assert len(first) > 30
