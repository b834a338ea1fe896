"""What a deployment decides about payments: `PAYMENTS_*` environment variables, read once, frozen."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of the payments service. Secrets have no default."""

    model_config = SettingsConfigDict(env_prefix="PAYMENTS_", frozen=True)

    port: int = 8003
    nacha_max_bytes: int = Field(default=4 * 1024 * 1024, gt=0)
    """A Nacha file is one transaction, so its size is limited: 4 MiB hold some 22,000 returned entries."""
    evaluation_wait_seconds: float = Field(default=60.0, ge=0)
    """How long the evaluation of a business date waits for payments that the core had already published."""
