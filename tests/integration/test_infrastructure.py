"""The servers that tests run on are real, and a server that cannot start is never passed over in silence."""

import json
import urllib.request

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local.issuer import Issuer
from deploy.local.kafka import Kafka
from tests import conftest
from tests.conftest import KERNEL, GetDatabase


def test_the_broker_takes_connections(kafka: Kafka) -> None:
    assert kafka.is_ready()


def test_the_issuer_serves_the_key_that_its_tokens_are_signed_with(issuer: Issuer) -> None:
    with urllib.request.urlopen(issuer.jwks_url) as answer:  # noqa: S310 - our own address
        keys = KeySet.import_key_set(json.load(answer))
    claims = jwt.decode(issuer.mint("collector"), keys).claims
    assert (claims["iss"], claims["aud"], claims["roles"]) == (issuer.url, "arrears", ["collector"])


async def test_a_module_has_one_database_of_a_service(service_database: GetDatabase) -> None:
    first = await service_database(KERNEL)
    assert await service_database(KERNEL) == first
    assert first.name.startswith("kernel_")


def test_a_server_that_cannot_start_fails_where_infrastructure_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_INFRA", "1")
    with pytest.raises(pytest.fail.Exception, match="Kafka cannot be started: OSError: no disk"):
        conftest._unavailable("Kafka", OSError("no disk"))


def test_elsewhere_it_skips_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_INFRA", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Kafka cannot be started: OSError: no disk"):
        conftest._unavailable("Kafka", OSError("no disk"))
