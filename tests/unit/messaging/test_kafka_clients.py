"""Every client of Kafka connects as the settings say, and a password is in no message."""

import re
import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from shared.messaging.kafka import connection
from shared.settings import ServiceSettings

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "not-to-be-seen"
PLACE: dict[str, Any] = {
    "database_url": SecretStr("postgresql://nobody@127.0.0.1:1/nothing"),
    "kafka_bootstrap_servers": "127.0.0.1:1",
    "jwks_url": "http://127.0.0.1:1",
    "jwt_issuer": "http://127.0.0.1:1",
}


def _settings(**values: Any) -> ServiceSettings:
    return ServiceSettings(**PLACE | values)


def test_without_a_word_connections_are_plain() -> None:
    assert connection(_settings()) == {"bootstrap_servers": "127.0.0.1:1", "request_timeout_ms": 10_000}


def test_scram_over_tls_trusts_the_named_authority(tmp_path: Path) -> None:
    settings = _settings(
        kafka_security_protocol="SASL_SSL", kafka_sasl_username="accounts", kafka_sasl_password=SecretStr(PASSWORD)
    )
    options = connection(settings)
    context = options.pop("ssl_context")
    assert options == {
        "bootstrap_servers": "127.0.0.1:1",
        "request_timeout_ms": 10_000,
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "accounts",
        "sasl_plain_password": PASSWORD,
    }
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    empty = tmp_path / "ca.crt"
    empty.write_text("")
    with pytest.raises(ssl.SSLError):  # the file is read, and its lack is told at once
        connection(settings.model_copy(update={"kafka_ssl_ca_file": empty}))


def test_tls_alone_names_nobody() -> None:
    assert connection(_settings(kafka_security_protocol="SSL")).keys() == {
        "bootstrap_servers",
        "request_timeout_ms",
        "security_protocol",
        "ssl_context",
    }


def test_every_client_is_built_in_one_place_and_with_it() -> None:
    built = {
        path.relative_to(ROOT).as_posix(): re.findall(
            r"AIOKafka(?:Producer|Consumer|AdminClient)\(\s*(?:\*\*\(?)?(\S+?)[,)]", text
        )
        for folder in ("shared", "services")
        for path in (ROOT / folder).rglob("*.py")
        if "AIOKafka" in (text := path.read_text())
    }
    found = {path: starts for path, starts in built.items() if starts}
    assert found == {"shared/messaging/kafka.py": ["connection(settings"] * 4}


@pytest.mark.parametrize("missing", ["kafka_sasl_username", "kafka_sasl_password"])
def test_sasl_without_a_name_or_password_is_refused(missing: str) -> None:
    named = {"kafka_sasl_username": "accounts", "kafka_sasl_password": SecretStr(PASSWORD)}
    del named[missing]
    with pytest.raises(ValidationError, match="SASL needs") as caught:
        _settings(kafka_security_protocol="SASL_PLAINTEXT", **named)
    assert PASSWORD not in str(caught.value)


def test_the_password_is_not_shown() -> None:
    settings = _settings(
        kafka_security_protocol="SASL_SSL", kafka_sasl_username="accounts", kafka_sasl_password=SecretStr(PASSWORD)
    )
    assert PASSWORD not in repr(settings)
    assert PASSWORD not in repr(settings.kafka_security)
