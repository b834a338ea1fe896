"""Settings that every service reads from its environment, once, at start. Frozen; a secret has no default.

A service subclasses `ServiceSettings` with its own prefix (`ACCOUNTS_`, `PAYMENTS_`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


@dataclass(frozen=True, slots=True)
class KafkaSecurity:
    """How clients of Kafka protect their connections and prove who they are."""

    protocol: Literal["SSL", "SASL_PLAINTEXT", "SASL_SSL"]
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    """Whose certificates to trust, PEM; None: those of the system."""
    cert_file: Path | None = None
    """The client's own certificate, PEM, where the broker asks for one."""
    key_file: Path | None = None


class ServiceSettings(BaseSettings):
    """What a service needs to run. Times are in the unit that the name says."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr
    """`postgresql://service_role@host:port/database`; a pooler is allowed."""
    direct_database_url: SecretStr | None = None
    """Past any pooler, for session locks and LISTEN; default: `database_url`."""
    kafka_bootstrap_servers: str
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_ca_file: Path | None = None
    """Whose certificates to trust, PEM; default: those of the system."""
    kafka_ssl_cert_file: Path | None = None
    """The client's own certificate, PEM, with its key in `kafka_ssl_key_file`, where the broker asks for one."""
    kafka_ssl_key_file: Path | None = None
    jwks_url: str
    jwt_issuer: str
    jwt_audience: str = "arrears"
    jwt_leeway_s: float = Field(default=5, ge=0, le=30)
    """How far the clocks of the issuer and of our processes may be apart: a token is taken so long after its expiry,
    and what another process recorded is not held to be yet to come."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    log_level: str = "INFO"
    trace_sample_ratio: float = Field(default=0.05, ge=0, le=1)
    otlp_endpoint: str | None = None
    cors_origins: tuple[str, ...] = ()
    topic_partitions: int = Field(default=3, ge=1)
    """Partitions of every topic, the same for all; never changed in place."""
    topic_replication: int = Field(default=1, ge=1)
    max_parks_in_a_row: int = Field(default=20, ge=0)
    """Valid messages of a partition that may fail and be parked one after the other before the partition stops."""
    batches_at_once: int = Field(default=2, ge=1, le=8)
    """Polled batches that one consumer handles at the same time, of different partitions: a connection for each.

    Two mostly work a backlog off 1.3 to 1.6 times as fast as one, on two processors (see benchmarks/README.md).
    """
    pool_size: int = Field(default=8, ge=1)
    pool_max_overflow: int = Field(default=0, ge=0)
    pool_timeout_s: float = Field(default=5, gt=0)
    """How long a request waits for a connection before it is answered 503."""
    statement_cache_size: int = Field(default=200, ge=0)
    """Prepared statements kept per connection; 0 behind a pooler in transaction mode that cannot keep them."""
    version_epoch: int = Field(default=0, ge=0, lt=2**23)
    """High bits of every `aggregateversion`: raised after a restore, so that what is sent again counts as newer."""
    lock_timeout_ms: int = Field(default=5_000, ge=1)
    statement_timeout_ms: int = Field(default=30_000, ge=1)
    idle_in_transaction_timeout_ms: int = Field(default=20_000, ge=1)

    @model_validator(mode="after")
    def _names_itself_to_kafka(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL") and not (
            self.kafka_sasl_username and self.kafka_sasl_password
        ):
            raise ValueError("SASL needs kafka_sasl_username and kafka_sasl_password")
        return self

    @property
    def kafka_security(self) -> KafkaSecurity | None:
        """What the clients of Kafka need of it; None: plain connections, for one's own machine."""
        if self.kafka_security_protocol == "PLAINTEXT":
            return None
        return KafkaSecurity(
            protocol=self.kafka_security_protocol,
            sasl_mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_sasl_username,
            password=self.kafka_sasl_password,
            ca_file=self.kafka_ssl_ca_file,
            cert_file=self.kafka_ssl_cert_file,
            key_file=self.kafka_ssl_key_file,
        )
