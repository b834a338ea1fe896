"""The commands of a service, run as an operator would run them."""

import pytest
from typer.testing import CliRunner

from services.accounts.app import SERVICE
from shared.cli import commands


@pytest.mark.parametrize("command", ["api", "worker", "dead-letters", "lag"])
def test_a_command_without_its_environment_names_what_is_missing(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "JWKS_URL", "JWT_ISSUER"):
        monkeypatch.delenv(f"ACCOUNTS_{name}", raising=False)
    monkeypatch.setenv("ACCOUNTS_PORT", "no-port")
    done = CliRunner().invoke(commands(SERVICE), [command])
    assert done.exit_code == 2
    assert done.stderr == (
        "missing or wrong in the environment: ACCOUNTS_DATABASE_URL, ACCOUNTS_JWKS_URL, ACCOUNTS_JWT_ISSUER,"
        " ACCOUNTS_KAFKA_BOOTSTRAP_SERVERS, ACCOUNTS_PORT\n"
    )
