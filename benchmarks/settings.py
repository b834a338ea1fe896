"""The settings of the services where a case calls their parts itself: the shipped defaults, and Kafka where it runs."""

from typing import Any

from pydantic import SecretStr

from services.accounts.settings import AccountsSettings
from services.payments.settings import PaymentsSettings

_NOWHERE = "unused"


def accounts_settings(bootstrap_servers: str = _NOWHERE) -> AccountsSettings:
    """Those of accounts."""
    return AccountsSettings(**_values(bootstrap_servers))


def payments_settings(bootstrap_servers: str = _NOWHERE) -> PaymentsSettings:
    """Those of payments."""
    return PaymentsSettings(**_values(bootstrap_servers))


def _values(bootstrap_servers: str) -> dict[str, Any]:
    return {
        "database_url": SecretStr(_NOWHERE),
        "kafka_bootstrap_servers": bootstrap_servers,
        "jwks_url": _NOWHERE,
        "jwt_issuer": _NOWHERE,
    }
